"""One person, one reference: whether a system that one record of a pair comes from certainly knows the other's person by another.

To match such a pair is to say that the system holds one person twice, which is rare; a person whom it is not yet seen to know,
though it knows most who are like it, is likelier to be the one in doubt. What the former lose the latter gain, so that the number
of matches stays. Takes encoded records and scored pairs; gives bits to add to match weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from matcher.pairs.context import joined
from matcher.pairs.encode import Encoded
from matcher.pairs.layout import Layout

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

SURE = 8.0  # match weight from which a pair with dates of birth is certainly one person
FLOOR = -6.0  # match weight at or below which no reference in place makes a difference
UNKNOWN = 0.25  # the share of a data set's people that a system is believed not to know, at least
MOST = 2.0  # bits that a pair can gain


def one_reference(
    e: Encoded, layout: Layout, left: Ints, right: Ints, levels: npt.NDArray[np.uint8], weight: Floats,
    second: Callable[[Ints, Ints], Floats],
) -> Floats:  # fmt: skip
    """Bits for each pair, at most MOST; 0 for pairs of one system. `second`: how much rarer (log, at most 0) matches are of
    rows (first argument) with a second reference of one person in the systems of others (second argument)."""
    bits = np.zeros(len(left))
    systems = int(e.system.max(initial=-1)) + 1
    certain = ~layout.at(levels, "birth", "missing") & (weight > SURE)
    if not systems or not certain.any():
        return bits
    person = joined(e.size, left[certain], right[certain])
    known = _Known(e, person, systems)
    for one, other in ((left, right), (right, left)):
        at = np.flatnonzero((weight > FLOOR) & (e.system[other] >= 0) & (e.ref[other] != 0) & (e.dataset[one] >= 0))
        at = at[
            e.has_dob[one[at]] & (e.system[one[at]] != e.system[other[at]]) & (person[one[at]] != person[other[at]])
        ]
        a, b = one[at], other[at]
        lost, share = second(a, b), known.share[e.dataset[a], e.system[b]]
        gained = np.log((1.0 - share * np.exp(lost)) / np.maximum(1.0 - share, UNKNOWN))
        bits[at] += np.where(known.by_another(person[a], b), lost, gained)
    return np.minimum(bits / np.log(2.0), MOST)


class _Known:
    """Which persons which systems know, by how many references: none, one or more."""

    def __init__(self, e: Encoded, person: npt.NDArray[np.int64], systems: int) -> None:
        self._e, self._systems = e, systems
        rows = np.flatnonzero((e.system >= 0) & (e.ref != 0))
        key = person[rows] * systems + e.system[rows]
        order = np.lexsort((e.ref[rows], key))
        key, ref = key[order], e.ref[rows][order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        self._key, self._low, self._high = key[first], ref[first], ref[np.append(first[1:], len(ref)) - 1]
        dated = np.flatnonzero(e.has_dob & (e.dataset >= 0))
        who = np.unique(e.dataset[dated].astype(np.int64) << 40 | person[dated])
        dataset, who = who >> 40, who & ((1 << 40) - 1)
        people = np.maximum(np.bincount(dataset, minlength=len(e.datasets)), 1)
        self.share = np.zeros(
            (len(e.datasets), systems)
        )  # of the dated people of a data set, those that a system knows
        for system in range(systems):
            _, there = self._place(who, np.full(len(who), system))
            self.share[:, system] = np.bincount(dataset, weights=there, minlength=len(people)) / people

    def _place(
        self, person: npt.NDArray[np.int64], system: npt.NDArray[np.signedinteger]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        wanted = person * self._systems + system
        place = np.minimum(np.searchsorted(self._key, wanted), len(self._key) - 1)
        return place, self._key[place] == wanted

    def by_another(self, person: npt.NDArray[np.int64], rows: Ints) -> npt.NDArray[np.bool_]:
        """Whether the systems of rows know persons by another reference than these rows'."""
        place, there = self._place(person, self._e.system[rows])
        ref = self._e.ref[rows]
        return there & ((self._low[place] != ref) | (self._high[place] != ref))
