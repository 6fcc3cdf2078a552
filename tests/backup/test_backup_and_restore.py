"""`matcher backup` and `restore`: what is in a backup, what is refused, and that nothing erased comes back."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import matcher.backup.restoring
import matcher.backup.writing
from matcher.backup import contents
from matcher.backup.replay import REPLAYED
from matcher.backup.restoring import restore
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.held import save_held
from matcher.purge.keys import AUDIT_HEAD, REGISTRY, RESTORING, SIGNING, KeyStore
from matcher.registry import Registry
from matcher.workspace import UNFINISHED_RESTORE, Workspace
from tests.backup.conftest import WORDS, Office
from tests.backup.cuts import cut_everywhere
from tests.registry.months import House, Someone

NOVEMBER = dt.date(2013, 11, 30)


@pytest.fixture
def file(office: Office, tmp_path: Path) -> Path:
    """A backup of the office as it is at first."""
    office.run("backup", tmp_path / "b.zip")
    return tmp_path / "b.zip"


def lose_keys(office: Office) -> None:
    for name in office.workspace.keys.names():
        office.workspace.keys.destroy(name)


# -- what a backup is ------------------------------------------------------------------------------------------------


def test_a_backup_holds_what_it_says_and_nobody_in_clear(office: Office, tmp_path: Path) -> None:
    office.workspace.write("outbox/2013-10-31-1/assurance/deletion_certificate.json", b"{}")
    office.workspace.write("outbox/2013-10-31-1/key-worker/city.xlsx", b"people")
    office.workspace.write("inbox/yos.csv", b"people")
    told = office.json("backup", tmp_path / "b.zip")
    assert {"registry.db", "audit.log", "matcher.toml", "areas.csv", "signing_key.pub.pem",
            "outbox/2013-10-31-1/assurance/deletion_certificate.json"} <= set(told["files"])  # fmt: skip
    assert not any("key-worker" in name or "inbox" in name or "keys" in name for name in told["files"])
    content = (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = content + b"".join(archive.read(name) for name in archive.namelist())
    assert not any(form in inside for form in (b"SMITHERS", b"smithers", b"ALICE", b"JONESON", b"1975-05-17"))
    assert told["keys"] == 0 and told["audit_entries"] == len(office.events())
    assert office.events()[-1] == "backed_up"
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600


def test_nothing_of_a_backup_is_left_in_the_workspace(office: Office, file: Path) -> None:
    assert not [path for path in office.workspace.files() if path.name.endswith((".waiting", "-journal"))]


def test_the_keys_are_in_it_only_when_told_and_under_the_passphrase(office: Office, tmp_path: Path) -> None:
    assert "keys are not in it" in office.run("backup", tmp_path / "without").stderr
    assert office.json("backup", tmp_path / "with", "--with-keys")["keys"] >= 3
    key = office.workspace.keys.registry_key()
    content = (tmp_path / "with").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sealed = archive.read(contents.KEYS)
    assert key not in sealed and key.hex().encode() not in sealed and WORDS.encode() not in content


def test_a_backup_is_not_written_inside_nor_over_a_file_nor_during_a_run(
    office: Office, file: Path, tmp_path: Path
) -> None:
    assert "lost with it" in office.refused("backup", office.root / "b.zip")
    assert "file of that name" in office.refused("backup", file)
    office.run("backup", file, "--replace")
    with Workspace.open(office.root).lock():
        office.run("backup", tmp_path / "c.zip", code=Exit.BUSY)


# -- restore ---------------------------------------------------------------------------------------------------------


def test_a_restore_gives_back_the_registry(place: str, new_office: Callable[[str], Office], tmp_path: Path) -> None:
    office = new_office("v")
    office.run("backup", tmp_path / "b.zip")
    before = office.families()
    office.workspace.database.write_bytes(b"not a registry any more" * 1000)
    office.run("status", code=1)
    told = office.json("restore", tmp_path / "b.zip")
    assert office.families() == before and office.whole() and told["chain_lost"] is None
    assert told["erased_again"] == {"families_erased": 0, "people_erased": 0}
    assert office.events()[-1] == "restored"
    assert not (office.root / UNFINISHED_RESTORE).exists() and office.workspace.keys.get(RESTORING) is None


def test_a_family_erased_after_the_backup_stays_erased(office: Office, file: Path) -> None:
    erased = office.family_of("ALICE")
    office.erase_family(erased)
    told = office.json("restore", file)
    assert told["erased_again"] == {"families_erased": 1, "people_erased": 0}
    assert set().union(*office.families().values()) == {"CARL"} and office.whole()
    entry = list(Audit(office.workspace).entries())[-1]
    assert entry["counts"]["families"] == 1 and entry["counts"]["from_entry"] == told["audit_at_backup"]
    with Registry.open(office.workspace) as registry:
        assert not any("SMITHERS" in text or "ALICE" in text for _, text in registry.every_cell())


def test_a_person_erased_after_the_backup_stays_erased(office: Office, file: Path) -> None:
    with Registry.open(office.workspace) as registry:
        person = next(r["person_id"] for r in registry.families().to_pylist() if r["forenames"] == "BEN")
        Audit(office.workspace).append("people_erased", people=[person], reason="asked")
        registry.erase_people([person], reason="asked")
    assert office.json("restore", file)["erased_again"]["people_erased"] == 1
    assert set().union(*office.families().values()) == {"ALICE", "CARL"}


def test_a_restore_twice_is_a_restore_once(office: Office, file: Path) -> None:
    office.erase_family(office.family_of("CARL"))
    office.run("restore", file)
    first = office.families()
    assert office.json("restore", file)["erased_again"]["families_erased"] == 1
    assert office.families() == first and office.whole()


def test_every_function_of_the_replay_may_be_done_twice_and_passes_over_unknown_ids(office: Office) -> None:
    assert set(REPLAYED) >= {"families_erased", "people_erased"}
    family = office.family_of("CARL")
    with Registry.open(office.workspace) as registry:
        for event, again in REPLAYED.items():
            counts = {"families": ["F-UNKNOWN2", family], "people": ["P-UNKNOWN2"], "reason": "asked"}
            again(registry, counts)
            assert again(registry, counts) == 0, event


def test_a_registry_restored_after_its_key_was_rotated_is_under_the_key_in_use(office: Office, tmp_path: Path) -> None:
    office.run("backup", tmp_path / "b.zip")
    office.run("keys", "backup", tmp_path / "k")
    before, old = office.families(), office.workspace.keys.registry_key()
    office.run("keys", "rotate")
    new = office.workspace.keys.registry_key()
    told = office.refused("restore", tmp_path / "b.zip")
    assert "under another key than the store's" in told and "--keys FILE" in told
    office.run("restore", tmp_path / "b.zip", "--keys", tmp_path / "k")
    assert office.workspace.keys.registry_key() == new != old and office.families() == before and office.whole()


def test_keys_of_another_time_do_not_open_the_backup(office: Office, tmp_path: Path) -> None:
    office.run("keys", "backup", tmp_path / "k")
    office.run("keys", "rotate", "--registry")
    office.run("backup", tmp_path / "b.zip")
    office.run("keys", "rotate", "--registry")
    assert "under another key" in office.refused("restore", tmp_path / "b.zip", "--keys", tmp_path / "k")
    assert "backup of keys cannot be read" in office.refused("restore", tmp_path / "b.zip", "--keys", tmp_path / "none")


def test_files_that_are_missing_come_back_and_others_stay(office: Office, file: Path) -> None:
    (office.root / "areas.csv").unlink()
    toml = (office.root / "matcher.toml").read_bytes() + b"\n# mine\n"
    office.workspace.write("matcher.toml", toml)
    told = office.json("restore", file)
    assert told["files_put_back"] == ["areas.csv"] and told["files_kept"] == ["matcher.toml"]
    assert (office.root / "matcher.toml").read_bytes() == toml


# -- what is refused -------------------------------------------------------------------------------------------------


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The archive with its members changed, the manifest as it was unless changed too."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _edited_log(members: dict[str, bytes]) -> None:
    members["audit.log"] = members["audit.log"].replace(b"workspace_made", b"workspace_mode")


def _edited_manifest(members: dict[str, bytes]) -> None:
    members["manifest.json"] = members["manifest.json"].replace(b'"program"', b'"Program"')


def _other_signer(members: dict[str, bytes]) -> None:
    told = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps(told | {"signature": "00" * 64}).encode()


def _more(members: dict[str, bytes]) -> None:
    members["policy/more.toml"] = b"x = 1"


def _less(members: dict[str, bytes]) -> None:
    del members["areas.csv"]


@pytest.mark.parametrize("change", [_edited_log, _edited_manifest, _other_signer, _more, _less])
def test_an_altered_backup_is_refused_before_anything_is_touched(
    office: Office, file: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    families, events = office.families(), office.events()
    rewritten(file, change)
    assert "nothing was touched" in office.refused("restore", file)
    assert office.families() == families and office.events() == events and office.whole()


def test_every_byte_of_the_archives_registry_counts(office: Office, file: Path) -> None:
    content = bytearray(file.read_bytes())
    place = content.find(b"registry.db") + 5000
    content[place] ^= 1
    file.write_bytes(content)
    assert "nothing was touched" in office.refused("restore", file)
    for broken in (b"", b"PK", bytes(content[: len(content) // 2])):
        file.write_bytes(broken)
        assert "no backup, or it is damaged" in office.refused("restore", file)
    file.unlink()
    assert "backup cannot be read" in office.refused("restore", file)


@pytest.mark.parametrize(
    "name", ["../out.toml", "policy/../../out.toml", "held/x", "registry.db-journal", "policy/a/b.toml"]
)
def test_only_names_that_a_backup_holds_are_written(name: str) -> None:
    assert not contents.written(name)


def test_the_backup_of_another_workspace_is_refused(
    office: Office, new_office: Callable[[str], Office], tmp_path: Path
) -> None:
    other = new_office("other")
    other.run("backup", tmp_path / "o.zip")
    assert "nothing was touched" in office.refused("restore", tmp_path / "o.zip")
    for one in other.workspace.keys.public_keys():  # signed by a key that this workspace happens to accept
        office.workspace.keys.keep_public(one)
    assert "backup of another workspace" in office.refused("restore", tmp_path / "o.zip")


def test_a_log_of_another_history_is_refused_even_when_told_to_go_on(office: Office, file: Path) -> None:
    lines = (office.root / "audit.log").read_bytes().splitlines(keepends=True)
    (office.root / "audit.log").write_bytes(b"".join(lines[:1]))
    office.workspace.keys.destroy(AUDIT_HEAD)
    Audit(office.workspace).append("verified")
    told = office.refused("restore", file, "--chain-lost")
    assert "not the one that the backup was made with" in told and office.workspace.keys.get(RESTORING) is None


@pytest.mark.parametrize("how", ["gone", "cut", "edited", "end not known"])
def test_an_unknown_history_is_refused_unless_told_to_go_on_and_stays_visible(
    office: Office, file: Path, how: str
) -> None:
    log = office.root / "audit.log"
    office.erase_family(office.family_of("ALICE"))
    Audit(office.workspace).append("verified")
    content = log.read_bytes()
    if how == "gone":
        log.unlink()
    elif how == "cut":
        log.write_bytes(b"".join(content.splitlines(keepends=True)[:-2]))
    elif how == "edited":
        log.write_bytes(content.replace(b"asked", b"other"))
    else:
        office.workspace.keys.destroy(AUDIT_HEAD)
    told = office.refused("restore", file)
    assert "not fully known" in told and "--chain-lost" in told and office.workspace.keys.get(RESTORING) is None
    done = office.json("restore", file, "--chain-lost")
    assert done["chain_lost"] and "audit_chain_lost" in office.events()
    assert any("restore went on without them" in fault for fault in Audit(office.workspace).check())
    verified = office.run("verify", code=Exit.RESIDUE)
    assert "restore went on without them" in verified.stderr
    office.run("restore", file)  # again: what is lost is told of already


def test_a_log_lost_right_after_the_backup_loses_nothing(office: Office, file: Path) -> None:
    (office.root / "audit.log").unlink()
    assert office.json("restore", file)["chain_lost"] is None
    assert office.whole()


# -- disasters -------------------------------------------------------------------------------------------------------


def test_a_backup_with_keys_brings_a_workspace_back_where_nothing_is_left(
    place: str, new_office: Callable[[str], Office], tmp_path: Path
) -> None:
    office = new_office("v")
    password = office.workspace.keys.password("county_team")
    office.run("backup", tmp_path / "b.zip", "--with-keys")
    before, signer = office.families(), office.signs_as()
    lose_keys(office)
    shutil.rmtree(office.root)
    told = office.refused("restore", tmp_path / "b.zip")
    assert "not fully known" in told and not office.root.exists()
    done = office.json("restore", tmp_path / "b.zip", "--chain-lost")
    assert office.families() == before and office.signs_as() == signer
    assert office.workspace.keys.password("county_team") == password
    assert {REGISTRY, SIGNING, "password.county_team"} <= set(done["keys_put_back"])
    assert done["signed_by"] is None
    office.run("status")


def test_without_keys_the_backup_says_what_is_lost(office: Office, file: Path, tmp_path: Path) -> None:
    office.run("keys", "backup", tmp_path / "k")
    lose_keys(office)
    told = office.refused("restore", file)
    assert "key of the registry is missing" in told and "lost without it" in told
    shutil.rmtree(office.root)
    done = office.json("restore", file, "--keys", tmp_path / "k", "--chain-lost")
    assert REGISTRY in done["keys_put_back"] and len(office.families()) == 2


def test_a_wrong_passphrase_touches_nothing(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office.run("backup", tmp_path / "b.zip", "--with-keys")
    office.workspace.keys.destroy(REGISTRY)
    monkeypatch.setenv("MATCHER_BACKUP_PASSPHRASE", "another passphrase")
    assert "the passphrase is another" in office.refused("restore", tmp_path / "b.zip")
    assert office.workspace.keys.get(RESTORING) is None and office.workspace.keys.get(REGISTRY) is None


def test_a_missing_signing_key_is_said_before_anything_is_touched(office: Office, file: Path) -> None:
    office.workspace.keys.destroy(SIGNING)
    assert "key of signing is missing" in office.refused("restore", file)
    assert office.workspace.keys.get(RESTORING) is None
    office.run("keys", "make")
    office.run("restore", file)
    assert office.whole()


# -- batches ---------------------------------------------------------------------------------------------------------


def test_a_batch_sealed_after_the_backup_is_named_and_its_number_is_taken(office: Office, file: Path) -> None:
    lost = office.month(House([Someone("GREENLAND", "DORA")], postcode="LE12 2BB"), as_at=NOVEMBER)
    office.workspace.write(f"outbox/{lost}/assurance/deletion_certificate.json", b"{}")
    result = office.run("restore", file)
    assert f"Sealed since, and then no longer in the registry: {lost}" in result.stderr
    assert f"{lost}: sealed after the backup. Its certificate stays valid" in result.stderr
    assert "DORA" not in set().union(*office.families().values())
    assert (office.workspace.outbox(lost) / "assurance" / "deletion_certificate.json").is_file()
    with Registry.open(office.workspace) as registry:
        assert registry.batch(lost).state == "abandoned" and "came after the backup" in registry.batch(lost).plan["why"]
        assert registry.new_batch(NOVEMBER, {}).batch_id == "2013-11-30-2"


def hold(office: Office) -> str:
    with Registry.open(office.workspace) as registry:
        batch = registry.new_batch(NOVEMBER, {}).batch_id
        save_held(office.workspace, batch, {"x": pa.table({"a": [1]})}, {})
        registry.set_state(batch, "matching")
        registry.set_state(batch, "held", held_until=dt.date(2099, 1, 1))
    Audit(office.workspace).append("held", batch=batch)
    return batch


def state_of(office: Office, batch: str) -> str:
    with Registry.open(office.workspace) as registry:
        return registry.batch(batch).state


def test_a_batch_held_at_the_backup_goes_on_where_what_it_holds_is_there(office: Office, tmp_path: Path) -> None:
    batch = hold(office)
    office.run("backup", tmp_path / "b.zip")
    assert office.json("restore", tmp_path / "b.zip")["batches_going_on"] == [batch]
    assert state_of(office, batch) == "held" and office.workspace.keys.held_key(batch) is not None


@pytest.mark.parametrize("event", ["sealed", "abandoned", "batch_expired", None])
def test_a_batch_held_at_the_backup_that_has_ended_since_is_ended(
    office: Office, tmp_path: Path, event: str | None
) -> None:
    batch = hold(office)
    office.run("backup", tmp_path / "b.zip")
    if event is None:
        office.workspace.keys.destroy_held_key(batch)
    else:
        Audit(office.workspace).append(event, batch=batch)
    told = office.json("restore", tmp_path / "b.zip")
    assert told["batches_lost" if event == "sealed" else "batches_given_up"] == [batch]
    assert state_of(office, batch) == ("expired" if event == "batch_expired" else "abandoned")
    assert not office.workspace.held_path(batch).exists() and office.workspace.keys.held_key(batch) is None
    assert told["held_files_destroyed"] == 2


def test_what_a_batch_holds_that_began_after_the_backup_is_destroyed(office: Office, file: Path) -> None:
    batch = hold(office)
    told = office.json("restore", file)
    assert told["batches_given_up"] == [batch] and told["held_files_destroyed"] == 2
    assert office.workspace.keys.held_key(batch) is None and state_of(office, batch) == "abandoned"
    assert f"{batch}: was on its way" in office.run("restore", file).stderr


@pytest.mark.parametrize("state", ["open", "matching", "sealing"])
def test_a_batch_on_its_way_at_the_backup_is_given_up_unless_its_families_are_in(
    office: Office, tmp_path: Path, state: str
) -> None:
    with Registry.open(office.workspace) as registry:
        batch = registry.new_batch(NOVEMBER, {}).batch_id
        for step in ("matching", "sealing")[: ("open", "matching", "sealing").index(state)]:
            registry.set_state(batch, step)
    office.run("backup", tmp_path / "b.zip")
    assert office.json("restore", tmp_path / "b.zip")["batches_given_up"] == [batch]
    assert state_of(office, batch) == "abandoned"


# -- failures --------------------------------------------------------------------------------------------------------


def test_a_restore_that_fails_before_anything_is_replaced_leaves_everything_as_it_was(
    office: Office, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    families, events = office.families(), office.events()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(matcher.backup.restoring, "mend", fail)
        office.run("restore", file, code=1)
    office.run("status")
    assert office.families() == families and office.events() == events and office.whole()
    assert "restore" not in " ".join(office.workspace.keys.names())
    office.run("restore", file)


def test_a_backup_by_a_newer_matcher_is_refused(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(matcher.backup.writing, "HEAD", "9999")
        office.run("backup", tmp_path / "b.zip")
    assert "newer matcher made this backup" in office.refused("restore", tmp_path / "b.zip")
    assert office.workspace.keys.get(RESTORING) is None


def test_at_a_keyboard_a_restore_may_be_stopped_before_it_begins(office: Office, file: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def stop(lines: list[str]) -> bool:
        told.extend(lines)
        return False

    with pytest.raises(UserError, match="Nothing was restored"):
        restore(office.root, file, passphrase=lambda: WORDS, go_on=stop)
    assert "The registry that is there now is destroyed." in told and "restored" not in office.events()


# -- cut off ---------------------------------------------------------------------------------------------------------


def test_no_other_command_runs_before_a_restore_is_complete(office: Office, file: Path, tmp_path: Path) -> None:
    for mark in ("workspace", "key store"):
        if mark == "workspace":
            office.workspace.write(UNFINISHED_RESTORE, b"x")
        else:
            office.workspace.keys.put(RESTORING, b"x")
        for command in (["status"], ["families"], ["verify"], ["expire"], ["keys", "show"], ["keys", "rotate"],
                        ["backup", tmp_path / "c"], ["passwords", "list"], ["registry", "move"]):  # fmt: skip
            told = office.refused(*command)
            assert "restore of this workspace is not finished" in told and "matcher restore" in told, command
        with pytest.raises(Exception, match="not finished"):
            Workspace.create(office.root)
        office.run("restore", file)
        office.run("status")


@pytest.mark.parametrize("lost", [False, True], ids=["chain whole", "chain lost"])
def test_a_restore_cut_off_at_any_step_is_finished_by_running_it_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    office.run("keys", "backup", tmp_path / "k")
    office.run("backup", tmp_path / "b.zip")
    office.run("keys", "rotate", "--registry")
    office.erase_family(office.family_of("ALICE"))
    safe = tmp_path / "safe"
    words: list[str | Path] = ["restore", tmp_path / "b.zip", "--keys", tmp_path / "k"]
    if lost:
        (office.root / "audit.log").unlink()
        words.append("--chain-lost")
    shutil.copytree(office.root, safe)
    kept = {name: office.workspace.keys.get(name) or b"" for name in office.workspace.keys.names()}
    cuts = marked = 0
    for where in cut_everywhere(lambda: office.run(*words), monkeypatch):
        cuts += 1
        if office.workspace.keys.get(RESTORING) is not None:
            marked += 1
            assert "not finished" in office.refused("status"), where
            office.run(*words)
        elif not _restored(office):
            assert office.run("status"), where
        if _restored(office) and not lost:
            assert set().union(*office.families().values()) == {"CARL"} and office.whole(), where
        if _restored(office) and lost:
            assert "audit_chain_lost" in office.events(), where
        _as_before(office, safe, kept)
    assert cuts > 12 and marked > 10


def _restored(office: Office) -> bool:
    return "restored" in office.events()


def _as_before(office: Office, safe: Path, kept: dict[str, bytes]) -> None:
    shutil.rmtree(office.root)
    shutil.copytree(safe, office.root)
    store: KeyStore = office.workspace.keys
    for name in set(store.names()) - set(kept):
        store.destroy(name)
    for name, value in kept.items():
        store.put(name, value)
