"""One Spark session for this process: local by default, offline, silent, and with nothing of a record on disk in clear.

Takes settings from the environment (`MATCHER_SPARK_MASTER`, else this machine's cores; `MATCHER_SPARK_MEMORY`, else 4 GB) and
what these leave open from spark-defaults.conf; gives a running session, the same one to every engine. Refuses to start without pyspark, Splink or Java, and says what to install.
What Spark spills goes, encrypted under a key that lives in memory alone, to an owner-only folder that ends with the process.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "MATCHER_SPARK_MASTER"
MEMORY = "MATCHER_SPARK_MEMORY"
# Java writes no file of its own: no performance data, no error file, no core of a crash.
JAVA = f"-XX:-UsePerfData -XX:-CreateCoredumpOnCrash -XX:ErrorFile={os.devnull}"


def lacking() -> str | None:
    """What this machine lacks to run Spark, in words; None where it lacks nothing."""
    absent = [name for name in ("pyspark", "splink") if find_spec(name) is None]
    if absent:
        return f"the Python package(s) {' and '.join(absent)}"
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")):
        return "Java"
    return None


def needs() -> None:
    """Raises UserError where this machine lacks something to run Spark."""
    if absent := lacking():
        raise UserError(
            f"The spark engine needs {absent}, which this machine lacks.",
            where="--engine",
            todo='`pip install ".[spark]"` in the program\'s folder, and Java 17 or newer; or use --engine in_process',
        )


def settings(folder: Path) -> dict[str, str]:
    """Settings of the session. Those that keep records off the disk and the console are the same everywhere."""
    from splink.backends.spark import similarity_jar_location

    master = os.environ.get(MASTER, f"local[{os.cpu_count() or 1}]")
    found = {
        "spark.master": master,
        "spark.io.encryption.enabled": "true",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.eventLog.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": JAVA,
        "spark.driver.maxResultSize": "0",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
        "spark.sql.execution.arrow.localRelationThreshold": "0",  # no table within a plan, to be walked by every rule
        "spark.jars": similarity_jar_location(),
    }
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers find what this process finds
        found |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    found["spark.driver.memory"] = os.environ.get(MEMORY, "4g")
    return found


_running: list[tuple[SparkSession, tempfile.TemporaryDirectory[str]]] = []


def session() -> SparkSession:
    """The session of this process, started where there is none. Raises UserError."""
    if _running:
        return _running[0][0]
    needs()
    from pyspark import SparkContext
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is not None:
        raise UserError(
            "This process has a Spark session already, whose disk may not be encrypted.",
            where="--engine",
            todo="link in a process of its own, or stop that session first",
        )
    folder = tempfile.TemporaryDirectory(prefix="matcher-spark-", ignore_cleanup_errors=True)
    builder = SparkSession.builder.appName("matcher")
    for name, value in settings(Path(folder.name)).items():
        builder = builder.config(name, value)
    try:
        with _without_console():
            started = builder.getOrCreate()
    except (PySparkException, OSError) as error:
        folder.cleanup()
        raise UserError(
            "Spark does not start.",
            where="--engine",
            todo=f"check `java -version` (17 or newer) and {MASTER}, {MEMORY}; or use --engine in_process",
        ) from error
    _running.append((started, folder))
    return started


def stop() -> None:
    """End the session and all that it put on the disk; at the latest when the process ends."""
    while _running:
        started, folder = _running.pop()
        started.stop()
        folder.cleanup()


atexit.register(stop)


@contextmanager
def _without_console() -> Iterator[None]:
    """What is started meanwhile has no console: Spark's logs quote plans and values. Python's own logger of them is shut."""
    logging.getLogger("SQLQueryContextLogger").disabled = True
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
