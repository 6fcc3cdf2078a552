"""Plain comparators give the levels of their plain definitions, whatever the values."""

from __future__ import annotations

import datetime as dt

import jellyfish
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.pairs.comparators import plain
from matcher.pairs.comparators.plain import DateTable, NameTable, PostcodeTable, exact_levels

# jellyfish reads some pairs of characters, as flags, as one
any_text = st.text(st.characters(codec="latin-1", categories=["L", "N", "P"]), min_size=1, max_size=12)
letters = st.text("ABEHILMNORST", min_size=1, max_size=10)
names = st.lists(st.one_of(letters, any_text), min_size=1, max_size=12, unique=True)
dates = st.one_of(
    st.dates(dt.date(1000, 1, 1)),
    st.builds(dt.date, st.sampled_from([1979, 1980, 1981, 1997]), st.integers(1, 12), st.integers(1, 12)),
)
codes = st.text("LE12 A", min_size=1, max_size=9)


def every_pair(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of all pairs, missing values (-1) among them."""
    left, right = np.meshgrid(np.arange(-1, size, dtype=np.int32), np.arange(-1, size, dtype=np.int32))
    return left.ravel(), right.ravel()


def held_against(table: object, values: list, plainly: object) -> None:
    left, right = every_pair(len(values))
    found = table.levels(left, right)  # type: ignore[attr-defined]
    expected = [
        0 if a < 0 or b < 0 else 1 if a == b else plainly(values[a], values[b])  # type: ignore[operator]
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert found.tolist() == expected


def by_jaro_winkler(a: str, b: str) -> int:
    similarity = jellyfish.jaro_winkler_similarity(a, b) + 1e-9
    return 2 if similarity >= 0.92 else 3 if similarity >= 0.8 else 4


def by_date(a: dt.date, b: dt.date) -> int:
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return 2
    if jellyfish.damerau_levenshtein_distance(f"{a:%Y%m%d}".zfill(8), f"{b:%Y%m%d}".zfill(8)) <= 1:
        return 3
    return 4 if abs(a.year - b.year) <= 1 else 5


def by_postcode(a: str, b: str) -> int:
    if jellyfish.damerau_levenshtein_distance(a, b) <= 1:
        return 2
    return 3 if a.split(" ")[0] == b.split(" ")[0] else 4


@given(names, st.sampled_from([0, 3, 1500]))
@settings(deadline=None)
def test_names(values: list[str], commonest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "COMMONEST", commonest)
        held_against(NameTable(values), values, by_jaro_winkler)


def test_names_near_a_threshold_and_with_many_equal_letters() -> None:
    values = [
        "AAAAAAAABA",
        "AAAAAAABAA",
        "AABBAAAA",
        "BAAA",
        "MARTHA",
        "MARHTA",
        "DIXON",
        "DICKSONX",
        "JON",
        "JAN",
        "ALI",
        "ALY",
    ]
    held_against(NameTable(values), values, by_jaro_winkler)


def test_a_similarity_of_exactly_the_threshold_is_at_it() -> None:
    assert NameTable(["ABCDE", "AFGDE"]).levels(np.array([0], np.int32), np.array([1], np.int32)).tolist() == [4]
    values = ["ABC", "ABD"]  # Jaro 7/9, and two letters in front: 0.8222
    similarity = jellyfish.jaro_winkler_similarity("ABC", "ABD")
    for threshold in (similarity - 1e-12, similarity, similarity + 1e-12):
        table = NameTable(values, thresholds=(threshold,))
        assert table.levels(np.array([0], np.int32), np.array([1], np.int32)).tolist() == [2]


@given(st.lists(dates, min_size=1, max_size=12, unique=True))
@settings(deadline=None)
def test_dates(values: list[dt.date]) -> None:
    held_against(DateTable([value.isoformat() for value in values]), values, by_date)


@given(st.lists(st.one_of(codes, any_text), min_size=1, max_size=12, unique=True))
@settings(deadline=None)
def test_postcodes(values: list[str]) -> None:
    held_against(PostcodeTable(values), values, by_postcode)


@pytest.mark.parametrize(
    ("other", "expected"),
    [("LE1 1AB", 2), ("LE11 1AA", 2), ("EL1 1AA", 2), ("LE11AA", 2), ("LE1 2BB", 3), ("LE2 1AB", 4)],
)
def test_postcodes_by_example(other: str, expected: int) -> None:
    assert PostcodeTable(["LE1 1AA", other]).levels(np.array([0], np.int32), np.array([1], np.int32)).tolist() == [
        expected
    ]


def test_equal_and_different_values() -> None:
    assert exact_levels(np.array([0, 0, -1, -1], np.int32), np.array([0, 1, 0, -1], np.int32)).tolist() == [1, 2, 0, 0]


@pytest.mark.parametrize("table", [NameTable([]), DateTable([]), PostcodeTable([])])
def test_a_column_without_values_is_missing_everywhere(table: NameTable | DateTable | PostcodeTable) -> None:
    missing = np.array([-1], dtype=np.int32)
    assert table.levels(missing, missing).tolist() == [0]
