"""Erasure in the registry: every row goes, a bare marker stays, and what others need is left as it was."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from matcher.registry import Registry, schema
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, knows, seal

SMITHS = [Someone("SMITHERS", "ALICE"), Someone("SMITHERS", "BEN", 2001)]
JONES = [Someone("JONESTOWN", "CARL"), Someone("JONESTOWN", "DORA", 2002)]
NOVEMBER = dt.date(2013, 11, 30)


@pytest.fixture
def registry(workspace: Workspace):
    with Registry.open(workspace) as registry:
        yield registry


def family_of(registry: Registry, surname: str) -> str:
    (found,) = {r["family_id"] for r in registry.families().to_pylist() if r["surname"] == surname}
    return found


def text_of(registry: Registry) -> str:
    return " ".join(text for _, text in registry.every_cell())


def rows(registry: Registry, table: sa.Table) -> list[dict]:
    return registry._read(lambda c: [dict(r) for r in c.execute(sa.select(table)).mappings()])


def test_a_family_goes_with_every_row_but_its_marker(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS, dwelling_row=True), House(JONES, postcode="LE12 2BB", area="city")]))
    gone, stays = family_of(registry, "SMITHERS"), family_of(registry, "JONESTOWN")
    kept = registry.family(stays)
    people = {m["person_id"] for m in registry.family(gone).members}
    assert registry.erase_families([gone], reason="no_further_risk") == 1
    left = text_of(registry)
    assert not any(value in left for value in ("SMITHERS", "ALICE", "LE11 1AA", *people))
    assert registry.family(stays) == kept and registry.families().num_rows == 2
    (marker,) = rows(registry, schema.erasure_marker)
    assert marker == {
        "family_id": gone, "area": "county", "identified_on": dt.date(2013, 10, 31),
        "erased_on": dt.datetime.now(dt.UTC).date(), "reason": "no_further_risk", "claim": None,
    }  # fmt: skip
    tables = {table for table, text in registry.every_cell() if text == gone}
    assert tables == {"erasure_marker"}


def test_erasing_twice_or_the_unknown_changes_nothing(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS), House(JONES)]))
    gone = family_of(registry, "SMITHERS")
    registry.erase_families([gone], reason="no_further_risk")
    before = list(registry.every_cell())
    assert registry.erase_families([gone, "F-AAAAAAAA"], reason="other") == 0
    assert registry.erase_people(["P-AAAAAAAA"], reason="other") == 0
    assert list(registry.every_cell()) == before


def test_many_ids_are_taken_in_slices(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS), House(JONES)]))
    gone = [family_of(registry, "SMITHERS"), family_of(registry, "JONESTOWN")]
    assert registry.erase_families([*gone, *(f"F-{n:08d}" for n in range(3000))], reason="programme_ended") == 2
    assert rows(registry, schema.person) == []


def test_what_was_merged_into_a_family_goes_with_it(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS), House(JONES)]))
    seal(registry, Month([House([*knows(SMITHS, registry), *knows(JONES, registry)])], NOVEMBER))
    (left,) = set(registry.families()["family_id"].to_pylist())
    assert registry.erase_families([left], reason="no_further_risk") == 2
    assert not any(value in text_of(registry) for value in ("SMITHERS", "JONESTOWN", "LE11 1AA"))


def test_who_moved_to_a_family_that_stays_keeps_only_what_was_found_there(registry: Registry) -> None:
    seal(registry, Month([House([*SMITHS, Someone("SMITHERS", "CARA", 1995)]), House(JONES)]))
    known = knows([*SMITHS, Someone("SMITHERS", "CARA", 1995)], registry)
    moved = Someone("NEWNAME", "CARA", 1995, known[2].known)
    seal(registry, Month([House(known[:2]), House([*knows(JONES, registry), moved])], NOVEMBER))
    gone, stays = family_of(registry, "SMITHERS"), registry.family(family_of(registry, "JONESTOWN")).family["family_id"]
    registry.erase_families([gone], reason="no_further_risk")
    members = {m["person_id"]: m["surname"] for m in registry.family(stays).members}
    assert members[moved.known] == "NEWNAME"
    assert "SMITHERS" not in text_of(registry)


def test_a_person_goes_and_the_family_stays_without_what_rested_on_them(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS), House(JONES)]))
    family = family_of(registry, "SMITHERS")
    alice = next(m["person_id"] for m in registry.family(family).members if m["forename"] == "ALICE")
    assert "crime_asb" in registry.family(family).family["criteria"]
    assert registry.erase_people([alice], reason="erasure") == 1
    detail = registry.family(family)
    assert [m["forename"] for m in detail.members] == ["BEN"]
    assert "ALICE" not in text_of(registry) and alice not in text_of(registry)
    assert detail.family["criteria"] == ["education", "work"], "the proven offence was hers"
    (judged,) = registry.judgements(family)
    assert judged.findings == [] and judged.criteria == ["education", "work"]
    assert detail.family["review_due"] == dt.datetime.now(dt.UTC).date()
    assert rows(registry, schema.erasure_marker) == []


def test_a_family_left_without_anybody_goes_too(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS), House(JONES)]))
    family = family_of(registry, "SMITHERS")
    registry.erase_people([m["person_id"] for m in registry.family(family).members], reason="erasure")
    assert family not in registry.families()["family_id"].to_pylist() and "SMITHERS" not in text_of(registry)


def test_an_erased_family_that_is_supplied_again_is_a_new_one(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS), House(JONES)]))
    gone = family_of(registry, "SMITHERS")
    registry.erase_families([gone], reason="no_further_risk")
    seal(registry, Month([House(SMITHS), House(knows(JONES, registry))], NOVEMBER))
    assert family_of(registry, "SMITHERS") != gone


def test_a_month_can_still_be_replaced_after_an_erasure(registry: Registry) -> None:
    batch, _ = seal(registry, Month([House(SMITHS), House(JONES)]))
    registry.erase_families([family_of(registry, "SMITHERS")], reason="no_further_risk")
    seal(registry, Month([House(knows(JONES, registry))]), replaces=batch)
    assert "SMITHERS" not in text_of(registry) and registry.families().num_rows == 2
