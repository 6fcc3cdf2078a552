"""How Alembic runs a migration here: on the connection it is handed, inside the caller's transaction, without any file."""

from __future__ import annotations

from alembic import context

from matcher.registry.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=False,  # the caller began the transaction and ends it
)
context.run_migrations()
