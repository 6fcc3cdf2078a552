"""The key's proof; on a PostgreSQL server: sealed personal columns, row-level security, finance's views.

Runs as matcher_run, which owns the tables. Every table has forced row-level security: matcher_run sees and changes every row,
a key worker's roles see the families of their areas and what hangs on them, finance has no right on any table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEALED = {
    "family": ("criteria", "concerns", "district", "address", "postcode", "uprn"),
    "family_state": ("criteria", "concerns", "district", "address", "postcode", "uprn"),
    "family_event": ("detail",),
    "person_state": ("forename", "middle", "surname", "dob", "sex", "nino", "upn"),
    "record": (
        "ref", "title", "forename", "middle", "surname", "surname_parts", "sex", "dob", "nino", "upn", "nhs", "uprn",
        "address", "flat", "building", "number", "street", "town", "postcode", "address_from", "address_to", "seen_on",
        "relationship",
    ),
    "evidence": ("kind", "code", "begun", "ended", "quantity", "fact", "fact_key"),
    "finding": ("note",),
    "correction": ("old_value", "new_value"),
    "rights_request": ("reference",),
}  # fmt: skip

# What a key worker may see of each table; a table that is not here it may not read at all.
_OF_FAMILY = "family_id IN (SELECT family_id FROM family)"  # the family's own policy holds inside
_PERSON_WHILE_MEMBER = """EXISTS (
    SELECT FROM membership JOIN batch ON batch.batch_id = person_state.batch_id
    WHERE membership.person_id = person_state.person_id AND batch.as_at >= membership.joined_on
      AND (membership.left_on IS NULL OR batch.as_at < membership.left_on))"""
VISIBLE = {
    "batch": "true",  # counts and digests
    "disclosure": "true",  # what left and why, without whom
    "registry_key": "true",
    "family": """area IN (
        SELECT substr(rolname, length('matcher_keyworker_') + 1) FROM pg_catalog.pg_roles
        WHERE starts_with(rolname, 'matcher_keyworker_') AND pg_catalog.pg_has_role(current_user, oid, 'USAGE'))""",
    "family_state": _OF_FAMILY,
    "family_event": _OF_FAMILY,
    "membership": _OF_FAMILY,
    "record": _OF_FAMILY,
    "evidence": _OF_FAMILY,
    "finding": _OF_FAMILY,
    "support": _OF_FAMILY,
    "disclosure_family": _OF_FAMILY,
    "retention_decision": _OF_FAMILY,
    "person": "person_id IN (SELECT person_id FROM membership)",
    "person_state": _PERSON_WHILE_MEMBER,
    "correction": "person_id IN (SELECT person_id FROM membership)",
    "restriction": " OR ".join((_OF_FAMILY, "person_id IN (SELECT person_id FROM membership)")),
}
ADDED = {"disclosure": "true", "disclosure_family": _OF_FAMILY}  # a key worker's own use is recorded too
TABLES = (
    "batch", "confirmation", "correction", "disclosure", "disclosure_family", "erasure_marker", "evidence", "family",
    "family_event", "family_state", "finding", "membership", "originator_view", "person", "person_state", "question",
    "record", "registry_key", "restriction", "retention_decision", "rights_request", "supply", "support",
)  # fmt: skip


def upgrade() -> None:
    server = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "registry_key",
        sa.Column("name", sa.String(length=10), nullable=False),
        sa.Column("proof", sa.LargeBinary() if server else sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_registry_key")),
    )
    if server:
        _order_by_code_point()
        _seal()
        _protect()


def _order_by_code_point() -> None:
    """Sort text as the embedded file does, whatever the database's language."""
    columns = op.get_bind().execute(
        sa.text(
            "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = current_schema()::regnamespace "
            "AND c.relkind = 'r' AND a.attnum > 0 AND a.attcollation <> 0 AND c.relname <> 'alembic_version'"
        )
    )
    for table, column, kind in columns.all():
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {kind} COLLATE "C"')


def _seal() -> None:
    """Make personal columns bytes. No version before this one kept families on a server, so that there is nothing to seal."""
    for table, names in SEALED.items():
        if op.get_bind().execute(sa.text(f'SELECT EXISTS (SELECT FROM "{table}")')).scalar():  # noqa: S608
            raise ValueError(f"table {table} holds rows in clear")
        for name in names:
            op.alter_column(table, name, type_=sa.LargeBinary(), postgresql_using="NULL::bytea")


def _protect() -> None:
    for table in TABLES:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY run ON "{table}" TO matcher_run USING (true) WITH CHECK (true)')
    for table, rows in VISIBLE.items():
        op.execute(f'CREATE POLICY area ON "{table}" FOR SELECT TO matcher_keyworker USING ({rows})')
        op.execute(f'GRANT SELECT ON "{table}" TO matcher_keyworker')
    for table, rows in ADDED.items():
        op.execute(f'CREATE POLICY added ON "{table}" FOR INSERT TO matcher_keyworker WITH CHECK ({rows})')
        op.execute(f'GRANT INSERT ON "{table}" TO matcher_keyworker')
    op.execute("GRANT USAGE ON SEQUENCE disclosure_disclosure_id_seq TO matcher_keyworker")
    op.execute("GRANT SELECT ON alembic_version TO matcher_keyworker")
    op.execute(
        "CREATE VIEW finance_families AS SELECT area, route, status, identified_on, count(*) AS families "
        "FROM family GROUP BY area, route, status, identified_on"
    )
    op.execute(
        "CREATE VIEW finance_batches AS SELECT batch_id, as_at, state, sealed_at, replaces, replaced_by FROM batch"
    )
    op.execute("GRANT SELECT ON finance_families, finance_batches TO matcher_finance")
