"""What schools record of a child in a term: enrolment, sessions, absence, exclusions, provision.

Takes a child, a school year and its three terms; gives enrolments, the same in whatever month they are asked for. Some
children are kept exactly at or just under the threshold of absence. Refuses nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from matcher.synthetic.draws import SCHOOL, Draws
from matcher.synthetic.lives import County
from matcher.synthetic.people import Person
from matcher.synthetic.places import DISTRICTS
from matcher.synthetic.troubles import poisson

SEASONS = ("Autumn", "Spring", "Summer")
_ENDS = ((12, 31), (4, 30), (8, 31))


@dataclass(frozen=True, slots=True)
class Term:
    """A school term: the calendar year in which its school year began, and 0 autumn, 1 spring, 2 summer."""

    year: int
    season: int

    @property
    def label(self) -> str:
        return f"{self.year}/{(self.year + 1) % 100:02d} {SEASONS[self.season]}"

    @property
    def ended(self) -> dt.date:
        return dt.date(self.year + (self.season > 0), *_ENDS[self.season])


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One pupil at one school in one term. `authority` 856 City, 855 County, 857 Rutland."""

    authority: int
    estab: str
    possible: int
    unauthorised: int
    fixed: int
    permanent: bool
    provision: str
    previously: bool


def last_terms(as_at: dt.date, count: int = 3) -> list[Term]:
    """The latest terms that ended by a date, oldest first."""
    terms = [Term(as_at.year + back, season) for back in range(-3, 1) for season in range(3)]
    return [term for term in terms if term.ended <= as_at][-count:]


def upn(person: Person, authority: int) -> str:
    """The pupil's number with its check letter."""
    year = dt.date.fromordinal(person.born).year + 4
    digits = f"{authority}{2000 + person.uid % 977:04d}{year % 100:02d}{person.uid // 977 % 1000:03d}"
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    return letters[sum(int(digit) * weight for weight, digit in enumerate(digits, 2)) % 23] + digits


class Schools:
    """Enrolments of the county's children."""

    def __init__(self, county: County) -> None:
        self._county = county

    def _school(self, child: Person, year: int) -> tuple[int, int]:
        """Authority and number of the school of a child in a school year, by where it lived on 1 September."""
        draws = Draws(self._county.seed, SCHOOL, child.uid)
        day = max(dt.date(year, 9, 1).toordinal(), child.homes[0][0])
        household = self._county.households[child.home(day)]
        dwelling = self._county.places.dwellings[household.dwelling(day)]
        district = dwelling.district
        draw = draws.random()  # some go to school across the border, always the same children
        area = DISTRICTS[district].area
        if area == "city" and draw < 0.08:
            district = draws.pick((1, 7, 2))
        elif DISTRICTS[district].key in ("blaby", "oadby_and_wigston", "charnwood") and draw < 0.05:
            district = 0
        authority = {"city": 856, "county": 855, "rutland": 857}[DISTRICTS[district].area]
        primary = year - _school_year_of_birth(child) < 12
        schools = max(int(DISTRICTS[district].people / (5 if primary else 16)), 1)
        number = (dwelling.uid // 37) % schools
        return authority, (2000 if primary else 4000) + district * 90 + number

    def terms(self, child: Person, year: int) -> list[list[Enrolment]]:
        """The enrolments of the three terms of a school year; empty lists where the child is of no age for school."""
        age = year - _school_year_of_birth(child)  # completed years on 31 August
        if not 4 <= age <= 17 or child.homes[0][0] > dt.date(year + 1, 8, 31).toordinal():
            return [[], [], []]
        stays = Draws(self._county.seed, SCHOOL, child.uid, 1)
        kind = stays.random()
        truant, sixth = stays.random(), stays.random()
        trouble = child.trouble
        draws = Draws(self._county.seed, SCHOOL, child.uid, 16 + year % 4096)
        authority, number = self._school(child, year)
        provision, previously = "MAIN", False
        secondary = age >= 11
        draw = draws.random()
        for share, name in (
            ((0.0008, 0.012, 0.03)[trouble], "NOR"), ((0.0035, 0.006, 0.008)[trouble], "EHE"),
            ((0.0006, 0.012, 0.05)[trouble] * (1 + secondary), "PRU"), ((0.0006, 0.01, 0.03)[trouble] * (1 + secondary), "AP"),
        ):  # fmt: skip
            if draw < share:
                provision = name
                previously = name in ("PRU", "AP") and draws.chance(0.6)
                break
            draw -= share
        if age >= 16:
            if sixth > 0.5:
                if sixth < 0.93:
                    return [[], [], []]
                provision, previously = "NOR", False  # over age: not a worry of the rules
            elif provision in ("NOR", "EHE"):
                provision = "MAIN"
        level = (0.010, 0.18, 0.5)[trouble] * (1.3 if secondary else 0.7)
        mean = 0.10 + draws.random() * 0.22 if truant < level else draws.random() ** 2 * (0.03, 0.08, 0.12)[trouble]
        edge = 0 if kind > (0.006, 0.03, 0.08)[trouble] else 1 if kind * 2 < (0.006, 0.03, 0.08)[trouble] else 2
        found: list[list[Enrolment]] = []
        for _season, usual in enumerate((142, 122, 108)):
            excluded = provision in ("MAIN", "AP") and draws.chance(
                (0.0003, 0.006, 0.025)[trouble] * (1.6 if secondary else 0.2)
            )
            fixed = poisson(draws, (0.006, 0.14, 0.42)[trouble] * (1.4 if secondary else 0.25))
            possible = usual - draws.below(10)
            unauthorised = min(int(possible * mean * (0.75 + 0.5 * draws.random()) + 0.5), possible)
            splits, other = draws.chance(0.015), draws.between(1, 9)
            if edge:
                possible, unauthorised = ((120, 18), (134, 20))[edge - 1]
            if provision in ("NOR", "EHE"):
                found.append([Enrolment(authority, f"{authority}{number}", 0, 0, 0, False, provision, previously)])
                continue
            estab = f"{authority}{1100 + authority % 7 if provision == 'PRU' else number}"
            here = Enrolment(authority, estab, possible, unauthorised, fixed, excluded, provision, previously)
            if splits and not edge and provision == "MAIN":  # a change of school within the term
                first = possible * other // 10
                part = min(unauthorised * other // 10, first)
                found.append([
                    Enrolment(authority, estab, first, part, fixed, False, provision, False),
                    Enrolment(authority, f"{authority}{number + 1}", possible - first, min(unauthorised - part, possible - first), 0,
                              excluded, provision, False),
                ])  # fmt: skip
            else:
                found.append([here])
            if excluded:  # from the next term on
                provision, previously = ("PRU", True) if draws.chance(0.7) else ("MAIN", True)
        return found


def _school_year_of_birth(child: Person) -> int:
    """The year whose 31 August ends the cohort that the child was born in."""
    born = dt.date.fromordinal(child.born)
    return born.year + (born.month >= 9)
