"""Patterns: the levels of all comparisons of a pair as one number.

Takes a model's comparisons; gives the number of each level and packs levels into patterns and back. Everything that
depends on levels alone is computed once a pattern, of which a month shows a few thousand, not once a pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import LEVELS

Ints = npt.NDArray[np.int32]
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Layout:
    """Comparisons in the model's order: `names`, `roles`, `comparators`. Levels count from 1; 0 is "missing"."""

    names: tuple[str, ...]
    roles: tuple[str, ...]
    comparators: tuple[str, ...]

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Level names of each comparison, best first, without "missing"."""
        return tuple(LEVELS[comparator] for comparator in self.comparators)

    @cached_property
    def radix(self) -> tuple[int, ...]:
        return tuple(len(names) + 1 for names in self.levels)

    @cached_property
    def patterns(self) -> int:
        """How many patterns there can be."""
        return int(np.prod(self.radix))

    def place(self, role: str) -> int | None:
        """Column of the comparison of a role; None where the model has none."""
        return self.roles.index(role) if role in self.roles else None

    def at(self, levels: Levels, role: str, *names: str) -> npt.NDArray[np.bool_]:
        """Rows of `levels` at which the role's comparison has one of the named levels; none where the model lacks them."""
        place = self.place(role)
        if place is None:
            return np.full(len(levels), "missing" in names)
        known = ("missing", *self.levels[place])
        chosen = np.isin(np.arange(len(known)), [known.index(name) for name in names if name in known])
        return chosen[levels[:, place]]

    def packed(self, size: int, columns: Iterable[Levels]) -> Ints:
        """One number a pair for all its levels, its pattern; `columns` give the levels of each comparison."""
        pattern = np.zeros(size, dtype=np.int32)
        for radix, column in zip(self.radix, columns, strict=True):
            pattern *= np.int32(radix)
            pattern += column
        return pattern

    def pack(self, levels: Levels) -> Ints:
        """Patterns of levels, shape (pairs, comparisons)."""
        return self.packed(len(levels), levels.T)

    def unpack(self, patterns: Ints) -> Levels:
        """The reverse of `pack`: levels, shape (patterns, comparisons)."""
        out = np.zeros((len(self.radix), len(patterns)), dtype=np.uint8)
        rest = patterns.astype(np.int64)
        for place in range(len(self.radix) - 1, -1, -1):
            out[place] = rest % self.radix[place]
            rest //= self.radix[place]
        return out.T

    def present(self, patterns: Ints) -> Ints:
        """The distinct ones of patterns, ascending."""
        seen = np.zeros(self.patterns, dtype=bool)
        seen[patterns] = True
        return np.flatnonzero(seen).astype(np.int32)
