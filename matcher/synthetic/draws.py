"""Random draws that depend on a seed and on what is drawn for, never on the order in which things are made.

Takes a seed, a purpose and a number (of a person, a household, a record); gives a stream of draws. The same three always
give the same stream, so that the life of a person or the slip of a clerk is the same in every month of one county.
Refuses nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import log
from typing import TypeVar

T = TypeVar("T")

HOUSEHOLD, PERSON, PLACE, DWELLING, TROUBLE, SCHOOL, RECORD, FACT, NAMES, ROWS, MOVES = range(11)


class Table:
    """Values with weights, drawn by bisection."""

    __slots__ = ("ends", "total", "values")

    def __init__(self, values: Sequence[str], weights: Iterable[float]) -> None:
        self.values = list(values)
        self.ends = list(accumulate(weights))
        self.total = self.ends[-1]


def zipf(values: Sequence[str], *, shift: float = 6.0, slope: float = 0.85) -> Table:
    """A table whose weights fall with the rank as those of names do."""
    return Table(values, (1.0 / (rank + shift) ** slope for rank in range(len(values))))


_GAMMA, _FIRST, _SECOND, _FOURTH = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93
_ALL = (1 << 64) - 1


class Draws:
    """A stream of draws for one purpose and number of one seed (splitmix64: cheap to begin, since most streams are short)."""

    __slots__ = ("_state",)

    def __init__(self, seed: int, purpose: int = 0, number: int = 0, part: int = 0) -> None:
        z = (seed + 1) * _GAMMA + (purpose + 1) * _FIRST + (number + 1) * _SECOND + (part + 1) * _FOURTH & _ALL
        z = (z ^ z >> 29) * _FIRST & _ALL
        self._state = (z ^ z >> 32) * _SECOND & _ALL

    def random(self) -> float:
        """A number from 0 up to, not including, 1."""
        self._state = z = self._state + _GAMMA & _ALL
        z = (z ^ z >> 30) * _FIRST & _ALL
        z = (z ^ z >> 27) * _SECOND & _ALL
        return ((z ^ z >> 31) >> 11) * 1.1102230246251565e-16

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self.random() * len(values))]

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def table(self, table: Table) -> str:
        return table.values[min(bisect_right(table.ends, self.random() * table.total), len(table.values) - 1)]

    def exponential(self, mean: float) -> float:
        return -mean * log(1.0 - self.random())
