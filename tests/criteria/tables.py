"""People, facts and areas of a test as the tables that `decide` takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from criteria.policy import DiscretionPolicy
from specs.tables import FACTS, PEOPLE
from tests.criteria.scenario_text import Fact, Person


def tables(
    people: Sequence[Person], facts: Sequence[Fact], area: str = "county"
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """PEOPLE, FACTS (evidence ids from 100 in order) and areas. A fact of "dwelling@2" is about household 2."""
    ids = {person.name: number for number, person in enumerate(people)}
    homes = {person.name: person.household for person in people}
    people_table = pa.Table.from_pylist(
        [{"person_id": ids[p.name], "household_id": p.household, "born": p.born, "pupil": p.pupil} for p in people],
        schema=PEOPLE.schema,
    )
    rows = []
    for number, fact in enumerate(facts):
        name, _, home = fact.who.partition("@")
        rows.append(
            {
                "evidence_id": 100 + number,
                "household_id": int(home) if home else homes.get(name, 1),
                "person_id": ids.get(name),
                "kind": fact.kind,
                "code": fact.code,
                "begun": fact.begun,
                "ended": fact.ended,
                "quantity": fact.quantity,
                "fact_key": fact.key,
            }
        )
        assert name in ids or name == "dwelling", f"nobody is called {name}"
    households = sorted({1, *homes.values(), *(row["household_id"] for row in rows)})
    areas = pa.table({"household_id": pa.array(households, pa.int64()), "area": [area] * len(households)})
    return people_table, pa.Table.from_pylist(rows, schema=FACTS.schema), areas


def switched(policy: DiscretionPolicy, orders: Sequence[str]) -> DiscretionPolicy:
    """The policy after orders such as "on looked_after", "off custody", "panel only", "cap 1", "weight custody 5"."""
    rules = policy.rules
    for order in orders:
        words = order.split()
        if words[0] in ("on", "off"):
            wanted = [entry.model_copy(update={"on": words[0] == "on"}) if entry.id == words[1] else entry
                      for entry in rules.concern]  # fmt: skip
            assert words[1] in {entry.id for entry in rules.concern}
            rules = rules.model_copy(update={"concern": tuple(wanted)})
        elif words[0] == "weight":
            wanted = [entry.model_copy(update={"weight": int(words[2])}) if entry.id == words[1] else entry
                      for entry in rules.concern]  # fmt: skip
            rules = rules.model_copy(update={"concern": tuple(wanted)})
        elif order == "panel only":
            rules = rules.model_copy(update={"automatic_approval": False})
        elif words[0] == "cap":
            rules = rules.model_copy(update={"cap": {"county": int(words[1])}})
        else:
            assert words[0] in ("approve", "decline"), order
    return replace(policy, rules=rules)
