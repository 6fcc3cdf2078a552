"""What a pair's two sources tell: how many people two data sets have in common, how often they know one address of somebody, and
how often they hold two people of one home.

Hardly a pupil claims a benefit; a landlord's tenants are tenants in other registers, too (holders.py); a register that gives a
person one reference seldom holds two of one person, and hardly ever with two roles in a household. Takes encoded records and pairs that are certainly one person by their values; gives log ratios
by pair of data sets, shrunk towards none, and adds them up for any pairs. Holds names of data sets and numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array

from matcher.pairs.encode import Encoded, Keys, firsts, mix
from matcher.pairs.holders import Holders
from matcher.pairs.layout import Layout

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Told = dict[str, dict[str, list[float]]]

STRENGTH = 20.0  # pairs by which what two data sets have in common leans on the average of all
ADDRESSES = 5.0  # pairs by which the addresses that two data sets know, level by level, lean on those of all
RARE = 0.05  # a second reference of one person within one system, before anything is seen
MOST = 2.5  # log: the most that sources can speak for a match
LEAST_KIN, MOST_KIN = -0.7, 3.9  # log: what sources can say of two people of one home
PLACES = (("home", "building", "door", "postcode"), ("neighbour",), ("district",), ("different",))
ACROSS, WITHIN, ROLES, HOUSEHOLD, HOLDERS = "across", "within", "roles", "household", "holders"


def nothing() -> Told:
    """What is told before any records are seen."""
    return {ACROSS: {}, WITHIN: {}, ROLES: {}, HOUSEHOLD: {}, HOLDERS: {}}


class Sources:
    """Sums up what sources tell of pairs of rows, by the names of this table's data sets."""

    def __init__(self, e: Encoded, layout: Layout, told: Told) -> None:
        self._e, self._layout = e, layout
        self.told = bool(e.datasets) or e.tells  # else there is nothing to tell of
        self._count = len(e.datasets) + 1  # the last: no data set
        self._names = [*e.datasets, ""]
        width = len(PLACES) + 1
        self._across = np.zeros((self._count**2, width))
        self._within = np.zeros((self._count**2, width))
        self._within[:, 0] = np.log(RARE)
        for part, table in ((ACROSS, self._across), (WITHIN, self._within)):
            for kind in range(self._count**2):
                table[kind] = told[part].get(self._name(kind), table[kind])
        kin = told.get(HOUSEHOLD, {})
        self._kin = np.array([kin.get(self._name(kind), [0.0, 0.0]) for kind in range(self._count**2)])
        self._kin = self._kin.clip(LEAST_KIN, MOST_KIN)
        self._holders = Holders(e, self._names, told.get(HOLDERS, {}))
        self._roles = np.array([0.0, *told[ROLES].get("same", [0.0]), *told[ROLES].get("different", [0.0])])
        place = layout.place("place")
        known = () if place is None else layout.levels[place]
        self._part = np.full(len(known) + 1, 0)  # column of the tables by level of the place, 0 for none
        for column, names in enumerate(PLACES, start=1):
            for name in names:
                if name in known:
                    self._part[known.index(name) + 1] = column

    def _name(self, kind: int) -> str:
        return "|".join(sorted((self._names[kind // self._count], self._names[kind % self._count])))

    def _kinds(self, left: Ints, right: Ints) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Pair of data sets of each pair, and whether it is two references of one system."""
        e, a, b = self._e, self._dataset(left), self._dataset(right)
        two = (e.system[left] >= 0) & (e.system[left] == e.system[right]) & (e.ref[left] != e.ref[right])
        return np.minimum(a, b) * self._count + np.maximum(a, b), two & (e.ref[left] != 0) & (e.ref[right] != 0)

    def _dataset(self, rows: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.int64]:
        found = self._e.dataset[rows].astype(np.int64)
        return np.where(found < 0, self._count - 1, found)

    def _roles_of(self, left: Ints, right: Ints) -> npt.NDArray[np.int8]:
        """0: not told by both, 1: the same role in a household, 2: two roles."""
        a, b = self._e.role[left], self._e.role[right]
        return np.where((a < 0) | (b < 0), 0, np.where(a == b, 1, 2)).astype(np.int8)

    def _column(self, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        place = self._layout.place("place")
        return np.zeros(len(levels), dtype=np.int64) if place is None else self._part[levels[:, place]]

    def ratios(self, left: Ints, right: Ints, levels: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """For the sources of each pair's two records, log by how much likelier a match is, and two people of one home found together."""
        if not self.told:
            return np.zeros(len(left)), np.zeros(len(left))
        kind, two = self._kinds(left, right)
        column = self._column(levels)
        out = np.where(two, self._within[kind, 0], self._across[kind, 0])
        out += np.where(column > 0, np.where(two, self._within[kind, column], self._across[kind, column]), 0.0)
        out += np.where(two, self._roles[self._roles_of(left, right)], self._holders.ratio(left, right))
        return np.minimum(out, MOST), np.asarray(self._kin[kind, two.astype(np.intp)])

    def second(self, left: Ints, right: Ints) -> Floats:
        """log by how much rarer a match of each pair is, where the first row's person is known in the second's data set by another reference."""
        across, _ = self._kinds(left, right)
        within, _ = self._kinds(right, right)
        return np.minimum(self._within[within, 0] - self._across[across, 0], 0.0)

    def learn(self, left: Ints, right: Ints, levels: npt.NDArray[np.uint8]) -> Told:
        """What these records tell: `left` and `right` are pairs that are certainly one person, of two references."""
        e = self._e
        kind, two = self._kinds(left, right)
        key = np.where(e.ref != 0, e.ref, mix(np.arange(e.size)))
        column = self._column(levels)
        low, high = np.minimum(key[left], key[right]), np.maximum(key[left], key[right])
        once = firsts(mix(kind, two, low, high))
        size = self._count**2
        found = np.array([np.bincount(kind[once][two[once] == within], minlength=size) for within in (False, True)])
        possible = self._possible(key)
        expected = possible * (found.sum() / max(possible.sum(), 1.0))
        rare = float((found[1].sum() + RARE * STRENGTH) / (expected[1].sum() + STRENGTH))
        base = np.array([[1.0], [min(rare, 1.0)]])
        common = np.clip((found + base * STRENGTH) / (expected + STRENGTH), 0.002, 10.0)
        # Addresses: each pair of references counts once at each level that it shows.
        seen = np.flatnonzero(column > 0)
        seen = seen[firsts(mix(kind[seen], two[seen], low[seen], high[seen], column[seen]))]
        counts = np.zeros((2, size, len(PLACES)))
        np.add.at(counts, (two[seen].astype(np.int64), kind[seen], column[seen] - 1), 1.0)
        overall = (counts.sum(axis=(0, 1)) + 0.5) / (counts.sum() + 0.5 * len(PLACES))
        usual = counts.sum(axis=2, keepdims=True) * overall
        places = np.clip(np.log((counts + ADDRESSES) / (usual + ADDRESSES)), -2.0, 2.0)
        told = nothing()
        for within, part in enumerate((ACROSS, WITHIN)):
            for k in np.flatnonzero(possible[within]).tolist():
                told[part][self._name(k)] = [float(np.log(common[within, k])), *map(float, places[within, k])]
        related = self._of_one_home(key)
        usual = possible * (related.sum() / max(possible.sum(), 1.0))
        kin = np.clip(np.log((related + STRENGTH) / (usual + STRENGTH)), LEAST_KIN, MOST_KIN)
        told[HOUSEHOLD] = {self._name(k): kin[:, k].tolist() for k in np.flatnonzero(possible.any(axis=0)).tolist()}
        told[HOLDERS] = self._holders.learn(left[~two], right[~two], key)
        # Two references count once at each role that their records tell, whichever of their rows come first.
        each = firsts(mix(kind, two, low, high, self._roles_of(left, right)))
        told[ROLES] = self._learn_roles(left[each], right[each], two[each])
        return told

    def _possible(self, key: Keys) -> Floats:
        """How many pairs of dated references there are by pair of data sets, across systems and within one."""
        e, count = self._e, self._count
        rows = np.flatnonzero(e.has_dob)
        rows = rows[firsts(mix(e.dataset[rows], e.system[rows], key[rows]))]
        dataset, held = self._dataset(rows), e.system[rows] >= 0
        by = np.zeros((count, int(e.system.max(initial=-1)) + 1))
        np.add.at(by, (dataset[held], e.system[rows][held]), 1.0)
        sizes = np.bincount(dataset, minlength=count).astype(float)
        return self._each_once(np.outer(sizes, sizes), by @ by.T)

    def _of_one_home(self, key: Keys) -> Floats:
        """How many of these pairs are of one home and surname, and of two dates of birth."""
        e = self._e
        rows = np.flatnonzero(e.has_dob & (e.home != 0) & (e.surname >= 0))
        surname = e.words.sound[e.surname]
        said = (e.home, surname, e.dob, key)
        rows = rows[firsts(mix(e.dataset[rows], e.system[rows], *(of[rows] for of in said)))]

        def alike(rows: npt.NDArray[np.intp], *by: npt.NDArray[np.integer | np.uint64]) -> Floats:
            group = pd.factorize(mix(*(of[rows] for of in by)))[0]
            shape = (int(group.max(initial=-1)) + 1, self._count)
            held = coo_array((np.ones(len(group)), (group, self._dataset(rows))), shape=shape).tocsr()
            return np.asarray((held.T @ held).todense())

        def pairs(rows: npt.NDArray[np.intp], *by: npt.NDArray[np.integer | np.uint64]) -> Floats:
            two = alike(rows, e.home, surname, *by) - alike(rows, e.home, surname, e.dob, *by)
            same = alike(rows, e.home, surname, key, *by) - alike(rows, e.home, surname, e.dob, key, *by)
            return two - same  # but not one reference with two dates of birth

        return self._each_once(pairs(rows), pairs(rows[e.system[rows] >= 0], e.system))

    def _each_once(self, every: Floats, within: Floats) -> Floats:
        """Numbers of pairs, across and within systems, of a table that holds each pair of two data sets twice."""
        half = np.triu(np.ones((self._count, self._count))) - 0.5 * np.eye(self._count)
        return np.array([((every - within) * half).ravel(), (within * half).ravel()])

    def _learn_roles(self, left: Ints, right: Ints, two: npt.NDArray[np.bool_]) -> dict[str, list[float]]:
        """How much oftener two references of one person in one system tell one role than any two references do."""
        e = self._e
        seen = np.bincount(self._roles_of(left[two], right[two]), minlength=3)
        rows = np.flatnonzero((e.system >= 0) & (e.role >= 0) & (e.ref != 0))
        rows = rows[firsts(mix(e.system[rows], e.role[rows], e.ref[rows]))]
        alike = np.unique(mix(e.system[rows], e.role[rows]), return_counts=True)[1].astype(float)
        every = np.bincount(e.system[rows]).astype(float)
        share = float(alike @ alike) / max(float(every @ every), 1.0)
        if not 0.0 < share < 1.0:
            return {}
        agree = (seen[1] + STRENGTH * share) / (seen[1] + seen[2] + STRENGTH)
        return {
            "same": [float(np.clip(np.log(agree / share), -5.0, 3.0))],
            "different": [float(np.clip(np.log((1 - agree) / (1 - share)), -5.0, 3.0))],
        }
