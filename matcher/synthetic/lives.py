"""The lives of the county's people over nine years: who is born, moves, parts, marries, leaves home and dies, and when.

Takes a seed, a number of people and the first year; gives persons and households with their whole timelines, from which a
month is cut at a date. The lives depend on the seed alone, so two dates of one seed show the same county. Refuses nothing.
A household is who lives together as one family: lodgers of one house are households of their own behind one door.
"""

from __future__ import annotations

import datetime as dt
from operator import itemgetter

from matcher.synthetic.draws import DWELLING, HOUSEHOLD, PERSON, Draws, Table
from matcher.synthetic.names import (
    AFRICAN,
    BRITISH,
    HINDU,
    MUSLIM,
    SIKH,
    Custom,
    called,
    custom,
    married_surname,
    names_of,
)
from matcher.synthetic.people import Household, Person
from matcher.synthetic.places import DISTRICTS, NEAR, Places

YEARS = 9  # simulated, of which the last seven can be looked at
KINDS = ("single", "couple", "family", "lone", "step", "several_generations", "hmo", "hostel", "refuge", "care")
SHARES = (26.0, 25.0, 21.0, 8.0, 2.6, 1.6, 2.4, 0.35, 0.12, 0.6)
TROUBLE = {  # household kind -> share with severe trouble, share with some
    "family": (0.030, 0.11), "lone": (0.085, 0.20), "step": (0.075, 0.18), "several_generations": (0.025, 0.10),
    "single": (0.012, 0.05), "couple": (0.004, 0.03), "hmo": (0.05, 0.15), "hostel": (0.15, 0.35), "refuge": (0.15, 0.4),
    "care": (0.0, 0.0),
}  # fmt: skip
NAMINGS = 20  # forenames that parents think of for a child, until nobody at home is called so
CAPACITY = {"hmo": 6, "hostel": 22, "refuge": 6, "care": 30, "unnumbered": 4}


def first_year(as_at: dt.date) -> int:
    """The first simulated year of the block of years that a date falls in (2010-2016 is one block)."""
    return as_at.year - (as_at.year - 2010) % 7 - 1


class County:
    """All lives of a seed: `persons`, `households`, `places.dwellings`."""

    def __init__(self, seed: int, people: int, year: int, *, hard: bool = False) -> None:
        self.seed, self.hard = seed, hard
        self.start = dt.date(year, 1, 1).toordinal()
        self.end = dt.date(year + YEARS, 1, 1).toordinal()
        self.persons: list[Person] = []
        self.households: list[Household] = []
        self.places = Places(seed)
        self._requests: list[tuple[int, int, int, str, int]] = []  # day, order, household, kind, district
        self._ends: list[tuple[int, int]] = []
        self._twin = 0.03 if hard else 0.015
        self._junior = 0.05 if hard else 0.025
        shares = list(SHARES)
        if hard:
            shares[6] *= 2
            shares[7] *= 2
        self._kinds = Table(KINDS, shares)
        self._districts = Table([str(index) for index in range(len(DISTRICTS))], [here.people for here in DISTRICTS])
        self._origins = [Table([name for name, _ in here.origins], [s for _, s in here.origins]) for here in DISTRICTS]
        number = 0
        while len(self.persons) < people:
            self._found(Draws(seed, HOUSEHOLD, number))
            number += 1
        self._live()
        self._house()

    # -- founding

    def _person(
        self, draws: Draws, home: Household, day: int, sex: str, born: int, family: Custom, *,
        father: Person | None = None, mother: Person | None = None,
    ) -> Person:  # fmt: skip
        year = dt.date.fromordinal(born).year
        parts = (father.forename if not father.compound or not father.middle or father.family.sub == "somali" else father.middle,
                 father.middle, father.surname(day)) if father is not None else None  # fmt: skip
        taken = set() if mother is None else {self.persons[uid].called for uid in home.members}
        for _ in range(NAMINGS):
            forename, middle, surname, compound = names_of(draws, family, sex, year, parts)
            if called(family, forename, middle, compound) not in taken:
                break
        trouble = home.trouble if born > self.start - 58 * 365 else min(home.trouble, 1)
        person = Person(
            len(self.persons), sex, born, family, forename, middle, compound, [(self.start, surname)], [(day, home.uid)], trouble,
            father.uid if father is not None else -1, mother.uid if mother is not None else -1,
        )  # fmt: skip
        self.persons.append(person)
        home.members.append(person.uid)
        return person

    def _household(self, draws: Draws, kind: str, district: int, day: int, trouble: int | None = None) -> Household:
        severe, some = TROUBLE[kind]
        draw = draws.random()
        level = (2 if draw < severe else 1 if draw < severe + some else 0) if trouble is None else trouble
        social = draws.chance((0.12, 0.42, 0.72)[level])
        home = Household(len(self.households), kind, district, level, social, day)
        self.households.append(home)
        place = (
            kind if kind in CAPACITY else "unnumbered" if draws.chance(0.03 if district == 0 else 0.008) else "house"
        )
        self._requests.append((day, len(self._requests), home.uid, place, district))
        return home

    def _born(self, draws: Draws, low: float, high: float, day: int | None = None) -> int:
        at = self.start if day is None else day
        return at - int((low + draws.random() * (high - low)) * 365.25)

    def _couple(
        self, draws: Draws, home: Household, family: Custom, low: float, high: float, day: int, *, married: bool
    ) -> tuple[Person, Person]:
        husband = self._person(draws, home, day, "M", self._born(draws, low + 1, high + 2, day), family)
        wife = self._partner(draws, home, husband, day, married=married)
        return husband, wife

    def _partner(self, draws: Draws, home: Household, other: Person, day: int, *, married: bool) -> Person:
        origin = other.family.origin
        if draws.chance(0.04):
            origin = draws.table(self._origins[home.district])
        own = custom(draws, origin)
        sex = "F" if other.sex == "M" else "M"
        born = other.born + int((draws.random() * 6 - (1.5 if sex == "F" else 4.5)) * 365)
        partner = self._person(draws, home, day, sex, min(born, day - 18 * 366), own)
        other.adult_role = partner.adult_role = True
        other.partner, partner.partner = partner.uid, other.uid
        if married:
            self._marry(draws, partner if sex == "F" else other, other if sex == "F" else partner, self.start)
        return partner

    def _marry(self, draws: Draws, wife: Person, husband: Person, day: int) -> None:
        own = wife.surname(day)
        taken = married_surname(draws, wife.family, husband.family, own, husband.surname(day))
        if taken != own:
            wife.surnames.append((day + (0 if day > self.start else -3650 + draws.below(3000)), taken))
            wife.surnames[0] = (0, own)
            wife.surnames.sort()

    def _children(
        self, draws: Draws, home: Household, mother: Person, father: Person | None, family: Custom, *, until: int
    ) -> None:
        large = family.origin == MUSLIM or family.sub == "somali"
        count = 1 + sum(draws.chance(p) for p in ((0.85, 0.6, 0.4, 0.25) if large else (0.66, 0.27, 0.12, 0.05)))
        day = mother.born + int((17.5 + abs(draws.random() + draws.random() - 0.35) * 13) * 365.25)
        for _ in range(count):
            if day > until:
                break
            age = (until - day) / 365.25
            if age < 18.5 or draws.chance(0.45 if age < 23 else 0.15):
                self._birth(draws, home, mother, father, family, day, home_from=until)
            day += int((1.3 + draws.exponential(2.0)) * 365)

    def _birth(
        self,
        draws: Draws,
        home: Household,
        mother: Person,
        father: Person | None,
        family: Custom,
        day: int,
        *,
        home_from: int,
    ) -> None:
        sex = "M" if draws.chance(0.512) else "F"
        child = self._person(draws, home, home_from, sex, day, family, father=father, mother=mother)
        if (
            father is not None
            and sex == "M"
            and sum(self.persons[uid].called == father.called for uid in home.members) < 2  # nobody has two of one name
            and draws.chance(self._junior if family.origin == BRITISH else self._junior / 3)
        ):
            child.forename, child.middle, child.compound = father.forename, father.middle, father.compound
            child.surnames = [(self.start, father.surname(home_from))]
        if draws.chance(self._twin):
            other = sex if draws.chance(0.65) else ("F" if sex == "M" else "M")
            self._person(draws, home, home_from, other, day, family, father=father, mother=mother)

    def _found(self, draws: Draws) -> None:
        """One founding household at the start."""
        district = int(draws.table(self._districts))
        origin = draws.table(self._origins[district])
        kind = draws.table(self._kinds)
        if kind == "couple" and origin in (HINDU, SIKH, MUSLIM) and draws.chance(0.35):
            kind = "several_generations"
        if kind == "single" and origin in (HINDU, SIKH, MUSLIM, AFRICAN) and draws.chance(0.5):
            kind = "family"
        day = self.start
        home = self._household(draws, kind, district, day)
        family = custom(draws, origin)
        if kind in ("single", "hmo", "hostel", "care"):
            low, high = {"single": (20, 88), "hmo": (18, 45), "hostel": (17, 55), "care": (76, 97)}[kind]
            sex = "M" if draws.chance({"single": 0.5, "hmo": 0.7, "hostel": 0.75, "care": 0.3}[kind]) else "F"
            self._person(draws, home, day, sex, self._born(draws, low, high), family).adult_role = True
        elif kind == "couple":
            self._couple(draws, home, family, 22, 82, day, married=draws.chance(0.75))
        elif kind in ("lone", "refuge"):
            mother = self._person(draws, home, day, "F", self._born(draws, 19, 47), family)
            mother.adult_role = True
            if kind == "lone" and draws.chance(0.1):
                mother.sex = "M"
                mother.forename = names_of(draws, family, "M", dt.date.fromordinal(mother.born).year)[0]
            self._children(draws, home, mother, None, family, until=day)
        else:
            married = draws.chance(0.92 if origin in (HINDU, SIKH, MUSLIM) else 0.6)
            husband, wife = self._couple(draws, home, family, 23, 49, day, married=married)
            if kind == "step":  # hers of before bear another name, theirs his
                before = custom(draws, wife.family.origin)
                self._children(draws, home, wife, None, before, until=day - 3 * 365)
                if draws.chance(0.5):
                    self._birth(draws, home, wife, husband, family, self._born(draws, 0.1, 4), home_from=day)
            else:
                self._children(draws, home, wife, husband, family, until=day)
            if kind == "several_generations":
                old = Draws(self.seed, PERSON, len(self.persons))
                if old.chance(0.6):
                    grandfather = self._person(old, home, day, "M", husband.born - old.between(21, 33) * 365, family)
                    husband.father = grandfather.uid
                    if grandfather.family.sub == "somali":
                        husband.middle = grandfather.forename
                self._person(old, home, day, "F", husband.born - old.between(19, 30) * 365, family)

    # -- living

    def _live(self) -> None:
        position = 0
        while position < len(self.households):  # households founded on the way are lived too
            home = self.households[position]
            self._years(home, Draws(self.seed, DWELLING, position), home.began)
            position += 1

    def _years(self, home: Household, draws: Draws, began: int) -> None:
        day, move = began, {"hmo": 0.35, "hostel": 0.5, "refuge": 0.8, "care": 0.02}.get(home.kind, 0.0)
        while day < self.end and home.members:
            later = min(day + 365, self.end)
            span = (later - day) / 365
            people = [self.persons[uid] for uid in home.members]
            events: list[tuple[int, int, str, Person]] = []
            heads = [person for person in people if person.adult_role]
            head = heads[0] if heads else people[0]

            def on(rate: float, what: str, who: Person, into: list[tuple[int, int, str, Person]] = events) -> None:
                if draws.random() < rate * span:  # noqa: B023  called within this turn of the loop only
                    into.append((day + 1 + draws.below(max(later - day - 1, 1)), len(into), what, who))  # noqa: B023

            young = self.start - head.born < 30 * 365
            on(move or (0.16 if young else 0.05) * (1 + 0.6 * home.trouble), "move", head)
            for person in people:
                years = (day - person.born) / 365.25
                if years > 66:
                    on(0.012 * 1.1 ** (years - 66), "death", person)
                elif years > 18 and not person.adult_role:
                    on(0.16 if years < 30 else 0.03, "leave", person)
                if (
                    person.sex == "F"
                    and person.adult_role
                    and 19 < years < 41
                    and home.kind not in ("hmo", "hostel", "care")
                ):
                    on((0.10 if len(people) < 5 else 0.04) if len(heads) > 1 else 0.02, "birth", person)
            if len(heads) > 1 and (day - head.born) / 365.25 < 60:
                on(0.016 * (1 + home.trouble), "part", head)
                wife = next((person for person in heads if person.sex == "F"), None)
                if wife is not None and len(wife.surnames) == 1:
                    on(0.03, "marry", wife)
            elif (
                len(heads) == 1
                and home.kind in ("lone", "family", "step", "single")
                and (day - head.born) / 365.25 < 50
            ):
                on(0.04, "repartner", head)
            for when, _, what, who in sorted(events, key=itemgetter(0, 1)):
                if who.uid in home.members:
                    self._happen(home, draws, when, what, who)
            day = later

    def _happen(self, home: Household, draws: Draws, day: int, what: str, who: Person) -> None:
        if what == "move":
            self._move(home, draws, day)
        elif what == "death":
            who.died = day
            home.members.remove(who.uid)
            if not home.members:
                self._ends.append((day, home.uid))
        elif what == "birth":
            father = self.persons[who.partner] if who.partner in home.members else None
            family = father.family if father is not None and not draws.chance(0.12) else who.family
            if not any(self.persons[uid].born > day - 300 for uid in home.members):
                self._birth(draws, home, who, father, family, day, home_from=day)
        elif what == "marry" and who.partner in home.members:
            self._marry(draws, who, self.persons[who.partner], day)
        elif what == "part" and who.partner in home.members:
            self._part(home, draws, day, who)
        elif what == "repartner":
            self._partner(draws, home, who, day, married=False)
            if home.kind == "lone":
                home.kind = "step"
        elif what == "leave":
            self._leave(home, draws, day, who)

    def _near(self, draws: Draws, district: int) -> int:
        if draws.chance(0.78):
            return district
        near = NEAR[DISTRICTS[district].key]
        return draws.pick(near) if draws.chance(0.8) else draws.below(len(DISTRICTS))

    def _move(self, home: Household, draws: Draws, day: int) -> None:
        home.district = self._near(draws, home.district)
        place = home.kind if home.kind in CAPACITY else "house"
        if home.kind == "refuge":
            place = home.kind = "lone"
        elif home.kind in ("hmo", "hostel") and draws.chance(0.4):
            place = home.kind = "hmo" if home.kind == "hostel" else "single"
        elif home.kind == "lone" and home.trouble and draws.chance(0.12):
            place = "refuge"
        elif home.kind == "single" and home.trouble and draws.chance(0.15):
            place = "hostel"
        elif place == "house" and draws.chance(0.02 if home.district == 0 else 0.005):
            place = "unnumbered"
        self._requests.append((day, len(self._requests), home.uid, place, home.district))

    def _off(self, draws: Draws, day: int, who: Person, home: Household, kind: str) -> Household:
        """`who` leaves `home` for a new household."""
        home.members.remove(who.uid)
        other = self._household(draws, kind, self._near(draws, home.district), day, who.trouble)
        other.members.append(who.uid)
        who.homes.append((day, other.uid))
        who.adult_role = True
        return other

    def _part(self, home: Household, draws: Draws, day: int, who: Person) -> None:
        one, two = who, self.persons[who.partner]
        leaver, stayer = (one, two) if (one.sex == "M") == draws.chance(0.86) else (two, one)
        leaver.partner = stayer.partner = -1
        kind = "hmo" if draws.chance(0.25) else "single"
        other = self._off(draws, day, leaver, home, kind)
        children = [
            self.persons[uid]
            for uid in home.members
            if leaver.uid in (self.persons[uid].father, self.persons[uid].mother)
        ]
        if children:
            home.kind = "lone"
            for child in children:
                if kind == "single" and draws.chance(0.12):
                    home.members.remove(child.uid)
                    other.members.append(child.uid)
                    child.homes.append((day, other.uid))
                    other.kind = "lone"
        else:
            home.kind = "single"
        wife = one if one.sex == "F" else two
        if len(wife.surnames) > 1 and draws.chance(0.15):
            wife.surnames.append((day + draws.below(300), wife.surnames[0][1]))

    def _leave(self, home: Household, draws: Draws, day: int, who: Person) -> None:
        kind = "hmo" if draws.chance(0.3) else "couple" if draws.chance(0.5) else "single"
        other = self._off(draws, day, who, home, kind)
        if kind == "couple":
            self._partner(draws, other, who, day, married=draws.chance(0.45))

    # -- housing

    def _house(self) -> None:
        """Give every household its dwellings, in the order of time: who moves in finds what others have left."""
        draws = Draws(self.seed, DWELLING, 1 << 30)
        shared: dict[tuple[str, int], list[int]] = {}
        inside: dict[int, int] = {}
        requests = [(day, order, uid, place, district) for day, order, uid, place, district in self._requests]
        requests += [(day, 1 << 30, uid, "gone", 0) for day, uid in self._ends]
        for day, _, uid, place, district in sorted(requests):
            home = self.households[uid]
            if home.dwellings:
                before = home.dwellings[-1][1]
                self.places.free(before)
                if before in inside:
                    inside[before] -= 1
            if place == "gone":
                continue
            if place in CAPACITY:
                doors = shared.setdefault((place, district), [])
                free = [door for door in doors[-12:] if inside[door] < CAPACITY[place]]
                if free and not (place == "unnumbered" and draws.chance(0.2)):
                    door = draws.pick(free)
                else:
                    door = self.places.special(district, place)
                    doors.append(door)
                    inside[door] = 0
                inside[door] += 1
            else:
                door = self.places.vacant(district)
            home.dwellings.append((day, door))
