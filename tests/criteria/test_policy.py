"""The shipped discretion policy is what the rules say; a faulty one is refused with all its faults."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from criteria.framework import load_framework
from criteria.policy import PanelDecision, load_policy, shipped_policy
from specs.load import SpecError

AS_AT = date(2013, 10, 31)
TEXT = shipped_policy().read_text(encoding="utf-8")


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "discretion.2014-01-01.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_policy_approves_by_itself_and_leaves_three_counts_and_two_statuses_out() -> None:
    policy = load_policy()
    assert policy.automatic_approval
    assert [entry.id for entry in policy.rules.concern if not entry.on] == [
        "child_in_need", "looked_after", "asb_incidents", "asb_complaints",
    ]  # fmt: skip
    assert policy.name == "discretion.2013-10-01"
    assert policy.rules.cap == {}


def test_local_policy_is_told_from_the_agreement() -> None:
    framework, policy = load_framework(), load_policy()
    local = {clause.id for clause in policy.concerns(framework, AS_AT) if clause.local}
    assert local == {"concern.managed_offender", "concern.domestic_violence", "concern.other_concern"}
    clause = next(clause for clause in policy.concerns(framework, AS_AT) if clause.local)
    assert framework.citation(clause).endswith("; counted by local policy")


def test_a_threshold_changed_in_the_file_changes_the_sentence(tmp_path: Path) -> None:
    policy = load_policy(changed(tmp_path, ("at_least = 4", "at_least = 6")))
    clause = next(c for c in policy.concerns(load_framework(), AS_AT) if c.id == "concern.police_contacts")
    assert "number 6 or more" in clause.says


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("automatic_approval = true", 'automatic_approval = "perhaps"'),
        ('kinds = ["custody"]', 'kinds = ["prison"]'),
        ('id = "gang"', 'id = "custody"'),
        ("[cap]", "[cap]\ncity = -1"),
    )
    with pytest.raises(SpecError) as caught:
        load_policy(path)
    text = "\n".join(caught.value.faults)
    assert "automatic_approval" in text
    assert "concern custody.dated.kinds: Value error, no such kind of evidence" in text
    assert "concern custody: this id twice" in text
    assert "a cap is a number of families, 0 or more" in text
    assert len(caught.value.faults) == 4
    assert all(line.startswith("discretion.2014-01-01.toml: ") for line in caught.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('age = "threshold:adult_age"', 'age = "threshold:grown_up"', "concern protection_plan: .* has no 'grown_up'"),
        ('date = "reading:offence_window"', 'date = "reading:offence_age"', "concern adult_offence.dated.date"),
        ('document = "agreement"', 'document = "letter"', "cites a document that .* does not list"),
        ("number {at_least} or more", "number {at_most} or more", "concern police_contacts: .* has no 'at_most'"),
        ("number {at_least} or more", "number {at_least or more", "concern police_contacts: says:"),
    ],
)
def test_a_reference_that_the_framework_does_not_hold_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    policy = load_policy(changed(tmp_path, (old, new)))
    with pytest.raises(SpecError) as caught:
        policy.concerns(load_framework(readings={"offence_age": "as_at"}), AS_AT)
    assert re.search(message, "\n".join(caught.value.faults))


def test_a_concern_of_another_kind_needs_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "discretion.2014-01-01.toml"
    path.write_text(
        TEXT
        + '\n[[concern]]\nid = "sanctioned"\nsource = "local_policy"\nsays = "A member\'s benefit was sanctioned."\n'
        'document = "agreement"\nparagraph = "Appendix D, 4"\n[concern.test]\nshape = "dated"\n'
        'kinds = ["benefit_sanction"]\nmonths = 6\n',
        encoding="utf-8",
    )
    assert "concern.sanctioned" in {c.id for c in load_policy(path).concerns(load_framework(), AS_AT)}


@pytest.mark.parametrize(("by", "reason"), [("", "seen"), ("Panel chair", "  ")])
def test_a_panel_decision_needs_a_role_and_a_reason(by: str, reason: str) -> None:
    with pytest.raises(SpecError, match="role that decided and a reason"):
        PanelDecision(1, True, by, reason, AS_AT)


@pytest.mark.parametrize(
    "wrong", ["concern = 5", "concern = [5]", "cap = 5", 'concern = [{ test = "x" }]', "title = 5"]
)
def test_a_policy_of_the_wrong_form_is_refused_never_a_crash(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "discretion.2014-01-01.toml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(SpecError):
        load_policy(path)
