"""People of the families: the best values each batch found, and who belonged to which family when."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import BATCH_ID, BIG, FAMILY_ID, PERSON_ID, code, metadata, of_batch, text

person = sa.Table(
    "person",
    metadata,
    sa.Column("person_id", PERSON_ID, primary_key=True),
    sa.Column("first_batch", BATCH_ID, sa.ForeignKey("batch.batch_id"), nullable=False, index=True),
)

person_state = sa.Table(
    "person_state",
    metadata,
    sa.Column("person_id", PERSON_ID, sa.ForeignKey("person.person_id"), primary_key=True),
    of_batch(key=True),
    text("forename"),
    text("middle"),
    text("surname"),
    sa.Column("dob", sa.Date()),
    sa.Column("sex", sa.String(1)),
    sa.Column("nino", sa.String(9)),
    sa.Column("upn", sa.String(13)),
    code("placed_by"),  # reason code of the household
    sa.Column("placed_probability", sa.Float()),
    sa.Index("ix_person_state_batch_id", "batch_id"),
)

membership = sa.Table(
    "membership",
    metadata,
    sa.Column("membership_id", BIG, primary_key=True, autoincrement=True),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), nullable=False, index=True),
    sa.Column("person_id", PERSON_ID, sa.ForeignKey("person.person_id"), nullable=False, index=True),
    sa.Column("joined_batch", BATCH_ID, sa.ForeignKey("batch.batch_id"), nullable=False, index=True),
    sa.Column("left_batch", BATCH_ID, sa.ForeignKey("batch.batch_id"), index=True),
    sa.Column("joined_on", sa.Date(), nullable=False),
    sa.Column("left_on", sa.Date()),
)
