"""How common values are: what an agreement on a rare name is worth more than on a common one.

Takes encoded records; gives, for pairs of rows at their levels, log ratios by which strangers, relatives and namesakes
agree on that very value more or less often than on an average one. Also the totals that training needs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level
from matcher.pairs.encode import Encoded, Keys, key_where, mix

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

LEAN = 5.0  # bearers of a forename by which its share of a middle name leans on all forenames
BANDS = (5, 11, 16, 18, 25, 45, 65)  # years of age


def groups(keys: Keys) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Group number of each key (-1 for key 0) and sizes of groups."""
    present = np.flatnonzero(keys)
    out = np.full(len(keys), -1, dtype=np.int64)
    distinct, index = np.unique(keys[present], return_inverse=True)
    out[present] = index
    return out, np.bincount(index, minlength=len(distinct))


def _pairs(sizes: npt.NDArray[np.int64]) -> float:
    return float((sizes * (sizes - 1) // 2).sum())


class _Shares:
    """Shares of values among records that hold one, and the share that an average agreement has."""

    def __init__(self, keys: Keys) -> None:
        self.group, self.sizes = groups(keys)
        held = max(int(self.sizes.sum()), 1)
        self.share = np.maximum(self.sizes, 2) / held
        self.average = max(float((self.sizes / held) @ (self.sizes / held)), 1.0 / held)

    def ratio(self, rows: Ints) -> Floats:
        """log of a record's value's share against the average one; 0 where the record holds none."""
        group = self.group[rows]
        if not len(self.sizes):
            return np.zeros(len(rows))
        return np.where(group >= 0, np.log(self.share[np.maximum(group, 0)] / self.average), 0.0)


class Middles:
    """How common a middle name is among those of one forename: Kaur after Kuldip says little."""

    def __init__(self, forename: Keys, middle: Keys) -> None:
        both = (forename != 0) & (middle != 0)
        self._name, names = groups(np.where(both, forename, np.uint64(0)))
        self._middle, middles = groups(np.where(both, middle, np.uint64(0)))
        pair, pairs = groups(key_where(both, self._name, self._middle))
        held = max(int(both.sum()), 1)
        overall = middles / held
        average = max(float(overall @ overall), 1.0 / held)
        at = np.flatnonzero(both)
        own = (pairs[pair[at]] - 1 + LEAN * overall[self._middle[at]]) / (names[self._name[at]] - 1 + LEAN)
        self._ratio = np.zeros(len(both))
        self._ratio[at] = np.clip(np.log(own / average), -4.0, 4.0)

    def ratio(self, rows: Ints) -> Floats:
        """log of the chance that a stranger of the same forename bears the same middle name, against the average."""
        return self._ratio[rows]


class Ages:
    """Whom a data set holds, by age: what a record without a date of birth tells of its person's age all the same.

    A tenant with a title is hardly a pupil. Shares are those of this month's records; small groups lean on all records.
    """

    def __init__(self, e: Encoded) -> None:
        self._e = e
        age = (e.latest - e.dob) / 365.25
        self._band = np.digitize(age, BANDS)
        count = len(BANDS) + 1
        self._group = e.dataset.astype(np.int64) * 2 + e.titled

        def shares(group: npt.NDArray[np.int64], size: int, lean: Floats) -> Floats:
            held = e.has_dob & (group >= 0)
            counts = np.bincount(group[held] * count + self._band[held], minlength=size * count).reshape(size, count)
            return (counts + 20.0 * lean) / (counts.sum(axis=1, keepdims=True) + 20.0)

        sets = max(len(e.datasets), 1)
        everyone = shares(np.zeros(e.size, dtype=np.int64), 1, np.full(count, 1 / count))
        self._of_dataset = shares(e.dataset.astype(np.int64), sets, everyone)
        of_group = shares(self._group, 2 * sets, np.repeat(self._of_dataset, 2, axis=0))
        self._lift = of_group / everyone

    def ratio(self, left: Ints, right: Ints) -> Floats:
        """log by how much likelier a match of the pair is for the age of the one whose date of birth is known."""
        e = self._e
        out = np.zeros(len(left))
        for without, known in ((left, right), (right, left)):
            rows = np.flatnonzero(~e.has_dob[without] & e.has_dob[known])
            rows = rows[(self._group[without[rows]] >= 0) & (e.dataset[known[rows]] >= 0)]
            lift = self._lift[self._group[without[rows]]]
            usual = (lift * self._of_dataset[e.dataset[known[rows]]]).sum(axis=1)
            out[rows] = np.clip(np.log(lift[np.arange(len(rows)), self._band[known[rows]]] / usual), -4.0, 1.0)
        return out


class Frequencies:
    """Shares of the values of one table of records."""

    def __init__(self, e: Encoded) -> None:
        self._e = e

        def word(code: Ints) -> Keys:
            return key_where(code >= 0, code)

        def sound(code: Ints) -> Keys:
            known = np.maximum(code, 0)
            codes = e.words.sound[known] if len(e.words.values) else known
            return key_where(code >= 0, codes)

        def initial(code: Ints) -> Keys:
            known = np.maximum(code, 0)
            codes = e.words.initial[known] if len(e.words.values) else known
            return key_where(code >= 0, codes)

        self._forename, self._forename_sound = _Shares(word(e.forename)), _Shares(sound(e.forename))
        self._initial = _Shares(initial(e.forename))
        self._surname, self._surname_sound = _Shares(word(e.surname)), _Shares(sound(e.surname))
        self._dob = _Shares(key_where(e.has_dob, e.dob))
        self._home, self._postcode = _Shares(e.home), _Shares(key_where(e.postcode >= 0, e.postcode))
        self._middles = Middles(sound(e.forename), sound(e.middle))
        whole = (e.forename >= 0) & (e.surname >= 0)
        if len(e.words.values):
            whole &= ~e.words.single[np.maximum(e.forename, 0)]
        self._name, names = groups(key_where(whole, e.forename, e.surname))
        born = np.flatnonzero((self._name >= 0) & e.has_dob)
        dated = np.unique(mix(self._name[born], e.dob[born]), return_index=True)[1]
        self._born = np.bincount(self._name[born[dated]], minlength=len(names)).astype(float)
        repeats = float((self._born * (self._born - 1)).sum())
        self._namesakes = max(float(self._born.sum()), 1.0) / max(repeats, 1.0)

    def totals(self) -> dict[tuple[str, int], float]:
        """Exact numbers of pairs of records that agree exactly, by comparison and level."""
        whole = ~self._e.words.single if len(self._e.words.values) else np.zeros(0, dtype=bool)
        out = {}
        for name, code in (("forename", self._e.forename), ("surname", self._e.surname)):
            sizes = np.bincount(code[code >= 0], minlength=len(whole))
            out[name, level(name, "exact")] = _pairs(sizes[whole])
        out["dob", level("dob", "exact")] = _pairs(self._dob.sizes)
        out["address", level("address", "home")] = _pairs(self._home.sizes)
        return out

    def postcode_pairs(self) -> float:
        """Number of pairs of records with the same postcode."""
        return _pairs(self._postcode.sizes)

    def within_postcode(self, draws: int, random: np.random.Generator) -> tuple[Ints, Ints]:
        """Randomly drawn pairs with the same postcode, each such pair equally likely."""
        rows = np.flatnonzero(self._postcode.group >= 0)
        order = rows[np.argsort(self._postcode.group[rows], kind="stable")]
        sizes = self._postcode.sizes
        chance = np.cumsum((sizes * (sizes - 1)).astype(float))
        if not len(chance) or chance[-1] == 0:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
        block = np.searchsorted(chance, random.random(draws) * chance[-1], side="right")
        start = np.cumsum(sizes) - sizes
        first = (random.random(draws) * sizes[block]).astype(np.int64)
        second = (random.random(draws) * (sizes[block] - 1)).astype(np.int64)
        second += second >= first
        return order[start[block] + first].astype(np.int32), order[start[block] + second].astype(np.int32)

    def ratios(self, left: Ints, right: Ints, levels: npt.NDArray[np.uint8]) -> dict[str, Floats]:
        """log ratios of pairs by kind: "forename", "surname", "dob", "home" and "name" (namesakes), each a pair."""
        size = len(left)
        forename, surname, dob, address = levels[:, 0], levels[:, 1], levels[:, 3], levels[:, 5]
        out = {kind: np.zeros(size) for kind in ("forename", "middle", "surname", "dob", "home", "name")}

        def put(kind: str, at: npt.NDArray[np.bool_], shares: _Shares, part: float = 1.0) -> None:
            rows = np.flatnonzero(at)
            value = np.maximum(shares.ratio(left[rows]), shares.ratio(right[rows]))
            out[kind][rows] = part * np.clip(value, -6.0, 5.0)

        for name, found, exact, alike in (
            ("forename", forename, self._forename, self._forename_sound),
            ("surname", surname, self._surname, self._surname_sound),
        ):
            put(name, found == level(name, "exact"), exact)
            near = [level(name, "family"), level(name, "close")]
            put(name, np.isin(found, near), alike, 0.7)
        put("forename", forename == level("forename", "initial"), self._initial)
        put("dob", dob == level("dob", "exact"), self._dob)
        out["dob"] = np.maximum(out["dob"], 0.0)
        put("home", address == level("address", "home"), self._home)
        agrees = np.flatnonzero(levels[:, 2] == level("middle", "agrees"))
        out["middle"][agrees] = np.maximum(self._middles.ratio(left[agrees]), self._middles.ratio(right[agrees]))
        both = np.flatnonzero((forename == level("forename", "exact")) & (surname == level("surname", "exact")))
        group = np.maximum(self._name[left[both]], 0)
        out["name"][both] = np.log(np.maximum(self._born[group] - 1, 0.1) * self._namesakes) if len(both) else 0.0
        return out
