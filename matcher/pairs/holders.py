"""Whom other data sets hold, by the role in a household that one of them tells: who rents from a landlord is its tenant.

Takes encoded records and pairs that are certainly one person; gives log ratios by data set that tells the role, other data set and
role, beside what the person's age tells (frequency.py), shrunk towards none. Roles are those of `encode.HOUSEHOLD_ROLES`; a role
that is none of them tells nothing and is written nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matcher.pairs.encode import BANDS, HOUSEHOLD_ROLES, Encoded, Keys, firsts, mix

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

STRENGTH = 20.0  # pairs by which a role leans on what its holders' age lets expect
LEAN = 5.0  # holders by which the roles of an age lean on those of all ages
MOST = 2.5  # log: the most that a role can speak either way


class Holders:
    """Sums up what roles tell of pairs of rows; `names`: of the data sets of `Encoded.dataset`, the last of them that of
    no data set, which is -1 there."""

    def __init__(self, e: Encoded, names: list[str], told: Mapping[str, list[float]]) -> None:
        self._e, self._names = e, names
        self._logs = np.zeros((len(names), len(names), len(HOUSEHOLD_ROLES)))
        for own, other in np.ndindex(len(names), len(names)):
            known = told.get(f"{names[own]}>{names[other]}", [])
            if len(known) == len(HOUSEHOLD_ROLES):
                self._logs[own, other] = known

    def ratio(self, left: Ints, right: Ints) -> Floats:
        """log by how much likelier a match of each pair is for the roles that its records tell."""
        out = np.zeros(len(left))
        for one, other in ((left, right), (right, left)):
            at = np.flatnonzero(self._e.known_role[one] >= 0)
            one, other = one[at], other[at]
            out[at] += self._logs[self._e.dataset[one], self._e.dataset[other], self._e.known_role[one]]
        return out

    def learn(self, left: Ints, right: Ints, key: Keys) -> dict[str, list[float]]:
        """By "own>other" data set the log of each role: how much oftener its holders are found there than others of their age.

        `key`: the reference of each row, or the row's own where it has none. Two references count once for all that they say.
        """
        e = self._e
        turned = key[left] > key[right]
        left, right = np.where(turned, right, left), np.where(turned, left, right)
        says = [of[rows] for of in (e.dataset, key, e.known_role, e.age_band) for rows in (left, right)]
        once = firsts(mix(*says))
        left, right = left[once], right[once]
        usual = np.zeros_like(self._logs)
        found = np.zeros_like(self._logs)
        roles = self._roles_by_age(key)
        for one, other in ((left, right), (right, left)):
            at = np.flatnonzero(e.known_role[one] >= 0)
            own, there = e.dataset[one[at]], e.dataset[other[at]]
            np.add.at(found, (own, there, e.known_role[one[at]]), 1.0)
            np.add.at(usual, (own, there), roles[own, e.age_band[one[at]]])
        logs = np.clip(np.log((found + STRENGTH) / (usual + STRENGTH)), -MOST, MOST)
        seen = np.argwhere(found.any(axis=2)).tolist()
        return {f"{self._names[own]}>{self._names[other]}": logs[own, other].tolist() for own, other in seen}

    def _roles_by_age(self, key: Keys) -> Floats:
        """Of the dated people of a data set and age, the share of each role; shape (data sets, ages, roles)."""
        e = self._e
        rows = np.flatnonzero(e.has_dob & (e.known_role >= 0))
        rows = rows[firsts(mix(e.dataset[rows], e.system[rows], key[rows], e.known_role[rows], e.age_band[rows]))]
        counts = np.zeros((len(self._names), len(BANDS) + 1, len(HOUSEHOLD_ROLES)))
        np.add.at(counts, (e.dataset[rows], e.age_band[rows], e.known_role[rows]), 1.0)
        overall = counts.sum(axis=1, keepdims=True)
        overall /= np.maximum(overall.sum(axis=2, keepdims=True), 1.0)
        return np.asarray((counts + LEAN * overall) / (counts.sum(axis=2, keepdims=True) + LEAN))
