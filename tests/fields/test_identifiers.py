from __future__ import annotations

import operator

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.gb import nhs as std_nhs
from stdnum.gb import upn as std_upn

from matcher.fields import identifiers, postcodes
from matcher.fields.at_once import canonical_already
from matcher.fields.terms import parse_term


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("AB123456C", "AB123456C"), ("ab 12 34 56 c", "AB123456C"), ("AB123456", "AB123456"), ("AB-12-34-56-D", "AB123456D"),
     ("QQ123456C", None), ("BG123456A", None), ("TN010190M", None), ("AO123456A", None), ("AB123456E", None),
     ("AB12345C", None), ("DA123456A", None), ("ZZ123456A", None), ("", None)],
)  # fmt: skip
def test_nino_by_form_and_prefixes_that_are_allocated(text: str, canonical: str | None) -> None:
    assert identifiers.nino(text) == canonical


@settings(deadline=None)
@given(st.integers(0, 99_999_999_999), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUVWXYZ"))
def test_upn_takes_exactly_one_check_letter_of_those_possible(middle: int, last: str) -> None:
    body = f"{middle:011}{last}"
    right = [letter for letter in "ABCDEFGHJKLMNPQRTUVWXYZ" if identifiers.upn(letter + body)]
    assert right == [std_upn.calc_check_digit(body)]


def test_upn_temporary_spaced_and_wrong_ones() -> None:
    assert identifiers.upn(" b801200005001 ") == "B801200005001"
    assert identifiers.upn("A801200005001") is None
    temporary = "85540001300A"
    assert identifiers.upn(std_upn.calc_check_digit(temporary) + temporary) is not None
    assert identifiers.upn("X80120000A001") is None
    assert identifiers.upn("B80120000500I") is None


@settings(deadline=None)
@given(st.text(alphabet="0123456789 -Ax", max_size=14))
def test_nhs_agrees_with_the_reference(text: str) -> None:
    found = identifiers.nhs(text)
    assert found is None or (len(found) == 10 and std_nhs.is_valid(found))


def test_nhs_check_digit() -> None:
    assert identifiers.nhs("943 476 5870") == "9434765870"
    assert identifiers.nhs("9434765871") is None


def test_uprn_and_estab() -> None:
    assert identifiers.uprn("000123456789") == "123456789"
    assert identifiers.uprn("1234567890123") is None
    assert identifiers.uprn("0") is None
    assert identifiers.uprn("12a") is None
    assert identifiers.uprn("²") is None
    assert identifiers.estab("855/4001") == "8554001"
    assert identifiers.estab("85540010") is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("LE1 1AA", "LE1 1AA"), ("le11aa", "LE1 1AA"), ("LE 1 1AA", "LE1 1AA"), ("LE1 IAA", "LE1 1AA"),
     ("LEI 1AA", "LE1 1AA"), ("LE1O 2BB", "LE10 2BB"), ("LE3 OAB", "LE3 0AB"), ("0X1 1AA", "OX1 1AA"),
     ("1P1 1AA", "IP1 1AA"), ("SW1A 1AA", "SW1A 1AA"), ("W1A1AA", "W1A 1AA"), ("gir 0aa", "GIR 0AA"),
     ("LE1-1AA.", "LE1 1AA"), ("LE1", None), ("", None), ("LE1 1AC", None), ("QQ1 1AA", None), ("LE1 1AA LE1 1AA", None),
     ("LE1 1A0", None), ("12345", None)],
)  # fmt: skip
def test_postcode_repair(text: str, canonical: str | None) -> None:
    assert postcodes.repair(text) == canonical


@settings(deadline=None)
@given(st.text(max_size=12))
def test_a_repaired_postcode_stays_as_it_is(text: str) -> None:
    found = postcodes.repair(text)
    assert found is None or postcodes.repair(found) == found


@settings(deadline=None)
@given(st.integers(1901, 2199), st.sampled_from(["Autumn", "Spring", "Summer"]))
def test_terms_either_way_round(year: int, name: str) -> None:
    label = f"{year}/{(year + 1) % 100:02} {name}"
    term = parse_term(label)
    assert term is not None
    assert term.label == label
    for text in (f"{name} {year}/{(year + 1) % 100:02}", f"{year}-{year + 1} {name.upper()} Term", f" {label} "):
        assert parse_term(text) == term
    assert term.begun.year == year + (name != "Autumn")


def test_terms_have_the_agreed_days_and_sort_by_time() -> None:
    labels = ["2012/13 Summer", "2012/13 Autumn", "2012/13 Spring"]
    terms = sorted(term for term in map(parse_term, labels) if term)
    assert [(t.begun.isoformat(), t.ended.isoformat()) for t in terms] == [
        ("2012-09-01", "2012-12-31"),
        ("2013-01-01", "2013-04-30"),
        ("2013-05-01", "2013-08-31"),
    ]


@pytest.mark.parametrize("text", ["2012/14 Autumn", "Autumn 2012", "2012/13", "2012/13 Winter", "", "12/13 Autumn"])
def test_no_term(text: str) -> None:
    assert parse_term(text) is None


READERS = {
    "nino": identifiers.nino,
    "upn": identifiers.upn,
    "nhs": identifiers.nhs,
    "uprn": identifiers.uprn,
    "postcode": postcodes.repair,
}
WRITTEN = st.one_of(
    st.from_regex(r"[A-Z]{2}[0-9]{6}[A-E]?", fullmatch=True),
    st.integers(0, 99_999_999_999).map(lambda middle: std_upn.calc_check_digit(f"{middle:011}1") + f"{middle:011}1"),
    st.from_regex(r"[A-Z][0-9]{11}[0-9A-Z]", fullmatch=True),
    st.from_regex(r"[0-9]{1,13}", fullmatch=True),
    st.integers(0, 999_999_999).map(lambda nine: f"{nine:09}{-sum(map(operator.mul, range(10, 1, -1), map(int, f'{nine:09}'))) % 11}"),
    st.from_regex(r"[A-Z]{1,2}[0-9O]{1,2}[A-Z]? ?[0-9OI][A-Z]{2}", fullmatch=True),
    st.text(max_size=12),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(WRITTEN, max_size=20))
def test_what_is_told_of_a_column_at_once_is_told_of_each_of_its_texts(texts: list[str]) -> None:
    for kind, read in READERS.items():
        sure = canonical_already(kind, pa.array(texts, pa.string()))
        assert [read(text) for text, known in zip(texts, sure, strict=True) if known] == [
            text for text, known in zip(texts, sure, strict=True) if known
        ]
    assert not canonical_already("name", pa.array(texts, pa.string())).any()


def test_a_column_at_once_knows_usual_texts() -> None:
    usual = {
        "nino": "AB123456C",
        "upn": "B801200005001",
        "nhs": "9434765870",
        "uprn": "100030001",
        "postcode": "LE1 1AA",
    }
    for kind, text in usual.items():
        assert canonical_already(kind, pa.array([text, f" {text}", None, "x"])).tolist() == [True, False, False, False]
