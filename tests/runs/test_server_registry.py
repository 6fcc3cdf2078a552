"""Whole months on a PostgreSQL registry: the same end as on the workspace's file, also across a restart of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import matcher.runs.outputs
import matcher.runs.start
from matcher.cli import cli
from matcher.purge.certificate import FILE, ON_SERVER
from matcher.registry.server import ServerLost
from matcher.registry.store import Registry
from matcher.workspace import Workspace
from tests.registry.clusters import PASSWORD, Cluster
from tests.runs.conftest import NOVEMBER, OCTOBER, Office
from tests.runs.equal import Account, account, differences

Months = dict[Any, Path]


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


@pytest.fixture
def on_server(cluster: Cluster, months: Months, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return make(months, tmp_path / "server", monkeypatch, cluster.url(cluster.make_database()))


@pytest.fixture(scope="module")
def on_file(months: Months, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Account]:
    """The undisturbed month on a file, filled by the first test that asks."""
    return {}


def make(months: Months, base: Path, monkeypatch: pytest.MonkeyPatch, url: str = "") -> Office:
    base.mkdir()
    monkeypatch.setenv("MATCHER_KEYS", str(base / "keys"))
    return Office(Workspace.create(base / "workspace", registry=url), months, base)


def ended(office: Office) -> Account:
    found = account(office.folder, office.workspace)
    return {name: text for name, text in found.items() if not name.endswith(("matcher.toml", FILE, "registry.db"))}


def wanted(on_file: dict[str, Account], months: Months, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    if not on_file:
        with monkeypatch.context() as patch:
            office = make(months, tmp_path / "file", patch)
            office.run(office.inbox(OCTOBER), OCTOBER)
            on_file["october"] = ended(office)
    return on_file["october"]


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_month_ends_on_a_server_as_on_the_file(
    on_server: Office, on_file: dict[str, Account], months: Months, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = wanted(on_file, months, tmp_path, monkeypatch)
    root = on_server.workspace.root
    batch = on_server.run(on_server.inbox(OCTOBER), OCTOBER).summary["batch"]
    assert differences(undisturbed, ended(on_server)) == []
    assert len(undisturbed["registry: record"].splitlines()) > 20
    assert not on_server.workspace.database.exists()
    certificate = json.loads(on_server.workspace.read(f"outbox/{batch}/{FILE}"))
    assert certificate["stays_outside"][-1] == ON_SERVER
    assert invoke("verify", "-w", root).exit_code == 0
    listed = invoke("families", "-w", root, "--json")
    family = json.loads(listed.stdout)["families"][0]["family_id"]
    told = invoke("explain", "-w", root, family)
    assert told.exit_code == 0 and family in told.stdout
    assert invoke("status", "-w", root).exit_code == 0


def test_a_month_is_replaced_and_another_follows_on_a_server(on_server: Office) -> None:
    first = on_server.run(on_server.inbox(OCTOBER, without=("dwp",)), OCTOBER).summary["batch"]
    before = on_server.families()
    second = on_server.run(on_server.inbox(OCTOBER), OCTOBER, replaces=first).summary["batch"]
    with Registry.open(on_server.workspace) as registry:
        assert registry.batch(first).replaced_by == second
    october = on_server.families()
    assert set(before) <= set(october)
    on_server.run(on_server.inbox(NOVEMBER), NOVEMBER)
    assert set(october) <= set(on_server.families())


@pytest.mark.parametrize(
    ("owner", "name"), [(matcher.runs.start, "match"), (Registry, "apply"), (matcher.runs.outputs, "write")],
    ids=["while matching", "before the families are in", "after the families are in"],
)  # fmt: skip
def test_a_server_that_restarts_in_the_middle_costs_a_resume(
    owner: Any,
    name: str,
    on_server: Office,
    on_file: dict[str, Account],
    cluster: Cluster,
    months: Months,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed = wanted(on_file, months, tmp_path, monkeypatch)
    whole = getattr(owner, name)

    def restarted(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, whole)
        cluster.stop()
        cluster.start()
        return whole(*arguments, **named)

    monkeypatch.setattr(owner, name, restarted)
    with pytest.raises(ServerLost, match="connection to the registry's server was lost") as lost:
        on_server.run(on_server.inbox(OCTOBER), OCTOBER)
    assert "matcher resume" in lost.value.todo
    on_server.resume()
    assert differences(undisturbed, ended(on_server)) == []
