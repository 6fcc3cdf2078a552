"""The vectorised engine against the slow, obvious one, on random households around the boundaries."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from criteria.decisions import decide
from criteria.framework import load_framework
from criteria.policy import load_policy
from specs.tables import DECISIONS, FINDINGS, SUPPORT, check
from tests.criteria.reference import SCHOOL, Reference
from tests.criteria.scenario_text import Fact, Person, when
from tests.criteria.tables import tables

FRAMEWORK, POLICY = load_framework(), load_policy()
AS_AT = (date(2013, 10, 31), date(2013, 10, 15), date(2013, 2, 28), date(2012, 2, 29), date(2012, 2, 28), date(2013, 4, 30),
         date(2013, 8, 31), date(2013, 12, 31), date(2014, 3, 1))  # fmt: skip
TERMS = [
    f"{year}/{(year + 1) % 100:02d}-{name}" for year in (2011, 2012, 2013) for name in ("Autumn", "Spring", "Summer")
]
OFFENCES = ("proven_offence", "asb_order", "asb_contract", "housing_intervention", "benefit_out_of_work")
CONCERNS = (
    "protection_plan", "considered_for_care", "police_callouts", "police_arrests", "police_proven", "custody",
    "class_a_parent", "long_term_condition", "managed_offender", "domestic_violence_perpetrator", "health_concern",
    "local_concern",
)  # fmt: skip
MONTHLY = ("police_callouts", "police_arrests", "police_proven", "custody")
NAMES = ("a", "b", "c", "d")


def days(as_at: date) -> st.SearchStrategy[date | None]:
    steps = (-4000, -800, -732, -731, -730, -729, -396, -367, -366, -365, -364, -363, -200, -1, 0, 1, 40)
    return st.one_of(st.none(), st.sampled_from([as_at + timedelta(days=step) for step in steps]))


def births(as_at: date) -> st.SearchStrategy[date | None]:
    eighteen = [date(as_at.year - 18, as_at.month, min(as_at.day, 28)) + timedelta(days=step) for step in (-1, 0, 1, 3)]
    others = [
        date(1996, 2, 29),
        date(1975, 5, 5),
        date(2000, 5, 5),
        date(1996, 9, 1),
        date(1996, 9, 2),
        date(2009, 1, 1),
    ]
    return st.one_of(st.none(), st.sampled_from(eighteen + others))


@st.composite
def facts(draw: st.DrawFn, as_at: date, who: tuple[str, ...]) -> Fact:
    kind = draw(st.one_of(st.sampled_from(OFFENCES), st.sampled_from(sorted(SCHOOL)), st.sampled_from(CONCERNS)))
    name = draw(st.sampled_from([w for w in who if not w.startswith("dwelling")] or ["dwelling"]) if kind in SCHOOL
                else st.sampled_from(who))  # fmt: skip
    key = draw(st.sampled_from((None, None, "k1", "k2")))
    if kind in SCHOOL:
        begun, ended = when(draw(st.sampled_from(["undated", *TERMS])))
        quantity = draw(st.sampled_from((None, 0, 1, 2, 3, 15, 17, 85, 100)))
        return Fact(name, kind, begun, ended, quantity, None, key)
    code = draw(st.sampled_from((None, "EMH", "DRUG", "GANG", "OTHER", "HIGH_COST", "LTC")))
    if kind in MONTHLY and draw(st.booleans()):
        begun, ended = when(draw(st.sampled_from(("2012-09", "2012-10", "2012-11", "2013-02", "2013-10", "2011-03"))))
    else:
        begun, ended = draw(days(as_at)), draw(days(as_at))
    return Fact(name, kind, begun, ended, draw(st.sampled_from((None, 1, 2, 4))), code, key)


@st.composite
def batches(draw: st.DrawFn) -> tuple[date, list[Person], list[Fact], frozenset[str]]:
    as_at = draw(st.sampled_from(AS_AT))
    count = draw(st.integers(0, 4))
    people = [
        Person(name, draw(births(as_at)), draw(st.booleans()), draw(st.sampled_from((1, 1, 1, 2))))
        for name in NAMES[:count]
    ]
    who = (*NAMES[:count], "dwelling", "dwelling@2")
    found = draw(st.lists(facts(as_at, who), max_size=14))
    found = [fact for fact in found if fact.kind not in SCHOOL or fact.who in NAMES]
    missing = draw(st.sampled_from((frozenset(), frozenset(), frozenset({"benefit_out_of_work"}), frozenset({"on_roll",
                   "fixed_exclusions", "sessions_possible"}), frozenset({"proven_offence", "asb_order"}))))  # fmt: skip
    return as_at, people, found, missing


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches())
def test_the_engine_agrees_with_the_reference(batch: tuple[date, list[Person], list[Fact], frozenset[str]]) -> None:
    as_at, people, found, missing = batch
    people_table, facts_table, areas = tables(people, found)
    decided = decide(
        people_table, facts_table, areas, FRAMEWORK, POLICY, as_at,
        unsupplied=frozenset(("county", kind) for kind in missing),
    )  # fmt: skip
    check(decided.findings, FINDINGS)
    check(decided.support, SUPPORT)
    check(decided.decisions, DECISIONS)
    reference = Reference(people, found, as_at, missing)
    findings = {(row["household_id"], row["clause"]): row["status"] for row in decided.findings.to_pylist()}
    evidence = {(row["household_id"], row["clause"]) for row in decided.support.to_pylist()}
    for row in decided.decisions.to_pylist():
        household = row["household_id"]
        expected = reference.verdict(household)
        assert row["criteria"] == [name for name, status in expected.criteria.items() if status == "met"]
        assert set(row["concerns"]) == expected.concerns
        assert row["route"] == expected.route
        assert row["one_short_not_assessable"] == expected.one_short
        for name, status in expected.criteria.items():
            assert findings.get((household, name), status) == status
        for clause, wanted in expected.clauses.items():
            if (household, clause) in findings:
                assert findings[household, clause] == wanted
            else:
                assert wanted != "met"
            assert ((household, clause) in evidence) == (wanted == "met")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches(), st.booleans(), st.booleans())
def test_families_resting_on_the_offence_readings_are_counted(
    batch: tuple[date, list[Person], list[Fact], frozenset[str]], age_on_offence: bool, by_outcome: bool
) -> None:
    as_at, people, found, _ = batch
    options = {"offence_age": "offence" if age_on_offence else "as_at",
               "offence_window": "outcome" if by_outcome else "offence"}  # fmt: skip
    people_table, facts_table, areas = tables(people, found)
    decided = decide(people_table, facts_table, areas, FRAMEWORK.with_readings(options), POLICY, as_at)
    reference = Reference(people, found, as_at, frozenset(), age_on_offence, by_outcome)
    rows = decided.findings.filter(pc.equal(decided.findings["clause"], "crime_asb.youth_offence")).to_pylist()
    for row in rows:
        assert row["status"] == reference.clauses(row["household_id"])["crime_asb.youth_offence"]
    households = decided.decisions["household_id"].to_pylist()
    other_age = Reference(people, found, as_at, frozenset(), not age_on_offence, by_outcome)
    resting = [reference.verdict(h).route != other_age.verdict(h).route for h in households]
    assert decided.statistics["resting.offence_age"] == sum(resting)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    batch: tuple[date, list[Person], list[Fact], frozenset[str]], random: object
) -> None:
    as_at, people, found, _ = batch
    people_table, facts_table, areas = tables(people, found)
    shuffled = list(range(len(found)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = decide(people_table, facts_table, areas, FRAMEWORK, POLICY, as_at)
    two = decide(people_table, facts_table.take(pa.array(shuffled, pa.int64())), areas, FRAMEWORK, POLICY, as_at)
    assert one.findings.equals(two.findings)
    assert one.support.equals(two.support)
    assert one.decisions.equals(two.decisions)
    assert one.statistics == two.statistics
