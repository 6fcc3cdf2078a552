"""The collector of cycles stands still while a month is matched, and goes on after, however it ended."""

from __future__ import annotations

import datetime as dt
import gc
from pathlib import Path

import pytest

from matcher.errors import UserError
from matcher.memory import without_collector
from matcher.progress import Stages
from matcher.runs.options import Console, Options
from matcher.runs.start import start
from matcher.workspace import Workspace


def test_the_collector_is_put_back_as_it_was() -> None:
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_run_that_is_refused_leaves_the_collector_on(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    (tmp_path / "inbox").mkdir()
    console = Console(lambda text: None)
    with workspace.lock(), pytest.raises(UserError, match="holds no supply"):
        start(workspace, dt.date(2013, 10, 31), Options(str(tmp_path / "inbox")), console, Stages(show=False), dry=True)
    assert gc.isenabled()
