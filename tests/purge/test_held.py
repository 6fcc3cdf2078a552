"""What a held batch keeps is noise without its key, whole or not at all, and gone when it is destroyed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from matcher.errors import UserError
from matcher.purge.held import destroy_held, load_held, save_held
from matcher.workspace import Workspace
from specs.tables import RECORDS, UNCERTAIN
from tests.registry.months import House, Month, Someone

BATCH = "2013-10-31-1"
RECORD_TABLE = Month([House([Someone("QUILLFEATHER", "ALICE")])]).table("records")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def test_what_is_held_comes_back(workspace: Workspace) -> None:
    files = save_held(
        workspace, BATCH, {"records": RECORD_TABLE, "uncertain": UNCERTAIN.empty()}, {"as_at": "2013-10-31"}
    )
    assert len(files) == 3 and all((workspace.root / name).is_file() for name in files)
    tables, plan = load_held(workspace, BATCH)
    assert tables["records"].equals(RECORD_TABLE) and tables["uncertain"].schema == UNCERTAIN.schema
    assert plan == {"as_at": "2013-10-31"} and tables["records"].schema == RECORDS.schema


def test_nothing_is_in_clear_not_even_the_names_of_columns(workspace: Workspace) -> None:
    for name in save_held(workspace, BATCH, {"records": RECORD_TABLE}, {"who": "QUILLFEATHER"}):
        content = workspace.read(name)
        assert content[:4] == b"PARE"
        assert not any(clear in content for clear in (b"QUILLFEATHER", b"ALICE", b"surname", b"who"))


def test_holding_again_replaces_what_was_held(workspace: Workspace) -> None:
    save_held(workspace, BATCH, {"records": RECORD_TABLE}, {"n": 1})
    files = save_held(workspace, BATCH, {"records": RECORD_TABLE}, {"n": 2})
    assert load_held(workspace, BATCH)[1] == {"n": 2}
    assert sorted(workspace.relative(p) for p in workspace.held_path(BATCH).iterdir()) == sorted(files)


def test_a_crash_while_holding_again_leaves_what_was_held(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_held(workspace, BATCH, {"records": RECORD_TABLE}, {"n": 1})
    write = Workspace.write

    def fails_at_the_plan(self: Workspace, relative: str, content: bytes) -> Path:
        if relative.endswith("plan.parquet"):
            raise KeyboardInterrupt
        return write(self, relative, content)

    monkeypatch.setattr(Workspace, "write", fails_at_the_plan)
    with pytest.raises(KeyboardInterrupt):
        save_held(workspace, BATCH, {"records": RECORD_TABLE.slice(0, 0)}, {"n": 2})
    tables, plan = load_held(workspace, BATCH)
    assert plan == {"n": 1} and tables["records"].num_rows == RECORD_TABLE.num_rows


def test_destroying_takes_the_key_first_and_may_be_done_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_held(workspace, BATCH, {"records": RECORD_TABLE}, {})
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "destroy_folder", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            destroy_held(workspace, BATCH)
    with pytest.raises(UserError, match="key of this held batch is gone"):
        load_held(workspace, BATCH)
    assert len(destroy_held(workspace, BATCH)) == 2 and not workspace.held_path(BATCH).exists()
    assert destroy_held(workspace, BATCH) == []


@pytest.mark.parametrize("how", ["missing", "changed", "exchanged"])
def test_files_that_are_not_as_written_are_not_read(workspace: Workspace, how: str) -> None:
    save_held(workspace, BATCH, {"records": RECORD_TABLE, "other": pa.table({"x": [1]})}, {})
    records, other = (next(workspace.held_path(BATCH).glob(f"{name}-*")) for name in ("records", "other"))
    if how == "missing":
        records.unlink()
    elif how == "changed":
        content = bytearray(records.read_bytes())
        content[len(content) // 2] ^= 1
        records.write_bytes(bytes(content))
    else:
        records.write_bytes(other.read_bytes())
    with pytest.raises(UserError, match="missing or has been changed"):
        load_held(workspace, BATCH)


@pytest.mark.parametrize("name", ["plan", "A", "../x", ""])
def test_names_of_tables_are_words(workspace: Workspace, name: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        save_held(workspace, BATCH, {name: RECORD_TABLE}, {})
