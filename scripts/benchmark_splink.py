"""Splink's side of a benchmark: `python benchmark_splink.py FOLDER NAME [tf]`, run by the Python of Splink's own environment.

Takes `FOLDER/identities.parquet` (identity: int64; forename, surname, postcode, sex: text or null; dob: date or null); gives
`FOLDER/NAME.parquet` (identity, cluster) and `FOLDER/NAME.json` (seconds from file to clusters, peak memory, the trained
model). With `tf`, agreement on a name weighs more the rarer the name is (Splink's term-frequency adjustments).
`environment()` makes that environment in the user's cache folder. Everything here is pinned and seeded.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

PINNED = ("splink==5.0.0", "duckdb==2.0.0", "pyarrow==26.0.1", "sqlglot==30.30.0")
THRESHOLD = 0.9
BLOCKS = (
    ("surname", "dob"),
    ("forename", "dob"),
    ("forename", "surname"),
    ("postcode", "forename"),
    ("postcode", "dob"),
    ("surname", "substr(forename, 1, 1)", "year(dob)"),
    ("postcode", "surname"),
)
SURE = (("forename", "surname", "dob"), ("surname", "dob", "postcode"), ("forename", "dob", "postcode"))
SURE_RECALL = 0.6  # of all matching pairs, those that a rule of SURE finds: what a user would guess of such data
TRAINED_ON = (("forename", "surname"), ("surname", "dob"), ("postcode", "forename"))


def cache() -> Path:
    """The user's cache folder."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


def environment() -> Path:
    """The Python of an environment that holds the pinned packages, made where it is lacking. Exits with what to do."""
    version = f"{PINNED[0].replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}"
    home = cache() / "matcher-benchmark" / version
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == list(PINNED):
        return python
    print("Setting up Splink in an environment of its own (once) ...", file=sys.stderr, flush=True)
    venv.create(home, with_pip=True, clear=True)
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--only-binary=:all:", *PINNED]
    )
    if done.returncode:
        sys.exit("Splink could not be installed. Is the package registry reachable? Run the same command again.")
    stamp.write_text("\n".join(PINNED) + "\n", encoding="utf-8")
    return python


def settings(rarity: bool) -> Any:
    """The model, a splink.SettingsCreator: seven blocking rules and five comparisons; `rarity` for term frequencies."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    def custom(column: str, *levels: tuple[str, str]) -> cl.CustomComparison:
        return cl.CustomComparison(
            output_column_name=column,
            comparison_levels=[
                cll.NullLevel(column), cll.ExactMatchLevel(column),
                *(cll.CustomLevel(condition, label) for label, condition in levels), cll.ElseLevel(),
            ],
        )  # fmt: skip

    dob = custom(
        "dob",
        (
            "day and month swapped",
            "year(dob_l) = year(dob_r) and month(dob_l) = day(dob_r) and day(dob_l) = month(dob_r)",
        ),
        ("one edit", "damerau_levenshtein(strftime(dob_l, '%Y%m%d'), strftime(dob_r, '%Y%m%d')) <= 1"),
        ("year within 1", "abs(year(dob_l) - year(dob_r)) <= 1"),
    )
    postcode = custom(
        "postcode",
        ("one edit", "damerau_levenshtein(postcode_l, postcode_r) <= 1"),
        ("same district", "split_part(postcode_l, ' ', 1) = split_part(postcode_r, ' ', 1)"),
    )
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="identity",
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKS],
        comparisons=[
            cl.JaroWinklerAtThresholds("forename", [0.92, 0.8]).configure(term_frequency_adjustments=rarity),
            cl.JaroWinklerAtThresholds("surname", [0.92, 0.8]).configure(term_frequency_adjustments=rarity),
            dob, postcode, cl.ExactMatch("sex"),
        ],
        retain_matching_columns=False,
    )  # fmt: skip


def main(folder: Path, name: str, rarity: bool) -> None:
    import pyarrow.parquet as pq
    from splink import DuckDBAPI, Linker, block_on

    start, cpu = time.perf_counter(), time.process_time()
    api = DuckDBAPI()
    linker = Linker(api.register(pq.read_table(folder / "identities.parquet")), settings(rarity), log_level="ERROR")
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on(*rule) for rule in SURE], recall=SURE_RECALL)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in TRAINED_ON:
        training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    trained = time.perf_counter()
    predicted = linker.inference.predict(threshold_match_probability=THRESHOLD / 9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
    table = clusters.as_pyarrow_table().select(["identity", "cluster_id"]).rename_columns(["identity", "cluster"])
    end, used = time.perf_counter(), time.process_time() - cpu
    pq.write_table(table, folder / f"{name}.parquet")
    memory = runpy.run_path(str(Path(__file__).parent.parent / "matcher" / "memory.py"))["peak_rss_mb"]()
    figures = {
        "seconds": end - start,
        "cpu_seconds": used,
        "seconds_training": trained - start,
        "peak_rss_mb": memory,
        "model": linker.misc.save_model_to_json(),
    }
    (folder / f"{name}.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], "tf" in sys.argv[3:])
