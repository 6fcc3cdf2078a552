"""User errors: what happened, where, what to do, exit code. No message ever holds a value of an extract."""

from __future__ import annotations

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


class UserError(Exception):
    """Something the user can mend. `title` says what happened, `where` the place, `todo` what to do."""

    def __init__(self, title: str, *, where: str = "", todo: str = "", code: Exit = Exit.FAILED) -> None:
        super().__init__(title)
        self.title, self.where, self.todo, self.code = title, where, todo, code

    def __str__(self) -> str:
        lines = [self.title]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.todo:
            lines.append(f"  to do: {self.todo}")
        return "\n".join(lines)
