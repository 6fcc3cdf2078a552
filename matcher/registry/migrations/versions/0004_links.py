"""Why kept rows are one person or not: the table `link`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OF = {"batch_id": "batch", "family_id": "family", "person_id": "person"}


def upgrade() -> None:
    server = op.get_bind().dialect.name == "postgresql"

    def short(length: int) -> sa.String:
        return sa.String(length, collation="C" if server else None)

    op.create_table(
        "link",
        sa.Column("link_key", _BIG, autoincrement=False, nullable=False),
        sa.Column("batch_id", short(16), nullable=False),
        sa.Column("family_id", short(10), nullable=False),
        sa.Column("person_id", short(10), nullable=False),
        sa.Column("other_id", short(10), nullable=False),
        sa.Column("record_key", _BIG, nullable=False),
        sa.Column("other_key", _BIG, nullable=True),
        sa.Column("verdict", short(16), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("best", sa.Float(), nullable=False),
        sa.Column("worst", sa.Float(), nullable=False),
        sa.Column("steps", sa.LargeBinary() if server else sa.JSON(), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.{name}"], name=op.f(f"fk_link_{name}"))
            for name, table in _OF.items()
        ),
        sa.ForeignKeyConstraint(["other_id"], ["person.person_id"], name=op.f("fk_link_other_id")),
        sa.ForeignKeyConstraint(["record_key"], ["record.record_key"], name=op.f("fk_link_record_key")),
        sa.ForeignKeyConstraint(["other_key"], ["record.record_key"], name=op.f("fk_link_other_key")),
        sa.PrimaryKeyConstraint("link_key", name=op.f("pk_link")),
    )
    for name in (*_OF, "other_id", "record_key", "other_key"):
        op.create_index(op.f(f"ix_link_{name}"), "link", [name], unique=False)
    if server:
        op.execute("ALTER TABLE link ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE link FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY run ON link TO matcher_run USING (true) WITH CHECK (true)")
        op.execute(
            "CREATE POLICY area ON link FOR SELECT TO matcher_keyworker USING (family_id IN (SELECT family_id FROM family))"
        )
        op.execute("GRANT SELECT ON link TO matcher_keyworker")
