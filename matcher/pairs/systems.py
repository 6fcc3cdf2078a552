"""One person, one reference: whether a system that one record of a pair comes from certainly knows the other's person by another.

To match such a pair is to say that the system holds one person twice, which is rare; a person whom it is not yet seen to know,
though it knows most who are like it, is likelier to be the one in doubt. What the former lose the latter gain, so that the number
of matches stays. Takes encoded records and scored pairs; gives bits to add to match weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array

from matcher.pairs.context import components
from matcher.pairs.encode import Encoded
from matcher.pairs.layout import Layout

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

SURE = 14.0  # match weight from which a pair with dates of birth is certainly one person
FLOOR = -6.0  # match weight at or below which no reference in place makes a difference
UNKNOWN = 0.25  # the share of a data set's people that a system is believed not to know, at least
MOST = 2.0  # bits that a pair can gain


class OneReference:
    """Bits of pairs of rows, by which persons which systems know. `left`, `right`, `levels`, `weight`: scored pairs.

    `second`: how much rarer (log, at most 0) matches are of rows (first argument) with a second reference of one person in
    the systems of others (second argument).
    """

    def __init__(
        self, e: Encoded, layout: Layout, left: Ints, right: Ints, levels: npt.NDArray[np.uint8], weight: Floats,
        second: Callable[[Ints, Ints], Floats],
    ) -> None:  # fmt: skip
        self._e, self._second = e, second
        self._systems = int(e.system.max(initial=-1)) + 1
        certain = ~layout.at(levels, "birth", "missing") & (weight > SURE)
        self._person = components(e.size, left[certain], right[certain])
        rows = np.flatnonzero((e.system >= 0) & (e.ref != 0))
        key = self._person[rows] * self._systems + e.system[rows]
        order = np.lexsort((e.ref[rows], key))
        key, ref = key[order], e.ref[rows][order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        self._key, self._low, self._high = key[first], ref[first], ref[np.append(first[1:], len(ref))[: len(first)] - 1]
        self._share = self._shares()

    def bits(self, left: Ints, right: Ints, weight: Floats) -> Floats:
        """For each pair, at most MOST; 0 for pairs of one system and where no date of birth is told."""
        e, bits = self._e, np.zeros(len(left))
        for one, other in ((left, right), (right, left)) if len(self._key) else ():
            at = np.flatnonzero((weight > FLOOR) & (e.system[other] >= 0) & (e.ref[other] != 0) & (e.dataset[one] >= 0))
            at = at[e.has_dob[one[at]] & (e.system[one[at]] != e.system[other[at]])]
            at = at[self._person[one[at]] != self._person[other[at]]]
            a, b = one[at], other[at]
            lost, share = self._second(a, b), self._share[e.dataset[a], e.system[b]]
            gained = np.log((1.0 - share * np.exp(lost)) / np.maximum(1.0 - share, UNKNOWN))
            bits[at] += np.where(self._by_another(a, b), lost, gained)
        return np.minimum(bits / np.log(2.0), MOST)

    def _shares(self) -> Floats:
        """Of the dated people of each data set, the share that each system knows."""
        e = self._e
        dated = np.flatnonzero(e.has_dob & (e.dataset >= 0))
        people, systems = max(int(self._person.max(initial=-1)) + 1, 1), max(self._systems, 1)
        who = pd.unique(e.dataset[dated].astype(np.int64) * people + self._person[dated])
        held = _flags(np.divmod(who, people), (len(e.datasets), people))
        known = _flags(np.divmod(self._key, systems), (people, systems))
        return np.asarray((held @ known).todense()) / np.maximum(held.sum(axis=1), 1)[:, None]

    def _place(
        self, person: npt.NDArray[np.int64], system: npt.NDArray[np.signedinteger]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        wanted = person * self._systems + system
        place = np.minimum(np.searchsorted(self._key, wanted), len(self._key) - 1)
        return place, self._key[place] == wanted

    def _by_another(self, rows: Ints, others: Ints) -> npt.NDArray[np.bool_]:
        """Whether the systems of `others` know the persons of `rows` by another reference than theirs."""
        place, there = self._place(self._person[rows], self._e.system[others])
        ref = self._e.ref[others]
        return there & ((self._low[place] != ref) | (self._high[place] != ref))


def _flags(places: tuple[npt.NDArray[np.signedinteger], ...], shape: tuple[int, int]) -> csr_array:
    return coo_array((np.ones(len(places[0])), places), shape=shape).tocsr()
