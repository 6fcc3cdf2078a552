"""Blocking keys and comparisons read aloud, one pair of records at a time: what the reference engine calls.

Takes rows of RECORDS and columns as they stand; gives blocking keys as texts and levels by name. Nothing here shares code
with the default engine but the table of names and its codes of sound.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import jellyfish

from matcher.pairs import encode
from matcher.pairs.comparators.names import SLOTS, sound, spelling, table
from matcher.pairs.encode import IDENTIFIERS, NO_ADDRESS, SEX_OF_ROLE, SEXES
from matcher.pairs.model import Comparison


@dataclass(frozen=True)
class Record:
    """One record as the comparisons read it; None = missing."""

    forename: str | None
    middle: str | None
    given: str | None
    surname: str | None
    part_1: str | None
    part_2: str | None
    dob: dt.date | None
    sex: str | None
    sex_of_name: str | None
    postcode: str | None
    number: str | None
    flat: str | None
    building: str | None
    street: str | None
    uprn: str | None
    numbers: dict[str, str]
    ref: str | None
    known: str | None
    values: dict[str, str]  # columns as they stand


def _letters(text: str | None) -> str | None:
    return re.sub("[^A-Z]", "", text or "") or None


def _sex(told: str | None, role: str | None) -> str | None:
    number = SEXES.get(told or "", SEX_OF_ROLE.get(role or ""))
    return None if number is None else "MF"[number]


def _sex_of_name(*names: str | None) -> str | None:
    told = [table().sexes[name] for name in names if name in table().sexes]
    return "MF"[told[0]] if told else None


def record(row: dict[str, object], fields: Sequence[str]) -> Record:
    def text(name: str) -> str | None:
        value = row[name]
        return str(value) if value else None

    placed = row["address_kind"] not in NO_ADDRESS
    forename, middle = _letters(text("forename")), text("middle")
    parts = row["surname_parts"] or []
    assert isinstance(parts, list)
    double = len(parts) >= 2
    return Record(
        forename=forename,
        middle=_letters(middle.split(" ")[0]) if middle and middle.strip() else None,
        given=forename + (_letters(middle) or "") if forename else None,
        surname=_letters(text("surname")),
        part_1=_letters(parts[0]) if double else None,
        part_2=_letters(parts[-1]) if double else None,
        dob=row["dob"] if isinstance(row["dob"], dt.date) else None,
        sex=_sex(text("sex"), text("relationship")),
        sex_of_name=_sex_of_name(
            _letters(middle.split(" ")[0]) if middle and middle.strip() else None, _letters(text("surname"))
        ),
        postcode=text("postcode") if placed else None,
        number=text("number") if placed else None,
        flat=text("flat") if placed else None,
        building=text("building") if placed else None,
        street=text("street") if placed else None,
        uprn=text("uprn") if placed else None,
        numbers={name: str(row[name]) for name in IDENTIFIERS if row[name]},
        ref=f"{text('ref_system')}|{text('ref')}" if text("ref_system") and text("ref") else None,
        known=text("known_person"),
        values={name: found for name in fields if (found := text(name))},
    )


def with_sexes(records: list[Record]) -> list[Record]:
    """The records, and the sex that a forename tells where nothing else does: nearly all its bearers are of one."""
    bearers: dict[str, list[str]] = {}
    for one in records:
        told = one.sex or one.sex_of_name
        if told and one.forename:
            bearers.setdefault(one.forename, []).append(told)
    of_name = {
        name: sex
        for name, told in bearers.items()
        for sex in "MF"
        if len(told) >= encode.BEARERS and told.count(sex) / len(told) >= encode.DECISIVE
    }
    return [
        one if one.sex or one.sex_of_name else replace(one, sex_of_name=of_name.get(one.forename or ""))
        for one in records
    ]


def _home(r: Record) -> str | None:
    if not r.postcode or not (r.number or r.building):
        return None
    return "|".join((r.postcode, r.number or "", r.flat or "", "" if r.number else r.building or ""))


def _sounds(*names: str | None) -> list[str]:
    return list(dict.fromkeys(sound(name) for name in names if name and len(name) > 1))


def _full(r: Record) -> list[str]:
    first, last = _sounds(r.forename), _sounds(r.surname)
    return ["|".join(sorted(first + last))] if first and last else []


KEYS: dict[str, Callable[[Record], list[str]]] = {
    "names": lambda r: _sounds(r.forename, r.middle, r.surname, r.part_1, r.part_2),
    "forename": lambda r: _sounds(r.forename),
    "surname": lambda r: _sounds(r.surname),
    "full_name": _full,
    "initial": lambda r: [r.forename[0]] if r.forename else [],
    "surname_initial": lambda r: [r.surname[0]] if r.surname else [],
    "dob": lambda r: [r.dob.isoformat()] if r.dob else [],
    "birth_year": lambda r: [str(r.dob.year)] if r.dob else [],
    "postcode": lambda r: [r.postcode] if r.postcode else [],
    "home": lambda r: [key for key in (_home(r), r.uprn and f"uprn {r.uprn}") if key],
    "street_door": lambda r: [f"{r.street}|{r.number}"] if r.street and r.number else [],
    "nino": lambda r: [r.numbers["nino"]] if "nino" in r.numbers else [],
    "upn": lambda r: [r.numbers["upn"]] if "upn" in r.numbers else [],
    "nhs": lambda r: [r.numbers["nhs"]] if "nhs" in r.numbers else [],
    "ref": lambda r: [r.ref] if r.ref else [],
    "known_person": lambda r: [r.known] if r.known else [],
}


def _families(name: str, kind: str) -> set[int]:
    known = table()
    return set((known.given if kind == "forename" else known.family).get(name, ())[:SLOTS])


def _name(a: str | None, b: str | None, kind: str) -> str:
    if not a or not b:
        return "missing"
    if len(a) == 1 or len(b) == 1:
        same = a[0] == b[0]
        if kind == "surname":
            return "similar" if same else "different"
        return "initial" if same else "different"
    if a == b:
        return "exact"
    if _families(a, kind) & _families(b, kind) or spelling(a) == spelling(b):
        return "family"
    score = jellyfish.jaro_winkler_similarity(a, b) + 1e-9
    edited = min(len(a), len(b)) >= 4 and score >= 0.7 and jellyfish.damerau_levenshtein_distance(a, b) <= 1
    if score >= 0.92 or edited:
        return "close"
    slips = min(len(a), len(b)) >= 5 and jellyfish.damerau_levenshtein_distance(a, b) <= 2
    if score >= 0.7 and (slips or (kind == "forename" and _shortened(a, b))):
        return "near"
    alike = sound(a) == sound(b) or (jellyfish.metaphone(a) or a) == (jellyfish.metaphone(b) or b)
    return "similar" if score >= 0.8 or alike else "different"


def _shortened(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=lambda name: (len(name), name))
    stems = [short] + [short.removesuffix(ending) for ending in table().endings]
    return any(len(stem) >= 3 and long.startswith(stem) for stem in stems)


def _nearly(a: str | None, b: str | None) -> bool:
    whole = a and b and len(a) > 1 and len(b) > 1
    near = ("exact", "family", "close", "near")
    return bool(whole and any(_name(a, b, kind) in near for kind in ("forename", "surname")))


def _alike(a: str | None, b: str | None) -> bool:
    return bool(a and b and len(a) > 1 and len(b) > 1 and (a == b or sound(a) == sound(b)))


def _begins(a: str | None, b: str | None) -> bool:
    return bool(a and b and len(a) == 1 and len(b) > 1 and a == b[0])


def _surname(a: Record, b: Record) -> str:
    found = _name(a.surname, b.surname, "surname")
    if found in ("near", "similar", "different") and _alike(a.forename, b.forename):
        found = "middle" if _alike(a.surname, b.middle) or _alike(a.middle, b.surname) else found
    if found not in ("missing", "exact") and (a.part_1 or b.part_1):
        shared = {a.surname, a.part_1, a.part_2} & {b.surname, b.part_1, b.part_2} - {None}
        found = "part" if shared else found
    return found


def _forename(a: Record, b: Record) -> str:
    found = _first_name(a, b)
    return _name(a.middle, b.middle, "forename") if _called_apart(a, b, found) else found


def _called_apart(a: Record, b: Record, found: str) -> bool:
    """Two Mohammeds or the like who are not called alike."""
    if found not in ("exact", "family", "close") or not {a.forename, b.forename} <= table().prefixes:
        return False
    return bool(a.middle and b.middle) and not _agree(a.middle, b.middle)


def _agree(a: str | None, b: str | None) -> bool:
    return _name(a, b, "forename") in ("exact", "family", "close", "initial")


def _first_name(a: Record, b: Record) -> str:
    surname, found = _surname(a, b), _name(a.forename, b.forename, "forename")
    if found in ("missing", "exact", "family", "close"):
        return found
    f, g, s, t = a.forename, b.forename, a.surname, b.surname
    assert f and g
    joined = len(f) > 1 and len(g) > 1 and (a.given == b.given or a.given == g or f == b.given)
    if joined:
        return "family"
    middle = _alike(f, b.middle) or _alike(a.middle, g)
    there = any(_alike(f, x) for x in (t, b.part_1, b.part_2))
    back = any(_alike(g, x) for x in (s, a.part_1, a.part_2))
    there, back = there or (back and _nearly(f, t)), back or (there and _nearly(g, s))
    there, back = there or _begins(f, t), back or _begins(g, s)
    around = (there and (back or _alike(s, b.middle))) or (back and _alike(t, a.middle))
    around = around or (middle and _alike(s, b.middle) and _alike(a.middle, t))
    front_f, front_g = f in table().prefixes, g in table().prefixes
    if middle and front_f != front_g:
        found = "family"
    elif middle and surname != "different":
        found = "middle"
    elif found == "different" and ((front_g and _begins(f, b.middle)) or (front_f and _begins(g, a.middle))):
        found = "initial"
    if around and (found == "different" or surname in ("middle", "near", "similar", "different", "missing")):
        return "swapped"
    bare = (a.middle if front_f else b.middle) is None
    return "prefix" if found == "different" and front_f != front_g and bare else found


def _given_level(a: Record, b: Record) -> str:
    return _forename(a, b)


def _surname_level(a: Record, b: Record) -> str:
    return "missing" if _forename(a, b) == "swapped" else _surname(a, b)


def _middle_level(a: Record, b: Record) -> str:
    forename = _first_name(a, b)
    plainly = _alike(a.forename, b.surname) and _alike(b.forename, a.surname)
    if (
        _called_apart(a, b, forename)
        or not a.middle
        or not b.middle
        or forename == "middle"
        or (forename == "swapped" and not plainly)
    ):
        return "missing"
    return "agrees" if _agree(a.middle, b.middle) else "different"


def _dob_level(a: Record, b: Record) -> str:
    x, y = a.dob, b.dob
    if not x or not y:
        return "missing"
    if x == y:
        return "exact"
    if x.year == y.year and (x.month, x.day) == (y.day, y.month):
        return "swapped"
    if _one_character(f"{x:%d%m}{x.year:04}", f"{y:%d%m}{y.year:04}"):
        return "one_digit"
    if x.year == y.year and (1, 1) in ((x.month, x.day), (y.month, y.day)):
        return "new_year"
    gap = abs(x.year - y.year)
    unknown = gap >= 13 and (1, 1) == (x.month, x.day) == (y.month, y.day)
    if (x.year == y.year) + (x.month == y.month) + (x.day == y.day) == 2 and not unknown:
        return "two_parts"
    return "year_near" if gap <= 1 else "generation" if gap >= 13 else "different"


def _one_character(a: str, b: str) -> bool:
    """One character differs, or two neighbours are exchanged, in texts of one length (shorter ones end in blanks)."""
    width = max(len(a), len(b))
    a, b = a.ljust(width), b.ljust(width)
    places = [n for n in range(width) if a[n] != b[n]]
    if len(places) == 2 and places[1] == places[0] + 1:
        return a[places[0]] == b[places[1]] and a[places[1]] == b[places[0]]
    return len(places) == 1


def _sex_level(a: Record, b: Record) -> str:
    x, y = a.sex or a.sex_of_name, b.sex or b.sex_of_name
    if not x or not y or (x == y and not a.sex and not b.sex):  # the name that tells it has been compared
        return "missing"
    return "same" if x == y else "different"


def _address_level(a: Record, b: Record) -> str:
    uprn = bool(a.uprn and a.uprn == b.uprn)
    postcodes, numbers = bool(a.postcode and b.postcode), bool(a.number and b.number)
    streets = bool(a.street and b.street)
    if not (postcodes or uprn or (streets and numbers)):
        return "missing"
    if uprn or (_home(a) and _home(a) == _home(b)):
        return "home"
    postcode, number = postcodes and a.postcode == b.postcode, numbers and a.number == b.number
    street = streets and a.street == b.street
    if postcode and (number or (not numbers and bool(a.building) and a.building == b.building)):
        return "building"
    x, y = (r.postcode.replace(" ", "") if r.postcode else "" for r in (a, b))
    district = postcodes and (a.postcode or "").split(" ")[0] == (b.postcode or "").split(" ")[0]
    typo = postcodes and not postcode and number and _one_character(x, y)
    flats_clash = bool(a.flat and b.flat and a.flat != b.flat)
    elsewhere = postcodes and not postcode and not typo and not district
    if number and not flats_clash and ((street and not elsewhere) or typo):
        return "door"
    if postcode and not numbers:
        return "postcode"
    if (postcode and not number) or (street and district):
        return "neighbour"
    return "district" if district else "different"


def _identifier_level(a: Record, b: Record) -> str:
    found = "missing"
    for kind in a.numbers.keys() & b.numbers.keys():
        x, y = a.numbers[kind], b.numbers[kind]
        here = "same" if x == y else "close" if _one_character(x, y) else "different"
        order = ("same", "close", "different", "missing")
        found = min(found, here, key=order.index)
    return found


def _jaro_winkler_level(a: Record, b: Record, of: Comparison) -> str:
    x, y = a.values.get(of.field), b.values.get(of.field)
    if not x or not y:
        return "missing"
    score = jellyfish.jaro_winkler_similarity(x, y) + 1e-9
    close, similar = of.thresholds
    return "exact" if x == y else "close" if score >= close else "similar" if score >= similar else "different"


def _date_level(a: Record, b: Record, of: Comparison) -> str:
    x, y = a.dob, b.dob
    if not x or not y:
        return "missing"
    if x == y:
        return "exact"
    if x.year == y.year and (x.month, x.day) == (y.day, y.month):
        return "swapped"
    if jellyfish.damerau_levenshtein_distance(f"{x:%Y%m%d}", f"{y:%Y%m%d}") <= 1:
        return "one_edit"
    return "year_near" if abs(x.year - y.year) <= 1 else "different"


def _postcode_level(a: Record, b: Record, of: Comparison) -> str:
    x, y = a.values.get(of.field), b.values.get(of.field)
    if not x or not y:
        return "missing"
    if x == y:
        return "exact"
    if jellyfish.damerau_levenshtein_distance(x, y) <= 1:
        return "one_edit"
    return "district" if x.split(" ")[0] == y.split(" ")[0] else "different"


def _equal_level(a: Record, b: Record, of: Comparison) -> str:
    x, y = a.values.get(of.field), b.values.get(of.field)
    return "missing" if not x or not y else "same" if x == y else "different"


def _alone(compare: Callable[[Record, Record], str]) -> Callable[[Record, Record, Comparison], str]:
    """A comparator that needs nothing of the model."""
    return lambda a, b, _: compare(a, b)


COMPARE: dict[str, Callable[[Record, Record, Comparison], str]] = {
    "forename": _alone(_given_level), "surname": _alone(_surname_level), "middle": _alone(_middle_level),
    "dob": _alone(_dob_level), "sex": _alone(_sex_level), "address": _alone(_address_level),
    "identifier": _alone(_identifier_level), "jaro_winkler": _jaro_winkler_level, "date": _date_level,
    "postcode": _postcode_level, "equal": _equal_level,
}  # fmt: skip


def keys_of(record: Record, name: str) -> list[str]:
    """Values of a blocking key; none where the record lacks it."""
    kind, _, column = name.partition(".")
    if not column:
        return KEYS[name](record)
    value = record.values.get(column)
    return [] if not value else [value[0] if kind == "first" else value]
