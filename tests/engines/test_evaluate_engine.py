"""`evaluate --engine`: the month is linked by the engine that is named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.extracts import Intake
from matcher.month import Rules
from matcher.synthetic import make_month


def test_evaluate_links_by_the_engine_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    month = make_month(300, 2, dt.date(2013, 10, 31))
    inbox, truth = tmp_path / "inbox", tmp_path / "truth.csv"
    inbox.mkdir()
    for name, content in month.files.items():
        (inbox / name).write_bytes(content)
    truth.write_bytes(month.truth)
    by = []

    def match(intake: Intake, rules: Rules, *_: object, **__: object) -> None:
        by.append(rules.engine)
        raise UserError("enough is known", todo="")

    monkeypatch.setattr("matcher.evaluation.evaluate.match", match)
    given = ["evaluate", str(inbox), "--truth", str(truth), "--as-at", "2013-10-31"]
    for options in ([], ["--engine", "reference"]):
        CliRunner().invoke(cli, [*given, *options])
    assert by == ["in_process", "reference"]


def test_evaluate_refuses_an_engine_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_bytes(b"")
    given = ["evaluate", str(tmp_path), "--truth", str(tmp_path / "truth.csv"), "--as-at", "2013-10-31"]
    done = CliRunner().invoke(cli, [*given, "--engine", "abacus"])
    assert done.exit_code == Exit.USAGE and "in_process" in done.output
