"""Levels of two names for Spark: a function of two codes, run by Python workers where the data is.

Takes a running session, encoded records and a model; registers one function of SQL for each kind of name comparison. The
similarity of names is not Spark's: its Jaro counts half transpositions and gives 0 to two equal letters, so that levels would
differ. The names themselves are sent to each worker once, as a broadcast; between Spark and the workers go codes and levels.
"""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.engines.spark.levels import value_column
from matcher.pairs.comparators.names import name_levels
from matcher.pairs.comparators.plain import NameTable
from matcher.pairs.encode import Encoded
from matcher.pairs.model import LinkageModel

if TYPE_CHECKING:
    from pyspark.core.broadcast import Broadcast
    from pyspark.sql import SparkSession

Ints = npt.NDArray[np.int32]
Function = Callable[[pa.Array, pa.Array], pa.Array]
HELD = 8  # tables of names that a worker keeps


def _numbers(column: pa.Array) -> Ints:
    found: Ints = column.to_numpy(zero_copy_only=False)
    return found


_opened: dict[str, Any] = {}  # in a worker: what was sent, read once for all its tasks


class _Sent:
    """A table of names on its way to the workers, as bytes: Spark's own pickling of arrays fails where it encrypts."""

    def __init__(self, spark: SparkSession, names: object) -> None:
        self._token = uuid.uuid4().hex
        self.broadcast = spark.sparkContext.broadcast(pickle.dumps(names))

    @property
    def names(self) -> Any:
        if self._token not in _opened:
            while len(_opened) >= HELD:
                del _opened[next(iter(_opened))]
            _opened[self._token] = pickle.loads(self.broadcast.value)  # noqa: S301 (what the driver sent)
        return _opened[self._token]


def _by_kind(sent: _Sent, kind: str) -> Function:
    def levels(left: pa.Array, right: pa.Array) -> pa.Array:
        found = name_levels(sent.names, _numbers(left), _numbers(right), kind)
        return pa.array(found.astype(np.int32))

    return levels


def _by_table(sent: _Sent) -> Function:
    def levels(left: pa.Array, right: pa.Array) -> pa.Array:
        return pa.array(sent.names.levels(_numbers(left), _numbers(right)).astype(np.int32))

    return levels


def register(spark: SparkSession, e: Encoded, model: LinkageModel, names: str) -> list[Broadcast[Any]]:
    """Register a model's functions, called `names` and a kind or column; gives what was sent, to be destroyed at the end."""
    from pyspark.sql.functions import arrow_udf

    functions: dict[str, Function] = {}
    everything: list[_Sent] = []
    if {comparison.comparator for comparison in model.comparison} & {"forename", "surname", "middle"}:
        everything.append(_Sent(spark, e.words))
        functions |= {kind: _by_kind(everything[0], kind) for kind in ("forename", "surname")}
    for comparison in model.comparison:
        if comparison.comparator == "jaro_winkler":
            everything.append(_Sent(spark, NameTable(e.values[comparison.field][1], comparison.thresholds)))
            functions[value_column(model, comparison.field)] = _by_table(everything[-1])
    for name, function in functions.items():
        spark.udf.register(names + name, arrow_udf(function, "int"))
    return [sent.broadcast for sent in everything]
