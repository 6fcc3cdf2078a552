"""This project's linkage. `same`: the model `plain` on the shared fields, which is the shared rules and comparisons. `best`:
the model `default` on every field of the data, and for a county's month on its records as a run has them.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from benchmark.sides import FLOOR, GRID, SHARED, THRESHOLD, run
from matcher.pairs import load_model, score_pairs
from matcher.person_tables import readable
from matcher.persons import Thresholds, cluster, members
from matcher.progress import Stage
from specs.load import load_extract_specs

STEPS = {0.1: "encode", 0.6: "block and compare", 0.75: "train, find the likely pairs", 1.0: "score"}


def main() -> None:
    this = run()
    model = load_model("plain" if this.mode == "same" else "default")
    with this.stage("read"):
        full = this.data / "full.parquet"
        whole = this.mode == "best" and full.exists()
        trust = {dataset: spec.trust for dataset, spec in load_extract_specs().items()} if whole else {}
        if whole:
            records = pq.read_table(full)
        else:
            records = pq.ParquetFile(this.data / "records.parquet", memory_map=True).read()
            more = [name for name in ("number", "street") if name in records.column_names and this.mode == "best"]
            if "source" in records.column_names and this.mode == "best":
                more.append("dataset")
                records = records.append_column("dataset", records["source"])
            records = readable(records.select(["record_id", *SHARED, *more]), model)[0]  # its rows are their ids
    scored = score_pairs(records, model, stage=Stage(this.steps(STEPS)))
    this.candidates = scored.candidate_pairs
    this.notes += scored.warnings

    households = scored.trained.sizes["relative"] > 0

    def found_at(link: float) -> pa.Table:
        thresholds = Thresholds(link=link, ask_from=link / 2, ask_to=(1 + link) / 2)
        if whole:
            persons = cluster(records, scored.pairs, thresholds=thresholds, trust=trust).members
        else:
            persons = members(records["record_id"].to_numpy(), scored.pairs, thresholds, households=households)
        return persons.select(["record_id", "person_id"])

    with this.stage("cluster"):
        found = found_at(THRESHOLD)
    this.finish()
    tried = {str(link): found_at(link) for link in GRID}
    sweep = pa.table({"record_id": found["record_id"]} | {link: table["person_id"] for link, table in tried.items()})
    pairs = scored.pairs.select(["record_id_l", "record_id_r", "match_probability"]).rename_columns(
        ["left", "right", "probability"]
    )
    if full.exists():
        pq.write_table(scored.pairs, this.out / "scored.parquet")  # what limits any matcher is told from all of them
    pairs = pairs.filter(pa.compute.greater_equal(pairs["probability"], FLOOR))
    this.write(found.rename_columns(["record_id", "cluster"]), pairs, sweep)


if __name__ == "__main__":
    main()
