"""A made-up month of a county as a data set: its records as a run has them, and one row an identity for sides that get shared
fields only.

Takes what `matcher.synthetic` makes (or a folder that `matcher synth` wrote). Adds to the files of `benchmark.data`, whose records
are the identities: `full.parquet` (RECORDS), `expand.parquet` (record_id, identity), `truth.csv`. An identity is what one supply
says under one reference, name and date of birth; of its addresses the present one counts. So repeated rows neither help nor
hurt a tool without references. Measured as `matcher evaluate` measures persons across supplies.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmark.sides import SHARED
from matcher.evaluation.ceiling import ceiling
from matcher.evaluation.metrics import join, measure, once_in_a_supply, pairwise
from matcher.extracts import find_supplies, read_supplies
from matcher.pairs import load_model
from matcher.records import build
from matcher.synthetic import make_month
from specs.load import load_extract_specs

PERSON = ["dataset", "supplier", "ref_system", "ref", "part", "forename", "surname", "dob"]
REPORTED = 1_000  # people from which a name origin is shown


def prepare_month(folder: Path, options: dict[str, Any]) -> None:
    """Month -> the files."""
    as_at = dt.date.fromisoformat(options["as_at"])
    month = Path(options["month"]) if options["month"] else folder
    if options["month"] is None:
        made = make_month(options["people"], options["seed"], as_at, hard=options["hard"], errors=options["errors"])
        (folder / "inbox").mkdir()
        for name, content in made.files.items():
            (folder / "inbox" / name).write_bytes(content)
        (folder / "truth.csv").write_bytes(made.truth)
    else:
        (folder / "truth.csv").write_bytes((month / "truth.csv").read_bytes())
    specs = load_extract_specs()
    intake = read_supplies(find_supplies(month / "inbox", specs), specs, as_at)
    records = build([supply for supply in intake.supplies if supply.status == "accepted"], specs, as_at).records
    pq.write_table(records, folder / "full.parquet")
    identities, expand = identities_of(records)
    pq.write_table(identities, folder / "records.parquet")
    pq.write_table(expand, folder / "expand.parquet")
    figures = {
        "rows": sum(supply.rows_in for supply in intake.supplies if supply.dataset != "gazetteer"),
        "records": identities.num_rows,
        "lacking": {name: round(identities[name].null_count / max(identities.num_rows, 1), 4) for name in SHARED},
    }
    (folder / "data.json").write_text(json.dumps(figures), encoding="utf-8")


def identities_of(records: pa.Table) -> tuple[pa.Table, pa.Table]:
    """One row an identity with the shared fields, and (record_id, identity) of every record that names a person."""
    named = records.filter(records["names_person"])
    frame = named.select([*dict.fromkeys(["record_id", *PERSON, "address_to", *SHARED])]).to_pandas()
    same = frame[PERSON].copy()
    alone = same["ref"].isna()
    same.loc[alone, "ref"] = frame.loc[alone, "record_id"].map(lambda number: f"#{number}")
    frame["identity"] = same.groupby(PERSON, sort=False, dropna=False).ngroup().astype("int64")
    first = frame.sort_values(["identity", "address_to", "record_id"], na_position="first").drop_duplicates("identity")
    taken = named.take(pa.array(first.index.to_numpy())).select(list(SHARED))
    identities = taken.add_column(0, "record_id", pa.array(first["identity"].to_numpy()))
    for name in ("forename", "surname", "postcode", "sex"):
        column = identities[name]
        column = pc.if_else(pc.equal(column, ""), None, column)
        identities = identities.set_column(identities.column_names.index(name), name, column)
    return identities, pa.table({"record_id": frame["record_id"].to_numpy(), "identity": frame["identity"].to_numpy()})


class Month:
    """The truth of a prepared month; measures what a side found."""

    def __init__(self, folder: Path) -> None:
        truth = pd.read_csv(folder / "truth.csv", dtype=str, keep_default_na=False)
        self._truth = truth.assign(row=truth["row"].astype(int))
        self._full = folder / "full.parquet"
        keys = ["record_id", "dataset", "supplier", "row", "part"]
        records = pd.read_parquet(self._full, columns=keys)
        self._records = records[records["part"] == 0]
        self._expand = pd.read_parquet(folder / "expand.parquet")

    def ceiling(self, out: Path) -> dict[str, Any]:
        """What a perfect matcher could reach with what these records tell, by the pairs that our linkage scored."""
        return ceiling(pq.read_table(self._full), pq.read_table(out / "scored.parquet"), self._truth, load_model())

    def _rows(self, found: pd.DataFrame, whole: bool) -> pd.DataFrame:
        """The month's rows as `matcher evaluate` has them, with the person found for each."""
        if not whole:
            found = self._expand.merge(found, left_on="identity", right_on="record_id", suffixes=("", "_of"))
        rows = self._records.merge(found[["record_id", "cluster"]], on="record_id", how="left")
        person = rows["cluster"].map(lambda cluster: "" if pd.isna(cluster) else f"p{int(cluster)}")
        return rows.assign(person_id=person, household_id="", decision="no")

    def rated(self, found: pd.DataFrame, whole: bool) -> dict[str, float]:
        """Precision, recall and F1 of persons across supplies, of clusters (record_id, cluster): of the records, or (not
        `whole`) of the identities."""
        rows = join(self._truth, self._rows(found, whole))
        named = rows[rows["true_person"].notna() & (rows["true_person"] != "")]
        return pairwise(once_in_a_supply(named), "true_person", "found_person")

    def measure(self, found: pd.DataFrame, whole: bool) -> dict[str, Any]:
        """All figures of clusters."""
        measured = measure(self._truth, self._rows(found, whole))
        origins = {
            origin: {
                **group["persons"]["across_supplies"],
                "false_merges_per_1000": group["false_merges_per_1000"],
                "people": group["people"],
            }
            for origin, group in measured["by_origin"].items()
            if group["people"] >= REPORTED
        }
        return {
            "cluster": measured["persons"]["across_supplies"],
            "bcubed": measured["persons"]["bcubed"],
            "false_merges_per_1000": measured["false_merges_per_1000"],
            "entities": measured["people"],
            "by_origin": origins,
        }
