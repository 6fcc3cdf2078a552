"""What is kept of the delivered rows of qualifying families: who (record), what (evidence), and what was found of it."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from matcher.registry.schema.base import BIG, FAMILY_ID, PERSON_ID, code, metadata, of_batch, text
from specs.tables import RECORDS

_TYPES: dict[pa.DataType, type[sa.types.TypeEngine]] = {
    pa.string(): sa.Text,
    pa.date32(): sa.Date,
    pa.int32(): sa.Integer,
    pa.int8(): sa.Integer,
    pa.bool_(): sa.Boolean,
    pa.list_(pa.string()): sa.JSON,
}
NOT_KEPT = ("record_id", "known_person", "known_family", "beyond")  # dense ids of one run, and what is never kept
KEPT_COLUMNS = tuple(name for name in RECORDS.schema.names if name not in NOT_KEPT)

record = sa.Table(
    "record",
    metadata,
    sa.Column("record_key", BIG, primary_key=True, autoincrement=False),
    of_batch(),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), nullable=False, index=True),
    sa.Column("person_id", PERSON_ID, sa.ForeignKey("person.person_id"), index=True),  # null: about the dwelling
    sa.Column("strength", sa.Float()),  # strongest match probability to another record of the person
    *(
        sa.Column(name, _TYPES[RECORDS.schema.field(name).type](), nullable=RECORDS.schema.field(name).nullable)
        for name in KEPT_COLUMNS
    ),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("evidence_key", BIG, primary_key=True, autoincrement=False),
    of_batch(),
    sa.Column("record_key", BIG, sa.ForeignKey("record.record_key"), nullable=False, index=True),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), nullable=False, index=True),
    sa.Column("person_id", PERSON_ID, sa.ForeignKey("person.person_id"), index=True),
    code("kind", null=False),
    code("code"),
    sa.Column("begun", sa.Date()),
    sa.Column("ended", sa.Date()),
    sa.Column("quantity", BIG),
    text("fact", null=False),
    text("fact_key"),
)

finding = sa.Table(
    "finding",
    metadata,
    of_batch(key=True),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), primary_key=True),
    sa.Column("clause", sa.String(60), primary_key=True),
    code("status", 16, null=False),  # met | not_met | not_assessable
    text("note"),
    text("reading"),
    text("citation"),
)

support = sa.Table(
    "support",
    metadata,
    of_batch(key=True),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), primary_key=True),
    sa.Column("clause", sa.String(60), primary_key=True),
    sa.Column("evidence_key", BIG, sa.ForeignKey("evidence.evidence_key"), primary_key=True),
    sa.Column("person_id", PERSON_ID, sa.ForeignKey("person.person_id")),
)
