"""Disclosure control of counts: what must not be published so that no small count can be worked out.

Takes counts as named cells with the relations that everybody knows of them (totals are sums, parts are no more than the
whole), and everything published before; gives each cell's count or None. Refuses counts that contradict their own
relations. A reader is taken to be exact: for every cell that is protected the integers that it could be, given all that
is published, are found by integer programming, and cells are withheld until that range is wide enough.

What is protected: counts from 1 to one below the smallest publishable one; and counts whose difference from an earlier
publication is such a number. A zero says that there is nobody to be found, and is published unless the policy says
otherwise. Rule: local policy `disclosure_control` (agreement, sections 4.1, 4.2 and 4.3.3: aggregated information that
does not let family members be identified).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from matcher.errors import UserError
from specs.faults import faults_of

Cell = tuple[str, ...]  # (table, row, column, ...)
Tree = Mapping[str, Sequence[str]]  # total -> its parts; a part may be a total itself
ALL = "all"


class ControlPolicy(BaseModel):
    """The local policy `disclosure_control.<date>.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    title: str = "Disclosure control of published counts"
    source: str = "Local policy: small counts are not published"
    smallest_count: int = Field(default=5, ge=2, le=1000)  # counts from 1 to one below are suppressed
    complementary: bool = True
    suppress_zero: bool = False
    compare_with_earlier: bool = True

    @classmethod
    def from_toml(cls, text: str, where: str = "disclosure_control") -> ControlPolicy:
        """The policy from TOML text. Raises UserError with every fault, without values."""
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise UserError("The disclosure-control policy is not TOML", where=f"{where}: {error}") from None
        except ValidationError as error:
            faults = faults_of(error, where)
            raise UserError("The disclosure-control policy has faults", where=faults, todo="mend these keys") from None


@dataclass(frozen=True)
class Relation:
    """What everybody knows of some cells: the sum of coefficient times count is 0, or (`at_most`) no more than 0."""

    terms: tuple[tuple[Cell, int], ...]
    at_most: bool = False

    def holds(self, counts: Mapping[Cell, int]) -> bool:
        value = sum(coefficient * counts[cell] for cell, coefficient in self.terms)
        return value <= 0 if self.at_most else value == 0


@dataclass(frozen=True)
class Counts:
    """Cells with their true counts, the relations among them, and how much each cell is worth to readers (totals more).

    `hidden` cells are never published, but a reader may work them out (those who miss a criterion: all less those who meet
    it), so that a small one is protected like any other.
    """

    cells: Mapping[Cell, int]
    relations: tuple[Relation, ...] = ()
    worth: Mapping[Cell, int] = field(default_factory=dict)
    hidden: frozenset[Cell] = frozenset()

    def __or__(self, other: Counts) -> Counts:
        """Two tables together, to be protected together."""
        return Counts(
            {**self.cells, **other.cells},
            self.relations + other.relations,
            {**self.worth, **other.worth},
            self.hidden | other.hidden,
        )

    def less(self, name: Cell, whole: Cell, part: Cell) -> Counts:
        """The same counts with the hidden cell `name`: what of `whole` is not `part`."""
        rest = Relation(((whole, -1), (part, 1), (name, 1)))
        count = self.cells[whole] - self.cells[part]
        return replace(
            self, cells={**self.cells, name: count}, relations=(*self.relations, rest), hidden=self.hidden | {name}
        )

    def knowing(self, relations: Iterable[Relation]) -> Counts:
        """The same counts with those of `relations` that are true of them; a reader may assume no others."""
        true = tuple(relation for relation in relations if relation.holds(self.cells))
        return replace(self, relations=self.relations + true)


@dataclass(frozen=True)
class Released:
    """What is published of some counts: None where withheld. Which cells are small and which only hide them is not told."""

    cells: Mapping[Cell, int | None]
    relations: tuple[Relation, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "cells": [{"cell": list(cell), "count": count} for cell, count in sorted(self.cells.items())],
            "relations": [
                {"terms": [[list(cell), by] for cell, by in relation.terms], "at_most": relation.at_most}
                for relation in self.relations
            ],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Released:
        """Read back what `to_json` gave. Raises UserError where it is something else."""
        try:
            return cls(
                {tuple(map(str, each["cell"])): _count(each["count"]) for each in raw["cells"]},
                tuple(
                    Relation(
                        tuple((tuple(map(str, cell)), int(by)) for cell, by in each["terms"]), bool(each["at_most"])
                    )
                    for each in raw["relations"]
                ),
            )
        except (KeyError, TypeError, ValueError):
            raise UserError(
                "An earlier publication cannot be read",
                todo="give published/summary.json as it was written; without it the difference between months is unprotected",
            ) from None


def grid(table: str, trees: Sequence[Tree], leaves: Mapping[tuple[str, ...], int]) -> Counts:
    """A table of counts with its margins and their relations.

    `trees`: one a dimension, each total with its parts ({"all": ("city", "county")}); a dimension without a total is
    given as {"": ("a", "b")}. `leaves`: the counts of the finest cells, 0 where missing.
    """
    finest = [tuple(dict.fromkeys(_leaves(tree))) for tree in trees]
    unknown = set(leaves) - set(product(*finest))
    if unknown:
        raise ValueError(f"table {table}: {len(unknown)} cell(s) that no dimension has")
    heads = [[*finest[n], *(name for name in tree if name)] for n, tree in enumerate(trees)]
    below = [{**{leaf: (leaf,) for leaf in finest[n]}, **_spread(tree)} for n, tree in enumerate(trees)]
    cells = {
        (table, *key): sum(leaves.get(leaf, 0) for leaf in product(*(below[n][head] for n, head in enumerate(key))))
        for key in product(*heads)
    }
    relations = []
    for n, tree in enumerate(trees):
        for total, parts in tree.items():
            for key in product(*(heads[m] for m in range(len(trees)) if m != n)) if total else ():
                whole = (table, *key[:n], total, *key[n:])
                terms = [((table, *key[:n], part, *key[n:]), 1) for part in parts]
                relations.append(Relation(((whole, -1), *terms)))
    worth = {cell: sum(name in trees[n] for n, name in enumerate(cell[1:])) for cell in cells}
    return Counts(cells, tuple(relations), worth)


def protect(
    counts: Counts, policy: ControlPolicy, earlier: Sequence[Released] = (), always: Collection[Cell] = ()
) -> Released:
    """The publishable part of `counts`. Raises ValueError where a count is negative or contradicts a relation.

    `always`: cells that are shown whatever they hold (the totals of an internal page); the others are protected as well as
    that allows.
    """
    if any(count < 0 for count in counts.cells.values()) or not all(r.holds(counts.cells) for r in counts.relations):
        raise ValueError("counts contradict their relations")
    sensitive = {cell for cell, count in counts.cells.items() if _small(count, policy)}
    if policy.compare_with_earlier:
        sensitive |= {cell for release in earlier for cell in _small_differences(counts, release, policy)}
    sensitive -= set(always)
    withheld = sensitive | counts.hidden
    if policy.complementary:
        hiding = _Hiding(counts, sensitive, frozenset(always), policy.smallest_count)
        withheld = hiding.give_back(hiding.withhold())
    cells = {cell: None if cell in withheld else count for cell, count in counts.cells.items()}
    return Released(cells, counts.relations)


def possible(released: Released, cell: Cell) -> tuple[int, int]:
    """Lowest and highest count that a reader cannot rule out for `cell`, within a bound far above all published ones."""
    count = released.cells[cell]
    return (count, count) if count is not None else _Reader(released).range(cell)


def worked_out(released: Released, width: int) -> dict[Cell, tuple[int, int]]:
    """The withheld cells that a reader can narrow down to `width` numbers or fewer, each with its range."""
    reader = _Reader(released)
    return {cell: (low, high) for cell, low, high in reader.narrow(dict.fromkeys(reader.unknown, width))}


class _Reader:
    """An exact reader of a publication: which integers a withheld cell could be, given all that is published."""

    def __init__(self, released: Released) -> None:
        self.unknown = [cell for cell, count in released.cells.items() if count is None]
        self.position = {cell: n for n, cell in enumerate(self.unknown)}
        self.bound = 1000 + 4 * sum(count for count in released.cells.values() if count is not None)
        rows: list[int] = []
        columns: list[int] = []
        values: list[int] = []
        low: list[float] = []
        high: list[float] = []
        for relation in released.relations:
            known = sum(by * (released.cells[cell] or 0) for cell, by in relation.terms)
            inside = [(self.position[cell], by) for cell, by in relation.terms if cell in self.position]
            if inside:
                rows += [len(high)] * len(inside)
                columns += [column for column, _ in inside]
                values += [by for _, by in inside]
                low.append(-np.inf if relation.at_most else -known)
                high.append(-known)
        shape = (len(high), len(self.unknown))
        self.found: list[np.ndarray] = []  # solutions so far, one number a withheld cell
        self.limits = LinearConstraint(csr_array((values, (rows, columns)), shape), low, high) if high else ()

    def range(self, cell: Cell) -> tuple[int, int]:
        place = self.position[cell]
        return round(self._extreme(place, 1)[place]), round(self._extreme(place, -1)[place])

    def narrow(self, widths: Mapping[Cell, int]) -> Iterator[tuple[Cell, int, int]]:
        """Those of the cells that can be only so many numbers as their width says, or fewer, each with its range.

        Every solution found on the way tells of all cells, so that few of them need a search of their own.
        """
        for cell, width in sorted(widths.items()):
            place = self.position[cell]
            for sign in (-1, 1):
                if self._spread(place) < width:
                    self._extreme(place, sign)
            if self._spread(place) < width:
                counts = [round(solution[place]) for solution in self.found]
                yield cell, min(counts), max(counts)

    def _spread(self, place: int) -> float:
        return float(np.ptp([solution[place] for solution in self.found])) if self.found else 0.0

    def _extreme(self, place: int, sign: int) -> np.ndarray:
        goal = np.zeros(len(self.unknown))
        goal[place] = sign
        whole, bounds = np.ones(len(self.unknown)), Bounds(0, self.bound)
        for presolve in (True, False):  # HiGHS' presolve calls some problems infeasible that are not
            exact = {"mip_rel_gap": 0.0, "presolve": presolve}
            solution = milp(goal, integrality=whole, bounds=bounds, constraints=self.limits, options=exact).x
            if solution is not None:
                break
        else:
            raise ValueError("a publication contradicts its relations")
        self.found.append(np.round(solution))
        return self.found[-1]


class _Hiding:
    """The search for what to withhold; it remembers every way found to fill the cells, since most stay possible."""

    def __init__(self, counts: Counts, sensitive: set[Cell], always: frozenset[Cell], width: int) -> None:
        self.counts, self.always = counts, always
        self.widths = dict.fromkeys(sensitive, width)
        self.place = {cell: n for n, cell in enumerate(counts.cells)}
        self.truth = np.array(list(counts.cells.values()), dtype=float)
        self.found = self.truth[np.newaxis]

    def withhold(self) -> set[Cell]:
        """Withhold more until each sensitive cell could be any of more numbers than its width."""
        withheld = set(self.widths) | self.counts.hidden
        while (narrow := self._first_narrow(withheld)) is not None:
            cell, low, high = narrow
            nearest = _nearest(self.counts, withheld | self.always, cell)
            if nearest is None:  # what tells of it is always shown: keep what there is
                self.widths[cell] = high - low
            else:
                withheld = withheld | {nearest}
        return withheld

    def give_back(self, withheld: set[Cell]) -> set[Cell]:
        """Publish again what need not be withheld, the most telling cells first."""
        worth, cells = self.counts.worth, self.counts.cells
        spare = withheld - set(self.widths) - self.counts.hidden
        for cell in sorted(spare, key=lambda c: (-worth.get(c, 0), -cells[c], c)):
            if self._first_narrow(withheld - {cell}) is None:
                withheld = withheld - {cell}
        return withheld

    def _first_narrow(self, withheld: set[Cell]) -> tuple[Cell, int, int] | None:
        """The first sensitive cell that a reader can narrow down too far, if `withheld` is what is withheld."""
        told = np.array([cell not in withheld for cell in self.place])
        possible = self.found[(self.found[:, told] == self.truth[told]).all(axis=1)]
        spread = np.ptp(possible, axis=0)
        doubtful = {cell: width for cell, width in self.widths.items() if spread[self.place[cell]] < width}
        if not doubtful:
            return None
        cells_told = {cell: None if cell in withheld else count for cell, count in self.counts.cells.items()}
        reader = _Reader(Released(cells_told, self.counts.relations))
        reader.found = list(possible[:, ~told])
        known = len(reader.found)
        narrow = next(reader.narrow(doubtful), None)
        more = np.tile(self.truth, (len(reader.found) - known, 1))
        more[:, ~told] = reader.found[known:] or np.empty((0, int((~told).sum())))
        self.found = np.concatenate([self.found, more])
        return narrow


def _nearest(counts: Counts, withheld: set[Cell], cell: Cell) -> Cell | None:
    """The published cell to withhold next: fewest relations away, then least worth, then smallest but not zero."""
    beside: dict[Cell, set[Cell]] = {}
    for relation in counts.relations:
        names = {name for name, _ in relation.terms}
        for name in names:
            beside.setdefault(name, set()).update(names - {name})
    seen, ring = {cell}, {cell}
    while ring:
        ring = {name for each in ring for name in beside.get(each, ())} - seen
        seen |= ring
        choice = [name for name in ring if name not in withheld]
        if choice:
            return min(choice, key=lambda c: (counts.worth.get(c, 0), counts.cells[c] == 0, counts.cells[c], c))
    return None


def _small_differences(counts: Counts, release: Released, policy: ControlPolicy) -> set[Cell]:
    """Cells whose change since an earlier publication is a small count, so far as a reader knows the earlier count."""
    shared = sorted(counts.cells.keys() & release.cells.keys())
    told = [(cell, count, count) for cell in shared if (count := release.cells[cell]) is not None]
    narrow = worked_out(release, policy.smallest_count)
    return {
        cell
        for cell, low, high in (*told, *((c, *narrow[c]) for c in shared if c in narrow))
        if any(0 < abs(counts.cells[cell] - before) < policy.smallest_count for before in range(low, high + 1))
    }


def _small(count: int, policy: ControlPolicy) -> bool:
    return (0 if policy.suppress_zero else 1) <= count < policy.smallest_count


def _leaves(tree: Tree) -> list[str]:
    return [part for parts in tree.values() for part in parts if part not in tree]


def _spread(tree: Tree) -> dict[str, tuple[str, ...]]:
    """Each total with the leaves below it."""

    def below(name: str) -> list[str]:
        return [leaf for part in tree[name] for leaf in (below(part) if part in tree else [part])]

    return {total: tuple(below(total)) for total in tree if total}


def _count(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError("not a count")


def dumps(released: Released) -> str:
    """The release as JSON text, the same for the same release."""
    return json.dumps(released.to_json(), ensure_ascii=False, indent=1)
