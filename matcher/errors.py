"""User errors: what happened, where, what to do, exit code. No message ever holds a value of an extract."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """The command's exit codes; they do not change."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    SUPPLIES_REJECTED = 4
    BUSY = 5
    RESIDUE = 6


_NEXT_LINE = "\n" + " " * len("  where: ")


class UserError(Exception):
    """Something the user can mend. `title` says what happened, `where` the place (or places, a line each), `todo` what to do.

    `refusal`: where access was refused, a code of `matcher/purge/audit_events.py`; the command line has it audited.
    """

    def __init__(
        self,
        title: str,
        *,
        where: str | Iterable[str] = "",
        todo: str = "",
        code: Exit = Exit.FAILED,
        refusal: str = "",
    ) -> None:
        super().__init__(title)
        self.title, self.todo, self.code, self.refusal = title, todo, code, refusal
        self.where = where if isinstance(where, str) else _NEXT_LINE.join(where)

    def __str__(self) -> str:
        lines = [self.title]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.todo:
            lines.append(f"  to do: {self.todo}")
        return "\n".join(lines)
