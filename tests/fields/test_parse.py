from __future__ import annotations

import datetime as dt
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.fields import TYPES, parse
from matcher.fields.at_once import numbers
from matcher.fields.conditions import holds
from matcher.fields.scalars import read_number
from specs.load import Column, ColumnType

AS_AT = dt.date(2013, 10, 31)


def column(kind: str, **more: Any) -> Column:
    return Column(id="c", name="C", type=kind, meaning="m", **more)  # type: ignore[arg-type]


def read(kind: str, values: list[str | None], **more: Any) -> tuple[list[Any], list[tuple[int, str]]]:
    parsed = parse(kind, pa.array(values, pa.string()), column=column(kind, **more), as_at=AS_AT)  # type: ignore[arg-type]
    return parsed.values.to_pylist(), list(zip(parsed.bad.tolist(), parsed.rules, strict=True))


def test_counts() -> None:
    values, bad = read("count", ["3", " 4 ", "5.0", "1,200", "", None, "-1", "2.5", "x", "9999999999"])
    assert values == [3, 4, 5, 1200, None, None, None, None, None, None]
    assert bad == [(6, "count"), (7, "count"), (8, "count"), (9, "count")]


def test_yes_no_blank_is_no_and_unknown_is_nothing() -> None:
    values, bad = read("yes_no", ["Y", "n", "Yes", "No", "1", "0", "true", "FALSE", "", "  ", None, "maybe"])
    assert values == [True, False, True, False, True, False, True, False, False, False, False, None]
    assert bad == [(11, "yes_no")]


def test_codes_ignore_case_and_punctuation_and_know_aliases() -> None:
    values, bad = read(
        "code", ["high_cost", "High Cost", "GANG", "gangs", "?", None], codes={"HIGH_COST": "", "GANG": ""},
        code_aliases={"Gangs": "GANG"},
    )  # fmt: skip
    assert values == ["HIGH_COST", "HIGH_COST", "GANG", "GANG", None, None]
    assert bad == [(4, "code")]


def test_a_code_wins_over_an_alias_that_reads_alike() -> None:
    assert read("code", ["A"], codes={"A": "", "B": ""}, code_aliases={"a": "B"})[0] == ["A"]


def test_dates_and_terms() -> None:
    assert read("date", ["01/02/2003", "x", "01/01/1900"]) == ([dt.date(2003, 2, 1), None, None], [(1, "date")])
    assert read("date_of_birth", ["01/02/2014"]) == ([None], [(0, "dob_future")])
    assert read("term", ["autumn 2012/13", "x"]) == (["2012/13 Autumn", None], [(1, "term")])
    assert read("number", ["1.5", "x", "-3"]) == ([1.5, None, -3.0], [(1, "number")])


@pytest.mark.parametrize("kind", ["sex", "postcode", "nino", "upn", "nhs", "uprn", "estab"])
def test_what_is_checked_only_stays_as_delivered(kind: str) -> None:
    assert read(kind, [" zz ", "", None]) == (["zz", None, None], [(0, kind)])


@pytest.mark.parametrize("kind", ["text", "name", "address"])
def test_free_text_is_trimmed_and_unreadable_characters_reported(kind: str) -> None:
    assert read(kind, [" \u00a0Ann ", "", None, "A\ufffdn"]) == (["Ann", None, None, "A\ufffdn"], [(3, "characters")])


def test_chunked_and_empty_columns() -> None:
    for kind in get_args(ColumnType):
        empty = parse(kind, pa.chunked_array([], pa.string()), column=column(kind), as_at=AS_AT)
        assert (len(empty.values), len(empty.bad)) == (0, 0)
        assert empty.values.type == TYPES.get(kind, pa.string())
        halves = pa.chunked_array([pa.array(["", "1"]), pa.array([None, "1"])])
        assert len(parse(kind, halves, column=column(kind), as_at=AS_AT).values) == 4


@settings(deadline=None)
@given(st.sampled_from(get_args(ColumnType)), st.lists(st.none() | st.text(max_size=8), max_size=8))
def test_every_type_reads_any_text_alike_alone_or_among_others(kind: str, values: list[str | None]) -> None:
    together, bad = read(kind, values)
    assert len(together) == len(values)
    for position, value in enumerate(values):
        alone, fault = read(kind, [value])
        assert alone[0] == together[position]
        assert [(position, rule) for _, rule in fault] == [entry for entry in bad if entry[0] == position]


def test_conditions() -> None:
    table = pa.table(
        {
            "code": ["A", "B", None, "A"],
            "flag": pa.array([True, False, None, False]),
            "day": pa.array([dt.date(2013, 1, 1), None, None, dt.date(2013, 1, 2)]),
        }
    )
    for when, expected in [
        ({}, [1, 1, 1, 1]),
        ({"code": ("A",)}, [1, 0, 0, 1]),
        ({"code": ("A", "")}, [1, 0, 1, 1]),
        ({"code": ("*",)}, [1, 1, 0, 1]),
        ({"flag": ("Y",)}, [1, 0, 0, 0]),
        ({"flag": ("N",)}, [0, 1, 0, 1]),
        ({"day": ("*",), "code": ("A", "B")}, [1, 0, 0, 1]),
        ({"day": ("2013-01-02",)}, [0, 0, 0, 1]),
        ({"undelivered": ("*", "A")}, [0, 0, 0, 0]),
        ({"undelivered": ("",)}, [1, 1, 1, 1]),
    ]:
        assert holds(when, table).tolist() == np.array(expected, bool).tolist(), when


@given(st.lists(st.from_regex(r"[+-]?0{0,3}[0-9]{0,17}\.?[0-9]{0,17}", fullmatch=True)))
def test_numbers_of_a_column_at_once_are_those_read_one_by_one(texts: list[str]) -> None:
    found, sure = numbers(pa.array([*texts, None, "x", "451234.5", "0007"], pa.string()))
    for text, number, known in zip(texts, found.to_pylist(), sure.tolist(), strict=False):
        assert not known or read_number(text) == (number, None)
    assert sure[-4:].tolist() == [False, False, True, True]
