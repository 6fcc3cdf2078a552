"""Explanations name test, result, note, source, reading and evidence."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from criteria.decisions import decide
from criteria.explain import lines, reasons
from criteria.framework import load_framework
from criteria.policy import load_policy
from specs.tables import FINDINGS, SUPPORT
from tests.criteria.scenario_text import Fact, Person, when
from tests.criteria.tables import switched, tables

FRAMEWORK, POLICY = load_framework(), load_policy()
AS_AT = date(2013, 10, 31)


def explained(facts: list[Fact], **readings: str) -> str:
    people = [Person("adult", date(1975, 3, 1)), Person("child", date(2000, 5, 10), pupil=True)]
    framework = FRAMEWORK.with_readings(readings)
    decided = decide(*tables(people, facts), framework, POLICY, AS_AT)
    found = reasons(
        decided.findings, decided.support, framework, POLICY, AS_AT, household_id=1, decisions=decided.decisions
    )
    return "\n".join(lines(found))


SUMMER = when("2012/13-Summer")
FAMILY = [
    Fact("child", "proven_offence", date(2013, 1, 1), date(2013, 2, 1), code="RO"),
    Fact("child", "sessions_possible", *SUMMER, 100),
    Fact("child", "sessions_unauthorised", *SUMMER, 20),
    Fact("adult", "managed_offender", None, None, code="PPO"),
]


def test_a_discretion_family_in_full() -> None:
    text = explained(FAMILY)
    first = text.splitlines()
    assert first[0] == "The household meets two of the three criteria and is a cause for concern or of high cost. Met."
    assert "  Source: Information sharing agreement (October 2013), Appendix D, 4." in first
    assert "Crime or anti-social behaviour: Met." in first
    assert "  A member under 18 has a proven offence in the last 12 months. Met." in first
    assert "    Reading: A proven offence counts where the member was under 18 on the day of the offence." in first
    assert "    Evidence: 100." in first
    assert "(1 of 3 terms supplied)." in text
    assert "    Evidence: 101, 102." in first
    assert "counted by local policy" in text
    assert "Adult out of work: Not met." in first


def test_another_reading_is_told() -> None:
    assert "is under 18 on the batch date." in explained(FAMILY, offence_age="as_at")


def test_not_assessable_says_why_and_one_short_is_told() -> None:
    text = explained([FAMILY[0], Fact("adult", "benefit_out_of_work", date(2013, 1, 1), None)])
    assert "one criterion short, and that one is not assessable" in text
    assert "Education: Not assessable (no education data this month)." in text


def test_clauses_come_under_their_criterion_in_the_order_of_the_rules() -> None:
    people = [Person("adult", date(1975, 3, 1)), Person("child", date(2000, 5, 10), pupil=True)]
    decided = decide(*tables(people, FAMILY), FRAMEWORK, POLICY, AS_AT)
    found = [reason.clause for reason in reasons(decided.findings, decided.support, FRAMEWORK, POLICY, AS_AT)]
    assert found == [
        "crime_asb", "crime_asb.youth_offence", "education", "education.absence", "work", "concern.adult_offence",
        "concern.managed_offender",
    ]  # fmt: skip


def test_findings_of_an_earlier_policy_are_named_not_refused() -> None:
    findings = pa.Table.from_pylist(
        [
            {"household_id": 1, "clause": "concern.old_cause", "status": "met", "note": None},
            {"household_id": 1, "clause": "concern.custody", "status": "met", "note": None},
        ],
        schema=FINDINGS.schema,
    )
    found = reasons(findings, SUPPORT.empty(), FRAMEWORK, switched(POLICY, ["off custody"]), AS_AT)
    assert [reason.says for reason in found] == [
        "A member has been in prison or detention in the last 12 months.",
        "A clause that the rules no longer hold (concern.old_cause).",
    ]


def test_only_the_household_asked_for_is_explained() -> None:
    people = [Person("adult", date(1975, 3, 1)), Person("other", date(1975, 3, 1), household=2)]
    facts = [Fact("adult", "asb_order", date(2013, 1, 1), None), Fact("other", "asb_contract", date(2013, 1, 1), None)]
    decided = decide(*tables(people, facts), FRAMEWORK, POLICY, AS_AT)
    found = reasons(decided.findings, decided.support, FRAMEWORK, POLICY, AS_AT, household_id=2)
    assert "crime_asb.contract_in_force" in [reason.clause for reason in found]
    assert "crime_asb.order_in_force" not in [reason.clause for reason in found]
