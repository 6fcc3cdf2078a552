"""Whom other data sets hold, by the role in a household that one of them tells: who rents from a landlord is its tenant.

Takes encoded records and pairs that are certainly one person; gives log ratios by data set that tells the role, other data set and
role, beside what the person's age tells (frequency.py), shrunk towards none. Roles are those of `encode.ROLES`; a role that
is none of them tells nothing and is written nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matcher.pairs.encode import ROLES, Encoded, firsts, mix

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

STRENGTH = 20.0  # pairs by which a role leans on what its holders' age lets expect
LEAN = 5.0  # holders by which the roles of an age lean on those of all ages
MOST = 2.5  # log: the most that a role can speak either way
BANDS = (5, 11, 16, 18, 20, 25, 35, 45, 55, 65, 75)  # years of age


class Holders:
    """Sums up what roles tell of pairs of rows; `names` of the data sets of `dataset`, the last of them none."""

    def __init__(self, e: Encoded, names: list[str], told: Mapping[str, list[float]]) -> None:
        self._e, self._names = e, names
        self._logs = np.zeros((len(names), len(names), len(ROLES)))
        for own, other in np.ndindex(len(names), len(names)):
            known = told.get(f"{names[own]}>{names[other]}", [])
            if len(known) == len(ROLES):
                self._logs[own, other] = known

    def _dataset(self, rows: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.intp]:
        found = self._e.dataset[rows].astype(np.intp)
        return np.where(found < 0, len(self._names) - 1, found)

    def ratio(self, left: Ints, right: Ints) -> Floats:
        """log by how much likelier a match of each pair is for the roles that its records tell."""
        out = np.zeros(len(left))
        for one, other in ((left, right), (right, left)):
            at = np.flatnonzero(self._e.known_role[one] >= 0)
            one, other = one[at], other[at]
            out[at] += self._logs[self._dataset(one), self._dataset(other), self._e.known_role[one]]
        return out

    def learn(self, left: Ints, right: Ints) -> dict[str, list[float]]:
        """By "own>other" data set the log of each role: how much oftener its holders are found there than others of their age."""
        usual = np.zeros_like(self._logs)
        found = np.zeros_like(self._logs)
        band, roles = self._bands(), self._roles_by_age()
        for one, other in ((left, right), (right, left)):
            at = np.flatnonzero(self._e.known_role[one] >= 0)
            own, there = self._dataset(one[at]), self._dataset(other[at])
            np.add.at(found, (own, there, self._e.known_role[one[at]]), 1.0)
            np.add.at(usual, (own, there), roles[own, band[one[at]]])
        logs = np.clip(np.log((found + STRENGTH) / (usual + STRENGTH)), -MOST, MOST)
        seen = np.argwhere(found.any(axis=2)).tolist()
        return {f"{self._names[own]}>{self._names[other]}": logs[own, other].tolist() for own, other in seen}

    def _bands(self) -> npt.NDArray[np.intp]:
        return np.digitize((self._e.latest - self._e.dob) / 365.25, BANDS)

    def _roles_by_age(self) -> Floats:
        """Of the dated people of a data set and age, the share of each role; shape (data sets, ages, roles)."""
        e = self._e
        rows = np.flatnonzero(e.has_dob & (e.known_role >= 0))
        rows = rows[firsts(mix(e.dataset[rows], e.system[rows], e.ref[rows], e.known_role[rows]))]
        counts = np.zeros((len(self._names), len(BANDS) + 1, len(ROLES)))
        np.add.at(counts, (self._dataset(rows), self._bands()[rows], e.known_role[rows]), 1.0)
        overall = counts.sum(axis=1, keepdims=True)
        overall /= np.maximum(overall.sum(axis=2, keepdims=True), 1.0)
        return np.asarray((counts + LEAN * overall) / (counts.sum(axis=2, keepdims=True) + LEAN))
