"""Batches, the supplies they took in, and the questions they waited for. Counts, digests and ids; no person."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import BATCH_ID, UtcStamp, code, metadata, of_batch, text

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("batch_id", BATCH_ID, primary_key=True),
    sa.Column("as_at", sa.Date(), nullable=False, index=True),
    code("state", 12, null=False),  # a name of matcher.registry.batches.STATES
    sa.Column("opened_at", UtcStamp(), nullable=False),
    sa.Column("changed_at", UtcStamp(), nullable=False),
    sa.Column("held_until", sa.Date()),
    text("waits_for"),  # role or partner that a held batch waits for
    sa.Column("applied_at", UtcStamp()),  # the families are in
    sa.Column("sealed_at", UtcStamp()),
    sa.Column("digests", sa.JSON(), nullable=False),  # "dataset" or "dataset.supplier" -> sha256 of the file
    sa.Column("figures", sa.JSON(), nullable=False),
    sa.Column("plan", sa.JSON(), nullable=False),
    sa.Column("replaces", BATCH_ID, sa.ForeignKey("batch.batch_id")),
    sa.Column("replaced_by", BATCH_ID, sa.ForeignKey("batch.batch_id")),  # its effects are undone
)

supply = sa.Table(
    "supply",
    metadata,
    of_batch(key=True),
    sa.Column("dataset", sa.String(60), primary_key=True),
    sa.Column("supplier", sa.String(60), primary_key=True),
    code("partner"),
    code("status", 12, null=False),  # accepted | rejected | ignored
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("rows_in", sa.Integer(), nullable=False),
    sa.Column("rows_accepted", sa.Integer(), nullable=False),
    sa.Column("rows_rejected", sa.Integer(), nullable=False),
)

question = sa.Table(
    "question",
    metadata,
    sa.Column("question_id", sa.String(24), primary_key=True),
    of_batch(),
    code("kind", null=False),
    sa.Column("subject", sa.JSON(), nullable=False),  # row numbers of the held tables, no person
    code("answer", 12),  # yes | no | defer; null: open
    text("answered_by"),  # a role
    code("reason"),
    sa.Column("asked_at", UtcStamp(), nullable=False),
    sa.Column("answered_at", UtcStamp()),
)
