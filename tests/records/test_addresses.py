"""Addresses: a table of ways to write them, columns beside the line, and properties that hold for any text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.records.addresses import Address, AddressParser

KINDS = {"dwelling", "none", "no_fixed_abode", "po_box", "institution", "abroad"}
ALPHABET = re.compile(r"[A-Z0-9/-]+(?:,? [A-Z0-9/-]+)*")
TABLE = [
    tuple(cell.strip() for cell in line.rsplit(" | ", 1))
    for line in Path(__file__).with_name("addresses.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def parse(address: str | None, **columns: str | None) -> Address:
    return AddressParser().parse(address, **columns)


def shown(found: Address) -> str:
    return " / ".join(
        part or ""
        for part in (found.flat, found.building, found.number, found.street, found.town, found.postcode, found.kind)
    )


@pytest.mark.parametrize(("written", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_address(written: str, expected: str) -> None:
    assert shown(parse(written)).split() == expected.split()


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 120


def test_several_columns_are_one_address() -> None:
    whole = parse("Flat 2, 12 High St, Anstey, Leicester, LE1 1AA")
    assert parse("Flat 2", line_2="12 High St, Anstey", town="Leicester", postcode="le11aa") == whole
    assert parse("Flat 2, 12 High St", line_2="Anstey", town="Leicester", postcode="LE1 1AA") == whole


def test_the_postcode_column_wins_over_the_one_in_the_line() -> None:
    found = parse("12 High Street, Leicester, LE1 1AA", postcode="LE2 2BB")
    assert (found.postcode, found.address) == ("LE2 2BB", "12 HIGH STREET, LEICESTER")


def test_a_postcode_column_that_holds_none_leaves_the_one_in_the_line() -> None:
    assert parse("12 High Street, Leicester, LE1 1AA", postcode="not known").postcode == "LE1 1AA"


def test_a_town_column_alone_is_a_town() -> None:
    assert parse(None, town="Leicester", postcode="LE1 1AA") == Address(
        "LEICESTER", town="LEICESTER", postcode="LE1 1AA", kind="dwelling"
    )


def test_the_town_column_may_hold_any_place() -> None:
    assert parse("12 High Street", town="Little Snoring").town == "LITTLE SNORING"


def test_blank_columns_are_no_address() -> None:
    assert parse(None) == Address()
    assert parse("  ", postcode="LE1 1AA") == Address(postcode="LE1 1AA")


def test_a_foreign_town_in_a_uk_postcode_is_a_dwelling() -> None:
    assert parse("12 High Street, Poland, LE1 1AA").kind == "dwelling"


def test_display_line_holds_no_postcode_and_no_county() -> None:
    assert parse("fl. 2, 12 high st., Leicester, Leics. le1 1aa").address is not None
    found = parse("Flat 2, 12 High St, Anstey, Leics, LE1 1AA")
    assert found.address == "FLAT 2, 12 HIGH STREET, ANSTEY"


def check(found: Address) -> None:
    assert found.kind in KINDS
    for part in found[:6]:
        assert part is None or ALPHABET.fullmatch(part)
    assert found.postcode is None or re.fullmatch(r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}|GIR 0AA", found.postcode)
    if found.kind in ("none", "no_fixed_abode", "po_box"):
        assert found.flat is found.building is found.number is found.street is None


_WRITTEN = (
    "Flat 2|12|12A|High St|St|St Johns Rd|Rose Court|Leicester|LE1 1AA|,|, ,|/|-|first floor|NFA|c/o|A|unit|the|no|Leics|UK|"
    "2/1|12-14|Poland|1st|LE1|HMP|Café|\n|0|000|&|room|flat|basement|BLOCK B|ст|٣"
)
PIECES = st.sampled_from(_WRITTEN.split("|"))


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=9).map(" ".join)))
@settings(max_examples=600, deadline=None)
def test_any_text_gives_what_is_declared(text: str) -> None:
    check(parse(text))


@given(*[st.one_of(st.none(), st.text(max_size=30), st.lists(PIECES, max_size=4).map(" ".join))] * 4)
@settings(max_examples=300, deadline=None)
def test_any_columns_give_what_is_declared(
    first: str | None, second: str | None, town: str | None, code: str | None
) -> None:
    check(parse(first, line_2=second, town=town, postcode=code))


FLATS = st.sampled_from(["", "Flat 2, ", "Apt 14B, ", "First Floor Flat, ", "Basement, ", "Flat A, "])
HOUSES = st.sampled_from(["Rose Cottage, ", "12 ", "12A ", "12-14 ", "Victoria House, 3 "])
STREETS = st.sampled_from(["High St", "St Johns Rd", "Upper St John St", "Mill La", "The Green", "London Road South"])
TOWNS = st.sampled_from(["", ", Leicester", ", Anstey, Leicester", ", Ashby-de-la-Zouch, Leics"])


@given(FLATS, HOUSES, STREETS, TOWNS)
@settings(deadline=None)
def test_the_display_line_parses_to_the_same_parts(flat: str, house: str, street: str, town: str) -> None:
    found = parse(flat + house + street + town + ", LE1 1AA")
    assert found.street is not None and "STREET" not in found.street.split()[:1]
    assert parse(found.address, postcode=found.postcode) == found


def test_one_parser_answers_as_a_new_one_does() -> None:
    parser = AddressParser()
    for written, _ in TABLE * 2:
        assert parser.parse(written) == parse(written)


def test_a_very_long_cell_is_read_as_far_as_an_address_goes() -> None:
    check(parse("12 High Street, " * 10_000))
