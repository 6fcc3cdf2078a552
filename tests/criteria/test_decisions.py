"""The tables that `decide` gives: their order, areas, statistics, what is unclear; and its speed."""

from __future__ import annotations

import time
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from criteria.decisions import UNCLEAR, decide
from criteria.framework import load_framework
from criteria.policy import load_policy
from specs.tables import DECISIONS, EVIDENCE_KINDS, FACTS, FINDINGS, PEOPLE, SUPPORT, check
from tests.criteria.scenario_text import Fact, Person, when
from tests.criteria.tables import tables

FRAMEWORK, POLICY = load_framework(), load_policy()
AS_AT = date(2013, 10, 31)
ADULT, OTHER = Person("adult", date(1975, 3, 1)), Person("other", date(1976, 3, 1), household=2)
ORDER = Fact("adult", "asb_order", date(2013, 1, 1), None)


def test_no_people_and_no_facts_give_decisions_alone() -> None:
    areas = pa.table({"household_id": pa.array([4, 2], pa.int64()), "area": ["city", "county"]})
    decided = decide(PEOPLE.empty(), FACTS.empty(), areas, FRAMEWORK, POLICY, AS_AT)
    assert decided.findings.num_rows == decided.support.num_rows == 0
    assert decided.decisions["household_id"].to_pylist() == [4, 2]
    assert set(decided.decisions["route"].to_pylist()) == {"no"}


def test_no_households_give_empty_tables() -> None:
    areas = pa.table({"household_id": pa.array([], pa.int64()), "area": pa.array([], pa.string())})
    people, facts, _ = tables([ADULT], [ORDER])
    decided = decide(people, facts, areas, FRAMEWORK, POLICY, AS_AT)
    assert check(decided.decisions, DECISIONS).num_rows == check(decided.findings, FINDINGS).num_rows == 0


def test_decisions_follow_the_rows_of_areas_and_facts_of_other_households_are_left_out() -> None:
    people, facts, _ = tables([ADULT, OTHER], [ORDER, Fact("other", "asb_order", date(2013, 1, 1), None)])
    areas = pa.table({"household_id": pa.array([7, 1], pa.int64()), "area": ["county", "county"]})
    decided = decide(people, facts, areas, FRAMEWORK, POLICY, AS_AT)
    assert decided.decisions.select(["household_id", "criteria"]).to_pylist() == [
        {"household_id": 7, "criteria": []},
        {"household_id": 1, "criteria": ["crime_asb"]},
    ]
    assert set(decided.findings["household_id"].to_pylist()) == {1}


def test_a_missing_supply_touches_its_own_area_alone() -> None:
    people, facts, _ = tables([ADULT, OTHER], [ORDER, Fact("other", "asb_order", date(2013, 1, 1), None)])
    areas = pa.table({"household_id": pa.array([1, 2], pa.int64()), "area": ["city", "county"]})
    decided = decide(
        people, facts, areas, FRAMEWORK, POLICY, AS_AT, unsupplied=frozenset({("city", "benefit_out_of_work")})
    )
    work = {row["household_id"]: row["status"] for row in decided.findings.to_pylist() if row["clause"] == "work"}
    assert work == {1: "not_assessable", 2: "not_met"}


def test_a_cap_binds_its_own_area_alone() -> None:
    kinds = ("asb_order", "benefit_out_of_work", "long_term_condition")
    people, facts, _ = tables(
        [ADULT, OTHER], [Fact(w, k, date(2013, 1, 1), None) for w in ("adult", "other") for k in kinds]
    )
    areas = pa.table({"household_id": pa.array([1, 2], pa.int64()), "area": ["city", "county"]})
    rules = POLICY.rules.model_copy(update={"cap": {"city": 0}})
    decided = decide(people, facts, areas, FRAMEWORK, type(POLICY)(POLICY.name, rules), AS_AT)
    assert decided.decisions["route"].to_pylist() == ["no", "discretion"]


def test_a_fact_follows_its_person_whatever_household_it_carries() -> None:
    people, facts, areas = tables([ADULT, OTHER], [ORDER])
    moved = facts.set_column(1, facts.schema.field(1), pa.array([2], pa.int64()))
    decided = decide(people, moved, areas, FRAMEWORK, POLICY, AS_AT)
    assert decided.decisions["criteria"].to_pylist() == [["crime_asb"], []]


def test_support_names_the_evidence_and_the_person_or_nobody() -> None:
    people, facts, areas = tables([ADULT], [ORDER, Fact("dwelling", "housing_intervention", date(2013, 1, 1), None)])
    decided = decide(people, facts, areas, FRAMEWORK, POLICY, AS_AT)
    assert check(decided.support, SUPPORT).to_pylist() == [
        {"household_id": 1, "clause": "crime_asb.order_in_force", "evidence_id": 100, "person_id": 0},
        {"household_id": 1, "clause": "crime_asb.housing_intervention", "evidence_id": 101, "person_id": None},
    ]


def test_facts_that_could_not_be_assessed_are_listed_with_the_reason() -> None:
    begun, ended = when("2012/13-Summer")
    people, facts, areas = tables(
        [Person("adult", None), Person("child", date(2000, 1, 1), pupil=True)],
        [
            Fact("adult", "asb_order", None, None),
            Fact("adult", "benefit_out_of_work", date(2013, 1, 1), None),
            Fact("child", "asb_contract", date(2009, 1, 1), None),
            Fact("child", "fixed_exclusions", None, None, 3),
            Fact("child", "on_roll", begun, ended),
            Fact("adult", "police_arrests", None, None, 4),
            Fact("adult", "police_proven", None, None, 0),
        ],
    )
    decided = decide(people, facts, areas, FRAMEWORK, POLICY, AS_AT)
    assert decided.unclear.schema == UNCLEAR
    assert [(row["evidence_id"], row["reason"]) for row in decided.unclear.to_pylist()] == [
        (100, "the date that it needs is missing"),
        (102, "contract without expiry, older than the limit"),
        (103, "the date that it needs is missing"),
        (101, "no date of birth"),
        (105, "the date that it needs is missing"),
    ]


def test_the_table_may_come_in_chunks() -> None:
    people, facts, areas = tables([ADULT, OTHER], [ORDER, Fact("other", "asb_order", date(2013, 1, 1), None)])
    chunks = pa.concat_tables([facts.slice(0, 1), facts.slice(1)])
    one, two = (decide(people, given, areas, FRAMEWORK, POLICY, AS_AT) for given in (facts, chunks))
    assert one.findings.equals(two.findings)


def test_statistics_hold_the_documented_keys() -> None:
    people, facts, areas = tables([ADULT], [ORDER])
    statistics = decide(people, facts, areas, FRAMEWORK, POLICY, AS_AT).statistics
    wanted = {
        "households", "automatic", "discretion", "one_short_not_assessable", "declined_by_policy", "declined_by_panel",
        "declined_by_cap", "panel_decisions_without_effect", "criteria_met.0", "criteria_met.3", "crime_asb.met",
        "crime_asb.not_assessable", "work.met", "crime_asb.order_in_force.met", "concern.custody.met",
        "concern.custody.unclear_facts", "resting.any",
    } | {f"resting.{name}" for name in FRAMEWORK.rules.reading if name != "year_of_rate"}  # fmt: skip
    assert wanted <= set(statistics)
    assert "resting.year_of_rate" not in statistics
    assert all(type(value) is int for value in statistics.values())


@pytest.mark.parametrize("step", [1, 3])
def test_household_ids_need_not_be_dense(step: int) -> None:
    people, facts, areas = tables([ADULT, OTHER], [ORDER])
    areas = pa.table({"household_id": pa.array([1, 2, 2 + step], pa.int64()), "area": ["county"] * 3})
    decided = decide(people, facts, areas, FRAMEWORK, POLICY, AS_AT)
    assert decided.decisions["criteria"].to_pylist() == [["crime_asb"], [], []]


def test_a_county_is_decided_in_seconds() -> None:
    rng = np.random.default_rng(7)
    households, people, facts = 20_000, 50_000, 100_000
    home = rng.integers(0, households, people)
    born = np.datetime64("1950-01-01") + rng.integers(0, 23_000, people).astype("timedelta64[D]")
    person = rng.integers(0, people, facts)
    begun = np.datetime64("2011-09-01") + rng.integers(0, 800, facts).astype("timedelta64[D]")
    kinds = np.array(list(EVIDENCE_KINDS))[rng.integers(0, len(EVIDENCE_KINDS), facts)]
    columns = [
        pa.array(np.arange(facts)), pa.array(home[person]), pa.array(person), pa.array(kinds), pa.nulls(facts, pa.string()),
        pa.array(begun), pa.array(begun + np.timedelta64(90, "D")), pa.array(rng.integers(0, 5, facts)),
        pa.array([f"k{number}" for number in rng.integers(0, facts // 2, facts)]),
    ]  # fmt: skip
    people_table = pa.table(
        [pa.array(np.arange(people)), pa.array(home), pa.array(born), pa.array(np.zeros(people, bool))],
        schema=PEOPLE.schema,
    )
    areas = pa.table({"household_id": np.arange(households), "area": ["county"] * households})
    started = time.process_time()
    decided = decide(people_table, pa.table(columns, schema=FACTS.schema), areas, FRAMEWORK, POLICY, AS_AT)
    assert time.process_time() - started < 3  # a fifth of a large county: a loop over rows would take far longer
    assert decided.statistics["crime_asb.met"] > 1000
