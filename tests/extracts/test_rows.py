from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.extracts import Supply, find_supplies, read_supplies
from matcher.extracts.grid import make_grid
from matcher.extracts.header import match_header
from matcher.extracts.rows import check_rows
from matcher.extracts.rules import NOTES, REJECTION_RULES, ROW_KEPT, ROW_REJECTED, words
from tests.extracts.cases import AS_AT, HEADER, ROW, SHEEP, csv_bytes, read_bytes, read_folder, row, rules


def test_rows_are_typed_and_numbered_in_file_order(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW, row(ref="2", flag="", dob="01/01/1900")]))
    assert supply.rows is not None
    assert supply.rows.schema.names == ["row", *(column.id for column in SHEEP.column), "beyond_row"]
    assert supply.rows.schema.field("row").type == pa.int32()
    assert supply.rows.to_pylist() == [
        {"row": 1, "ref": "1", "full_name": "Ann SHEEP", "dob": dt.date(1998, 2, 1), "outcome": "RO",
         "outcome_date": dt.date(2013, 4, 3), "expiry": None, "count": 2, "flag": True, "postcode": "LE1 1AA",
         "beyond_row": False},
        {"row": 2, "ref": "2", "full_name": "Ann SHEEP", "dob": None, "outcome": "RO",
         "outcome_date": dt.date(2013, 4, 3), "expiry": None, "count": 2, "flag": False, "postcode": "LE1 1AA",
         "beyond_row": False},
    ]  # fmt: skip
    assert supply.problems == ()


def test_a_bad_field_is_blanked_and_reported_and_the_row_kept(tmp_path: Path) -> None:
    bad = row(dob="01/11/2013", outcome="??", outcome_date="2/3/12", count="-1", flag="?", postcode="LE1")
    supply = read_bytes(tmp_path, csv_bytes([ROW, bad]))
    assert rules(supply) == [
        (2, "DOB", "dob_future"),
        (2, "Outcome", "code"),
        (2, "Outcome Date", "two_digit_year"),
        (2, "Count", "count"),
        (2, "Flag", "yes_no"),
        (2, "Postcode", "postcode"),
    ]
    assert (supply.rows_in, supply.rows_accepted, supply.rows_rejected) == (2, 2, 0)
    assert supply.rows is not None
    kept = supply.rows.slice(1).to_pylist()[0]
    assert [kept[name] for name in ("dob", "outcome", "outcome_date", "count", "flag", "postcode")] == [
        None, None, None, None, None, "LE1",
    ]  # fmt: skip
    assert supply.completeness["dob"] == (2, 1)
    assert supply.completeness["expiry"] == (0, 0)


def test_a_row_without_what_gives_it_meaning_is_rejected(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([row(full_name=" "), ROW]))
    assert rules(supply) == [(1, "Full Name", "needed")]
    assert supply.rows is not None
    assert supply.rows["row"].to_pylist() == [2]
    assert supply.completeness["full_name"] == (1, 1)
    assert supply.completeness["dob"] == (2, 2)  # of all rows received


def test_a_row_that_fills_none_of_the_columns_it_needs_one_of_is_rejected(tmp_path: Path) -> None:
    """A housing case may name nobody, but then tells its place."""
    update = {"needs_one_of": (("full_name", "postcode", "expiry"),), "column": tuple(
        column.model_copy(update={"needed_in_row": False}) for column in SHEEP.column
    )}  # fmt: skip
    specs = {"sheep": SHEEP.model_copy(update=update)}
    neither = row(full_name="", postcode=" ", expiry="")
    (tmp_path / "sheep.csv").write_bytes(csv_bytes([neither, row(full_name=""), row(ref="2", postcode="")]))
    (supply,) = read_supplies(find_supplies(tmp_path, specs), specs, AS_AT).supplies
    assert rules(supply) == [(1, "Full Name", "needs_one_of")]
    assert (supply.rows_in, supply.rows_accepted, supply.rows_rejected) == (3, 2, 1)


def test_a_header_without_rows_is_accepted_with_a_warning(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([]))
    assert (supply.status, supply.rows_in, rules(supply)) == ("accepted", 0, [(None, None, "no_rows")])
    assert supply.rows is not None
    assert supply.rows.num_rows == 0
    assert any("header and no rows" in warning for warning in read_folder(tmp_path).warnings)


def test_an_unlisted_column_is_dropped_and_reported_as_more_than_agreed(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([[*ROW, "Canary"], [*row(ref="2"), ""]], [*HEADER, "Religion"]))
    assert rules(supply) == [(None, None, "unlisted_column")]
    assert supply.beyond == {"column 10 (J): not in the specification": 1}
    assert supply.rows is not None
    assert "Canary" not in str(supply.rows.to_pydict())
    assert "religion" not in str((supply.problems, supply.beyond)).lower()


def test_cells_and_rows_that_are_more_than_agreed(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([row(outcome="rj"), row(ref="2", outcome="None"), row(ref="3")]))
    assert supply.beyond == {"informal outcomes": 1, "rows about nothing": 1}
    assert supply.rows is not None
    assert supply.rows["outcome"].to_pylist() == [None, "NONE", "RO"]
    assert supply.rows["outcome_date"].to_pylist()[0] is None
    assert supply.rows["flag"].to_pylist() == [None, True, True]
    assert supply.rows["beyond_row"].to_pylist() == [False, True, False]
    assert supply.rows["full_name"].to_pylist() == ["Ann SHEEP"] * 3
    assert rules(supply) == [(None, None, "more_than_agreed")] * 2


def test_duplicates_are_kept_and_reported_by_their_key_as_delivered(tmp_path: Path) -> None:
    rows = [ROW, row(count="9"), row(outcome_date="04/04/2013"), row(outcome="ro"), row(ref=""), row(ref="")]
    supply = read_bytes(tmp_path, csv_bytes(rows))
    assert [entry for entry in rules(supply) if entry[2] == "duplicate"] == [
        (2, None, "duplicate"),
        (4, None, "duplicate"),
    ]
    assert (supply.duplicates, supply.rows_accepted) == (2, 6)


def test_without_a_duplicate_key_only_whole_rows_are_duplicates() -> None:
    spec = SHEEP.model_copy(update={"duplicate_key": ()})
    table = [ROW, row(count="9"), ROW]
    grid = make_grid(HEADER, [pa.array(cells) for cells in zip(*table, strict=True)])
    assert check_rows(grid, match_header(HEADER, spec), spec, AS_AT).duplicates == 1


def test_facts_without_the_date_they_need_are_counted_by_kind(tmp_path: Path) -> None:
    rows = [row(ref="1", outcome_date=""), row(ref="2", outcome_date="x", flag="N"), row(ref="3"),
            row(ref="4", outcome="RJ", outcome_date="")]  # fmt: skip
    supply = read_bytes(tmp_path, csv_bytes(rows))
    assert supply.undated == {"proven_offence": 2, "asb_order": 1}


def test_every_rule_has_words_and_none_stands_twice() -> None:
    groups = [set(ROW_REJECTED), set(ROW_KEPT), set(NOTES), set(REJECTION_RULES)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    for rule in set.union(*groups[:3]):
        assert words(rule)


CELL = st.sampled_from(["", " ", "1", "Y", "x", "RO", "RJ", "NONE", "01/02/2003", "1/2/03", "Canary\ufffd", *HEADER])


@settings(deadline=None)
@given(st.lists(st.lists(CELL, min_size=0, max_size=11), max_size=6))
def test_whatever_the_rows_the_account_holds_and_no_value_is_told(table: list[list[str]]) -> None:
    from matcher.extracts.delimited import read_row_by_row

    grid = read_row_by_row(csv_bytes(table).rstrip(b"\r\n"), ",")
    checked = check_rows(grid, match_header(grid.header, SHEEP), SHEEP, AS_AT)
    assert grid.rows == checked.rows.num_rows + checked.rejected
    left_out = {problem.row for problem in checked.problems if problem.rule in ROW_REJECTED}
    assert left_out == set(range(1, grid.rows + 1)) - set(checked.rows["row"].to_pylist())
    assert "canary" not in str(checked.problems).lower()
    assert all(0 <= valid <= filled <= grid.rows for filled, valid in checked.completeness.values())


def test_no_problem_quotes_what_was_delivered(tmp_path: Path) -> None:
    cells = {column.id: f"Canary{number}" for number, column in enumerate(SHEEP.column)}
    supply: Supply = read_bytes(tmp_path, csv_bytes([row(**cells), [*row(**cells), "Canary", "Canary"], ["Canary"]]))
    assert len(supply.problems) > 6
    assert "canary" not in str(supply.problems).lower()
