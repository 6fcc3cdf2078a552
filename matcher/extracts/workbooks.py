"""XLSX. Takes a file's bytes, gives the first sheet as a grid of text; refuses passwords, old formats and bombs.

Numbers lose the ".0" that spreadsheets give them, dates become ISO text, TRUE and FALSE stay words. Everything else is
as delivered: what a spreadsheet has already spoilt (leading zeros) cannot be mended here.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

import pyarrow as pa
from python_calamine import CalamineWorkbook

from matcher.extracts.grid import Grid, Unreadable, make_grid

OLE_HEADER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST_UNPACKED = 1 << 30  # bytes
MOST_CELLS = 20_000_000  # of the rectangle that holds all cells: it is laid out in memory whole
_MOST_PARTS = 10_000
_CHUNK = 1 << 22
_CELL = re.compile(rb'<(?:\w{1,20}:)?c\b[^>]{0,200}?\br="([A-Z]{1,3})([0-9]{1,7})"(?:[^>]{0,200}[^/>])?>')
_TAIL = 1 << 10  # a cell's tag is shorter: what is carried from chunk to chunk


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
    _refuse_bombs(data)
    try:
        sheet = CalamineWorkbook.from_object(io.BytesIO(data)).get_sheet_by_index(0)
        rows = sheet.to_python()
        offset = sheet.start[1] if sheet.start else 0
    except BaseException as error:  # a damaged file can also end in a panic, which is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise _damaged() from None
    if not rows:
        raise Unreadable("empty", "the first sheet is empty; put the supply on the first sheet")
    header = [cell_text(cell) or "" for cell in rows[0]]
    body = rows[1:]
    columns = [pa.array([cell_text(row[place]) for row in body], type=pa.string()) for place in range(len(header))]
    return make_grid(header, columns, offset=offset, spreadsheet=True)


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


def _damaged() -> Unreadable:
    return Unreadable("unreadable", "the file is no readable workbook; open it, save it as .xlsx and send it again")


def _refuse_bombs(data: bytes) -> None:
    """Look at the packed parts before a parser lays them out in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise Unreadable("password", "the workbook has a password; save it without one")
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise Unreadable("too_big", "the workbook unpacks to more than 1 GB; send the supply as CSV")
            for part in parts:
                if part.filename.lower().startswith("xl/worksheets/") and part.filename.lower().endswith(".xml"):
                    _refuse_far_cells(packed, part)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, OSError, EOFError, ValueError, KeyError):
        raise _damaged() from None
    except Exception as error:
        if isinstance(error, Unreadable):
            raise
        raise _damaged() from None  # zlib.error and whatever else a mutilated archive brings up


def _refuse_far_cells(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    right, bottom, tail = 0, 0, b""
    with packed.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            found = _CELL.findall(tail + chunk)
            for letters in {letters for letters, _ in found}:
                right = max(right, _column_number(letters))
            bottom = max(bottom, *(int(row) for _, row in found), 0)
            tail = chunk[-_TAIL:]
    if right * bottom > MOST_CELLS:
        raise Unreadable(
            "too_big",
            "a sheet has cells far to the right or far below the rest; delete them, or copy the supply to a new workbook",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
