"""The comparison of two ends must see what differs, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from matcher.purge.audit import Audit
from matcher.registry import schema
from matcher.registry.store import Registry
from matcher.synthetic import make_month
from matcher.workspace import Workspace
from tests.disclosures.opened import cheap_passwords
from tests.runs.conftest import OCTOBER, Office
from tests.runs.equal import Account, account, differences


@pytest.fixture
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Workspace]:
    """Makes a folder with a sealed month and its keys in it."""
    cheap_passwords(monkeypatch.setattr)
    month = tmp_path / "month"
    month.mkdir()
    for name, content in make_month(300, 9, OCTOBER).files.items():
        (month / name).write_bytes(content)

    def make(name: str) -> Workspace:
        folder = tmp_path / name
        monkeypatch.setenv("MATCHER_KEYS", str(folder / "keys"))
        office = Office(Workspace.create(folder / "workspace"), {OCTOBER: month}, folder)
        office.run(office.inbox(OCTOBER), OCTOBER)
        return office.workspace

    return make


def of(workspace: Workspace) -> Account:
    return account(workspace.root.parent, workspace)


def test_two_runs_of_one_month_are_equal_and_every_change_is_seen(
    ended: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = of(ended("one"))
    workspace = ended("other")
    root = workspace.root
    assert differences(wanted, of(workspace)) == []

    def changed(table: sa.Table, column: str, value: object) -> list[str]:
        with Registry.open(workspace) as registry:
            key = next(iter(table.primary_key.columns))
            with registry._engine.connect() as connection:
                row = connection.execute(sa.select(table).order_by(key)).mappings().first()
            assert row is not None and row[column] != value
            here = table.update().where(key == row[key.name])
            registry._write(lambda c: c.execute(here.values({column: value})))
            found = differences(wanted, of(workspace))
            registry._write(lambda c: c.execute(here.values({column: row[column]})))
        return found

    assert changed(schema.family, "postcode", "LE1 1ZZ")
    assert changed(schema.membership, "left_batch", "2013-10-31-1")
    assert changed(schema.record, "surname", "Other")
    assert changed(schema.disclosure, "digest", "0" * 64)
    with Registry.open(workspace) as registry:
        families = registry.families()["family_id"].unique().to_pylist()
    assert changed(schema.record, "family_id", families[-1]) or changed(schema.record, "family_id", families[0])
    assert differences(wanted, of(workspace)) == []

    (root / ".0123456789abcdef.waiting").touch()
    assert differences(wanted, of(workspace)) == ["too much: file: workspace/.0123456789abcdef.waiting"]
    (root / ".0123456789abcdef.waiting").unlink()
    certificate = root / "outbox" / "2013-10-31-1" / "assurance" / "deletion_certificate.json"
    text = certificate.read_text(encoding="utf-8")
    certificate.write_text(json.dumps({**json.loads(text), "notes": ["more"]}), encoding="utf-8")
    assert any("deletion_certificate" in line for line in differences(wanted, of(workspace))), "not signed any more"
    certificate.write_text(text, encoding="utf-8")
    Audit(workspace).append("sealed", batch="2013-10-31-1", families=0)
    assert any(line.startswith("too much: audit:") for line in differences(wanted, of(workspace)))
