"""The truth of a made-up month: which households qualify by the evidence that was really delivered.

Takes the supplies with the true person and household behind each row, and the date; gives each household's decision. An
implementation of its own of the first phase's rules with their default readings, so that it can find faults in the engine's.
A person's date of birth is the one delivered most often; a fact without the date that it needs counts for nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable

from matcher.synthetic.delivered import MONTHS, Cell, Supply, months_before

FORMAL = frozenset(
    ["REP", "FW", "YC", "YCC", "CAU", "PND", "FINE", "DISCH", "RO", "REPO", "YRO", "DTO", "CUST", "COMM"]
)
OUT_OF_WORK = frozenset(["ESA", "IB", "CA", "IS", "JSA", "SDA"])
TRUST = ("dwp", "education", "social_care", "health", "probation", "yos", "police_iom", "police_monthly", "police_asb",
         "residents", "housing", "local_concerns")  # fmt: skip
CRIME, EDUCATION, WORK = 1, 2, 4


def _on(cell: Cell) -> dt.date | None:
    return cell if isinstance(cell, dt.date) else None


def _number(cell: Cell) -> int:
    return cell if isinstance(cell, int) else 0


def age(born: dt.date, day: dt.date) -> int:
    """Completed years; born on 29 February, a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Judge:
    """Collects what makes each household's criteria and concerns."""

    def __init__(self, supplies: Iterable[Supply], as_at: dt.date) -> None:
        self.as_at = as_at
        self.after = months_before(as_at, 12)  # the window begins on the next day
        self.met: dict[int, int] = defaultdict(int)
        self.concerns: dict[int, set[str]] = defaultdict(set)
        self._calls: Counter[int] = Counter()
        self._supplies = [supply for supply in supplies if supply.dataset != "gazetteer"]
        self._born = self._births()
        for supply in self._supplies:
            read = getattr(self, f"_{supply.dataset}", None)
            if read is None:
                continue
            for cells, (person, household) in zip(supply.rows, supply.behind, strict=True):
                read(dict(zip(supply.header, cells, strict=True)), person, household)
        for household, count in self._calls.items():
            if count >= 4:
                self.concerns[household].add("police calls")
        self._schools()

    def decision(self, household: int) -> str:
        met = self.met[household].bit_count()
        if met == 3:
            return "automatic"
        return "discretion" if met == 2 and self.concerns[household] else "no"

    def _births(self) -> dict[int, dt.date]:
        votes: dict[int, Counter[tuple[dt.date]]] = defaultdict(Counter)
        best: dict[int, dict[dt.date, int]] = defaultdict(dict)
        for supply in self._supplies:
            column = supply.header.index("DOB")
            rank = TRUST.index(supply.dataset)
            seen = set()
            for cells, (person, _) in zip(supply.rows, supply.behind, strict=True):
                born = _on(cells[column])
                if born is None or person < 0 or (person, born) in seen:
                    continue
                seen.add((person, born))
                votes[person][(born,)] += 1
                best[person][born] = min(best[person].get(born, rank), rank)
        return {
            person: min(found, key=lambda key: (-found[key], best[person][key[0]], key))[0]
            for person, found in votes.items()
        }

    def _recent(self, day: dt.date | None) -> bool:
        return day is not None and self.after < day <= self.as_at

    def _running(self, begun: dt.date | None, ended: dt.date | None) -> bool:
        return begun is not None and begun <= self.as_at and (ended is None or ended >= self.as_at)

    def _adult(self, person: int) -> bool:
        born = self._born.get(person)
        return born is not None and age(born, self.as_at) >= 18

    # -- one row each

    def _yos(self, row: dict[str, Cell], person: int, household: int) -> None:
        if row["PPO/IOM"] == "Y":
            self.concerns[household].add("nominal")
        offence, decided, born = _on(row["Offence Date"]), _on(row["Outcome Date"]), self._born.get(person)
        if row["Outcome"] not in FORMAL or not self._recent(decided):
            return
        if row["Outcome"] in ("DTO", "CUST"):
            self.concerns[household].add("prison")
        if self._adult(person):
            self.concerns[household].add("adult offender")
        if born is not None and offence is not None and age(born, offence) < 18:
            self.met[household] |= CRIME

    def _order(self, code: Cell, begun: dt.date | None, ended: dt.date | None, household: int) -> None:
        met = (code in ("ASBO", "ASBI") and self._running(begun, ended)) or (
            code in ("NOSP", "HINJ", "DEMO", "EVICT") and self._recent(begun)
        )
        if code == "ABC" and self._running(begun, ended) and begun is not None:
            met = ended is not None or begun >= months_before(self.as_at, 24)
        if met:
            self.met[household] |= CRIME

    def _police_asb(self, row: dict[str, Cell], person: int, household: int) -> None:
        self._order(row["Disposal"], _on(row["Disposal Date"]), _on(row["Expiry Date"]), household)

    def _housing(self, row: dict[str, Cell], person: int, household: int) -> None:
        self._order(row["Intervention"], _on(row["Intervention Date"]), _on(row["Expiry Date"]), household)

    def _police_iom(self, row: dict[str, Cell], person: int, household: int) -> None:
        day = _on(row["Flag Date"])
        if row["Flag"] != "DVR" or day is None or self._recent(day):
            self.concerns[household].add("nominal")

    def _police_monthly(self, row: dict[str, Cell], person: int, household: int) -> None:
        total = sum(_number(row[month]) for month in MONTHS)
        if row["Measure"] in ("CALLOUT", "ARREST"):
            self._calls[household] += total
        elif total and row["Measure"] == "CUSTODY":
            self.concerns[household].add("prison")
        elif total and row["Measure"] == "PROVEN" and self._adult(person):
            self.concerns[household].add("adult offender")

    def _probation(self, row: dict[str, Cell], person: int, household: int) -> None:
        if row["Class A Parent"] == "Y":
            self.concerns[household].add("class A")

    def _dwp(self, row: dict[str, Cell], person: int, household: int) -> None:
        claimed = row["Benefit"] in OUT_OF_WORK and self._running(_on(row["Claim Start"]), _on(row["Claim End"]))
        if claimed and self._adult(person):
            self.met[household] |= WORK

    def _social_care(self, row: dict[str, Cell], person: int, household: int) -> None:
        if row["Status"] in ("CPP", "LACC") and self._running(_on(row["Start"]), _on(row["End"])):
            self.concerns[household].add("child at risk")

    def _health(self, row: dict[str, Cell], person: int, household: int) -> None:
        if row["Concern"] == "LTC" or self._recent(_on(row["Date"])):
            self.concerns[household].add("health")

    def _local_concerns(self, row: dict[str, Cell], person: int, household: int) -> None:
        self.concerns[household].add("asserted")

    # -- education: a child's rows together

    def _schools(self) -> None:
        terms: dict[str, tuple[int, int]] = {}
        children: dict[int, dict[tuple[Cell, Cell], dict[str, Cell]]] = defaultdict(dict)
        living: dict[int, int] = {}
        for supply in self._supplies:
            if supply.dataset != "education":
                continue
            for cells, (person, household) in zip(supply.rows, supply.behind, strict=True):
                row = dict(zip(supply.header, cells, strict=True))
                label = str(row["Term"])
                terms[label] = (int(label[:4]), ("Autumn", "Spring", "Summer").index(label[8:]))
                children[person].setdefault((row["Estab"], row["Term"]), row)
                living[person] = household
        if not terms:
            return
        year, season = max(terms.values())
        last = year * 3 + season
        for person, rows in children.items():
            born = self._born.get(person)
            if born is not None and age(born, self.as_at) >= 18:
                continue
            mine = [(terms[str(row["Term"])], row) for row in rows.values()]
            mine = [((began, part), row) for (began, part), row in mine if last - 3 < began * 3 + part <= last]
            if mine and self._troubled(mine, born):
                self.met[living[person]] |= EDUCATION

    @staticmethod
    def _troubled(mine: list[tuple[tuple[int, int], dict[str, Cell]]], born: dt.date | None) -> bool:
        rows = [row for _, row in mine]
        if (
            any(row["Permanent Exclusion"] == "Y" for row in rows)
            or sum(_number(row["Fixed Exclusions"]) for row in rows) >= 3
        ):
            return True
        possible = sum(_number(row["Sessions Possible"]) for row in rows)
        if possible and 100 * sum(_number(row["Unauthorised Sessions"]) for row in rows) >= 15 * possible:
            return True
        latest = max(term for term, _ in mine)
        now = [row for term, row in mine if term == latest]
        if any(row["Provision"] in ("PRU", "AP") and row["Previously Excluded"] == "Y" for row in now):
            return True
        if any(row["Provision"] in ("MAIN", "PRU", "AP", "EHE") for row in now):
            return False
        return born is None or age(born, dt.date(latest[0], 9, 1)) < 16
