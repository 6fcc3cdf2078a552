"""Families: what each is now, what each batch found of it, and its history."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import BATCH_ID, BIG, FAMILY_ID, PERSON_ID, UtcStamp, code, metadata, of_batch, text


def _what_a_batch_finds() -> list[sa.Column]:
    return [
        code("area", 10, null=False),
        code("route", 10, null=False),  # automatic | discretion
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("concerns", sa.JSON(), nullable=False),
        code("district"),
        text("address"),
        sa.Column("postcode", sa.String(10)),
        sa.Column("uprn", sa.String(12)),
    ]


family = sa.Table(
    "family",
    metadata,
    sa.Column("family_id", FAMILY_ID, primary_key=True),
    code("status", 8, null=False),  # active | closed
    sa.Column("identified_on", sa.Date(), nullable=False),  # as_at of the batch that found it
    sa.Column("identified_batch", BATCH_ID, sa.ForeignKey("batch.batch_id"), nullable=False, index=True),
    sa.Column("confirmed_batch", BATCH_ID, sa.ForeignKey("batch.batch_id"), nullable=False),  # last met the criteria
    sa.Column("review_due", sa.Date(), nullable=False),  # within 12 months of identification, then yearly
    sa.Column("merged_into", FAMILY_ID),
    *_what_a_batch_finds(),
    sa.Index("ix_family_area_status", "area", "status"),
)

family_state = sa.Table(
    "family_state",
    metadata,
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), primary_key=True),
    of_batch(key=True),
    sa.Column("meets", sa.Boolean(), nullable=False),
    code("status", 8, null=False),
    sa.Column("merged_into", FAMILY_ID),
    *_what_a_batch_finds(),
    sa.Index("ix_family_state_batch_id", "batch_id"),
)

family_event = sa.Table(
    "family_event",
    metadata,
    sa.Column("event_id", BIG, primary_key=True, autoincrement=True),
    sa.Column("family_id", FAMILY_ID, sa.ForeignKey("family.family_id"), nullable=False, index=True),
    of_batch(),
    code("event", 24, null=False),  # a name of matcher.registry.continuity.EVENTS
    sa.Column("person_id", PERSON_ID),
    sa.Column("other_family", FAMILY_ID),
    code("detail"),  # areas moved between, a reason code
    sa.Column("happened_on", sa.Date(), nullable=False),  # as_at
    sa.Column("stamped_at", UtcStamp(), nullable=False),
)
