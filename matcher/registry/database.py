"""The registry's database, brought to the newest schema by Alembic when opened: an encrypted SQLite file, or a server.

Takes a file (SQLCipher) or a server (PostgreSQL) and its 32-byte key, gives an SQLAlchemy engine. Refuses a wrong key, a
damaged file and a registry that a newer matcher wrote. Nothing of the file is in clear on disk: temporary tables stay in
memory, freed pages are overwritten, and the rollback journal (encrypted too) is removed at each commit, so that no
write-ahead file keeps deleted rows. On a server the personal columns are encrypted one by one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy.pool import NullPool

from matcher.errors import UserError
from matcher.registry import schema, server
from matcher.registry.schema.base import JsonText
from matcher.registry.schema.personal import SERVER, use_key

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0004"  # the newest migration; a test holds this to the folder

_WAIT_SECONDS = 30.0
_OUTSIDE = (
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "unable to open database file",
    "database is locked",
)
"""What SQLite says where the fault lies outside the program."""

# For every empty cell the driver looks for an adapter of None and, where there is none, through its methods for one: in vain,
# and a quarter of the time that a month's rows took to go in.
sqlcipher.register_adapter(type(None), lambda nothing: nothing)

_PROOF = {"name": "registry", "proof": "opened with its key"}


def open_engine(database: Path | server.Server, key: bytes) -> sa.Engine:
    """An engine on the registry, made where it is missing, at the newest schema. Raises UserError."""
    engine = _engine(database, key) if isinstance(database, Path) else server.make_engine(database)
    use_key(engine, key)
    try:
        _upgrade(engine)
        _prove(engine)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        if "not a database" in str(error.orig):
            raise UserError(
                "The registry cannot be read: the key is not its key, or the file is damaged.",
                where=str(database),
                todo="restore the workspace's keys, or the registry together with its keys, from their backup",
                refusal="wrong_key",
            ) from None
        raise _unusable(database, "it is damaged, or its server refused") from None
    except BaseException:
        engine.dispose()
        raise
    return engine


class RegistryUnusable(UserError):
    """The registry's disk is full or fails, or another holds it: nothing is wrong with the month, and it goes on later."""


def _unusable(database: Path | server.Server, why: str) -> RegistryUnusable:
    return RegistryUnusable(
        f"The registry cannot be used: {why}.",
        where=str(database),
        todo="check the disk's space and rights, wait for the other run where there is one, and run the command again; "
        "what was half written is taken back",
    )


def _engine(database: Path, key: bytes) -> sa.Engine:
    def connect() -> Any:
        connection = sqlcipher.connect(str(database), timeout=_WAIT_SECONDS, isolation_level=None)
        for pragma in (
            f"key = \"x'{key.hex()}'\"",  # a raw key: random already, so no password derivation
            "temp_store = 2",
            "secure_delete = ON",
            "foreign_keys = ON",
            "journal_mode = DELETE",
            "synchronous = FULL",
            "cache_size = -65536",  # KiB: a month's families fit, so that readers are shut out only for the commit itself
        ):
            try:
                connection.execute(f"PRAGMA {pragma}")
            except sqlcipher.DatabaseError:
                connection.close()
                raise
        return connection

    engine = sa.create_engine(
        "sqlite+pysqlite://", module=sqlcipher, creator=connect, poolclass=NullPool, hide_parameters=True,
        json_serializer=_json,
    )  # fmt: skip

    @sa.event.listens_for(engine, "handle_error")
    def _say(context: sa.engine.ExceptionContext) -> None:
        said = str(context.original_exception)
        if any(outside in said for outside in _OUTSIDE):
            raise _unusable(database, said) from None

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # the driver would begin late and commit schema changes by itself; writers take their turn at once
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _json(value: Any) -> str:
    return str(value) if isinstance(value, JsonText) else json.dumps(value, separators=(",", ":"))


def writing(engine: sa.Engine) -> sa.Engine:
    """The same engine for transactions that write."""
    return engine.execution_options(writes=True)


def on_server(engine: sa.Engine) -> bool:
    """Whether this registry lies on a server."""
    return engine.dialect.name == SERVER


def is_made(database: server.Server) -> bool:
    """Whether a server holds a registry already: then its key must not be made anew. Raises UserError."""
    engine = server.make_engine(database)
    try:
        return _version(engine) is not None
    finally:
        engine.dispose()


def _prove(engine: sa.Engine) -> None:
    """Open the proof that the key is the registry's, so that a wrong one is refused before anything is written with it."""
    with engine.connect() as connection:
        connection.execute(sa.select(schema.registry_key.c.proof)).all()


def _version(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(engine: sa.Engine) -> None:
    found = _version(engine)
    if found == HEAD:
        return
    from alembic import command  # half a second that only a new or old registry costs
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if found is not None:
        try:
            ScriptDirectory.from_config(settings).get_revision(found)
        except CommandError:
            raise UserError(
                "A newer matcher wrote this registry.",
                where=f"schema {found}, this program knows {HEAD}",
                todo="install the newer matcher again",
            ) from None
    if found is not None and on_server(engine) and not server.may_run(engine):
        raise UserError(
            "The registry is of an older version than this program.",
            where=f"schema {found}, this program knows {HEAD}",
            todo="the login of the monthly run brings it up to date: ask the programme office to run matcher status",
        )
    with writing(engine).begin() as connection:  # all or nothing: a failed upgrade leaves the old version usable
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        if connection.execute(sa.select(schema.registry_key.c.name)).first() is None:
            connection.execute(schema.registry_key.insert().values(_PROOF))
