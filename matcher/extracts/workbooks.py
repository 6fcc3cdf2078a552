"""XLSX. Takes a file's bytes, gives the first sheet as a grid of text; refuses passwords, old formats and bombs.

Numbers lose the ".0" that spreadsheets give them, dates become ISO text, TRUE and FALSE stay words, a spreadsheet's error
becomes U+FFFD and is reported. Everything else is as delivered: what a spreadsheet has already spoilt (leading zeros) cannot
be mended here. The parser is handed what `packages.py` has measured, never the file itself.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pyarrow as pa
from python_calamine import CalamineWorkbook

from matcher.extracts.grid import SERIALS_FROM_1900, Grid, Unreadable, make_grid
from matcher.extracts.packages import Package, repacked

OLE_HEADER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SERIALS_FROM_1904 = dt.date(1904, 1, 1)
_LEAP_DAY_OF_1900 = dt.date(
    1900, 2, 28
)  # what parsers make of the 29th that spreadsheets know and the calendar does not


def read_workbook(data: bytes) -> Grid:
    """Read the first sheet. Raises Unreadable, saying what to mend."""
    if data.startswith(OLE_HEADER):
        raise Unreadable(
            "password",
            "the workbook has a password or is of the old .xls kind; save it as .xlsx without a password "
            "and send it by the agreed secure way",
        )
    if not data:
        raise Unreadable("empty", "the file is empty; send it again with a header and its rows")
    package = repacked(data)
    try:
        sheet = CalamineWorkbook.from_object(io.BytesIO(package.content)).get_sheet_by_index(0)
        rows = sheet.to_python()
        down, right = sheet.start or (0, 0)
    except BaseException as error:  # a damaged file can also end in a panic, which is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise Unreadable(
            "unreadable", "the file is no readable workbook; open it, save it as .xlsx and send it again"
        ) from None
    if not rows:
        raise Unreadable("empty", "the first sheet is empty; put the supply on the first sheet")
    header = [cell_text(cell) or "" for cell in rows[0]]
    body = rows[1:]
    spoilt = _spoilt(package, down + 1, right, (len(body), len(header)))
    columns = [
        _column([row[place] for row in body], spoilt.get(place, ()), package.from_1904) for place in range(len(header))
    ]
    return make_grid(
        header, columns, offset=right, serials_from=_SERIALS_FROM_1904 if package.from_1904 else SERIALS_FROM_1900
    )


def _spoilt(package: Package, down: int, right: int, size: tuple[int, int]) -> dict[int, list[int]]:
    """Column -> rows of the body that hold a spreadsheet's error (#REF!), which the parser gives as blank."""
    found: dict[int, list[int]] = {}
    for row, column in package.errors:
        if 0 <= row - down < size[0] and 0 <= column - right < size[1]:
            found.setdefault(column - right, []).append(row - down)
    return found


def _column(cells: list[Any], spoilt: list[int] | tuple[()], from_1904: bool) -> pa.Array:
    texts = [cell_text(cell) for cell in cells]
    for row in spoilt:
        texts[row] = "\ufffd"
    if not from_1904:
        texts = ["29/02/1900" if type(c) is dt.date and c == _LEAP_DAY_OF_1900 else t for c, t in zip(cells, texts, strict=True)]  # fmt: skip
    return pa.array(texts, type=pa.string())


def cell_text(cell: Any) -> str | None:
    """A spreadsheet cell as the text that a CSV would hold."""
    if isinstance(cell, str):
        return cell.replace("\0", "\ufffd")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return None if cell is None else str(cell)
