"""Reviews, deletion with a certificate, files past their time, confirmations of destruction."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import UNCONFIRMED, verify_certificate
from matcher.purge.residue import search_all
from matcher.rights import destruction, erasing, outbox, reviews
from matcher.rights.destruction import CONFIRMED, IN_USE, OUTSTANDING, OVERDUE, handed_out, letter
from matcher.rights.policy import RetentionPolicy, retention_policy
from matcher.runs import certificates
from tests.rights.conftest import NAMES, ROLE, Office

LONG_AFTER = dt.date(2030, 1, 1)


def policy_of(office: Office, **changes: object) -> RetentionPolicy:
    return retention_policy(office.workspace, LONG_AFTER).model_copy(update=changes)


def delete(office: Office, *families: str, today: dt.date = dt.date(2014, 11, 3), **changes: object) -> erasing.Erasure:
    return erasing.erase(
        office.workspace, office.registry, policy_of(office, **changes), families=families, reason="no_further_risk",
        role=ROLE, today=today,
    )  # fmt: skip


def audited(office: Office) -> str:
    return "\n".join(json.dumps(entry) for entry in Audit(office.workspace).entries())


# -- reviews ---------------------------------------------------------------------------------------------------------


def test_a_review_is_due_on_its_day_and_not_the_day_before(office: Office) -> None:
    policy = policy_of(office)
    assert reviews.reviews_due(office.registry, policy, dt.date(2014, 10, 30)) == []
    due = reviews.reviews_due(office.registry, policy, dt.date(2014, 10, 31))
    assert {(one.due, one.days_over, one.why, one.people) for one in due} == {
        (dt.date(2014, 10, 31), 0, "first review", 2)
    }
    assert reviews.by_area(due) == {"city": 1, "county": 1}


def test_a_kept_family_is_due_again_after_the_policys_period(office: Office) -> None:
    policy, family = policy_of(office), office.family("ALICE")
    office.clock.now = dt.datetime(2014, 10, 20, tzinfo=dt.UTC)
    today = dt.date(2014, 10, 20)
    until = reviews.keep(
        office.workspace, office.registry, policy, family, reason="still_supported", role=ROLE, until=None, today=today
    )
    assert until == dt.date(2015, 10, 20)
    assert family not in {one.family_id for one in reviews.reviews_due(office.registry, policy, dt.date(2015, 3, 30))}
    ended = {one.family_id: one for one in reviews.reviews_due(office.registry, policy, dt.date(2015, 3, 31))}
    assert ended[family].why == "the programme has ended" and ended[family].due == dt.date(2015, 3, 31)
    office.clock.now = dt.datetime(2015, 4, 1, 12, tzinfo=dt.UTC)
    for reason in ("evaluation",):
        reviews.keep(
            office.workspace,
            office.registry,
            policy,
            family,
            reason=reason,
            role=ROLE,
            until=None,
            today=dt.date(2015, 4, 1),
        )
    later = {one.family_id: one for one in reviews.reviews_due(office.registry, policy, dt.date(2016, 4, 1))}
    assert later[family].why == "yearly review" and later[family].due == dt.date(2016, 4, 1)
    assert family not in {one.family_id for one in reviews.reviews_due(office.registry, policy, dt.date(2016, 3, 31))}


def test_keeping_is_refused_beyond_the_period_for_no_reason_and_for_no_family(office: Office) -> None:
    policy, family, today = policy_of(office), office.family("ALICE"), dt.date(2014, 10, 20)

    def keep(family: str, reason: str, until: dt.date | None) -> None:
        reviews.keep(
            office.workspace, office.registry, policy, family, reason=reason, role=ROLE, until=until, today=today
        )

    for until in (dt.date(2015, 10, 21), today):
        with pytest.raises(UserError, match="by 20/10/2015"):
            keep(family, "further_risk", until)
    with pytest.raises(UserError, match="no reason for keeping"):
        keep(family, "MRS SMITHERINGALE SAID SO", None)
    with pytest.raises(UserError, match="no such family"):
        keep("F-AAAAAAAA", "further_risk", None)
    assert "family_kept" not in audited(office)


def test_a_policy_with_faults_is_told_without_its_values(office: Office) -> None:
    path = office.workspace.root / "policy" / "retention.2029-01-01.toml"
    for text, message in (("title =", "is not TOML"), ('title = "x"\nsecret = "ALICE"\n', "holds 3 fault")):
        path.write_text(text)
        with pytest.raises(UserError, match=message) as refused:
            retention_policy(office.workspace, LONG_AFTER)
        assert "ALICE" not in str(refused.value)


# -- deletion --------------------------------------------------------------------------------------------------------


def test_a_deleted_family_is_nowhere_and_the_certificate_says_so(office: Office) -> None:
    gone, stays = office.family("ALICE"), office.family("CARL")
    people = [member["person_id"] for member in office.registry.family(gone).members]
    lists = [f"outbox/{office.batches[0]}/{name}" for name in ("key-worker/county.xlsx", "partners/dwp.xlsx")]
    done = delete(office, gone)
    assert (done.families, done.people, sorted(done.lists)) == ([gone], 2, lists)
    assert not any(office.workspace.path(file).exists() for file in lists)
    assert office.workspace.path(f"outbox/{office.batches[0]}/finance/claim_summary.json").exists(), "counts stay"
    values = ["SMITHERINGALE", "BENEDICT", *people, "REF SMITHERINGALE ALICE"]
    searched = search_all(office.workspace, values[:2] + values[4:], cells=office.registry.every_cell())
    assert searched.findings == []
    certificate = json.loads(office.workspace.read(done.certificate))
    assert verify_certificate(certificate, office.workspace.keys.public_key())
    assert certificate["kind"] == "retention" and certificate["families"] == [gone] and certificate["people"] == 2
    assert certificate["searched"]["values"] > 0 and certificate["searched"]["findings"] == 0
    assert {one["recipient"] for one in certificate["not_confirmed_destroyed"]} == {"dwp", "key_worker_county"}
    assert not any(name in json.dumps(certificate) for name in NAMES)
    assert not any(name in audited(office) for name in NAMES)
    assert office.registry.rights.marker(gone)["reason"] == "no_further_risk"
    assert office.registry.family(stays).members


def test_the_ids_are_audited_before_the_rows_go(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = office.family("ALICE")
    with monkeypatch.context() as patch:
        patch.setattr("matcher.registry.store.Registry.erase_families", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            delete(office, gone)
    assert "SMITHERINGALE" in office.text()
    assert erasing.finish(office.workspace, office.registry) == 1
    assert "SMITHERINGALE" not in office.text()
    entries = [entry["event"] for entry in Audit(office.workspace).entries()]
    assert entries == ["families_erased", "erasures_finished"]
    assert erasing.finish(office.workspace, office.registry) == 0
    past = outbox.past_time(office.workspace, office.registry, policy_of(office), dt.date(2013, 11, 5))
    assert {one.why for one in past} == {"names a deleted family or person"}, "its lists are swept up too"


def test_deleting_twice_says_so_and_writes_nothing_new(office: Office) -> None:
    gone = office.family("ALICE")
    delete(office, gone)
    before = Audit(office.workspace).head()
    again = delete(office, gone)
    assert (again.families, again.certificate) == ([], "") and Audit(office.workspace).head() == before


def test_many_families_make_entries_whose_end_can_be_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "_AT_ONCE", 1)
    delete(office, office.family("ALICE"), office.family("CARL"))
    entries = [entry for entry in Audit(office.workspace).entries() if entry["event"] == "families_erased"]
    assert [len(entry["counts"]["families"]) for entry in entries] == [1, 1]
    assert Audit(office.workspace).check() == []


def test_nothing_is_deleted_while_a_batch_is_on_its_way(office: Office) -> None:
    office.registry.new_batch(dt.date(2014, 1, 31), {})
    with pytest.raises(UserError, match="A batch is on its way"):
        delete(office, office.family("ALICE"))
    assert "SMITHERINGALE" in office.text() and erasing.finish(office.workspace, office.registry) == 0


def test_unknown_ids_and_reasons_delete_nothing(office: Office) -> None:
    with pytest.raises(UserError, match="1 of these ids"):
        delete(office, office.family("ALICE"), "F-AAAAAAAA")
    with pytest.raises(UserError, match="no reason for deleting"):
        erasing.erase(
            office.workspace, office.registry, policy_of(office), families=[office.family("ALICE")], reason="x", role=ROLE,
            today=LONG_AFTER,
        )  # fmt: skip
    assert "SMITHERINGALE" in office.text()


def test_a_copy_that_lies_about_is_found_with_exit_6_and_certified_as_found(office: Office, tmp_path: Path) -> None:
    gone = office.family("ALICE")
    (office.workspace.root / "notes.txt").write_text("ref smitheringale alice")
    with pytest.raises(UserError, match="the search found something") as refused:
        delete(office, gone)
    assert refused.value.code == Exit.RESIDUE and "notes.txt, offset 0" in refused.value.where
    assert "smither" not in str(refused.value).lower()
    (certificate,) = (office.workspace.root / "assurance").glob("erasure.*")
    assert json.loads(certificate.read_bytes())["searched"]["findings"] >= 1


def test_a_policy_may_let_no_marker_stay(office: Office) -> None:
    gone = office.family("ALICE")
    delete(office, gone, marker_may_stay=False)
    assert office.registry.rights.marker(gone) is None and gone not in {
        text for _, text in office.registry.every_cell()
    } - {gone}


# -- files past their time -------------------------------------------------------------------------------------------


def test_lists_are_past_their_time_by_age_or_when_newer_ones_stand(two_months: Office) -> None:
    first, second = two_months.batches
    policy = policy_of(two_months)

    def due(day: dt.date) -> set[tuple[str, str]]:
        found = outbox.past_time(two_months.workspace, two_months.registry, policy, day)
        return {(one.file.removeprefix("outbox/"), one.why) for one in found}

    assert due(dt.date(2013, 12, 31)) == set()
    superseded = {(f"{first}/key-worker/county.xlsx", "superseded"), (f"{first}/partners/dwp.xlsx", "superseded")}
    assert due(dt.date(2014, 1, 1)) == superseded
    assert due(dt.date(2014, 3, 3)) == superseded
    assert due(dt.date(2014, 3, 4)) == superseded | {(f"{second}/key-worker/county.xlsx", "age")}


def test_destroying_them_is_audited_certified_and_leaves_the_counts(two_months: Office) -> None:
    first, second = two_months.batches
    day = dt.date(2014, 1, 1)
    past, certificates = outbox.destroy_past(two_months.workspace, two_months.registry, policy_of(two_months), day)
    assert len(past) == 2 and certificates == [f"outbox/{first}/assurance/follow_up.2014-01-01.json"]
    left = sorted(
        two_months.workspace.relative(p) for p in (two_months.workspace.root / "outbox").rglob("*") if p.is_file()
    )
    assert left == [
        certificates[0],
        f"outbox/{first}/finance/claim_summary.json",
        f"outbox/{second}/key-worker/county.xlsx",
    ]
    told = json.loads(two_months.workspace.read(certificates[0]))
    assert verify_certificate(told, two_months.workspace.keys.public_key())
    assert [one["why"] for one in told["files"]] == ["superseded", "superseded"]
    assert {one["state"] for one in told["not_confirmed_destroyed"]} == {OUTSTANDING, IN_USE}
    assert not any(name in json.dumps(told) for name in NAMES)
    assert outbox.destroy_past(two_months.workspace, two_months.registry, policy_of(two_months), day) == ([], [])
    assert "outbox_destroyed" in audited(two_months)


def test_lists_of_a_batch_that_was_given_up_are_past_their_time_at_once(office: Office) -> None:
    batch = office.registry.new_batch(dt.date(2014, 1, 31), {}).batch_id
    path = office.list_for(batch, "partners/dwp_referral.xlsx", "dwp", spec="dwp")
    policy, day = policy_of(office), office.clock.now.date()
    assert outbox.past_time(office.workspace, office.registry, policy, day) == []
    office.registry.set_state(batch, "abandoned")
    assert [one.file for one in outbox.past_time(office.workspace, office.registry, policy, day)] == [path]


# -- confirmations ---------------------------------------------------------------------------------------------------


def states(office: Office, day: dt.date) -> dict[tuple[str, str], str]:
    found = handed_out(office.registry, day, 28)
    return {(one.batch or "", one.recipient): one.state for one in found}


def test_a_list_is_in_use_then_outstanding_then_overdue_then_confirmed(two_months: Office) -> None:
    first, second = two_months.batches
    assert states(two_months, dt.date(2013, 12, 4))[first, "key_worker_county"] == OUTSTANDING
    assert states(two_months, dt.date(2014, 1, 1))[first, "key_worker_county"] == OUTSTANDING
    late = states(two_months, dt.date(2014, 1, 2))
    assert late[first, "key_worker_county"] == OVERDUE and late[second, "key_worker_county"] == IN_USE
    assert late[first, "dwp"] == IN_USE, "no newer one of that kind"

    def confirm(on: dt.date, today: dt.date = dt.date(2014, 1, 5), recipient: str = "key_worker_county") -> int:
        return destruction.confirm(
            two_months.workspace,
            two_months.registry,
            recipient=recipient,
            batch=first,
            file=None,
            role=ROLE,
            on=on,
            today=today,
        )

    with pytest.raises(UserError, match="lies in the future"):
        confirm(dt.date(2014, 1, 6))
    with pytest.raises(UserError, match="handed out after that date"):
        confirm(dt.date(2013, 11, 3))
    with pytest.raises(UserError, match="Nothing of that kind"):
        confirm(dt.date(2014, 1, 4), recipient="nhs_trust")
    assert confirm(dt.date(2014, 1, 4)) == 1 and confirm(dt.date(2014, 1, 4)) == 0
    assert states(two_months, dt.date(2014, 1, 5))[first, "key_worker_county"] == CONFIRMED


def test_a_single_file_can_be_confirmed(office: Office) -> None:
    day = dt.date(2013, 12, 1)
    for given in ("partners/dwp.xlsx", f"outbox\\{office.batches[0]}\\partners\\dwp.xlsx"):
        destruction.confirm(
            office.workspace, office.registry, recipient="dwp", batch=None, file=given, role=ROLE, on=day, today=day
        )
    assert states(office, day) == {
        (office.batches[0], "dwp"): CONFIRMED,
        (office.batches[0], "key_worker_county"): IN_USE,
    }


def test_a_deleted_familys_lists_are_to_be_confirmed_from_that_day(office: Office) -> None:
    office.clock.now = dt.datetime(2014, 11, 3, tzinfo=dt.UTC)
    delete(office, office.family("ALICE"))
    assert set(states(office, dt.date(2014, 11, 3)).values()) == {OUTSTANDING}
    assert set(states(office, dt.date(2014, 12, 2)).values()) == {OVERDUE}


def test_a_reminder_names_files_and_days_and_nobody(two_months: Office) -> None:
    waiting = [one for one in handed_out(two_months.registry, dt.date(2014, 2, 1), 28) if one.state == OVERDUE]
    text = letter("key_worker_county", waiting, controller="The council", agreement="agreement", role=ROLE)
    assert "county.xlsx, handed over 04/11/2013, not needed since 04/12/2013: overdue" in text
    assert not any(name in text for name in NAMES)


def test_a_list_written_again_loses_the_confirmation_of_the_older_file(office: Office) -> None:
    day, batch = dt.date(2013, 12, 1), office.batches[0]
    destruction.confirm(
        office.workspace, office.registry, recipient="dwp", batch=batch, file=None, role=ROLE, on=day, today=day
    )
    office.list_for(batch, "partners/dwp.xlsx", "dwp", spec="dwp")
    assert states(office, day)[batch, "dwp"] == IN_USE


def test_the_next_batchs_certificate_lists_what_is_not_confirmed(two_months: Office) -> None:
    first, second = two_months.batches
    batch = two_months.registry.batch(second)

    def told() -> list[tuple[str, str]]:
        return [(one.file, one.state) for one in certificates.handed_out(two_months.registry, batch)]

    lists = [f"outbox/{first}/key-worker/county.xlsx", f"outbox/{first}/partners/dwp.xlsx"]
    own = (f"outbox/{second}/key-worker/county.xlsx", UNCONFIRMED)
    assert told() == [*((file, UNCONFIRMED) for file in lists), own]
    day = dt.date(2014, 1, 5)
    destruction.confirm(
        two_months.workspace, two_months.registry, recipient="dwp", batch=first, file=None, role=ROLE, on=day, today=day
    )
    assert told() == [(lists[0], UNCONFIRMED), own]
