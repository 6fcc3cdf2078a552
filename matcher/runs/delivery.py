"""The received files of a run: which they are, how they are destroyed, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import UserError
from matcher.extracts import Inbox, Intake
from matcher.purge.audit import Audit
from matcher.purge.erase import Erased, Received, erase_received
from matcher.runs.options import Console
from matcher.workspace import Workspace, digest_of

HANDED_OUT = "handed_out"
"""In a batch's plan: where workbooks of its questions were written."""


@dataclass(frozen=True)
class Delivery:
    """`files`: absolute path -> sha256 of every received file that the seal destroys; `digests`: supply name -> sha256."""

    files: dict[str, str]
    digests: dict[str, str]
    made_up: bool

    def to_dict(self) -> dict[str, Any]:
        return {"files": self.files, "digests": self.digests, "made_up": self.made_up}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Delivery:
        return cls(**value)

    def with_more(self, other: Delivery) -> Delivery:
        """These and the files of a late supply; real data as soon as one of them is."""
        return Delivery(self.files | other.files, self.digests, self.made_up and other.made_up)


def delivery_of(inbox: Inbox, intake: Intake) -> Delivery:
    """What was read as a supply, and its sidecars. A supply that `--without` left out is not touched."""
    by_file = {supply.file: supply for supply in intake.supplies}
    files: dict[str, str] = {}
    digests: dict[str, str] = {}
    for file in inbox.files:
        supply = by_file.get(file.path.name)
        if supply is None or supply.status == "ignored":
            continue
        files[str(file.path.resolve())] = supply.digest
        digests[supply.name] = supply.digest
        if file.sidecar is not None:
            files[str(file.sidecar.resolve())] = digest_of(file.sidecar)
    return Delivery(files, digests, inbox.made_up)


def destroy(workspace: Workspace, delivery: Delivery, console: Console) -> Erased:
    """Destroy the received files whose content is still what was matched, and say so; gone ones count as destroyed."""
    erased = erase_received(
        workspace, [Received(Path(path), digest) for path, digest in sorted(delivery.files.items())]
    )
    console.say(f"{erased.removed} received file(s) destroyed.")
    for name in erased.left_alone:
        console.say(f"Left alone, since it has changed: {name}")
    for fault in erased.faults:
        console.say(f"Not destroyed: {fault}")
    return erased


def take_back(workspace: Workspace, plan: Mapping[str, Any], console: Console) -> None:
    """Destroy the workbooks of questions that still lie where they were written: they name people who may not qualify."""
    for path in plan.get(HANDED_OUT, ()):
        try:
            workspace.destroy(Path(path))
        except UserError as error:
            console.say(f"A workbook of questions is not destroyed: {error.title} Remove it by hand: {path}")


def destroy_again(workspace: Workspace, delivery: Delivery, console: Console) -> None:
    """The same month again: its files are destroyed again."""
    erased = destroy(workspace, delivery, console)
    Audit(workspace).append("received_destroyed_again", files=erased.removed)
