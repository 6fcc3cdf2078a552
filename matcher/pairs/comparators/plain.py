"""Plain comparators, those that any person table can be given: texts, dates and postcodes by edits, all by code.

Takes the distinct values of a column once (codes are places in that list) and then arrays of codes, a code below 0 being a
missing value; gives uint8 levels, best first from 1, 0 = missing. What most pairs are, equal or far apart, is told from
integers; only what is left is compared letter by letter. A similarity is at a threshold if it is within 1e-9 of it: some
pairs of names are at exactly 0.8, and libraries differ in how they round there. Tables are read only: threads may share one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cdist, cpdist

from matcher.pairs.comparators.dates import one_digit

Ints = npt.NDArray[np.signedinteger]
Longs = npt.NDArray[np.uint64]
Levels = npt.NDArray[np.uint8]

COMMONEST = 600  # values of which every pair is compared beforehand
NEAR = 1e-9
MARGIN = 1e-5  # by which cut-offs are set lower: rapidfuzz rounds its own
PORTION = 1 << 16  # values whose letters are counted at once
PREFIX = 0.1  # what each of the first four letters adds by Jaro-Winkler, of what lacks
BOOSTED = 0.7  # similarity by Jaro from which it adds it


def exact_levels(left: Ints, right: Ints) -> Levels:
    """1 the same, 2 different."""
    out = (left != right).view(np.uint8) + np.uint8(1)
    out *= (left | right) >= 0
    return out


class Letters:
    """What the letters of texts tell of their similarity before it is computed, by code.

    A bag has two bits for each of 32 kinds of letters: at least one, at least two. What two texts have in common is at most
    what their bags have in common and the lesser of what these do not hold.
    """

    def __init__(self, values: Sequence[str]) -> None:
        size = len(values)
        self.lengths = np.fromiter(map(len, values), dtype=np.int32, count=size)
        self.bags, self._heads = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        self._beyond = np.zeros(size, np.uint8)  # letters that the bag does not hold
        for start in range(0, size, PORTION):
            part = slice(start, min(start + PORTION, size))
            letters = np.frombuffer("".join(values[part]).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            count = self.lengths[part]
            text = np.repeat(np.arange(len(count)), count)
            first = np.cumsum(count) - count
            kinds = np.bincount(text * 32 + (letters & 31), minlength=32 * len(count)).reshape(-1, 32)
            once, twice = (
                np.packbits(kinds >= n, axis=1, bitorder="little").view("<u4").astype(np.uint64).ravel() for n in (1, 2)
            )
            self.bags[part] = once | twice << np.uint64(32)
            self._beyond[part] = np.minimum(count - np.bitwise_count(self.bags[part]), 255)
            for place in range(4):
                has = np.flatnonzero(count > place)
                letter = (letters[first[has] + place] & 0xFFFF).astype(np.uint64)
                self._heads[start + has] |= letter << np.uint64(16 * place)

    def at_most(self, a: Ints, b: Ints) -> npt.NDArray[np.float32]:
        """An upper bound of the similarity after Jaro and Winkler: as if all letters in common were near and in order."""
        shared = np.bitwise_count(self.bags.take(a) & self.bags.take(b)) + np.minimum(
            self._beyond.take(a), self._beyond.take(b)
        )
        x, y = self.lengths.take(a).astype(np.float32), self.lengths.take(b).astype(np.float32)
        jaro = (shared / x + shared / y + np.float32(1)) / np.float32(3)
        differ = self._heads.take(a) ^ self._heads.take(b)
        same = np.zeros(len(a), dtype=np.uint8)
        for letters in range(1, 5):
            same += differ & np.uint64((1 << 16 * letters) - 1) == 0
        boosted = jaro + PREFIX * same * (np.float32(1) - jaro)
        bound: npt.NDArray[np.float32] = np.where(jaro > BOOSTED - MARGIN, boosted, jaro)
        return np.where(shared > 0, bound, np.float32(0))


def similarities(
    letters: Letters, values: npt.NDArray[np.object_], a: Ints, b: Ints, least: float
) -> npt.NDArray[np.float64]:
    """Similarities after Jaro and Winkler of pairs of texts by code; 0 where they are below `least`."""
    out = np.zeros(len(a))
    near = np.flatnonzero(letters.at_most(a, b) >= least - MARGIN)
    x, y = values[a[near]], values[b[near]]
    out[near] = cpdist(x, y, scorer=JaroWinkler.similarity, score_cutoff=least - MARGIN, dtype=np.float64)
    return out


class NameTable:
    """Names by similarity after Jaro and Winkler: 1 exact, then one level for each threshold, then different."""

    def __init__(self, values: Sequence[str], thresholds: Sequence[float] = (0.92, 0.8)) -> None:
        self._values = np.array([*values, ""], dtype=object)[:-1]
        self._thresholds = tuple(sorted(thresholds, reverse=True))
        self._least = self._thresholds[-1]
        self._letters = Letters(values)
        common = self._values[:COMMONEST]
        least = self._least - MARGIN
        dense = cdist(common, common, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float64)
        self._dense = self._graded(dense)
        np.fill_diagonal(self._dense, 1)

    def _graded(self, similarity: npt.NDArray[np.float64]) -> Levels:
        out = np.full(similarity.shape, len(self._thresholds) + 2, dtype=np.uint8)
        for threshold in self._thresholds:
            out -= similarity >= threshold - NEAR
        return out

    def levels(self, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of names by code."""
        out = exact_levels(left, right)
        rest = np.flatnonzero(out == 2)
        a, b = left[rest], right[rest]
        common = (a < len(self._dense)) & (b < len(self._dense))
        known = np.flatnonzero(common)
        found = np.full(len(rest), len(self._thresholds) + 2, dtype=np.uint8)
        found[known] = self._dense.take(a[known] * np.int64(len(self._dense)) + b[known])
        open_ = np.flatnonzero(~common)
        score = similarities(self._letters, self._values, a[open_], b[open_], self._least)
        found[open_] = self._graded(score)
        out[rest] = found
        return out


class DateTable:
    """Dates: 1 exact, 2 day and month exchanged, 3 one edit of YYYYMMDD, 4 years at most one apart, 5 different.

    One edit is one digit or two neighbouring digits exchanged: texts of one length are not one insertion apart.
    """

    def __init__(self, values: Sequence[str]) -> None:
        """`values` as YYYY-MM-DD."""
        days = np.array(values, dtype="datetime64[D]")
        months = days.astype("datetime64[M]")
        month = months.astype(np.int64) % 12 + 1
        self._years = (months.astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.int32)
        number = self._years * 10_000 + month * 100 + (days - months).astype(np.int64) + 1
        self._digits = np.zeros(len(days), dtype=np.uint32)  # one a nibble
        for place in range(8):
            self._digits |= (number // 10**place % 10).astype(np.uint32) << np.uint32(4 * place)

    def levels(self, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of dates by code."""
        out = exact_levels(left, right)
        rest = np.flatnonzero(out == 2)
        a, b = left[rest], right[rest]
        x, y = self._digits.take(a), self._digits.take(b)
        found = np.where(np.abs(self._years.take(a) - self._years.take(b)) <= 1, np.uint8(4), np.uint8(5))
        found[one_digit(x, y)] = 3
        exchanged = (
            (x & np.uint32(0xFFFF0000)) | (x & np.uint32(0xFF)) << np.uint32(8) | x >> np.uint32(8) & np.uint32(0xFF)
        )
        found[exchanged == y] = 2
        out[rest] = found
        return out


class PostcodeTable:
    """Postcodes: 1 exact, 2 one edit, 3 the same text before the first space, 4 different.

    One edit is a letter more, less or other, or two neighbouring letters exchanged.
    """

    def __init__(self, values: Sequence[str]) -> None:
        self._values = np.array([*values, ""], dtype=object)[:-1]
        self._letters = Letters(values)
        seen: dict[str, int] = {}
        districts = (seen.setdefault(text.split(" ", 1)[0], len(seen)) for text in values)
        self._district = np.fromiter(districts, dtype=np.int32, count=len(values))
        plain = [text if len(text) <= 8 and text.isascii() else "" for text in values]
        self._plain = np.fromiter(map(bool, plain), dtype=bool, count=len(values))
        self._text = np.array([*plain, ""], dtype="S8").view(np.uint64)[:-1]

    def levels(self, left: Ints, right: Ints) -> Levels:
        """Levels of pairs of postcodes by code."""
        out = exact_levels(left, right)
        rest = np.flatnonzero(out == 2)
        a, b = left[rest], right[rest]
        found = np.where(self._district.take(a) == self._district.take(b), np.uint8(3), np.uint8(4))
        # An edit changes at most two kinds' counts: by one each.
        near = np.flatnonzero(np.bitwise_count(self._letters.bags.take(a) ^ self._letters.bags.take(b)) <= 2)
        a, b = a[near], b[near]
        apart = np.abs(self._letters.lengths.take(a) - self._letters.lengths.take(b))
        short = (apart == 0) & self._plain.take(a) & self._plain.take(b)
        here = np.flatnonzero(short)
        found[near[here[one_edit(self._text[a[here]], self._text[b[here]])]]] = 2
        here = np.flatnonzero(~short & (apart <= 1))
        edits = cpdist(
            self._values[a[here]], self._values[b[here]], scorer=OSA.distance, score_cutoff=1, dtype=np.int32
        )
        found[near[here[edits <= 1]]] = 2
        out[rest] = found
        return out


def one_edit(x: Longs, y: Longs) -> npt.NDArray[np.bool_]:
    """Whether texts of one length of up to eight bytes differ in one byte or in two neighbours exchanged."""
    differ = x ^ y
    places = differ | differ >> np.uint64(4)
    places |= places >> np.uint64(2)
    places = (places | places >> np.uint64(1)) & np.uint64(0x0101010101010101)
    count = np.bitwise_count(places)
    out = count == 1
    two = np.flatnonzero((count == 2) & (places & places >> np.uint64(8) != 0))
    low = places[two] & (~places[two] + np.uint64(1))
    p, q = x[two] // low, y[two] // low
    byte, eight = np.uint64(0xFF), np.uint64(8)
    out[two] = (p & byte == q >> eight & byte) & (q & byte == p >> eight & byte)
    return out
