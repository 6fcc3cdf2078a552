"""Pairs of records -> levels: one column a comparison, in the model's order.

Takes encoded records and two arrays of row numbers; gives uint8 levels, 0 = missing. Where forename and surname are
exchanged, the forename's level says so and the surname's is missing, lest it be counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level
from matcher.pairs.comparators.addresses import address_levels
from matcher.pairs.comparators.dates import dob_levels
from matcher.pairs.comparators.identifiers import identifier_levels
from matcher.pairs.comparators.names import name_levels
from matcher.pairs.comparators.plain import DateTable, NameTable, PostcodeTable, exact_levels
from matcher.pairs.encode import Encoded
from matcher.pairs.model import Comparison, LinkageModel

Ints = npt.NDArray[np.signedinteger]
Levels = npt.NDArray[np.uint8]


def _alike(e: Encoded, a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
    """Two whole names that are equal or sound alike; initials and missing names are not."""
    present = (a >= 0) & (b >= 0)
    x, y = np.maximum(a, 0), np.maximum(b, 0)
    whole = ~e.words.single[x] & ~e.words.single[y]
    return present & ((a == b) | ((e.words.sound[x] == e.words.sound[y]) & whole)) & whole


def _begins(e: Encoded, a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
    """The first name is an initial, and that of the second, whole one."""
    x, y = np.maximum(a, 0), np.maximum(b, 0)
    return (a >= 0) & (b >= 0) & e.words.single[x] & ~e.words.single[y] & (e.words.initial[x] == e.words.initial[y])


def _near(e: Encoded, a: Ints, b: Ints) -> npt.NDArray[np.bool_]:
    """Two whole names that are nearly alike, whichever of forename and surname they are."""
    whole = (a >= 0) & (b >= 0) & ~e.words.single[np.maximum(a, 0)] & ~e.words.single[np.maximum(b, 0)]
    kinds = ("forename", "surname")
    return whole & np.any([name_levels(e.words, a, b, kind) <= level(kind, "near") for kind in kinds], axis=0)


def nearly_exchanged(e: Encoded, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Of pairs whose names are exchanged: where one of the two names is found again, and the other nearly only."""
    return _turned(e, left, right)[2]


def _turned(e: Encoded, i: Ints, j: Ints) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Pairs in which the first forename is the second surname or a part of it, the other way round, and those in which only one
    of them is and the other is nearly."""
    f, g, s, t = e.forename[i], e.forename[j], e.surname[i], e.surname[j]
    there = _alike(e, f, t) | _alike(e, f, e.part_1[j]) | _alike(e, f, e.part_2[j])
    back = _alike(e, g, s) | _alike(e, g, e.part_1[i]) | _alike(e, g, e.part_2[i])
    once = np.flatnonzero(there ^ back)
    nearly = np.zeros(len(i), dtype=bool)
    nearly[once] = _near(e, np.where(there, g, f)[once], np.where(there, s, t)[once])
    return there, back, nearly


def _surnames(e: Encoded, left: Ints, right: Ints) -> Levels:
    out = name_levels(e.words, e.surname[left], e.surname[right], "surname")
    apart = np.flatnonzero(out >= level("surname", "near"))
    if len(apart):
        apart = apart[(e.middle[left[apart]] >= 0) | (e.middle[right[apart]] >= 0)]
        i, j = left[apart], right[apart]
        moved = _alike(e, e.surname[i], e.middle[j]) | _alike(e, e.middle[i], e.surname[j])
        out[apart[moved & _alike(e, e.forename[i], e.forename[j])]] = level("surname", "middle")
    double = np.flatnonzero((out > 1) & ((e.part_1[left] >= 0) | (e.part_1[right] >= 0)))
    if len(double):
        i, j = left[double], right[double]
        shared = np.zeros(len(double), dtype=bool)
        for a in (e.surname[i], e.part_1[i], e.part_2[i]):
            for b in (e.surname[j], e.part_1[j], e.part_2[j]):
                shared |= (a >= 0) & (a == b)
        out[double[shared]] = level("surname", "part")
    return out


def _forenames(e: Encoded, left: Ints, right: Ints, surnames: Levels) -> Levels:
    out = name_levels(e.words, e.forename[left], e.forename[right], "forename")
    rest = np.flatnonzero(out > level("forename", "close"))
    if not len(rest):
        return out
    i, j = left[rest], right[rest]
    found = out[rest]
    f, g = e.forename[i], e.forename[j]
    single_f, single_g = e.words.single[np.maximum(f, 0)], e.words.single[np.maximum(g, 0)]
    # Only where a forename sounds as another name of the other record, or is an initial, can it be one in another place.
    forenames, others = e.sounds
    crossed = ((forenames[i] & others[j]) | (others[i] & forenames[j])) != 0
    crossed = np.flatnonzero(crossed | single_f | single_g)
    found[crossed] = _elsewhere(e, i[crossed], j[crossed], surnames[rest[crossed]], found[crossed])
    split = (e.given[i] == e.given[j]) | (e.given[i] == g) | (f == e.given[j])
    found[split & (f >= 0) & (g >= 0) & ~single_f & ~single_g] = level("forename", "family")
    in_front = e.words.prefix[np.maximum(f, 0)]
    prefix = np.flatnonzero((found == level("forename", "different")) & (in_front ^ e.words.prefix[np.maximum(g, 0)]))
    bare = np.where(in_front[prefix], e.middle[i[prefix]], e.middle[j[prefix]]) < 0  # the name used is not given there
    found[prefix[bare]] = level("forename", "prefix")
    out[rest] = found
    return out


def _elsewhere(e: Encoded, i: Ints, j: Ints, surnames: Levels, found: Levels) -> Levels:
    """The levels `found` of forenames, but where a forename is the other's middle name, or names are exchanged."""
    f, g, s, t = e.forename[i], e.forename[j], e.surname[i], e.surname[j]
    middle = _alike(e, f, e.middle[j]) | _alike(e, e.middle[i], g)
    there, back, nearly = _turned(e, i, j)
    there |= nearly  # exchanged and mistyped
    back |= nearly
    # An initial in the wrong place: "S CAMWICKE" against "CAMWICKE SALLY".
    there |= _begins(e, f, t)
    back |= _begins(e, g, s)
    home = _alike(e, s, e.middle[j]) & _alike(e, e.middle[i], t)
    around = (there & (back | _alike(e, s, e.middle[j]))) | (back & _alike(e, t, e.middle[i]))
    around |= middle & home
    found[middle & (surnames != level("surname", "different"))] = level("forename", "middle")
    # The name used stands second, behind a name as Mohammed: it is the forename, written out or as an initial.
    behind_f, behind_g = e.words.prefix[np.maximum(f, 0)], e.words.prefix[np.maximum(g, 0)]
    found[middle & (behind_f ^ behind_g)] = level("forename", "family")
    used = (behind_g & _begins(e, f, e.middle[j])) | (behind_f & _begins(e, g, e.middle[i]))
    found[used & (found == level("forename", "different"))] = level("forename", "initial")
    weak = (surnames > level("surname", "close")) | (surnames == 0)
    found[around & (weak | (found == level("forename", "different")))] = level("forename", "swapped")
    return found


def _middles(e: Encoded, left: Ints, right: Ints) -> Levels:
    a, b = e.middle[left], e.middle[right]
    out = np.zeros(len(left), dtype=np.uint8)
    both = np.flatnonzero((a >= 0) & (b >= 0))
    if len(both):
        found = name_levels(e.words, a[both], b[both], "forename")
        agrees = found <= level("forename", "initial")
        out[both] = np.where(agrees, level("middle", "agrees"), level("middle", "different"))
    return out


def _called_apart(e: Encoded, left: Ints, right: Ints, forenames: Levels, middles: Levels) -> npt.NDArray[np.intp]:
    """Pairs of two Mohammeds or the like who are not called alike: their middle names are what their forenames are to others."""
    rows = np.flatnonzero(middles == level("middle", "different"))
    rows = rows[(forenames[rows] > 0) & (forenames[rows] <= level("forename", "close"))]
    return rows[e.words.prefix[e.forename[left[rows]]] & e.words.prefix[e.forename[right[rows]]]]


def _sexes(e: Encoded, left: Ints, right: Ints) -> Levels:
    a, b = e.sex[left], e.sex[right]
    levels = np.where((a & 1) == (b & 1), level("sex", "same"), level("sex", "different"))
    named = (a == b) & (a > 1)  # the name that tells it has been compared
    return np.where((a < 0) | (b < 0) | named, 0, levels).astype(np.uint8)


class Candidates:
    """Pairs of rows with what several comparators share: the three parts of a full name are compared together."""

    def __init__(self, e: Encoded, left: Ints, right: Ints) -> None:
        self.e, self.left, self.right = e, left, right

    @cached_property
    def full_name(self) -> tuple[Levels, Levels, Levels]:
        """Levels of forename, surname and middle name."""
        surname = _surnames(self.e, self.left, self.right)
        forename = _forenames(self.e, self.left, self.right, surname)
        middle = _middles(self.e, self.left, self.right)
        swapped = forename == level("forename", "swapped")
        surname[swapped] = 0
        middle[forename == level("forename", "middle")] = 0
        turned, e = np.flatnonzero(swapped), self.e
        i, j = self.left[turned], self.right[turned]
        exchanged = _alike(e, e.forename[i], e.surname[j]) & _alike(e, e.forename[j], e.surname[i])
        middle[turned[~exchanged]] = 0  # it took part in the turn
        apart = _called_apart(e, self.left, self.right, forename, middle)
        forename[apart] = name_levels(e.words, e.middle[self.left[apart]], e.middle[self.right[apart]], "forename")
        middle[apart] = 0
        return forename, surname, middle

    def dob(self) -> Levels:
        e, left, right = self.e, self.left, self.right
        return dob_levels(e.dob[left], e.dob[right], ~(e.has_dob[left] & e.has_dob[right]))


OF_THE_RECORD: dict[str, Callable[[Candidates], Levels]] = {
    "forename": lambda pairs: pairs.full_name[0],
    "surname": lambda pairs: pairs.full_name[1],
    "middle": lambda pairs: pairs.full_name[2],
    "dob": Candidates.dob,
    "sex": lambda pairs: _sexes(pairs.e, pairs.left, pairs.right),
    "address": lambda pairs: address_levels(pairs.e, pairs.left, pairs.right),
    "identifier": lambda pairs: identifier_levels(pairs.e, pairs.left, pairs.right),
}
OF_A_VALUE: dict[str, Callable[[list[str], Comparison], Callable[[Ints, Ints], Levels]]] = {
    "jaro_winkler": lambda values, of: NameTable(values, of.thresholds).levels,
    "date": lambda values, _: DateTable(values).levels,
    "postcode": lambda values, _: PostcodeTable(values).levels,
    "equal": lambda values, _: exact_levels,
}


class Comparer:
    """The comparisons of a model over one table of records; what a column's values need is prepared once."""

    def __init__(self, e: Encoded, model: LinkageModel) -> None:
        self._e, self._comparisons, self._layout = e, model.comparison, model.layout
        self._by_value = {
            c.name: OF_A_VALUE[c.comparator](e.values[c.field][1], c)
            for c in model.comparison
            if c.comparator in OF_A_VALUE
        }

    def _columns(self, left: Ints, right: Ints) -> Iterator[Levels]:
        """Levels of pairs of rows, comparison by comparison."""
        low, high = left.astype(np.intp), right.astype(np.intp)  # once, not at each look-up
        pairs = Candidates(self._e, low, high)
        for comparison in self._comparisons:
            by_value = self._by_value.get(comparison.name)
            if by_value is None:
                yield OF_THE_RECORD[comparison.comparator](pairs)
            else:
                code = self._e.values[comparison.field][0]
                yield by_value(code.take(low), code.take(high))

    def levels(self, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of rows, shape (pairs, comparisons)."""
        return np.stack(list(self._columns(left, right))).T

    def patterns(self, left: Ints, right: Ints) -> Ints:
        """Patterns of pairs of rows."""
        return self._layout.packed(len(left), self._columns(left, right))
