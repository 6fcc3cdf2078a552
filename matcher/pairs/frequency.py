"""How common values are: what an agreement on a rare name is worth more than on a common one.

Takes encoded records; gives, for pairs of rows at their levels, log ratios by which strangers, relatives and namesakes
agree on that very value more or less often than on an average one. Also the totals that training needs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from matcher.pairs.comparators import level
from matcher.pairs.compare import nearly_exchanged
from matcher.pairs.encode import BANDS, Encoded, Keys, firsts, key_where, mix
from matcher.pairs.model import Comparison, LinkageModel

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

KINDS = ("forename", "surname", "local", "name", "middle", "sex", "dob", "home", "household", "nearly", "exchanged")
LEAST = -6.0  # log: no value counts as rarer than this against an average one
ALIKE = 0.7  # how much of its rarity a name keeps where two only sound alike
AGES = 2.5  # log: the most that ages can speak for a match
DISTRICT = 200.0  # records by which the share of a surname in a district leans on its share in all
LEAN = 5.0  # bearers of a forename by which its share of a middle name leans on all forenames
NEARLY = 3.0  # log: how much likelier strangers' names are exchanged where one of them is found again nearly only
SEEN = 0.5  # records by which the column of a name leans on either
OTHER_COLUMN = 9.0  # log: the most that the columns in which names mostly stand can say of a pair


def groups(keys: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Group number of each key (-1 for key 0) and sizes of groups."""
    present = np.flatnonzero(keys)
    order = np.argsort(keys[present])
    ordered = keys[present[order]]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    out = np.full(len(keys), -1, dtype=np.int64)
    out[present[order]] = np.cumsum(fresh) - 1
    return out, np.diff(np.append(np.flatnonzero(fresh), len(order)))


def _pairs(sizes: npt.NDArray[np.int64]) -> float:
    return float((sizes * (sizes - 1) // 2).sum())


class _Shares:
    """Shares of values among records that hold one, and the share that an average agreement has."""

    def __init__(self, group: npt.NDArray[np.signedinteger], sizes: npt.NDArray[np.int64]) -> None:
        self.group, self.sizes = group, sizes
        held = max(int(sizes.sum()), 1)
        average = max(float((sizes / held) @ (sizes / held)), 1.0 / held)
        self._log = np.append(np.log(np.maximum(sizes, 2) / held / average), 0.0)
        self.least = max(float(self._log.min()), LEAST)  # of the rarest value

    @classmethod
    def of_codes(cls, codes: npt.NDArray[np.signedinteger]) -> _Shares:
        """Of values that are codes already, -1 = missing."""
        return cls(codes, np.bincount(codes + 1)[1:])

    def ratio(self, rows: Ints) -> Floats:
        """log of a record's value's share against the average one; 0 where the record holds none."""
        return self._log[self.group[rows]]


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


def _local(surname: Keys, district: Ints) -> Floats:
    """log of how much commoner a record's surname is in its district than in all; 0 where either is not told."""
    both = (surname != 0) & (district >= 0)
    name, names = groups(surname)
    pair, pairs = groups(key_where(both, surname, district))
    people = np.bincount(district[district >= 0])
    out = np.zeros(len(surname))
    at = np.flatnonzero(both)
    overall = names[name[at]] / max(int(names.sum()), 1)
    here = (pairs[pair[at]] - 1 + DISTRICT * overall) / (people[district[at]] - 1 + DISTRICT)
    out[at] = np.clip(np.log(here / overall), -1.0, 4.0)
    return out


def _together(e: Encoded, forename: Keys, surname: Keys) -> Floats:
    """log of how much commoner a record's forename and surname are together than apart, by sound; 0 where they are not."""
    both = (forename != 0) & (surname != 0)
    (first, _), (last, _) = groups(forename), groups(surname)
    name, names = groups(key_where(both, first, last))
    born = np.flatnonzero(both & e.has_dob)
    born = born[firsts(mix(name[born], e.dob[born]))]
    people = np.bincount(name[born], minlength=len(names)).astype(float)
    forenames, surnames = (np.bincount(of[born], minlength=int(of.max(initial=-1)) + 1) for of in (first, last))
    out = np.zeros(e.size)
    at = np.flatnonzero(both)
    usual = forenames[first[at]] * surnames[last[at]] / max(len(born), 1)
    others = np.maximum(people[name[at]] - 1.0, 0.0)
    out[at] = np.clip(np.log((others + 0.5) / (usual + 0.5)), 0.0, 4.0)
    return out


def _full_names(
    e: Encoded, forename: Ints, surname: Ints, whole: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Group of each record's full name (-1: none), and by group log of how many others bear it against the average."""
    name = np.full(len(whole), -1, dtype=np.int64)
    name[whole], names = pd.factorize(forename[whole].astype(np.int64) << 32 | surname[whole])
    dated = np.flatnonzero(whole & e.has_dob)
    packed = np.sort(name[dated] << 32 | (e.dob[dated].astype(np.int64) + (1 << 31)))
    fresh = np.ones(len(packed), dtype=bool)
    fresh[1:] = packed[1:] != packed[:-1]
    born = np.bincount(packed[fresh] >> 32, minlength=len(names)).astype(float)
    average = max(float(born @ (born - 1)), 1.0) / max(float(born.sum()), 1.0)
    return name, np.append(np.log(np.maximum(born - 1, 0.1) / average), 0.0)  # 0: of what is no whole name


def _astray(forename: tuple[Ints, list[str]], surname: tuple[Ints, list[str]]) -> Floats:
    """log of how much likelier a record's two names stand in each other's column than in their own, by the records that
    have the same value in either; 0 where one is missing. A record's own entry does not count. That the names of a pair cross
    is not looked at: columns that are compared as they stand are compared with themselves alone."""
    of = [np.bincount(codes[codes >= 0], minlength=len(values)).astype(float) for codes, values in (forename, surname)]
    out = np.zeros(len(forename[0]))
    for (codes, values), own, other, others in zip(
        (forename, surname), of, of[::-1], (surname[1], forename[1]), strict=True
    ):
        known = dict(zip(others, other.tolist(), strict=True))
        beside = np.fromiter((known.get(value, 0.0) for value in values), dtype=float, count=len(values))
        out += np.append(np.log((beside + SEEN) / (np.maximum(own - 1, 0.0) + SEEN)), 0.0)[codes]
    out[(forename[0] < 0) | (surname[0] < 0)] = 0.0
    return out


def _households(home: _Shares, surname: Ints) -> float:
    """log of how much larger the home of an average record is than that of an average pair with one surname there: an
    institution holds many pairs, few of them relatives."""
    both = np.flatnonzero((home.group >= 0) & (surname >= 0))
    pairs = np.sort(home.group[both].astype(np.int64) << 32 | surname[both])
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    alike = np.diff(np.append(first, len(pairs))).astype(float)
    alike *= alike - 1
    every = home.sizes.astype(float)
    if not alike.sum():
        return 0.0
    return float(np.log((every @ every / every.sum()) / (alike @ every[pairs[first] >> 32] / alike.sum())))


class Ages:
    """Whom a data set holds, by age: what a record without a date of birth tells of its person's age all the same.

    A tenant is hardly a pupil, nor is an owner's mother. Shares are those of this month's records; small groups lean on all records.
    """

    def __init__(self, e: Encoded) -> None:
        self._e = e
        if not e.datasets:
            return
        self._band = e.age_band
        count = len(BANDS) + 1
        self._group = groups(mix(e.dataset, e.role, e.titled))[0]

        def shares(group: npt.NDArray[np.int64], size: int, lean: Floats) -> Floats:
            held = e.has_dob & (group >= 0)
            counts = np.bincount(group[held] * count + self._band[held], minlength=size * count).reshape(size, count)
            return (counts + 20.0 * lean) / (counts.sum(axis=1, keepdims=True) + 20.0)

        sets, size = max(len(e.datasets), 1), int(self._group.max(initial=-1)) + 1
        everyone = shares(np.zeros(e.size, dtype=np.int64), 1, np.full(count, 1 / count))
        of_dataset = shares(e.dataset.astype(np.int64), sets, everyone)
        within = np.zeros(size, dtype=np.int64)
        within[self._group] = e.dataset
        self._lift = shares(self._group, size, of_dataset[within]) / everyone
        self._usual = (of_dataset / everyone) @ of_dataset.T  # of two data sets, whatever the role

    def ratio(self, left: Ints, right: Ints) -> Floats:
        """log by how much likelier a match of the pair is for the age of the one whose date of birth is known."""
        e = self._e
        out = np.zeros(len(left))
        if not e.datasets:
            return out
        for without, known in ((left, right), (right, left)):
            rows = np.flatnonzero(~e.has_dob[without] & e.has_dob[known])
            rows = rows[(e.dataset[without[rows]] >= 0) & (e.dataset[known[rows]] >= 0)]
            lift = self._lift[self._group[without[rows]], self._band[known[rows]]]
            usual = self._usual[e.dataset[without[rows]], e.dataset[known[rows]]]
            out[rows] = np.clip(np.log(lift / usual), -7.0, AGES)
        return out


def _named(e: Encoded, comparison: Comparison | None) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Codes of the names that a comparison reads (-1: missing), and by code whether a name is whole, not an initial."""
    if comparison is None:
        return np.full(e.size, -1, dtype=np.int32), np.zeros(0, dtype=bool)
    if comparison.field:
        codes, values = e.values[comparison.field]
        return codes, np.array([len(value) > 1 for value in values], dtype=bool)
    return {"given": e.forename, "family": e.surname}[comparison.role], ~e.words.single


class Frequencies:
    """Shares of the values of one table of records, by the comparisons of a model."""

    def __init__(self, e: Encoded, model: LinkageModel) -> None:
        self._e, self._layout = e, model.layout
        given, family = model.of_role("given"), model.of_role("family")
        self._names = {"forename": _named(e, given), "surname": _named(e, family)}
        self._comparisons = {"forename": given, "surname": family}
        forename, surname = self._names["forename"][0], self._names["surname"][0]
        self._exact = {kind: _Shares.of_codes(code) for kind, (code, _) in self._names.items()}
        # Names that sound alike share their frequency where the comparator knows of sounds.
        rich = given is not None and not given.field
        self._alike: dict[str, _Shares] = {}
        self._initial: _Shares | None = None
        self._middles: Middles | None = None
        self._local: Floats | None = None
        self._together: Floats | None = None
        if rich and len(e.words.values):
            self._alike = {
                kind: _Shares(*groups(self._by(e.words.sound, code))) for kind, (code, _) in self._names.items()
            }
            self._initial = _Shares(*groups(self._by(e.words.initial, e.forename)))
            self._local = _local(self._by(e.words.sound, e.surname), e.district)
            self._together = _together(e, *(self._by(e.words.sound, code) for code in (e.forename, e.surname)))
            self._middles = Middles(self._by(e.words.sound, e.forename), self._by(e.words.sound, e.middle))
        self._astray: Floats | None = None
        if "exchanged" in model.classes:
            self._astray = _astray(*(e.values[of.field] for of in (given, family) if of is not None))
        self._dob = _Shares.of_codes(np.where(e.has_dob, e.dob - e.dob.min(initial=0), -1))
        place = model.of_role("place")
        postcode = e.values[place.field][0] if place is not None and place.field else e.postcode
        self._postcode = _Shares.of_codes(postcode)
        self._home = _Shares(*groups(e.home)) if place is not None and not place.field else self._postcode
        self._household = _households(self._home, surname)
        whole = (forename >= 0) & (surname >= 0)
        if len(self._names["forename"][1]):
            whole &= self._names["forename"][1][np.maximum(forename, 0)]
        self._full_names = [_full_names(e, forename, surname, whole)]
        if self._alike:  # two Mohammeds are namesakes if they are called alike
            in_front = e.words.prefix[np.maximum(forename, 0)] & (e.middle >= 0)
            self._full_names.append(_full_names(e, np.where(in_front, e.given, forename), surname, whole))

    @staticmethod
    def _by(attribute: Ints, code: Ints) -> Keys:
        """Keys of an attribute of names; 0 for missing names."""
        return key_where(code >= 0, attribute[np.maximum(code, 0)])

    def _level(self, role: str, name: str) -> tuple[str, int] | None:
        """Comparison and number of a level, None where the model has none such."""
        place = self._layout.place(role)
        if place is None or name not in self._layout.levels[place]:
            return None
        return self._layout.names[place], level(self._layout.comparators[place], name)

    def totals(self) -> dict[tuple[str, int], float]:
        """Exact numbers of pairs of records that agree exactly, by comparison and level."""
        out: dict[tuple[str, int], float] = {}
        for role, kind in (("given", "forename"), ("family", "surname")):
            at = self._level(role, "exact")
            code, whole = self._names[kind]
            if at is not None:
                out[at] = _pairs(np.bincount(code[code >= 0], minlength=len(whole))[whole])
        if (at := self._level("birth", "exact")) is not None:
            out[at] = _pairs(self._dob.sizes)
        for name in ("home", "exact"):
            if (at := self._level("place", name)) is not None:
                out[at] = _pairs(self._home.sizes)
        return out

    def postcode_pairs(self) -> float:
        """Number of pairs of records with the same postcode."""
        return _pairs(self._postcode.sizes)

    def within_postcode(self, draws: int, random: np.random.Generator) -> tuple[Ints, Ints]:
        """Randomly drawn pairs with the same postcode, each such pair equally likely."""
        rows = self._e.order[self._postcode.group[self._e.order] >= 0]  # the same draws wherever rows stand
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
        """log ratios of pairs by kind: how much likelier strangers agree so than on average ("name": namesakes, "household":
        relatives), and of "exchanged" how much likelier one person's names do."""
        size, at = len(left), self._layout.at
        out = {kind: np.zeros(size) for kind in KINDS}

        def put(
            kind: str, chosen: npt.NDArray[np.bool_], shares: _Shares, part: float = 1.0, one: bool = False
        ) -> None:
            rows = np.flatnonzero(chosen)
            value = shares.ratio(left[rows])
            if not one:  # the two values are not the same
                value = np.maximum(value, shares.ratio(right[rows]))
            out[kind][rows] = part * np.clip(value, LEAST, 5.0)

        for kind, role in (("forename", "given"), ("surname", "family")):
            put(kind, at(levels, role, "exact"), self._exact[kind], one=True)
            if kind in self._alike:
                put(kind, at(levels, role, "family", "close"), self._alike[kind], ALIKE)
        if self._initial is not None:
            self._used(left, right, at(levels, "given", "family"), out["forename"])
            put("forename", at(levels, "given", "initial"), self._initial, one=True)
        if self._alike:
            swapped = np.flatnonzero(at(levels, "given", "swapped"))
            value = sum(
                np.maximum(shares.ratio(left[swapped]), shares.ratio(right[swapped])) for shares in self._alike.values()
            )
            out["forename"][swapped] = ALIKE * np.clip(value, LEAST, 8.0)
            out["nearly"][swapped] = NEARLY * nearly_exchanged(self._e, left[swapped], right[swapped])
        if self._local is not None:
            around = at(levels, "place", "home", "building", "door", "postcode", "neighbour")
            near = np.flatnonzero(around & at(levels, "family", "exact", "part", "family", "close", "middle", "near"))
            out["local"][near] = np.maximum(np.minimum(self._local[left[near]], self._local[right[near]]), 0.0)
        if self._together is not None:
            alike = at(levels, "given", "exact", "family", "close") & at(levels, "family", "exact", "family", "close")
            named = np.flatnonzero(alike & ~(at(levels, "given", "exact") & at(levels, "family", "exact")))
            out["surname"][named] += np.minimum(self._together[left[named]], self._together[right[named]])
        put("dob", at(levels, "birth", "exact"), self._dob, one=True)
        out["dob"] = np.maximum(out["dob"], 0.0)
        put("home", at(levels, "place", "home", "exact"), self._home)
        out["household"][at(levels, "place", "home", "exact")] = self._household
        if self._middles is not None:
            agrees = np.flatnonzero(at(levels, "middle", "agrees"))
            out["middle"][agrees] = np.maximum(self._middles.ratio(left[agrees]), self._middles.ratio(right[agrees]))
        if self._astray is not None:
            neither = np.flatnonzero(
                at(levels, "given", "similar", "different") & at(levels, "family", "similar", "different")
            )
            value = np.logaddexp(self._astray[left[neither]], self._astray[right[neither]]) - np.log(2.0)
            out["exchanged"][neither] = np.clip(value, -OTHER_COLUMN, OTHER_COLUMN)
        if self._alike:  # of one forename, strangers too are of one sex
            named = np.flatnonzero(at(levels, "sex", "same") & at(levels, "given", "exact", "family", "close"))
            mixed = np.any([self._e.of_both_sexes[self._e.forename[of[named]]] for of in (left, right)], axis=0)
            out["sex"][named] = np.where(mixed, 0.0, np.log(2.0))
        both = np.flatnonzero(at(levels, "given", "exact") & at(levels, "family", "exact"))
        for name, others in self._full_names:
            one = both[name[left[both]] == name[right[both]]]
            out["name"][one] = others[name[left[one]]]
        return out

    def _used(self, left: Ints, right: Ints, alike: npt.NDArray[np.bool_], out: Floats) -> None:
        """Of pairs whose forenames are `alike` because one of them leaves out Mohammed or the like: how common is the name used."""
        prefix, forename = self._e.words.prefix, self._e.forename
        rows = np.flatnonzero(alike)
        rows = rows[prefix[forename[left[rows]]] ^ prefix[forename[right[rows]]]]
        used = np.where(prefix[forename[left[rows]]], right[rows], left[rows])
        out[rows] = ALIKE * np.clip(self._alike["forename"].ratio(used), LEAST, 5.0)

    def least(self, levels: npt.NDArray[np.uint8]) -> dict[str, Floats]:
        """What of `ratios` makes the weight at levels highest, whatever the values: of strangers' the lowest, as the rarest of all
        would give, of "exchanged" the highest."""
        at = self._layout.at

        def where(chosen: npt.NDArray[np.bool_], low: float) -> Floats:
            return np.where(chosen, low, 0.0)

        names = {
            kind: where(at(levels, role, "exact"), self._exact[kind].least)
            + where(at(levels, role, "family", "close", "initial", "swapped"), LEAST)
            for kind, role in (("forename", "given"), ("surname", "family"))
        }
        both = at(levels, "given", "exact") & at(levels, "family", "exact")
        return {
            **names,
            "middle": where(at(levels, "middle", "agrees"), -4.0),
            "dob": np.zeros(len(levels)),
            "nearly": np.zeros(len(levels)),
            "sex": np.zeros(len(levels)),
            "local": np.zeros(len(levels)),
            "home": where(at(levels, "place", "home", "exact"), self._home.least),
            "name": where(both, min(float(others.min()) for _, others in self._full_names)),
            "household": where(at(levels, "place", "home", "exact"), self._household),
            # Else every two people of one date of birth might be one.
            "exchanged": where(
                at(levels, "birth", "exact", "swapped", "one_edit") & at(levels, "place", "exact", "one_edit"),
                OTHER_COLUMN,
            ),
        }
