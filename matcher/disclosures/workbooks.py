"""Workbooks: sheets of plain cells as XLSX, protected by a password where they name people. All in memory.

Takes sheets (title, columns, rows); gives bytes. Refuses an empty password and a sheet title that Excel refuses. Text that a
spreadsheet would take for a formula is shown as text; numbers stay numbers. Every page carries the protective marking.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

Cell = str | int | float | bool | dt.date | None

_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four: full width
_CREATED = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - xlsxwriter takes naive times; a fixed one keeps the content the same
_MAXIMUM_WIDTH = 60


@dataclass(frozen=True)
class Sheet:
    """One sheet: `columns` heads it, `rows` are cells in that order, `notes` stand between the marking and the head."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()


def plain_workbook(sheets: Sequence[Sheet], marking: str, title: str) -> bytes:
    """The sheets as XLSX bytes without a password: for counts and money only, never for people."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": title, "status": marking, "created": _CREATED})
    formats = {
        "marking": book.add_format({"bold": True, "font_size": 12}),
        "note": book.add_format({"font_color": "#333333"}),
        "head": book.add_format(
            {"bold": True, "bottom": 2, "text_wrap": True, "valign": "bottom", "bg_color": "#E6E6E6"}
        ),
        "text": book.add_format({"text_wrap": True, "valign": "top", "bottom": 4}),
        "date": book.add_format({"num_format": "dd/mm/yyyy", "align": "left", "valign": "top", "bottom": 4}),
        "whole": book.add_format({"num_format": "#,##0", "valign": "top", "bottom": 4}),
        "number": book.add_format({"num_format": "#,##0.00", "valign": "top", "bottom": 4}),
    }
    for sheet in sheets:
        _write(book, sheet, marking, title, formats)
    book.close()
    return buffer.getvalue()


def protected_workbook(sheets: Sequence[Sheet], marking: str, title: str, password: str) -> bytes:
    """The sheets as XLSX bytes that open with `password` alone (AES-256, as Office does it)."""
    if not password:
        raise ValueError("a workbook that names people needs a password")
    sealed = io.BytesIO()
    OOXMLFile(io.BytesIO(plain_workbook(sheets, marking, title))).encrypt(password, sealed)
    return sealed.getvalue()


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula, also where somebody saves it as CSV and opens that."""
    return "'" + text if text.startswith(_FORMULA_STARTS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    """A number as people write it: sign, digits, one point. Not what Python alone takes for one (inf, 1_000, spaces)."""
    body = text[1:] if text[:1] in "+-" else text
    whole, point, part = body.partition(".")
    return body.isascii() and whole.isdigit() and (part.isdigit() if point else True)


def _write(book: Any, sheet: Sheet, marking: str, title: str, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(sheet.title)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.8)
    safe = marking.replace("&", "&&")
    page.set_header(f"&C&B{safe}")
    page.set_footer(f"&L{title.replace('&', '&&')}&C&B{safe}&RPage &P of &N")
    page.write_string(0, 0, marking, formats["marking"])
    for n, note in enumerate(sheet.notes, 1):
        page.write_string(n, 0, note, formats["note"])
    head = len(sheet.notes) + 1
    for column, name in enumerate(sheet.columns):
        page.write_string(head, column, name, formats["head"])
        values = [row[column] for row in sheet.rows]
        page.set_column(column, column, _width(name, values))
        for n, value in enumerate(values, head + 1):
            _write_cell(page, n, column, value, formats)
    page.freeze_panes(head + 1, 1)
    page.repeat_rows(head)
    if sheet.rows:
        page.autofilter(head, 0, head + len(sheet.rows), len(sheet.columns) - 1)


def _write_cell(page: Any, row: int, column: int, value: Cell, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        page.write_blank(row, column, None, formats["text"])
    elif isinstance(value, bool):
        page.write_string(row, column, "yes" if value else "no", formats["text"])
    elif isinstance(value, int):
        page.write_number(row, column, value, formats["whole"])
    elif isinstance(value, float):
        page.write_number(row, column, value, formats["number"])
    elif isinstance(value, dt.date):
        # Excel has no dates before 1900
        if value.year < 1900:
            page.write_string(row, column, value.strftime("%d/%m/%Y"), formats["text"])
        else:
            page.write_datetime(row, column, dt.datetime(value.year, value.month, value.day), formats["date"])  # noqa: DTZ001
    else:
        page.write_string(row, column, guarded(value), formats["text"])


def _width(name: str, values: Sequence[Cell]) -> float:
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    head = max((len(word) for word in name.split()), default=0)
    return min(max(longest, head, 8) + 2, _MAXIMUM_WIDTH)
