"""The registry's database: an encrypted SQLite file (SQLCipher), brought to the newest schema by Alembic when opened.

Takes a file and its 32-byte key, gives an SQLAlchemy engine. Refuses a wrong key, a damaged file and a file that a newer
matcher wrote. Nothing of it is in clear on disk: temporary tables stay in memory, freed pages are overwritten, and the
rollback journal (encrypted too) is removed at each commit, so that no write-ahead file keeps deleted rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy.pool import NullPool

from matcher.errors import UserError

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0002"  # the newest migration; a test holds this to the folder

_WAIT_SECONDS = 30.0


def open_engine(database: Path, key: bytes) -> sa.Engine:
    """An engine on the file, made where it is missing, at the newest schema. Raises UserError."""
    engine = _engine(database, key)
    try:
        _upgrade(engine)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        if "not a database" in str(error.orig):
            raise UserError(
                "The registry cannot be read: the key is not its key, or the file is damaged.",
                where=str(database),
                todo="restore the workspace's keys, or the registry together with its keys, from their backup",
            ) from None
        raise UserError(
            "The registry cannot be used: it is locked, damaged, or its disk is full or read-only.",
            where=str(database),
            todo="wait for the other run, check the disk and its rights, and run the command again",
        ) from None
    return engine


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
        "sqlite+pysqlite://", module=sqlcipher, creator=connect, poolclass=NullPool, hide_parameters=True
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # the driver would begin late and commit schema changes by itself; writers take their turn at once
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def writing(engine: sa.Engine) -> sa.Engine:
    """The same engine for transactions that write."""
    return engine.execution_options(writes=True)


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
    with writing(engine).begin() as connection:  # all or nothing: a failed upgrade leaves the old version usable
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
