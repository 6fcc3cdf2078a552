"""A restriction keeps people out of what the registry lists, and follows them; corrections lie over what was delivered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from matcher.registry import Registry
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, knows, seal

SMITHS = [Someone("SMITHERS", "ALICE"), Someone("SMITHERS", "BEN", 2001)]
JONES = [Someone("JONESTOWN", "CARL"), Someone("JONESTOWN", "DORA", 2002)]
NOVEMBER = dt.date(2013, 11, 30)
DAY = dt.date(2014, 1, 5)


@pytest.fixture
def registry(workspace: Workspace):
    with Registry.open(workspace) as registry:
        seal(registry, Month([House(SMITHS, dwelling_row=True), House(JONES)]))
        yield registry


def ids(registry: Registry, forename: str) -> tuple[str, str]:
    """(family, person) of somebody."""
    rows = registry.families(restricted=True).to_pylist()
    return next((r["family_id"], r["person_id"]) for r in rows if r["forenames"] == forename)


def restrict(registry: Registry, *, person: str | None = None, family: str | None = None) -> bool:
    values: dict[str, Any] = {
        "person_id": person,
        "family_id": family,
        "request_id": None,
        "reason": "accuracy_contested",
    }
    return registry.rights.restrict({**values, "by_role": "Programme information manager", "begun_on": DAY})


def listed(registry: Registry) -> set[str]:
    return {row["forenames"] for row in registry.families().to_pylist()}


def test_a_restricted_person_is_in_no_list_until_it_is_lifted(registry: Registry) -> None:
    _, alice = ids(registry, "ALICE")
    assert restrict(registry, person=alice)
    assert not restrict(registry, person=alice), "twice is once"
    assert listed(registry) == {"BEN", "CARL", "DORA"}
    assert alice not in registry.records()["person_id"].to_pylist()
    assert alice in registry.records(restricted=True)["person_id"].to_pylist()
    assert registry.rights.lift(person_id=alice, family_id=None, on=DAY, by_role="x") == 1
    assert listed(registry) == {"ALICE", "BEN", "CARL", "DORA"}
    assert registry.rights.lift(person_id=alice, family_id=None, on=DAY, by_role="x") == 0


def test_a_restricted_family_is_in_no_list(registry: Registry) -> None:
    family, _ = ids(registry, "ALICE")
    restrict(registry, family=family)
    assert listed(registry) == {"CARL", "DORA"}
    assert family not in registry.records()["family_id"].to_pylist(), "nor what is about the dwelling"


def test_a_family_of_restricted_people_alone_is_in_no_list(registry: Registry) -> None:
    family, alice = ids(registry, "ALICE")
    restrict(registry, person=alice)
    restrict(registry, person=ids(registry, "BEN")[1])
    assert family not in registry.families()["family_id"].to_pylist()
    assert family not in registry.records()["family_id"].to_pylist()


def test_a_restriction_follows_a_family_that_becomes_part_of_another(registry: Registry) -> None:
    for name in ("ALICE", "CARL"):
        restrict(registry, family=ids(registry, name)[0])
    first = ids(registry, "ALICE")[0]
    registry.rights.lift(person_id=None, family_id=first, on=DAY, by_role="x")
    seal(registry, Month([House([*knows(SMITHS, registry), *knows(JONES, registry)])], NOVEMBER))
    assert listed(registry) == set()


def test_a_restriction_follows_a_person_who_proves_to_be_another(registry: Registry) -> None:
    known = {(p.forename): p.known for p in [*knows(SMITHS, registry), *knows(JONES, registry)]}
    restrict(registry, person=known["ALICE"])
    restrict(registry, person=known["CARL"])
    both = Someone("SMITHERS", "ALICE", 1975, known["ALICE"], (known["CARL"],))
    seal(registry, Month([House([both, *knows(SMITHS[1:], registry)]), House(knows(JONES[1:], registry))], NOVEMBER))
    merged = {r["forenames"]: r["person_id"] for r in registry.families(restricted=True).to_pylist()}
    other = ({known["ALICE"], known["CARL"]} - {merged["ALICE"]}).pop()
    registry.rights.lift(person_id=merged["ALICE"], family_id=None, on=DAY, by_role="x")
    assert other in registry.rights.restricted()[1]
    assert "ALICE" not in listed(registry)


def test_a_restriction_outlasts_a_month_that_is_replaced(registry: Registry) -> None:
    alice = ids(registry, "ALICE")[1]
    restrict(registry, person=alice)
    batch = registry.last_sealed().batch_id
    replaced = registry.records(batch=batch, restricted=True)
    month = Month([House(SMITHS), House(JONES)])
    new = registry.new_batch(month.as_at, {"yos.county": "again"}, batch).batch_id
    registry.set_state(new, "matching")
    from matcher.registry.reuse import with_old_ids

    assigned = month.assign(registry.known(without=batch))
    records = month.table("records")
    person_of = month.table("members").sort_by("record_id")["person_id"].to_numpy()
    homes = month.table("household_members")
    home = dict(zip(homes["person_id"].to_pylist(), homes["household_id"].to_pylist(), strict=True))
    import numpy as np

    assigned = with_old_ids(assigned, records, person_of, np.array([home[p] for p in person_of]), replaced)
    registry.set_state(new, "sealing")
    registry.apply(new, month.plan(new, assigned))
    registry.set_state(new, "sealed")
    assert alice in registry.families(restricted=True)["person_id"].to_pylist()
    assert "ALICE" not in listed(registry)


def test_a_corrected_value_stands_in_the_lists_whatever_is_delivered_again(registry: Registry) -> None:
    family, alice = ids(registry, "ALICE")
    common = {"person_id": alice, "request_id": None, "said_by": "person", "by_role": "x", "corrected_on": DAY}
    registry.rights.correct({**common, "field": "surname", "old_value": "SMITHERS", "new_value": "SMYTHE"})
    registry.rights.correct({**common, "field": "dob", "old_value": "1975-05-17", "new_value": "1975-07-15"})
    seal(registry, Month([House(knows(SMITHS, registry)), House(knows(JONES, registry))], NOVEMBER))
    row = next(r for r in registry.families().to_pylist() if r["person_id"] == alice)
    assert (row["surname"], row["date_of_birth"]) == ("SMYTHE", dt.date(1975, 7, 15))
    member = next(m for m in registry.family(family).members if m["person_id"] == alice)
    assert member["surname"] == "SMYTHE"
    assert [c["old_value"] for c in registry.rights.corrections(alice)] == ["SMITHERS", "1975-05-17"]
    registry.erase_people([alice], reason="erasure")
    assert registry.rights.corrections(alice) == []
