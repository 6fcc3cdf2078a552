"""Erase families and people from the registry, every row of theirs. Takes a connection inside one transaction, and ids.

Done twice is done once, and unknown ids are passed over, so that a restored backup can be brought up to date by the ids of
the audit log alone. Of a family a bare marker stays (`_mark`): its id, area, dates and the reason; of a person nothing. The
disclosure log and the requests stay: they hold ids, never values. Decides nothing: see `matcher.rights`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from matcher.registry import schema
from matcher.registry.continuity import MEMBER_ERASED
from matcher.registry.reasons import criterion_of

_AT_ONCE = 500  # ids in one statement: both databases limit a statement's parameters


def with_merged(connection: sa.Connection, ids: Iterable[str]) -> list[str]:
    """The ids of families that the registry holds, and of those that were merged into them: the same people's rows."""
    family = schema.family
    into: dict[str, list[str]] = {}
    known = set()
    for row in connection.execute(sa.select(family.c.family_id, family.c.merged_into)):
        known.add(row.family_id)
        if row.merged_into is not None:
            into.setdefault(row.merged_into, []).append(row.family_id)
    wanted, waiting = set(), [identifier for identifier in ids if identifier in known]
    while waiting:
        identifier = waiting.pop()
        if identifier not in wanted:
            wanted.add(identifier)
            waiting += into.get(identifier, [])
    return sorted(wanted)


def erase_families(connection: sa.Connection, ids: Iterable[str], *, reason: str, on: dt.date) -> int:
    """Erase these families, those merged into them, and everybody who belongs to no other; gives the number of families.

    Of a person who also belongs to a family that stays, what this family's batches alone found goes too.
    """
    families = with_merged(connection, ids)
    people = _people_of(connection, families)
    for some in _slices(families):
        _mark(connection, some, reason, on)
        for table in (schema.link, schema.support, schema.finding, schema.evidence, schema.record, schema.family_event,
                      schema.family_state, schema.membership, schema.retention_decision, schema.restriction):  # fmt: skip
            connection.execute(table.delete().where(table.c.family_id.in_(some)))
        connection.execute(schema.family.delete().where(schema.family.c.family_id.in_(some)))
    gone, stay = _without_family(connection, people)
    _forget(connection, gone)
    _forget_states_before(connection, stay)
    return len(families)


def erase_people(connection: sa.Connection, ids: Iterable[str], *, reason: str, now: dt.datetime) -> int:
    """Erase these people, and the families that are left without anybody; gives the number of people.

    What a batch found of the family by their evidence alone goes too, and with it the criterion or concern: the family is
    then due for review at once. The family's history says that somebody was erased, not who: what was handed out before
    names that person still.
    """
    person = schema.person
    known: list[str] = []
    for some in _slices(sorted(set(ids))):
        known += connection.execute(sa.select(person.c.person_id).where(person.c.person_id.in_(some))).scalars()
    emptied = left_empty(connection, known)
    families = set(_families_of(connection, known)) - set(emptied)
    erase_families(connection, emptied, reason=reason, on=now.date())
    _note(connection, sorted(families), now)
    for some in _slices(known):
        _forget_rows(connection, some)
        _take_back_findings(connection, families, now.date())
        _forget(connection, some)
    return len(known)


def left_empty(connection: sa.Connection, people: Collection[str]) -> list[str]:
    """The families that nobody else ever belonged to: without these people nothing of them should be left."""
    member = schema.membership
    families = _families_of(connection, people)
    others: set[str] = set()
    for some in _slices(families):
        rows = connection.execute(sa.select(member.c.family_id, member.c.person_id).where(member.c.family_id.in_(some)))
        others |= {row.family_id for row in rows if row.person_id not in people}
    return [family for family in families if family not in others]


def _mark(connection: sa.Connection, families: list[str], reason: str, on: dt.date) -> None:
    """The only thing that stays of an erased family, made here alone."""
    family, marker = schema.family, schema.erasure_marker
    marked = set(connection.execute(sa.select(marker.c.family_id).where(marker.c.family_id.in_(families))).scalars())
    rows = connection.execute(
        sa.select(family.c.family_id, family.c.area, family.c.identified_on).where(family.c.family_id.in_(families))
    )
    new = [{**row, "erased_on": on, "reason": reason} for row in rows.mappings() if row["family_id"] not in marked]
    if new:
        connection.execute(marker.insert(), new)


def _note(connection: sa.Connection, families: list[str], now: dt.datetime) -> None:
    """An event without a person in the history of each family."""
    family = schema.family
    for some in _slices(families):
        query = sa.select(family.c.family_id, family.c.confirmed_batch).where(family.c.family_id.in_(some))
        events = [
            {"family_id": row.family_id, "batch_id": row.confirmed_batch, "event": MEMBER_ERASED, "happened_on": now.date(),
             "stamped_at": now}
            for row in connection.execute(query)
        ]  # fmt: skip
        connection.execute(schema.family_event.insert(), events)


def _people_of(connection: sa.Connection, families: list[str]) -> list[str]:
    found: set[str] = set()
    for some in _slices(families):
        for table in (schema.membership, schema.record, schema.evidence):
            query = sa.select(table.c.person_id).where(table.c.family_id.in_(some), table.c.person_id.is_not(None))
            found |= set(connection.execute(query).scalars())
    return sorted(found)


def _families_of(connection: sa.Connection, people: Collection[str]) -> list[str]:
    member = schema.membership
    found: set[str] = set()
    for some in _slices(sorted(people)):
        found |= set(connection.execute(sa.select(member.c.family_id).where(member.c.person_id.in_(some))).scalars())
    return sorted(found)


def _without_family(connection: sa.Connection, people: list[str]) -> tuple[list[str], list[str]]:
    member = schema.membership
    stay: set[str] = set()
    for some in _slices(people):
        stay |= set(connection.execute(sa.select(member.c.person_id).where(member.c.person_id.in_(some))).scalars())
    return [person for person in people if person not in stay], sorted(stay)


def _forget_rows(connection: sa.Connection, people: list[str]) -> None:
    record, evidence = schema.record, schema.evidence
    records = sa.select(record.c.record_key).where(record.c.person_id.in_(people))
    of_them = evidence.c.person_id.in_(people) | evidence.c.record_key.in_(records)
    keys = sa.select(evidence.c.evidence_key).where(of_them)
    support = schema.support
    connection.execute(support.delete().where(support.c.person_id.in_(people) | support.c.evidence_key.in_(keys)))
    connection.execute(evidence.delete().where(of_them))
    link = schema.link
    of_them = link.c.person_id.in_(people) | link.c.other_id.in_(people)
    of_them |= link.c.record_key.in_(records) | link.c.other_key.in_(records)
    connection.execute(link.delete().where(of_them))
    connection.execute(record.delete().where(record.c.person_id.in_(people)))
    event = schema.family_event
    connection.execute(event.delete().where(event.c.person_id.in_(people)))


def _forget(connection: sa.Connection, people: list[str]) -> None:
    """Remove people of whom no row is left that a family needs."""
    for some in _slices(people):
        for table in (schema.membership, schema.person_state, schema.restriction, schema.correction, schema.person):
            connection.execute(table.delete().where(table.c.person_id.in_(some)))


def _forget_states_before(connection: sa.Connection, people: list[str]) -> None:
    """What batches found of somebody before the family that is left: they found it in the family that goes."""
    state, member, batch = schema.person_state, schema.membership, schema.batch
    for some in _slices(people):
        joined = (
            sa.select(member.c.person_id, sa.func.min(batch.c.applied_at).label("since"))
            .join(batch, batch.c.batch_id == member.c.joined_batch)
            .where(member.c.person_id.in_(some))
            .group_by(member.c.person_id)
            .subquery()
        )
        old = (
            sa.select(state.c.person_id, state.c.batch_id)
            .join(batch, batch.c.batch_id == state.c.batch_id)
            .join(joined, joined.c.person_id == state.c.person_id)
            .where(batch.c.applied_at < joined.c.since)
        )
        for row in connection.execute(old).all():
            connection.execute(
                state.delete().where(state.c.person_id == row.person_id, state.c.batch_id == row.batch_id)
            )


def _take_back_findings(connection: sa.Connection, families: Iterable[str], on: dt.date) -> None:
    """Findings that rest on nothing any more, the criteria and concerns they made, and the review that this makes due."""
    finding, support, state, family = schema.finding, schema.support, schema.family_state, schema.family
    rests = (
        (support.c.batch_id == finding.c.batch_id)
        & (support.c.family_id == finding.c.family_id)
        & (support.c.clause == finding.c.clause)
    )
    for some in _slices(sorted(families)):
        met = sa.select(finding).where(finding.c.family_id.in_(some), finding.c.status == "met")
        rows = connection.execute(met.add_columns(sa.exists().where(rests).label("rests"))).mappings().all()
        left = {(r["batch_id"], r["family_id"], criterion_of(r["clause"])) for r in rows if r["rests"]}
        lost: dict[tuple[str, str], set[str]] = {}
        for row in rows:
            if not row["rests"]:
                key = (row["batch_id"], row["family_id"])
                connection.execute(
                    finding.delete().where(
                        finding.c.batch_id == key[0], finding.c.family_id == key[1], finding.c.clause == row["clause"]
                    )
                )
                if (*key, criterion_of(row["clause"])) not in left:
                    lost.setdefault(key, set()).add(criterion_of(row["clause"]))
        for (batch_id, family_id), names in lost.items():
            of_batch = (state.c.batch_id == batch_id) & (state.c.family_id == family_id)
            _without(connection, state, of_batch, names)
            _without(
                connection, family, (family.c.family_id == family_id) & (family.c.confirmed_batch == batch_id), names
            )
            connection.execute(family.update().where(family.c.family_id == family_id).values(review_due=on))


def _without(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool], names: set[str]) -> None:
    row = connection.execute(sa.select(table.c.criteria, table.c.concerns).where(where)).one_or_none()
    if row is not None:
        kept: dict[str, Any] = {
            "criteria": [name for name in row.criteria if name not in names],
            "concerns": [name for name in row.concerns if name not in names],
        }
        connection.execute(table.update().where(where).values(kept))


def _slices(ids: Iterable[str]) -> Iterator[list[str]]:
    whole = list(ids)
    for start in range(0, len(whole), _AT_ONCE):
        yield whole[start : start + _AT_ONCE]
