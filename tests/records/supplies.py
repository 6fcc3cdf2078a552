"""Made-up supplies for tests: rows as dictionaries, typed as intake types them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from specs.load import ExtractSpec, load_extract_specs

SPECS = load_extract_specs()
AS_AT = dt.date(2013, 10, 31)
_TYPES = {
    "date": pa.date32(),
    "date_of_birth": pa.date32(),
    "count": pa.int64(),
    "yes_no": pa.bool_(),
    "number": pa.float64(),
}


@dataclass(frozen=True)
class Delivered:
    dataset: str
    supplier: str
    rows: pa.Table | None
    metadata: dict[str, Any] | None = field(default=None)


def table(spec: ExtractSpec, rows: list[dict[str, Any]]) -> pa.Table:
    columns: dict[str, pa.Array] = {"row": pa.array([row.get("row", n) for n, row in enumerate(rows, 1)], pa.int32())}
    for column in spec.column:
        values = [row.get(column.id, False if column.type == "yes_no" else None) for row in rows]
        columns[column.id] = pa.array(values, _TYPES.get(column.type, pa.string()))
    columns["beyond_row"] = pa.array([bool(row.get("beyond_row")) for row in rows], pa.bool_())
    return pa.table(columns)


def delivered(dataset: str, supplier: str, *rows: dict[str, Any], metadata: dict[str, Any] | None = None) -> Delivered:
    return Delivered(dataset, supplier, table(SPECS[dataset], list(rows)), metadata)


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
