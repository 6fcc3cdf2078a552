"""The engine for tables that one machine cannot hold: Splink on Spark, here or on a cluster. See README.md of engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from matcher.engines.spark.engine import Spark
    from matcher.pairs.encode import Encoded
    from matcher.pairs.model import LinkageModel


def needs() -> None:
    """Raises UserError where this machine lacks pyspark, Splink or Java."""
    from matcher.engines.spark.session import needs

    needs()


def open_engine(records: pa.Table, encoded: Encoded, model: LinkageModel) -> Spark:
    """The engine over encoded records; the table itself is not needed. Raises UserError where Spark cannot be started."""
    from matcher.engines.spark.session import session

    session()
    from matcher.engines.spark.engine import Spark

    return Spark(encoded, model)
