from __future__ import annotations

from pathlib import Path

import pytest

from matcher.extracts.header import known_names, match_header
from matcher.fields.scalars import bare
from specs.load import ExtractSpec, load_extract_specs
from tests.extracts.cases import HEADER, ROW, SHEEP, csv_bytes, read_bytes, rules


def test_a_required_column_that_lacks_rejects_and_names_each(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW[1:]], HEADER[1:]))
    assert (supply.status, rules(supply)) == ("rejected", [(None, "Ref", "missing_column")])
    assert "sheep.csv" in supply.problems[0].message
    assert (supply.rows_in, supply.rows_accepted, supply.rows_rejected) == (1, 0, 1)


def test_an_optional_column_may_lack_and_is_null(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW[:5]], HEADER[:5]))
    assert supply.rows is not None
    assert [supply.rows[name].to_pylist() for name in ("expiry", "count", "flag", "postcode")] == [[None]] * 4
    assert [str(supply.rows.schema.field(name).type) for name in ("expiry", "count", "flag", "postcode")] == [
        "date32[day]", "int64", "bool", "string",
    ]  # fmt: skip
    assert "expiry" not in supply.completeness


@pytest.mark.parametrize(
    ("extra", "places"),
    [("dob", "column 3 (C) and column 10 (J)"), ("Date of birth", "column 3 (C) and column 10 (J)")],
)
def test_a_column_twice_rejects_by_name_or_alias(tmp_path: Path, extra: str, places: str) -> None:
    supply = read_bytes(tmp_path, csv_bytes([[*ROW, ""]], [*HEADER, extra]))
    assert rules(supply) == [(None, "DOB", "column_twice")]
    assert places in supply.problems[0].message


def test_an_unlisted_column_twice_rejects_too_and_is_named_by_place_only(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([[*ROW, "", ""]], [*HEADER, "Canary", "CANARY_"]))
    assert rules(supply) == [(None, None, "column_twice")]
    assert "column 10 (J) and column 11 (K)" in supply.problems[0].message
    assert "canary" not in supply.problems[0].message.lower()


def test_columns_without_a_name_are_not_a_column_twice(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([["x", *ROW, "y"]], ["", *HEADER, ""]))
    assert supply.status == "accepted"
    assert supply.beyond == {
        "column 1 (A): not in the specification": 1,
        "column 11 (K): not in the specification": 1,
    }


def test_data_where_the_header_should_be_is_never_quoted(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW], ["9", "Canary SHEEP", "01/02/1998"]))
    assert rules(supply) == [(None, None, "no_header")]
    assert "0 of the 5 required columns" in supply.problems[0].message
    assert "canary" not in str(supply.problems).lower()


def test_half_the_required_columns_are_a_header() -> None:
    assert [fault.rule for fault in match_header(["Ref", "DOB"], SHEEP).faults] == ["no_header"]
    assert {fault.rule for fault in match_header(["Ref", "DOB", "Outcome"], SHEEP).faults} == {"missing_column"}


@pytest.mark.parametrize("spec", load_extract_specs().values(), ids=lambda spec: spec.id)
def test_no_two_columns_of_a_shipped_specification_answer_to_one_name(spec: ExtractSpec) -> None:
    names = known_names(spec)
    for column in spec.column:
        for name in (column.name, column.id, *column.aliases):
            assert names[bare(name)] == column.id, name
