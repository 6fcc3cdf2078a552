"""A registry of every version that was released opens with this one, its families as they were; a failed upgrade changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.registry import Registry, database, schema
from matcher.registry.database import HEAD, MIGRATIONS, open_engine
from matcher.registry.server import Server
from tests.registry.clusters import PASSWORD, Cluster
from tests.registry.months import House, Month, Someone, knows, seal

ROOT = Path(__file__).parent.parent.parent
FIXTURES = Path(__file__).parent / "fixtures"
KEY = bytes(range(32))
VERSIONS = [path.name for path in sorted(FIXTURES.iterdir())]
SERVERS = [name for name in VERSIONS if (FIXTURES / name / "server.sql").exists()]

Place = Path | Server


@pytest.fixture(params=[*VERSIONS, *(f"{name} on a server" for name in SERVERS)])
def released(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Place, dict]:
    """Where a registry of a released version lies, and what that version read from it."""
    version, _, on_server = request.param.partition(" ")
    content = json.loads((FIXTURES / version / "content.json").read_text(encoding="utf-8"))
    if not on_server:
        return Path(shutil.copy(FIXTURES / version / "registry.db", tmp_path / "registry.db")), content
    cluster: Cluster = request.getfixturevalue("cluster")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    name = cluster.make_database()
    dump = (FIXTURES / version / "server.sql").read_text(encoding="utf-8")
    cluster.administer(name, "DROP SCHEMA matcher", dump)
    return Server("127.0.0.1", cluster.port, name, "monthly_run"), content


def test_every_version_of_the_changelog_has_its_fixture() -> None:
    named = re.findall(r"^## (\d+\.\d+\.\d+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == VERSIONS and named
    newest = json.loads((FIXTURES / max(VERSIONS, key=_number) / "content.json").read_text(encoding="utf-8"))
    assert newest["schema"] == HEAD, "write the newest version's fixture again: scripts/registry_fixtures.py"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _as_written(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _holds(now: Any, then: Any) -> bool:
    """Whether everything that was read then is read now; a newer version may say more."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and _holds(now[key], value) for key, value in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(_holds(one, other) for one, other in zip(now, then, strict=True))
    return bool(now == then)


def test_its_families_are_read_as_they_were(released: tuple[Place, dict]) -> None:
    place, then = released
    with Registry(open_engine(place, KEY)) as registry:
        held = next(batch["batch_id"] for batch in then["batches"] if batch["state"] == "held")
        (supplied,) = {row["batch_id"] for row in then["supplies"]}
        now = _as_written(
            {
                "families": registry.families().to_pylist(),
                "records": registry.records().to_pylist(),
                "details": {i: asdict(registry.family(i)) for i in then["details"]},
                "judgements": {i: [asdict(one) for one in registry.judgements(i)] for i in then["details"]},
                "known_records": registry.known_records().to_pylist(),
                "batches": [asdict(batch) for batch in registry.batches()],
                "questions": [asdict(question) for question in registry.questions(held)],
                "supplies": registry.supplies(supplied),
                "disclosures": registry.disclosures(),
            }
        )
    assert len(then["details"]) == 4 and len(then["records"]) > 8
    for name, told in now.items():
        assert _holds(told, then[name]), name


def test_the_next_month_goes_on_from_it(released: tuple[Place, dict]) -> None:
    place, then = released
    with Registry(open_engine(place, KEY)) as registry:
        registry.set_state(registry.unfinished()[0].batch_id, "abandoned")
        alice = knows([Someone("SMITHERS", "ALICE", 1970), Someone("SMITHERS", "BEN", 1975)], registry)
        assert all(one.known for one in alice)
        batch, _ = seal(registry, Month([House(alice), House([Someone("NEWCOMB", "NORA")])], dt.date(2014, 1, 31)))
        families = {row["family_id"] for row in registry.families().to_pylist()}
        assert set(then["details"]) < families
        registry.rollback_batch(batch)
        assert {row["family_id"] for row in registry.families().to_pylist()} == set(then["details"])


# -- an upgrade that fails -------------------------------------------------------------------------------------------


def _whole(engine: sa.Engine) -> dict[str, Any]:
    """Every table's columns, indexes and rows as they lie in the database."""
    with engine.connect() as connection:
        look = sa.inspect(connection)
        return {
            name: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(name)],
                sorted(str(index) for index in look.get_indexes(name)),
                sorted(map(str, connection.execute(sa.select(sa.text("*")).select_from(sa.table(name))))),
            )
            for name in sorted(look.get_table_names())
        }


@pytest.fixture
def raw(released: tuple[Place, dict], monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
    """Reads the released registry as it lies, without any upgrade."""

    def read() -> dict[str, Any]:
        with monkeypatch.context() as patch:
            patch.setattr(database, "_upgrade", lambda _: None)
            patch.setattr(database, "_prove", lambda _: None)
            engine = open_engine(released[0], KEY)
        try:
            return _whole(engine)
        finally:
            engine.dispose()

    return read


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The migrations and one more, which changes much and then breaks off."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_broken.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision, branch_labels, depends_on = '9999', '{HEAD}', None, None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('n', sa.Integer()))\n"
        "    op.add_column('family', sa.Column('half', sa.Text()))\n"
        "    op.execute(\"UPDATE family SET status = 'closed'\")\n"
        "    op.execute('DELETE FROM support')\n"
        "    raise RuntimeError('power cut')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(database, "MIGRATIONS", folder)
    monkeypatch.setattr(database, "HEAD", "9999")
    yield folder


def test_an_upgrade_that_fails_at_its_end_leaves_the_old_version_as_it_was(
    released: tuple[Place, dict],
    raw: Callable[[], dict[str, Any]],
    next_migration: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = raw()
    assert before["family"][2] and before["alembic_version"][2] == [str((released[1]["schema"],))]
    for _ in range(2):
        with pytest.raises(RuntimeError, match="power cut"):
            open_engine(released[0], KEY)
        assert raw() == before
    monkeypatch.setattr(database, "MIGRATIONS", MIGRATIONS)
    monkeypatch.setattr(database, "HEAD", HEAD)
    with Registry(open_engine(released[0], KEY)) as registry:
        assert {row["family_id"] for row in registry.families().to_pylist()} == set(released[1]["details"])


@pytest.mark.parametrize("table", ["erasure_marker", "correction", "confirmation", "registry_key"])
def test_an_upgrade_that_fails_in_its_middle_leaves_the_first_version_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    file = Path(shutil.copy(FIXTURES / "0.1.0" / "registry.db", tmp_path / "registry.db"))
    before = file.read_bytes()

    def broken(statement: Any) -> None:
        if statement.element.name == table:
            raise OSError("disk full")

    with monkeypatch.context() as patch:
        made = sa.schema.CreateTable.__init__

        def make(self: Any, element: Any, *options: Any, **named: Any) -> None:
            made(self, element, *options, **named)
            broken(self)

        patch.setattr(sa.schema.CreateTable, "__init__", make)
        with pytest.raises(OSError, match="disk full"):
            open_engine(file, KEY)
    assert file.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["registry.db"]
    engine = open_engine(file, KEY)
    with engine.connect() as connection:
        assert set(schema.metadata.tables) < set(sa.inspect(connection).get_table_names())
    engine.dispose()
