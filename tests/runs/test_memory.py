"""The collector of cycles stands still while a month is matched, and goes on after, however it ended."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from matcher.cli import cli
from matcher.errors import UserError
from matcher.memory import without_collector
from matcher.workspace import Workspace


def test_the_collector_is_put_back_as_it_was() -> None:
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_run_that_is_refused_leaves_the_collector_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> NoReturn:
        assert not gc.isenabled()
        raise UserError("refused")

    Workspace.create(tmp_path / "workspace")
    monkeypatch.setattr("matcher.runs.start.start", refused)
    asked = ["run", str(tmp_path), "-w", str(tmp_path / "workspace"), "--as-at", "2013-10-31"]
    assert isinstance(CliRunner().invoke(cli, asked).exception, UserError)
    assert gc.isenabled()
