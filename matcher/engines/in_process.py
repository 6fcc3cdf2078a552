"""The default engine: numpy and rapidfuzz in this process, chunks of rows on a pool of threads.

Candidate pairs stream: a chunk is blocked, compared and reduced to its patterns. Where there are few enough pairs they stay
in memory; else only the patterns stay, and the pairs that are wanted are blocked a second time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.pairs.block import Blocks
from matcher.pairs.compare import Comparer
from matcher.pairs.encode import Encoded
from matcher.pairs.model import LinkageModel

Ints = npt.NDArray[np.int32]
Item = TypeVar("Item")
Result = TypeVar("Result")
CHUNK = 1 << 18  # pairs compared at once
REMEMBERED = 50_000_000  # candidate pairs up to which they stay in memory, 12 bytes each


@dataclass(frozen=True)
class _Chunk:
    first: int
    last: int
    pattern: npt.NDArray[np.unsignedinteger]
    left: Ints | None
    right: Ints | None


class InProcess:
    """See `matcher.engines.Engine`."""

    def __init__(self, encoded: Encoded, model: LinkageModel) -> None:
        self._e, self._model = encoded, model
        with ThreadPoolExecutor(max_workers=1) as beside:
            comparer = beside.submit(Comparer, encoded, model)
            self._blocks = Blocks(encoded, model)
            self._comparer = comparer.result()
        self._chunks: list[_Chunk] = []
        self.warnings = self._blocks.warnings
        self.candidate_pairs = 0
        self._threads = min(os.cpu_count() or 1, 8)

    def counts(self) -> tuple[Ints, npt.NDArray[np.int64]]:
        e, layout = self._e, self._model.layout
        kind = np.min_scalar_type(layout.patterns)
        remember = self._blocks.total <= REMEMBERED

        def chunk(rows: tuple[int, int]) -> tuple[_Chunk, npt.NDArray[np.int64]]:
            left, right = self._blocks.pairs(*rows)
            pattern = self._comparer.patterns(left, right)
            others = pattern[~e.same_ref(left, right)] if e.tells else pattern
            counted = np.bincount(others, minlength=layout.patterns)
            kept = (left, right) if remember else (None, None)
            return _Chunk(*rows, pattern.astype(kind), *kept), counted

        total = np.zeros(layout.patterns, dtype=np.int64)
        for done, counted in self._each(chunk, self._blocks.chunks(CHUNK)):
            self._chunks.append(done)
            self.candidate_pairs += len(done.pattern)
            total += counted
        patterns = np.flatnonzero(total).astype(np.int32)
        return patterns, total[patterns]

    def pairs(self, wanted: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
        def chunk(of: _Chunk) -> tuple[Ints, Ints, Ints]:
            chosen = wanted[of.pattern]
            left, right = of.left, of.right
            if left is None or right is None:
                if not chosen.any() and not self._e.tells:
                    return (np.zeros(0, dtype=np.int32),) * 3
                left, right = self._blocks.pairs(of.first, of.last)
            if self._e.tells:
                chosen |= self._e.told(left, right)
            rows = np.flatnonzero(chosen)
            return left[rows], right[rows], of.pattern[rows].astype(np.int32)

        found = list(self._each(chunk, self._chunks))
        self._chunks = []
        if not found:
            return (np.zeros(0, dtype=np.int32),) * 3
        left, right, pattern = (np.concatenate(columns) for columns in zip(*found, strict=True))
        return left, right, pattern

    def patterns(self, left: Ints, right: Ints) -> Ints:
        out = np.zeros(len(left), dtype=np.int32)
        size = min(CHUNK, max(len(left) // self._threads + 1, 1 << 12))  # some for every thread

        def chunk(start: int) -> None:
            part = slice(start, start + size)
            out[part] = self._comparer.patterns(left[part], right[part])

        for _ in self._each(chunk, range(0, len(left), size)):
            pass
        return out

    def _each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        with ThreadPoolExecutor(max_workers=self._threads) as pool:
            yield from pool.map(work, items)


def open_engine(records: pa.Table, encoded: Encoded, model: LinkageModel) -> InProcess:
    """The engine over encoded records; the table itself is not needed."""
    return InProcess(encoded, model)
