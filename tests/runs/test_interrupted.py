"""A run that is cut off at any step boundary goes on, or begins again, to the same end."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import matcher.runs.certificates
import matcher.runs.hold
import matcher.runs.outputs
import matcher.runs.residue
import matcher.runs.seal
import matcher.runs.start
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.registry.store import Registry
from matcher.runs.waiting import Waiting
from matcher.workspace import Workspace
from tests.runs.conftest import OCTOBER, Office


class PowerCut(BaseException):
    """Not an Exception: nothing may tidy up after it, as nothing does when the power fails."""


def cut(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool) -> None:
    """Let `owner.name` work once or not at all, then cut the power; whole again afterwards."""
    whole = getattr(owner, name)

    def cut_off(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, whole)
        if after:
            whole(*arguments, **named)
        raise PowerCut

    monkeypatch.setattr(owner, name, cut_off)


@pytest.fixture(scope="module")
def wanted() -> dict[str, Any]:
    return {}


BOUNDARIES = [
    ("match", matcher.runs.start, False),
    ("plan_of", matcher.runs.seal, True),
    ("apply", Registry, False),
    ("apply", Registry, True),
    ("write", matcher.runs.outputs, True),
    ("destroy", matcher.runs.seal, False),
    ("destroy", matcher.runs.seal, True),
    ("search_all", matcher.runs.residue, True),
    ("certify", matcher.runs.certificates, True),
    ("write_report", matcher.runs.outputs, True),
]


@pytest.mark.parametrize(
    ("name", "owner", "after"), BOUNDARIES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_power_cut_at_any_boundary_loses_nothing(
    name: str,
    owner: Any,
    after: bool,
    new_office: Callable[[], Office],
    wanted: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not wanted:
        plain = new_office()
        wanted["run"] = plain.run(plain.inbox(OCTOBER), OCTOBER).summary
        wanted["refs"] = plain.refs()
    office = new_office()
    inbox = office.inbox(OCTOBER)
    cut(monkeypatch, owner, name, after=after)
    with pytest.raises(PowerCut):
        office.run(inbox, OCTOBER)
    with pytest.raises(UserError, match="resume"):
        office.run(inbox, OCTOBER)
    done = office.resume()
    assert done.code == Exit.DONE
    assert office.refs() == wanted["refs"]
    assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt"}
    for figure in ("families", "records", "records_kept", "records_deleted", "persons", "households"):
        assert done.summary[figure] == wanted["run"][figure]
    assert {path.split("/", 2)[2] for path in done.summary["outputs"]} == {
        path.split("/", 2)[2] for path in wanted["run"]["outputs"]
    }


HOLD_BOUNDARIES = [
    ("save", Waiting, True),
    ("ask", Registry, True),
    ("destroy", matcher.runs.hold, False),
    ("destroy", matcher.runs.hold, True),
]


@pytest.mark.parametrize(
    ("name", "owner", "after"), HOLD_BOUNDARIES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_power_cut_while_holding_still_asks_every_question_and_leaves_no_received_file(
    name: str, owner: Any, after: bool, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.ask_widely()
    inbox = office.inbox(OCTOBER)
    cut(monkeypatch, owner, name, after=after)
    with pytest.raises(PowerCut):
        office.run(inbox, OCTOBER, review="hold")
    try:
        assert office.resume().code == Exit.HELD
    except UserError as waits:  # it was held already: its questions are open
        assert waits.code == Exit.HELD
    assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt"}
    with Registry.open(office.workspace) as registry:
        (batch,) = registry.unfinished()
        assert batch.state == "held" and batch.held_until is not None
        questions = registry.questions(batch.batch_id)
        assert questions
        for question in questions:
            registry.answer(question.question_id, "defer", by="panel", reason="cannot_tell")
    assert office.resume().summary["state"] == "sealed"


def test_a_fault_while_matching_leaves_no_batch_to_resume(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any, **__: Any) -> None:
        raise ValueError("holds a value")

    inbox = office.inbox(OCTOBER)
    with monkeypatch.context() as patched:
        patched.setattr(matcher.runs.start, "match", fault)
        with pytest.raises(ValueError, match="holds a value"):
            office.run(inbox, OCTOBER)
    assert (inbox / "dwp.csv").exists()
    assert office.run(inbox, OCTOBER).code == Exit.DONE


def test_a_seal_with_a_late_supply_that_is_cut_off_takes_the_supply_again(
    small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = small_office
    office.settings(referral={"on": True, "agreement": "a made-up agreement with DWP", "need": "1 or 2"})
    assert office.run(office.inbox(OCTOBER, without=("dwp",)), OCTOBER).code == Exit.HELD
    answer = office.inbox(OCTOBER) / "dwp.csv"
    cut(monkeypatch, Registry, "apply", after=False)
    with pytest.raises(PowerCut):
        office.resume(answer)
    done = office.resume(answer).summary
    assert done["state"] == "sealed" and not answer.exists()
    assert [s["dataset"] for s in done["supplies"]].count("dwp") == 1


def test_a_batch_that_had_just_begun_is_gone_on_with(small_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(monkeypatch, Registry, "new_batch", after=True)
    with pytest.raises(PowerCut):
        small_office.run(small_office.inbox(OCTOBER), OCTOBER)
    assert small_office.resume().summary["state"] == "sealed"
    events = [entry["event"] for entry in Audit(small_office.workspace).entries()]
    assert events.count("run_started") == events.count("sealed") == 1


def test_the_same_month_again_is_destroyed_to_the_end_also_after_a_power_cut(
    small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = small_office
    first = office.run(office.inbox(OCTOBER), OCTOBER).summary
    for go_on in (lambda inbox: office.run(inbox, OCTOBER), lambda inbox: office.resume()):
        inbox = office.inbox(OCTOBER)
        cut(monkeypatch, Workspace, "destroy", after=True)
        with pytest.raises(PowerCut):
            office.run(inbox, OCTOBER)
        assert go_on(inbox).summary["batch"] == first["batch"]
        assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt"}


def test_a_received_file_that_cannot_be_destroyed_keeps_the_batch_from_being_sealed(
    small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = small_office.inbox(OCTOBER)
    whole = Path.rename

    def held_open(path: Path, target: Path) -> Path:
        if path.name == "dwp.csv":
            raise PermissionError(errno.EACCES, "held open")
        return whole(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", held_open)
        with pytest.raises(UserError, match="could not be destroyed") as refused:
            small_office.run(inbox, OCTOBER)
    assert "dwp.csv" in refused.value.where and "resume" in refused.value.todo
    assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt", "dwp.csv"}
    done = small_office.resume().summary
    assert done["state"] == "sealed" and not (inbox / "dwp.csv").exists()


def test_two_runs_at_once_are_refused_with_code_5(office: Office) -> None:
    with office.workspace.lock(), pytest.raises(UserError) as refused, Workspace.open(office.workspace.root).lock():
        pass
    assert refused.value.code == Exit.BUSY
