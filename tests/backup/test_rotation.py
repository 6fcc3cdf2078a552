"""Keys put in the place of others: old proofs stay good, and no crash leaves a registry that nobody can read."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.backup.rotation import NEXT_REGISTRY, NEXT_SIGNING, settle
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import fingerprint, read_public_key
from matcher.purge.keys import REGISTRY, SIGNING
from matcher.registry.rekey import copy_to, opens, rekey
from matcher.workspace import Workspace
from tests.backup.conftest import Office
from tests.backup.cuts import cut_everywhere


def test_both_keys_are_rotated_by_default(place: str, office: Office) -> None:
    keys = office.workspace.keys
    old_key, old_signature, families = keys.registry_key(), office.signs_as(), office.families()
    done = office.json("keys", "rotate")["rotated"]
    assert set(done) == {"registry", "signing"} and done["signing"] == office.signs_as() != old_signature
    assert keys.registry_key() != old_key and not opens(office.workspace.database, old_key)
    assert office.families() == families and office.whole()
    assert not {NEXT_REGISTRY, NEXT_SIGNING} & set(keys.names())
    assert [event for event in office.events() if event.endswith("_rotated")] == [
        "registry_key_rotated", "signing_key_rotated"]  # fmt: skip


def test_the_rotation_is_signed_by_the_old_key_and_names_the_new_one(office: Office) -> None:
    old = office.workspace.keys.public_key()
    office.run("keys", "rotate", "--signing")
    entry = next(e for e in Audit(office.workspace).entries() if e["event"] == "signing_key_rotated")
    old.verify(bytes.fromhex(entry["signature"]), entry["hash"].encode())
    assert entry["counts"] == {"old": fingerprint(old), "new": office.signs_as()}
    kept = read_public_key((office.root / f"signing_key.{fingerprint(old)}.pub.pem").read_bytes())
    assert fingerprint(kept) == fingerprint(old)
    assert fingerprint(read_public_key((office.root / "signing_key.pub.pem").read_bytes())) == office.signs_as()


def test_what_many_keys_signed_one_after_another_stays_good(office: Office) -> None:
    for _ in range(3):
        office.run("keys", "rotate", "--signing")
        Audit(office.workspace).append("verified")
    assert len(office.workspace.keys.public_keys()) == 4 and office.whole()


def test_an_entry_signed_with_a_key_that_was_replaced_is_a_fault(office: Office) -> None:
    keys = office.workspace.keys
    old = keys.get(SIGNING) or b""
    office.run("keys", "rotate", "--signing")
    Audit(office.workspace).append("verified")
    assert office.whole()
    new = keys.get(SIGNING) or b""
    keys.put(SIGNING, old)
    Audit(office.workspace).append("verified")
    keys.put(SIGNING, new)
    assert "was not in use then" in Audit(office.workspace).check()[0]


def test_a_password_is_rotated_and_older_files_can_still_be_searched(office: Office) -> None:
    keys = office.workspace.keys
    old = keys.password("county_team")
    office.run("keys", "rotate", "--password", "county_team")
    assert keys.password("county_team") != old and keys.passwords() == [keys.password("county_team"), old]
    assert keys.recipients() == ["county_team"] and office.events()[-1] == "password_rotated"
    assert "no password" in office.refused("keys", "rotate", "--password", "nobody")


def test_nothing_is_rotated_while_a_run_holds_the_workspace(office: Office) -> None:
    with Workspace.open(office.root).lock():
        office.run("keys", "rotate", code=Exit.BUSY)


def test_a_change_that_goes_on_is_not_settled_by_another_command(office: Office) -> None:
    office.workspace.keys.put(NEXT_REGISTRY, bytes(32))
    with Workspace.open(office.root).lock():
        office.run("status", code=Exit.BUSY)
    assert "old key stays" in office.run("status").stderr and NEXT_REGISTRY not in office.workspace.keys.names()


def test_a_change_that_neither_key_explains_is_said(office: Office) -> None:
    keys = office.workspace.keys
    right = keys.registry_key()
    keys.put(REGISTRY, bytes(32))
    keys.put(NEXT_REGISTRY, bytes(32))
    assert settle(office.workspace) == []
    assert "neither key opens the registry" in office.refused("keys", "rotate", "--registry")
    keys.put(REGISTRY, right)
    office.run("keys", "rotate", "--registry")
    assert office.whole()


def test_a_power_cut_at_any_step_leaves_one_key_in_force_and_the_next_command_settles_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = office.families()
    cuts = 0
    for where in cut_everywhere(lambda: office.run("keys", "rotate"), monkeypatch):
        cuts += 1
        office.run("status")
        keys = office.workspace.keys
        assert opens(office.workspace.database, keys.registry_key()), where
        assert office.families() == families and Audit(office.workspace).check() == [], where
        assert not {NEXT_REGISTRY, NEXT_SIGNING} & set(keys.names()), where
        public = read_public_key((office.root / "signing_key.pub.pem").read_bytes())
        assert fingerprint(public) == office.signs_as(), where
    assert cuts > 12


CHILD = """
import sys, types
from pathlib import Path
for name in ("matcher", "matcher.registry"):  # the module alone, not what its packages load: ten times as quick
    package = types.ModuleType(name)
    package.__path__ = [str(Path(sys.argv[4], *name.split(".")))]
    sys.modules[name] = package
from matcher.registry.rekey import rekey
sys.stdout.write("ready\\n"); sys.stdout.flush()
rekey(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3]))
"""
ROOT = Path(__file__).parent.parent.parent


def test_a_process_killed_while_the_file_is_encrypted_anew_leaves_it_under_one_of_the_two_keys(
    office: Office, tmp_path: Path
) -> None:
    file, old, new = tmp_path / "r.db", office.workspace.keys.registry_key(), bytes(range(32))
    copy_to(office.workspace.database, old, file)
    _grow(file, old)
    whole, ends = file.stat().st_size, set()
    for seed in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(file), old.hex(), new.hex(), str(ROOT)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        try:
            child.wait(timeout=random.Random(seed).uniform(0.0, 0.08))
        except subprocess.TimeoutExpired:
            child.kill()
        child.communicate()
        after = opens(file, new)  # the wrong key may be tried first, on an interrupted transaction too
        assert after != opens(file, old) and file.stat().st_size == whole
        ends.add(after)
        if after:
            rekey(file, new, old)
    assert ends


def _grow(file: Path, key: bytes) -> None:
    from matcher.registry.rekey import _opened

    with _opened(file, key) as connection:
        connection.execute("CREATE TABLE grown (x)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO grown VALUES (?)", [(b"0" * 3000,)] * 3000)
        connection.execute("COMMIT")


def test_a_registry_in_use_is_not_rekeyed_and_stays_as_it_was(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.registry import rekey as module

    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
    key = office.workspace.keys.registry_key()
    with module._opened(office.workspace.database, key) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM family").fetchone()
        with pytest.raises(UserError, match="cannot be used"):
            rekey(office.workspace.database, key, bytes(32))
    assert office.whole()
    with pytest.raises(UserError, match="cannot be used"):
        rekey(office.workspace.database, bytes(32), key)
    with pytest.raises(UserError, match="cannot be used"):
        copy_to(office.workspace.database, bytes(32), tmp_path / "x")
    assert json.loads(office.run("status", "--json").stdout)["families"] == 2
