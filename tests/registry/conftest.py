"""The registry's tests run on the embedded file and on a real server, where its programs are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from matcher.workspace import Workspace
from tests.registry import clusters
from tests.registry.clusters import Cluster

Make = Callable[..., Workspace]


@pytest.fixture(scope="session")
def _server_programs() -> Path:
    found = clusters.programs()
    if found is None:
        pytest.skip("no PostgreSQL server programs (initdb) on this machine: install Debian's package postgresql")
    return found


@pytest.fixture(scope="session")
def cluster(_server_programs: Path) -> Iterator[Cluster]:
    """One server for all tests of a session."""
    with clusters.running(_server_programs) as found:
        yield found


@pytest.fixture(params=["embedded", "server"])
def make_workspace(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes workspaces whose registry is the embedded file, or a new database of a real server."""
    if request.param == "embedded":
        return lambda name="w": Workspace.create(tmp_path / name)
    server: Cluster = request.getfixturevalue("cluster")
    monkeypatch.setenv("PGPASSWORD", clusters.PASSWORD)
    return lambda name="w": Workspace.create(tmp_path / name, registry=server.url(server.make_database()))


@pytest.fixture
def workspace(make_workspace: Make) -> Workspace:
    return make_workspace()
