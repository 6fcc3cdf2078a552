"""The supplies of one month: which rows each partner would send of the county at a date.

Takes the county, the date and the scale of errors; gives supplies of typed cells (dates as dates, counts as numbers) with
the true person and household behind each row. A cell that a clerk left out is None or "". Refuses nothing. One builder a
data set, kept together because they share what a partner sends and when; that is why the module is long.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable

from matcher.synthetic.delivered import HEADERS, SUPPLIERS, Cell, Supply, months_before
from matcher.synthetic.draws import FACT, ROWS, Draws
from matcher.synthetic.lives import County
from matcher.synthetic.mistakes import Clerks, Entry, lines, moved, nino, one_line
from matcher.synthetic.people import Person
from matcher.synthetic.places import DISTRICTS, Dwelling
from matcher.synthetic.schooling import Enrolment, Schools, last_terms, upn
from matcher.synthetic.troubles import Fact, Troubles


def _day(day: int | None) -> dt.date | None:
    return None if day is None else dt.date.fromordinal(day)


def _yes(flag: bool) -> str:
    return "Y" if flag else "N"


class Month:
    """Builds the supplies of one county at one date."""

    def __init__(self, county: County, as_at: dt.date, scale: float, *, hard: bool = False) -> None:
        self.county, self.as_at, self.scale = county, as_at, scale
        self.day = as_at.toordinal()
        self.clerks = Clerks(county, self.day, scale, hard=hard)
        self.troubles, self.schools = Troubles(county), Schools(county)
        self.people = [person for person in county.persons if person.alive(self.day)]
        self.together: dict[int, list[Person]] = {}
        for person in self.people:
            self.together.setdefault(person.home(self.day), []).append(person)
        self._supplies: dict[tuple[str, str], Supply] = {}
        last = calendar.monthrange(as_at.year, as_at.month)[1] == as_at.day
        self._latest_month = as_at.year * 12 + as_at.month - 1 - (0 if last else 1)
        self._year_ago = months_before(as_at, 12).toordinal()

    def supplies(self) -> list[Supply]:
        """All supplies, each with its rows in an order that tells nothing. A partner with nothing to send sends a header."""
        for dataset in HEADERS:
            for supplier in SUPPLIERS.get(dataset, ("",)):
                self._supply(dataset, supplier)
        for build in (
            self._police, self._asb, self._probation, self._yos, self._education, self._dwp, self._housing, self._social_care,
            self._health, self._local_concerns, self._residents,
        ):  # fmt: skip
            build()
        for supply in self._supplies.values():
            draws = Draws(self.county.seed, ROWS, len(supply.rows))
            order = sorted(range(len(supply.rows)), key=[draws.random() for _ in supply.rows].__getitem__)
            supply.rows = [supply.rows[place] for place in order]
            supply.behind = [supply.behind[place] for place in order]
        self._gazetteer()
        return sorted(self._supplies.values(), key=lambda supply: (supply.dataset, supply.supplier))

    # -- shared

    def _supply(self, dataset: str, supplier: str = "") -> Supply:
        key = (dataset, supplier)
        if key not in self._supplies:
            self._supplies[key] = Supply(dataset, supplier)
        return self._supplies[key]

    def _add(self, dataset: str, supplier: str, person: Person, *cells: Cell) -> None:
        supply = self._supply(dataset, supplier)
        supply.rows.append(cells)
        supply.behind.append((person.uid, person.home(self.day)))

    def _fact(self, number: int, uid: int, day: int) -> Draws:
        """Draws about one fact of one source: the same in every month."""
        return Draws(self.county.seed, FACT, uid, number << 16 | (day - self.county.start + 6000))

    def _dated(self, draws: Draws, day: int | None, share: float = 0.02) -> dt.date | None:
        """A date, which a clerk may have left out."""
        return None if draws.random() < share * self.scale else _day(day)

    def _recent(self, draws: Draws, day: int) -> bool:
        """Dated in the last 12 months, or sent although a little older."""
        slack = draws.random() < 0.35
        return day <= self.day and (day > self._year_ago or (slack and day > self._year_ago - 40))

    def _counts(self, days: Iterable[int]) -> list[int]:
        """Counts by month, the latest of the 12 complete months first."""
        counts = [0] * 12
        for day in days:
            date = dt.date.fromordinal(day)
            back = self._latest_month - (date.year * 12 + date.month - 1)
            if 0 <= back < 12:
                counts[back] += 1
        return counts

    def _area(self, dwelling: Dwelling) -> str:
        return "city" if dwelling.district == 0 else "county"

    @staticmethod
    def _ref(prefix: str, uid: int, copy: int, width: int = 7) -> str:
        # a prime modulus keeps references apart, a factor of each system keeps systems from telling of one another
        return f"{prefix}{((uid * 2 + copy + 7) * (73_679 + 1_009 * ord(prefix))) % 9_999_991:0{width}d}"

    @staticmethod
    def _plain(entry: Entry) -> str:
        return " ".join(part for part in (entry.forename, entry.middle, entry.surname) if part)

    @staticmethod
    def _surname_first(entry: Entry) -> str:
        given = " ".join(part for part in (entry.forename, entry.middle) if part)
        return f"{entry.surname.upper()}, {given}"

    def _fore(self, entry: Entry, person: Person) -> str:
        """The forename column: with the middle name where people are called by both."""
        both = entry.middle and (person.compound or person.family.origin == "chinese")
        return f"{entry.forename} {entry.middle}" if both else entry.forename

    # -- partners

    def _police(self) -> None:
        for person in self.people:
            flags = [fact for fact in self.troubles.flags(person) if fact.begun <= self.day < (fact.ended or 0)]
            measures = {
                m: self._counts(self.troubles.months(person, m)) for m in ("PROVEN", "ARREST", "CALLOUT", "CUSTODY")
            }
            if not flags and not any(any(counts) for counts in measures.values()):
                continue
            copies = self.clerks.copies("police", person)
            for number, fact in enumerate(flags):
                copy = number % copies
                entry = self.clerks.entry("police", person, copy)
                draws = self._fact(5, person.uid, fact.begun)
                self._add("police_iom", "", person, self._ref("N", person.uid, copy), self._surname_first(entry), _day(entry.born),
                          one_line(entry, capitals=True), fact.code, self._dated(draws, fact.begun, 0.08))  # fmt: skip
            for number, (measure, counts) in enumerate(measures.items()):
                if not any(counts):
                    continue
                copy = number % copies
                entry = self.clerks.entry("police", person, copy)
                if measure == "CUSTODY":
                    counts = [min(count, 1) for count in counts]
                self._add("police_monthly", "", person, self._ref("N", person.uid, copy), self._surname_first(entry),
                          _day(entry.born), one_line(entry, capitals=True), measure, *counts)  # fmt: skip

    def _asb(self) -> None:
        for person in self.people:
            counts = self._counts(self.troubles.months(person, "ASB"))
            facts = []
            for fact in self.troubles.disposals(person):
                recent = self._recent(self._fact(20, person.uid, fact.begun), fact.begun)
                open_still = fact.ended is None and fact.code in ("ASBO", "ASBI", "ABC")
                running = fact.begun <= self.day and (open_still or (fact.ended or 0) >= self.day - 20)
                if recent or running:
                    facts.append(fact)
            if not facts and not any(counts):
                continue
            copies = self.clerks.copies("police_asb", person)
            for number, fact in enumerate(facts or [Fact("", 0)]):
                copy = number % copies
                entry = self.clerks.entry("police_asb", person, copy)
                draws = self._fact(4, person.uid, fact.begun)
                self._add(
                    "police_asb", "", person, self._ref("S", person.uid, copy, 8), self._plain(entry), _day(entry.born), one_line(entry),
                    fact.code, self._dated(draws, fact.begun) if fact.code else None, _day(fact.ended),
                    *(counts if number == 0 else [0] * 12),
                )  # fmt: skip

    def _probation(self) -> None:
        for person in self.people:
            for fact in self.troubles.probation(person):
                if fact.begun <= self.day <= (fact.ended or 0):
                    entry = self.clerks.entry("probation", person)
                    self._add("probation", "", person, self._ref("C", person.uid, 0), self._plain(entry), _day(entry.born),
                              one_line(entry), _yes(fact.flag))  # fmt: skip
                    break

    def _yos(self) -> None:
        panels = ("", "", "", "Panel 12 weeks", "Contract agreed", "Reviewed at panel")
        for person in self.people:
            for fact in self.troubles.offences(person):
                draws = self._fact(3, person.uid, fact.begun)
                known = fact.ended if fact.ended is not None else fact.begun
                if not self._recent(draws, known):
                    continue
                entry = self.clerks.entry("yos", person)
                self._add(
                    "yos", self._area(entry.dwelling), person, self._ref("Y", person.uid, 0), self._plain(entry), _day(entry.born),
                    one_line(entry), fact.text, self._dated(draws, fact.begun, 0.012), fact.code,
                    None if fact.ended is None else self._dated(draws, fact.ended, 0.012), draws.pick(panels), _yes(fact.flag),
                )  # fmt: skip

    def _education(self) -> None:
        terms = last_terms(self.as_at)
        years = sorted({term.year for term in terms})
        low, high = self.day - 19 * 366, self.day - 3 * 365
        for child in self.people:
            if not low < child.born < high:
                continue
            taught = {year: self.schools.terms(child, year) for year in years}
            first: Enrolment | None = None
            for term in terms:
                for enrolment in taught[term.year][term.season]:
                    first = first or enrolment
                    self._pupil(child, enrolment, term.label, first)

    def _pupil(self, child: Person, enrolment: Enrolment, term: str, first: Enrolment) -> None:
        draws = Draws(self.county.seed, FACT, child.uid, 1)
        area = "city" if enrolment.authority == 856 else "county"
        right = upn(child, first.authority if child.uid % 5 else 856)
        home = self.together[child.home(self.day)]
        others = [other for other in home if other.uid != child.uid and 5 < other.age(self.day) < 16]
        number = self.clerks.identifier("education", child, right, upn(others[0], first.authority) if others else None)
        lost_term = self._fact(1, child.uid, len(term) + sum(map(ord, term))).random() < 0.01 * self.scale
        wrong_sex = draws.random() < 0.004 * self.scale
        also = draws.random() < 0.5
        suppliers = [(area, 0)]
        living = self._area(self.clerks.dwelling(child, self.day)[0])
        if living != area and also:  # the authority where the child lives sends its cross-border pupils too
            suppliers.append((living, 1))
        for supplier, copy in suppliers:
            if lost_term and copy == 0:
                continue
            entry = self.clerks.entry("education", child, copy)
            one, two, town = lines(entry)
            sex = entry.sex if not wrong_sex else "M" if entry.sex == "F" else "F"
            self._add(
                "education", supplier, child, number if copy == 0 else right, self._fore(entry, child), entry.surname, _day(entry.born), sex,
                one, two, town, entry.postcode, enrolment.estab, term, enrolment.possible, enrolment.unauthorised, enrolment.fixed,
                _yes(enrolment.permanent), enrolment.provision, _yes(enrolment.previously),
            )  # fmt: skip

    def _dwp(self) -> None:
        for person in self.people:
            if person.born > self.day - 16 * 365:
                continue
            for fact in (*self.troubles.claims(person), *self.troubles.other_claims(person)):
                draws = self._fact(2, person.uid, fact.begun)
                sent = draws.random() < 0.3
                if fact.begun > self.day or (fact.ended or self.day) < self.day - (75 if sent else 1):
                    continue
                entry = self.clerks.entry("dwp", person)
                ended = fact.ended if fact.ended is not None and fact.ended <= self.day + 25 else None
                long = self.day - fact.begun
                work = fact.begun + 270 if long > 330 and draws.random() < 0.25 else None
                esf = fact.begun + 200 if long > 250 and draws.random() < 0.06 else None
                job = ended + 3 if ended is not None and ended + 3 <= self.day and draws.random() < 0.5 else None
                partner = next(
                    (other for other in self.together[person.home(self.day)] if other.uid == person.partner), None
                )
                number = self.clerks.identifier("dwp", person, nino(person.uid), nino(partner.uid) if partner else None)
                training = (
                    draws.pick(("Skills for Life", "Forklift licence", "IT basics")) if draws.random() < 0.05 else ""
                )
                self._add(
                    "dwp", "", person, number, self._fore(entry, person), entry.surname, _day(entry.born), entry.sex,
                    one_line(entry, postcode=False), entry.postcode, fact.code, self._dated(draws, fact.begun, 0.006), _day(ended),
                    _yes(fact.flag), training, _day(work), _day(esf), _day(job), None,
                )  # fmt: skip

    def _housing(self) -> None:
        for uid, members in self.together.items():
            home = self.county.households[uid]
            adults = [person for person in members if person.age(self.day) >= 18]
            dwelling = self.county.places.dwellings[home.dwelling(self.day)]
            if not adults or DISTRICTS[dwelling.district].area == "rutland":
                continue
            for fact in self.troubles.cases(home):
                draws = self._fact(7, uid + (1 << 30), fact.begun)
                order = fact.code in ("ASBO", "ASBI", "ABC")
                running = order and (fact.ended is None or fact.ended >= self.day - 20) and fact.begun > self.day - 1500
                recent = self._recent(draws, fact.begun)
                if fact.begun > self.day or not (recent or running):
                    continue
                self._case(draws, uid, members, adults, dwelling, fact)

    def _case(
        self, draws: Draws, uid: int, members: list[Person], adults: list[Person], dwelling: Dwelling, fact: Fact
    ) -> None:
        district = DISTRICTS[dwelling.district]
        order = fact.code in ("ASBO", "ASBI", "ABC")
        heads = [person for person in adults if person.adult_role] or adults
        person = heads[0]
        youths = [child for child in members if 11 <= child.age(self.day) < 18]
        draw, other = draws.random(), draws.random()
        if order and youths and other < 0.45:
            person = draws.pick(youths)
        entry = self.clerks.entry("housing", person)
        partner = next((member for member in heads if member.uid == person.partner), None)
        lived = self.county.households[uid].moved_in(self.day) <= fact.begun
        settled = dwelling.kind in ("house", "flat", "half") and lived
        ref = self._ref("H", person.uid, 0)
        title = "Mr" if person.sex == "M" else ("Mrs" if len(person.surnames) > 1 else draws.pick(("Miss", "Ms")))
        initial, surname = entry.forename[:1].upper(), entry.surname.upper()
        behind, born = person.uid, entry.born
        address = moved(entry, dwelling) if draw < 0.14 and settled and not order else entry
        if draw < 0.14 and settled and not order:
            name, born, behind = "", None, -1
            ref = f"D{(uid * 7919 + fact.begun) % 9_999_991:07d}"
        elif draw < 0.30 and partner is not None and fact.flag and not order:
            wife = self.clerks.entry("housing", partner)
            second = "Mr" if partner.sex == "M" else ("Mrs" if len(partner.surnames) > 1 else "Ms")
            both = surname if wife.surname.upper() == surname else ""
            name = (f"{title} {initial} & {second} {wife.forename[:1].upper()} {both}" if both
                    else f"{title} {initial} {surname} & {second} {wife.forename[:1].upper()} {wife.surname.upper()}")  # fmt: skip
            ref, born = f"J{(uid * 7919 + fact.begun) % 9_999_991:07d}", None
        elif draw < 0.5:
            name = f"{title} {initial} {surname}"
        elif draw < 0.65:
            name = f"{surname}, {entry.forename}"
        elif draw < 0.8:
            name = f"{title} {entry.forename} {surname}"
        else:
            name = f"{entry.forename} {surname}"
        uprn = dwelling.uprn if draws.random() > 0.3 * min(self.scale, 1.0) and not address.old else ""
        begun = self._dated(draws, fact.begun) if fact.code != "NONE" else _day(fact.begun)
        supply = self._supply("housing", district.key)
        supply.rows.append((
            ref, district.title, name, _day(born), one_line(address, postcode=False), address.postcode, uprn, fact.code, begun,
            _day(fact.ended), int(fact.text) if fact.text else None,
        ))  # fmt: skip
        supply.behind.append((behind, uid))

    def _social_care(self) -> None:
        for person in self.people:
            for fact in self.troubles.care(person) if person.born > self.day - 19 * 365 else ():
                if fact.begun <= self.day and (fact.ended or self.day) >= self.day - 45:
                    entry = self.clerks.entry("social_care", person)
                    draws = self._fact(8, person.uid, fact.begun)
                    ended = fact.ended if fact.ended is not None and fact.ended <= self.day else None
                    self._add(
                        "social_care", self._area(entry.dwelling), person, self._ref("K", person.uid, 0), self._fore(entry, person),
                        entry.surname, _day(entry.born), one_line(entry, postcode=False), entry.postcode, fact.code,
                        self._dated(draws, fact.begun), _day(ended),
                    )  # fmt: skip

    def _noted(
        self, dataset: str, number: int, prefix: str, facts: Callable[[Person], list[Fact]], slack: bool, *, text: bool
    ) -> None:
        for person in self.people:
            for fact in facts(person):
                draws = self._fact(number, person.uid, fact.begun)
                recent = self._recent(draws, fact.begun) if slack else self._year_ago < fact.begun <= self.day
                if recent or (fact.code == "LTC" and fact.begun <= self.day):
                    entry = self.clerks.entry(dataset, person)
                    self._add(
                        dataset, "", person, self._ref(prefix, person.uid, 0), self._fore(entry, person), entry.surname,
                        _day(entry.born), one_line(entry, postcode=False), entry.postcode, fact.code, self._dated(draws, fact.begun),
                        *((fact.text,) if text else ()),
                    )  # fmt: skip

    def _health(self) -> None:
        self._noted("health", 9, "P", self.troubles.health, True, text=False)

    def _local_concerns(self) -> None:
        self._noted("local_concerns", 10, "L", self.troubles.concerns, False, text=True)

    def _residents(self) -> None:
        for uid, members in self.together.items():
            draws = Draws(self.county.seed, ROWS, uid, 1)
            covered, children = draws.random() < 0.82, draws.random() < 0.10
            if not covered:
                continue
            heads = [person for person in members if person.adult_role]
            for person in members:
                listed = draws.random() < (0.97 if person.age(self.day) >= 18 else 0.9 * children)
                if listed:
                    self._resident(person, heads)

    def _resident(self, person: Person, heads: list[Person]) -> None:
        draws = Draws(self.county.seed, FACT, person.uid, 11)
        first, second = draws.random(), draws.random()
        for copy in range(self.clerks.copies("residents", person)):
            entry = self.clerks.entry("residents", person, copy)
            home = self.county.households[person.home(self.day)]
            word = self._relationship(
                person, heads, social=home.social, lodger=entry.dwelling.kind in ("hmo", "hostel", "care")
            )
            self._register(person, entry, copy, word if first > 0.15 * self.scale else "", None, second)
            born_here = entry.since <= self.county.start
            if (
                self.scale
                and not copy
                and not entry.old
                and not born_here
                and self.day - entry.since < 730
                and first < 0.3
            ):
                before = self.clerks.dwelling(person, entry.since - 1) if person.homes[0][0] < entry.since else None
                if before is not None and before[0].uid != entry.dwelling.uid:
                    self._register(person, moved(entry, before[0]), copy, word, entry.since - 1, second)

    def _register(self, person: Person, entry: Entry, copy: int, word: str, until: int | None, draw: float) -> None:
        district = DISTRICTS[entry.dwelling.district]
        if district.area == "rutland":
            return
        since = entry.since if until is None and entry.since > self.county.start and draw > 0.25 * self.scale else None
        uprn = entry.dwelling.uprn if draw > 0.45 * min(self.scale, 1.0) else ""
        self._add(
            "residents", district.key, person, self._ref("R", person.uid, copy), self._fore(entry, person), entry.surname,
            _day(entry.born), one_line(entry, postcode=False), entry.postcode, uprn, _day(since), _day(until), word,
        )  # fmt: skip

    @staticmethod
    def _relationship(person: Person, heads: list[Person], *, social: bool, lodger: bool) -> str:
        if lodger:
            return "lodger"
        if person in heads:
            if person is heads[0]:
                return "tenant" if social else "owner"
            return "partner"
        head_uids = {head.uid for head in heads}
        if {person.father, person.mother} & head_uids or any(head.born < person.born - 15 * 365 for head in heads):
            return "son" if person.sex == "M" else "daughter"
        return "father" if person.sex == "M" else "mother"

    def _gazetteer(self) -> None:
        supply = self._supply("gazetteer")
        for home in self.county.places.dwellings:
            door = f"{home.number} {home.street}"
            if home.kind == "flat":
                door = f"Flat {home.flat}, {home.building}, {door}" if home.building else f"Flat {home.flat}, {door}"
            elif home.kind == "half":
                door = f"{home.number}{home.flat} {home.street}"
            elif home.building:
                door = f"{home.building}, {door}"
            supply.rows.append((home.uprn, f"{door}, {home.town}", home.postcode, DISTRICTS[home.district].title,
                                home.gazetteer_class, home.easting, home.northing))  # fmt: skip
            if home.uid % 41 == 7:
                number = f"{home.number}A" if home.number else "1"
                supply.rows.append((f"{int(home.uprn) + 5_000_000}", f"Unit {number}, {home.street}, {home.town}", home.postcode,
                                    DISTRICTS[home.district].title, "C", home.easting + 20, home.northing + 20))  # fmt: skip
