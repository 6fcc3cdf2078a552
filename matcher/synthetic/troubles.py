"""What happens to people over the years that partners keep evidence of: offences, orders, benefits, plans, health.

Takes a person of the county and the days that bound it; gives dated facts, the same whatever the date of the month that will
be cut from them. What happens follows the person's trouble (0, 1 some, 2 severe), so that it comes together in the same
families. Dates are drawn towards the ends of months, where the rules have their edges. Refuses nothing.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from matcher.synthetic.draws import TROUBLE, Draws, Table
from matcher.synthetic.lives import County
from matcher.synthetic.people import Household, Person, age_on

OFFENCES = ("Theft from shop", "Common assault", "Criminal damage", "Burglary dwelling", "Possession of cannabis", "Affray",
            "Taking a vehicle without consent", "Robbery", "Assault occasioning actual bodily harm", "Public order, section 5",
            "Going equipped", "Handling stolen goods", "Possession of a bladed article", "Drunk and disorderly")  # fmt: skip
OUTCOMES = Table(
    ("REP", "FW", "YC", "YCC", "CAU", "PND", "FINE", "DISCH", "RO", "REPO", "YRO", "DTO", "CUST", "COMM",
     "RJ", "CR", "YRD", "NFA", "PEND", "WD", "ACQ"),
    (9, 6, 9, 5, 3, 3, 4, 6, 16, 3, 12, 3, 1, 2, 8, 5, 3, 6, 4, 2, 2),
)  # fmt: skip
ADULT_ASB = Table(("ASBO", "ASBI", "ABC", "NOSP", "HINJ", "DEMO", "EVICT", "WARN"), (14, 11, 24, 10, 5, 3, 3, 30))
YOUTH_ASB = Table(("ASBO", "ASBI", "ABC", "WARN"), (12, 4, 50, 34))
CASES = Table(
    ("NONE", "NOSPRENT", "WARN", "NOSP", "ABC", "ASBI", "ASBO", "HINJ", "DEMO", "EVICT"),
    (34, 26, 15, 9, 6, 3, 1.5, 3, 1.5, 1),
)
CLAIMS = Table(("JSA", "ESA", "IS", "IB", "CA", "SDA"), (42, 28, 13, 7, 7, 3))
OTHER = Table(("HB", "CTB", "DLA", "PIP", "WTC", "CTC", "BB", "NONE"), (26, 16, 14, 3, 16, 18, 1, 6))
CARE = Table(("CPP", "LACC", "LAC", "CIN"), (26, 8, 14, 52))
HEALTH = Table(("EMH", "DRUG", "ALC", "LTC", "DAH", "U18C"), (34, 14, 16, 22, 11, 3))
CONCERNS = Table(("GANG", "HIGH_COST", "OTHER"), (20, 35, 45))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something dated: a code, from, until (None: open or not given), and where it matters a number or a text."""

    code: str
    begun: int
    ended: int | None = None
    text: str = ""
    flag: bool = False


def poisson(draws: Draws, mean: float) -> int:
    count, reached = 0, draws.exponential(1.0)
    while reached < mean:
        count += 1
        reached += draws.exponential(1.0)
    return count


def to_edge(draws: Draws, day: int, share: float = 0.2) -> int:
    """Move a share of dates to the last, the last but one or the first day of their month."""
    if not draws.chance(share):
        return day
    date = dt.date.fromordinal(day)
    last = calendar.monthrange(date.year, date.month)[1]
    return date.replace(day=draws.pick((last, last, last - 1, last - 1, 1))).toordinal()


class Troubles:
    """The facts of a county's people, made when asked for and always the same."""

    def __init__(self, county: County) -> None:
        self._county = county
        self._start, self._end = county.start, county.end

    def _draws(self, uid: int, what: int) -> Draws:
        return Draws(self._county.seed, TROUBLE, uid, what)

    def _days(self, draws: Draws, yearly: float, low: int, high: int) -> Iterator[int]:
        """Random days between low and high at a rate per year."""
        span = high - low
        if span > 0:
            for _ in range(poisson(draws, yearly * span / 365.25)):
                yield low + draws.below(span)

    def offences(self, person: Person) -> list[Fact]:
        """Offences that came to the youth offending service: from 10 to a little over 18. `text` is the charge."""
        low, high = max(person.born + 3653, self._start), min(person.born + 6690, self._end)
        if high <= low:
            return []
        draws = self._draws(person.uid, 1)
        found = []
        rate = (0.006, 0.20, 0.85)[person.trouble] * (1.4 if person.sex == "M" else 0.55)
        for day in sorted(self._days(draws, rate, low, high)):
            age = (day - person.born) / 365.25
            if draws.chance(0.3 if age < 13 else 0.7 if age < 15 else 1.0):
                if age > 17.5 and draws.chance(0.4):
                    day = person.born + 6574 + draws.below(60)
                outcome = draws.table(OUTCOMES)
                decided = None if outcome == "PEND" else to_edge(draws, day + 5 + int(draws.exponential(50)))
                found.append(
                    Fact(outcome, day, decided, draws.pick(OFFENCES), person.trouble == 2 and draws.chance(0.04))
                )
        return found

    def months(self, person: Person, measure: str) -> list[int]:
        """Days on which something that the police count happened. CUSTODY: a day in each month inside."""
        number = ("PROVEN", "ARREST", "CALLOUT", "CUSTODY", "ASB").index(measure)
        rate = {
            "PROVEN": (0.003, 0.10, 0.5), "ARREST": (0.003, 0.15, 0.8), "CALLOUT": (0.006, 0.25, 1.2),
            "CUSTODY": (0.0001, 0.006, 0.035), "ASB": (0.006, 0.25, 1.3),
        }[measure][person.trouble]  # fmt: skip
        low, high = max(person.born + 12 * 365, self._start), min(person.born + 62 * 365, self._end)
        if high <= low:
            return []
        draws = self._draws(person.uid, 10 + number)
        if measure != "CUSTODY":
            return sorted(self._days(draws, rate * (1.0 if person.sex == "M" else 0.5), low, high))
        found = []
        for day in self._days(draws, rate, max(low, person.born + 15 * 365), high):
            first = dt.date.fromordinal(day).replace(day=15).toordinal()
            found += [first + 30 * month for month in range(draws.between(1, 9))]
        return sorted(found)

    def _order(self, draws: Draws, code: str, day: int) -> Fact:
        long = {"ASBO": (730, 1825), "ASBI": (365, 730), "ABC": (182, 365), "HINJ": (182, 365), "NOSP": (365, 365),
                "DEMO": (365, 365)}.get(code)  # fmt: skip
        if long is None or draws.chance({"ABC": 0.2, "ASBO": 0.12, "ASBI": 0.12}.get(code, 0.4)):
            return Fact(code, day)
        return Fact(code, day, to_edge(draws, day + draws.between(*long), 0.3))

    def disposals(self, person: Person) -> list[Fact]:
        """Anti-social behaviour disposals of a person."""
        low, high = max(person.born + 11 * 365, self._start), min(person.born + 60 * 365, self._end)
        draws = self._draws(person.uid, 2)
        found = []
        for day in self._days(draws, (0.0012, 0.03, 0.16)[person.trouble], low, high):
            code = draws.table(ADULT_ASB if age_on(person.born, day) >= 18 else YOUTH_ASB)
            found.append(self._order(draws, code, to_edge(draws, day)))
        return found

    def cases(self, home: Household) -> list[Fact]:
        """Housing interventions and tenancy cases of a social tenant's household. `flag`: joint; `text`: complaints."""
        if not home.social:
            return []
        draws = self._draws(home.uid, 3)
        found = []
        for day in self._days(draws, (0.10, 0.35, 0.8)[home.trouble], max(home.began, self._start), self._end):
            fact = self._order(draws, draws.table(CASES), to_edge(draws, day))
            complaints = str(poisson(draws, 0.6 + home.trouble)) if draws.chance(0.5) else ""
            found.append(Fact(fact.code, fact.begun, fact.ended, complaints, draws.chance(0.3)))
        return found

    def claims(self, person: Person) -> list[Fact]:
        """Claims of out-of-work benefits, one after another, working age only. `flag`: a sanction."""
        low, high = max(person.born + 18 * 365 + 5, self._start - 3000), min(person.born + 65 * 365, self._end)
        if high <= max(low, self._start):
            return []
        draws = self._draws(person.uid, 4)
        share = (0.055, 0.28, 0.62)[person.trouble] * (1.15 if person.family.origin != "british" else 1.0)
        spell = 365 * (1.6, 2.4, 3.5)[person.trouble]
        day, out, found = low, draws.chance(share), []
        while day < high:
            length = draws.exponential(spell if out else spell * (1 - share) / share)
            until = to_edge(draws, day + 20 + int(length), 0.3)
            if out:
                ended = until if until < high else None
                found.append(Fact(draws.table(CLAIMS), day, ended, "", draws.chance(0.08)))
            day, out = until + 1, not out
        return found

    def other_claims(self, person: Person) -> list[Fact]:
        """Benefits that do not count as out of work."""
        low, high = max(person.born + 18 * 365, self._start - 1500), self._end
        draws = self._draws(person.uid, 5)
        return [
            Fact(draws.table(OTHER), day, day + 100 + int(draws.exponential(1100)))
            for day in self._days(draws, (0.028, 0.07, 0.09)[person.trouble], low, high)
        ]

    def care(self, person: Person) -> list[Fact]:
        """Spells under children's services."""
        low, high = max(person.born, self._start), min(person.born + 18 * 365, self._end)
        draws = self._draws(person.uid, 6)
        found = []
        for day in self._days(draws, (0.002, 0.05, 0.22)[person.trouble], low, high):
            ended = to_edge(draws, day + 60 + int(draws.exponential(330)), 0.3)
            found.append(Fact(draws.table(CARE), day, ended))
        return found

    def health(self, person: Person) -> list[Fact]:
        low, high = max(person.born + 13 * 365, self._start), min(person.born + 75 * 365, self._end)
        draws = self._draws(person.uid, 7)
        found = []
        for day in self._days(draws, (0.007, 0.035, 0.13)[person.trouble], low, high):
            code = draws.table(HEALTH)
            if code == "U18C" and (person.sex == "M" or age_on(person.born, day) >= 18):
                code = "EMH"
            found.append(Fact(code, to_edge(draws, day)))
        return found

    def concerns(self, person: Person) -> list[Fact]:
        low, high = max(person.born + 12 * 365, self._start), min(person.born + 60 * 365, self._end)
        draws = self._draws(person.uid, 8)
        who = (
            "Locality partnership manager",
            "Neighbourhood policing sergeant",
            "Panel chair",
            "School improvement officer",
        )
        return [
            Fact(draws.table(CONCERNS), day, None, draws.pick(who))
            for day in self._days(draws, (0.0001, 0.006, 0.04)[person.trouble], low, high)
        ]

    def flags(self, person: Person) -> list[Fact]:
        """Flags of the integrated offender management team, each from a day for some years."""
        low, high = max(person.born + 16 * 365, self._start), min(person.born + 50 * 365, self._end)
        draws = self._draws(person.uid, 9)
        rate = (0.0001, 0.006, 0.035)[person.trouble] * (1.5 if person.sex == "M" else 0.3)
        found = []
        for day in self._days(draws, rate, low, high):
            code = draws.pick(("PPO", "IOM", "IOM", "RED", "AMBER", "AMBER", "DVR"))
            found.append(Fact(code, day, day + draws.between(300, 1500)))
        return found

    def probation(self, person: Person) -> list[Fact]:
        """Supervision by the probation trust. `flag`: a parent using Class A drugs."""
        low, high = max(person.born + 18 * 365, self._start), min(person.born + 60 * 365, self._end)
        draws = self._draws(person.uid, 20)
        rate = (0.0012, 0.03, 0.10)[person.trouble] * (1.5 if person.sex == "M" else 0.4)
        return [
            Fact("", day, day + draws.between(180, 900), "", draws.chance(0.12))
            for day in self._days(draws, rate, low, high)
        ]
