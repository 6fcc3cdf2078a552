"""Carry a plan out, and undo a replaced month. Takes a connection inside one transaction; done twice = done once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema
from matcher.registry.batches import get_batch
from matcher.registry.plan import FamilyPlan
from matcher.registry.schema.base import JsonText
from matcher.registry.schema.personal import SERVER
from matcher.registry.schema.records import KEPT_COLUMNS

_STATE = ("area", "route", "criteria", "concerns", "address", "postcode", "uprn", "district")


def apply_plan(connection: sa.Connection, plan: FamilyPlan, now: dt.datetime) -> bool:
    """Put a batch's families in; undoes first what the batch replaces. False where that was done before."""
    batch = get_batch(connection, plan.batch_id)
    if batch.applied_at is not None:
        return False
    if batch.replaces is not None:
        undo_batch(connection, batch.replaces, replaced_by=batch.batch_id)
    _families(connection, plan)
    _people(connection, plan)
    _events(connection, plan, now)
    keys = _records(connection, plan)
    evidence_keys = _evidence(connection, plan, keys)
    _findings(connection, plan, evidence_keys)
    _links(connection, plan, keys)
    connection.execute(schema.batch.update().where(schema.batch.c.batch_id == plan.batch_id).values(applied_at=now))
    return True


def _families(connection: sa.Connection, plan: FamilyPlan) -> None:
    table, batch_id = schema.family, plan.batch_id
    current = {row.family_id: row._mapping for row in connection.execute(sa.select(table))}
    new, changed, states = [], [], []
    for row in plan.families.to_pylist():
        values: dict[str, Any] = {name: row[name] for name in _STATE}
        before = current.get(row["family_id"])
        if before is not None:
            if not row["meets"]:  # why it qualified stays as last confirmed
                values |= {name: before[name] for name in ("route", "criteria", "concerns")}
            confirmed = batch_id if row["meets"] else before["confirmed_batch"]
            changed.append({**values, "confirmed_batch": confirmed, "key": row["family_id"]})
        else:
            new.append(
                {
                    **values,
                    "family_id": row["family_id"],
                    "status": "active",
                    "identified_on": plan.as_at,
                    "identified_batch": batch_id,
                    "confirmed_batch": batch_id,
                    "review_due": year_after(plan.as_at),
                }
            )
        states.append({**values, "family_id": row["family_id"], "batch_id": batch_id, "meets": row["meets"],
                       "status": "active", "merged_into": None})  # fmt: skip
    for family_id, into in plan.merged:
        before = current[family_id]
        states.append({**{name: before[name] for name in _STATE}, "family_id": family_id, "batch_id": batch_id,
                       "meets": False, "status": "closed", "merged_into": into})  # fmt: skip
    _insert_rows(connection, table, new)
    if changed:
        update = table.update().where(table.c.family_id == sa.bindparam("key"))
        named: dict[str, Any] = {name: sa.bindparam(f"v_{name}") for name in (*_STATE, "confirmed_batch")}
        connection.execute(
            update.values(named), [{k if k == "key" else f"v_{k}": v for k, v in row.items()} for row in changed]
        )
    for family_id, into in plan.merged:
        connection.execute(
            table.update().where(table.c.family_id == family_id).values(status="closed", merged_into=into)
        )
    _insert_rows(connection, schema.family_state, states)


def _people(connection: sa.Connection, plan: FamilyPlan) -> None:
    batch_id, on = plan.batch_id, plan.as_at
    known = set(connection.execute(sa.select(schema.person.c.person_id)).scalars())
    rows = plan.people.to_pylist()
    new = [row["person_id"] for row in rows if row["person_id"] not in known]
    _insert_rows(connection, schema.person, [{"person_id": person_id, "first_batch": batch_id} for person_id in new])
    names = [c.name for c in schema.person_state.c if c.name != "batch_id"]
    _insert_rows(
        connection, schema.person_state, [{**{n: row[n] for n in names}, "batch_id": batch_id} for row in rows]
    )
    table = schema.membership
    for family_id, person_id in plan.left:
        still = (table.c.family_id == family_id) & (table.c.person_id == person_id) & table.c.left_batch.is_(None)
        connection.execute(table.update().where(still).values(left_batch=batch_id, left_on=on))
    joined = [(row["family_id"], row["person_id"]) for row in rows if row["joined"]] + list(plan.followers)
    _insert_rows(
        connection,
        table,
        [{"family_id": f, "person_id": p, "joined_batch": batch_id, "joined_on": on} for f, p in joined],
    )


def _events(connection: sa.Connection, plan: FamilyPlan, now: dt.datetime) -> None:
    common = {"batch_id": plan.batch_id, "happened_on": plan.as_at, "stamped_at": now}
    _insert_rows(connection, schema.family_event, [{**row, **common} for row in plan.events.to_pylist()])


def _records(connection: sa.Connection, plan: FamilyPlan) -> dict[int, int]:
    """Insert the kept rows; gives the run's record_id -> record_key."""
    columns = _columns(plan.records.select(["record_id", "family_id", "person_id", "strength", *KEPT_COLUMNS]))
    ids = columns.pop("record_id")
    keys = _keys(connection, schema.record.c.record_key, len(ids))
    _insert(connection, schema.record, {**columns, "record_key": keys, "batch_id": [plan.batch_id] * len(ids)})
    return dict(zip(ids, keys, strict=True))


def _evidence(connection: sa.Connection, plan: FamilyPlan, record_keys: dict[int, int]) -> dict[int, int]:
    """Insert the kept evidence; gives the run's evidence_id -> evidence_key."""
    columns = _columns(plan.evidence)
    ids = columns.pop("evidence_id")
    columns["record_key"] = [record_keys[record] for record in columns.pop("record_id")]
    keys = _keys(connection, schema.evidence.c.evidence_key, len(ids))
    _insert(connection, schema.evidence, {**columns, "evidence_key": keys, "batch_id": [plan.batch_id] * len(ids)})
    return dict(zip(ids, keys, strict=True))


def _findings(connection: sa.Connection, plan: FamilyPlan, evidence_keys: dict[int, int]) -> None:
    found = plan.findings
    _insert(connection, schema.finding, {**_columns(found), "batch_id": [plan.batch_id] * found.num_rows})
    columns = _columns(plan.support)
    columns["evidence_key"] = [evidence_keys[evidence] for evidence in columns.pop("evidence_id")]
    _insert(connection, schema.support, {**columns, "batch_id": [plan.batch_id] * plan.support.num_rows})


def _links(connection: sa.Connection, plan: FamilyPlan, record_keys: dict[int, int]) -> None:
    columns, count = _columns(plan.links), plan.links.num_rows
    columns["record_key"] = [record_keys[record] for record in columns.pop("record_id")]
    others = columns.pop("other_record_id")
    columns["other_key"] = [None if record is None else record_keys[record] for record in others]
    columns["steps"] = list(map(JsonText, columns["steps"]))
    keys = _keys(connection, schema.link.c.link_key, count)
    _insert(connection, schema.link, {**columns, "link_key": keys, "batch_id": [plan.batch_id] * count})


def undo_batch(connection: sa.Connection, batch_id: str, *, replaced_by: str | None = None) -> None:
    """Take back everything a batch put in: rows deleted, families and memberships as before. The disclosure log stays.

    Raises UserError where a later batch has been applied since: its families rest on this one's.
    """
    batch = get_batch(connection, batch_id)
    table = schema.batch
    if batch.applied_at is None:
        return
    later = connection.execute(
        sa.select(table.c.batch_id).where(table.c.applied_at > batch.applied_at, table.c.replaced_by.is_(None))
    ).scalars().first()  # fmt: skip
    if later is not None:
        raise UserError(
            "Only the latest month can be replaced.",
            where=f"{batch_id}: {later} was matched after it",
            todo="correct it with the next month's supplies instead",
        )
    for child in (schema.link, schema.support, schema.finding, schema.evidence, schema.record, schema.family_event,
                  schema.person_state, schema.family_state):  # fmt: skip
        connection.execute(child.delete().where(child.c.batch_id == batch_id))
    members = schema.membership
    connection.execute(members.delete().where(members.c.joined_batch == batch_id))
    connection.execute(members.update().where(members.c.left_batch == batch_id).values(left_batch=None, left_on=None))
    connection.execute(schema.person.delete().where(schema.person.c.first_batch == batch_id))
    _restore_families(connection, batch_id)
    connection.execute(
        table.update().where(table.c.batch_id == batch_id).values(applied_at=None, replaced_by=replaced_by)
    )


def _restore_families(connection: sa.Connection, batch_id: str) -> None:
    family, state, batch = schema.family, schema.family_state, schema.batch
    connection.execute(family.delete().where(family.c.identified_batch == batch_id))
    query = sa.select(state, batch.c.applied_at).join(batch).order_by(state.c.family_id, batch.c.applied_at)
    latest: dict[str, dict[str, Any]] = {}
    for row in connection.execute(query):
        before = latest.get(row.family_id, {})
        confirmed = row.batch_id if row.meets else before.get("confirmed_batch")
        latest[row.family_id] = {name: getattr(row, name) for name in (*_STATE, "merged_into")} | {
            "confirmed_batch": confirmed
        }
        latest[row.family_id]["status"] = row.status
    closed_by_hand = set(
        connection.execute(
            sa.select(family.c.family_id).where(family.c.status == "closed", family.c.merged_into.is_(None))
        ).scalars()
    )
    for family_id, values in latest.items():
        if family_id in closed_by_hand:
            values.pop("status")
        connection.execute(family.update().where(family.c.family_id == family_id).values(values))


def year_after(day: dt.date) -> dt.date:
    """The same day a year later; 28 February for a 29th: within 12 months, never after."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _keys(connection: sa.Connection, column: sa.Column[int], count: int) -> Sequence[int]:
    """So many new keys, after the highest there is."""
    first = (connection.execute(sa.select(sa.func.max(column))).scalar() or 0) + 1
    return range(first, first + count)


def _columns(table: pa.Table) -> dict[str, Sequence[Any]]:
    """Each column's values. Texts and dates by way of numpy, which gives the same ones in a fraction of the time."""
    return {
        name: column.to_numpy().tolist() if column.type in (pa.string(), pa.date32()) else column.to_pylist()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }


def _insert_rows(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows that name the same columns."""
    if rows:
        _insert(connection, table, {name: [row[name] for row in rows] for name in rows[0]})


def _insert(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows by their columns. Each column's values are written in one go, as its type writes them."""
    dialect = connection.dialect
    names = [column.name for column in table.c if column.name in columns]
    written = []
    for name in names:
        write = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        written.append(columns[name] if write is None else _written(write, columns[name], dialect))
    rows = list(zip(*written, strict=True))
    if not rows:
        return
    statement = table.insert().compile(dialect=dialect, column_keys=names)
    by_place = getattr(statement, "positional", False)
    connection.exec_driver_sql(
        str(statement), rows if by_place else [dict(zip(names, row, strict=True)) for row in rows]
    )


def _written(write: Callable[[Any], Any], values: Sequence[Any], dialect: sa.Dialect) -> list[Any]:
    """The values as their column writes them. In a file equal ones are written alike, so once; a server's are sealed one by one."""
    if dialect.name == SERVER:
        return list(map(write, values))
    try:
        once = {value: write(value) for value in set(values)}
    except TypeError:  # lists
        return list(map(write, values))
    return [once[value] for value in values]
