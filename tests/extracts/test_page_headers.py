"""What the pages of a Parquet file say they hold, and what is refused for it."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from matcher.extracts import page_headers as module
from matcher.extracts import parquets
from matcher.extracts.page_headers import page_headers
from tests.extracts.cases import read_bytes, rules
from tests.extracts.test_parquets import parquet, supply_of


def written(**options: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(supply_of()), stream, **options)
    return stream.getvalue()


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("compression", ["none", "zstd", "gzip", "snappy"])
def test_every_page_is_found(version: str, dictionary: bool, compression: str) -> None:
    data = written(data_page_version=version, use_dictionary=dictionary, compression=compression, row_group_size=1)
    pages = list(page_headers(data))
    assert len(pages) == 9 * 2 * (2 if dictionary else 1)
    assert {page.values for page in pages} == {1} and all(page.unpacked > 0 for page in pages)


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"PAR1" + bytes(8), b"PAR1\xff\xff\xff\xffPAR1", b"PAR1" + b"\x15" * 20 + b"\x14\0\0\0PAR1"]
)
def test_what_is_no_summary_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        list(page_headers(data))


def test_a_summary_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_SUMMARY", 10)
    with pytest.raises(ValueError, match=r"^$"):
        list(page_headers(written()))


def test_pages_that_unpack_to_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquets, "LARGEST_UNPACKED", 50)
    supply = read_bytes(tmp_path, written(), "sheep.parquet")
    assert rules(supply) == [(None, None, "too_big")] and "unpacks to more" in supply.problems[0].message


def test_a_text_kept_once_and_used_often_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquets, "LARGEST_UNPACKED", 40_000)
    content = parquet({name: [value[0]] * 20 for name, value in supply_of(ref=["x" * 3000]).items()})
    supply = read_bytes(tmp_path, content, "sheep.parquet")
    assert rules(supply) == [(None, None, "too_big")] and "texts of a column" in supply.problems[0].message


def test_texts_packed_by_their_beginnings_are_refused(tmp_path: Path) -> None:
    encodings = dict.fromkeys(supply_of(), "DELTA_BYTE_ARRAY")
    supply = read_bytes(tmp_path, written(use_dictionary=False, column_encoding=encodings), "sheep.parquet")
    assert rules(supply) == [(None, None, "unreadable")] and "by their beginnings" in supply.problems[0].message


def test_a_far_date_of_an_old_timestamp_does_not_become_another_day(tmp_path: Path) -> None:
    never = pa.array([dt.datetime(9999, 12, 31), dt.datetime(2014, 1, 2)], pa.timestamp("us"))  # noqa: DTZ001
    stream = io.BytesIO()
    # written in nanoseconds it is a day of 1816; Spark writes the same 96 bits from microseconds
    pq.write_table(pa.table(supply_of(expiry=never)), stream, use_deprecated_int96_timestamps=True)
    supply = read_bytes(tmp_path, stream.getvalue(), "sheep.parquet")
    assert supply.rows is not None
    assert supply.rows["expiry"].to_pylist() == [None, dt.date(2014, 1, 2)]
    assert (1, "Expiry", "date") in rules(supply)


def test_a_time_with_a_zone_that_moves_the_day_is_told(tmp_path: Path) -> None:
    moments = [dt.datetime(2013, 6, 30, 23, tzinfo=dt.UTC), dt.datetime(2013, 1, 31, 23, tzinfo=dt.UTC)]
    supply = read_bytes(
        tmp_path, parquet(supply_of(outcome_date=pa.array(moments, pa.timestamp("us", "UTC")))), "sheep.parquet"
    )
    assert supply.rows is not None
    assert supply.rows["outcome_date"].to_pylist() == [None, dt.date(2013, 1, 31)]
    assert (1, "Outcome Date", "date") in rules(supply)
