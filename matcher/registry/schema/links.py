"""Why two kept rows are one person, or of one family and not one person: comparisons, levels and numbers, no value of a row."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import BIG, FAMILY_ID, PERSON_ID, code, metadata, of_batch

link = sa.Table(
    "link",
    metadata,
    sa.Column("link_key", BIG, primary_key=True, autoincrement=False),
    of_batch(),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), nullable=False, index=True),
    sa.Column("person_id", PERSON_ID, sa.ForeignKey("person.person_id"), nullable=False, index=True),
    sa.Column("other_id", PERSON_ID, sa.ForeignKey("person.person_id"), nullable=False, index=True),  # of the other row
    sa.Column("record_key", BIG, sa.ForeignKey("record.record_key"), nullable=False, index=True),
    sa.Column("other_key", BIG, sa.ForeignKey("record.record_key"), index=True),  # null: known from earlier months
    code("verdict", 16, null=False),
    sa.Column("weight", sa.Float(), nullable=False),
    sa.Column("best", sa.Float(), nullable=False),
    sa.Column("worst", sa.Float(), nullable=False),
    sa.Column("steps", sa.JSON(), nullable=False),
)
