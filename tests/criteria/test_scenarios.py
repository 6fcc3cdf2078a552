"""Runs every scenario of `scenarios/`, and holds every rule and clause to a scenario on each side of its line."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date

import pytest

from criteria.decisions import Decided, decide
from criteria.framework import load_framework
from criteria.policy import PanelDecision, load_policy
from specs.tables import DECISIONS, FACTS, FINDINGS, PEOPLE, SUPPORT, check
from tests.criteria.scenario_text import Scenario, all_scenarios, rules
from tests.criteria.tables import switched, tables

SCENARIOS = all_scenarios()
FRAMEWORK, POLICY = load_framework(), load_policy()


def run(scenario: Scenario) -> Decided:
    people, facts, areas = tables(scenario.people, scenario.facts)
    check(people, PEOPLE)
    check(facts, FACTS)
    panel = []
    for order in scenario.policy:
        words = order.split()
        if words[0] in ("approve", "decline"):
            household = int(words[1]) if len(words) > 1 else 1
            panel.append(PanelDecision(household, words[0] == "approve", "Panel chair", "seen", date(2013, 11, 5)))
    decided = decide(
        people, facts, areas, FRAMEWORK.with_readings(scenario.readings), switched(POLICY, scenario.policy), scenario.as_at,
        unsupplied=frozenset(("county", kind) for kind in scenario.unsupplied), panel=panel,
    )  # fmt: skip
    check(decided.findings, FINDINGS)
    check(decided.support, SUPPORT)
    check(decided.decisions, DECISIONS)
    return decided


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{s.file}: {s.title}")
def test_scenario(scenario: Scenario) -> None:
    decided = run(scenario)
    findings = {row["clause"]: row for row in decided.findings.to_pylist() if row["household_id"] == 1}
    decisions = {row["household_id"]: row for row in decided.decisions.to_pylist()}
    support = [row["clause"] for row in decided.support.to_pylist() if row["household_id"] == 1]
    assert scenario.expected, "a scenario expects something"
    for line in scenario.expected:
        words = line.split()
        if words[:2] == ["route", "of"]:
            assert decisions[int(words[2])]["route"] == words[3]
        elif words[0] == "route":
            assert decisions[1]["route"] == words[1], decisions[1]
        elif words[-2:] == ["one", "short"]:
            assert decisions[1]["one_short_not_assessable"] is (words[0] != "not"), decisions[1]
        elif words[1:3] == ["facts", "behind"]:
            assert support.count(words[3]) == int(words[0])
        elif words[0] == "statistic":
            assert decided.statistics[words[1]] == int(words[2])
        elif words[1] == "silent":
            assert words[0] not in findings
        else:
            assert words[0] in findings, f"no finding; there are {sorted(findings)}"
            assert findings[words[0]]["status"] == words[1], findings[words[0]]
            if note := re.search(r'"(.*)"', line):
                assert findings[words[0]]["note"] == note[1]


def test_every_rule_has_a_scenario_on_each_side() -> None:
    sides: dict[str, set[str]] = defaultdict(set)
    for scenario in SCENARIOS:
        for rule, side in scenario.rules:
            sides[rule].add(side)
    assert set(sides) == set(rules()), "rules.txt and the scenarios name the same rules"
    assert {rule: found for rule, found in sides.items() if found != {"+", "-"}} == {}


def test_every_scenario_names_a_rule_and_no_two_share_a_title() -> None:
    assert [s.title for s in SCENARIOS if not s.rules] == []
    assert len({s.title for s in SCENARIOS}) == len(SCENARIOS)
    assert len(SCENARIOS) >= 120


def _sides() -> dict[str, set[str]]:
    sides: dict[str, set[str]] = defaultdict(set)
    for scenario in SCENARIOS:
        for line in scenario.expected:
            words = line.split()
            if words[0] == "route":
                sides[f"route.{words[1]}"].add("met")
            elif words[1] in ("met", "not_met", "not_assessable", "silent"):
                sides[words[0]].add("met" if words[1] == "met" else "other")
    return sides


def test_every_clause_and_concern_has_a_scenario_on_each_side() -> None:
    as_at = date(2013, 10, 31)
    sides = _sides()
    wanted = [clause.id for clause in (*FRAMEWORK.clauses(as_at), *POLICY.concerns(FRAMEWORK, as_at, off=True))]
    assert {clause for clause in wanted if sides[clause] != {"met", "other"}} == set()
    assert {"route.automatic", "route.discretion", "route.no"} <= set(sides)


def test_every_option_of_every_reading_of_identification_has_a_scenario() -> None:
    tried = {(name, option) for scenario in SCENARIOS for name, option in scenario.readings.items()}
    other = {
        (name, option)
        for name, reading in FRAMEWORK.rules.reading.items()
        for option in reading.option
        if option != reading.default and name != "year_of_rate"
    }
    assert other - tried == set()
