"""The spark engine finds the same pairs, patterns and weights as the default one, and puts nothing on the disk in clear."""

from __future__ import annotations

import datetime as dt
import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.engines import Engine, open_engine
from matcher.engines.spark import session as spark_session
from matcher.engines.spark.levels import Sql
from matcher.errors import UserError
from matcher.extracts import find_supplies, read_supplies
from matcher.pairs import load_model, score_pairs
from matcher.pairs.encode import encode
from matcher.records import build
from matcher.synthetic import make_month
from specs.load import load_extract_specs
from tests.engines.test_engines_agree import row, table_of
from tests.pairs.towns import town

ABSENT = spark_session.lacking()
needs_spark = pytest.mark.skipif(
    ABSENT is not None,
    reason=f"the spark engine needs {ABSENT}: pip install .[spark], Debian's default-jre-headless",
)


# pyspark leaves it to Python to close its sockets.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _one_session() -> Iterator[None]:
    """One session for all, of a Java for jobs of a second: compiled once over, no threads for its garbage."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    yield
    spark_session.stop()
    gc.collect()


def same(fast: Engine, spark: Engine, patterns: int, size: int) -> None:
    for a, b in zip(fast.counts(), spark.counts(), strict=True):
        assert np.array_equal(a, b)
    assert fast.candidate_pairs == spark.candidate_pairs
    assert fast.warnings == spark.warnings
    wanted = np.arange(patterns) % 3 == 0
    for a, b in zip(fast.pairs(wanted), spark.pairs(wanted), strict=True):
        assert np.array_equal(a, b)
    left, right = np.triu_indices(size, 1)
    of = left.astype(np.int32), right.astype(np.int32)
    assert np.array_equal(fast.patterns(*of), spark.patterns(*of))


@needs_spark
@pytest.mark.parametrize("name", ["plain", "default"])
@given(st.lists(row, min_size=40, max_size=60), st.integers(20, 300))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_tables_give_the_same_pairs_and_patterns_whatever_is_capped(
    name: str, rows: list[dict[str, object]], most: int
) -> None:
    model = load_model(name)
    limits = model.limits.model_copy(update={"pairs_per_record": 1, "pairs_at_least": most})
    model = model.model_copy(update={"limits": limits})
    table = table_of(rows)
    encoded = encode(table, model.fields)
    fast, spark = (open_engine(engine, table, encoded, model) for engine in ("in_process", "spark"))
    same(fast, spark, model.layout.patterns, len(rows))


@needs_spark
def test_a_made_up_month_gives_the_same_weights(tmp_path: Path) -> None:
    as_at = dt.date(2013, 10, 31)
    for name, content in make_month(600, 5, as_at).files.items():
        (tmp_path / name).write_bytes(content)
    specs = load_extract_specs()
    records = build(read_supplies(find_supplies(tmp_path, specs), specs, as_at).supplies, specs, as_at).records
    fast, spark = (score_pairs(records, load_model(), engine=engine) for engine in ("in_process", "spark"))
    assert fast.pairs.num_rows > 500
    assert fast.candidate_pairs == spark.candidate_pairs
    assert fast.trained == spark.trained
    assert fast.pairs.equals(spark.pairs)


@needs_spark
@pytest.mark.parametrize("size", [0, 1])
def test_a_table_of_nobody_or_of_one_gives_no_pairs(size: int) -> None:
    table = town(1)[0].slice(0, size)
    assert score_pairs(table, load_model("plain"), engine="spark").pairs.num_rows == 0


@needs_spark
def test_what_spark_puts_on_the_disk_cannot_be_read() -> None:
    from pyspark import StorageLevel

    table, _ = town(8, seed=7)
    encoded = encode(table)
    engine = open_engine("spark", table, encoded, load_model())
    running = spark_session.session()
    spilt = engine._records.as_spark_dataframe().persist(StorageLevel.DISK_ONLY)  # type: ignore[attr-defined]
    assert spilt.count() == encoded.size
    folder = Path(running.conf.get("spark.local.dir") or "")
    if os.name != "nt":
        assert folder.stat().st_mode & 0o077 == 0
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".jar"]
    written = b"".join(path.read_bytes() for path in files)
    assert len(written) > 1000
    values = set(table["postcode"].drop_null().to_pylist()) | set(table["surname"].drop_null().to_pylist())
    for value in values:
        assert not re.search(value.replace(" ", "").encode(), written)
    spilt.unpersist()


@needs_spark
def test_the_session_is_local_silent_and_shows_nothing() -> None:
    running = spark_session.session()
    assert running.sparkContext.uiWebUrl is None
    assert running.conf.get("spark.io.encryption.enabled") == "true"
    assert running.conf.get("spark.eventLog.enabled") == "false"
    assert running.conf.get("spark.driver.bindAddress") == "127.0.0.1"


@needs_spark
def test_a_job_that_fails_is_told_without_what_spark_says(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = town(2)
    engine = open_engine("spark", table, encode(table), load_model())
    monkeypatch.setattr(engine, "_sqls", [Sql("SECRET_l is null", {"same": "SECRET_l = 1"}) for _ in engine._sqls])  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="Spark gave up a job") as told:
        engine.counts()
    assert told.value.__cause__ is None and "SECRET" not in str(told.value)


def test_a_machine_without_spark_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_session, "_running", [])
    monkeypatch.setattr(spark_session, "find_spec", lambda name: None)
    table, _ = town(1)
    with pytest.raises(UserError, match="needs the Python package") as told:
        score_pairs(table, load_model(), engine="spark")
    assert 'pip install ".[spark]"' in str(told.value.todo)


def test_a_machine_without_java_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark_session, "_running", [])
    monkeypatch.setattr(spark_session, "find_spec", lambda name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match="needs Java"):
        spark_session.session()
