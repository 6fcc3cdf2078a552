"""Retention and rights: decisions, markers, confirmations, requests and views, restrictions, corrections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_marker",
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("area", sa.String(length=10), nullable=True),
        sa.Column("identified_on", sa.Date(), nullable=True),
        sa.Column("erased_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("claim", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("family_id", name=op.f("pk_erasure_marker")),
    )
    op.create_table(
        "retention_decision",
        sa.Column(
            "decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_retention_decision")),
    )
    op.create_index(op.f("ix_retention_decision_family_id"), "retention_decision", ["family_id"], unique=False)
    op.create_table(
        "rights_request",
        sa.Column("request_id", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("person_id", sa.String(length=10), nullable=True),
        sa.Column("family_id", sa.String(length=10), nullable=True),
        sa.Column("reference", sa.String(length=60), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("identity", sa.String(length=60), nullable=False),
        sa.Column("found", sa.String(length=16), nullable=True),
        sa.Column("searched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exemption", sa.String(length=60), nullable=True),
        sa.Column("citation", sa.Text(), nullable=True),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_rights_request")),
    )
    op.create_index(op.f("ix_rights_request_family_id"), "rights_request", ["family_id"], unique=False)
    op.create_index(op.f("ix_rights_request_person_id"), "rights_request", ["person_id"], unique=False)
    op.create_table(
        "correction",
        sa.Column(
            "correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.String(length=10), nullable=False),
        sa.Column("request_id", sa.String(length=10), nullable=True),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("old_value", sa.Text(), nullable=True),
        sa.Column("new_value", sa.Text(), nullable=True),
        sa.Column("said_by", sa.String(length=60), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("corrected_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["rights_request.request_id"], name=op.f("fk_correction_request_id")),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_correction")),
    )
    op.create_index(op.f("ix_correction_person_id"), "correction", ["person_id"], unique=False)
    op.create_table(
        "originator_view",
        sa.Column("request_id", sa.String(length=10), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=False),
        sa.Column("view", sa.String(length=16), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["rights_request.request_id"], name=op.f("fk_originator_view_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "partner", name=op.f("pk_originator_view")),
    )
    op.create_table(
        "restriction",
        sa.Column(
            "restriction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.String(length=10), nullable=True),
        sa.Column("family_id", sa.String(length=10), nullable=True),
        sa.Column("request_id", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("begun_on", sa.Date(), nullable=False),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["rights_request.request_id"], name=op.f("fk_restriction_request_id")),
        sa.PrimaryKeyConstraint("restriction_id", name=op.f("pk_restriction")),
    )
    op.create_index(op.f("ix_restriction_family_id"), "restriction", ["family_id"], unique=False)
    op.create_index(op.f("ix_restriction_person_id"), "restriction", ["person_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column(
            "disclosure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("destroyed_on", sa.Date(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.disclosure_id"], name=op.f("fk_confirmation_disclosure_id")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_confirmation")),
    )
