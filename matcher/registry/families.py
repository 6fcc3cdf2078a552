"""Reading families out: lists for commands and outputs, and one family in full for its explanation.

Takes a connection, gives Arrow tables and FamilyDetail. Every use outside a run is a disclosure, which the caller records.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema
from matcher.registry.restrictions import corrected, restricted_families, restricted_people

_text = pa.string()
FAMILY_ROWS = pa.schema(
    [("family_id", _text), ("area", _text), ("route", _text), ("person_id", _text), ("forenames", _text), ("surname", _text),
     ("date_of_birth", pa.date32()), ("address", _text), ("postcode", _text), ("criteria", pa.list_(_text)),
     ("concerns", pa.list_(_text))]
)  # fmt: skip
RECORD_ROWS = pa.schema(
    [(name, _text) for name in ("family_id", "area", "route", "person_id", "dataset", "supplier", "ref")]
)


@dataclass(frozen=True)
class FamilyDetail:
    """One family in full. Lists hold plain dicts of the schema's columns, oldest first."""

    family: dict[str, Any]
    members: list[dict[str, Any]]  # current and former, with their latest values; left_on tells former ones
    records: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    events: list[dict[str, Any]]
    disclosures: list[dict[str, Any]]
    links: list[dict[str, Any]]


def family_rows(
    connection: sa.Connection, area: str | None = None, batch: str | None = None, *, restricted: bool = False
) -> pa.Table:
    """FAMILY_ROWS: one row a current member of a family that is not closed; with `batch`, of families it found or confirmed.

    A family without members has one row without a person. Who is restricted is left out, but for `restricted`: that is for
    counts alone. Corrected values stand in place of those that were delivered.
    """
    family, member, state = schema.family, schema.membership, _latest_person_states()
    in_family = (member.c.family_id == family.c.family_id) & member.c.left_batch.is_(None)
    query = (
        sa.select(
            family.c.family_id, family.c.area, family.c.route, member.c.person_id, state.c.forename, state.c.middle,
            state.c.surname, state.c.dob, family.c.address, family.c.postcode, family.c.criteria, family.c.concerns,
        )
        .select_from(family.outerjoin(member, in_family).outerjoin(state, state.c.person_id == member.c.person_id))
        .where(_listed(area, batch))
        .order_by(family.c.area, family.c.family_id, member.c.person_id)
    )  # fmt: skip
    found = _unrestricted(
        connection, [dict(row) for row in connection.execute(query).mappings()], all_of_them=restricted
    )
    # the oldest first within a family; here, since a server knows no date of birth
    found.sort(key=lambda row: (row["area"], row["family_id"], row["dob"] or dt.date.min))
    rows = [
        {
            **row,
            "forenames": " ".join(part for part in (row["forename"], row["middle"]) if part) or None,
            "date_of_birth": row["dob"],
        }
        for row in corrected(connection, found)
    ]
    return pa.Table.from_pylist(rows, schema=FAMILY_ROWS)


def record_rows(
    connection: sa.Connection, area: str | None = None, batch: str | None = None, *, restricted: bool = False
) -> pa.Table:
    """RECORD_ROWS: one row a kept record of a family that is not closed; with `batch`, the records it brought.

    A record about the dwelling has no person. Who is restricted is left out, but for `restricted`.
    """
    family, record = schema.family, schema.record
    where = _listed(area, None) if batch is None else _listed(area, None) & (record.c.batch_id == batch)
    query = (
        sa.select(
            family.c.family_id, family.c.area, family.c.route, record.c.person_id, record.c.dataset, record.c.supplier,
            record.c.ref,
        )
        .join(record, record.c.family_id == family.c.family_id)
        .where(where)
        .order_by(family.c.area, family.c.family_id, record.c.record_key)
    )  # fmt: skip
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return pa.Table.from_pylist(_unrestricted(connection, rows, all_of_them=restricted), schema=RECORD_ROWS)


def family_detail(connection: sa.Connection, family_id: str) -> FamilyDetail:
    """Everything about one family, closed ones too, but what batches found of it (`judgements`). Raises UserError."""
    family = schema.family
    row = connection.execute(sa.select(family).where(family.c.family_id == family_id)).mappings().one_or_none()
    if row is None:
        raise UserError("The registry holds no such family.", todo="see the families with: matcher families")
    member, state = schema.membership, _latest_person_states()
    members = (
        sa.select(*(c for c in member.c if c.name != "membership_id"), *(c for c in state.c if c.name != "person_id"))
        .select_from(member.outerjoin(state, state.c.person_id == member.c.person_id))
        .where(member.c.family_id == family_id)
        .order_by(member.c.joined_on, member.c.person_id)
    )

    def of(table: sa.Table, order: sa.Column) -> list[dict[str, Any]]:
        query = sa.select(table).where(table.c.family_id == family_id).order_by(order)
        return [dict(found) for found in connection.execute(query).mappings()]

    log, named = schema.disclosure, schema.disclosure_family
    told = sa.select(log).join(named).where(named.c.family_id == family_id).order_by(log.c.disclosure_id)
    return FamilyDetail(
        family=dict(row),
        members=corrected(connection, [dict(found) for found in connection.execute(members).mappings()]),
        records=of(schema.record, schema.record.c.record_key),
        evidence=of(schema.evidence, schema.evidence.c.evidence_key),
        events=of(schema.family_event, schema.family_event.c.event_id),
        disclosures=[dict(found) for found in connection.execute(told).mappings()],
        links=of(schema.link, schema.link.c.link_key),
    )


def family_of_row(connection: sa.Connection, batch_id: str, dataset: str, supplier: str, row: int) -> str | None:
    """The family for which a delivered row of a batch is kept, None where it is not."""
    record = schema.record
    query = sa.select(record.c.family_id).where(
        record.c.batch_id == batch_id, record.c.dataset == dataset, record.c.supplier == supplier, record.c.row == row
    )
    return connection.execute(query).scalars().first()


def _unrestricted(connection: sa.Connection, rows: list[dict[str, Any]], *, all_of_them: bool) -> list[dict[str, Any]]:
    """The rows of families and people that are not restricted."""
    if all_of_them:
        return rows
    families, people = restricted_families(connection), restricted_people(connection)
    return [row for row in rows if row["family_id"] not in families and row["person_id"] not in people]


def _listed(area: str | None, batch: str | None) -> sa.ColumnElement[bool]:
    family, state = schema.family, schema.family_state
    where = family.c.status == "active"
    if area is not None:
        where &= family.c.area == area
    if batch is not None:
        met = sa.select(state.c.family_id).where(state.c.batch_id == batch, state.c.meets)
        where &= family.c.family_id.in_(met)
    return where


def _latest_person_states() -> sa.Subquery:
    """The newest person_state of each person."""
    state, batch = schema.person_state, schema.batch
    newest = (
        sa.func.row_number().over(partition_by=state.c.person_id, order_by=batch.c.applied_at.desc()).label("newest")
    )
    ranked = sa.select(state, newest).join(batch, state.c.batch_id == batch.c.batch_id).subquery()
    columns = [ranked.c[column.name] for column in state.c if column.name != "batch_id"]
    return sa.select(*columns).where(ranked.c.newest == 1).subquery("latest_person")
