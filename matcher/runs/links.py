"""Which links of the households that stay are explained, and their explanation: levels and numbers, no value of a record.

Takes a match with what its scoring left to explain pairs by (`Basis`); gives LINKS: for each person the strongest links that hold
its records together, for two people of one household the strongest pair, every pair that a person may be asked about, and where a
pair of records keeps two people apart, that pair too.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.pairs.score import Basis
from matcher.pairs.waterfall import to_json, waterfalls
from matcher.persons import Thresholds
from matcher.persons.verdicts import Verdicts, spanning
from matcher.tables import MonthTables, records_of
from specs.tables import LINKS

Ints = npt.NDArray[np.int64]


def links_of(tables: MonthTables, basis: Basis, households: Ints, thresholds: Thresholds) -> pa.Table:
    """LINKS of the records of these households."""
    inside = records_of(tables, households)
    columns = [tables.pairs[name].to_numpy() for name in ("record_id_l", "record_id_r", "match_weight")]
    within = inside[columns[0]] & inside[columns[1]]
    left, right = columns[0][within], columns[1][within]
    weight = columns[2][within].astype(np.float64)
    chosen = set(_chosen(tables, left, right, weight))
    asked = (tables.uncertain[name].to_numpy() for name in ("record_id_l", "record_id_r"))
    chosen |= {(a, b) for a, b in zip(*(ids.tolist() for ids in asked), strict=True) if inside[a] and inside[b]}
    return explained(basis, chosen, Verdicts(tables.person_of(), left, right, weight, thresholds))


def explained(basis: Basis, chosen: Collection[tuple[int, int]], verdicts: Verdicts) -> pa.Table:
    """LINKS of pairs of record ids, left below right, and of the pairs that keep the persons of any of these apart."""
    found_apart = {verdicts.objecting(*pair) for pair in chosen}
    pairs = sorted({*chosen, *(pair for pair in found_apart if pair is not None)})
    rows = []
    for found in waterfalls(basis, [a for a, _ in pairs], [b for _, b in pairs]):
        verdict = verdicts.of(found.left, found.right, found.weight)
        rows.append(
            {
                "record_id_l": found.left, "record_id_r": found.right, "verdict": verdict.code,
                "match_weight": round(found.weight, 4), "best": round(verdict.best, 4), "worst": round(verdict.worst, 4),
                "steps": to_json(found.steps),
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=LINKS.schema)


def links_of_late(basis: Basis, pairs: list[tuple[int, int]], new_ids: Ints, link: float) -> pa.Table:
    """LINKS of late records with the held ones they fit best.

    `new_ids`: where each scored record stands in the end; `link`: the probability from which records are linked.
    """
    least = float(np.log2(link / (1 - link)))
    rows = [
        {
            "record_id_l": int(new_ids[found.left]), "record_id_r": int(new_ids[found.right]),
            "verdict": "linked" if found.weight >= least else "through_others",
            **dict.fromkeys(("match_weight", "best", "worst"), round(found.weight, 4)), "steps": to_json(found.steps),
        }
        for found in waterfalls(basis, [a for a, _ in pairs], [b for _, b in pairs])
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=LINKS.schema)


def _chosen(tables: MonthTables, left: Ints, right: Ints, weight: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """The links that hold each person together, and the strongest pair of each two people of one household."""
    person, home = tables.person_of(), tables.household_of()
    one = person[left] == person[right]
    found = list(spanning(len(person), left[one], right[one], weight[one]))
    two = np.flatnonzero(~one & (home[left] == home[right]))
    two = two[np.lexsort((right[two], left[two], -weight[two]))]
    ends = np.sort(np.column_stack([person[left[two]], person[right[two]]]), axis=1)
    _, first = np.unique(ends, axis=0, return_index=True)
    return found + list(zip(left[two[first]].tolist(), right[two[first]].tolist(), strict=True))
