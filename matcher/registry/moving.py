"""Move a workspace's registry from its file to the server that its settings name. Takes a workspace whose lock is held.

The server is filled in one transaction and compared row by row before the file is destroyed. Refuses a workspace without both,
and a server that holds other families.
"""

from __future__ import annotations

import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema
from matcher.registry.database import open_engine
from matcher.registry.transfer import copy_rows
from matcher.workspace import Workspace


def move_to_server(workspace: Workspace) -> dict[str, int]:
    """Copy, compare, destroy the file; gives rows by table. Raises UserError."""
    if workspace.server is None or not workspace.database.exists():
        raise UserError(
            "There is nothing to move: the settings name no server, or the folder holds no registry.",
            where=str(workspace.root),
            todo="name the server in matcher.toml ([registry] url) beside the registry.db that shall move",
        )
    key = workspace.keys.registry_key()
    file = open_engine(workspace.database, key)
    try:
        server = open_engine(workspace.server, key)
        try:
            if not _same(file, server):  # else cut off between the copy and the end of the file
                copy_rows(file, server)
                if not _same(file, server):
                    raise UserError(
                        "The server does not hold what the file holds; the file stays.",
                        where=str(workspace.server),
                        todo="empty the server's database and run the command again",
                    )
            counts = {table.name: len(_rows(server, table)) for table in schema.metadata.sorted_tables}
        finally:
            server.dispose()
    finally:
        file.dispose()
    workspace.destroy(workspace.database)
    return counts


def _same(one: sa.Engine, other: sa.Engine) -> bool:
    return all(_rows(one, table) == _rows(other, table) for table in schema.metadata.sorted_tables)


def _rows(engine: sa.Engine, table: sa.Table) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
