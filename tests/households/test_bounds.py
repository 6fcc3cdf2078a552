"""Strange months: bounded work, plain warnings with counts only, and the same answer whatever the order of rows."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.households import place
from matcher.households.families import (
    HEAD,
    ORDINARY,
    PARTNER_GAP,
    SHARED,
    UNNUMBERED,
    Occupant,
    _Nucleus,
    families,
    role_of,
)
from specs.tables import HOUSEHOLD_MEMBERS, MEMBERS, PERSONS, RECORDS
from tests.households.world import AS_AT, TRUST, gazetteer_of, groups_of, members_of, placed_of, records_of

ADDRESSES = (
    "12 High Street, LE1 1AA", "12 High Street", "flat 1, 12 High Street, LE1 1AA", "12B High Street, LE1 1AA",
    "High Street, LE1 1AA", "=Abbey Hostel, 3 Low Road, LE1 1AB", "4 Low Road, LE1 1AB", "none", "nfa", "hmp",
)  # fmt: skip
NAMES = (
    "Ann Smith",
    "Bob Smith",
    "Cat Jones",
    "Dan Jones Smith",
    "Eve Singh",
    "Fay Kaur",
    "Guy Begum",
    "Hal White",
    "Ivy Brown",
)
SOURCES = ("dwp", "education", "residents", "police_asb", "housing.x", "registry")
MORE = ("", "seen=2013-05-01", "from=2013-01-01", "to=2013-02-01", "as=tenant", "as=partner", "as=lodger", "ref=7")

line = st.builds(
    lambda name, born, source, address, more: f"{name} | {born} | {source} | {address} | {more}",
    st.sampled_from((*NAMES, "-")),
    st.sampled_from(("", "1950-01-01", "1980-03-01", "1982-06-01", "2005-03-01", "2008-03-01")),
    st.sampled_from(SOURCES),
    st.sampled_from(ADDRESSES),
    st.sampled_from(MORE),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(line, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_everybody_has_one_household_whatever_the_order_of_rows(lines: list[str], random: object) -> None:
    born: dict[str, str] = {}
    fixed = []
    for text in lines:  # one date of birth a person
        cells = text.split(" | ")
        cells[1] = born.setdefault(cells[0], cells[1])
        fixed.append(" | ".join(cells))
    rows = [f"{text} row={number}" for number, text in enumerate(fixed, 1)]
    placed, names, _ = placed_of("\n".join(rows))
    assert placed.household_members["person_id"].to_pylist() == list(range(len(names)))
    assert placed.dwelling_rows.num_rows == sum(text.startswith("-") for text in lines)
    assert int(np.sum(placed.households["people"].to_numpy())) == len(names)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again, same_names, _ = placed_of("\n".join(rows[number] for number in order))
    assert same_names == names
    assert groups_of(again, names) == groups_of(placed, names)


occupant = st.tuples(
    st.none() | st.floats(0, 99), st.sampled_from(["M", "F", None]), st.integers(0, 5),
    st.sets(st.sampled_from(["SMITH", "SMYTH", "JONES", "BROWN"]), max_size=2), st.sampled_from(["SMITH", "ANN", None]),
)  # fmt: skip


@given(st.lists(occupant, min_size=1, max_size=14), st.sampled_from([ORDINARY, UNNUMBERED, SHARED]))
def test_families_give_one_group_each_and_ties_hold(rows: list[tuple], door: int) -> None:
    people = [
        Occupant(
            place, age, sex, age is not None and age < 18, role, tuple(sorted(parts)), (0.001,) * len(parts), forename
        )
        for place, (age, sex, role, parts, forename) in enumerate(rows)
    ]
    ties = [(0, len(people) - 1)]
    found = families(people, ties, door=door)
    assert len(found) == len(people)
    assert found[0] == found[-1]
    assert all(found[group] == group for group in found)


@given(st.lists(occupant, max_size=8))
def test_a_couple_is_found_whatever_stands_between_them(rows: list[tuple]) -> None:
    adults = [Occupant(place, age, sex, False, role, (), (), None) for place, (age, sex, role, _, _) in enumerate(rows)]
    nucleus = _Nucleus([adult for adult in adults if adult.age is not None])
    wanted = any(
        abs(one.age - other.age) <= PARTNER_GAP and one.sex != other.sex
        for one in nucleus.adults
        for other in nucleus.adults
    )
    assert nucleus.couple == wanted


@pytest.mark.parametrize("surnames", [1, 7])
def test_fifty_thousand_people_of_a_few_names_behind_one_door_take_no_longer_than_their_rows(surnames: int) -> None:
    people = [
        Occupant(
            place, float(place % 90), "MF"[place % 2], place % 90 < 18, HEAD if place % 7 == 0 else 0,
            ("ABCDEFG"[place % surnames] * 6,), (1 / surnames,), None,
        )
        for place in range(50_000)
    ]  # fmt: skip
    began = time.process_time()
    found = families(people, [(0, 49_999)], door=UNNUMBERED)
    assert time.process_time() - began < 10
    assert found[0] == found[-1]  # a case ties them
    assert len(set(found)) == 49_999


def many(count: int, address: str, surname: str = "Filler") -> tuple[pa.Table, pa.Table, pa.Table]:
    records, who = records_of(f"Ann {surname} | 1980-03-01 | dwp | {address}")
    whole = records.take(pa.array(np.zeros(count, dtype=np.int64)))
    ids = pa.array(np.arange(count), pa.int64())
    whole = whole.set_column(0, RECORDS.schema.field("record_id"), ids)
    names = [f"NAME{number % 997}" for number in range(count)]
    for column, values in (("forename", pa.array(names)), ("surname", pa.array([f"S{name}" for name in names]))):
        whole = whole.set_column(RECORDS.schema.get_field_index(column), RECORDS.schema.field(column), values)
    parts = pa.array([[f"S{name}"] for name in names], pa.list_(pa.string()))
    whole = whole.set_column(
        RECORDS.schema.get_field_index("surname_parts"), RECORDS.schema.field("surname_parts"), parts
    )
    _, persons, _ = members_of(records, who)
    persons = persons.take(pa.array(np.zeros(count, dtype=np.int64))).set_column(
        0, PERSONS.schema.field("person_id"), ids
    )
    members = pa.table(
        {"record_id": ids, "person_id": ids, "strength": pa.array(np.ones(count), pa.float32())}, schema=MEMBERS.schema
    )
    return whole, members, persons


@pytest.mark.parametrize("address", ["12 High Street, LE1 1AA", "High Street, LE1 1AA"])
def test_one_address_for_ten_thousand_people(address: str) -> None:
    began = time.perf_counter()
    placed = place(*many(10_000, address), gazetteer_of(), AS_AT, trust=TRUST)
    assert time.perf_counter() - began < 15
    assert placed.household_members.schema.equals(HOUSEHOLD_MEMBERS.schema)
    assert placed.households.num_rows > 500  # not one family
    assert any("1 address(es) hold more than 200 people each (10,000 in all)" in text for text in placed.warnings)
    assert not any("HIGH" in text.upper() for text in placed.warnings)


def test_no_address_at_all_is_said_once() -> None:
    placed = place(*many(300, "none"), gazetteer_of(), AS_AT, trust=TRUST)
    assert placed.households.num_rows == 300
    assert placed.warnings == ("No record gives a usable address: every person is a household of one.",)


def test_many_without_an_address_are_counted() -> None:
    placed, _, _ = placed_of("Ann Smith | | dwp | 12 High Street, LE1 1AA\nBob Jones | | dwp | nfa")
    assert placed.warnings == (
        "1 of 2 people have no usable address; each is a household of one unless a case ties them.",
    )


def test_nothing_at_all() -> None:
    placed = place(RECORDS.empty(), MEMBERS.empty(), PERSONS.empty(), gazetteer_of(), AS_AT, trust=TRUST)
    assert placed.households.num_rows == placed.household_members.num_rows == placed.dwelling_rows.num_rows == 0
    assert placed.warnings == ()


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("TENANT", 1), ("JOINT TENANT", 2), ("HEAD OF HOUSEHOLD", 1), ("WIFE", 2), ("TENANT'S SON", 3), ("STEP-DAUGHTER", 3),
        ("GRANDSON", 3), ("GRANDMOTHER", 4), ("MOTHER", 4), ("LODGER", 5), ("SUB-TENANT", 5), ("", 0), ("COUSIN", 0),
    ],
)  # fmt: skip
def test_roles_in_free_text(text: str, role: int) -> None:
    assert role_of(text) == role
