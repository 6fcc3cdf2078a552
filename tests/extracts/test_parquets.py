from __future__ import annotations

import datetime as dt
import decimal
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.extracts import parquets
from matcher.extracts.grid import Unreadable
from tests.extracts.cases import HEADER, ROW, read_bytes, rules


def parquet(columns: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def supply_of(**columns: Any) -> dict[str, Any]:
    ids = [name.lower().replace(" ", "_") for name in HEADER]
    return {name: columns.get(key, [value, value]) for name, key, value in zip(HEADER, ids, ROW, strict=True)}


def test_typed_columns_read_like_text(tmp_path: Path) -> None:
    content = parquet(
        supply_of(
            ref=pa.array([1.0, 2.5]),
            full_name=pa.array(["Ann", "Bob"]).dictionary_encode(),
            dob=pa.array([dt.date(1998, 2, 1), None]),
            outcome_date=pa.array([dt.datetime.fromisoformat("2013-04-03T01:02:03"), None], pa.timestamp("ns", "UTC")),
            expiry=pa.nulls(2),
            count=pa.array([decimal.Decimal("3.00"), None]),
            flag=pa.array([True, None]),
            postcode=pa.array(["LE1 1AA", " "], pa.large_string()),
        )
    )
    supply = read_bytes(tmp_path, content, "sheep.parquet")
    assert (supply.status, supply.problems) == ("accepted", ())
    assert supply.rows is not None
    assert supply.rows.select(["ref", "dob", "outcome_date", "count", "flag", "postcode"]).to_pylist() == [
        {"ref": "1", "dob": dt.date(1998, 2, 1), "outcome_date": dt.date(2013, 4, 3), "count": 3, "flag": True,
         "postcode": "LE1 1AA"},
        {"ref": "2.5", "dob": None, "outcome_date": None, "count": None, "flag": False, "postcode": None},
    ]  # fmt: skip


def test_what_pandas_writes_for_nothing_is_blank(tmp_path: Path) -> None:
    content = parquet(supply_of(count=pa.array([float("nan"), 4.0])))
    supply = read_bytes(tmp_path, content, "sheep.parquet")
    assert supply.rows is not None
    assert supply.rows["count"].to_pylist() == [None, 4]
    assert "count" not in {rule for _, _, rule in rules(supply)}


@pytest.mark.parametrize("made", [{}, {"use_dictionary": False}, {"data_page_version": "2.0"}, {"compression": "none"}])
def test_a_file_without_rows_is_read(made: dict[str, Any]) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array([], pa.string()), "d": pa.array([], pa.date32())}), content, **made)
    grid = parquets.read_parquet(content.getvalue())
    assert (grid.rows, list(grid.header)) == (0, ["a", "d"])


def test_a_column_twice_rejects(tmp_path: Path) -> None:
    columns = [pa.array([value]) for value in [*ROW, "x"]]
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=[*HEADER, "dob"]), stream)
    assert rules(read_bytes(tmp_path, stream.getvalue(), "sheep.parquet")) == [(None, "DOB", "column_twice")]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"PAR1 and rubbish PAR1", "unreadable"),
        (b"PARE", "password"),
        (parquet(supply_of(ref=pa.array([["a"], ["b"]]))), "unreadable"),
        (parquet({}), "empty"),
    ],
)
def test_what_cannot_be_read_is_rejected(tmp_path: Path, content: bytes, rule: str) -> None:
    supply = read_bytes(tmp_path, content, "sheep.parquet")
    assert (supply.status, rules(supply)) == ("rejected", [(None, None, rule)])


def test_too_big_a_file_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.extracts.grid.MOST_CELLS", 3)
    assert rules(read_bytes(tmp_path, parquet(supply_of()), "sheep.parquet")) == [(None, None, "too_big")]


VALID = parquet(supply_of(count=pa.array([1.0, 2.0])))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(VALID)))
def test_mutated_and_truncated_files_are_read_or_refused(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(VALID)
    for place, value in changes:
        data[place] = value
    for content in (bytes(data), bytes(data[:length])):
        try:
            grid = parquets.read_parquet(content)
        except Unreadable as error:
            assert error.rule in {"unreadable", "empty", "too_big", "password"}
        else:
            assert all(len(column) == grid.rows for column in grid.columns)
