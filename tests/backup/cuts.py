"""Power cuts between any two steps that write."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import matcher.backup.registry_copy
import matcher.backup.restoring
from matcher.purge.key_places import FolderPlace
from matcher.workspace import Log, Workspace

STEPS: list[tuple[Any, str]] = [
    (FolderPlace, "put"),
    (FolderPlace, "remove"),
    (Log, "add"),
    (Workspace, "write"),
    (Workspace, "destroy"),
    (Workspace, "put_in_place"),
    (matcher.backup.registry_copy, "rekey"),
    (matcher.backup.registry_copy, "reseal"),
    (matcher.backup.registry_copy, "copy_rows"),
    (matcher.backup.restoring, "rekey"),
    (matcher.backup.restoring, "mend"),
    (matcher.backup.restoring, "replay"),
]


class PowerCut(BaseException):
    """Not an Exception: nothing may tidy up after it, as nothing does when the power fails."""


class _Cut:
    """Counts the steps, and cuts the power before one of them, which is after the one before."""

    def __init__(self, number: int) -> None:
        self.number, self.count, self.where = number, 0, ""

    def around(self, name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count != self.number:
                return whole(*arguments, **named)
            self.where = f"before step {self.number}, {name}"
            raise PowerCut

        return stepped


def cut_everywhere(work: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Do the work again and again, each time cut off one step later; gives the step each time, until nothing is cut off."""
    for number in itertools.count(1):
        cut = _Cut(number)
        with monkeypatch.context() as patched:
            for owner, name in STEPS:
                patched.setattr(owner, name, cut.around(name, getattr(owner, name)))
            try:
                work()
            except PowerCut:
                pass
            else:
                return
        gc.collect()  # what a process holds open ends with it, also where its parts refer to one another
        yield cut.where
