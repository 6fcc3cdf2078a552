"""The first schema: batches, families, people, what is kept of their records, disclosures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "batch",
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("as_at", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("replaces", sa.String(length=16), nullable=True),
        sa.Column("replaced_by", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["replaced_by"], ["batch.batch_id"], name=op.f("fk_batch_replaced_by")),
        sa.ForeignKeyConstraint(["replaces"], ["batch.batch_id"], name=op.f("fk_batch_replaces")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch")),
    )
    op.create_index(op.f("ix_batch_as_at"), "batch", ["as_at"], unique=False)
    op.create_table(
        "disclosure",
        sa.Column(
            "disclosure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("batch_id", sa.String(length=16), nullable=True),
        sa.Column("spec", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=60), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=True),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("families", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("disclosed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_disclosure_batch_id")),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_disclosure")),
    )
    op.create_index(op.f("ix_disclosure_batch_id"), "disclosure", ["batch_id"], unique=False)
    op.create_table(
        "family",
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("identified_on", sa.Date(), nullable=False),
        sa.Column("identified_batch", sa.String(length=16), nullable=False),
        sa.Column("confirmed_batch", sa.String(length=16), nullable=False),
        sa.Column("review_due", sa.Date(), nullable=False),
        sa.Column("merged_into", sa.String(length=10), nullable=True),
        sa.Column("area", sa.String(length=10), nullable=False),
        sa.Column("route", sa.String(length=10), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("concerns", sa.JSON(), nullable=False),
        sa.Column("district", sa.String(length=60), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postcode", sa.String(length=10), nullable=True),
        sa.Column("uprn", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["confirmed_batch"], ["batch.batch_id"], name=op.f("fk_family_confirmed_batch")),
        sa.ForeignKeyConstraint(["identified_batch"], ["batch.batch_id"], name=op.f("fk_family_identified_batch")),
        sa.PrimaryKeyConstraint("family_id", name=op.f("pk_family")),
    )
    op.create_index("ix_family_area_status", "family", ["area", "status"], unique=False)
    op.create_index(op.f("ix_family_identified_batch"), "family", ["identified_batch"], unique=False)
    op.create_table(
        "person",
        sa.Column("person_id", sa.String(length=10), nullable=False),
        sa.Column("first_batch", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["first_batch"], ["batch.batch_id"], name=op.f("fk_person_first_batch")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_first_batch"), "person", ["first_batch"], unique=False)
    op.create_table(
        "question",
        sa.Column("question_id", sa.String(length=24), nullable=False),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_question_batch_id")),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_question")),
    )
    op.create_index(op.f("ix_question_batch_id"), "question", ["batch_id"], unique=False)
    op.create_table(
        "supply",
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("dataset", sa.String(length=60), nullable=False),
        sa.Column("supplier", sa.String(length=60), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows_in", sa.Integer(), nullable=False),
        sa.Column("rows_accepted", sa.Integer(), nullable=False),
        sa.Column("rows_rejected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_supply_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "dataset", "supplier", name=op.f("pk_supply")),
    )
    op.create_table(
        "disclosure_family",
        sa.Column("disclosure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["disclosure.disclosure_id"], name=op.f("fk_disclosure_family_disclosure_id")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", "family_id", name=op.f("pk_disclosure_family")),
    )
    op.create_table(
        "family_event",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("person_id", sa.String(length=10), nullable=True),
        sa.Column("other_family", sa.String(length=10), nullable=True),
        sa.Column("detail", sa.String(length=60), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_family_event_batch_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_family_event_family_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_family_event")),
    )
    op.create_index(op.f("ix_family_event_batch_id"), "family_event", ["batch_id"], unique=False)
    op.create_index(op.f("ix_family_event_family_id"), "family_event", ["family_id"], unique=False)
    op.create_table(
        "family_state",
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("meets", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("merged_into", sa.String(length=10), nullable=True),
        sa.Column("area", sa.String(length=10), nullable=False),
        sa.Column("route", sa.String(length=10), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("concerns", sa.JSON(), nullable=False),
        sa.Column("district", sa.String(length=60), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postcode", sa.String(length=10), nullable=True),
        sa.Column("uprn", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_family_state_batch_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_family_state_family_id")),
        sa.PrimaryKeyConstraint("family_id", "batch_id", name=op.f("pk_family_state")),
    )
    op.create_index("ix_family_state_batch_id", "family_state", ["batch_id"], unique=False)
    op.create_table(
        "finding",
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reading", sa.Text(), nullable=True),
        sa.Column("citation", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_finding_batch_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_finding_family_id")),
        sa.PrimaryKeyConstraint("batch_id", "family_id", "clause", name=op.f("pk_finding")),
    )
    op.create_table(
        "membership",
        sa.Column(
            "membership_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("person_id", sa.String(length=10), nullable=False),
        sa.Column("joined_batch", sa.String(length=16), nullable=False),
        sa.Column("left_batch", sa.String(length=16), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_membership_family_id")),
        sa.ForeignKeyConstraint(["joined_batch"], ["batch.batch_id"], name=op.f("fk_membership_joined_batch")),
        sa.ForeignKeyConstraint(["left_batch"], ["batch.batch_id"], name=op.f("fk_membership_left_batch")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_family_id"), "membership", ["family_id"], unique=False)
    op.create_index(op.f("ix_membership_joined_batch"), "membership", ["joined_batch"], unique=False)
    op.create_index(op.f("ix_membership_left_batch"), "membership", ["left_batch"], unique=False)
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "person_state",
        sa.Column("person_id", sa.String(length=10), nullable=False),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("forename", sa.Text(), nullable=True),
        sa.Column("middle", sa.Text(), nullable=True),
        sa.Column("surname", sa.Text(), nullable=True),
        sa.Column("dob", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("nino", sa.String(length=9), nullable=True),
        sa.Column("upn", sa.String(length=13), nullable=True),
        sa.Column("placed_by", sa.String(length=60), nullable=True),
        sa.Column("placed_probability", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_person_state_batch_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_person_state_person_id")),
        sa.PrimaryKeyConstraint("person_id", "batch_id", name=op.f("pk_person_state")),
    )
    op.create_index("ix_person_state_batch_id", "person_state", ["batch_id"], unique=False)
    op.create_table(
        "record",
        sa.Column(
            "record_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("person_id", sa.String(length=10), nullable=True),
        sa.Column("strength", sa.Float(), nullable=True),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("names_person", sa.Boolean(), nullable=False),
        sa.Column("ref_system", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("forename", sa.Text(), nullable=True),
        sa.Column("middle", sa.Text(), nullable=True),
        sa.Column("surname", sa.Text(), nullable=True),
        sa.Column("surname_parts", sa.JSON(), nullable=True),
        sa.Column("name_order_sure", sa.Boolean(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("dob", sa.Date(), nullable=True),
        sa.Column("nino", sa.Text(), nullable=True),
        sa.Column("upn", sa.Text(), nullable=True),
        sa.Column("nhs", sa.Text(), nullable=True),
        sa.Column("uprn", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("flat", sa.Text(), nullable=True),
        sa.Column("building", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("address_kind", sa.Text(), nullable=False),
        sa.Column("address_from", sa.Date(), nullable=True),
        sa.Column("address_to", sa.Date(), nullable=True),
        sa.Column("seen_on", sa.Date(), nullable=True),
        sa.Column("relationship", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_record_batch_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_record_family_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_record_person_id")),
        sa.PrimaryKeyConstraint("record_key", name=op.f("pk_record")),
    )
    op.create_index(op.f("ix_record_batch_id"), "record", ["batch_id"], unique=False)
    op.create_index(op.f("ix_record_family_id"), "record", ["family_id"], unique=False)
    op.create_index(op.f("ix_record_person_id"), "record", ["person_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column(
            "evidence_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("record_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("person_id", sa.String(length=10), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("begun", sa.Date(), nullable=True),
        sa.Column("ended", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("fact_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_evidence_batch_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_evidence_family_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_evidence_person_id")),
        sa.ForeignKeyConstraint(["record_key"], ["record.record_key"], name=op.f("fk_evidence_record_key")),
        sa.PrimaryKeyConstraint("evidence_key", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_batch_id"), "evidence", ["batch_id"], unique=False)
    op.create_index(op.f("ix_evidence_family_id"), "evidence", ["family_id"], unique=False)
    op.create_index(op.f("ix_evidence_person_id"), "evidence", ["person_id"], unique=False)
    op.create_index(op.f("ix_evidence_record_key"), "evidence", ["record_key"], unique=False)
    op.create_table(
        "support",
        sa.Column("batch_id", sa.String(length=16), nullable=False),
        sa.Column("family_id", sa.String(length=10), nullable=False),
        sa.Column("clause", sa.String(length=60), nullable=False),
        sa.Column("evidence_key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_support_batch_id")),
        sa.ForeignKeyConstraint(["evidence_key"], ["evidence.evidence_key"], name=op.f("fk_support_evidence_key")),
        sa.ForeignKeyConstraint(["family_id"], ["family.family_id"], name=op.f("fk_support_family_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.person_id"], name=op.f("fk_support_person_id")),
        sa.PrimaryKeyConstraint("batch_id", "family_id", "clause", "evidence_key", name=op.f("pk_support")),
    )
