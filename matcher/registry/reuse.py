"""Families and people of a replaced batch keep their ids: lists that were handed out stay right.

Takes what continuity assigned for the replacing month and the records of the replaced one; gives the same assignment with old
ids in place of new ones wherever the same delivered references say that it is the same family or person. Each old id is
given once, to whom shares most references with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from matcher.registry.continuity import Assigned

_REFERENCE = ("dataset", "supplier", "ref")


def with_old_ids(
    assigned: Assigned, records: pa.Table, person_of: np.ndarray, household_of: np.ndarray, replaced: pa.Table
) -> Assigned:
    """`records` are the run's, `person_of` and `household_of` by record; `replaced` has families.RECORD_ROWS."""
    old = {"family_id": Counter[tuple[Any, str]](), "person_id": Counter[tuple[Any, str]]()}
    for row in replaced.to_pylist():
        if row["ref"] is not None:
            for name, counter in old.items():
                if row[name] is not None:
                    counter[tuple(row[n] for n in _REFERENCE), row[name]] += 1
    family_of = {family.household_id: family for family in assigned.families}
    person_now = {person.person: person for person in assigned.people}
    shared: Counter[tuple[str, str]] = Counter()
    holders: dict[str, dict[Any, set[str]]] = {name: {} for name in old}
    for name, counter in old.items():
        for reference, identifier in counter:
            holders[name].setdefault(reference, set()).add(identifier)
    columns = [records[name].to_pylist() for name in _REFERENCE]
    for position, reference in enumerate(zip(*columns, strict=True)):
        family = family_of.get(int(household_of[position]))
        if family is not None and not family.continues:
            shared.update((family.family_id, before) for before in holders["family_id"].get(reference, ()))
        person = person_now.get(int(person_of[position]))
        if person is not None and not person.known:
            shared.update((person.person_id, before) for before in holders["person_id"].get(reference, ()))
    return renamed(assigned, _once_each(shared))


def _once_each(shared: Counter[tuple[str, str]]) -> dict[str, str]:
    """New id -> old id, the pair that shares most first, each id used once."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for (now, before), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if now not in names and before not in taken:
            names[now] = before
            taken.add(before)
    return names


def renamed(assigned: Assigned, names: Mapping[str, str]) -> Assigned:
    """The assignment with ids replaced by `names` wherever they stand."""

    def new(value: Any) -> Any:
        return names.get(value, value) if isinstance(value, str) else value

    def each(rows: Iterable[Any]) -> list[Any]:
        return [replace(row, **{f.name: new(getattr(row, f.name)) for f in fields(row)}) for row in rows]

    return Assigned(
        families=each(assigned.families),
        people=each(assigned.people),
        left=[(new(family), new(person)) for family, person in assigned.left],
        merged={new(family): new(into) for family, into in assigned.merged.items()},
        followers=[(new(family), new(person)) for family, person in assigned.followers],
        events=each(assigned.events),
    )
