"""Levels of two names for Spark: a function of two codes, run by Python workers where the data is.

Takes a running session, encoded records and a model; registers one function of SQL for each kind of name comparison. The
similarity of names is not Spark's: its Jaro counts half transpositions and gives 0 to two equal letters, so that levels would
differ. The names themselves are sent to each worker once, as a broadcast; between Spark and the workers go codes and levels.
"""

from __future__ import annotations

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


def _numbers(column: pa.Array) -> Ints:
    found: Ints = column.to_numpy(zero_copy_only=False)
    return found


def register(spark: SparkSession, e: Encoded, model: LinkageModel, names: str) -> list[Broadcast[Any]]:
    """Register a model's functions, called `names` and a kind or column; gives what was sent, to be destroyed at the end."""
    from pyspark.sql.functions import arrow_udf

    def add(name: str, function: Callable[[pa.Array, pa.Array], pa.Array]) -> None:
        spark.udf.register(names + name, arrow_udf(function, "int"))

    def whole_name(kind: str, words: Broadcast[Any]) -> Callable[[pa.Array, pa.Array], pa.Array]:
        def levels(left: pa.Array, right: pa.Array) -> pa.Array:
            found = name_levels(words.value, _numbers(left), _numbers(right), kind)
            return pa.array(found.astype(np.int32))

        return levels

    def column(sent: Broadcast[Any]) -> Callable[[pa.Array, pa.Array], pa.Array]:
        def levels(left: pa.Array, right: pa.Array) -> pa.Array:
            return pa.array(sent.value.levels(_numbers(left), _numbers(right)).astype(np.int32))

        return levels

    everything: list[Broadcast[Any]] = []
    if {comparison.comparator for comparison in model.comparison} & {"forename", "surname", "middle"}:
        everything.append(spark.sparkContext.broadcast(e.words))
        for kind in ("forename", "surname"):
            add(kind, whole_name(kind, everything[0]))
    for comparison in model.comparison:
        if comparison.comparator == "jaro_winkler":
            values = NameTable(e.values[comparison.field][1], comparison.thresholds)
            everything.append(spark.sparkContext.broadcast(values))
            add(value_column(model, comparison.field), column(everything[-1]))
    return everything
