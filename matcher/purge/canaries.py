"""Made-up people that a run puts among the real ones, to be looked for where nothing should be left. Takes a batch's seed and a
specification, gives rows and the values in them.

The seed is random and lies in the key store as `canary.<batch>`: the same seed gives the same people again, after a crash
and years later. No value can be a real person's: names and references are twelve consonants, births lie before 1850, numbers
in ranges that nobody issues. Which columns are filled, and in which shape, is the same for every seed, so that a run's result
does not depend on it. Columns that an evidence rule reads stay blank: a canary proves nothing about anybody.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stdnum.gb import nhs as _nhs
from stdnum.gb import upn as _upn

from matcher.purge.keys import KeyStore
from specs.load import Column, ExtractSpec, supply_name

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 12  # 20**12 words: none is met twice by chance
_POSTCODE = "ZE99 9ZZ"  # well formed, of a district that does not exist
_EARLIEST, _DAYS = dt.date(1801, 1, 1), 365 * 49
PERSON, TWO_PEOPLE, DWELLING, PLACE = "person", "two people", "dwelling", "place"
PEOPLE = {PERSON: 1, TWO_PEOPLE: 2, DWELLING: 0, PLACE: 0}


@dataclass(frozen=True)
class Canary:
    """One made-up row. `cells`: column id -> typed value, as intake gives them; `values`: what to look for afterwards;
    `words`: those of them that the row's record must hold (of a place: its entry in the gazetteer)."""

    dataset: str
    supplier: str
    shape: str
    cells: Mapping[str, Any]
    values: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def people(self) -> int:
        return PEOPLE[self.shape]


def seed_name(batch: str) -> str:
    """What the seed of a batch is called in the key store."""
    return f"canary.{batch}"


def make_seed(keys: KeyStore, batch: str) -> bytes:
    """The batch's seed, made at random the first time."""
    return keys.make(seed_name(batch))


def canaries_of(seed: bytes, spec: ExtractSpec, supplier: str) -> list[Canary]:
    """The made-up rows of one supply: a person; where names are written freely, also two people in one name and a dwelling
    without a name; for a gazetteer a place."""
    if spec.about == "reference":
        shapes = [PLACE]
    else:
        name = spec.by_role("full_name")
        free = name is not None and name.form == "mixed"
        shapes = [PERSON, *([TWO_PEOPLE] if free else []), *([DWELLING] if free and not _needed(name) else [])]
    return [_Row(seed, spec, supplier, shape).canary() for shape in shapes]


def values_of(seed: bytes, specs: Mapping[str, ExtractSpec], supplies: Sequence[str]) -> tuple[list[str], int]:
    """(what to look for, number of people) of all canaries of a batch. `supplies`: their names, `dataset[.supplier]`."""
    values: list[str] = []
    people = 0
    for name in supplies:
        dataset, _, supplier = name.partition(".")
        for canary in canaries_of(seed, specs[dataset], supplier) if dataset in specs else ():
            values += canary.values
            people += canary.people
    return values, people


def _needed(column: Column | None) -> bool:
    return column is not None and column.needed_in_row


class _Row:
    """Draws the cells of one row; every word drawn is remembered."""

    def __init__(self, seed: bytes, spec: ExtractSpec, supplier: str, shape: str) -> None:
        self._seed, self._spec, self._supplier, self._shape = seed, spec, supplier, shape
        self._values: list[str] = []
        self._words: list[str] = []
        self._read_as_evidence = {name for rule in spec.evidence for name in (rule.code, *rule.when, *rule.key) if name}

    def canary(self) -> Canary:
        cells = {column.id: self._cell(column) for column in self._spec.column}
        filled = {name: value for name, value in cells.items() if value is not None}
        return Canary(self._spec.id, self._supplier, self._shape, filled, tuple(self._values), tuple(self._words))

    def _cell(self, column: Column) -> Any:
        named = self._shape in (PERSON, TWO_PEOPLE)
        if column.type == "yes_no":
            return False  # as intake reads a blank
        if column.role in _OF_A_PERSON and not named:
            return None
        if column.role is None and (column.type != "text" or column.id in self._read_as_evidence):
            return None
        made = _CELLS.get(column.role or "text")
        return made(self, column) if made else None

    def number(self, what: str, below: int) -> int:
        """A number drawn for `what`, the same for the same seed."""
        told = "\0".join((supply_name(self._spec.id, self._supplier), self._shape, what))
        drawn = hashlib.shake_256(b"matcher canary 1\0" + self._seed + b"\0" + told.encode("utf-8")).digest(16)
        return int.from_bytes(drawn, "big") % below

    def look_for(self, value: str, *, in_record: bool) -> str:
        self._values.append(value)
        if in_record:
            self._words.append(value.upper())
        return value

    def word(self, what: str, *, in_record: bool = True) -> str:
        """A made-up word, written as a name is."""
        number, letters = self.number(what, len(_LETTERS) ** _LENGTH), []
        for _ in range(_LENGTH):
            number, place = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[place])
        return self.look_for("".join(letters).capitalize(), in_record=in_record)

    def full_name(self, column: Column) -> str:
        if self._shape == TWO_PEOPLE:
            first, second, family = (self.word(f"{column.id} {part}") for part in ("first", "second", "family"))
            return f"Mr {first} & Mrs {second} {family}"
        given, family = self.word(f"{column.id} given"), self.word(f"{column.id} family")
        return f"{given} {family}" if column.form == "forename_first" else f"{family}, {given}"

    def address(self, column: Column) -> str:
        line = f"41 {self.word(column.id)} Road"
        if self._spec.by_role("postcode") is not None:
            return line
        return f"{line}, {self.word(f'{column.id} town')}, {_POSTCODE}"

    def born(self, column: Column) -> dt.date:
        day = _EARLIEST + dt.timedelta(days=self.number(column.id, _DAYS))
        for text in (day.isoformat(), f"{day:%d/%m}/{day.year}"):
            self.look_for(text, in_record=False)
        return day

    def digits(self, what: str, count: int) -> str:
        return f"{self.number(what, 10**count):0{count}}"

    def nino(self, column: Column) -> str:
        """A prefix with Q is never allocated; records take it for a reference, not for a number."""
        return self.look_for(f"QQ{self.digits(column.id, 6)}C", in_record=False)

    def upn(self, column: Column) -> str:
        """Of an authority 000, with its right check letter."""
        number = f"000{self.digits(column.id, 9)}"
        return self.look_for(f"{_upn.calc_check_digit(number)}{number}", in_record=True)

    def nhs(self, column: Column) -> str:
        """999: kept for tests. One number in eleven has no check digit, the next one then."""
        start = self.number(column.id, 10**6)
        for number in itertools.count(start):
            for check in "0123456789":
                whole = f"999{number % 10**6:06}{check}"
                if _nhs.is_valid(whole):
                    return self.look_for(whole, in_record=True)
        raise AssertionError("ten numbers in eleven have a check digit")

    def uprn(self, column: Column) -> str:
        return self.look_for(f"99999{self.digits(column.id, 7)}", in_record=True)


_OF_A_PERSON = frozenset({"full_name", "forename", "surname", "dob", "sex", "nino", "upn", "nhs", "relationship"})
_CELLS: dict[str, Callable[[_Row, Column], Any]] = {
    "full_name": _Row.full_name,
    "forename": lambda row, column: row.word(column.id),
    "surname": lambda row, column: row.word(column.id),
    "ref": lambda row, column: row.word(column.id),
    "text": lambda row, column: row.word(column.id, in_record=False),
    "district": lambda row, column: row.word(column.id, in_record=False),
    "relationship": lambda row, column: row.word(column.id),
    "address": _Row.address,
    "address_2": lambda row, column: row.word(column.id),
    "town": lambda row, column: row.word(column.id),
    "postcode": lambda row, column: _POSTCODE,
    "dob": _Row.born,
    "sex": lambda row, column: "M",
    "nino": _Row.nino,
    "upn": _Row.upn,
    "nhs": _Row.nhs,
    "uprn": _Row.uprn,
}
