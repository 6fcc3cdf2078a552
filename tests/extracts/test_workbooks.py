from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from msoffcrypto.format.ooxml import OOXMLFile

from matcher.extracts import packages, workbooks
from matcher.extracts.grid import Unreadable
from tests.extracts.cases import HEADER, ROW, read_bytes, row, rules


def workbook(rows: Sequence[Sequence[Any]], *, at: tuple[int, int] = (0, 0)) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for down, cells in enumerate(rows):
            for right, cell in enumerate(cells):
                place = (at[0] + down, at[1] + right)
                if isinstance(cell, (dt.datetime, dt.date)):
                    sheet.write_datetime(*place, cell, day)  # type: ignore[arg-type]
                elif isinstance(cell, str):
                    sheet.write_string(*place, cell)
                elif cell is not None:
                    sheet.write(*place, cell)
        book.add_worksheet("second").write_string(0, 0, "not read")
    return stream.getvalue()


def test_dates_numbers_and_truth_values_become_the_text_of_a_csv(tmp_path: Path) -> None:
    cells = [
        12.0,
        "Ann SHEEP",
        dt.date(1998, 2, 1),
        "RO",
        dt.datetime.fromisoformat("2013-04-03T12:30"),
        41578,
        2.0,
        True,
        "LE1 1AA",
    ]
    supply = read_bytes(tmp_path, workbook([HEADER, cells]), "sheep.xlsx")
    assert (supply.status, supply.problems) == ("accepted", ())
    assert supply.rows is not None
    assert supply.rows.drop_columns(["row", "beyond_row"]).to_pylist() == [
        {
            "ref": "12",
            "full_name": "Ann SHEEP",
            "dob": dt.date(1998, 2, 1),
            "outcome": "RO",
            "outcome_date": dt.date(2013, 4, 3),
            "expiry": dt.date(2013, 10, 31),
            "count": 2,
            "flag": True,
            "postcode": "LE1 1AA",
        }
    ]


def test_a_date_that_lost_its_leading_zero_is_still_read(tmp_path: Path) -> None:
    cells: list[Any] = [*ROW]
    cells[2], cells[4] = 1021998, "not one"
    supply = read_bytes(tmp_path, workbook([HEADER, cells]), "sheep.xlsx")
    assert rules(supply) == [(1, "Outcome Date", "date")]
    assert supply.rows is not None
    assert supply.rows["dob"].to_pylist() == [dt.date(1998, 2, 1)]


def test_the_table_may_stand_anywhere_on_the_sheet(tmp_path: Path) -> None:
    sheet = workbook([[*HEADER, "Extra"], [*ROW, "x"], [], [*row(ref="2"), ""], [" "]], at=(2, 1))
    supply = read_bytes(tmp_path, sheet, "sheep.XLSX")
    assert (supply.rows_in, supply.rows_accepted) == (3, 2)
    assert rules(supply) == [(None, None, "unlisted_column"), (2, None, "blank_row")]
    assert "column 11 (K)" in supply.problems[0].message


def test_a_password_is_named_as_such(tmp_path: Path) -> None:
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook([HEADER, ROW]))).encrypt("secret", locked)
    supply = read_bytes(tmp_path, locked.getvalue(), "sheep.xlsx")
    assert (supply.status, rules(supply)) == ("rejected", [(None, None, "password")])
    assert "password" in supply.problems[0].message


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rest", b"Ref,Full Name", workbook([]), workbook([[None]])])
def test_what_is_no_workbook_or_is_empty_is_rejected(tmp_path: Path, content: bytes) -> None:
    supply = read_bytes(tmp_path, content, "sheep.xlsx")
    assert supply.status == "rejected"
    assert {rule for _, _, rule in rules(supply)} <= {"empty", "unreadable"}


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "LARGEST_UNPACKED", 1 << 20)
    bomb = io.BytesIO(workbook([HEADER, ROW]))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/zeros.bin", bytes(1 << 21))
    assert rules(read_bytes(tmp_path, bomb.getvalue(), "sheep.xlsx")) == [(None, None, "too_big")]


@pytest.mark.parametrize("stray", ["x", 1])
def test_a_stray_cell_far_away_is_not_laid_out_in_memory(tmp_path: Path, stray: object) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write(1_048_575, 16_383, stray)
    supply = read_bytes(tmp_path, stream.getvalue(), "sheep.xlsx")
    assert rules(supply) == [(None, None, "too_big")]
    assert "far" in supply.problems[0].message


def test_far_cells_that_are_only_formatted_are_no_reason_to_refuse(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROW)
        sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))
    supply = read_bytes(tmp_path, stream.getvalue(), "sheep.xlsx")
    assert (supply.status, supply.rows_in) == ("accepted", 1)


def test_cells_of_every_kind() -> None:
    assert [workbooks.cell_text(cell) for cell in ("a\0", True, False, 3.0, 0.1, 1e300, dt.time(1, 2), None, 7)] == [
        "a\ufffd", "TRUE", "FALSE", "3", "0.1", "1e+300", "01:02:00", None, "7",
    ]  # fmt: skip


VALID = workbook([HEADER, ROW, row(ref="2")])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(VALID)))
def test_mutated_and_truncated_workbooks_are_read_or_refused(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(VALID)
    for place, value in changes:
        data[place] = value
    for content in (bytes(data), bytes(data[:length])):
        try:
            grid = workbooks.read_workbook(content)
        except Unreadable as error:
            assert error.rule in {"unreadable", "empty", "too_big", "password"}
        else:
            assert all(len(column) == grid.rows for column in grid.columns)
