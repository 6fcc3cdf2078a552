"""Who in the registry could be the person that a request is about: misspelt, swapped or half a name, a date turned round.

Takes what the asker said of the person (`Wanted`, from prompts or a file: never from the command line, which the process list
and the shell's history show) and every way in which people are held; gives `Candidate`s, the likeliest first. A person chooses
among them. Refuses too little to search by.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import JaroWinkler

from matcher.errors import UserError
from matcher.fields import identifiers, postcodes
from matcher.fields.dates import read_date
from matcher.pairs.comparators.names import one_edit, sound, spelling
from matcher.records.names import parse_columns

FIELDS = {
    "forename": "Forename",
    "surname": "Surname",
    "date_of_birth": "Date of birth (dd/mm/yyyy)",
    "postcode": "Postcode",
    "nino": "National Insurance number",
    "upn": "Unique pupil number",
    "nhs": "NHS number",
    "reference": "A partner's reference number",
}
_POINTS = {"surname": 3, "forename": 3, "dob": 4, "postcode": 2, "nino": 10, "upn": 10, "nhs": 10, "ref": 10}
_ENOUGH, _SHARE = 5.0, 0.6  # points for a candidate; share of what could be reached where little is known
_ALIKE = 0.92


@dataclass(frozen=True)
class Wanted:
    """The person a request is about, in the registry's own spelling: names in capitals, identifiers bare."""

    forename: str | None = None
    surname: str | None = None
    dob: dt.date | None = None
    postcode: str | None = None
    nino: str | None = None
    upn: str | None = None
    nhs: str | None = None
    ref: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """From what was typed, by name of FIELDS. Raises UserError, without the values."""
        if set(given) - set(FIELDS):
            raise UserError(
                "The search holds a field that is not known.", where=", ".join(FIELDS), todo="use these names"
            )
        texts = {name: value.strip() for name, value in given.items() if value.strip()}
        dob = None
        if "date_of_birth" in texts:
            dob, fault = read_date(texts["date_of_birth"])
            if dob is None or fault:
                raise UserError("The date of birth is no date.", todo="write it as dd/mm/yyyy, or leave it out")
        people = parse_columns(texts.get("forename"), texts.get("surname"))
        name = people[0] if people else None
        bare = {n: re.sub(r"[\s-]", "", texts[n]).upper() for n in ("nino", "upn", "nhs") if n in texts}
        wanted = cls(
            name.forename if name else None, name.surname if name else None, dob,
            postcodes.repair(texts["postcode"]) if "postcode" in texts else None,
            identifiers.nino(bare["nino"]) or bare["nino"] if "nino" in bare else None,
            identifiers.upn(bare["upn"]) or bare["upn"] if "upn" in bare else None,
            identifiers.nhs(bare["nhs"]) or bare["nhs"] if "nhs" in bare else None, texts.get("reference"),
        )  # fmt: skip
        if wanted.possible < 3:
            raise UserError("That is too little to search by.", todo="give a name, a date of birth or a number")
        return wanted

    @property
    def possible(self) -> int:
        """Points that somebody with all of this could reach."""
        return sum(points for name, points in _POINTS.items() if getattr(self, name) is not None)


@dataclass(frozen=True)
class Candidate:
    """Somebody who could be meant: `alike` says in which fields, `share` how much of what could agree does."""

    key: str
    share: float
    alike: tuple[str, ...]


def candidates(wanted: Wanted, variants: Iterable[Mapping[str, Any]], *, key: str = "person_id") -> list[Candidate]:
    """Who could be meant, the likeliest first. `variants`: rows with `key` and columns of RECORDS, several a person."""
    by_person: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in variants:
        by_person[row[key]].append(row)
    enough = min(_ENOUGH, _SHARE * wanted.possible)
    found = []
    for person, rows in by_person.items():
        births = {row["dob"] for row in rows if row.get("dob") is not None}
        birth = max((_birth(wanted.dob, held) for held in births), default=0.0)  # also of rows that give none
        points, alike = max(_points(wanted, row, birth) for row in rows)
        if points >= enough:
            found.append(Candidate(person, round(points / wanted.possible, 2), alike))
    return sorted(found, key=lambda one: (-one.share, one.key))


def _points(wanted: Wanted, row: Mapping[str, Any], birth: float) -> tuple[float, tuple[str, ...]]:
    told: dict[str, float] = {}
    for name in ("nino", "upn", "nhs", "ref", "postcode"):
        value = getattr(wanted, name)
        if value is not None and row.get(name) is not None and _bare(value) == _bare(row[name]):
            told[name] = _POINTS[name]
    told["dob"] = birth
    forenames = " ".join(filter(None, (row.get("forename"), row.get("middle"))))
    straight = (_name(wanted.forename, forenames), _name(wanted.surname, row.get("surname")))
    swapped = (_name(wanted.forename, row.get("surname")), _name(wanted.surname, forenames))
    told["forename"], told["surname"] = max(straight, (swapped[0] - 0.5, swapped[1] - 0.5), key=sum)
    return sum(told.values()), tuple(sorted(name for name, points in told.items() if points > 0))


def _bare(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def _birth(wanted: dt.date | None, held: dt.date | None) -> float:
    if wanted is None or held is None:
        return 0
    if wanted == held:
        return 4
    if (wanted.year, wanted.month, wanted.day) == (held.year, held.day, held.month):
        return 3
    same = (wanted.year == held.year) + (wanted.month == held.month) + (wanted.day == held.day)
    return 2 if same == 2 else -2


def _name(wanted: str | None, held: str | None) -> float:
    if not wanted or not held:
        return 0
    if wanted == held or set(wanted.split()) <= set(held.split()):
        return 3
    pairs = [(a, b) for a in wanted.split() for b in held.split()]
    if any(_alike(a, b) for a, b in pairs):
        return 2
    return 1 if any(min(len(a), len(b)) == 1 and a[0] == b[0] for a, b in pairs) else 0


def _alike(a: str, b: str) -> bool:
    if min(len(a), len(b)) < 2:
        return False
    return (
        a == b
        or one_edit(a, b)
        or sound(a) == sound(b)
        or spelling(a) == spelling(b)
        or JaroWinkler.similarity(a, b) >= _ALIKE
    )
