"""Which links a person should decide.

Takes records with their person and the scored pairs; gives UNCERTAIN, at most one question for two persons:
`uncertain_link` (the probability lies between the thresholds), `split` (a strong link that the rest of the chain speaks
against), `identifier_conflict` (one reference or number on two people). An answered pair is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.persons.thresholds import Thresholds
from specs.tables import UNCERTAIN

Ints = npt.NDArray[np.int64]


def _identifier_pairs(people: pa.Table, person: Ints) -> tuple[Ints, Ints]:
    """First records of two persons that share a reference, NINO, UPN or NHS number; the two of a joint name may share a reference."""
    found_left, found_right = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    part = people["part"].to_numpy()
    ref = pc.binary_join_element_wise(people["ref_system"], people["ref"], "|")
    for name, column in (("ref", ref), *((n, people[n]) for n in ("nino", "upn", "nhs"))):
        encoded = pc.dictionary_encode(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)
        value = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        rows = np.flatnonzero(value >= 0)
        if name == "ref":
            joint = np.unique(value[rows][part[rows] > 0])
            rows = rows[~np.isin(value[rows], joint)]
        packed = value[rows] << 32 | person[rows]
        order = np.argsort(packed, kind="stable")
        rows = rows[order[np.diff(packed[order], prepend=-1) != 0]]  # one record a value and person, sorted by value
        same = value[rows[:-1]] == value[rows[1:]]
        found_left.append(rows[:-1][same])
        found_right.append(rows[1:][same])
    return np.concatenate(found_left), np.concatenate(found_right)


def _chances(
    a: Ints, b: Ints, left: Ints, right: Ints, probability: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Probability of pairs of rows, 0 for those that were not scored."""
    if not len(a) or not len(left):
        return np.zeros(len(a), dtype=np.float32)
    packed = np.minimum(left, right) << 32 | np.maximum(left, right)
    order = np.argsort(packed, kind="stable")
    wanted = np.minimum(a, b) << 32 | np.maximum(a, b)
    place = np.minimum(np.searchsorted(packed, wanted, sorter=order), len(order) - 1)
    return np.where(packed[order[place]] == wanted, probability[order[place]], np.float32(0.0))


def uncertain(
    people: pa.Table, person: Ints, left: Ints, right: Ints, probability: npt.NDArray[np.float32], thresholds: Thresholds,
    answered: Mapping[tuple[int, int], bool],
) -> pa.Table:  # fmt: skip
    """UNCERTAIN; `left`, `right` and `person` are positions in `people`."""
    linked = person[left] == person[right]
    p = probability
    best = np.zeros(len(person), dtype=np.float32)  # a record's strongest link within its person
    for end in (left, right):
        np.maximum.at(best, end[linked], p[linked])
    weakest = linked & (p < thresholds.ask_to) & ((best[left] <= p) | (best[right] <= p))
    open_link = ~linked & (p >= thresholds.ask_from) & (p < thresholds.link)
    torn = ~linked & (p >= thresholds.link)
    clash_left, clash_right = _identifier_pairs(people, person)
    rows = np.flatnonzero(weakest | open_link | torn)
    a = np.concatenate([clash_left, left[rows]])
    b = np.concatenate([clash_right, right[rows]])
    clash = _chances(clash_left, clash_right, left, right, p)
    chance = np.concatenate([clash, p[rows]])
    reason = np.concatenate([np.full(len(clash_left), 0), np.where(torn[rows], 1, 2)])
    together = np.concatenate([np.zeros(len(clash_left), dtype=bool), linked[rows]])
    x, y = np.minimum(person[a], person[b]), np.maximum(person[a], person[b])
    same = np.where(together, np.minimum(a, b), -1)  # within a person each weak record is its own question
    order = np.lexsort((b, a, -chance, reason, same, y, x))
    key = np.column_stack([x, y, same])[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (key[1:] != key[:-1]).any(axis=1)
    order = order[first]
    asked = [n for n in order.tolist() if (min(a[n], b[n]), max(a[n], b[n])) not in answered] if answered else order
    ids = people["record_id"].to_numpy()
    chosen = np.array(asked, dtype=np.int64)
    low, high = np.minimum(ids[a[chosen]], ids[b[chosen]]), np.maximum(ids[a[chosen]], ids[b[chosen]])
    place = np.lexsort((high, low))
    names = np.array(["identifier_conflict", "split", "uncertain_link"], dtype=object)
    columns = [low, high, names[reason[chosen]], chance[chosen], together[chosen]]
    return pa.table(
        [pa.array(c[place], f.type) for c, f in zip(columns, UNCERTAIN.schema, strict=True)], schema=UNCERTAIN.schema
    )
