"""Two at once, with real processes: one run at a time, a lock that no crash leaves behind, readers that need not wait."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.registry.store import Registry
from matcher.runs import reviewing
from matcher.workspace import LOCK, Workspace
from matcher.workspace_lock import holder_of
from tests.review.workspaces import Made
from tests.runs.conftest import OCTOBER, Office

PATIENCE = 60.0  # seconds for what takes one or two, on a machine that does other work
SLOW_MATCH = """
import pathlib, sys, time
import matcher.runs.start as start
whole = start.match
def slow(*arguments, **named):
    pathlib.Path(sys.argv.pop(1)).touch()
    while not pathlib.Path(sys.argv[-1]).exists():
        time.sleep(0.02)
    sys.argv.pop()
    return whole(*arguments, **named)
start.match = slow
from matcher.cli import cli, main
arguments, sys.argv = sys.argv[2:-1], sys.argv
real = cli.main
cli.main = lambda **named: real(arguments, **named)
main()
"""
"""`matcher ARGUMENTS`, whose match says that it has begun (first argument: a file) and waits for leave to go on (last)."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    said: str
    printed: str


def matcher(*arguments: str | Path) -> Done:
    """A command in this process: another one than the run that goes on."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    error = result.exception
    code = int(error.code) if isinstance(error, UserError) else result.exit_code
    return Done(code, result.stderr + (str(error) if isinstance(error, UserError) else ""), result.stdout)


def told(*arguments: str | Path) -> Any:
    done = matcher(*arguments, "--json")
    assert done.code == 0, done.said
    return json.loads(done.printed)


def processes(*commands: list[str]) -> list[str]:
    """Run commands at the same moment, each in a process of its own; all must end with 0. Gives what they printed."""
    every = [
        subprocess.Popen([sys.executable, "-m", "matcher", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for command in commands
    ]
    outcomes = [process.communicate(timeout=2 * PATIENCE) for process in every]
    assert [process.returncode for process in every] == [0] * len(every), outcomes
    return [out.decode("utf-8") for out, _ in outcomes]


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.02)


class Going:
    """A `matcher run` in a process of its own that stands still in the middle of its match."""

    def __init__(self, office: Office, inbox: Path) -> None:
        self.begun, self.leave = office.folder / "begun", office.folder / "go-on"
        arguments = ["run", str(inbox), "-w", str(office.workspace.root), "--as-at", OCTOBER.isoformat()]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SLOW_MATCH, str(self.begun), *arguments, str(self.leave)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for(lambda: self.begun.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, "the run ended before its match"

    def finish(self) -> int:
        self.leave.touch()
        return self.process.wait(PATIENCE)


@pytest.fixture
def going(office: Office) -> Iterator[Going]:
    run = Going(office, office.inbox(OCTOBER))
    yield run
    if run.process.poll() is None:
        run.process.kill()
    run.process.wait()


def test_while_a_run_goes_on_others_read_and_a_second_run_is_refused(office: Office, going: Going) -> None:
    place = office.workspace.root
    status = told("status", "-w", place)
    assert status["running"]["command"] == "matcher run" and status["running"]["process"] == going.process.pid
    assert [batch["state"] for batch in status["batches"]] == ["matching"]
    assert status["batches"][0]["next"] == "wait while it runs"
    text = matcher("status", "-w", place).printed
    assert f"Running: matcher run (process {going.process.pid}) since " in text and "interrupted" not in text
    for command in (["families"], ["audit", "check"], ["audit", "show"], ["verify"], ["passwords", "list"]):
        done = matcher(*command, "-w", place)
        assert done.code == 0, (command, done.said)
    started = time.monotonic()
    second = matcher("run", office.inbox(OCTOBER), "-w", place, "--as-at", OCTOBER.isoformat())
    assert second.code == Exit.BUSY and time.monotonic() - started < PATIENCE / 2
    assert f"matcher run (process {going.process.pid})" in second.said and "to do: wait until it is done" in second.said
    for command in (["resume"], ["abandon", "2013-10-31-1"]):
        assert matcher(*command, "-w", place).code == Exit.BUSY
    assert going.finish() == Exit.DONE
    after = told("status", "-w", place)
    assert after["running"] is None and after["batches"][0]["state"] == "sealed"
    assert told("audit", "-w", place, "check")["whole"], "entries of several processes stand in one chain"
    refused = [e["counts"]["command"] for e in Audit(office.workspace).entries() if e["event"] == "access_refused"]
    assert refused == ["run", "resume", "abandon"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_run_that_is_killed_locks_nobody_out(office: Office, going: Going) -> None:
    place = office.workspace.root
    going.process.send_signal(signal.SIGKILL)
    going.process.wait()
    assert (place / LOCK).read_bytes(), "what the dead process said still lies there"
    status = told("status", "-w", place)
    assert status["running"] is None and status["batches"][0]["next"].startswith("it was interrupted: matcher resume")
    assert matcher("resume", "-w", place).code == Exit.DONE
    assert (place / LOCK).read_bytes() == b""


def test_a_lock_file_that_nobody_holds_counts_for_nothing(office: Office) -> None:
    path = office.workspace.root / LOCK
    for left in (b"", b"rubbish", b'{"command": "matcher run", "process": 1, "since": "2013-10-31T00:00:00+00:00"}'):
        path.write_bytes(left)
        assert holder_of(path) is None
        with office.workspace.lock("matcher run"):
            holder = holder_of(path)
            assert holder is not None and (holder.command, holder.process) == ("matcher run", os.getpid())
            office.workspace.at_stage("Comparing records")
            assert str(holder_of(path)).endswith("UTC, at: Comparing records")
        assert holder_of(path) is None
    path.unlink()
    assert holder_of(path) is None


def test_readers_wait_at_most_a_moment_while_the_families_are_written(office: Office) -> None:
    """A transaction that has written a month's worth and is not over: those who read see what was before."""
    assert office.run(office.inbox(OCTOBER), OCTOBER).code == Exit.DONE
    before = office.refs()
    with Registry.open(office.workspace) as registry:
        import sqlalchemy as sa

        from matcher.registry.database import writing

        with writing(registry._engine).connect() as connection, connection.begin() as transaction:
            for table in ("person_state", "kept_record", "record", "family_state"):
                if sa.inspect(connection).has_table(table):
                    connection.execute(sa.text(f"UPDATE {table} SET batch_id = batch_id"))
            started = time.monotonic()
            assert office.refs() == before
            with Registry.open(Workspace.open(office.workspace.root)) as other:
                assert [batch.state for batch in other.batches()] == ["sealed"]
            assert time.monotonic() - started < 3
            transaction.rollback()


def test_two_inits_at_once_make_one_workspace(tmp_path: Path) -> None:
    command = ["init", str(tmp_path / "w"), "--json"]
    one, other = (json.loads(out) for out in processes(command, command))
    assert (one["id"], one["public_key_fingerprint"]) == (other["id"], other["public_key_fingerprint"])
    assert told("status", "-w", tmp_path / "w")["workspace"] == one["id"]
    assert told("audit", "-w", tmp_path / "w", "check")["whole"]


@pytest.fixture
def held(held_month: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return held_month.copy(tmp_path, monkeypatch)


def test_two_answers_at_once_are_both_taken(held: Workspace) -> None:
    with Registry.open(held) as registry:
        (batch,) = registry.unfinished()
        asked = [question.question_id for question in registry.questions(batch.batch_id)][:2]
    review, rest = ["review", "-w", str(held.root), "answer"], ["defer", "--by", "panel", "--reason", "cannot_tell"]
    processes(*([*review, id, *rest] for id in asked))
    with Registry.open(held) as registry:
        answers = {q.question_id: q.answer for q in registry.questions(batch.batch_id)}
    assert [answers[id] for id in asked] == ["defer"] * len(asked)
    assert [e["event"] for e in Audit(held).entries()].count("question_answered") == len(asked)
    assert Audit(held).check() == []


def test_an_answer_waits_for_another_and_then_says_who_holds_the_workspace(
    held: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Registry.open(held) as registry:
        (batch,) = registry.unfinished()
        id = registry.questions(batch.batch_id)[0].question_id
    answer = ("review", "-w", held.root, "answer", id, "defer", "--by", "panel", "--reason", "cannot_tell")
    lock = Workspace.open(held.root).lock("matcher review answer")
    lock.__enter__()
    threading.Timer(0.6, lock.__exit__, (None, None, None)).start()
    assert matcher(*answer).code == Exit.DONE, "it waited"
    monkeypatch.setattr(reviewing, "PATIENCE", 0.1)
    with Workspace.open(held.root).lock("matcher resume"):
        busy = matcher(*answer)
    assert busy.code == Exit.BUSY and "matcher resume (process" in busy.said


def test_the_scheduler_expires_a_batch_once_beside_another_command(held: Workspace) -> None:
    with Registry.open(held) as registry:
        (batch,) = registry.unfinished()
        registry.set_state(batch.batch_id, "held", held_until=OCTOBER)
    processes(["status", "-w", str(held.root)], ["families", "-w", str(held.root)])
    assert matcher("expire", "-w", held.root).code == Exit.DONE
    with Registry.open(held) as registry:
        assert registry.batch(batch.batch_id).state == "expired"
    assert [e["event"] for e in Audit(held).entries()].count("batch_expired") == 1
    assert not held.held_path(batch.batch_id).exists() and Audit(held).check() == []


def test_a_page_of_questions_goes_on_beside_other_commands(held: Workspace, tmp_path: Path) -> None:
    """`review serve` holds the workspace only while it takes an answer."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    page = subprocess.Popen(
        [sys.executable, "-m", "matcher", "review", "-w", str(held.root), "serve", "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8",
    )  # fmt: skip
    try:
        assert page.stdout is not None and "Open this address" in page.stdout.readline()
        assert told("status", "-w", held.root)["running"] is None
        with Registry.open(held) as registry:
            (batch,) = registry.unfinished()
            id = registry.questions(batch.batch_id)[0].question_id
        answer = ("answer", id, "defer", "--by", "panel", "--reason", "cannot_tell")
        assert matcher("review", "-w", held.root, *answer).code == 0
        beside = matcher("run", inbox, "-w", held.root, "--as-at", OCTOBER.isoformat())
        assert beside.code == Exit.FAILED and "is held" in beside.said and "matcher resume" in beside.said
        assert page.poll() is None
    finally:
        page.kill()
        page.communicate()
