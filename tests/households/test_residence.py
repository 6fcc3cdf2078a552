"""Where a person lives, the reason kept for it, and what the month tells of its sources."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.households.dwellings import find_dwellings
from matcher.households.residence import settle
from matcher.households.surnames import find_surnames
from tests.households.world import AS_AT, TRUST, gazetteer_of, placed_of, records_of


def home_of(table: str, who: str = "Bob Smith") -> tuple[str | None, str]:
    """(address, reason) of a person."""
    placed, names, records = placed_of(table)
    row = placed.household_members.to_pylist()[names.index(who)]
    believed = row["record_id"]
    return (None if believed is None else records["address"].to_pylist()[believed]), row["reason"]


A, B = "12 High Street, LE1 1AA", "4 Low Road, LE1 1AB"


@pytest.mark.parametrize(
    ("title", "table", "address", "reason"),
    [
        ("one source", f"Bob Smith | | yos | {A}", "12 HIGH STREET", "only_address"),
        ("two that agree", f"Bob Smith | | yos | {A}\nBob Smith | | dwp | {A}", "12 HIGH STREET", "all_agree"),
        (
            "two against one",
            f"Bob Smith | | yos | {A}\nBob Smith | | education | {A}\nBob Smith | | dwp | {B}",
            "12 HIGH STREET",
            "most_agree",
        ),
        (
            "the more trusted of two",
            f"Bob Smith | | police_asb | {A}\nBob Smith | | dwp | {B}",
            "4 LOW ROAD",
            "most_trusted",
        ),
        (
            "the later of two alike",
            f"Bob Smith | | yos.a | {A} | seen=2011-01-01\nBob Smith | | yos.b | {B} | seen=2013-09-01",
            "4 LOW ROAD",
            "most_trusted",
        ),
        (
            "the registry's address gives way to any new one",
            f"Bob Smith | | registry | {A}\nBob Smith | | police_asb | {B}",
            "4 LOW ROAD",
            "uncertain",
        ),
        (
            "the registry's address where there is none",
            f"Bob Smith | | registry | {A}",
            "12 HIGH STREET",
            "only_address",
        ),
        ("a street only", "Bob Smith | | yos | High Street, LE1 1AA", "HIGH STREET", "street_only"),
        (
            "a door before a street",
            f"Bob Smith | | dwp | Low Road, LE1 1AB\nBob Smith | | police_asb | {A}",
            "12 HIGH STREET",
            "most_trusted",
        ),
        ("prison", "Bob Smith | | yos | hmp", "HMP LEICESTER", "institution"),
        ("nothing", "Bob Smith | | yos | none", None, "no_address"),
        ("gone by the register", f"Bob Smith | | residents | {A} | to=2013-01-01", "12 HIGH STREET", "left"),
        (
            "not there yet",
            f"Bob Smith | | residents | {A} | from=2014-01-01\nBob Smith | | police_asb | {B}",
            "4 LOW ROAD",
            "most_trusted",
        ),
        (
            "seen before the register's arrival elsewhere",
            f"Bob Smith | | dwp | {A} | seen=2013-01-01\nBob Smith | | residents | {B} | from=2013-06-01",
            "4 LOW ROAD",
            "most_trusted",
        ),
    ],
)
def test_home(title: str, table: str, address: str | None, reason: str) -> None:
    found = home_of(table)
    assert found == (address, reason), title


def test_a_source_that_is_often_wrong_is_found_out() -> None:
    lines = []
    for number in range(120):
        right, wrong = f"{number} High Street, LE1 1AA", f"{number} Low Road, LE1 1AB"
        lines += [f"Xa{number} Filler | | residents | {right}", f"Xa{number} Filler | | dwp | {right}"]
        lines.append(f"Xa{number} Filler | | health | {wrong if number % 3 == 0 else right}")
    records, who = records_of("\n".join(lines))
    person = np.unique(who, return_inverse=True)[1]
    dwellings = find_dwellings(records, gazetteer_of())
    surnames = find_surnames(records, person, 120)
    found = settle(
        records,
        person,
        120,
        dwellings,
        surnames,
        np.zeros(120, dtype=bool),
        np.full(120, np.nan),
        np.datetime64(AS_AT),
        TRUST,
        np.zeros(records.num_rows, dtype=np.int64),
    )
    assert 0.2 < found.error["health."] < 0.36
    assert max(found.error["dwp."], found.error["residents."]) < 0.05
