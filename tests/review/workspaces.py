"""A workspace with a held batch of a small made-up month, made once and copied for each test with its keys."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.progress import Stages
from matcher.registry.store import Registry
from matcher.runs.options import Console, Options
from matcher.runs.start import start
from matcher.synthetic import make_month
from matcher.workspace import Workspace

OCTOBER, NOVEMBER = dt.date(2013, 10, 31), dt.date(2013, 11, 30)
PEOPLE, SEED = 1500, 11


@dataclass(frozen=True)
class Made:
    """A workspace and its keys, not to be changed: copy it."""

    root: Path
    keys: Path

    def copy(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
        shutil.copytree(self.root, folder / "workspace")
        shutil.copytree(self.keys, folder / "keys")
        monkeypatch.setenv("MATCHER_KEYS", str(folder / "keys"))
        return Workspace.open(folder / "workspace")


def made(folder: Path, work: Callable[[Workspace], None]) -> Made:
    """A workspace in `folder` after `work`, with keys of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATCHER_KEYS", str(folder / "keys"))
        workspace = Workspace.create(folder / "workspace")
        Registry.open(workspace).close()
        work(workspace)
    return Made(folder / "workspace", folder / "keys")


def run_month(workspace: Workspace, as_at: dt.date, **options: str) -> None:
    inbox = workspace.root.parent / f"inbox-{as_at}"
    inbox.mkdir()
    for name, content in make_month(PEOPLE, SEED, as_at).files.items():
        (inbox / name).write_bytes(content)
    with workspace.lock():
        start(workspace, as_at, Options(str(inbox), **options), Console(lambda _: None), Stages(show=False))  # type: ignore[arg-type]


def hold_widely(workspace: Workspace) -> None:
    """October, held with many links in question and discretion left to a panel."""
    policy = workspace.policy_path("discretion", OCTOBER)
    text = policy.read_text(encoding="utf-8").replace("automatic_approval = true", "automatic_approval = false")
    workspace.write(f"policy/{policy.name}", text.encode("utf-8"))
    workspace.write("policy/thresholds.2012-04-02.toml", b"link = 0.9\nask_from = 0.05\nask_to = 0.999\n")
    run_month(workspace, OCTOBER, review="hold")


@pytest.fixture(scope="session")
def held_month(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("held"), hold_widely)


@pytest.fixture
def place(held_month: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace whose only batch is held, with open questions of two kinds."""
    yield held_month.copy(tmp_path, monkeypatch)
