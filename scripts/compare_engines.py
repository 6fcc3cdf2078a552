"""One linkage by several engines: `python scripts/compare_engines.py --records 50000 [--model plain] [--people 34000]`.

Makes records (`--records`: of five agencies, by scripts/benchmark; `--people`: a made-up month of that many people, read as a
run reads it), scores them with `in_process` and with each engine of `--engines`, every engine in a process of its own, and
compares candidate pairs, patterns' counts and match weights. Prints seconds, processor seconds and memory of each, and what
differs; ends with 1 where anything does by more than 1e-6. Made-up people only; what it writes goes with it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from environment import ensure

AS_AT = dt.date(2013, 10, 31)
EQUAL = 1e-6


def make(people: int, records: int, seed: int, target: Path) -> int:
    """Records in a Parquet file; gives how many."""
    import pyarrow.parquet as pq

    if records:
        from benchmark.made import make as make_records

        table = make_records(records, seed).records
    else:
        from matcher.extracts import find_supplies, read_supplies
        from matcher.records import build
        from matcher.synthetic import make_month
        from specs.load import load_extract_specs

        inbox = target.parent / "inbox"
        inbox.mkdir()
        for name, content in make_month(people, seed, AS_AT).files.items():
            (inbox / name).write_bytes(content)
        specs = load_extract_specs()
        table = build(read_supplies(find_supplies(inbox, specs), specs, AS_AT).supplies, specs, AS_AT).records
    pq.write_table(table, target)
    return int(table.num_rows)


class Watch:
    """The memory and processor seconds of this process and of all that it started, where the system tells (Linux)."""

    def __init__(self) -> None:
        self.peak_mb, self.cpu = 0.0, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            self.look()

    def look(self) -> None:
        found: dict[int, tuple[int, float, float]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            after = text.rpartition(")")[2].split()
            ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
            used = (int(after[11]) + int(after[12]) + int(after[13]) + int(after[14])) / ticks
            found[int(path.parent.name)] = (int(after[1]), used, int(after[21]) * page / 2**20)
        ours = {os.getpid()}
        while more := {pid for pid, (parent, _, _) in found.items() if parent in ours} - ours:
            ours |= more
        self.peak_mb = max(self.peak_mb, sum(found[pid][2] for pid in ours if pid in found))
        self.cpu = max(self.cpu, sum(found[pid][1] for pid in ours if pid in found))

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        self.look()


def score(source: Path, model: str, engine: str, target: Path) -> dict[str, Any]:
    """Score the records with one engine; pairs go to `target`."""
    import pyarrow.parquet as pq

    from matcher.pairs import load_model, score_pairs

    watch = Watch() if sys.platform == "linux" else None
    table = pq.read_table(source)
    before = time.perf_counter()
    if engine == "spark":
        from matcher.engines.spark.session import session

        session()
    starting, before = time.perf_counter() - before, time.perf_counter()
    scored = score_pairs(table, load_model(model), engine=engine)
    seconds = time.perf_counter() - before
    if watch:
        watch.end()
    pq.write_table(scored.pairs, target)
    return {
        "records": table.num_rows, "candidate_pairs": scored.candidate_pairs, "pairs": scored.pairs.num_rows,
        "trained": json.loads(scored.trained.to_json()), "warnings": list(scored.warnings), "seconds": round(seconds, 1),
        "starting": round(starting, 1), "cpu_seconds": round(watch.cpu, 1) if watch else None,
        "peak_mb": round(watch.peak_mb) if watch else None,
    }  # fmt: skip


def differences(one: dict[str, Any], other: dict[str, Any], folder: Path) -> list[str]:
    """What two engines found differently, in words."""
    import numpy as np
    import pyarrow.parquet as pq

    found = [
        f"{name}: {one[name]} and {other[name]}"
        for name in ("candidate_pairs", "pairs", "warnings")
        if one[name] != other[name]
    ]
    if one["trained"] != other["trained"]:
        found.append("trained parameters differ")
    a, b = (pq.read_table(folder / f"{of['engine']}.parquet") for of in (one, other))
    names = a.column_names
    if a.select(names[:2]) != b.select(names[:2]):
        return [*found, "other pairs of records were kept"]
    for name in names[2:]:
        apart = np.abs(a[name].to_numpy().astype(float) - b[name].to_numpy().astype(float))
        if len(apart) and apart.max() > EQUAL:
            found.append(f"{name}: {int((apart > EQUAL).sum())} pairs differ, by up to {apart.max():.2g}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--model", default="default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engines", default="spark", help="names, with commas between; empty: none but in_process")
    parser.add_argument("--score", nargs=3, metavar=("RECORDS", "ENGINE", "PAIRS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.score:
        source, engine, target = given.score
        print(json.dumps(score(Path(source), given.model, engine, Path(target))))
        return 0
    with tempfile.TemporaryDirectory(prefix="matcher-engines-") as name:
        folder = Path(name)
        source = folder / "records.parquet"
        count = make(given.people or (0 if given.records else 34_000), given.records, given.seed, source)
        print(f"{count:,} records, model {given.model}", flush=True)
        found = []
        for engine in ("in_process", *filter(None, given.engines.split(","))):
            command = [
                sys.executable,
                __file__,
                "--model",
                given.model,
                "--score",
                str(source),
                engine,
                str(folder / f"{engine}.parquet"),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found.append({"engine": engine} | json.loads(done.stdout))
            of = found[-1]
            print(
                f"{engine:<11}{of['seconds']:>8.1f} s (and {of['starting']:.1f} s to start), {of['cpu_seconds']} processor s, "
                f"{of['peak_mb']} MB at most, {of['candidate_pairs']:,} candidate pairs, {of['pairs']:,} kept",
                flush=True,
            )
        apart = [f"{other['engine']}: {what}" for other in found[1:] for what in differences(found[0], other, folder)]
    print("\n".join(apart) if apart else f"nothing differs by more than {EQUAL:g}")
    return 1 if apart else 0


if __name__ == "__main__":
    if find_spec("matcher") is None:
        sys.exit(subprocess.run([str(ensure("spark")), *sys.argv]).returncode)
    sys.exit(main())
