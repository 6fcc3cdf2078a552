"""The people and facts of one batch as numpy columns. Takes PEOPLE, FACTS and the households, gives a `Book`.

Households and people are numbered densely in the order of `areas` and of person id; facts lie sorted by kind, then
evidence id. Facts of households that `areas` does not list are left out. Refuses nothing: seams were checked before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from criteria.calendar import NO_TERM, Days, Ints, birthdays, last_ended_term, term_numbers

Mask = npt.NDArray[np.bool_]
NOBODY = -1


def _days(column: pa.ChunkedArray) -> Days:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False)).astype("datetime64[D]")


def _ints(column: pa.ChunkedArray, missing: int = NOBODY) -> Ints:
    return np.asarray(pc.fill_null(column, missing).combine_chunks().to_numpy(zero_copy_only=False)).astype(np.int64)


def _numbered(column: pa.ChunkedArray) -> Ints:
    """A number for each distinct text; NOBODY for null."""
    return _ints(pa.chunked_array([column.combine_chunks().dictionary_encode().indices]))


def _codes(column: pa.ChunkedArray) -> tuple[Ints, tuple[str, ...]]:
    """Dictionary codes in order of the (few) values themselves; NOBODY for null."""
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.empty(len(values) + 1, dtype=np.int64)
    rank[order] = np.arange(len(values))
    rank[-1] = NOBODY
    return rank[_ints(pa.chunked_array([encoded.indices]))], tuple(values[i] for i in order)


def position(ids: Ints, known: Ints) -> Ints:
    """Where each id stands in the sorted `known`; NOBODY where it does not."""
    if not len(known):
        return np.full(len(ids), NOBODY, dtype=np.int64)
    if known[-1] - known[0] == len(known) - 1:  # dense, as a run numbers them: no search
        return np.where((ids < known[0]) | (ids > known[-1]), NOBODY, ids - known[0]).astype(np.int64)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[at] == ids, at, NOBODY).astype(np.int64)


def _first(kind: Ints, key: Ints, owner: Ints) -> Mask:
    """True on the first row of each distinct combination, in row order."""
    widths = [int(column.max(initial=0)) + 1 for column in (kind, key, owner)]
    if math.prod(widths) < 2**62:
        order = np.argsort((kind * widths[1] + key) * widths[2] + owner, kind="stable")
    else:
        order = np.lexsort((owner, key, kind))
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = False
    for column in (kind, key, owner):
        fresh[1:] |= column[order][1:] != column[order][:-1]
    first = np.empty(len(order), dtype=bool)
    first[order] = fresh
    return first


@dataclass(frozen=True)
class Children:
    """Children, and the facts of some kinds that are theirs: `child` is a position in `people`."""

    people: Ints
    rows: Ints
    child: Ints
    term: Ints
    ago: Ints  # terms since, from the latest
    terms: int

    @cached_property
    def inside(self) -> Mask:
        """Whether each fact is in one of the last terms."""
        return (self.ago >= 0) & (self.ago < self.terms) & (self.term != NO_TERM)

    @cached_property
    def supplied(self) -> Ints:
        """Of each child: how many of the last terms its facts hold."""
        held = np.zeros((self.terms, len(self.people)), dtype=bool)
        held[self.ago[self.inside], self.child[self.inside]] = True
        return held.sum(axis=0).astype(np.int64)

    def chosen(self, facts: Mask) -> Children:
        """The same children with these of their facts."""
        return Children(self.people, self.rows[facts], self.child[facts], self.term[facts], self.ago[facts], self.terms)


@dataclass(frozen=True)
class Book:
    """Columns of households, people and facts. `person` and `household` of a fact are positions, NOBODY where none."""

    as_at: date
    household_ids: Ints
    person_ids: Ints
    home: Ints  # of each person: household position
    born: Days
    pupil: Mask
    kinds: tuple[str, ...]
    kind: Ints
    household: Ints
    person: Ints
    code: Ints
    code_names: tuple[str, ...]
    begun: Days
    ended: Days
    quantity: Ints
    has_quantity: Mask
    key: Ints
    evidence_id: Ints
    school_kinds: frozenset[str]
    _reached: dict[int, Days] = field(default_factory=dict)
    _children: dict[int, Ints] = field(default_factory=dict)
    _facts_of_children: dict[tuple[int, int, frozenset[str]], Children] = field(default_factory=dict)

    @classmethod
    def of(cls, people: pa.Table, facts: pa.Table, households: Ints, as_at: date, school_kinds: frozenset[str]) -> Book:
        """`households`: the ids to decide on, sorted and unique. `school_kinds`: kinds that make somebody a pupil."""
        person_ids = _ints(people["person_id"])
        by_id = np.argsort(person_ids, kind="stable")
        person_ids = person_ids[by_id]
        home = position(_ints(people["household_id"]), households)[by_id]
        person = position(_ints(facts["person_id"]), person_ids)
        facts_home = position(_ints(facts["household_id"]), households)
        facts_home = np.where(
            person == NOBODY, facts_home, np.append(home, NOBODY)[person]
        )  # a person's fact follows it
        kind, kinds = _codes(facts["kind"])
        evidence_id = _ints(facts["evidence_id"])
        order = np.lexsort((evidence_id, kind))
        order = order[facts_home[order] != NOBODY]
        code, code_names = _codes(facts["code"])
        key = _numbered(facts["fact_key"])
        person = person[order]
        schooled = np.isin(kind[order], [n for n, name in enumerate(kinds) if name in school_kinds]) & (
            person != NOBODY
        )
        pupil = np.asarray(people["pupil"].combine_chunks().to_numpy(zero_copy_only=False)).astype(bool)[by_id]
        pupil[person[schooled]] = True
        return cls(
            as_at, households, person_ids, home, _days(people["born"])[by_id], pupil,
            kinds, kind[order], facts_home[order], person, code[order], code_names,
            _days(facts["begun"])[order], _days(facts["ended"])[order],
            _ints(facts["quantity"], 0)[order], _is_valid(facts["quantity"])[order], key[order], evidence_id[order],
            school_kinds,
        )  # fmt: skip

    @property
    def n_households(self) -> int:
        return len(self.household_ids)

    @cached_property
    def _bounds(self) -> Ints:
        return np.searchsorted(self.kind, np.arange(len(self.kinds) + 1)).astype(np.int64)

    def rows_of(self, kinds: tuple[str, ...] | frozenset[str]) -> Ints:
        """Positions of the facts of these kinds."""
        parts = []
        for number, name in enumerate(self.kinds):
            if name in kinds:
                parts.append(np.arange(self._bounds[number], self._bounds[number + 1]))
        return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, dtype=np.int64)

    @cached_property
    def once_a_person(self) -> Mask:
        """False on a fact that repeats another of the same kind, key and person (or dwelling)."""
        return self._once(np.where(self.person == NOBODY, len(self.person_ids) + self.household, self.person))

    @cached_property
    def once_a_household(self) -> Mask:
        """False on a fact that repeats another of the same kind, key and household."""
        return self._once(self.household)

    def _once(self, owner: Ints) -> Mask:
        keyed = self.key != NOBODY
        once = np.ones(len(keyed), dtype=bool)
        once[keyed] = _first(self.kind[keyed], self.key[keyed], owner[keyed])
        return once

    def reaches(self, age: int) -> Days:
        """The day on which each person reaches `age`, with NaT for nobody as the last element."""
        if age not in self._reached:
            self._reached[age] = np.append(birthdays(self.born, age), np.datetime64("NaT"))
        return self._reached[age]

    @cached_property
    def is_pupil(self) -> Mask:
        """Whether each person is a pupil, with False for nobody as the last element."""
        return np.append(self.pupil, False)

    def children(self, age: int) -> Ints:
        """Positions of the people under `age` at as_at, and of pupils whose age is unknown."""
        if age not in self._children:
            day = self.reaches(age)[:-1]
            child = (day > np.datetime64(self.as_at)) | (np.isnat(day) & self.pupil)
            self._children[age] = np.flatnonzero(child & (self.home != NOBODY))
        return self._children[age]

    def facts_of_children(self, age: int, terms: int, kinds: frozenset[str]) -> Children:
        """The facts of these kinds of the people under `age`, each counted once, and which lie in the last `terms`."""
        asked = (age, terms, kinds)
        if asked not in self._facts_of_children:  # most tests of terms ask for all school facts
            people = self.children(age)
            seat = np.full(len(self.person_ids) + 1, NOBODY, dtype=np.int64)
            seat[people] = np.arange(len(people))
            rows = self.rows_of(kinds)
            child = seat[self.person[rows]]
            mine = self.once_a_person[rows] & (child != NOBODY)
            rows = rows[mine]
            term = self.term[rows]
            found = Children(people, rows, child[mine], term, self.latest_term - term, terms)
            self._facts_of_children[asked] = found
        return self._facts_of_children[asked]

    @cached_property
    def term(self) -> Ints:
        """The term of each fact, NO_TERM for one without a date."""
        return term_numbers(self.begun)

    @cached_property
    def latest_term(self) -> int:
        """The latest term that any school fact holds and that ended by as_at; NO_TERM where there is none."""
        terms = self.term[self.rows_of(self.school_kinds)]
        terms = terms[terms <= last_ended_term(self.as_at)]
        return int(terms.max()) if len(terms) else NO_TERM


def _is_valid(column: pa.ChunkedArray) -> Mask:
    return np.asarray(pc.is_valid(column).combine_chunks().to_numpy(zero_copy_only=False)).astype(bool)
