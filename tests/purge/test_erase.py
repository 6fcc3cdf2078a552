"""Received files are destroyed wherever they lie, and only they."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.purge.erase import Received, erase_received
from matcher.workspace import ALREADY_GONE, Workspace, digest_of


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


@pytest.fixture
def received(tmp_path: Path) -> list[Received]:
    inbox = tmp_path / "post" / "october"
    inbox.mkdir(parents=True)
    for name in ("yos.city.csv", "dwp.csv"):
        (inbox / name).write_text(name)
    return [Received(path, digest_of(path)) for path in sorted(inbox.iterdir())]


def test_received_files_are_destroyed_wherever_the_inbox_lies(workspace: Workspace, received: list[Received]) -> None:
    (received[0].path.parent / "notes.txt").write_text("ours")
    erased = erase_received(workspace, received)
    assert erased.removed == 2 and erased.faults == () and erased.left_alone == ()
    assert [path.name for path in received[0].path.parent.iterdir()] == ["notes.txt"]


def test_it_may_be_done_twice(workspace: Workspace, received: list[Received]) -> None:
    erase_received(workspace, received)
    again = erase_received(workspace, received)
    assert again.removed == 0 and {file.outcome for file in again.files} == {ALREADY_GONE}


def test_a_new_file_of_the_same_name_is_left_alone(workspace: Workspace, received: list[Received]) -> None:
    received[0].path.write_text("november")
    erased = erase_received(workspace, received)
    assert erased.removed == 1 and erased.left_alone == (received[0].path.name,)
    assert received[0].path.read_text() == "november"


def test_what_an_interrupted_destruction_left_is_swept(
    workspace: Workspace, received: list[Received], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", cut)
        with pytest.raises(KeyboardInterrupt):
            erase_received(workspace, received)
    assert not received[0].path.exists() and received[1].path.exists()
    erased = erase_received(workspace, received)
    assert erased.swept == 1 and list(received[0].path.parent.iterdir()) == []


def test_one_that_fails_does_not_keep_the_others(workspace: Workspace, received: list[Received]) -> None:
    received[0].path.unlink()
    received[0].path.mkdir()
    erased = erase_received(workspace, received)
    assert erased.removed == 1 and erased.faults == (f"{received[0].path.name}: Only plain files are destroyed.",)
