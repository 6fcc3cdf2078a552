"""Levels of names, dates, addresses and identifiers, each named by an example."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.pairs import load_model
from matcher.pairs.comparators import LEVELS, level
from matcher.pairs.comparators.dates import dob_levels, pack, parts
from matcher.pairs.comparators.names import Vocabulary, name_levels, skeletons, sound, spelling, table
from matcher.pairs.compare import Comparer, nearly_exchanged
from matcher.pairs.encode import encode


def levels_of(left: dict[str, object], right: dict[str, object]) -> dict[str, str]:
    """Names of the levels of two records."""
    fields = {name: [left.get(name), right.get(name)] for name in {*left, *right}}
    kinds = {"dob": pa.date32(), "surname_parts": pa.list_(pa.string())}
    records = pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in fields.items()})
    found = Comparer(encode(records), load_model()).levels(
        np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    )[0]
    return {
        name: "missing" if not at else LEVELS[name][at - 1]
        for name, at in zip(load_model().layout.names, found, strict=True)
    }


def person(forename: str | None, surname: str | None, middle: str | None = None) -> dict[str, object]:
    return {
        "forename": forename,
        "surname": surname,
        "middle": middle,
        "surname_parts": surname.split() if surname else None,
    }


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (person("ANNA", "HILL"), person("ANNA", "HILL"), "exact"),
        (person("ROBERT", "HILL"), person("BOB", "HILL"), "family"),
        (person("MOHAMMED", "HILL"), person("MUHAMMAD", "HILL"), "family"),
        (person("KRZYSZTOF", "HILL"), person("KRYSZTOF", "HILL"), "family"),
        (person("XIAO", "CHEN", "MING"), person("XIAOMING", "CHEN"), "family"),
        (person("BARBEL", "HILL"), person("BRABEL", "HILL"), "close"),
        (person("ANNA", "HILL", "LOUISA"), person("LOUISA", "HILL"), "middle"),
        (person("KULDIP", "HUNJAN"), person("HUNJAN", "KULDIP"), "swapped"),
        (person("MOHAMMED", "KHAN", "ALI"), person("KHAN", "ALI", "MOHAMMED"), "swapped"),
        (person("K", "VANN"), person("VANN", "KEIRAN"), "swapped"),
        (person("A", "HILL"), person("ANNA", "HILL"), "initial"),
        (person("A", "HILL"), person("A", "HILL"), "initial"),
        (person("MOHAMMED", "HILL"), person("DANYAL", "HILL"), "prefix"),
        (person("MOHAMMED", "HILL", "TARIQ"), person("DANYAL", "HILL"), "different"),
        (person("MOHAMMED", "HILL", "TARIQ"), person("TARIQ", "HILL"), "family"),
        (person("MUHAMMAD", "HILL", "TARIQ"), person("T", "HILL"), "initial"),
        (person("ANNA", "HILL", "TESSA"), person("T", "HILL"), "different"),
        (person("MOHAMMED", "KHAN", "TARIQ"), person("MUHAMMAD", "KHAN", "DANYAL"), "different"),
        (person("MOHAMMED", "KHAN", "TARIQ"), person("MOHAMMED", "KHAN", "TARIQUE"), "exact"),
        (person("MOHAMMED", "KHAN", "TARIQ"), person("MOHAMMED", "KHAN"), "exact"),
        (person("ANNA", "HILL", "TESSA"), person("ANNA", "HILL", "LOUISA"), "exact"),
        (person("OSWICK", "JAS"), person("JASON", "OSWICK"), "swapped"),
        (person("ANNA", "HILL"), person("PETER", "HILL"), "different"),
        (person("A", "HILL"), person("PETER", "HILL"), "different"),
        (person(None, "HILL"), person("PETER", "HILL"), "missing"),
    ],
)
def test_forenames(left: dict[str, object], right: dict[str, object], expected: str) -> None:
    assert levels_of(left, right)["forename"] == expected
    assert levels_of(right, left)["forename"] == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (person("MOHAMMED", "BUTT", "JAMIL"), person("BUTT", "MOHAMMED", "TARIQ"), "different"),
        (person("MOHAMMED", "BUTT", "JAMIL"), person("BUTT", "MOHAMMED", "JAMIL"), "agrees"),
        (person("MOHAMMED", "KHAN", "ALI"), person("KHAN", "ALI", "MOHAMMED"), "missing"),  # all three changed places
    ],
)
def test_middle_names_of_exchanged_names(left: dict[str, object], right: dict[str, object], expected: str) -> None:
    assert levels_of(left, right)["middle"] == expected
    assert levels_of(right, left)["middle"] == expected


def test_a_middle_name_that_is_the_name_used_is_compared_once() -> None:
    tariq, danyal = person("MOHAMMED", "KHAN", "TARIQ"), person("MUHAMMAD", "KHAN", "DANYAL")
    assert levels_of(tariq, danyal)["middle"] == "missing"
    assert levels_of(tariq, tariq)["middle"] == "agrees"


def test_a_forename_tells_the_sex_where_many_of_known_sex_bear_it() -> None:
    known = (
        [("RASHID", "M")] * 9
        + [("RASHIDA", "F")] * 9
        + [("ROBIN", "M")] * 9
        + [("ROBIN", "F")] * 9
        + [("ANNA", "F")] * 3
    )
    rows = [*known, ("RASHID", None), ("RASHIDA", None), ("ROBIN", None), ("ANNA", None), (None, None)]
    forenames, sexes = zip(*rows, strict=True)
    encoded = encode(pa.table({"forename": pa.array(forenames), "sex": pa.array(sexes, pa.string())}))
    assert encoded.sex[len(known) :].tolist() == [2, 3, -1, -1, -1]
    assert encoded.of_both_sexes[encoded.forename[[0, 9, 18]]].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (person("ANNA", "SMITH JONES"), person("ANNA", "JONES"), "part"),
        (person("ANNA", "CHAUDHRY"), person("ANNA", "CHOWDHURY"), "family"),
        (person("ANNA", "HARBOTTLE"), person("ANNA", "HARBOTTEL"), "close"),
        (person("KULWANT", "KAUR"), person("KULWANT", "DOSANJH", "KAUR"), "middle"),
        (person("ANNA", "HILL"), person("ANNA", "BROOKES"), "different"),
        (person("KULDIP", "HUNJAN"), person("HUNJAN", "KULDIP"), "missing"),  # told by the forename's level
    ],
)
def test_surnames(left: dict[str, object], right: dict[str, object], expected: str) -> None:
    assert levels_of(left, right)["surname"] == expected


def home(postcode: str | None, number: str | None = None, **more: str) -> dict[str, object]:
    return {"postcode": postcode, "number": number, **more}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (home("LE1 1AA", "3"), home("LE1 1AA", "3"), "home"),
        (home("LE1 1AA", uprn="77"), home("LE9 9ZZ", uprn="77"), "home"),
        (home("LE1 1AA", "3", flat="1"), home("LE1 1AA", "3", flat="2"), "building"),
        (home("LE1 1AA", "3", flat="1"), home("LE1 1AA", "3"), "building"),
        (home(None, "3", street="HIGH STREET"), home("LE1 1AA", "3", street="HIGH STREET"), "door"),
        (home("LE1 1AA", "3"), home("LE1 1AB", "3"), "door"),
        (home("LE1 1AA"), home("LE1 1AA", "3"), "postcode"),
        (home("LE1 1AA", "3"), home("LE1 1AA", "4"), "neighbour"),
        (home("LE1 1AA", "3"), home("LE1 9ZZ", "4"), "district"),
        (home("LE1 1AA", "3"), home("CV1 9ZZ", "4"), "different"),
        (home(None, "3"), home("LE1 1AA", "3"), "missing"),
        (home("LE1 1AA", "3", address_kind="no_fixed_abode"), home("LE1 1AA", "3", address_kind="dwelling"), "missing"),
    ],
)
def test_addresses(left: dict[str, object], right: dict[str, object], expected: str) -> None:
    assert levels_of(left, right)["address"] == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((1980, 3, 4), (1980, 3, 4), "exact"),
        ((1980, 3, 4), (1980, 4, 3), "swapped"),
        ((1980, 3, 4), (1980, 3, 5), "one_digit"),
        ((1980, 3, 12), (1980, 3, 21), "one_digit"),
        ((1980, 3, 4), (1980, 3, 27), "two_parts"),
        ((1980, 3, 4), (1980, 1, 1), "new_year"),
        ((1980, 3, 4), (1981, 11, 27), "year_near"),
        ((1980, 3, 4), (1985, 11, 27), "different"),
        ((1980, 3, 4), (2007, 11, 27), "generation"),
        ((1970, 1, 1), (1999, 1, 1), "generation"),
        ((1970, 1, 1), (1982, 1, 1), "two_parts"),
        ((1970, 3, 4), (1999, 3, 4), "two_parts"),
    ],
)
def test_dates_of_birth(left: tuple[int, int, int], right: tuple[int, int, int], expected: str) -> None:
    assert levels_of({"dob": dt.date(*left)}, {"dob": dt.date(*right)})["dob"] == expected
    assert levels_of({"dob": dt.date(*right)}, {"dob": dt.date(*left)})["dob"] == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"nino": "AB123456C"}, {"nino": "AB123456C"}, "same"),
        ({"nino": "AB123456C"}, {"nino": "AB123465C"}, "close"),
        ({"nino": "AB123456C"}, {"nino": "ZZ999999A"}, "different"),
        ({"nino": "AB123456C", "upn": "A1"}, {"nino": "ZZ999999A", "upn": "A1"}, "same"),
        ({"nino": "AB123456C"}, {"upn": "A1"}, "missing"),
    ],
)
def test_identifiers(left: dict[str, object], right: dict[str, object], expected: str) -> None:
    assert levels_of(left, right)["identifier"] == expected


@given(st.dates(dt.date(1880, 1, 1), dt.date(2030, 12, 31)))
def test_a_date_is_packed_digit_by_digit(day: dt.date) -> None:
    days = np.array([(day - dt.date(1970, 1, 1)).days], dtype=np.int32)
    assert tuple(int(part[0]) for part in parts(days)) == (day.year, day.month, day.day)
    assert f"{int(pack(days)[0]):08x}" == f"{day:%d%m%Y}"


@given(st.lists(st.integers(-30_000, 20_000), min_size=2, max_size=2), st.booleans())
def test_dates_compare_alike_both_ways(days: list[int], missing: bool) -> None:
    a, b = (np.array([day], dtype=np.int32) for day in days)
    gone = np.array([missing])
    assert dob_levels(a, b, gone)[0] == dob_levels(b, a, gone)[0]
    assert (dob_levels(a, a, gone)[0] == 0) == missing


@given(
    st.lists(st.text("ABCDEHIKLMNOSTUVYZ", min_size=1, max_size=9), min_size=2, max_size=2, unique=True), st.booleans()
)
def test_names_compare_alike_both_ways(names: list[str], given_name: bool) -> None:
    words, comparison = Vocabulary(names), "forename" if given_name else "surname"
    a, b = np.array([0, 1, -1], dtype=np.int32), np.array([1, 0, 0], dtype=np.int32)
    one, other, none = name_levels(words, a, b, comparison)
    assert one == other
    assert one != level(comparison, "exact")
    assert none == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SHAHZAD", "SHAHZAAD"),
        ("ZUBAYDAH", "ZUBAIDAH"),
        ("WIGHT", "WITE"),
        ("KHURSHID", "KURSHEED"),
        ("JASVINDER", "JASWINDAR"),
    ],
)
def test_sound_generalises_beyond_the_table(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_the_table_of_names_is_sound() -> None:
    known = table()
    assert all(name.isascii() and name.isalpha() and name.isupper() for name in {*known.given, *known.family})
    assert "MUHAMMAD" in known.prefixes
    assert skeletons([""]) == [sound("")] == [spelling("")] == [""]


def test_levels_are_numbered_from_one_after_missing() -> None:
    assert [level("sex", name) for name in ("missing", *LEVELS["sex"])] == [0, 1, 2]
    with pytest.raises(ValueError, match="not in tuple"):
        level("sex", "nonsense")


def test_exchanged_names_of_which_one_is_nearly_found_again_are_told_from_those_found_again() -> None:
    names = [
        ("KULDIP", "HUNJAN"),
        ("HUNJAN", "KULDIP"),
        ("HUNJAN", "KULDEEP"),
        ("HUNJAN", "KULVIP"),
        ("HUNJAN", "BALWANT"),
        ("HUNJAN", "KUL"),
    ]
    table = pa.table({"forename": [first for first, _ in names], "surname": [last for _, last in names]})
    left, right = np.zeros(5, dtype=np.int32), np.arange(1, 6, dtype=np.int32)
    assert nearly_exchanged(encode(table), left, right).tolist() == [False, False, True, False, True]
