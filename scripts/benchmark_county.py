"""Our linkage beside Splink on the same made-up month: `python scripts/benchmark_county.py [--people 100000] [--seed 1]`.

Makes a month of a county (or takes one that `matcher synth` wrote: --month FOLDER), builds its records, links them with the
engine as the monthly run does, with the engine on the fields that Splink is given, and with Splink with and without
term-frequency adjustments; measures each against the truth in the same way, and prints one table. Each side runs in a process of its own, so that its peak memory is its own.
Splink gets one row an identity (the rows of one reference in one supply with the same name and date of birth), so that
repeated rows neither help nor hurt it. Sets up what it needs; holds made-up people only; leaves nothing but --json FILE.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmark_splink import THRESHOLD, environment
from environment import ROOT, ensure

SHARED = ("forename", "surname", "dob", "postcode", "sex")
SIDES = {"ours": "ours", "fields": "ours*", "splink": "Splink*", "splink_tf": "Splink* tf"}
NOTES = (
    "ours: as `matcher run` links the rows. The sides with * get one row an identity",
    "and of it forename, surname, date of birth, postcode and sex only. tf: with",
    "Splink's term-frequency adjustments on names.",
)
REPORTED = 1_000  # people from which a name origin is shown


def records_step(folder: Path, options: argparse.Namespace) -> None:
    """Month -> records.parquet, identities.parquet (with `rows` of each in expand.parquet), truth.csv and month.json."""
    import datetime as dt

    import pyarrow.parquet as pq

    from matcher.extracts import find_supplies, read_supplies
    from matcher.records import build
    from matcher.synthetic import make_month
    from specs.load import load_extract_specs

    as_at = dt.date.fromisoformat(options.as_at)
    month = folder
    if options.month is None:
        made = make_month(options.people, options.seed, as_at, hard=options.hard, errors=options.errors)
        (folder / "inbox").mkdir()
        for name, content in made.files.items():
            (folder / "inbox" / name).write_bytes(content)
        (folder / "truth.csv").write_bytes(made.truth)
    else:
        month = Path(options.month)
        (folder / "truth.csv").write_bytes((month / "truth.csv").read_bytes())
    specs = load_extract_specs()
    start = time.perf_counter()
    intake = read_supplies(find_supplies(month / "inbox", specs), specs, as_at)
    read = time.perf_counter()
    records = build([supply for supply in intake.supplies if supply.status == "accepted"], specs, as_at).records
    built = time.perf_counter()
    pq.write_table(records, folder / "records.parquet")
    identities, expand = identities_of(records)
    pq.write_table(identities, folder / "identities.parquet")
    pq.write_table(expand, folder / "expand.parquet")
    lacking = {name: identities[name].null_count / max(identities.num_rows, 1) for name in SHARED}
    figures = {
        "rows": sum(supply.rows_in for supply in intake.supplies if supply.dataset != "gazetteer"),
        "rows_rejected": sum(supply.rows_rejected for supply in intake.supplies),
        "records": records.num_rows,
        "identities": identities.num_rows,
        "lacking": lacking,
        "seconds": {"read": read - start, "records": built - read},
    }
    (folder / "month.json").write_text(json.dumps(figures), encoding="utf-8")


def identities_of(records: Any) -> tuple[Any, Any]:
    """One row an identity with the shared fields, and (record_id, identity) of every record that names a person.

    An identity is what one supply says under one reference, name and date of birth; of its addresses the present one counts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    named = records.filter(records["names_person"])
    frame = named.select(
        ["record_id", "dataset", "supplier", "ref_system", "ref", "part", "address_to", *SHARED]
    ).to_pandas()
    same = frame[["dataset", "supplier", "ref_system", "ref", "part", "forename", "surname", "dob"]].copy()
    alone = same["ref"].isna()
    same.loc[alone, "ref"] = frame.loc[alone, "record_id"].map(lambda number: f"#{number}")
    frame["identity"] = same.groupby(list(same.columns), sort=False, dropna=False).ngroup().astype("int64")
    first = frame.sort_values(["identity", "address_to", "record_id"], na_position="first").drop_duplicates("identity")
    taken = named.take(pa.array(first.index.to_numpy())).select(list(SHARED))
    identities = taken.add_column(0, "identity", pa.array(first["identity"].to_numpy()))
    for name in ("forename", "surname", "postcode", "sex"):
        column = identities[name]
        identities = identities.set_column(
            identities.column_names.index(name), name, pc.if_else(pc.equal(column, ""), None, column)
        )
    return identities, pa.table({"record_id": frame["record_id"].to_numpy(), "identity": frame["identity"].to_numpy()})


def ours_step(folder: Path, side: str) -> None:
    """Records (or the shared fields of the identities) -> ours.parquet / fields.parquet (id, cluster), as a run links them."""
    import pyarrow.parquet as pq

    from matcher.linkage import link
    from matcher.memory import peak_rss_mb
    from matcher.pairs import load_model, score_pairs
    from matcher.persons import Thresholds, cluster
    from specs.load import load_extract_specs

    trust = {dataset: spec.trust for dataset, spec in load_extract_specs().items()}
    model = load_model()
    figures: dict[str, float] = {}
    start, cpu = time.perf_counter(), time.process_time()
    if side == "ours":
        records = pq.read_table(folder / "records.parquet")
        scored = score_pairs(records, model)
        figures["candidate_pairs"] = scored.candidate_pairs
        pq.write_table(scored.pairs, folder / "pairs.parquet")
        members = cluster(
            records, scored.pairs, thresholds=Thresholds.model_validate({"link": THRESHOLD}), trust=trust
        ).members
        found = members.select(["record_id", "person_id"])
    else:
        identities = pq.read_table(folder / "identities.parquet")
        linked = link(identities.select(list(SHARED)), threshold=THRESHOLD)
        found = linked.set_column(0, "record_id", identities["identity"].take(linked["record_id"]))
    figures["seconds"], figures["cpu_seconds"] = time.perf_counter() - start, time.process_time() - cpu
    pq.write_table(found.rename_columns(["id", "cluster"]), folder / f"{side}.parquet")
    figures["peak_rss_mb"] = peak_rss_mb()
    (folder / f"{side}.json").write_text(json.dumps(figures), encoding="utf-8")


def measure_step(folder: Path) -> None:
    """Every side against the truth, as `matcher evaluate` measures persons -> measures.json."""
    import pandas as pd
    import pyarrow.parquet as pq

    from matcher.evaluation.ceiling import ceiling
    from matcher.evaluation.metrics import measure
    from matcher.pairs import load_model

    truth = pd.read_csv(folder / "truth.csv", dtype=str, keep_default_na=False).assign(
        row=lambda t: t["row"].astype(int)
    )
    records = pd.read_parquet(folder / "records.parquet", columns=["record_id", "dataset", "supplier", "row", "part"])
    expand = pd.read_parquet(folder / "expand.parquet")
    result = {}
    for side in SIDES:
        found = pd.read_parquet(folder / f"{side}.parquet").set_axis(["id", "cluster"], axis=1)
        if side != "ours":
            found = expand.merge(found, left_on="identity", right_on="id")[["record_id", "cluster"]]
        found = records[records["part"] == 0].merge(
            found.set_axis(["record_id", "person_id"], axis=1), on="record_id", how="left"
        )
        found["person_id"] = found["person_id"].map(lambda cluster: "" if pd.isna(cluster) else f"p{int(cluster)}")
        measured = measure(truth, found.assign(household_id="", decision="no"))
        figures = json.loads((folder / f"{side}.json").read_text(encoding="utf-8"))
        figures |= {name: measured[name] for name in ("persons", "false_merges_per_1000", "people")}
        figures["by_origin"] = {
            origin: {"f1": group["persons"]["across_supplies"]["f1"], **group["persons"]["across_supplies"]}
            | {"false_merges_per_1000": group["false_merges_per_1000"], "people": group["people"]}
            for origin, group in measured["by_origin"].items()
        }
        result[side] = figures
    tables = (pq.read_table(folder / name) for name in ("records.parquet", "pairs.parquet"))
    result["ours"]["ceiling"] = ceiling(*tables, truth, load_model())
    (folder / "measures.json").write_text(json.dumps(result), encoding="utf-8")


def table(month: dict[str, Any], sides: dict[str, Any]) -> str:
    """The comparison, at most 80 columns wide."""
    lacking = month["lacking"]
    people = next(iter(sides.values()))["people"]
    lines = [
        f"{people:,} people in {month['rows']:,} rows, of {month['identities']:,} identities. Lacking in these:",
        f"date of birth {lacking['dob']:.1%}, sex {lacking['sex']:.1%}, postcode {lacking['postcode']:.1%}. "
        f"Clusters at match probability {THRESHOLD}.",
        "",
        f"{'persons across supplies':<28}" + "".join(f"{SIDES[side]:>13}" for side in sides),
    ]

    def row(title: str, form: str, values: list[float | None]) -> str:
        cells = ("-" if value is None else format(value, form) for value in values)
        return f"{title:<28}" + "".join(f"{cell:>13}" for cell in cells)

    for name in ("precision", "recall", "f1"):
        lines.append(
            row(name if name != "f1" else "F1", ".4f", [s["persons"]["across_supplies"][name] for s in sides.values()])
        )
    lines.append(row("false merges per 1,000", ".1f", [side["false_merges_per_1000"] for side in sides.values()]))
    lines.append(row("seconds", ".2f", [side["seconds"] for side in sides.values()]))
    lines.append(row("CPU seconds", ".2f", [side["cpu_seconds"] for side in sides.values()]))
    lines.append(row("peak memory, MiB", ",.0f", [side["peak_rss_mb"] for side in sides.values()]))
    first = next(iter(sides.values()))
    shown = sorted(
        (origin for origin, group in first["by_origin"].items() if group["people"] >= REPORTED),
        key=lambda origin: -first["by_origin"][origin]["people"],
    )
    for title, name, form in (
        ("F1 by name origin", "f1", ".4f"), ("precision by name origin", "precision", ".4f"),
        ("false merges per 1,000", "false_merges_per_1000", ".1f"),
    ):  # fmt: skip
        lines += ["", title]
        lines += [
            row(f"  {origin.replace('_', ' ')}"[:28], form, [s["by_origin"][origin][name] for s in sides.values()])
            for origin in shown
        ]
    most = first["ceiling"]
    lines += [
        "",
        f"A perfect matcher with what these records tell: F1 at most {most['f1']:.3f}; of {most['true_pairs']:,}",
    ]
    lines += [f"pairs of one person across supplies {most['too_little']:,} share too little to be told."]
    return "\n".join([*lines, "", *NOTES])


def ready() -> bool:
    """Whether this Python holds what the program needs."""
    sys.path.insert(0, str(ROOT))
    try:
        import matcher.month  # noqa: F401
    except ImportError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description="Our linkage beside Splink on the same made-up month.")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as-at", default="2013-10-31")
    parser.add_argument("--errors", type=float, default=1.0, help="scale of errors; 0 is clean")
    parser.add_argument("--hard", action="store_true", help="twice the twins, namesakes, shared houses, swapped names")
    parser.add_argument("--month", help="a folder that `matcher synth` wrote, in place of making one")
    parser.add_argument("--json", help="write all figures to this file")
    parser.add_argument("--step", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        sys.path.insert(0, str(ROOT))
        name, folder = options.step[0], Path(options.step[1])
        if name == "records":
            records_step(folder, options)
        elif name == "measure":
            measure_step(folder)
        else:
            ours_step(folder, name)
        return
    python = Path(sys.executable) if ready() else ensure("run")
    splink = environment()
    with tempfile.TemporaryDirectory(prefix="matcher-benchmark-") as name:

        def step(title: str, program: Path, *command: str) -> None:
            print(f"{title} ...", file=sys.stderr, flush=True)
            if subprocess.run([program, *command]).returncode:
                sys.exit(f"The benchmark stopped at: {title}.")

        this = str(Path(__file__).resolve())
        step("Making the month and its records", python, this, *sys.argv[1:], "--step", "records", name)
        for side, title in SIDES.items():
            if side.startswith("splink"):
                rarity = ["tf"] if side.endswith("tf") else []
                step(title, splink, str(Path(this).with_name("benchmark_splink.py")), name, side, *rarity)
            else:
                step(title, python, this, "--step", side, name)
        step("Measuring", python, this, "--step", "measure", name)
        month, sides = (json.loads((Path(name) / f"{part}.json").read_text("utf-8")) for part in ("month", "measures"))
    if options.json:
        Path(options.json).write_text(json.dumps({"month": month, **sides}, indent=1), encoding="utf-8")
    print(table(month, sides))


if __name__ == "__main__":
    main()
