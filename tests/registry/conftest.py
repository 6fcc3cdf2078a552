"""The registry's tests run on the embedded file and on a real server, where its programs are installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.workspace import Workspace
from tests.registry import clusters
from tests.registry.clusters import Cluster

Make = Callable[..., Workspace]


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
