"""The disclosure log, and the open questions of held batches. Takes a connection; ids, counts and roles only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema
from matcher.registry.ids import new_id

ANSWERS = ("yes", "no", "defer")


@dataclass(frozen=True)
class Question:
    """Something a person decides. `subject`: row numbers of the held tables, no person. `answer` null: open."""

    question_id: str
    batch_id: str
    kind: str
    subject: dict[str, Any]
    answer: str | None
    answered_by: str | None
    reason: str | None
    asked_at: dt.datetime
    answered_at: dt.datetime | None


def put_disclosure(
    connection: sa.Connection,
    *,
    spec: str,
    recipient: str,
    purpose: str,
    form: str,
    fields: Sequence[str],
    family_ids: Iterable[str],
    people: int,
    by_role: str,
    now: dt.datetime,
    batch_id: str | None = None,
    gateway: str | None = None,
    digest: str | None = None,
) -> int:
    """Record what left, to whom, why. The same file of the same batch for the same recipient is recorded once."""
    table = schema.disclosure
    families = sorted(set(family_ids))
    if batch_id is not None:
        same = (table.c.batch_id == batch_id) & (table.c.spec == spec) & (table.c.recipient == recipient)
        before = connection.execute(sa.select(table.c.disclosure_id).where(same & (table.c.form == form))).scalar()
        if before is not None:  # a seal done twice: the newer file counts
            named = schema.disclosure_family
            connection.execute(named.delete().where(named.c.disclosure_id == before))
            confirmed = schema.confirmation  # of the older file; ids may be used again
            connection.execute(confirmed.delete().where(confirmed.c.disclosure_id == before))
            connection.execute(table.delete().where(table.c.disclosure_id == before))
    made = connection.execute(
        table.insert().values(
            batch_id=batch_id, spec=spec, recipient=recipient, purpose=purpose, gateway=gateway, form=form, digest=digest,
            fields=list(fields), families=len(families), people=people, by_role=by_role, disclosed_at=now,
        )
    )  # fmt: skip
    disclosure_id = int((made.inserted_primary_key or [0])[0])
    if families:
        connection.execute(
            schema.disclosure_family.insert(),
            [{"disclosure_id": disclosure_id, "family_id": family_id} for family_id in families],
        )
    return disclosure_id


def disclosures(connection: sa.Connection, batch_id: str | None = None) -> list[dict[str, Any]]:
    """The log, oldest first; with `batch_id` only that batch's."""
    query = sa.select(schema.disclosure).order_by(schema.disclosure.c.disclosure_id)
    if batch_id is not None:
        query = query.where(schema.disclosure.c.batch_id == batch_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def ask(
    connection: sa.Connection, batch_id: str, questions: Iterable[tuple[str, Mapping[str, Any]]], now: dt.datetime
) -> int:
    """Put the open questions of a batch, (kind, subject) each. Those put before are replaced. Gives their number."""
    table = schema.question
    connection.execute(table.delete().where(table.c.batch_id == batch_id))
    rows = [
        {"question_id": new_id("Q"), "batch_id": batch_id, "kind": kind, "subject": dict(subject), "asked_at": now}
        for kind, subject in questions
    ]
    if rows:
        connection.execute(table.insert(), rows)
    return len(rows)


def questions(connection: sa.Connection, batch_id: str) -> list[Question]:
    table = schema.question
    query = sa.select(table).where(table.c.batch_id == batch_id).order_by(table.c.kind, table.c.question_id)
    return [Question(**row) for row in connection.execute(query).mappings()]


def answer(
    connection: sa.Connection, question_id: str, given: str, *, by: str, reason: str, now: dt.datetime
) -> Question:
    """Record a person's answer; a later one replaces it. Raises UserError for an unknown question or answer."""
    if given not in ANSWERS:
        raise UserError("An answer is yes, no or defer.", todo="answer with one of these")
    table = schema.question
    values = {"answer": given, "answered_by": by, "reason": reason, "answered_at": now}
    changed = connection.execute(table.update().where(table.c.question_id == question_id).values(values)).rowcount
    if not changed:
        raise UserError("There is no such question.", todo="see the open ones with: matcher review list")
    return Question(**connection.execute(sa.select(table).where(table.c.question_id == question_id)).mappings().one())
