"""What each batch found of one family. Takes a connection, gives Judgements, newest first; none of a batch that did not see it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from matcher.registry import schema


@dataclass(frozen=True)
class Judgement:
    """A batch's view of the family. `findings` and `support` are plain dicts of the schema's columns."""

    batch_id: str
    as_at: dt.date
    meets: bool
    route: str
    criteria: list[str]
    concerns: list[str]
    findings: list[dict[str, Any]]
    support: list[dict[str, Any]]


def judgements(connection: sa.Connection, family_id: str) -> list[Judgement]:
    """Of every batch whose families are in, newest first. Empty for an unknown family."""
    state, batch = schema.family_state, schema.batch
    seen = (
        sa.select(
            state.c.batch_id, batch.c.as_at, state.c.meets, state.c.route, state.c.criteria, state.c.concerns,
        )
        .join(batch, batch.c.batch_id == state.c.batch_id)
        .where(state.c.family_id == family_id)
        .order_by(batch.c.applied_at.desc())
    )  # fmt: skip

    def of(table: sa.Table) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        rows = connection.execute(sa.select(table).where(table.c.family_id == family_id).order_by(table.c.clause))
        for row in rows.mappings():
            found.setdefault(row["batch_id"], []).append(dict(row))
        return found

    findings, support = of(schema.finding), of(schema.support)
    return [
        Judgement(**row, findings=findings.get(row["batch_id"], []), support=support.get(row["batch_id"], []))
        for row in connection.execute(seen).mappings()
    ]
