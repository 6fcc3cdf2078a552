"""The rules once more, slow and obvious: one household, one fact at a time, in plain Python, written from the rules' text.

Takes people and facts of all households, gives what each household must get under the default readings and the shipped
policy. It shares no code with `criteria`; the vectorised engine is held to it on random households.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from tests.criteria.scenario_text import Fact, Person

SCHOOL = {
    "sessions_possible", "sessions_unauthorised", "fixed_exclusions", "permanent_exclusion", "excluded_provision",
    "on_roll", "home_educated", "not_on_roll",
}  # fmt: skip
MET, UNKNOWN, NOT = "met", "not_assessable", "not_met"
HEALTH = {"EMH": "mental_health", "DRUG": "drugs", "ALC": "alcohol", "DAH": "domestic_abuse_health",
          "U18C": "under_18_conception"}  # fmt: skip


def birthday(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def month_ends(day: date) -> bool:
    return (day + timedelta(days=1)).month != day.month


def first_of_window(as_at: date) -> date:
    """12 months: after the same day a year ago; whole months where as_at ends one."""
    if month_ends(as_at):
        following = as_at + timedelta(days=1)
        return following.replace(year=following.year - 1)
    return as_at.replace(year=as_at.year - 1) + timedelta(days=1)


def two_years_on(day: date) -> date:
    last = calendar.monthrange(day.year + 2, day.month)[1]
    return date(day.year + 2, day.month, min(day.day, last))


def term_of(fact: Fact) -> date | None:
    """A term by its first day."""
    if fact.begun is None:
        return None
    month = 9 if fact.begun.month >= 9 else 5 if fact.begun.month >= 5 else 1
    return date(fact.begun.year, month, 1)


def term_end(term: date) -> date:
    return {9: date(term.year, 12, 31), 5: date(term.year, 8, 31), 1: date(term.year, 4, 30)}[term.month]


def term_before(term: date) -> date:
    return {9: date(term.year, 5, 1), 5: date(term.year, 1, 1), 1: date(term.year - 1, 9, 1)}[term.month]


def best(parts: list[str]) -> str | None:
    for status in (MET, UNKNOWN, NOT):
        if status in parts:
            return status
    return None


def both(one: bool | None, other: bool | None) -> str:
    if one is False or other is False:
        return NOT
    return MET if one and other else UNKNOWN


@dataclass
class Verdict:
    clauses: dict[str, str | None]
    criteria: dict[str, str]
    concerns: set[str]
    route: str
    one_short: bool


class Reference:
    def __init__(
        self, people: list[Person], facts: list[Fact], as_at: date, unsupplied: frozenset[str] = frozenset(),
        age_on_offence: bool = True, window_by_outcome: bool = True,
    ) -> None:  # fmt: skip
        self.people = {person.name: person for person in people}
        self.as_at, self.first = as_at, first_of_window(as_at)
        self.unsupplied = unsupplied
        self.age_on_offence, self.window_by_outcome = age_on_offence, window_by_outcome
        self.facts = facts
        ended = [t for f in facts if f.kind in SCHOOL and (t := term_of(f)) and term_end(t) <= as_at]
        self.terms: list[date] = []
        if ended:
            latest = max(ended)
            self.terms = [latest, term_before(latest), term_before(term_before(latest))]

    # ---- people

    def is_pupil(self, name: str) -> bool:
        return self.people[name].pupil or any(f.who == name and f.kind in SCHOOL for f in self.facts)

    def is_child(self, name: str, on: date | None) -> bool | None:
        """Under 18 on a day; a pupil of unknown age is a child; None where unknown."""
        person = self.people.get(name)
        if person is None:
            return None
        if person.born is None:
            return True if self.is_pupil(name) else None
        return None if on is None else on < birthday(person.born, 18)

    def home(self, fact: Fact) -> int:
        if fact.who in self.people:
            return self.people[fact.who].household
        return int(fact.who.partition("@")[2] or 1)

    def of(self, household: int, *kinds: str, by_household: bool = False) -> list[Fact]:
        """The facts of these kinds, one with a key once for its owner (or for the household)."""
        seen: set[tuple[str, str, str]] = set()
        found = []
        for fact in self.facts:
            if fact.kind not in kinds or self.home(fact) != household:
                continue
            if fact.key is not None:
                owner = "" if by_household else fact.who
                if (fact.kind, fact.key, owner) in seen:
                    continue
                seen.add((fact.kind, fact.key, owner))
            found.append(fact)
        return found

    # ---- crime

    def in_window(self, day: date | None) -> bool | None:
        return None if day is None else self.first <= day <= self.as_at

    def running(self, fact: Fact) -> bool | None:
        if fact.ended is not None and fact.ended < self.as_at:
            return False
        return None if fact.begun is None else fact.begun <= self.as_at

    def youth_offence(self, fact: Fact) -> str:
        inside = self.in_window(fact.ended if self.window_by_outcome else fact.begun)
        child = self.is_child(fact.who, fact.begun if self.age_on_offence else self.as_at)
        if self.age_on_offence and fact.begun is None and child:
            child = None  # the offence itself has no date
        return both(inside, child)

    def contract(self, fact: Fact) -> str:
        running = self.running(fact)
        if running and fact.ended is None and fact.begun is not None and two_years_on(fact.begun) < self.as_at:
            return UNKNOWN
        return both(running, True)

    # ---- education, child by child

    def children(self, household: int) -> list[str]:
        return [p.name for p in self.people.values() if p.household == household and self.is_child(p.name, self.as_at)]

    def school(self, child: str, *kinds: str) -> list[Fact]:
        household = self.people[child].household
        return [f for f in self.of(household, *kinds) if f.who == child]

    def supplied(self, child: str) -> list[date]:
        return [t for f in self.school(child, *SCHOOL) if (t := term_of(f)) in self.terms and t is not None]

    def permanent(self, child: str) -> str:
        terms = [term_of(f) for f in self.school(child, "permanent_exclusion")]
        if any(t in self.terms for t in terms):
            return MET
        return UNKNOWN if None in terms or not self.supplied(child) else NOT

    def provision(self, child: str) -> str:
        terms = [term_of(f) for f in self.school(child, "excluded_provision")]
        supplied = self.supplied(child)
        if supplied and max(supplied) in terms:
            return MET
        return UNKNOWN if None in terms or not supplied else NOT

    def off_roll(self, child: str) -> str:
        supplied = self.supplied(child)
        excuse = [term_of(f) for f in self.school(child, "on_roll", "home_educated")]
        terms = [term_of(f) for f in self.school(child, "not_on_roll")]
        if supplied and max(supplied) in terms and max(supplied) not in excuse:
            latest = max(supplied)
            september = date(latest.year if latest.month == 9 else latest.year - 1, 9, 1)
            born = self.people[child].born
            if born is not None and birthday(born, 16) > september:
                return MET
            if born is None:
                return UNKNOWN
        return UNKNOWN if None in terms or not supplied else NOT

    def fixed(self, child: str) -> str:
        figures = [f for f in self.school(child, "fixed_exclusions") if f.quantity is not None]
        inside = [f for f in figures if term_of(f) in self.terms]
        total = sum(f.quantity or 0 for f in inside)
        if total >= 3:
            return MET
        undated = sum(f.quantity or 0 for f in figures if term_of(f) is None)
        return UNKNOWN if not inside or total + undated >= 3 else NOT

    def absence(self, child: str) -> str:
        whole = part = 0
        for term in self.terms:
            possible = [f.quantity for f in self.school(child, "sessions_possible") if term_of(f) == term]
            missed = [f.quantity for f in self.school(child, "sessions_unauthorised") if term_of(f) == term]
            possible, missed = [n for n in possible if n is not None], [n for n in missed if n is not None]
            if len(possible) == len(missed):
                whole, part = whole + sum(n or 0 for n in possible), part + sum(n or 0 for n in missed)
        if whole == 0:
            return UNKNOWN
        return MET if part * 100 >= 15 * whole else NOT

    # ---- concerns

    def counted(self, household: int, kinds: tuple[str, ...], least: int, adults: bool = False) -> str | None:
        facts = self.of(household, *kinds, by_household=True)
        sure = perhaps = 0
        for fact in facts:
            last = fact.ended or fact.begun
            inside = None if fact.begun is None or last is None else fact.begun <= self.as_at and last >= self.first
            child = self.is_child(fact.who, self.as_at)
            status = both(inside, (None if child is None else not child) if adults else True)
            quantity = 1 if fact.quantity is None else fact.quantity
            sure += quantity if status == MET else 0
            perhaps += quantity if status != NOT else 0
        if not facts:
            return None
        return MET if sure >= least else UNKNOWN if perhaps >= least else NOT

    def imprisoned(self, fact: Fact) -> bool | None:
        if fact.begun is None:
            if fact.ended is None or fact.ended > self.as_at:
                return None
            return fact.ended >= self.first
        return fact.begun <= self.as_at and (fact.ended is None or fact.ended >= self.first)

    def concerns(self, household: int) -> set[str]:
        found = set()
        for kind in ("protection_plan", "considered_for_care"):
            facts = self.of(household, kind)
            if any(self.running(f) and self.is_child(f.who, self.as_at) for f in facts):
                found.add(kind)
        if self.counted(household, ("police_callouts", "police_arrests"), 4) == MET:
            found.add("police_contacts")
        if self.counted(household, ("police_proven",), 1, adults=True) == MET:
            found.add("adult_offence_police")
        for fact in self.of(household, "proven_offence"):
            if self.in_window(fact.ended) and self.is_child(fact.who, self.as_at) is False:
                found.add("adult_offence")
        if any(self.imprisoned(f) for f in self.of(household, "custody")):
            found.add("custody")
        for kind in ("class_a_parent", "long_term_condition", "managed_offender"):
            if any(f.begun is None or f.begun <= self.as_at for f in self.of(household, kind)):
                found.add(kind)
        for fact in self.of(household, "domestic_violence_perpetrator"):
            if fact.begun is None or self.in_window(fact.begun):
                found.add("domestic_violence")
        for fact in self.of(household, "health_concern"):
            if self.in_window(fact.begun):
                found.add(HEALTH.get(fact.code or "", "other_health"))
        for fact in self.of(household, "local_concern"):
            if fact.begun is None or fact.begun <= self.as_at:
                found.add({"GANG": "gang", "HIGH_COST": "high_cost"}.get(fact.code or "", "other_concern"))
        return found

    # ---- the household

    def clauses(self, household: int) -> dict[str, str | None]:
        claims = [
            both(self.running(f), None if (child := self.is_child(f.who, self.as_at)) is None else not child)
            for f in self.of(household, "benefit_out_of_work")
        ]
        housing = [self.in_window(f.begun) for f in self.of(household, "housing_intervention")]
        clauses = {
            "crime_asb.youth_offence": best([self.youth_offence(f) for f in self.of(household, "proven_offence")]),
            "crime_asb.order_in_force": best([both(self.running(f), True) for f in self.of(household, "asb_order")]),
            "crime_asb.contract_in_force": best([self.contract(f) for f in self.of(household, "asb_contract")]),
            "crime_asb.housing_intervention": best([both(inside, True) for inside in housing]),
            "work.out_of_work_benefit": best(claims),
        }
        children = self.children(household)
        for clause, test in {
            "permanent_exclusion": self.permanent, "fixed_exclusions": self.fixed, "not_on_roll": self.off_roll,
            "excluded_provision": self.provision, "absence": self.absence,
        }.items():  # fmt: skip
            clauses[f"education.{clause}"] = best([test(child) for child in children]) if self.terms else UNKNOWN
        reads = {
            "crime_asb.youth_offence": {"proven_offence"}, "crime_asb.order_in_force": {"asb_order"},
            "crime_asb.contract_in_force": {"asb_contract"}, "crime_asb.housing_intervention": {"housing_intervention"},
            "work.out_of_work_benefit": {"benefit_out_of_work"}, "education.permanent_exclusion": {"permanent_exclusion"},
            "education.fixed_exclusions": {"fixed_exclusions"}, "education.not_on_roll": {"not_on_roll"},
            "education.excluded_provision": {"excluded_provision"},
            "education.absence": {"sessions_possible", "sessions_unauthorised"},
        }  # fmt: skip
        return {
            clause: UNKNOWN if status != MET and reads[clause] & self.unsupplied else status
            for clause, status in clauses.items()
        }

    def verdict(self, household: int) -> Verdict:
        clauses = self.clauses(household)
        criteria = {}
        for criterion in ("crime_asb", "education", "work"):
            parts = [status for clause, status in clauses.items() if clause.startswith(criterion) and status]
            criteria[criterion] = best(parts) or NOT
        concerns = self.concerns(household)

        def route(met: int) -> str:
            return "automatic" if met == 3 else "discretion" if met == 2 and concerns else "no"

        met = sum(status == MET for status in criteria.values())
        unknown = any(status == UNKNOWN for status in criteria.values())
        short = route(met) == "no" and unknown and route(met + 1) != "no"
        return Verdict(clauses, criteria, concerns, route(met), short)
