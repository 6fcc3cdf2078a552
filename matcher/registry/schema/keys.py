"""The proof that a key is the registry's: a known word, sealed like a personal column."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import metadata

registry_key = sa.Table(
    "registry_key",
    metadata,
    sa.Column("name", sa.String(10), primary_key=True),
    sa.Column("proof", sa.Text(), nullable=False),
)
