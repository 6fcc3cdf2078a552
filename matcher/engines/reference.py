"""The reference engine: the model read aloud, pair by pair, with recordlinkage and jellyfish. Slow, and the oracle of others.

Takes the same records and model as every engine; gives the same candidate pairs and patterns (tested). `agreement` holds
training to recordlinkage's own estimates. Refuses more than 20,000 records: it is meant for small data.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import recordlinkage
from recordlinkage.base import BaseCompareFeature
from recordlinkage.index import Block

from matcher.engines._aloud import COMPARE, keys_of, record, with_sexes
from matcher.errors import UserError
from matcher.pairs.comparators import level
from matcher.pairs.encode import Encoded, whole
from matcher.pairs.model import Comparison, LinkageModel

Ints = npt.NDArray[np.int32]
LARGEST = 20_000


class _Levels(BaseCompareFeature):
    """A comparison as recordlinkage calls it: two series of records to a series of level numbers."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__("record", "record", label=comparison.name)
        self._comparison = comparison

    def _compute_vectorized(self, left: pd.Series, right: pd.Series) -> pd.Series:
        of = self._comparison
        compare = COMPARE[of.comparator]
        found = [level(of.comparator, compare(a, b, of)) for a, b in zip(left, right, strict=True)]
        return pd.Series(found, index=left.index, dtype="uint8")


class Reference:
    """See `matcher.engines.Engine`."""

    def __init__(self, records: pa.Table, model: LinkageModel) -> None:
        if records.num_rows > LARGEST:
            raise UserError(
                f"The reference engine takes at most {LARGEST} records.",
                where="--engine",
                todo="use the in_process engine",
            )
        self.warnings: tuple[str, ...] = ()
        self.candidate_pairs = 0
        self._model = model
        rows = whole(records, model.fields).to_pylist()
        self._records = with_sexes([record(row, model.fields) for row in rows])
        self._frame = pd.DataFrame({"record": pd.Series(self._records, dtype=object)})
        self._left = self._right = self._pattern = np.zeros(0, dtype=np.int32)

    def _candidates(self) -> tuple[Ints, Ints]:
        found: set[tuple[int, int]] = set()
        for rule in self._model.blocking:
            keys = []
            for one in self._records:
                values = product(*(keys_of(one, name) for name in rule.keys))
                keys.append(["&".join(value) for value in values])
            slots = max(map(len, keys), default=0)
            columns = {f"key_{n}": [key[n] if n < len(key) else None for key in keys] for n in range(slots)}
            frame = pd.DataFrame(columns, index=self._frame.index)
            indexer = recordlinkage.Index()
            for a, b in product(columns, columns):
                if frame[a].notna().any() and frame[b].notna().any():
                    indexer.add(Block(left_on=a, right_on=b))
            if indexer.algorithms:
                found |= {(min(pair), max(pair)) for pair in indexer.index(frame)}
        ordered = np.array(sorted(found), dtype=np.int32).reshape(-1, 2)
        return ordered[:, 0].copy(), ordered[:, 1].copy()

    def _told(self, a: int, b: int, *, by_registry: bool) -> bool:
        x, y = self._records[a], self._records[b]
        return (x.ref is not None and x.ref == y.ref) or (by_registry and x.known is not None and x.known == y.known)

    def counts(self) -> tuple[Ints, npt.NDArray[np.int64]]:
        self._left, self._right = self._candidates()
        self.candidate_pairs = len(self._left)
        self._pattern = self.patterns(self._left, self._right)
        pairs = zip(self._left.tolist(), self._right.tolist(), strict=True)
        others = np.array([not self._told(a, b, by_registry=False) for a, b in pairs], dtype=bool)
        patterns, counts = np.unique(self._pattern[others], return_counts=True)
        return patterns.astype(np.int32), counts.astype(np.int64)

    def pairs(self, wanted: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
        pairs = zip(self._left.tolist(), self._right.tolist(), strict=True)
        told = np.array([self._told(a, b, by_registry=True) for a, b in pairs], dtype=bool)
        chosen = np.flatnonzero(wanted[self._pattern] | told)
        return self._left[chosen], self._right[chosen], self._pattern[chosen]

    def patterns(self, left: Ints, right: Ints) -> Ints:
        if not len(left):
            return np.zeros(0, dtype=np.int32)
        comparing = recordlinkage.Compare(features=[_Levels(comparison) for comparison in self._model.comparison])
        found = comparing.compute(pd.MultiIndex.from_arrays([left, right]), self._frame)
        return self._model.layout.pack(found.to_numpy(dtype=np.uint8))


def agreement(engine: Reference, model: LinkageModel, left: Ints, right: Ints) -> dict[str, tuple[float, float]]:
    """m and u of each comparison's agreement among pairs of rows, by recordlinkage's ECM: two classes, agreement or not.

    A comparison takes part where the model says which of its levels agree; a missing value counts as no agreement, as ECM
    has it. It applies where the two classes are match and stranger: with households among the pairs it takes relatives for
    matches.
    """
    levels = model.layout.unpack(engine.patterns(left, right))
    vectors = {}
    for place, comparison in enumerate(model.comparison):
        agrees = np.array([False, *(of.agrees for of in comparison.level.values())])
        if agrees.any():
            vectors[comparison.name] = agrees[levels[:, place]].astype(int)
    fitted = recordlinkage.ECMClassifier()
    fitted.fit(pd.DataFrame(vectors))
    return {name: (float(fitted.m_probs[name][1]), float(fitted.u_probs[name][1])) for name in vectors}


def open_engine(records: pa.Table, encoded: Encoded, model: LinkageModel) -> Reference:
    """The engine over a table of records; the codes are not needed."""
    return Reference(records, model)
