"""Destroy received files, each only while it is the file that was received. Takes paths and digests, gives a report.

Refuses (leaves alone, and says so) a file of the same name with other content: next month's, not this one's. May be done
twice, and after a crash: what was half destroyed lies there nameless and is swept up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import UserError
from matcher.workspace import ALREADY_GONE, CHANGED, Destroyed, Workspace


@dataclass(frozen=True)
class Received:
    """A received file: where it lies, the sha256 of its bytes as read."""

    path: Path
    digest: str


@dataclass(frozen=True)
class Erased:
    """What became of the received files. `faults` names files that could not be destroyed, and why."""

    files: tuple[Destroyed, ...]
    swept: int  # remains of an interrupted destruction
    faults: tuple[str, ...]

    @property
    def removed(self) -> int:
        return sum(1 for file in self.files if file.outcome not in (ALREADY_GONE, CHANGED))

    @property
    def gone(self) -> int:
        """Files that are there no more: destroyed now, or before a crash."""
        return sum(1 for file in self.files if file.outcome != CHANGED)

    @property
    def left_alone(self) -> tuple[str, ...]:
        return tuple(file.name for file in self.files if file.outcome == CHANGED)


def erase_received(workspace: Workspace, received: Iterable[Received]) -> Erased:
    """Destroy every received file, wherever it lies; one that fails does not keep the others."""
    done, faults = [], []
    folders: list[Path] = []
    for file in received:
        if file.path.parent not in folders:
            folders.append(file.path.parent)
        try:
            done.append(workspace.destroy(file.path, digest=file.digest))
        except UserError as error:
            faults.append(f"{file.path.name}: {error.title}")
    swept = sum(workspace.sweep(folder) for folder in folders if folder.is_dir())
    return Erased(tuple(done), swept, tuple(faults))
