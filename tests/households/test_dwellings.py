"""Doors: which written addresses are one door, and which are not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.households import doors
from matcher.households.dwellings import find_dwellings
from matcher.households.mending import HOW
from specs.tables import RECORDS
from tests.households.world import gazetteer_of, records_of


def doors_of(*addresses: str, gazetteer: list[dict[str, str]] | None = None) -> list[int]:
    """Dwelling numbers of written addresses; `uprn=1` after a bar."""
    table = "\n".join(
        f"Ann Smith | | dwp | {address.split('/ ')[0]} | {address.split('/ ')[1] if '/ ' in address else ''}"
        for address in addresses
    )
    return find_dwellings(records_of(table)[0], gazetteer_of(gazetteer)).of_record.tolist()


SAME = {
    "a letter behind the number is the flat": ("12B High Street, LE1 1AA", "flat B, 12 High Street, LE1 1AA"),
    "flat 02 is flat 2": ("flat 02, 12 High Street, LE1 1AA", "flat 2, 12 High Street, LE1 1AA"),
    "an apartment is a flat": ("flat apartment 2, 12 High Street, LE1 1AA", "flat 2, 12 High Street, LE1 1AA"),
    "a misspelt street in the postcode": ("12 Hihg Street, LE1 1AA", *["12 High Street, LE1 1AA"] * 4),
    "a street cut short": ("12 Kensington, LE1 1AA", *["12 Kensington Avenue, LE1 1AA"] * 4),
    "no postcode, one street and number of that town": (
        "12 High Street, Oadby", "12 High Street, Oadby, LE2 4AA", "12 High Street, Wigston, LE18 1AA",
    ),
    "no postcode and a misspelt street": ("12 Kensingtn Avenue", "12 Kensington Avenue, LE1 1AA"),
    "a postcode with one key wrong": ("12 High Street, LE1 1AB", *["12 High Street, LE1 1AA"] * 3),
    "a building with and without its number": (
        "flat 3, =Abbey Court, High Street, LE1 1AA", "flat 3, =Abbey Court, 12 High Street, LE1 1AA",
    ),
    "a flat written as the number of its building": (
        "3 Abbey Court, LE1 1AA", "flat 3, =Abbey Court, 12 High Street, LE1 1AA",
    ),
    "flat and number changed places, where that house has flats": (
        "flat 51, 6 High Street, LE1 1AA", "flat 6, 51 High Street, LE1 1AA",
        *[f"flat {number}, 51 High Street, LE1 1AA" for number in range(1, 5)],
    ),
    "no street, one street with that number in the postcode": ("12, LE1 1AA", "12 High Street, LE1 1AA"),
    "a postcode with one key wrong on a street of several postcodes": (
        "35 High Street, LE1 1XJ", *["35 High Street, LE1 1XL"] * 2, *["1 High Street, LE1 1XJ"] * 3,
    ),
    "a misspelt street type": ("12 Kensington Avnue, LE1 1AA", *["12 Kensington Avenue, LE1 1AA"] * 4),
    "a UPRN and nothing else": ("/ uprn=0077", "/ uprn=77"),
    "a UPRN that another record gives an address": ("/ uprn=77", "12 High Street, LE1 1AA / uprn=77"),
}  # fmt: skip
DIFFERENT = {
    "two numbers of a street": ("12 High Street, LE1 1AA", "14 High Street, LE1 1AA"),
    "two flats of a house": ("flat 1, 12 High Street, LE1 1AA", "flat 2, 12 High Street, LE1 1AA"),
    "a house and the flat B in it": ("12 High Street, LE1 1AA", "12B High Street, LE1 1AA"),
    "two streets of a postcode": ("12 Ash Road, LE1 1AA", *["12 Ash Close, LE1 1AA"] * 4),
    "no postcode, two towns with that street and number": (
        "12 High Street", "12 High Street, Oadby, LE2 4AA", "12 High Street, Wigston, LE18 1AA",
    ),
    "one street in two postcodes, both well known": (
        *["12 High Street, LE1 1AA"] * 3, *["12 High Street, LE1 1AB"] * 3,
    ),
    "two buildings of one number": (
        "flat 3, =Abbey Court, 12 High Street, LE1 1AA", "flat 3, =Bede House, 12 High Street, LE1 1AA",
    ),
    "two UPRNs and nothing else": ("/ uprn=77", "/ uprn=78"),
    "one street name in two villages of a sector": (
        *["12 Main Street, Asfordby, LE14 2AB"] * 1, *["12 Main Street, Frisby, LE14 2AC"] * 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", SAME)
def test_one_door(title: str) -> None:
    found = doors_of(*SAME[title])
    assert found[0] == found[1] >= 0


@pytest.mark.parametrize("title", DIFFERENT)
def test_two_doors(title: str) -> None:
    found = doors_of(*DIFFERENT[title])
    assert found[0] != found[-1]
    assert min(found) >= 0


def test_nobody_lives_at_no_address_or_no_fixed_abode() -> None:
    assert doors_of("none", "nfa") == [-1, -1]


def test_the_gazetteer_gives_the_address_of_a_uprn_unless_number_and_postcode_contradict_it() -> None:
    listed = [{"uprn": "77", "number": "12", "street": "HIGH STREET", "postcode": "LE1 1AA", "district": "Leicester"}]
    found = doors_of(
        "12 High Street, LE1 1AA", "12 Hgh Steet / uprn=77", "3 Far Lane, LE9 9AA / uprn=77", gazetteer=listed
    )
    assert found[0] == found[1] != found[2]


def test_the_gazetteer_tells_shared_houses_and_institutions() -> None:
    listed = [
        {"uprn": "77", "number": "12", "street": "HIGH STREET", "postcode": "LE1 1AA", "place_class": "RH"},
        {"uprn": "78", "number": "14", "street": "HIGH STREET", "postcode": "LE1 1AA", "place_class": "RI"},
        {"uprn": "79", "number": "16", "street": "HIGH STREET", "postcode": "LE1 1AA", "place_class": "RD"},
    ]
    records, _ = records_of("\n".join(f"A B | | dwp | {number} High Street, LE1 1AA" for number in (12, 14, 16)))
    found = find_dwellings(records, gazetteer_of(listed))
    assert found.place[found.of_record].tolist() == [1, 3, 0]
    assert found.uprn[found.of_record].tolist() == ["77", "78", "79"]


def test_how_a_door_was_found_is_kept() -> None:
    records, _ = records_of(
        """
        A B | | dwp | 12 High Street, LE1 1AA
        A B | | dwp | 12 High Street
        A B | | dwp | High Street, LE1 1AA
        A B | | dwp | none
        """
    )
    found = find_dwellings(records, gazetteer_of())
    assert [HOW[code] for code in found.how] == ["as_delivered", "postcode_filled", "no_number", "none"]


def test_no_records_at_all() -> None:
    assert len(find_dwellings(RECORDS.empty(), gazetteer_of()).of_record) == 0


def test_order_of_records_changes_nothing() -> None:
    addresses = [address for group in (*SAME.values(), *DIFFERENT.values()) for address in group]
    one = doors_of(*addresses)
    order = np.random.default_rng(5).permutation(len(addresses))
    other = doors_of(*[addresses[place] for place in order])
    assert [other[place] for place in np.argsort(order)] == one


@pytest.mark.parametrize(
    ("flat", "number", "base", "unit"),
    [
        ("B", "12", "12", "B"), (None, "12B", "12", "B"), (None, "B/12", "12", "B"), (None, "2/12", "12", "2"),
        ("2", "12B", "12B", "2"), (None, "12", "12", None), (None, None, None, None), ("12B", None, "12", "B"),
    ],
)  # fmt: skip
def test_number_and_unit(flat: str | None, number: str | None, base: str | None, unit: str | None) -> None:
    assert doors.base_and_unit(flat, number) == (base, unit)


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("FLAT 02", "2"), ("ROOM 3", "RM3"), ("GROUND FLOOR FLAT", "GF"), ("1ST FLOOR", "1F"), ("2 A", "2A"),
        ("FLAT", None), ("APARTMENT 12", "12"), ("GROUND FLOOR FLAT 2", "2"),
    ],
)  # fmt: skip
def test_tidy_flats(text: str, tidy: str | None) -> None:
    assert doors.flat(text) == tidy


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30), st.text(max_size=12), st.text(max_size=12), st.sampled_from(["LE1 1AA", "LE1 1AB", None]))
def test_any_text_gives_a_door_or_none(street: str, number: str, flat: str, postcode: str | None) -> None:
    records, _ = records_of("A B | | dwp | 12 High Street, LE1 1AA\nA B | | dwp | none")
    rows = records.to_pylist()
    rows[1] |= {"street": street, "number": number, "flat": flat, "postcode": postcode, "address_kind": "dwelling"}
    found = find_dwellings(pa.Table.from_pylist(rows, schema=RECORDS.schema), gazetteer_of())
    assert found.of_record[0] >= 0
    assert found.of_record[1] < len(found.key)


@given(st.text("ABCDE ", min_size=1, max_size=14), st.text("ABCDE ", min_size=1, max_size=14))
def test_alike_streets_are_alike_both_ways(one: str, other: str) -> None:
    one, other = doors.words(one) or "A", doors.words(other) or "A"
    assert doors.same_street(one, other) == doors.same_street(other, one)
    assert doors.same_street(one, one)
