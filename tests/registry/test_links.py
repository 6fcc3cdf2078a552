"""Why rows are one person is kept for kept rows of one family alone, and goes with the people it is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.registry import Registry, schema
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, knows, seal

ALICE, BEN = Someone("SMITHERS", "ALICE", rows=2), Someone("SMITHERS", "BEN", 2001)
CARL = Someone("JONESTOWN", "CARL")
NOVEMBER = dt.date(2013, 11, 30)


@pytest.fixture
def registry(workspace: Workspace):
    with Registry.open(workspace) as registry:
        yield registry


def links(registry: Registry) -> list[dict[str, Any]]:
    return registry._read(lambda c: [dict(r) for r in c.execute(sa.select(schema.link)).mappings()])


def october() -> Month:
    """Alice twice (rows 1, 2) and Ben (3) in one family, Carl (4) in another; Dora does not qualify (5)."""
    month = Month(
        [
            House([ALICE, BEN]),
            House([CARL], area="city", postcode="LE1 5AB"),
            House([Someone("DOE", "DORA")], route="no"),
        ]
    )
    for left, right in ((0, 2), (0, 3), (0, 4)):
        month.explain(left, right, "weak")
    return month


def test_links_of_one_kept_family_stay_and_no_others(registry: Registry) -> None:
    seal(registry, october())
    ids = {(m["forename"]): m["person_id"] for f in families(registry) for m in registry.family(f).members}
    kept = links(registry)
    assert {(row["person_id"], row["other_id"], row["verdict"]) for row in kept} == {
        (ids["ALICE"], ids["ALICE"], "linked"),
        (ids["ALICE"], ids["BEN"], "weak"),
    }
    assert kept[0]["steps"] == [["start", "", -20.0], ["surname", "exact", 9.5], ["dob", "exact", 14.5]]
    assert [row["verdict"] for row in registry.family(kept[0]["family_id"]).links] == ["linked", "weak"]


def families(registry: Registry) -> list[str]:
    return sorted(set(registry.families()["family_id"].to_pylist()))


def test_a_row_that_was_joined_to_who_was_known_says_so_without_the_other_row(registry: Registry) -> None:
    seal(registry, october())
    before = len(links(registry))
    seal(registry, Month([House(knows([BEN], registry))], as_at=NOVEMBER))
    (new,) = links(registry)[before:]
    assert new["other_key"] is None and new["person_id"] == new["other_id"]


def test_an_answer_that_changed_the_verdict_is_told_as_one(registry: Registry) -> None:
    month = Month([House([ALICE, BEN])])
    month.links.clear()
    month.explain(0, 1, "weak")
    month.explain(0, 2, "linked")
    seal(registry, month)
    assert [row["verdict"] for row in links(registry)] == ["answered", "answered"]


def test_links_go_with_either_person_with_the_family_and_with_a_replaced_month(registry: Registry) -> None:
    batch, _ = seal(registry, october())
    ids = {m["forename"]: m["person_id"] for f in families(registry) for m in registry.family(f).members}
    registry.erase_people([ids["BEN"]], reason="request")
    assert [row["verdict"] for row in links(registry)] == ["linked"]
    registry.erase_families([f for f in families(registry) if registry.family(f).links], reason="no_further_risk")
    assert links(registry) == []
    second, _ = seal(registry, Month([House([ALICE])], as_at=NOVEMBER))
    assert len(links(registry)) == 1
    registry.rollback_batch(second)
    assert links(registry) == [] and batch
