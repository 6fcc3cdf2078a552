"""What a new month must know of the registry: its families and members, and their records to match against.

Takes a connection, gives Arrow tables. Closed families and their people are not in them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from matcher.registry import schema
from matcher.registry.continuity import Known
from matcher.registry.schema.records import KEPT_COLUMNS
from specs.tables import RECORDS, REGISTRY_DATASET

_WHEN = ("address_from", "address_to", "seen_on", "relationship")  # say when and how, not who: one row for all of them
_IDENTITY = tuple(n for n in KEPT_COLUMNS if n not in ("dataset", "supplier", "row", "part", "names_person", *_WHEN))
_ADDRESS = ("address", "flat", "building", "number", "street", "town", "postcode", "uprn")


def known(connection: sa.Connection) -> Known:
    """Open families and their current members."""
    family, member = schema.family, schema.membership
    families = connection.execute(
        sa.select(family.c.family_id, family.c.area, family.c.identified_on)
        .where(family.c.status == "active")
        .order_by(family.c.family_id)
    ).mappings()
    members = connection.execute(
        sa.select(member.c.family_id, member.c.person_id, member.c.joined_on)
        .join(family)
        .where(family.c.status == "active", member.c.left_batch.is_(None))
        .order_by(member.c.family_id, member.c.person_id)
    ).mappings()
    empty = Known.nothing()
    return Known(
        pa.Table.from_pylist([dict(row) for row in families], schema=empty.families.schema),
        pa.Table.from_pylist([dict(row) for row in members], schema=empty.members.schema),
    )


def known_records(connection: sa.Connection) -> pa.Table:
    """RECORDS: one row for each distinct identity that was kept of a member of an open family.

    Dataset "registry", row 0, `record_id` dense from 0. Who has left an open family is in it without `known_family`. An
    address is seen on the latest date that a kept row gives for it, else on the as_at of the batch that brought it; one
    that the person's latest batch no longer gave ends (`address_to`) on the day it was last seen.
    """
    family, member, record, batch = schema.family, schema.membership, schema.record, schema.batch
    member_of = {
        row.person_id: row.family_id
        for row in connection.execute(
            sa.select(member.c.person_id, member.c.family_id)
            .join(family)
            .where(family.c.status == "active", member.c.left_batch.is_(None))
        )
    }
    once_in_open = sa.select(member.c.person_id).join(family).where(family.c.status == "active")
    rows = connection.execute(
        sa.select(record.c.person_id, batch.c.as_at, *(record.c[name] for name in KEPT_COLUMNS))
        .join(batch, record.c.batch_id == batch.c.batch_id)
        .where(record.c.person_id.in_(once_in_open))
        .order_by(record.c.person_id, batch.c.as_at, record.c.record_key)
    )
    variants: dict[tuple[Any, ...], dict[str, Any]] = {}
    latest: dict[str, dt.date] = {}
    for row in rows.mappings():
        person, as_at = row["person_id"], row["as_at"]
        latest[person] = max(latest.get(person, as_at), as_at)
        key = (person, *(tuple(v) if isinstance(v := row[name], list) else v for name in _IDENTITY))
        seen = row["seen_on"] or as_at
        before = variants.get(key)
        if before is None:
            variants[key] = {**row, "seen_on": seen, "delivered": as_at}
        else:
            before |= {"seen_on": max(before["seen_on"], seen), "delivered": as_at}
            before |= {
                name: row[name] for name in ("address_from", "address_to", "relationship") if row[name] is not None
            }
    current = {  # addresses that the person's latest batch gave
        (v["person_id"], *(v[name] for name in _ADDRESS)) for v in variants.values() if v["delivered"] == latest[v["person_id"]]
    }  # fmt: skip
    out = []
    for place, variant in enumerate(variants.values()):
        person = variant["person_id"]
        gone = (person, *(variant[name] for name in _ADDRESS)) not in current
        out.append(
            {name: variant[name] for name in KEPT_COLUMNS}
            | {
                "record_id": place,
                "dataset": REGISTRY_DATASET,
                "supplier": "",
                "row": 0,
                "part": 0,
                "names_person": True,
                "beyond": False,
                "address_to": variant["address_to"] or (variant["seen_on"] if gone else None),
                "known_person": person,
                "known_family": member_of.get(person),
            }
        )
    return pa.Table.from_pylist(out, schema=RECORDS.schema)
