"""Which links of the households that stay are explained, and their explanation: levels and numbers, no value of a record.

Takes a match with what its scoring left to explain pairs by (`Basis`); gives LINKS: for each person the strongest links that hold
its records together, those that may be kept without the others too; for two people of one household the strongest pair, every pair
that a person may be asked about, and where a pair of records keeps two people apart, that pair too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.month import Rules
from matcher.pairs.score import CERTAIN, Basis
from matcher.pairs.waterfall import waterfalls
from matcher.persons.verdicts import Verdicts, spanning
from matcher.review.questions import Question
from matcher.runs.kept import keeping_tier
from matcher.tables import MonthTables, records_of
from specs.tables import LINKS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def links_of(
    tables: MonthTables, basis: Basis, households: Ints, rules: Rules, questions: Iterable[Question] = ()
) -> pa.Table:
    """LINKS of the records of these households. An answer may divide a person: every link of those asked about is kept."""
    inside, person, tier = records_of(tables, households), tables.person_of(), keeping_tier(tables, rules)
    left, right, weight = (tables.pairs[name].to_numpy() for name in ("record_id_l", "record_id_r", "match_weight"))
    within = inside[left] & inside[right]
    found = Hanging.of(basis, np.where(inside, person, -1), tier, left[within], right[within], weight[within])
    divided = [
        person[one.record_l]
        for one in questions
        if one.record_r is not None and person[one.record_l] == person[one.record_r]
    ]
    chosen = {*found.tree(), *found.between(tables.household_of()), *found.every(np.array(divided, dtype=np.int64))}
    asked = (tables.uncertain[name].to_numpy() for name in ("record_id_l", "record_id_r"))
    chosen |= {(a, b) for a, b in zip(*(ids.tolist() for ids in asked), strict=True) if inside[a] and inside[b]}
    verdicts = Verdicts(person, found.left, found.right, found.weight, rules.thresholds)
    return explained(basis, chosen, verdicts)


@dataclass(frozen=True)
class Hanging:
    """How the records of each person hang together. `tier`: of each record; those of a lower one are held together first, since
    others may be let go.

    Pairs are of the records that stand for those which say the same under one reference: `stands`, of each record.
    """

    person: Ints
    tier: Ints
    stands: Ints
    left: Ints
    right: Ints
    weight: Floats

    @classmethod
    def of(cls, basis: Basis, person: Ints, tier: Ints, left: Ints, right: Ints, weight: Ints | Floats) -> Hanging:
        """From PAIRS; records whose `person` is -1 hang on to nothing."""
        stands = np.arange(len(person))
        ids = basis.ids[person[basis.ids] >= 0]
        alike = np.column_stack([person[basis.ids], basis.row])[person[basis.ids] >= 0]
        order = np.lexsort((ids, tier[ids], alike[:, 1], alike[:, 0]))
        fresh = np.diff(alike[order], axis=0, prepend=-1).any(axis=1)
        stands[ids[order]] = ids[order][np.flatnonzero(fresh)][np.cumsum(fresh) - 1]
        a, b = stands[left], stands[right]
        apart = a != b
        return cls(person, tier, stands, np.minimum(a, b)[apart], np.maximum(a, b)[apart], weight[apart].astype(float))

    def tree(self) -> list[tuple[int, int]]:
        """The strongest links that hold each person's records together, one fewer than there are records.

        Where the pairs do not reach, because a record that joins others may be let go, each of these is joined to the first.
        """
        one = self.person[self.left] == self.person[self.right]
        alike = np.flatnonzero(self.stands != np.arange(len(self.stands)))
        members = np.flatnonzero(self.person >= 0)
        members = members[np.lexsort((members, self.tier[members], self.person[members]))]
        _, place, count = np.unique(self.person[members], return_index=True, return_counts=True)
        first = np.repeat(members[place], count)
        a = np.concatenate([self.left[one], self.stands[alike], first])
        b = np.concatenate([self.right[one], alike, members])
        weight = np.concatenate(
            [self.weight[one], np.full(len(alike), CERTAIN), np.full(len(first), -np.inf)]
        )  # fmt: skip
        tier = np.maximum(self.tier[a], self.tier[b])
        return [(min(pair), max(pair)) for pair in spanning(len(self.person), a, b, weight, tier)]

    def between(self, home: Ints) -> list[tuple[int, int]]:
        """The strongest pair of each two people of one household, and of their records of the lowest tier."""
        two = (self.person[self.left] != self.person[self.right]) & (home[self.left] == home[self.right])
        left, right, weight = self.left[two], self.right[two], self.weight[two]
        ends = np.sort(np.column_stack([self.person[left], self.person[right]]), axis=1)
        tier = np.maximum(self.tier[left], self.tier[right])
        found = []
        for order in (np.lexsort((right, left, -weight)), np.lexsort((right, left, -weight, tier))):
            _, first = np.unique(ends[order], axis=0, return_index=True)
            found += list(zip(left[order][first].tolist(), right[order][first].tolist(), strict=True))
        return found

    def every(self, persons: Ints) -> list[tuple[int, int]]:
        """Every pair within each of these persons."""
        mine = (self.person[self.left] == self.person[self.right]) & np.isin(self.person[self.left], persons)
        return list(zip(self.left[mine].tolist(), self.right[mine].tolist(), strict=True))


def explained(basis: Basis, chosen: Collection[tuple[int, int]], verdicts: Verdicts) -> pa.Table:
    """LINKS of pairs of record ids, left below right, and of the pairs that keep the persons of any of these apart."""
    found_apart = {verdicts.objecting(*pair) for pair in chosen}
    pairs = sorted({*chosen, *(pair for pair in found_apart if pair is not None)})
    rows = []
    for found in waterfalls(basis, [a for a, _ in pairs], [b for _, b in pairs]):
        weight = found.weight
        verdict = verdicts.of(found.left, found.right, weight)
        numbers = round(weight, 4), round(verdict.best, 4), round(verdict.worst, 4)
        rows.append((found.left, found.right, verdict.code, *numbers, found.kept))
    return (
        pa.table([list(column) for column in zip(*rows, strict=True)], schema=LINKS.schema) if rows else LINKS.empty()
    )


def links_of_late(
    basis: Basis, pairs: pa.Table, new_ids: Ints, attached: MonthTables, held: int, rules: Rules
) -> pa.Table:
    """LINKS by which late records hang on to held people.

    `pairs`: of the held and the late records as they were scored together; `new_ids`: where each of these stands in `attached`, -1
    of those let go; the first `held` were there before.
    """
    stay = new_ids >= 0
    person, tier = np.full(len(new_ids), -1), np.zeros(len(new_ids), dtype=np.int64)
    person[stay], tier[stay] = attached.person_of()[new_ids[stay]], keeping_tier(attached, rules)[new_ids[stay]]
    left, right, weight = (pairs[name].to_numpy() for name in ("record_id_l", "record_id_r", "match_weight"))
    within = (person[left] >= 0) & (person[right] >= 0)
    tree = Hanging.of(basis, person, tier, left[within], right[within], weight[within]).tree()
    late = sorted(pair for pair in tree if pair[1] >= held)
    link = rules.thresholds.link
    least = float(np.log2(link / (1 - link)))
    rows = [
        {
            "record_id_l": int(new_ids[found.left]), "record_id_r": int(new_ids[found.right]),
            "verdict": "linked" if found.weight >= least else "through_others",
            **dict.fromkeys(("match_weight", "best", "worst"), round(found.weight, 4)), "steps": found.kept,
        }
        for found in waterfalls(basis, [a for a, _ in late], [b for _, b in late])
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=LINKS.schema)
