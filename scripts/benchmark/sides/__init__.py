"""One module a side, run by the Python of that side's own environment: `python -m benchmark.sides.NAME DATA OUT MODE`.

Takes `DATA/records.parquet` (see `benchmark.data`); gives in OUT what `Run.write` describes. Stages are timed from reading the
table to clusters. Nothing here knows the truth.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

THRESHOLD = 0.9
FLOOR = 0.02  # pairs below this match probability are not handed on
GRID = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999)  # thresholds at which clusters are tried
SHARED = ("forename", "surname", "dob", "postcode", "sex")
INITIAL, YEAR = "initial", "birth_year"  # first letter of the forename, year of birth
RULES = (
    ("surname", "dob"),
    ("forename", "dob"),
    ("forename", "surname"),
    ("postcode", "forename"),
    ("postcode", "dob"),
    ("surname", INITIAL, YEAR),
    ("postcode", "surname"),
)
NAMES_ALIKE = (0.92, 0.8)  # Jaro-Winkler levels of the comparisons that all share


class Run:
    """What a side measures of itself and hands on."""

    def __init__(self, arguments: list[str]) -> None:
        self.data, self.out, self.mode = Path(arguments[0]), Path(arguments[1]), arguments[2]
        self.stages: dict[str, float] = {}
        self.candidates: int | None = None
        self.notes: list[str] = []
        self._start = time.perf_counter()
        self._cpu = time.process_time()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a stage by wall clock."""
        start = time.perf_counter()
        yield
        self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - start

    def steps(self, names: dict[float, str]) -> Callable[[float], None]:
        """Times what reports its progress: the step that ends at a share by its name."""
        last = time.perf_counter()

        def done(share: float) -> None:
            nonlocal last
            now = time.perf_counter()
            self.stages[names[share]] = now - last
            last = now

        return done

    def finish(self) -> None:
        """The clock stops: what comes after is for measuring only."""
        from matcher.memory import peak_rss_mb

        self._figures = {
            "seconds": time.perf_counter() - self._start,
            "cpu_seconds": time.process_time() - self._cpu,
            "peak_mb": peak_rss_mb(),
        }

    def write(self, clusters: pa.Table, pairs: pa.Table | None, sweep: pa.Table | None = None, **more: Any) -> None:
        """Hands on, after `finish`: clusters (record_id, cluster) at the threshold; pairs (left, right, probability) from
        FLOOR up; where clusters are not simply connected pairs, `sweep`: record_id and a column of clusters a threshold."""
        import pyarrow.parquet as pq

        for name, table in (("clusters", clusters), ("pairs", pairs), ("sweep", sweep)):
            if table is not None:
                pq.write_table(table, self.out / f"{name}.parquet")
        figures = self._figures | {"stages": self.stages, "candidates": self.candidates, "notes": self.notes} | more
        (self.out / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


def run() -> Run:
    """The run that the command line asks for; its clock starts here."""
    return Run(sys.argv[1:])
