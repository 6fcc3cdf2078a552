"""The key store: outside the workspace, owner-only, one password a recipient."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat
from pathlib import Path

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from matcher.errors import UserError
from matcher.purge import keys
from matcher.purge.keys import FolderPlace, KeyringPlace, KeyStore, raw_of


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore("W-ABCDEFG2", FolderPlace(tmp_path / "keys"))


def test_a_key_is_made_once_and_then_stays(store: KeyStore) -> None:
    first = store.make("registry")
    assert len(first) == 32 and store.make("registry") == first and store.registry_key() == first
    assert store.names() == ["registry"]


def test_key_files_are_their_owners_alone(store: KeyStore, tmp_path: Path) -> None:
    store.make("registry")
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "keys" / "registry.key").stat().st_mode) == 0o600


def test_a_destroyed_key_is_gone(store: KeyStore) -> None:
    store.make_held_key("2013-10-31-1")
    assert store.destroy_held_key("2013-10-31-1") and store.held_key("2013-10-31-1") is None
    assert not store.destroy_held_key("2013-10-31-1")


def test_a_needed_key_that_is_missing_is_said(store: KeyStore) -> None:
    with pytest.raises(UserError, match="key of the registry is missing"):
        store.registry_key()


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "a:b", ".x", "a" * 101])
def test_names_that_are_no_names_are_refused(store: KeyStore, name: str) -> None:
    with pytest.raises(UserError, match="no name of a key"):
        store.make(name)


def test_each_recipient_has_a_password_of_its_own(store: KeyStore) -> None:
    one, two = store.password("county_team"), store.password("city_team")
    assert one != two and store.password("county_team") == one and len(one) == 27
    assert store.recipients() == ["city_team", "county_team"] and set(store.passwords()) == {one, two}


def test_a_password_for_automation_overrides(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store.password("county_team")
    monkeypatch.setenv("MATCHER_OUTPUT_PASSWORD", "for the robot")
    assert store.password("county_team") == "for the robot" and store.passwords() == ["for the robot", kept]


def test_the_likeliest_password_of_a_file_comes_first(store: KeyStore) -> None:
    words = {r: store.password(r) for r in ("dwp", "key_worker_city", "key_worker_county", "nhs_trust")}
    assert store.passwords("outbox/2013-10-31-1/key-worker/county.xlsx")[0] == words["key_worker_county"]
    assert store.passwords("outbox/2013-10-31-1/partners/dwp.xlsx")[0] == words["dwp"]
    assert set(store.passwords()) == set(words.values())


class Memory(KeyringBackend):
    """A keyring that keeps everything in memory, or refuses everything."""

    priority = 5  # type: ignore[assignment]

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.PasswordSetError("locked")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError("none")
        del self.kept[service, username]


@pytest.fixture
def no_folder_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MATCHER_KEYS")
    monkeypatch.setattr(keys, "configuration_folder", lambda: tmp_path / "configuration")


@pytest.mark.usefixtures("no_folder_named")
def test_the_keyring_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    memory = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: memory)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(memory, name))
    store = KeyStore.of("W-ABCDEFG2", tmp_path)
    assert isinstance(store.place, KeyringPlace)
    key = store.make("registry")
    store.make("held.2013-10-31-1")
    assert KeyStore.of("W-ABCDEFG2", tmp_path).registry_key() == key
    assert store.names() == ["held.2013-10-31-1", "registry"]
    assert store.destroy("registry") and not store.destroy("registry") and store.get("registry") is None
    memory.locked = True
    with pytest.raises(UserError, match="keyring refused"):
        store.make("claims")


@pytest.mark.usefixtures("no_folder_named")
def test_without_a_keyring_the_configuration_folder_is_used_and_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Nothing(Memory):
        priority = 0  # type: ignore[assignment]

    monkeypatch.setattr(keyring, "get_keyring", Nothing)
    store = KeyStore.of("W-ABCDEFG2", tmp_path / "w")
    key = store.make("registry")
    assert (tmp_path / "configuration" / "W-ABCDEFG2" / "registry.key").is_file()
    monkeypatch.setattr(keyring, "get_keyring", Memory)  # later a session with a keyring
    assert KeyStore.of("W-ABCDEFG2", tmp_path / "w").registry_key() == key


def test_the_configuration_folder_is_the_systems_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPDATA", "roaming")
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    for platform, begins in (("win32", "roaming"), ("linux", "config"), ("darwin", str(Path.home()))):
        monkeypatch.setattr("sys.platform", platform)
        assert str(keys.configuration_folder()).startswith(begins)


# -- what a place keeps, and lets go ---------------------------------------------------------------------------------


def test_replaced_and_removed_keys_are_overwritten_and_leave_no_file(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "keys")
    place.put("registry", b"first")
    with (tmp_path / "keys" / "registry.key").open("rb") as old:
        place.put("registry", b"other")
        assert old.read() != b"first" or os.name != "posix", "the old bytes are gone from the medium too"
    (tmp_path / "keys" / "held.x.0123abcd.new").write_bytes(b"left by a crash")
    place.put("held.x", b"key")
    assert place.names() == ["held.x", "registry"]
    assert place.remove("held.x") and not place.remove("held.x")
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["registry.key"]


def test_a_key_that_cannot_be_written_is_said_and_leaves_nothing(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = store.make("held.2013-10-31-1")
    folder = FolderPlace(tmp_path / "other")
    folder.put("a", b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(UserError, match="Could not write a key: No space left") as refused:
            folder.put("a", b"new")
        with pytest.raises(UserError, match="Could not destroy a key"):
            store.destroy("held.2013-10-31-1")
    assert refused.value.where == str(folder.folder) and "space" in refused.value.todo
    assert folder.get("a") == b"old"
    folder.put("a", b"newer")
    assert [path.name for path in folder.folder.iterdir()] == ["a.key"], "what was left of the key is swept"
    assert store.destroy("held.2013-10-31-1") and store.get("held.2013-10-31-1") is None and first


def test_a_key_that_could_not_be_replaced_is_what_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = FolderPlace(tmp_path)
    folder.put("a", b"old")

    def full(path: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(UserError, match="Could not write a key"):
            folder.put("a", b"new")
    assert folder.get("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


def test_places_say_when_a_key_was_written(store: KeyStore) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=5)
    store.make("registry")
    written = store.place.written("registry")
    assert written is not None and before <= written <= dt.datetime.now(dt.UTC) + dt.timedelta(seconds=5)
    assert store.place.written("none") is None


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(memory, name))
    return memory


def test_the_keyrings_index_stays_below_the_size_that_windows_allows(memory: Memory) -> None:
    place = KeyringPlace("W-ABCDEFG2")
    names = [f"canary.2013-{month:02}-{day:02}-1" for month in range(1, 13) for day in (28, 30)] + ["registry"]
    for name in names:
        place.put(name, b"x" * 32)
    assert place.names() == sorted(names) and place.written("registry") is not None
    assert max(len(text) for text in memory.kept.values()) <= 1000
    for name in names[:-1]:
        assert place.remove(name)
    assert place.names() == ["registry"] and not any("index.2" in entry for _, entry in memory.kept)


def test_an_index_without_dates_is_read(memory: Memory) -> None:
    place = KeyringPlace("W-ABCDEFG2")
    memory.kept[place.service, "index"] = "registry\nsigning"
    assert place.names() == ["registry", "signing"] and place.written("signing") is None


def test_a_keyring_that_does_not_answer_is_not_one_that_holds_nothing(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: str) -> str:
        raise keyring.errors.KeyringLocked("locked")

    for name in ("get_password", "delete_password"):
        monkeypatch.setattr(keyring, name, locked)
    store = KeyStore("W-ABCDEFG2", KeyringPlace("W-ABCDEFG2"))
    for work in (lambda: store.get("registry"), store.signing_key, lambda: store.destroy("registry"), store.names):
        with pytest.raises(UserError, match="keyring refused a key"):
            work()


def test_public_keys_are_the_one_in_use_and_then_the_earlier_ones(store: KeyStore) -> None:
    assert store.public_keys() == []
    store.make("signing")
    first = store.public_key()
    store.keep_public(first)
    assert [raw_of(key) for key in store.public_keys()] == [raw_of(first)]
    store.put("signing", bytes(32))
    assert [raw_of(key) for key in store.public_keys()] == [raw_of(store.public_key()), raw_of(first)]
