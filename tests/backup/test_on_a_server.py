"""Keys, backup and restore where the registry lies on a server: the same ends, from one command."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from matcher.backup.registry_copy import opens_registry
from matcher.backup.rotation import NEXT_REGISTRY
from matcher.purge.audit import Audit
from matcher.purge.keys import REGISTRY
from matcher.workspace import Workspace
from tests.backup.conftest import Office
from tests.backup.cuts import cut_everywhere
from tests.registry.clusters import PASSWORD, Cluster
from tests.registry.months import House, Someone


@pytest.fixture
def office(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    office = Office(Workspace.create(tmp_path / "w", registry=cluster.url(cluster.make_database())))
    office.month(House([Someone("SMITHERS", "ALICE")]), House([Someone("JONESON", "CARL")], area="city"))
    return office


def test_a_family_erased_after_the_backup_stays_erased(office: Office, tmp_path: Path) -> None:
    office.run("backup", tmp_path / "b.zip")
    content = (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = content + b"".join(archive.read(name) for name in archive.namelist())
    assert b"SMITHERS" not in inside and b"1975-05-17" not in inside
    office.erase_family(office.family_of("ALICE"))
    lost = office.month(House([Someone("GREENLAND", "DORA")], postcode="LE12 2BB"))
    told = office.json("restore", tmp_path / "b.zip")
    assert told["erased_again"]["families_erased"] == 1 and told["batches_lost"] == [lost]
    assert set().union(*office.families().values()) == {"CARL"} and office.whole()
    assert not office.workspace.database.exists()
    assert not [path for path in office.workspace.files() if path.name.endswith(".waiting")]
    assert json.loads(office.run("status", "--json").stdout)["families"] == 1


def test_the_key_is_rotated_and_a_power_cut_leaves_one_in_force(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    families, old = office.families(), office.workspace.keys.registry_key()
    for where in cut_everywhere(lambda: office.run("keys", "rotate", "--registry"), monkeypatch):
        office.run("status")
        assert opens_registry(office.workspace, office.workspace.keys.registry_key()), where
        assert NEXT_REGISTRY not in office.workspace.keys.names() and office.families() == families, where
    assert not opens_registry(office.workspace, old) and Audit(office.workspace).check() == []


def test_a_key_is_not_made_for_a_registry_on_a_server_that_needs_the_old_one(office: Office) -> None:
    office.workspace.keys.destroy(REGISTRY)
    assert "would not open the registry" in office.refused("keys", "make")


def test_a_wrong_key_is_shown(office: Office) -> None:
    office.workspace.keys.put(REGISTRY, bytes(32))
    fault = next(key["fault"] for key in office.json("keys", "show")["keys"] if key["name"] == REGISTRY)
    assert fault.startswith("does not open the registry")
