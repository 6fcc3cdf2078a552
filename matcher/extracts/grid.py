"""A file's cells before they mean anything. Takes columns of text as read, gives them trimmed, with blank rows told.

Every reader ends here, so that CSV, workbook and Parquet are alike from now on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LONGEST_CELL = 4000  # characters


class Unreadable(Exception):
    """The file cannot be read; `rule` of rules.REJECTION_RULES, `message` says what to mend and holds no value."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.message = rule, message


@dataclass(frozen=True)
class Grid:
    """Header cells and, below each, a column of trimmed text (null = blank), all of one length.

    `broken` maps a row position from 0 to the rule that its form breaks (its cells are null). `offset` is how many
    sheet columns lie left of the first. `spreadsheet`: numbers without a date format may be dates.
    """

    header: tuple[str, ...]
    columns: tuple[pa.Array, ...]
    rows: int
    broken: Mapping[int, str]
    offset: int = 0
    spreadsheet: bool = False


def make_grid(
    header: Sequence[str],
    columns: Sequence[pa.Array],
    broken: Mapping[int, str] | None = None,
    *,
    offset: int = 0,
    spreadsheet: bool = False,
) -> Grid:
    """Trim cells, cut blank trailing rows and columns, and mark blank rows in the middle."""
    broken = dict(broken or {})
    names = [" ".join(name.split()) for name in header]
    trimmed = [_trim(column) for column in columns]
    while names and not names[-1] and trimmed[-1].null_count == len(trimmed[-1]):
        names.pop()
        trimmed.pop()
    rows = len(columns[0]) if columns else 0
    filled = np.zeros(rows, dtype=bool)
    for column in trimmed:
        filled |= column.is_valid().to_numpy(zero_copy_only=False)
    filled[[row for row in broken if row < rows]] = True
    last = int(np.flatnonzero(filled)[-1]) + 1 if filled.any() else 0
    broken |= {int(row): "blank_row" for row in np.flatnonzero(~filled[:last])}
    cut = tuple(column.slice(0, last) for column in trimmed)
    return Grid(tuple(names), cut, last, broken, offset, spreadsheet)


def _trim(column: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def place_of(position: int, offset: int = 0) -> str:
    """How a column without an agreed name is named: "column 7 (G)"."""
    number = position + offset + 1
    letters, rest = "", number
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"column {number} ({letters})"
