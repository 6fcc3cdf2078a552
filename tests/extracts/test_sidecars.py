from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.extracts import Supply
from matcher.extracts.sidecars import KNOWN, SidecarError, read_sidecar
from tests.extracts.cases import ROW, csv_bytes, read_folder, rules


def supply_with(folder: Path, sidecar: str, rows: list[list[str]] | None = None) -> Supply:
    (folder / "sheep.city.csv").write_bytes(csv_bytes(rows if rows is not None else [ROW, ROW]))
    (folder / "sheep.city.csv.meta.yaml").write_text(sidecar, encoding="utf-8")
    (supply,) = read_folder(folder).supplies
    return supply


def test_everything_is_text_and_unknown_keys_are_dropped() -> None:
    text = "supplied_on: 2013-11-04\nrecords: 012\nPeriod-From: 01/10/2013\nfields: [Ref, DOB]\ncaveats: yes\nother: x"
    assert read_sidecar(text.encode()) == {
        "supplied_on": "2013-11-04", "records": "012", "period_from": "01/10/2013", "fields": ["Ref", "DOB"],
        "caveats": "yes",
    }  # fmt: skip
    assert read_sidecar(b"") == {}
    assert len(KNOWN) == 14


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: &x 1", "aliases"),
        ("records: !!python/object/apply:os.system [ls]", "tags"),
        ("supplied_on: !!timestamp 2013-11-04", "tags"),
        ("a: [", "no YAML, line"),
        ("just words", "key: value"),
        ("- a\n- b", "key: value"),
        ("[" * 5000, "no YAML"),
        ("a: " + "x" * 70_000, "64 kB"),
        ("a: b\n---\nc: d", "no YAML"),
    ],
)
def test_what_is_not_plain_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SidecarError, match=reason):
        read_sidecar(text.encode())


@settings(deadline=None)
@given(st.binary(max_size=120) | st.text(alphabet="ab:-[]{}&*!|>'\"\n #,?%@", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert set(read_sidecar(data)) <= set(KNOWN)
    except SidecarError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text",
    ["", "records: 2", "records: '2'", "dataset: sheep", "dataset: Sheep Counted", "dataset: sheep.city", "dataset:",
     "fields: [ref, Name of sheep, 'post code']", "fields: Ref; DOB", "fields: {Ref: reference}",
     "fields: [{name: Ref}]", "agency: The Yard\nperiod_from: 2013-10-01", "records:"],
)  # fmt: skip
def test_a_supply_that_is_what_its_sidecar_says_is_accepted(tmp_path: Path, text: str) -> None:
    supply = supply_with(tmp_path, text)
    assert supply.status == "accepted", supply.problems


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("records: 3", "differs from the 2 data rows"),
        ("records: many", "not a whole number"),
        ("records: [2]", "not a whole number"),
        ("dataset: goats", "another data set"),
        ("dataset: [sheep]", "another data set"),
        ("fields: [Ref, Wool]", "field 2 of `fields` is not in the file"),
        ("a: &x 1", "aliases"),
    ],
)
def test_a_supply_that_contradicts_its_sidecar_is_rejected(tmp_path: Path, text: str, reason: str) -> None:
    supply = supply_with(tmp_path, text)
    assert (supply.status, rules(supply)) == ("rejected", [(None, None, "sidecar")])
    assert reason in supply.problems[0].message
    assert (supply.rows_in, supply.rows_accepted) == (supply.rows_rejected, 0)


def test_a_listed_field_of_the_specification_is_named_and_all_faults_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "sheep.csv").write_bytes(
        csv_bytes([ROW[:-1]], ["Ref", "Full Name", "DOB", "Outcome", "x", "y", "z", "z"])
    )
    (tmp_path / "sheep.csv.meta.yaml").write_text("records: 7\ndataset: goats\nfields: [Count]", encoding="utf-8")
    (supply,) = read_folder(tmp_path).supplies
    assert sorted(rule for _, _, rule in rules(supply)) == [
        "column_twice", "missing_column", "sidecar", "sidecar", "sidecar",
    ]  # fmt: skip
    assert any("(Count)" in problem.message for problem in supply.problems)
    assert supply.metadata == {"records": "7", "dataset": "goats", "fields": ["Count"]}


def test_records_may_or_may_not_count_blank_rows_in_the_middle(tmp_path: Path) -> None:
    for said in (2, 3):
        assert supply_with(tmp_path, f"records: {said}", [ROW, [""], ROW]).status == "accepted"
    assert supply_with(tmp_path, "records: 1", [ROW, [""], ROW]).status == "rejected"
