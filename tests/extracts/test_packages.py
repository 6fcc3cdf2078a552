"""Workbooks whose zip is not what a spreadsheet program writes: what is measured, what is refused, and why."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.extracts import packages
from matcher.extracts.grid import Unreadable
from matcher.extracts.packages import repacked
from tests.extracts.cases import HEADER, ROW, read_bytes, row, rules
from tests.extracts.test_workbooks import workbook

SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
VALID = workbook([HEADER, ROW, row(ref="2")])


def parts_of(data: bytes = VALID) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return stream.getvalue()


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    parts = parts_of()
    parts[name] = change(parts[name])
    return packed(parts)


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(Unreadable) as fault:
        repacked(data)
    return fault.value.rule, fault.value.message


def test_only_what_is_read_is_packed_again() -> None:
    parts = parts_of() | {"xl/vbaProject.bin": b"x", "../../evil": b"x", "xl/media/a.png": bytes(100)}
    with zipfile.ZipFile(io.BytesIO(repacked(packed(parts)).content)) as made:
        assert sorted(made.namelist()) == sorted([
            "[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", BOOK, "xl/styles.xml", STRINGS, SHEET,
        ])  # fmt: skip


def test_a_size_that_lies_is_refused_without_being_unpacked() -> None:
    data = bytearray(changed(SHEET, lambda text: text.replace(b"<sheetData>", b"<sheetData>" + b" " * 1_000_000)))
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        struct.pack_into("<I", data, place + 24, 100)
        place = data.find(b"PK\x01\x02", place + 4)
    assert refused(bytes(data))[0] == "unreadable"


def test_a_part_that_comes_to_far_more_than_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "UNPACKED_FREELY", 1 << 20)
    rule, message = refused(changed(SHEET, lambda text: text + b" " * (1 << 23)))
    assert rule == "too_big" and "far more than its size" in message


def test_too_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MOST_PARTS", 3)
    assert refused(VALID)[0] == "too_big"


@pytest.mark.parametrize("name", [SHEET, STRINGS, BOOK, "xl/styles.xml", "[Content_Types].xml"])
def test_declared_entities_are_refused_wherever_they_stand(name: str) -> None:
    evil = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    rule, message = refused(changed(name, lambda text: text.replace(b"?>", b"?>" + evil, 1)))
    assert rule == "unreadable" and "no spreadsheet program writes" in message


@pytest.mark.parametrize(
    "place",
    [
        b"r='A2'",
        b'r = "A2"',
        b'r="&#65;2"',
        b'r=""',
        b'r="2A"',
        b'r="A2" r="XFD1048576"',
        b'r="ABCD2"',
        b'r="a2"',
        b"x='>' r=\"A2\"",
    ],
)
def test_a_cell_whose_place_would_be_a_guess_is_refused(place: bytes) -> None:
    assert refused(changed(SHEET, lambda text: text.replace(b'r="A2"', place, 1)))[0] == "unreadable"


def test_cells_without_places_stand_one_beside_the_other(tmp_path: Path) -> None:
    import re

    data = changed(SHEET, lambda text: re.sub(rb'(<c|<row) r="[A-Z0-9]+"', rb"\1", text))
    supply = read_bytes(tmp_path, data, "sheep.xlsx")
    assert (supply.status, supply.rows_accepted) == ("accepted", 2)


def test_a_row_of_a_million_cells_is_refused() -> None:
    row = b"<row>" + b"<c><v>1</v></c>" * 200_000 + b"</row>"
    assert refused(changed(SHEET, lambda text: text.replace(b"</sheetData>", row + b"</sheetData>")))[0] == "too_big"


def test_more_rows_or_columns_than_a_supply_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, told in (("MOST_ROWS", "rows"), ("MOST_COLUMNS", "columns"), ("MOST_CELLS", "cells")):
        with monkeypatch.context() as patch:
            patch.setattr(f"matcher.extracts.grid.{limit}", 2)
            rule, message = refused(VALID)
            assert rule == "too_big" and told in message


def test_a_text_held_once_and_shown_often_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(3, 1003))
    data = changed(SHEET, lambda text: text.replace(b"</sheetData>", sheet + b"</sheetData>"))
    assert repacked(data).content
    monkeypatch.setattr(packages, "LARGEST_UNPACKED", 200_000)
    long = packed(parts_of(data) | {STRINGS: parts_of(data)[STRINGS].replace(b"<t>", b"<t>" + b"x" * 1000, 1)})
    rule, message = refused(long)
    assert rule == "too_big" and "texts of the sheet" in message
    odd = packed(parts_of(long) | {SHEET: parts_of(long)[SHEET].replace(b"<v>0</v>", b"<v>&#48;</v>", 1)})
    assert refused(odd)[0] == "unreadable"
    monkeypatch.setattr(packages, "MOST_CELLS", 5)
    assert "more than 5 texts" in refused(data)[1]


def test_doubled_parts_other_characters_and_lacking_parts_are_damage() -> None:
    stream = io.BytesIO(VALID)
    with zipfile.ZipFile(stream, "a") as made:
        made.writestr("XL/Workbook.xml", b"<x/>")
    assert refused(stream.getvalue())[0] == "unreadable"
    assert refused(changed(SHEET, lambda text: text.decode().encode("utf-16")))[0] == "unreadable"
    assert refused(changed(SHEET, lambda text: text.decode().encode("cp500")))[0] == "unreadable"
    for name in (SHEET, BOOK, "xl/_rels/workbook.xml.rels"):
        parts = parts_of()
        del parts[name]
        assert refused(packed(parts))[0] == "unreadable"


def test_an_encrypted_part_is_a_password() -> None:
    data = bytearray(VALID)
    struct.pack_into("<H", data, data.find(b"PK\x01\x02") + 8, 1)
    assert refused(bytes(data))[0] == "password"


def test_a_spreadsheets_error_is_told_and_not_blank(tmp_path: Path) -> None:
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROW)
        sheet.write_formula(1, 1, "=A9", None, "#REF!")
        sheet.write_formula(1, 2, "=A9", None, "#N/A")
    supply = read_bytes(tmp_path, stream.getvalue(), "sheep.xlsx")
    assert rules(supply) == [(1, "Full Name", "characters"), (1, "DOB", "date")]


def test_day_numbers_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    import datetime as dt

    cells = workbook([HEADER, [*ROW[:2], 34365, *ROW[3:]]])
    supply = read_bytes(tmp_path, cells, "sheep.xlsx")
    assert supply.rows is not None and supply.rows["dob"].to_pylist() == [dt.date(1994, 1, 31)]
    parts = parts_of(cells)
    parts[BOOK] = parts[BOOK].replace(b"<workbookPr", b'<workbookPr date1904="1"')
    supply = read_bytes(tmp_path, packed(parts), "sheep.xlsx")
    assert supply.rows is not None and supply.rows["dob"].to_pylist() == [dt.date(1998, 2, 1)]


def test_the_29th_of_february_1900_is_no_date(tmp_path: Path) -> None:
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROW)
        sheet.write_number(1, 2, 60, book.add_format({"num_format": "dd/mm/yyyy"}))
    assert (1, "DOB", "date") in rules(read_bytes(tmp_path, stream.getvalue(), "sheep.xlsx"))
