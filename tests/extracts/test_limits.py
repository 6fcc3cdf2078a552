"""Supplies beyond the limits, and what a long list of faults comes to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from matcher.extracts import delimited, rows
from matcher.extracts.delimited import read_row_by_row
from matcher.extracts.feedback import problems_by_rule
from matcher.extracts.supplies import Inbox, SupplyFile
from tests.extracts.cases import AS_AT, HEADER, ROW, SPECS, csv_bytes, read_bytes, row, rules


@pytest.mark.parametrize(
    ("limit", "told"), [("MOST_ROWS", "rows"), ("MOST_COLUMNS", "columns"), ("MOST_CELLS", "cells")]
)
def test_more_than_a_supply_may_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, told: str
) -> None:
    monkeypatch.setattr(f"matcher.extracts.grid.{limit}", 1)
    supply = read_bytes(tmp_path, csv_bytes([ROW, row(ref="2")]))
    assert rules(supply) == [(None, None, "too_big")] and told in supply.problems[0].message


def test_a_header_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "LARGEST_HEADER", 50)
    supply = read_bytes(tmp_path, csv_bytes([ROW]))
    assert rules(supply) == [(None, None, "too_big")] and "first row" in supply.problems[0].message


def test_marks_that_never_close_are_not_read_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (",".join(HEADER) + "\n" + 'a",b,"c\n' * 3000).encode()
    monkeypatch.setattr(delimited, "LONGEST_RECORD", 100)
    monkeypatch.setattr(delimited, "MOST_LINES_AGAIN", 5000)
    grid = read_row_by_row(text, ",")
    assert sum(len(found) for found in grid.broken.values()) == grid.rows == 3000


def test_a_fault_of_a_whole_column_is_listed_in_part_and_counted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MOST_LISTED", 3)
    supply = read_bytes(tmp_path, csv_bytes([row(ref=str(n), expiry="soon") for n in range(10)]))
    assert supply.rows_accepted == 10
    assert rules(supply) == [(None, "Expiry", "date"), *((n, "Expiry", "date") for n in (1, 2, 3))]
    assert supply.problems[0].message.startswith("7 more rows, column Expiry: not a date")
    (told,) = problems_by_rule(supply)
    assert (told["count"], told["rows"], told["message"]) == (10, [1, 2, 3], "not a date; write dd/mm/yyyy")


def test_invisible_characters_are_taken_out_and_told_control_characters_told(tmp_path: Path) -> None:
    cells = row(
        full_name="Ann\u202e SHE\u200bEP", dob="\u200e01/02/1998", ref="\u2066", postcode="LE1\x1b1AA", outcome="R\x07O"
    )
    supply = read_bytes(tmp_path, csv_bytes([cells, row(full_name="क्\u200dष")]))
    assert rules(supply) == [
        (1, "Ref", "invisible"), (1, "Full Name", "invisible"), (1, "DOB", "invisible"), (1, "Outcome", "code"), (1, "Postcode", "postcode"),
    ]  # fmt: skip
    assert supply.rows is not None
    assert supply.rows["full_name"].to_pylist() == ["Ann SHEEP", "क्\u200dष"]
    assert supply.rows["ref"].to_pylist() == [None, "1"]
    assert supply.rows["dob"].to_pylist()[0].isoformat() == "1998-02-01"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links as POSIX has them")
def test_an_entry_that_became_a_pipe_or_a_link_after_listing_neither_hangs_nor_is_followed(tmp_path: Path) -> None:
    from matcher.extracts import read_supplies

    os.mkfifo(tmp_path / "sheep.csv")
    (tmp_path / "goats.csv").symlink_to("/dev/zero")
    files = tuple(SupplyFile(name, "", tmp_path / f"{name}.csv") for name in ("goats", "sheep"))
    intake = read_supplies(Inbox(tmp_path, files, (), True), SPECS, AS_AT)
    assert [rules(supply) for supply in intake.supplies] == [[(None, None, "unreadable")]] * 2
