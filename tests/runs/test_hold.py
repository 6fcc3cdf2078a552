"""Held batches: what they keep, what answers do, late supplies, giving up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from matcher.errors import Exit, UserError
from matcher.purge import held
from matcher.registry.store import Registry
from matcher.runs.options import Console
from matcher.runs.resume import abandon
from tests.runs.conftest import OCTOBER, Office


def answer_all(office: Office, batch: str, answer: str) -> int:
    with Registry.open(office.workspace) as registry:
        questions = registry.questions(batch)
        for question in questions:
            given = answer
            if answer == "other":
                given = "no" if question.subject["default"] else "yes"
            registry.answer(question.question_id, given, by="panel", reason="cannot_tell")
    return len(questions)


def test_a_held_batch_with_every_answer_deferred_ends_like_an_undisturbed_run(new_office: Callable[[], Office]) -> None:
    plain = new_office()
    plain.run(plain.inbox(OCTOBER), OCTOBER)
    office = new_office()
    office.ask_widely()
    inbox = office.inbox(OCTOBER)
    outcome = office.run(inbox, OCTOBER, review="hold")
    assert outcome.code == Exit.HELD
    assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt"}
    tables, _ = held.load_held(office.workspace, outcome.summary["batch"])
    assert tables["records"].num_rows < outcome.summary["records"] / 2, "only what the questions need is kept"
    assert answer_all(office, outcome.summary["batch"], "defer") > 0
    done = office.resume()
    assert done.summary["state"] == "sealed"
    assert office.refs() == plain.refs()
    assert not office.workspace.held_path(outcome.summary["batch"]).exists()


def test_answers_against_the_default_change_links_and_nothing_outside_what_they_touch(office: Office) -> None:
    office.ask_widely()
    outcome = office.run(office.inbox(OCTOBER), OCTOBER, review="hold")
    answer_all(office, outcome.summary["batch"], "other")
    done = office.resume()
    assert done.summary["state"] == "sealed"
    assert office.families()


def test_open_questions_keep_the_batch_held(office: Office) -> None:
    office.ask_widely()
    office.run(office.inbox(OCTOBER), OCTOBER, review="hold")
    with pytest.raises(UserError, match="question") as refused:
        office.resume()
    assert refused.value.code == Exit.HELD
    with pytest.raises(UserError, match="is held"):
        office.run(office.inbox(OCTOBER), OCTOBER)


def test_an_abandoned_batch_leaves_nothing(office: Office) -> None:
    office.ask_widely()
    batch = office.run(office.inbox(OCTOBER), OCTOBER, review="hold").summary["batch"]
    with office.workspace.lock():
        outcome = abandon(office.workspace, batch, Console(office.said.append))
    assert outcome.summary["state"] == "abandoned"
    assert not office.workspace.held_path(batch).exists()
    assert office.workspace.keys.held_key(batch) is None
    assert office.refs() == set()
    assert office.run(office.inbox(OCTOBER), OCTOBER).code == Exit.DONE


def test_with_referral_the_list_goes_out_and_the_answer_completes_the_batch(new_office: Callable[[], Office]) -> None:
    plain = new_office()
    plain.run(plain.inbox(OCTOBER), OCTOBER)
    all_three = {row for row in plain.refs() if row[1] == "automatic" and row[2] != "dwp"}
    office = new_office()
    office.settings(referral={"on": True, "agreement": "a made-up agreement with DWP"})
    inbox = office.inbox(OCTOBER, without=("dwp",))
    outcome = office.run(inbox, OCTOBER)
    assert outcome.code == Exit.HELD
    assert outcome.summary["waits_for"] == "DWP"
    assert any(path.endswith("partners/dwp_referral.xlsx") for path in outcome.summary["outputs"])
    with pytest.raises(UserError, match="waits for DWP"):
        office.resume()
    another = office.inbox(OCTOBER) / "yos.city.csv"
    with pytest.raises(UserError, match="waits for DWP") as refused:
        office.resume(another)
    assert refused.value.code == Exit.HELD
    answer = office.inbox(OCTOBER) / "dwp.csv"
    with pytest.raises(UserError, match=r"yos\.city\.csv: the batch holds this supply already"):
        office.resume(answer, another)
    assert answer.exists() and another.exists()
    done = office.resume(answer)
    assert done.summary["state"] == "sealed"
    assert not answer.exists()
    kept = {row for row in office.refs() if row[1] == "automatic" and row[2] != "dwp"}
    assert len(kept & all_three) >= 0.9 * len(all_three)
    assert done.summary["families"]["automatic"] > 0
    assert outcome.summary["families"]["automatic"] == 0


def test_a_supply_left_out_may_come_late(office: Office) -> None:
    office.settings(referral={"on": True, "agreement": "a made-up agreement with DWP"})
    inbox = office.inbox(OCTOBER)
    assert office.run(inbox, OCTOBER, without=("dwp",)).code == Exit.HELD
    assert any(line.startswith("Left out, and left in the inbox: dwp.csv.") for line in office.said)
    done = office.resume(inbox / "dwp.csv")
    assert [supply["status"] for supply in done.summary["supplies"] if supply["dataset"] == "dwp"] == ["accepted"]
    with Registry.open(office.workspace) as registry:
        details = [registry.family(one) for one in set(registry.families()["family_id"].to_pylist())]
    late = {row["record_key"] for detail in details for row in detail.records if row["dataset"] == "dwp"}
    explained = {end for detail in details for row in detail.links for end in (row["record_key"], row["other_key"])}
    assert late and late <= explained, "why late rows joined is kept too"


def test_a_name_that_is_no_data_set_cannot_be_left_out(office: Office) -> None:
    inbox = office.inbox(OCTOBER)
    with pytest.raises(UserError, match="--without dpw: there is no such data set") as refused:
        office.run(inbox, OCTOBER, without=("yos.city", "dpw"))
    assert refused.value.code == Exit.USAGE
    assert (inbox / "dwp.csv").exists()


def test_a_panels_yes_brings_a_family_in_with_its_reason_and_role(office: Office) -> None:
    policy = office.workspace.policy_path("discretion", OCTOBER)
    text = policy.read_text(encoding="utf-8").replace("automatic_approval = true", "automatic_approval = false")
    office.workspace.write(f"policy/{policy.name}", text.encode("utf-8"))
    batch = office.run(office.inbox(OCTOBER), OCTOBER, review="hold").summary["batch"]
    with Registry.open(office.workspace) as registry:
        panel = [question for question in registry.questions(batch) if question.kind == "discretion"]
        assert panel
        for question in registry.questions(batch):
            given = "yes" if question.question_id == panel[0].question_id else "no"
            given = given if question.kind == "discretion" else "defer"
            registry.answer(question.question_id, given, by="local panel", reason="panel_decision")
    done = office.resume()
    assert done.summary["families"]["discretion"] == 1
    with Registry.open(office.workspace) as registry:
        rows = registry.families().to_pylist()
        family = next(row["family_id"] for row in rows if row["route"] == "discretion")
        events = {event["event"]: event["detail"] for event in registry.family(family).events}
    assert events["panel_approved"] == "panel_decision; local panel"
