"""The whole content of a registry from one place to another, and under another key. Takes engines; one transaction each.

From the embedded file to a server or back: the same rows, sealed as the target's place asks. Refuses to write over a registry
that holds a batch, unless told to replace it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema, server
from matcher.registry.database import on_server, writing
from matcher.registry.schema.personal import PERSONAL, Cipher, Personal, use_key

_AT_ONCE = 5000
_OTHER_BATCHES = ("replaces", "replaced_by")  # rows of `batch` name one another


def copy_rows(source: sa.Engine, target: sa.Engine, *, replace: bool = False) -> dict[str, int]:
    """Copy every table; gives rows by table. Raises UserError where the target holds a batch already and is not replaced."""
    tables = [table for table in schema.metadata.sorted_tables if table is not schema.registry_key]
    counts: dict[str, int] = {}
    with source.connect() as reading, writing(target).begin() as connection:
        if not replace and connection.execute(sa.select(schema.batch.c.batch_id)).first() is not None:
            raise UserError(
                "The registry that should take the families holds a month already.",
                where=str(target.url.database or target.dialect.name),
                todo="name an empty database",
            )
        if replace:
            connection.execute(schema.batch.update().values(dict.fromkeys(_OTHER_BATCHES)))
            for table in reversed(tables):
                connection.execute(table.delete())
        for table in tables:
            counts[table.name] = _copy(reading, connection, table)
        if on_server(target):
            _count_on(connection, tables)
    if replace and on_server(target):
        server.scrub(target, set(PERSONAL))
    return counts


def _copy(reading: sa.Connection, connection: sa.Connection, table: sa.Table) -> int:
    rows = [dict(row) for row in reading.execute(sa.select(table)).mappings()]
    later: list[dict[str, Any]] = []
    if table is schema.batch:
        later = [{"key": row["batch_id"]} | {f"v_{n}": row[n] for n in _OTHER_BATCHES} for row in rows]
        rows = [row | dict.fromkeys(_OTHER_BATCHES) for row in rows]
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(table.insert(), rows[start : start + _AT_ONCE])
    if later:
        named: dict[str, Any] = {name: sa.bindparam(f"v_{name}") for name in _OTHER_BATCHES}
        connection.execute(
            schema.batch.update().where(schema.batch.c.batch_id == sa.bindparam("key")).values(named), later
        )
    return len(rows)


def _count_on(connection: sa.Connection, tables: list[sa.Table]) -> None:
    """Let a server's own numbers go on after those that were copied."""
    for table in tables:
        column = table.autoincrement_column
        if column is not None:
            last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(sa.select(sa.func.setval(sequence, last, False)))


def reseal(engine: sa.Engine, new: bytes) -> None:
    """Seal every personal column of a server registry with another key, all or nothing; the engine goes on with it."""
    cipher = Cipher(new)
    with writing(engine).begin() as connection:
        for table in schema.metadata.sorted_tables:
            columns = [column for column in table.c if isinstance(column.type, Personal)]
            if columns:
                _reseal(connection, table, columns, cipher)
    use_key(engine, new)
    server.scrub(engine, set(PERSONAL))


def _reseal(connection: sa.Connection, table: sa.Table, columns: list[sa.Column[Any]], cipher: Cipher) -> None:
    keys = list(table.primary_key)
    bytes_only = sa.table(
        table.name,
        *(sa.column(key.name, key.type) for key in keys),
        *(sa.column(column.name, sa.LargeBinary()) for column in columns),
    )
    which = sa.and_(*(bytes_only.c[key.name] == sa.bindparam(f"k_{key.name}") for key in keys))
    update = bytes_only.update().where(which).values({c.name: sa.bindparam(f"v_{c.name}") for c in columns})
    rows = connection.execute(sa.select(*keys, *columns)).mappings().all()
    changed = [
        {f"k_{key.name}": row[key.name] for key in keys}
        | {
            f"v_{c.name}": None if row[c.name] is None else cipher.seal(row[c.name], f"{table.name}.{c.name}")
            for c in columns
        }
        for row in rows
    ]
    for start in range(0, len(changed), _AT_ONCE):
        connection.execute(update, changed[start : start + _AT_ONCE])
