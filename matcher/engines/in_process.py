"""The default engine: numpy and rapidfuzz in this process, chunks of pairs on a pool of threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.pairs.block import candidates
from matcher.pairs.comparators import LEVELS
from matcher.pairs.compare import compare
from matcher.pairs.encode import Encoded
from matcher.pairs.model import LinkageModel

Ints = npt.NDArray[np.int32]
CHUNK = 1 << 17


class InProcess:
    """See `matcher.engines.Engine`."""

    def __init__(self, encoded: Encoded, model: LinkageModel) -> None:
        self._encoded, self._model = encoded, model
        self.warnings: tuple[str, ...] = ()

    def candidates(self) -> tuple[Ints, Ints]:
        left, right, self.warnings = candidates(self._encoded, self._model)
        return left, right

    def levels(self, left: Ints, right: Ints) -> npt.NDArray[np.uint8]:
        out = np.zeros((len(left), len(LEVELS)), dtype=np.uint8)

        def chunk(start: int) -> None:
            stop = start + CHUNK
            out[start:stop] = compare(self._encoded, left[start:stop], right[start:stop])

        with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
            for _ in pool.map(chunk, range(0, len(left), CHUNK)):
                pass
        return out


def open_engine(records: pa.Table, encoded: Encoded, model: LinkageModel) -> InProcess:
    """The engine over encoded records; the table itself is not needed."""
    return InProcess(encoded, model)
