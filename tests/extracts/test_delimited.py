from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matcher.extracts.delimited import decode, has_regular_quotes, read_csv, read_regular, read_row_by_row
from matcher.extracts.grid import Unreadable, place_of
from tests.extracts.cases import HEADER, ROW, SHEEP, csv_bytes, read_bytes, row, rules


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiters_line_ends_and_encodings(tmp_path: Path, delimiter: str, end: str, encoding: str) -> None:
    name = f'Zoë "Zo" O\u2019SHEEP{delimiter} the\n2nd'
    content = csv_bytes([row(full_name=name), row(ref="2")], delimiter=delimiter, lineterminator=end)
    supply = read_bytes(tmp_path, content.decode("utf-8").encode(encoding))
    assert supply.status == "accepted"
    assert supply.rows is not None
    assert supply.rows["full_name"].to_pylist() == [name, "Ann SHEEP"]
    assert (supply.rows_in, supply.rows_accepted, supply.rows_rejected) == (2, 2, 0)


def test_headers_match_ignoring_case_spaces_underscores_and_punctuation_and_by_alias(tmp_path: Path) -> None:
    header = ["REF.", "full_name", "Date-of-Birth", " outcome", "Outcome.Date", "EXPIRY", "count", "fLAG", "post code"]
    supply = read_bytes(tmp_path, csv_bytes([ROW], header))
    assert (supply.status, supply.problems) == ("accepted", ())
    assert supply.rows is not None
    assert supply.rows["postcode"].to_pylist() == ["LE1 1AA"]


def test_an_excel_separator_line_and_blank_lines_before_the_header(tmp_path: Path) -> None:
    content = b"\r\nsep=;\r\n" + csv_bytes([ROW], delimiter=";")
    assert read_bytes(tmp_path, content).rows_accepted == 1


def test_blank_trailing_rows_and_columns_are_not_counted(tmp_path: Path) -> None:
    content = csv_bytes([ROW, row(ref="2")], [*HEADER, "", ""]).replace(b"LE1 1AA\r\n", b"LE1 1AA,,\r\n")
    content += b",,,,,,,,,,\r\n,,,\r\n   \r\n\r\n\r\n\x1a"
    supply = read_bytes(tmp_path, content)
    assert (supply.rows_in, supply.rows_accepted, supply.problems) == (2, 2, ())


def test_a_blank_row_in_the_middle_keeps_its_number(tmp_path: Path) -> None:
    content = csv_bytes([ROW, ["", " "], row(ref="2")]) + b"\r\n" + csv_bytes([], row(ref="3"))
    supply = read_bytes(tmp_path, content)
    assert rules(supply) == [(2, None, "blank_row"), (4, None, "blank_row")]
    assert supply.rows is not None
    assert supply.rows["row"].to_pylist() == [1, 3, 5]
    assert (supply.rows_in, supply.rows_accepted, supply.rows_rejected) == (5, 3, 2)


def test_rows_of_another_length_are_rejected_alone(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW, ROW[:4], [*ROW, "x"], [*row(ref="2"), "", ""], row(ref="3")]))
    assert rules(supply) == [(2, None, "too_few_cells"), (3, None, "too_many_cells")]
    assert supply.rows is not None
    assert supply.rows["row"].to_pylist() == [1, 4, 5]


def test_an_unclosed_quotation_mark_costs_one_row(tmp_path: Path) -> None:
    content = csv_bytes([ROW, row(ref="2", full_name="§"), row(ref="3"), row(ref="4", full_name="a,b")])
    supply = read_bytes(tmp_path, content.replace("§".encode(), b'"Ann SHEEP'))
    assert rules(supply) == [(2, None, "quotes")]
    assert supply.rows is not None
    assert supply.rows["ref"].to_pylist() == ["1", "3", "4"]
    last = csv_bytes([ROW, row(ref="2")]).rstrip().replace(b"LE1 1AA", b'"LE1 1AA')
    assert rules(read_bytes(tmp_path, last)) == [(1, None, "quotes"), (2, None, "quotes")]


def test_marks_that_pair_oddly_in_one_line_are_read_leniently(tmp_path: Path) -> None:
    content = csv_bytes([ROW]).replace(b"Ann SHEEP", b'"Ann" SHEEP').replace(b",RO,", b', "RO" ,')
    supply = read_bytes(tmp_path, content)
    assert supply.rows is not None
    assert supply.rows.select(["full_name", "outcome"]).to_pylist() == [{"full_name": "Ann SHEEP", "outcome": "RO"}]


def test_a_nul_or_an_undefined_byte_is_reported_in_its_cell(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW]).replace(b"Ann", b"A\0n"))
    assert rules(supply) == [(1, "Full Name", "characters")]
    supply = read_bytes(tmp_path, csv_bytes([ROW]).replace(b"Ann", b"\x81\xe9n"))
    assert rules(supply) == [(1, "Full Name", "characters")]


def test_a_header_in_the_middle_is_no_person(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, csv_bytes([ROW]) + csv_bytes([row(ref="2")]))
    assert rules(supply) == [(2, None, "repeated_header")]
    assert supply.rows_accepted == 2


@pytest.mark.parametrize("content", [b"", b"\r\n \r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"sep=,\n"])
def test_an_empty_file_is_rejected(tmp_path: Path, content: bytes) -> None:
    supply = read_bytes(tmp_path, content)
    assert (supply.status, rules(supply)) == ("rejected", [(None, None, "empty")])


def test_another_format_under_the_name_of_csv_is_told(tmp_path: Path) -> None:
    supply = read_bytes(tmp_path, b"PK\x03\x04rest")
    assert rules(supply) == [(None, None, "unreadable")]
    assert "named .csv" in supply.problems[0].message


def test_a_cell_longer_than_the_standard_limit_is_left_out(tmp_path: Path) -> None:
    for content in (csv_bytes([row(ref="x" * 200_000)]), csv_bytes([row(ref="x" * 200_000), ["1"]])):
        supply = read_bytes(tmp_path, content)
        assert rules(supply)[0] == (1, "Ref", "too_long")
        assert supply.rows is not None
        assert supply.rows["ref"].to_pylist() == [None]


def test_column_places() -> None:
    assert [place_of(position) for position in (0, 25, 26, 701, 702)] == [
        "column 1 (A)", "column 26 (Z)", "column 27 (AA)", "column 702 (ZZ)", "column 703 (AAA)",
    ]  # fmt: skip
    assert place_of(0, 2) == "column 3 (C)"


CELLS = st.text(alphabet='ab,;"\r\n \té\u2028\x1c', max_size=6)


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
def test_both_readers_agree_on_whatever_a_csv_writer_writes(table: list[list[str]]) -> None:
    text = csv_bytes(table[1:], table[0]).strip(b"\r\n")
    assert not text or has_regular_quotes(text, ",")
    fast = read_regular(text, ",") if text else None
    if fast is not None:
        assert fast == read_row_by_row(text, ",")


@settings(deadline=None)
@given(st.text(alphabet='ab,"\r\n \té', max_size=40))
@example('"a"\r"b"')
@example('a\n""\n"b"')
def test_both_readers_agree_wherever_marks_are_regular(text: str) -> None:
    data = text.encode().strip(b"\r\n")
    if data and has_regular_quotes(data, ","):
        fast = read_regular(data, ",")
        if fast is not None:
            assert fast == read_row_by_row(data, ",")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_decode_to_text(data: bytes) -> None:
    assert b"\0" not in decode(data)
    decode(data).decode("utf-8")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_read_or_are_refused(data: bytes) -> None:
    try:
        grid = read_csv(data, SHEEP)
    except Unreadable as error:
        assert error.rule == "empty"
    else:
        assert all(len(column) == grid.rows for column in grid.columns)
        positions = [row for rows in grid.broken.values() for row in rows.to_pylist()]
        assert all(0 <= row < grid.rows for row in positions) or not grid.columns


VALID = csv_bytes([row(ref=str(number), full_name='Ann, "A" SHEEP') for number in range(4)])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(VALID)))
def test_mutated_and_truncated_files_keep_the_account_of_rows(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(VALID)
    for place, value in changes:
        data[place] = value
    supply = read_bytes(tmp_path_factory.mktemp("x"), bytes(data[:length]))
    assert supply.rows_in == supply.rows_accepted + supply.rows_rejected
    assert (supply.rows is not None) == (supply.status == "accepted")
    assert supply.rows is None or supply.rows.num_rows == supply.rows_accepted
