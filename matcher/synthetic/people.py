"""People and households of a made-up county, with the days on which things changed for them.

Takes nothing; gives what somebody was called and where they lived on a day. Refuses nothing.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter

from matcher.synthetic.names import Custom, called


@dataclass(slots=True)
class Person:
    """Somebody, with the days (proleptic ordinals) at which things changed. `trouble` is 0, 1 (some) or 2 (severe)."""

    uid: int
    sex: str
    born: int
    family: Custom
    forename: str
    middle: str
    compound: bool  # the middle name is part of the called name
    surnames: list[tuple[int, str]]
    homes: list[tuple[int, int]]  # (day, household)
    trouble: int
    father: int = -1
    mother: int = -1
    partner: int = -1
    adult_role: bool = False  # head or partner of the household
    died: int | None = None

    @property
    def called(self) -> str:
        return called(self.family, self.forename, self.middle, self.compound)

    def surname(self, day: int) -> str:
        return self.surnames[max(bisect_right(self.surnames, day, key=itemgetter(0)) - 1, 0)][1]

    def home(self, day: int) -> int:
        """The household on a day, -1 before the person was there."""
        position = bisect_right(self.homes, day, key=itemgetter(0)) - 1
        return self.homes[position][1] if position >= 0 else -1

    def alive(self, day: int) -> bool:
        return self.born <= day and self.homes[0][0] <= day and (self.died is None or self.died > day)

    def age(self, day: int) -> int:
        return age_on(self.born, day)


@dataclass(slots=True)
class Household:
    """One family, with its addresses over time."""

    uid: int
    kind: str
    district: int
    trouble: int
    social: bool  # rents from the council or a registered landlord
    began: int
    dwellings: list[tuple[int, int]] = field(default_factory=list)  # (day, dwelling)
    members: list[int] = field(default_factory=list)  # while simulating

    def dwelling(self, day: int) -> int:
        position = bisect_right(self.dwellings, day, key=itemgetter(0)) - 1
        return self.dwellings[max(position, 0)][1]

    def moved_in(self, day: int) -> int:
        position = bisect_right(self.dwellings, day, key=itemgetter(0)) - 1
        return self.dwellings[max(position, 0)][0]


def age_on(born: int, day: int) -> int:
    """Completed years; somebody born on 29 February is a year older on 1 March."""
    birth, today = dt.date.fromordinal(born), dt.date.fromordinal(day)
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
