"""Engines: the same linkage model run by different means. `in_process` is the default, `reference` the slow oracle.

An engine takes records (RECORDS, or some of its columns), their codes and a model; it gives candidate pairs as patterns of
levels. Training and scoring are the same for all (matcher/pairs), so that every engine gives the same weights. An engine is
one file of this folder with a function `open_engine`, and with `needs` where it needs more than the program itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from matcher.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from matcher.pairs.encode import Encoded
    from matcher.pairs.model import LinkageModel

Ints = npt.NDArray[np.int32]


class Engine(Protocol):
    """Candidate pairs of one table of records, and their patterns (matcher/pairs/layout.py).

    Two records are told to be one person where they share a reference or a registry's person (`told` of encode.py).
    """

    warnings: tuple[str, ...]
    candidate_pairs: int

    def counts(self) -> tuple[Ints, npt.NDArray[np.int64]]:
        """Patterns of the candidate pairs that do not share a reference, ascending, and how many pairs have each."""

    def pairs(self, wanted: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
        """Left rows, right rows and patterns of candidate pairs whose pattern is `wanted` (one flag a pattern), or that are
        told to be one person. Left below right, in order, each pair once. After `counts`."""

    def patterns(self, left: Ints, right: Ints) -> Ints:
        """Patterns of any pairs of rows."""


def names() -> tuple[str, ...]:
    """The engines that there are; a module whose name begins with _ is a part of one."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def ready(name: str) -> None:
    """Ask it before anything is read: raises UserError where there is no such engine, or where this machine lacks what it needs."""
    if needs := getattr(_module(name), "needs", None):
        needs()


def open_engine(name: str, records: pa.Table, encoded: Encoded, model: LinkageModel) -> Engine:
    """An engine over records. Raises UserError where it is not ready."""
    ready(name)
    engine: Engine = _module(name).open_engine(records, encoded, model)
    return engine


def _module(name: str) -> Any:
    if name not in names():
        raise UserError(
            "There is no engine of that name.", where="--engine", todo=f"choose one of: {', '.join(names())}"
        )
    return importlib.import_module(f"{__name__}.{name}")
