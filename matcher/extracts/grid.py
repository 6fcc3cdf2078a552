"""A file's cells before they mean anything. Takes columns of text as read, gives them trimmed, with blank rows told.

Every reader ends here, so that CSV, workbook and Parquet are alike from now on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.extracts.limits import MOST_CELLS, MOST_COLUMNS, MOST_ROWS

SERIALS_FROM_1900 = dt.date(1899, 12, 30)  # day 0 of a spreadsheet's calendar, from March 1900 on


class Unreadable(Exception):
    """The file cannot be read; `rule` of rules.REJECTION_RULES, `message` says what to mend and holds no value."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.message = rule, message


@dataclass(frozen=True)
class Grid:
    """Header cells and, below each, a column of trimmed text (null = blank), all of one length.

    `broken` maps a rule of a row's form to the positions from 0 of the rows that break it, rising (their cells are null).
    `offset` is how many sheet columns lie left of the first. `serials_from` is set where numbers without a date format may
    be dates: day 0 of the spreadsheet's calendar.
    """

    header: tuple[str, ...]
    columns: tuple[pa.Array, ...]
    rows: int
    broken: Mapping[str, pa.Array]
    offset: int = 0
    serials_from: dt.date | None = None


def make_grid(
    header: Sequence[str],
    columns: Sequence[pa.Array],
    broken: Mapping[str, Sequence[int]] | None = None,
    *,
    offset: int = 0,
    serials_from: dt.date | None = None,
) -> Grid:
    """Trim cells, cut blank trailing rows and columns, and mark blank rows in the middle."""
    faults = {rule: np.array(rows, dtype=np.int64) for rule, rows in (broken or {}).items() if len(rows)}
    names = [" ".join(name.split()) for name in header]
    trimmed = [_trim(column) for column in columns]
    while names and not names[-1] and trimmed[-1].null_count == len(trimmed[-1]):
        names.pop()
        trimmed.pop()
    rows = len(columns[0]) if columns else 0
    filled = np.zeros(rows, dtype=bool)
    for column in trimmed:
        filled |= column.is_valid().to_numpy(zero_copy_only=False)
    for positions in faults.values():
        filled[positions[positions < rows]] = True
    last = int(np.flatnonzero(filled)[-1]) + 1 if filled.any() else 0
    blank = np.flatnonzero(~filled[:last])
    if len(blank):
        faults["blank_row"] = blank
    cut = tuple(column.slice(0, last) for column in trimmed)
    told = {rule: pa.array(positions, pa.int64()) for rule, positions in faults.items()}
    return Grid(tuple(names), cut, last, told, offset, serials_from)


def refuse_too_many(rows: int, columns: int, cells: int | None = None) -> None:
    """Raises Unreadable for more rows, columns or cells (default: rows times columns) than a supply may hold."""
    if columns > MOST_COLUMNS:
        raise Unreadable("too_big", f"the file has more than {MOST_COLUMNS:,} columns; send the agreed columns only")
    if rows > MOST_ROWS:
        raise Unreadable("too_big", f"the file has more than {MOST_ROWS:,} rows; send this month's rows only")
    if (rows * columns if cells is None else cells) > MOST_CELLS:
        raise Unreadable("too_big", f"the file has more than {MOST_CELLS:,} cells; send this month's rows only")


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
