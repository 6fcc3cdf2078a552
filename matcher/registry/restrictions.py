"""Who is restricted, and what was corrected: both stand between the registry's rows and every list.

Takes a connection. A restriction follows a person who proves to be somebody already known, and a family that becomes part of
another. Corrections lie over what the latest batch found, since the next supply may bring the wrong value again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from matcher.registry import schema

CORRECTABLE = ("forename", "middle", "surname", "dob", "sex")


def begin(connection: sa.Connection, values: Mapping[str, Any]) -> bool:
    """Restrict a person or family; False where that is in force already."""
    table = schema.restriction
    same = sa.and_(table.c.person_id.is_not_distinct_from(values["person_id"]),
                   table.c.family_id.is_not_distinct_from(values["family_id"]))  # fmt: skip
    if connection.execute(sa.select(table.c.restriction_id).where(same, table.c.lifted_on.is_(None))).first():
        return False
    connection.execute(table.insert().values(dict(values)))
    return True


def lift(connection: sa.Connection, person_id: str | None, family_id: str | None, on: dt.date, by_role: str) -> int:
    """Lift every restriction of a person or family. Gives how many there were."""
    table = schema.restriction
    which = table.c.family_id == family_id if person_id is None else table.c.person_id == person_id
    in_force = which & table.c.lifted_on.is_(None)
    return connection.execute(table.update().where(in_force).values(lifted_on=on, lifted_by=by_role)).rowcount


def restricted_people(connection: sa.Connection) -> frozenset[str]:
    """People under a restriction, with whom they proved to be."""
    event = schema.family_event
    became = connection.execute(sa.select(event.c.person_id, event.c.detail).where(event.c.event == "person_merged"))
    return _followed(_in_force(connection, schema.restriction.c.person_id), (tuple(row) for row in became))


def restricted_families(connection: sa.Connection) -> frozenset[str]:
    """Families under a restriction, with those that they became part of, and those whose members are all restricted."""
    family, member = schema.family, schema.membership
    became = connection.execute(
        sa.select(family.c.family_id, family.c.merged_into).where(family.c.merged_into.is_not(None))
    )
    found = _followed(_in_force(connection, schema.restriction.c.family_id), (tuple(row) for row in became))
    people = restricted_people(connection)
    if not people:
        return found
    members: dict[str, set[str]] = {}
    now = sa.select(member.c.family_id, member.c.person_id).where(member.c.left_batch.is_(None))
    for family_id, person_id in connection.execute(now):
        members.setdefault(family_id, set()).add(person_id)
    return found | {family_id for family_id, inside in members.items() if inside <= people}


def _in_force(connection: sa.Connection, column: sa.Column[Any]) -> set[str]:
    query = sa.select(column).where(column.is_not(None), schema.restriction.c.lifted_on.is_(None))
    return set(connection.execute(query).scalars())


def _followed(ids: set[str], became: Iterable[tuple[Any, ...]]) -> frozenset[str]:
    if not ids:
        return frozenset()
    steps = dict(became)
    for start in list(ids):
        now: str | None = start
        while (now := steps.get(now)) is not None and now not in ids:
            ids.add(now)
    return frozenset(ids)


def corrected(connection: sa.Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with `person_id` and columns of person_state, each with the latest correction of its person in place."""
    table = schema.correction
    latest: dict[str, dict[str, Any]] = {}
    for row in connection.execute(sa.select(table).order_by(table.c.correction_id)).mappings():
        value = row["new_value"]
        if row["field"] == "dob" and value is not None:
            value = dt.date.fromisoformat(value)
        latest.setdefault(row["person_id"], {})[row["field"]] = value
    return [{**row, **latest[row["person_id"]]} if row["person_id"] in latest else row for row in rows]
