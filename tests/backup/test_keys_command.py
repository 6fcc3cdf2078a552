"""`matcher keys`: what is shown, what is made anew, what a backup of keys holds and gives back."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from matcher.backup.sealed import header_of, unseal
from matcher.cli import cli
from matcher.purge.audit import Audit
from matcher.purge.key_losses import kind_of
from matcher.purge.keys import AUDIT_HEAD, REGISTRY, SIGNING
from matcher.workspace import Workspace
from tests.backup.conftest import WORDS, Office


def secrets_of(workspace: Workspace) -> list[bytes]:
    """Every key in every form in which it could be printed."""
    values = [workspace.keys.get(name) or b"" for name in workspace.keys.names() if not name.startswith("public.")]
    values = [value for value in values if value and b" " not in value]
    return [form for value in values for form in (value, value.hex().encode(), value.hex().upper().encode())]


# -- show ------------------------------------------------------------------------------------------------------------


def test_show_names_each_key_by_fingerprint_and_never_prints_one(place: str, office: Office) -> None:
    office.workspace.keys.password("county_team")
    told = office.json("keys", "show")
    shown = {key["name"]: key for key in told["keys"]}
    assert {"registry", "signing", "audit_head", "password.county_team"} <= set(shown)
    assert told["store"] == office.workspace.keys.place.title
    assert shown["signing"]["fingerprint"] == office.signs_as()
    assert len(shown["registry"]["fingerprint"]) == 16 and all(key["fault"] is None for key in told["keys"])
    assert all(key["written"] for key in told["keys"])
    output = (office.run("keys", "show").output + json.dumps(told)).encode()
    assert not any(secret in output for secret in secrets_of(office.workspace))


def test_fingerprints_tell_keys_apart_and_stay(office: Office) -> None:
    keys = office.workspace.keys
    keys.put("password.one", b"same-words")
    keys.put("held.2013-10-31-9", b"same-words")
    assert keys.fingerprint("password.one") != keys.fingerprint("held.2013-10-31-9")
    assert keys.fingerprint("password.one") == keys.fingerprint("password.one")
    assert keys.fingerprint("password.none") is None


def test_show_says_what_is_missing_and_what_that_means(office: Office) -> None:
    for name in (SIGNING, AUDIT_HEAD):
        office.workspace.keys.destroy(name)
    missing = {key["name"]: key["fault"] for key in office.json("keys", "show")["keys"] if key["fault"]}
    assert set(missing) == {SIGNING, AUDIT_HEAD}
    assert "lost without it: signing certificates" in missing[SIGNING] and "not lost: the families" in missing[SIGNING]
    assert "MISSING" in office.run("keys", "show").stdout


def test_show_says_that_the_registrys_key_does_not_open_it(office: Office) -> None:
    office.workspace.keys.put(REGISTRY, bytes(32))
    fault = next(key["fault"] for key in office.json("keys", "show")["keys"] if key["name"] == REGISTRY)
    assert fault.startswith("does not open the registry; lost without it: every family")


def test_the_workspace_must_be_named_and_may_be_named_after_the_subcommand(office: Office) -> None:
    result = CliRunner().invoke(cli, ["keys", "show"])
    assert result.exit_code == 2 and "--workspace" in result.output
    assert CliRunner().invoke(cli, ["keys", "show", "-w", str(office.root)]).exit_code == 0


# -- lost keys, and make ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [REGISTRY, SIGNING, AUDIT_HEAD, "held.x", "password.x", "public.x", "canary.x", "earlier.x"]
)
def test_every_kind_of_key_says_what_is_lost_without_it_and_what_is_not(office: Office, name: str) -> None:
    told = str(office.workspace.keys.lost(name))
    kind = kind_of(name)
    assert kind.title in told and f"lost without it: {kind.lost}" in told and f"not lost: {kind.kept}" in told
    assert "to do: " in told and kind.title != kind_of("something_else").title


def test_without_the_signing_key_nothing_is_signed_in_anothers_name(office: Office) -> None:
    before = office.signs_as()
    office.workspace.keys.destroy(SIGNING)
    office.workspace.keys.password("county_team")
    assert "key of signing is missing" in office.refused("passwords", "show", "county_team")
    with pytest.raises(Exception, match="key of signing is missing") as refused:
        Audit(office.workspace).append("verified")
    assert "matcher keys make" in str(refused.value) and "not lost: the families" in str(refused.value)
    assert office.json("keys", "make") == {"made": [SIGNING]}
    assert office.signs_as() != before and office.whole() and "signing_key_made" in office.events()
    entry = list(Audit(office.workspace).entries())[-1]
    assert entry["counts"] == {"new": office.signs_as(), "lost": before}
    assert (office.root / f"signing_key.{before}.pub.pem").is_file()


def test_completing_a_workspace_makes_no_second_signing_key(office: Office) -> None:
    office.workspace.keys.destroy(SIGNING)
    office.workspace.destroy(office.workspace.database)
    Workspace.create(office.root)
    assert office.workspace.keys.get(SIGNING) is None


def test_make_makes_nothing_where_nothing_is_missing(office: Office) -> None:
    assert office.json("keys", "make") == {"made": []}
    assert "nothing was made" in office.run("keys", "make").stderr


def test_make_never_makes_a_key_for_a_registry_that_needs_the_old_one(office: Office) -> None:
    office.workspace.keys.destroy(REGISTRY)
    office.workspace.keys.destroy(SIGNING)
    told = office.refused("keys", "make")
    assert "A new one would not open the registry" in told and "Made: signing." in told
    assert "lost without it: every family" in told and "matcher keys restore" in told
    assert office.workspace.keys.get(REGISTRY) is None
    status = office.refused("status")
    assert "key of the registry is missing" in status and "not lost: lists handed out" in status


def test_make_makes_the_registrys_key_where_there_is_no_registry(office: Office) -> None:
    office.workspace.keys.destroy(REGISTRY)
    office.workspace.destroy(office.workspace.database)
    assert office.json("keys", "make") == {"made": [REGISTRY]}
    assert len(office.workspace.keys.registry_key()) == 32


def test_a_lost_end_of_the_log_is_kept_anew_and_told(office: Office) -> None:
    office.workspace.keys.destroy(AUDIT_HEAD)
    assert office.json("keys", "make") == {"made": [AUDIT_HEAD]}
    assert office.events()[-1] == "audit_end_made" and office.whole()


# -- backup ----------------------------------------------------------------------------------------------------------


def test_keys_come_back_from_their_backup(place: str, office: Office, tmp_path: Path) -> None:
    keys = office.workspace.keys
    password = keys.password("county_team")
    before = {name: keys.get(name) for name in (REGISTRY, SIGNING, "password.county_team")}
    assert REGISTRY in office.json("keys", "backup", tmp_path / "k")["keys"]
    for name in before:
        keys.destroy(name)
    told = office.json("keys", "restore", tmp_path / "k")
    assert set(told["put_back"]) == set(before) and told["replaced"] == [] and told["warnings"] == []
    assert {name: keys.get(name) for name in before} == before and keys.password("county_team") == password
    assert office.whole() and office.events()[-1] == "keys_restored"


def test_the_file_is_its_owners_alone_and_holds_no_key_in_clear(office: Office, tmp_path: Path) -> None:
    office.run("keys", "backup", tmp_path / "k")
    content = (tmp_path / "k").read_bytes()
    assert not any(secret in content for secret in secrets_of(office.workspace))
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    assert header_of(content).workspace == office.workspace.id
    assert json.loads(unseal(content, WORDS)).keys() >= {REGISTRY, SIGNING}


def test_keys_of_held_batches_and_of_a_change_that_goes_on_are_left_out(office: Office, tmp_path: Path) -> None:
    office.workspace.keys.make_held_key("2013-11-30-1")
    office.workspace.keys.put("canary.2013-10-31-1", b"seed")
    result = office.run("keys", "backup", tmp_path / "k")
    assert "Left out: keys of held batches" in result.stderr
    names = json.loads(unseal((tmp_path / "k").read_bytes(), WORDS)).keys()
    assert "canary.2013-10-31-1" in names and not any(name.startswith("held.") for name in names)


def test_a_backup_is_not_written_into_the_workspace_nor_over_a_file(office: Office, tmp_path: Path) -> None:
    assert "inside the workspace is lost with it" in office.refused("keys", "backup", office.root / "outbox" / "k")
    office.run("keys", "backup", tmp_path / "k")
    assert "There is a file of that name" in office.refused("keys", "backup", tmp_path / "k")
    office.run("keys", "backup", tmp_path / "k", "--replace")


def test_a_passphrase_is_typed_twice_or_refused(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MATCHER_BACKUP_PASSPHRASE")
    words = ["keys", "-w", str(office.root), "backup", str(tmp_path / "k")]
    typed = CliRunner().invoke(cli, words, input=f"{WORDS}\nanother\n{WORDS}\n{WORDS}\n")
    assert typed.exit_code == 0 and WORDS not in typed.output and "do not match" in typed.output
    assert unseal((tmp_path / "k").read_bytes(), WORDS)
    short = CliRunner().invoke(cli, [*words, "--replace"], input="short\nshort\n")
    assert "shorter than 12 characters" in str(short.exception)
    nobody = CliRunner().invoke(cli, [*words, "--replace"], input="")
    assert "No passphrase was given" in str(nobody.exception)


def test_a_wrong_passphrase_and_an_altered_file_are_refused(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "k"
    office.run("keys", "backup", file)
    good = json.loads(file.read_text())
    office.workspace.keys.destroy(SIGNING)
    monkeypatch.setenv("MATCHER_BACKUP_PASSPHRASE", "not that passphrase")
    assert "the passphrase is another" in office.refused("keys", "restore", file)
    monkeypatch.setenv("MATCHER_BACKUP_PASSPHRASE", WORDS)
    for change in (
        {"made_at": "2000-01-01"},
        {"sealed": "A" + good["sealed"][1:] if good["sealed"][0] != "A" else "B"},
    ):
        file.write_text(json.dumps(good | change))
        assert "altered" in office.refused("keys", "restore", file)
    greedy = good | {"scrypt": {**good["scrypt"], "n": 1 << 30}}
    for broken in ("", "[]", "{}", json.dumps(greedy), json.dumps(good | {"nonce": "zz"}), "[" * 100_000):
        file.write_text(broken)
        assert "no backup of keys" in office.refused("keys", "restore", file)
    assert office.workspace.keys.get(SIGNING) is None
    assert "cannot be read" in office.refused("keys", "restore", tmp_path / "none")


def test_keys_of_another_workspace_are_refused(office: Office, tmp_path: Path) -> None:
    other = Workspace.create(tmp_path / "other")
    Audit(other).append("workspace_made")
    Office(other).run("keys", "backup", tmp_path / "k")
    assert "keys of another workspace" in office.refused("keys", "restore", tmp_path / "k")


def test_different_keys_are_replaced_only_when_told_and_what_was_signed_stays_good(
    office: Office, tmp_path: Path
) -> None:
    office.workspace.keys.password("county_team")
    office.run("keys", "backup", tmp_path / "k")
    old = office.signs_as()
    office.run("keys", "rotate", "--signing", "--password", "county_team")
    new = office.signs_as()
    told = office.refused("keys", "restore", tmp_path / "k")
    assert "2 key(s) in the store differ" in told and "password.county_team" in told and office.signs_as() == new
    done = office.json("keys", "restore", tmp_path / "k", "--replace")
    assert done["replaced"] == ["password.county_team", SIGNING] and office.signs_as() == old
    assert office.whole() and (office.root / f"signing_key.{new}.pub.pem").is_file()


def test_a_key_that_opens_the_registry_is_not_replaced_by_one_that_does_not(office: Office, tmp_path: Path) -> None:
    office.run("keys", "backup", tmp_path / "k")
    office.run("keys", "rotate", "--registry")
    told = office.refused("keys", "restore", tmp_path / "k", "--replace")
    assert "the one in the backup does not" in told and office.whole()
    office.workspace.keys.destroy(REGISTRY)
    warned = office.json("keys", "restore", tmp_path / "k")["warnings"]
    assert len(warned) == 1 and "does not open the registry" in warned[0]


@pytest.mark.parametrize("cut", [False, True])
def test_the_end_of_the_log_comes_back_no_older_than_the_log(office: Office, tmp_path: Path, cut: bool) -> None:
    office.run("keys", "backup", tmp_path / "k")
    head = office.workspace.keys.get(AUDIT_HEAD) or b""
    office.workspace.keys.destroy(AUDIT_HEAD)
    if cut:
        lines = (office.root / "audit.log").read_bytes().splitlines(keepends=True)
        (office.root / "audit.log").write_bytes(b"".join(lines[:-2]))
    assert office.json("keys", "restore", tmp_path / "k")["put_back"] == [AUDIT_HEAD]
    assert (Audit(office.workspace).check() == []) is not cut
    assert ("audit_end_restored" in office.events()) is not cut
    assert int(head.split()[0]) >= 3
