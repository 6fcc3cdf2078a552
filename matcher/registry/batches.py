"""Batches in the registry: their states, what they took in, whether they may go on. Takes a connection, gives Batch.

Refuses a change of state that the states' order does not allow (a defect of the program: ValueError) and an unknown
batch (UserError).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema

NEXT: dict[str, frozenset[str]] = {
    "open": frozenset({"matching", "abandoned"}),
    "matching": frozenset({"held", "sealing", "open", "abandoned"}),  # back to open: rejected supplies, nothing matched
    "held": frozenset({"matching", "sealing", "expired", "abandoned"}),
    "sealing": frozenset({"sealed"}),
    "sealed": frozenset(),
    "expired": frozenset(),
    "abandoned": frozenset(),
}
UNFINISHED = ("open", "matching", "held", "sealing")


@dataclass(frozen=True)
class Batch:
    """One month's run. `digests`: dataset or dataset.supplier -> sha256; `figures` and `plan`: counts and digests only."""

    batch_id: str
    as_at: dt.date
    state: str
    opened_at: dt.datetime
    changed_at: dt.datetime
    held_until: dt.date | None
    waits_for: str | None
    applied_at: dt.datetime | None
    sealed_at: dt.datetime | None
    digests: dict[str, str]
    figures: dict[str, Any]
    plan: dict[str, Any]
    replaces: str | None
    replaced_by: str | None

    @property
    def unfinished(self) -> bool:
        return self.state in UNFINISHED


def all_batches(connection: sa.Connection) -> list[Batch]:
    table = schema.batch
    return [
        Batch(**row._mapping)
        for row in connection.execute(sa.select(table).order_by(table.c.opened_at, table.c.batch_id))
    ]


def get_batch(connection: sa.Connection, batch_id: str) -> Batch:
    row = connection.execute(sa.select(schema.batch).where(schema.batch.c.batch_id == batch_id)).one_or_none()
    if row is None:
        raise UserError("The workspace has no such batch.", todo="see the batches with: matcher status")
    return Batch(**row._mapping)


def make_batch(
    connection: sa.Connection,
    as_at: dt.date,
    digests: Mapping[str, str],
    replaces: str | None,
    plan: Mapping[str, Any],
    now: dt.datetime,
) -> Batch:
    table = schema.batch
    taken = connection.execute(sa.select(table.c.batch_id).where(table.c.as_at == as_at)).scalars()
    number = max((int(batch_id.rsplit("-", 1)[1]) for batch_id in taken), default=0) + 1
    batch_id = f"{as_at.isoformat()}-{number}"
    connection.execute(
        table.insert().values(
            batch_id=batch_id,
            as_at=as_at,
            state="open",
            opened_at=now,
            changed_at=now,
            digests=dict(digests),
            figures={},
            plan=dict(plan),
            replaces=replaces,
        )
    )
    return get_batch(connection, batch_id)


def change_state(
    connection: sa.Connection, batch_id: str, state: str, fields: Mapping[str, Any], now: dt.datetime
) -> Batch:
    """Move a batch on; the same state again is allowed and only adds fields. `figures` and `plan` are merged into."""
    before = get_batch(connection, batch_id)
    if state != before.state and state not in NEXT[before.state]:
        raise ValueError(f"batch {batch_id}: {before.state} cannot become {state}")
    allowed = {"figures", "plan", "digests", "held_until", "waits_for"}
    if unknown := set(fields) - allowed:
        raise ValueError(f"no fields of a batch: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = dict(fields)
    for name in ("figures", "plan"):
        if name in values:
            values[name] = {**getattr(before, name), **values[name]}
    values |= {"state": state, "changed_at": now}
    if state == "sealed" and before.sealed_at is None:
        values["sealed_at"] = now
    if state not in ("held", "matching"):
        values |= {"held_until": None, "waits_for": None}
    connection.execute(schema.batch.update().where(schema.batch.c.batch_id == batch_id).values(values))
    return get_batch(connection, batch_id)


def put_supplies(connection: sa.Connection, batch_id: str, supplies: Iterable[Mapping[str, Any]]) -> None:
    """Replace the list of a batch's supplies: dataset, supplier, partner, status, digest, rows_in, _accepted, _rejected."""
    table = schema.supply
    connection.execute(table.delete().where(table.c.batch_id == batch_id))
    rows = [{**supply, "batch_id": batch_id} for supply in supplies]
    if rows:
        connection.execute(table.insert(), rows)


def usual_sizes(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Median rows of each supply over the sealed batches that were not replaced, for telling an unusual size."""
    table = schema.supply.join(schema.batch)
    query = (
        sa.select(schema.supply.c.dataset, schema.supply.c.supplier, schema.supply.c.rows_in)
        .select_from(table)
        .where(schema.batch.c.state == "sealed", schema.batch.c.replaced_by.is_(None))
    )
    sizes: dict[tuple[str, str], list[int]] = {}
    for dataset, supplier, rows in connection.execute(query):
        sizes.setdefault((dataset, supplier), []).append(rows)
    return {key: sorted(rows)[len(rows) // 2] for key, rows in sizes.items()}
