"""The database itself: encrypted, made by migrations alone, all or nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from matcher.errors import UserError
from matcher.registry import Registry, database
from matcher.registry.database import HEAD, MIGRATIONS, open_engine, writing
from matcher.registry.schema import metadata
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, seal

KEY = bytes(range(32))


def test_nothing_of_a_family_is_in_clear_on_disk(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    with Registry.open(workspace) as registry:
        seal(registry, Month([House([Someone("QUILLFEATHER", "ALICE")])]))
    content = workspace.database.read_bytes()
    for clear in (b"QUILLFEATHER", b"ALICE", b"CREATE TABLE", b"SQLite format"):
        assert clear not in content
    assert [path.name for path in workspace.root.glob("registry.db*")] == ["registry.db"], "no journal stays behind"


def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    open_engine(tmp_path / "r.db", KEY).dispose()
    with pytest.raises(UserError, match="the key is not its key"):
        open_engine(tmp_path / "r.db", bytes(32))
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "r.db").execute("SELECT * FROM batch")


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "r.db").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(UserError, match="damaged"):
        open_engine(tmp_path / "r.db", KEY)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        open_engine(tmp_path / "nowhere" / "r.db", KEY)


def test_the_migrations_make_exactly_the_declared_tables(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "r.db", KEY)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_the_program_knows() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(settings).get_heads() == [HEAD]


def test_opening_again_migrates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_engine(tmp_path / "r.db", KEY).dispose()
    monkeypatch.setattr("alembic.command.upgrade", lambda *_: pytest.fail("migrated again"))
    open_engine(tmp_path / "r.db", KEY).dispose()


def test_a_registry_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "r.db", KEY)
    with writing(engine).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(UserError, match="newer matcher"):
        open_engine(tmp_path / "r.db", KEY)


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(settings: Config, _: str) -> None:
        settings.attributes["connection"].execute(sa.text("CREATE TABLE half (n INTEGER)"))
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.command.upgrade", half)
        with pytest.raises(RuntimeError):
            open_engine(tmp_path / "r.db", KEY)
    engine = open_engine(tmp_path / "r.db", KEY)
    with engine.connect() as connection:
        assert "half" not in sa.inspect(connection).get_table_names()
    engine.dispose()


def test_a_plan_that_fails_midway_leaves_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    month = Month([House([Someone("QUILLFEATHER", "ALICE")])])
    with Registry.open(workspace) as registry:
        batch = registry.new_batch(month.as_at, {}).batch_id
        assigned = month.assign(registry.known())
        before = list(registry.every_cell())
        with monkeypatch.context() as patch:
            patch.setattr("matcher.registry.apply._findings", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                registry.apply(batch, month.plan(batch, assigned))
        assert list(registry.every_cell()) == before
        assert registry.apply(batch, month.plan(batch, assigned))


def test_no_error_of_the_database_tells_a_value(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "r.db", KEY)
    with pytest.raises(sa.exc.IntegrityError) as refused, writing(engine).begin() as connection:
        connection.execute(metadata.tables["person"].insert(), [{"person_id": "SECRET", "first_batch": "nowhere"}])
    assert "SECRET" not in str(refused.value)
    engine.dispose()


def test_a_reader_reads_while_a_writer_writes(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "r.db", KEY)
    with writing(engine).begin() as writer:
        writer.execute(sa.text("DELETE FROM batch"))
        with engine.connect() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM batch")).scalar() == 0
    engine.dispose()


def test_a_second_writer_waits_its_turn_and_then_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.05)
    engine = open_engine(tmp_path / "r.db", KEY)
    with writing(engine).begin(), pytest.raises(UserError, match="database is locked"), writing(engine).begin():
        pass
    engine.dispose()


def test_a_full_disk_is_told_with_the_place_and_what_to_do_and_leaves_what_was_there(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "r.db", KEY)
    with pytest.raises(UserError, match="disk is full") as refused, writing(engine).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (text TEXT)")
        size = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {size}")
        connection.exec_driver_sql("INSERT INTO kept VALUES (?)", ("x" * 100_000,))
    assert str(tmp_path / "r.db") in refused.value.where
    assert "space" in refused.value.todo
    with engine.connect() as connection:
        assert not sa.inspect(connection).has_table("kept")
    engine.dispose()


def test_every_table_can_be_made_on_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_this_is_sqlcipher() -> None:
    connection = sqlcipher.connect(":memory:")
    assert connection.execute("PRAGMA cipher_version").fetchone()[0].startswith("4.")
    connection.close()
