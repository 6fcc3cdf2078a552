"""A month from inbox to seal, the same month again, changed months, second months."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from matcher.clock import month_end, today
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import read_public_key, verify_certificate
from matcher.registry.store import Registry
from tests.runs.conftest import NOVEMBER, OCTOBER, Office


def test_a_month_is_sealed_its_files_are_gone_and_everything_adds_up(office: Office) -> None:
    inbox = office.inbox(OCTOBER)
    (inbox / "notes.txt").write_text("left alone", encoding="utf-8")
    outcome = office.run(inbox, OCTOBER)
    run = outcome.summary
    assert outcome.code == Exit.DONE
    assert run["state"] == "sealed"
    assert run["families"]["automatic"] + run["families"]["discretion"] > 0
    assert run["records_kept"] + run["records_deleted"] == run["records"]
    assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt", "notes.txt"}
    for supply in run["supplies"]:
        assert supply["rows_in"] == supply["rows_accepted"] + supply["rows_rejected"]
    for path in run["outputs"]:
        assert (office.workspace.root / path).stat().st_size > 0
    names = {path.split("/", 2)[2] for path in run["outputs"]}
    assert {"report.html", "finance/claim_summary.json", "published/summary.html", "key-worker/city.xlsx"} <= names
    assert not office.workspace.held_path(run["batch"]).exists()


def test_the_certificate_is_signed_and_its_rows_are_those_received(office: Office) -> None:
    run = office.run(office.inbox(OCTOBER), OCTOBER).summary
    path = office.workspace.root / f"outbox/{run['batch']}/assurance/deletion_certificate.json"
    certificate = json.loads(path.read_text(encoding="utf-8"))
    key = read_public_key((office.workspace.root / "signing_key.pub.pem").read_bytes())
    assert verify_certificate(certificate, key)
    assert certificate["total"]["rows_kept"] == run["records_kept"]
    assert certificate["total"]["rows_received"] == sum(supply["rows_in"] for supply in run["supplies"])
    assert certificate["searched"]["values"] > 20
    assert certificate["searched"]["findings"] == 0
    certificate["total"]["rows_kept"] += 1
    assert not verify_certificate(certificate, key)
    assert Audit(office.workspace).check() == []


def test_a_date_after_this_month_is_refused_before_anything_is_destroyed(office: Office) -> None:
    inbox = office.inbox(OCTOBER)
    with pytest.raises(UserError, match="lies in the future") as refused:
        office.run(inbox, month_end(today()) + dt.timedelta(days=1))
    assert refused.value.code == Exit.USAGE
    assert (inbox / "dwp.csv").exists()
    assert office.run(inbox, month_end(today())).code == Exit.DONE


def test_a_fault_in_the_disclosure_control_policy_is_told_before_anything_is_matched(office: Office) -> None:
    office.workspace.write("policy/disclosure_control.2012-04-02.toml", b"smallest = 5\n")
    with pytest.raises(UserError, match="disclosure-control policy has faults"):
        office.run(office.inbox(OCTOBER), OCTOBER)
    with Registry.open(office.workspace) as registry:
        assert registry.batches() == []


def test_the_same_files_again_make_no_new_batch_and_are_destroyed_again(office: Office) -> None:
    first = office.run(office.inbox(OCTOBER), OCTOBER).summary
    inbox = office.inbox(OCTOBER)
    again = office.run(inbox, OCTOBER)
    assert again.code == Exit.DONE
    assert again.summary["batch"] == first["batch"]
    assert {path.name for path in inbox.iterdir()} == {"MADE-UP.txt"}
    with Registry.open(office.workspace) as registry:
        assert len(registry.batches()) == 1


def test_changed_files_for_a_sealed_date_need_replaces_and_then_stand_in_for_it(office: Office) -> None:
    first = office.run(office.inbox(OCTOBER), OCTOBER).summary
    before = office.families()
    inbox = office.inbox(OCTOBER, without=("local_concerns",))
    with pytest.raises(UserError, match="sealed already") as refused:
        office.run(inbox, OCTOBER)
    assert f"--replaces {first['batch']}" in refused.value.todo
    assert (inbox / "dwp.csv").exists()
    second = office.run(inbox, OCTOBER, replaces=first["batch"]).summary
    assert second["batch"] != first["batch"]
    after = office.families()
    assert len(after) <= len(before)
    assert set(after) <= set(before), "a family of the replaced month keeps its id"
    for family in after:
        assert after[family] & before[family]
    old = office.workspace.outbox(first["batch"])
    assert not (old / "key-worker").exists(), "lists of the replaced month are withdrawn"
    assert (old / "assurance" / "deletion_certificate.json").exists()
    with Registry.open(office.workspace) as registry:
        assert registry.batch(first["batch"]).replaced_by == second["batch"]


def test_a_date_before_the_last_sealed_one_is_refused(office: Office) -> None:
    office.run(office.inbox(NOVEMBER), NOVEMBER)
    inbox = office.inbox(OCTOBER)
    with pytest.raises(UserError, match="lies before it"):
        office.run(inbox, OCTOBER)
    assert (inbox / "dwp.csv").exists()


def test_families_keep_their_ids_in_the_second_month(office: Office) -> None:
    office.run(office.inbox(OCTOBER), OCTOBER)
    first = office.families()
    office.run(office.inbox(NOVEMBER), NOVEMBER)
    second = office.families()
    assert set(first) <= set(second) | _merged(office)
    with Registry.open(office.workspace) as registry:
        for family in set(first) & set(second):
            events = [event["event"] for event in registry.family(family).events]
            assert events[0] == "identified"
            assert {"confirmed", "not_met"} & set(events[1:])


def _merged(office: Office) -> set[str]:
    with Registry.open(office.workspace) as registry:
        return {family for family in office.families() if registry.family(family).family["merged_into"]}


def test_a_rejected_supply_stops_the_run_before_anything_is_matched_or_deleted(office: Office) -> None:
    inbox = office.inbox(OCTOBER)
    (inbox / "dwp.csv").write_text("Forename;Surname\nA;B\n", encoding="utf-8")
    (inbox / "dwp.csv.meta.yaml").unlink()
    outcome = office.run(inbox, OCTOBER)
    assert outcome.code == Exit.SUPPLIES_REJECTED
    assert "dwp.csv" in "\n".join(outcome.lines)
    assert (inbox / "yos.city.csv").exists()
    with Registry.open(office.workspace) as registry:
        assert registry.batches() == []
    done = office.run(inbox, OCTOBER, without=("dwp",))
    assert done.code == Exit.DONE
    assert (inbox / "dwp.csv").exists(), "what was left out is not destroyed"
    assert done.summary["one_short_not_assessable"] > 0


def test_a_dry_run_keeps_nothing_and_deletes_nothing(office: Office) -> None:
    inbox = office.inbox(OCTOBER)
    before = sorted(path.name for path in inbox.iterdir())
    outcome = office.run(inbox, OCTOBER, dry=True)
    assert outcome.code == Exit.DONE
    assert sorted(path.name for path in inbox.iterdir()) == before
    assert office.refs() == set()
    assert [entry["event"] for entry in Audit(office.workspace).entries()][-1] == "dry_run"
    sealed = office.run(inbox, OCTOBER).summary
    assert outcome.summary["families"] == sealed["families"]
    assert outcome.summary["records_kept"] == sealed["records_kept"]


def test_a_dry_run_on_real_data_says_that_the_duty_to_delete_stands(office: Office) -> None:
    inbox = office.inbox(OCTOBER, without=("MADE-UP",))
    office.run(inbox, OCTOBER, dry=True)
    assert any("duty to delete stands" in line for line in office.said)


def test_extracts_of_real_people_are_kept_only_with_a_reason(office: Office) -> None:
    inbox = office.inbox(OCTOBER, without=("MADE-UP",))
    with pytest.raises(UserError, match="only with a reason") as refused:
        office.run(inbox, OCTOBER, keep_extracts=True)
    assert refused.value.code == Exit.USAGE
    run = office.run(inbox, OCTOBER, keep_extracts=True, because="audit of the first month").summary
    assert (inbox / "dwp.csv").exists()
    certificate = json.loads(
        (office.workspace.root / f"outbox/{run['batch']}/assurance/deletion_certificate.json").read_text(
            encoding="utf-8"
        )
    )
    assert certificate["kept_because"] == "audit of the first month"


def test_an_absent_expected_supply_asks_and_without_an_answer_nothing_is_matched(office: Office) -> None:
    office.settings(expected={"supplies": ("dwp", "yos.city")})
    inbox = office.inbox(OCTOBER, without=("dwp",))
    outcome = office.run(inbox, OCTOBER)
    assert outcome.code == Exit.HELD
    assert "dwp is expected and absent" in "\n".join(outcome.lines)
    assert (inbox / "yos.city.csv").exists()


def test_an_empty_inbox_is_refused(office: Office, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no supply"):
        office.run(tmp_path, OCTOBER)
