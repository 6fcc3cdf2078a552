"""Whole columns of addresses: each is read as it would be by itself, whatever stands beside it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.records import address_columns, address_parts, addresses
from matcher.records.address_columns import PARTS, read_addresses
from matcher.records.address_forms import PLAIN_TOWNS, Form, Pattern, pattern_of, without_town
from matcher.records.address_open import opened
from matcher.records.address_words import MEANINGFUL, STREET_TYPES, TOWNS, TYPES_ALONE
from matcher.records.addresses import Address, AddressParser
from tests.records.test_addresses import TABLE

Row = tuple[str | None, str | None, str | None, str | None]


def in_columns(rows: Sequence[Row]) -> list[Address]:
    columns = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)] or [pa.array([], pa.string())] * 4
    found = read_addresses(*columns)
    assert tuple(found) != () and set(found) == set(PARTS)
    return [Address(*parts) for parts in zip(*(found[name].to_pylist() for name in PARTS), strict=True)]


def one_by_one(rows: Sequence[Row]) -> list[Address]:
    return [AddressParser().parse(*row) for row in rows]


def test_the_table_in_columns() -> None:
    rows: list[Row] = [(written, None, None, None) for written, _ in TABLE]
    rows += [(written, None, "Oadby", "le25aa") for written, _ in TABLE]
    rows += [("Flat 3", written, "Leicester", "not known") for written, _ in TABLE]
    assert in_columns(rows) == one_by_one(rows)


def test_no_rows() -> None:
    assert in_columns([]) == []


def test_blank_cells_are_no_address() -> None:
    rows: list[Row] = [(None, None, None, None), ("", "", "", ""), (" , ", None, " ", None)]
    assert in_columns(rows) == [Address()] * 3


def test_columns_of_a_slice_are_read_from_where_it_begins() -> None:
    lines = pa.array(["1 Mill Road", "2 Mill Road", None, "3 Oak Lane"])
    blank = pa.nulls(3, pa.string())
    assert read_addresses(lines.slice(1), blank, blank, blank)["number"].to_pylist() == ["2", None, "3"]


_COMMON = (
    "12 7A 12 B 100 1004 012 2/12 1ST ONE HIGH STREET ST ROSE COURT HOUSE LEICESTER ANSTEY THE GREEN FLAT 2 FIRST , , , ROAD A NO "
    "BROADWAY OAK LE1 LE2 1AA LE11AA E1 LEICS TO - & BOX PO 10 ENGLAND C/O HOSPITAL WALNUT WALNUT ELMDALE XXX IRELAND UK LINCOLN "
    "LOUGHBOROUGH GREAT GLEN , NFA CARE HOMESTEAD O'NEIL'S ROSE/LILY 3-5 QAAAQ FLOOR PLOT OVER ÉCOLE UNSUPPLIED ADDRESS RD CLOSE CL LOKE LANE LA HILL GARDENS"
)
WORDS = st.sampled_from(_COMMON.split())
LINES = st.builds(
    lambda words, code: " ".join(words) + code,
    st.lists(WORDS, max_size=9),
    st.sampled_from(["", "", ", LE1 1AA", " le52zz", " ZZ1 1AA", "/LE1 1AA", "Leicester LE1 1AA ,"]),
)
ROWS = st.tuples(
    st.none() | LINES,
    st.none() | st.sampled_from(["", "Flat 2", "12 Mill Road", "Oadby"]) | LINES,
    st.sampled_from([None, None, "Leicester", "12 Mill Road", "Loughborough", "East Goscote, Leics", "LE1 1AA"]),
    st.sampled_from([None, "LE1 1AA", "le5 2zz", "unknown"]),
)


@given(st.lists(ROWS, max_size=12))
@settings(max_examples=400, deadline=None)
def test_a_row_is_read_as_by_itself(rows: list[Row]) -> None:
    assert in_columns(rows) == one_by_one(rows)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_text_in_columns(lines: list[str]) -> None:
    rows: list[Row] = [(line, None, None, None) for line in lines]
    assert in_columns(rows) == one_by_one(rows)


@given(st.lists(st.integers(1, 1200), min_size=3, max_size=3), st.sampled_from(sorted(TOWNS)))
def test_a_form_keeps_the_numbers_names_and_town_of_each_address(numbers: list[int], town: str) -> None:
    rows: list[Row] = [
        (f"Flat {flat}, {name} House, {number}B {name[::-1]} St, {town} LE1 {inward % 10}AA", None, None, None)
        for (flat, number, inward), name in ((numbers, "Walnutty"), (numbers[::-1], "Elmdaleish"))
    ]
    assert in_columns(rows) == one_by_one(rows)


def test_addresses_of_one_form_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def watched(form: Form, reader: Callable[[str, bool, str | None], Sequence[str | None]]) -> Pattern | None:
        read.append(form.text)
        return pattern_of(form, reader)

    monkeypatch.setattr(address_columns, "pattern_of", watched)
    found = in_columns([(f"{n} {name}er Street, {town}", None, None, "LE1 1AA") for n, name, town in (
        (1, "Walnut", "Oadby"), (22, "Elmdal", "Syston"), (333, "Hazel", "Anstey"),
    )])  # fmt: skip
    assert read == ["# a s"]
    assert [part.address for part in found] == [
        "1 WALNUTER STREET, OADBY", "22 ELMDALER STREET, SYSTON", "333 HAZELER STREET, ANSTEY",
    ]  # fmt: skip


def forms(*texts: str) -> list[tuple[str, list[str]]]:
    """The text of each form, and the words that its letters stand for."""
    found = opened(pa.array(texts))
    words = found.words.to_pylist()
    return [
        (text, [words[place] for place in places if place >= 0])
        for text, places in zip(found.texts.to_pylist(), found.places.tolist(), strict=True)
    ]


def test_alike_words_have_another_form_than_different_ones() -> None:
    assert forms("WALNUT COURT,# WALNUT STREET", "WALNUT COURT,# ELMDALE STREET") == [
        ("a COURT,# a s", ["WALNUT", "STREET"]),
        ("a COURT,# b s", ["WALNUT", "ELMDALE", "STREET"]),
    ]


def test_types_of_streets_are_open_where_none_is_abbreviated() -> None:
    assert forms("# ELMDALE HILL LANE,# HILL ROAD", "# ELMDALE RD,# WALNUT ROAD", "ROAD,NFA") == [
        ("# a s t,# s u", ["ELMDALE", "HILL", "LANE", "ROAD"]),
        ("# a RD,# b ROAD", ["ELMDALE", "WALNUT"]),
        ("ROAD,NFA", []),
    ]


@given(st.lists(st.sampled_from(sorted(TYPES_ALONE)), min_size=2, max_size=2, unique=True))
@settings(deadline=None)
def test_every_type_that_is_left_open_is_read_as_the_others(types: list[str]) -> None:
    first, second = types
    rows: list[Row] = [
        (written, None, town, None)
        for written in (
            f"12 {first}", f"Flat 3, {first} House, 12 Walnut {second}", f"12 Walnut {first} {second} Oadby", f"{first} 12",
            f"12 The {first}, {second}", f"1 {first} Court 5 {second} North", f"12 St Walnut {first}", f"{first}, {first}",
        )
        for town in (None, "Oadby", first)
    ]  # fmt: skip
    assert in_columns(rows) == one_by_one(rows)


def test_types_that_mean_something_else_too_are_not_left_open() -> None:
    assert {"COURT", "GARDEN", "CROFT"} <= STREET_TYPES - TYPES_ALONE
    assert {"ROAD", "CLOSE"} <= TYPES_ALONE


def test_a_town_that_a_street_is_named_after_stays_in_the_form() -> None:
    assert without_town("# OADBY s,OADBY") == ("# OADBY s,OADBY", None)
    assert without_town("# a s,OADBY") == ("# a s", "OADBY")


def test_most_towns_are_left_open() -> None:
    assert len(PLAIN_TOWNS) > 100
    assert "GREAT GLEN" not in PLAIN_TOWNS  # might be a street of that name
    assert "ST ALBANS" not in PLAIN_TOWNS  # read as Saint Albans


def test_every_word_that_the_code_asks_for_is_known_to_mean_something() -> None:
    asked: set[str] = set()
    for module in (addresses, address_parts):
        tree = ast.parse(inspect.getsource(module))
        told = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in told:
                asked |= set(re.findall(r"[A-Z]{3,}", node.value))
    assert {"FLOOR", "PLOT"} <= asked
    assert asked - {"ABCDEFGH"} <= MEANINGFUL
