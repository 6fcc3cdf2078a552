"""The spark engine: Splink finds candidate pairs and their levels on Spark; patterns are counted and chosen there.

Takes encoded records and a model; gives what `matcher.engines.Engine` says. The driver holds the codes, as every engine's
does; pairs live in Spark, and only those come back that are wanted. No job's message is handed on: it may quote a value.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.engines.spark.columns import table
from matcher.engines.spark.levels import Sql, columns_of, sql_of
from matcher.engines.spark.names import register
from matcher.engines.spark.session import MEMORY, session
from matcher.errors import UserError
from matcher.pairs.block import Blocks
from matcher.pairs.encode import Encoded
from matcher.pairs.model import Comparison, LinkageModel

if TYPE_CHECKING:
    from pyspark.core.broadcast import Broadcast
    from pyspark.sql import DataFrame, SparkSession
    from splink import Linker

Ints = npt.NDArray[np.int32]
PAIRS_A_PARTITION = 1_000_000
NAMES = "names_"  # what the functions that compare names begin with


@contextmanager
def _plainly() -> Iterator[None]:
    """What goes wrong in Spark, told without its own words."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from splink.internals.exceptions import SplinkException

    try:
        yield
    except (PySparkException, Py4JError, SplinkException):
        raise UserError(
            "Spark gave up a job of the linkage.",
            where="--engine",
            todo=f"give it more memory ({MEMORY}=12g) or room for temporary files; or use --engine in_process",
        ) from None


def _settings_of(comparison: Comparison, sql: Sql) -> dict[str, Any]:
    """A comparison as Splink has it: gamma counts from the last level, 0, up to the best, and -1 is missing."""
    missing = {"sql_condition": sql.missing, "label_for_charts": "missing", "is_null_level": True}
    levels = [{"sql_condition": condition, "label_for_charts": name} for name, condition in sql.levels.items()]
    last = {"sql_condition": "ELSE", "label_for_charts": list(comparison.level)[-1]}
    return {"comparison_levels": [missing, *levels, last]}


class Spark:
    """See `matcher.engines.Engine`."""

    def __init__(self, encoded: Encoded, model: LinkageModel) -> None:
        from splink import SparkAPI

        blocks = Blocks(encoded, model)
        self.warnings, self.candidate_pairs = blocks.warnings, 0
        self._model = model
        self._spark = session().newSession()  # views, functions and settings of this engine's own
        partitions = max(self._spark.sparkContext.defaultParallelism, blocks.total // PAIRS_A_PARTITION + 1)
        self._spark.conf.set("spark.sql.shuffle.partitions", partitions)
        with _plainly():
            self._api = SparkAPI(
                spark_session=self._spark, break_lineage_method="persist", num_partitions_on_repartition=partitions
            )
            sent = register(self._spark, encoded, model, NAMES)
            self._found: list[DataFrame] = []
            weakref.finalize(self, _forget, self._spark, sent, self._found).atexit = False
            self._sqls = [sql_of(model, comparison, NAMES) for comparison in model.comparison]
            records = self._spark.createDataFrame(table(encoded, model, blocks, columns_of(self._sqls)))
            self._records = self._api.register(records)

    def _linker(self) -> Linker:
        """Splink over the records, for one prediction."""
        from splink import Linker, SettingsCreator, block_on

        comparisons = [
            {"output_column_name": f"comparison_{place}", **_settings_of(comparison, sql)}
            for place, (comparison, sql) in enumerate(zip(self._model.comparison, self._sqls, strict=True))
        ]
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="row",
            blocking_rules_to_generate_predictions=[block_on("block", arrays_to_explode=["block"])],
            comparisons=comparisons,
            additional_columns_to_retain=["ref", "known"],
            retain_matching_columns=True,  # the gammas too; of the rest no column is read, so Spark leaves it out
        )
        return Linker(self._records, settings, validate_settings=False, log_level="ERROR")

    def _patterns(self, linker: Linker) -> DataFrame:
        """Pairs with their patterns, and whether one reference, or it or a registry's person, makes them one person."""
        predicted = linker.inference.predict(warning_mode="never")
        terms, factor = [], 1
        for place, radix in reversed(list(enumerate(self._model.layout.radix))):
            gamma = f"gamma_comparison_{place}"
            terms.append(f"if({gamma} < 0, 0, {radix - 1} - {gamma}) * {factor}")
            factor *= radix
        frame = predicted.as_spark_dataframe()
        frame.unpersist()
        return frame.selectExpr(
            "row_l as left",
            "row_r as right",
            f"cast({' + '.join(terms)} as int) as pattern",
            "coalesce(ref_l = ref_r, false) as same_ref",
            "coalesce(ref_l = ref_r, false) or coalesce(known_l = known_r, false) as told",
            "match_key",
        )

    def _candidates(self) -> DataFrame:
        if not self._found:
            self._found.append(self._patterns(self._linker()).drop("match_key").persist())
        return self._found[0]

    def counts(self) -> tuple[Ints, npt.NDArray[np.int64]]:
        with _plainly():
            counted = self._candidates().groupBy("pattern", "same_ref").count().toArrow()
            _uncache(self._spark)  # what led to the patterns is not asked for again
        number = counted["count"].to_numpy()
        self.candidate_pairs = int(number.sum())
        total = np.zeros(self._model.layout.patterns, dtype=np.int64)
        others = ~counted["same_ref"].to_numpy(zero_copy_only=False)
        np.add.at(total, counted["pattern"].to_numpy()[others], number[others])
        patterns = np.flatnonzero(total).astype(np.int32)
        return patterns, total[patterns]

    def pairs(self, wanted: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
        from pyspark.sql.functions import broadcast

        chosen = pa.table({"pattern": np.flatnonzero(wanted).astype(np.int32), "wanted": np.ones(wanted.sum(), bool)})
        with _plainly():
            joined = self._candidates().join(broadcast(self._spark.createDataFrame(chosen)), "pattern", "left")
            found = joined.where("wanted or told").select("left", "right", "pattern").toArrow()
        left, right, pattern = (found[name].to_numpy() for name in ("left", "right", "pattern"))
        order = np.lexsort((right, left))
        return left[order], right[order], pattern[order]

    def patterns(self, left: Ints, right: Ints) -> Ints:
        pairs = pa.table({"match_key": np.arange(len(left)), "join_key_l": left, "join_key_r": right})
        with _plainly():
            linker = self._linker()
            given = self._api.register(self._spark.createDataFrame(pairs))
            linker.table_management.register_blocked_pairs_for_predict(given)
            found = self._patterns(linker).select("match_key", "pattern").toArrow()
        out = np.zeros(len(left), dtype=np.int32)
        out[found["match_key"].to_numpy()] = found["pattern"].to_numpy()
        return out


def _uncache(spark: SparkSession) -> None:
    for view in spark.catalog.listTables():
        spark.catalog.uncacheTable(view.name)


def _forget(spark: SparkSession, sent: list[Broadcast[Any]], found: list[DataFrame]) -> None:
    """Let go what a linkage holds in Spark: cached tables, patterns, the names on the workers. Its views end with it."""
    for broadcast in sent:
        broadcast.destroy()
    for frame in found:
        frame.unpersist()
    _uncache(spark)
