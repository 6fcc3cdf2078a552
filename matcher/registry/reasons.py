"""The evidence behind the criteria of listed families, with who delivered it. Takes a connection, gives REASON_ROWS."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import sqlalchemy as sa

from matcher.registry import schema

_text = pa.string()
REASON_ROWS = pa.schema(
    [("family_id", _text), ("person_id", _text), ("criterion", _text), ("kind", _text), ("code", _text), ("begun", pa.date32()),
     ("ended", pa.date32()), ("quantity", pa.int64()), ("dataset", _text), ("supplier", _text)]
)  # fmt: skip


def reason_rows(connection: sa.Connection, batch_id: str) -> pa.Table:
    """One row a piece of evidence behind a criterion or concern of the families that the batch found or confirmed.

    Where the batch itself kept no evidence of a family that continues, the reasons are those of its latest batch that did.
    """
    support, evidence, record, state, batch = (
        schema.support, schema.evidence, schema.record, schema.family_state, schema.batch,
    )  # fmt: skip
    listed = sa.select(state.c.family_id).where(state.c.batch_id == batch_id, state.c.meets)
    query = (
        sa.select(
            support.c.family_id, evidence.c.person_id, support.c.clause, evidence.c.kind, evidence.c.code, evidence.c.begun,
            evidence.c.ended, evidence.c.quantity, record.c.dataset, record.c.supplier, support.c.batch_id,
        )
        .join(evidence, evidence.c.evidence_key == support.c.evidence_key)
        .join(record, record.c.record_key == evidence.c.record_key)
        .where(support.c.family_id.in_(listed))
        .order_by(support.c.family_id, support.c.clause, evidence.c.evidence_key)
    )  # fmt: skip
    applied = {
        row.batch_id: row.applied_at for row in connection.execute(sa.select(batch.c.batch_id, batch.c.applied_at))
    }
    rows = connection.execute(query).all()
    latest: dict[str, dt.datetime] = {}
    for family_id, *_, batch_id in rows:
        latest[family_id] = max(latest.get(family_id, applied[batch_id]), applied[batch_id])
    told = [row[:-1] for row in rows if applied[row[-1]] == latest[row[0]]]
    columns = list(zip(*told, strict=True)) or [()] * len(REASON_ROWS)
    columns[2] = tuple(map(criterion_of, columns[2]))
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, REASON_ROWS, strict=True)], schema=REASON_ROWS
    )


def criterion_of(clause: str) -> str:
    """ "crime_asb.youth_offence" is a reason of "crime_asb"; a concern stands for itself."""
    group, _, name = clause.partition(".")
    return name if group == "concern" else group
