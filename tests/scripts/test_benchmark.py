"""The benchmark of linkage without its peers: made-up records, measures, report, bounds of a cell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPTS = Path(__file__).parent.parent.parent / "scripts"
sys.path.append(str(SCRIPTS))

from benchmark.cells import watched  # noqa: E402
from benchmark.made import make  # noqa: E402
from benchmark.measure import Records, connected  # noqa: E402
from benchmark.report import page, printed  # noqa: E402

SCRIPT = SCRIPTS / "benchmark_linkage.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def test_the_same_seed_makes_the_same_records_and_another_seed_others() -> None:
    first, again, other = make(3000, 1), make(3000, 1), make(3000, 2)
    assert first.records.equals(again.records) and first.truth.equals(again.truth)
    assert not first.records.equals(other.records)
    assert first.records.num_rows == first.truth.num_rows == 3000


def test_made_up_records_hold_what_makes_linkage_hard() -> None:
    made = make(20_000, 3)
    records = made.records.to_pandas().merge(made.truth.to_pandas(), on="record_id")
    assert set(records["source"]) == {"residents", "education", "benefits", "housing", "police"}
    assert records["dob"].isna().mean() > 0.08 and records["sex"].isna().mean() > 0.2
    assert records["postcode"].isna().mean() > 0.01
    people = records.groupby("entity")
    assert (people["source"].nunique() == people.size()).all(), "a source holds a person once"
    assert 1.4 < people.size().mean() < 2.2
    for name in ("forename", "surname", "dob", "postcode"):
        assert (people[name].nunique() > 1).mean() > 0.02, name
    swapped = records.merge(records, left_on=["entity", "forename"], right_on=["entity", "surname"])
    assert len(swapped) > 20
    homes = records.dropna(subset=["number"]).groupby(["surname", "postcode", "number"])["entity"].nunique()
    assert (homes > 1).mean() > 0.1, "households"
    twins = records.dropna(subset=["dob"]).groupby(["postcode", "surname", "dob"])["entity"].nunique()
    assert (twins > 1).sum() > 20, "twins"


@pytest.fixture
def truth(tmp_path: Path) -> Records:
    frame = pd.DataFrame({"record_id": range(6), "entity": [0, 0, 0, 1, 1, 2]})
    frame.to_parquet(tmp_path / "truth.parquet")
    return Records(tmp_path)


def test_clusters_and_pairs_are_measured_exactly(truth: Records) -> None:
    pairs = pd.DataFrame({"left": [0, 1, 3, 4], "right": [1, 2, 4, 5], "probability": [0.99, 0.95, 0.5, 0.95]})
    found = connected(np.arange(6), pairs, 0.9)
    assert truth.measure(found, False)["cluster"] == {
        "precision": pytest.approx(3 / 4), "recall": pytest.approx(3 / 4), "f1": pytest.approx(3 / 4)
    }  # fmt: skip
    assert truth.measure(found, False)["false_merges_per_1000"] == pytest.approx(1000 / 3, abs=1e-3)
    measured = truth.pairs(pairs)
    assert measured["pair"]["precision"] == pytest.approx(2 / 3, abs=1e-6)
    assert measured["pair"]["recall"] == pytest.approx(2 / 4)
    assert measured["pair_best"]["threshold"] == 0.5
    assert measured["pair_best"]["f1"] == pytest.approx(6 / 8)


def test_no_pair_at_all_is_measured_too(truth: Records) -> None:
    assert truth.pairs(pd.DataFrame({"left": [], "right": [], "probability": []}))["pair"]["recall"] == 0


def test_a_side_is_stopped_at_the_limit_and_its_failure_told(tmp_path: Path) -> None:
    reason, _ = watched([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, 0.005, 1e9)
    assert reason == "0.005 minutes"
    reason, _ = watched([sys.executable, "-c", "raise SystemExit('no such thing')"], tmp_path, 1, 1e9)
    assert reason == "exit 1: no such thing"
    assert watched([sys.executable, "-c", "pass"], tmp_path, 1, 1e9)[0] is None


def test_a_side_that_takes_the_memory_is_stopped(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("this system tells a process's memory to nobody else")
    hold = "x = bytearray(80_000_000); import time; time.sleep(60)"
    reason, peak = watched([sys.executable, "-c", hold], tmp_path, 1, 50)
    assert reason == "the machine's memory" and peak > 50


def test_a_run_writes_figures_log_and_page_and_goes_on_from_its_log(tmp_path: Path) -> None:
    log, figures, html = (tmp_path / name for name in ("log.jsonl", "figures.json", "report.html"))
    arguments = ["--data", "made", "--sizes", "400", "--sides", "ours", "--same", "--resume", str(log)]
    done = run(*arguments, "--json", str(figures), "--html", str(html))
    assert done.returncode == 0, done.stderr
    assert "ours, same" in done.stdout and max(map(len, done.stdout.splitlines())) <= 80
    (cell,) = json.loads(figures.read_text(encoding="utf-8"))["cells"]
    assert cell["result"]["cluster"]["f1"] > 0.7 and cell["result"]["candidates"] > 0
    assert {"read", "score", "cluster"} <= set(cell["result"]["stages"])
    text = html.read_text(encoding="utf-8")
    assert text.count("<svg") >= 3 and text.count("<figure") == text.count("<svg")
    assert "http" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    again = run(*arguments)
    assert again.returncode == 0 and "Making" not in again.stderr
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1


def test_a_side_or_a_data_set_that_is_not_there_is_refused() -> None:
    done = run("--sides", "ours,dedupe", "--data", "made,census")
    assert done.returncode == 2 and "unknown: dedupe, census" in done.stderr


def test_the_report_says_who_did_not_finish_and_why() -> None:
    key = {"data": "made 3M", "side": "splink", "mode": "same"}
    cell = {
        "key": key,
        "result": {"status": "did not finish", "reason": "30 minutes", "seconds": 1800, "peak_mb": 9000},
    }
    machine = {"system": "x", "cores": 2, "python": "3", "date": "2013-10-31", "command": "", "versions": {}}
    assert "did not finish: 30 minutes" in printed([cell])
    assert "did not finish: 30 minutes (held 9,000 MB)" in page({"cells": [cell], "machine": machine})
