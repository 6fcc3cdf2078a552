"""Engines: the same linkage model run by different means. `in_process` is the default, `reference` the slow oracle.

An engine takes records (RECORDS, or some of its columns), their codes and a model; it gives candidate pairs and the
levels of pairs. Training and scoring are the same for all (matcher/pairs), so that every engine gives the same weights.
An engine is one file of this folder with a function `open_engine`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from matcher.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from matcher.pairs.encode import Encoded
    from matcher.pairs.model import LinkageModel

Ints = npt.NDArray[np.int32]


class Engine(Protocol):
    """Candidate pairs and levels of one table of records."""

    warnings: tuple[str, ...]

    def candidates(self) -> tuple[Ints, Ints]:
        """Candidate pairs as row numbers, left below right, in order, each once."""

    def levels(self, left: Ints, right: Ints) -> npt.NDArray[np.uint8]:
        """Levels of pairs of rows, shape (pairs, comparisons), 0 = missing."""


def names() -> tuple[str, ...]:
    """The engines that there are."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def open_engine(name: str, records: pa.Table, encoded: Encoded, model: LinkageModel) -> Engine:
    """An engine over records. Raises UserError where there is none of that name."""
    if name not in names():
        raise UserError(
            "There is no engine of that name.", where="--engine", todo=f"choose one of: {', '.join(names())}"
        )
    engine: Engine = importlib.import_module(f"{__name__}.{name}").open_engine(records, encoded, model)
    return engine
