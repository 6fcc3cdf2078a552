"""What an engine lacks is said before anything is read."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

import matcher
from matcher import engines
from matcher.cli import cli
from matcher.engines.spark import session as spark_session
from matcher.errors import UserError
from matcher.registry import Registry
from matcher.synthetic import make_month
from tests.runs.conftest import OCTOBER, Office, small_office

__all__ = ["small_office"]


@pytest.fixture(params=["pyspark", "java"])
def lacking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A machine that lacks one of them; in words, which."""
    monkeypatch.setattr(spark_session, "_running", [])
    if request.param == "pyspark":
        monkeypatch.setattr(spark_session, "find_spec", lambda name: None)
        return "needs the Python package"
    monkeypatch.setattr(spark_session, "find_spec", lambda name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    return "needs Java"


def unread(monkeypatch: pytest.MonkeyPatch, *places: str) -> None:
    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("something was read")

    for place in places:
        monkeypatch.setattr(place, read)


def test_run_refuses_before_it_reads_and_leaves_no_batch(
    small_office: Office, lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = small_office.inbox(OCTOBER)
    unread(monkeypatch, "matcher.runs.start.find_supplies", "matcher.runs.start.read_supplies")
    for dry in (False, True):
        with pytest.raises(UserError, match=lacking):
            small_office.run(inbox, OCTOBER, dry=dry, engine="spark")
    with Registry.open(small_office.workspace) as registry:
        assert registry.batches() == []


def test_resume_refuses_before_it_reads(small_office: Office, lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = small_office.inbox(OCTOBER)

    def cut(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(engines, "ready", lambda name: None)
        patch.setattr("matcher.runs.start.match", cut)
        with pytest.raises(KeyboardInterrupt):
            small_office.run(inbox, OCTOBER, engine="spark")
    unread(monkeypatch, "matcher.runs.resume.find_supplies", "matcher.runs.resume.read_supplies")
    with pytest.raises(UserError, match=lacking):
        small_office.resume()


def test_evaluate_refuses_before_it_reads(tmp_path: Path, lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in make_month(50, 2, dt.date(2013, 10, 31)).files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "truth.csv").write_bytes(b"")
    unread(
        monkeypatch,
        *(f"matcher.evaluation.evaluate.{name}" for name in ("find_supplies", "read_truth", "read_supplies")),
    )
    given = ["evaluate", str(tmp_path), "--truth", str(tmp_path / "truth.csv"), "--as-at", "2013-10-31"]
    refused = CliRunner().invoke(cli, [*given, "--engine", "spark"]).exception
    assert isinstance(refused, UserError) and lacking in str(refused) and "--engine in_process" in str(refused.todo)


def test_link_refuses_before_it_reads(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unread(monkeypatch, "matcher.linkage.readable")
    with pytest.raises(UserError, match=lacking):
        matcher.link(pa.table({"forename": ["A"]}), "plain", engine="spark")


def test_engines_that_need_nothing_more_are_always_ready(lacking: str) -> None:
    engines.ready("in_process")
    engines.ready("reference")
