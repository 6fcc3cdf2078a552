"""What left, to whom, why: the disclosure log. It stays when a family goes, so it holds ids without foreign keys."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import BATCH_ID, BIG, FAMILY_ID, UtcStamp, code, metadata, text

disclosure = sa.Table(
    "disclosure",
    metadata,
    sa.Column("disclosure_id", BIG, primary_key=True, autoincrement=True),
    sa.Column("batch_id", BATCH_ID, sa.ForeignKey("batch.batch_id"), index=True),  # null: by command, outside a batch
    code("spec", null=False),  # id of specs/disclosures/*.toml, or the command
    code("recipient", null=False),
    text("purpose", null=False),
    text("gateway"),
    text("form", null=False),  # file relative to the workspace, or stdout
    sa.Column("digest", sa.String(64)),  # of the file handed out
    sa.Column("fields", sa.JSON(), nullable=False),
    sa.Column("families", sa.Integer(), nullable=False),
    sa.Column("people", sa.Integer(), nullable=False),
    text("by_role", null=False),
    sa.Column("disclosed_at", UtcStamp(), nullable=False),
)

disclosure_family = sa.Table(
    "disclosure_family",
    metadata,
    sa.Column("disclosure_id", BIG, sa.ForeignKey("disclosure.disclosure_id"), primary_key=True),
    sa.Column("family_id", FAMILY_ID, primary_key=True),
)
