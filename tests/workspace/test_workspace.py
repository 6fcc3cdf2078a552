"""The workspace: made without overwriting, written whole or not at all, locked by one process, destroyed with care."""

from __future__ import annotations

import datetime as dt
import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from matcher.errors import Exit, UserError
from matcher.workspace import ALREADY_GONE, CHANGED, MEDIUM_NOT_PROVEN, Workspace, digest_of, write_file


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def test_a_new_workspace_holds_what_the_contract_names(workspace: Workspace) -> None:
    for name in ("matcher.toml", "areas.csv", "registry.db", "inbox", "outbox", "policy"):
        assert (workspace.root / name).exists(), name
    kinds = {path.name.split(".")[0] for path in (workspace.root / "policy").iterdir()}
    assert kinds == {"discretion", "thresholds", "retention", "disclosure_control"}
    assert workspace.id in (workspace.root / "matcher.toml").read_text(encoding="utf-8")
    assert Workspace.open(workspace.root).id == workspace.id


def test_making_it_again_changes_nothing_and_completes_what_is_missing(workspace: Workspace) -> None:
    (workspace.root / "areas.csv").write_text("sector,district,area\nLE1 1,Leicester,city\n", encoding="utf-8")
    (workspace.root / "inbox").rmdir()
    before = {path: path.read_bytes() for path in workspace.files()}
    again = Workspace.create(workspace.root)
    assert again.id == workspace.id and again.inbox.is_dir()
    assert {path: path.read_bytes() for path in workspace.files()} == before


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("x")
    with pytest.raises(UserError, match="file where the workspace should be"):
        Workspace.create(tmp_path / "w")


def test_opening_what_is_no_workspace_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a workspace"):
        Workspace.open(tmp_path)


def test_a_missing_registry_is_said_and_not_made_anew(workspace: Workspace) -> None:
    workspace.database.unlink()
    with pytest.raises(UserError, match="holds no registry"):
        Workspace.open(workspace.root)


def test_a_registry_without_settings_is_not_given_a_new_id(workspace: Workspace) -> None:
    (workspace.root / "matcher.toml").unlink()
    with pytest.raises(UserError, match="a registry, but no settings"):
        Workspace.create(workspace.root)


def test_a_missing_key_is_said_and_not_made_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MATCHER_KEYS", str(tmp_path / "elsewhere"))
    for attempt in (Workspace.open, Workspace.create):
        with pytest.raises(UserError, match="key of the registry is missing"):
            attempt(workspace.root)


def test_keys_inside_the_workspace_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHER_KEYS", str(tmp_path / "w" / "keys"))
    with pytest.raises(UserError, match="lies inside the workspace"):
        Workspace.create(tmp_path / "w")


def test_the_newest_policy_not_after_as_at_is_in_force(workspace: Workspace) -> None:
    for day in ("2013-10-15", "2013-11-01"):
        workspace.write(f"policy/discretion.{day}.toml", b"")
    workspace.write("policy/discretion.draft.toml", b"")
    assert workspace.policy_path("discretion", dt.date(2013, 10, 31)).name == "discretion.2013-10-15.toml"
    assert workspace.policy_path("discretion", dt.date(2013, 11, 1)).name == "discretion.2013-11-01.toml"
    with pytest.raises(
        UserError, match=r"No discretion policy is in force on 2012-01-01; the earliest is dated 2013-10-01"
    ):
        workspace.policy_path("discretion", dt.date(2012, 1, 1))
    earliest = workspace.policy_path("discretion", dt.date(2012, 1, 1), or_earliest=True)
    assert earliest.name == "discretion.2013-10-01.toml"
    with pytest.raises(UserError, match="No colour policy"):
        workspace.policy_path("colour", dt.date(2013, 10, 31), or_earliest=True)
    workspace.write("policy/discretion.2013-99-01.toml", b"")
    with pytest.raises(UserError, match="bears a date that is none"):
        workspace.policy_path("discretion", dt.date(2013, 10, 31))


def test_areas_name_each_sector_once_and_every_district(workspace: Workspace) -> None:
    areas = workspace.areas.to_pylist()
    assert len({row["sector"] for row in areas}) == len(areas) > 100
    assert {row["area"] for row in areas} == {"city", "county", "rutland", "other"}
    assert len({row["district"] for row in areas if row["area"] == "county"}) == 7
    assert {row["district"] for row in areas if row["area"] == "city"} == {"Leicester"}


@pytest.mark.parametrize(("content", "said"), [("a,b\n1,2\n", "cannot be read"), (None, "is missing")])
def test_unreadable_areas_are_said(workspace: Workspace, content: str | None, said: str) -> None:
    path = workspace.root / "areas.csv"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        _ = workspace.areas


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "C:/x", "a:b", "con", "aux.txt", "a/NUL.csv", "x.", "x ", "a?b", ""]
)
def test_names_outside_or_unsafe_are_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(UserError, match=r"not allowed|outside"):
        workspace.write(name, b"x")


def test_a_link_out_of_the_workspace_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    try:
        (workspace.root / "out").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    with pytest.raises(UserError, match="outside"):
        workspace.write("out/x.txt", b"x")


def test_a_write_that_fails_leaves_what_was_there(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workspace.write("outbox/a.txt", b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="Could not write"):
        workspace.write("outbox/a.txt", b"after")
    with pytest.raises(UserError, match="Could not write"):
        write_file(workspace.root.parent / "b.txt", b"after")
    assert path.read_bytes() == b"before" and [p.name for p in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("batch", ["", "x", "2013-10-31", "2013-10-31-0", "../2013-10-31-1"])
def test_a_batch_folder_needs_a_batch(workspace: Workspace, batch: str) -> None:
    with pytest.raises(UserError, match="no batch"):
        workspace.outbox(batch)
    with pytest.raises(UserError, match="no batch"):
        workspace.held_path(batch)


def test_destroying_overwrites_before_it_removes(workspace: Workspace, tmp_path: Path) -> None:
    received, other = tmp_path / "yos.csv", tmp_path / "hard link.csv"
    received.write_bytes(b"secret " * 1000)
    os.link(received, other)
    done = workspace.destroy(received)
    assert (done.name, done.size, done.outcome) == ("yos.csv", 7000, MEDIUM_NOT_PROVEN)
    assert not received.exists() and other.read_bytes() == b"", "the blocks themselves were overwritten and given back"
    assert workspace.destroy(received).outcome == ALREADY_GONE


def test_a_file_that_changed_since_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "yos.csv"
    path.write_bytes(b"october")
    digest = digest_of(path)
    path.write_bytes(b"november")
    assert workspace.destroy(path, digest=digest).outcome == CHANGED
    assert path.read_bytes() == b"november"


def test_a_read_only_file_is_destroyed_too(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "yos.csv"
    path.write_bytes(b"x")
    path.chmod(0o400)
    assert workspace.destroy(path).outcome == MEDIUM_NOT_PROVEN and not path.exists()


def test_folders_and_links_are_not_destroyed(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Only plain files"):
        workspace.destroy(workspace.inbox)
    with pytest.raises(UserError, match="Only a folder inside"):
        workspace.destroy_folder(tmp_path)
    with pytest.raises(UserError, match="Only a folder inside"):
        workspace.destroy_folder(workspace.root)


def test_a_file_that_cannot_be_destroyed_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workspace.write("outbox/a.txt", b"x")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(UserError, match="Could not destroy"):
        workspace.destroy(path)


def test_what_a_crash_left_is_swept_by_the_next_holder_of_the_lock(workspace: Workspace) -> None:
    left = workspace.root / "outbox" / ".0123456789abcdef.waiting"
    left.write_bytes(b"half")
    (workspace.root / "outbox" / "people.waiting").write_bytes(b"somebody's own file")
    with workspace.lock():
        assert not left.exists() and (workspace.root / "outbox" / "people.waiting").exists()


def test_the_lock_may_be_taken_again_by_its_holder_only(workspace: Workspace) -> None:
    other = Workspace.open(workspace.root)
    with workspace.lock(), workspace.lock():
        with pytest.raises(UserError, match="Another run holds") as refused, other.lock():
            pass
        assert refused.value.code == Exit.BUSY
    with other.lock():
        pass


HOLDER = """
    import sys, time
    from pathlib import Path
    from matcher.workspace import Workspace
    with Workspace.open(Path(sys.argv[1])).lock():
        print("held", flush=True)
        time.sleep(60)
"""


def test_a_second_process_is_kept_out_and_a_killed_one_locks_nobody_out(workspace: Workspace) -> None:
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as holder:
        assert holder.stdout is not None and holder.stdout.readline().strip() == b"held"
        with pytest.raises(UserError) as refused, workspace.lock():
            pass
        assert refused.value.code == Exit.BUSY
        holder.kill()
    with workspace.lock():
        pass


def test_a_line_that_a_full_disk_cut_off_is_taken_back(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.append("a.log", b"first")
    whole = os.write

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(descriptor, content[: len(content) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        with pytest.raises(UserError, match="No space left") as refused:
            workspace.append("a.log", b"second line")
    assert refused.value.where.endswith("a.log") and "space" in refused.value.todo
    workspace.append("a.log", b"third")
    assert workspace.read("a.log") == b"first\nthird\n"


def test_what_a_set_up_that_was_cut_off_left_is_swept_by_the_next(workspace: Workspace) -> None:
    left = workspace.root / "policy" / ".0123456789abcdef.waiting"
    left.write_bytes(b"half")
    Workspace.create(workspace.root)
    assert not left.exists()


def test_a_log_grows_by_lines(workspace: Workspace) -> None:
    workspace.append("own.log", b"one")
    workspace.append("own.log", b"two")
    assert workspace.read("own.log") == b"one\ntwo\n"
