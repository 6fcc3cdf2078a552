"""What the engine found, row by row, in the shape of DETAIL.csv: ids are of this run only and mean nothing outside it."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa

from matcher.month import Month


def detail(month: Month) -> pd.DataFrame:
    """`dataset,supplier,row,person_id,household_id,decision`: one line an accepted delivered row (a joint name's first person)."""
    tables = month.tables
    records = tables.records
    delivered = (records["part"].to_numpy() == 0) & (records["row"].to_numpy() > 0)
    table = records.filter(pa.array(delivered)).select(["dataset", "supplier", "row"]).to_pandas()
    person, household = tables.person_of()[delivered], tables.household_of()[delivered]
    table["person_id"] = [f"p{n}" if n >= 0 else "" for n in person]
    table["household_id"] = [f"h{n}" if n >= 0 else "" for n in household]
    table["decision"] = np.append(tables.route_of(), "no")[household]
    return table


def detail_csv(frame: pd.DataFrame) -> bytes:
    """DETAIL.csv as bytes."""
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False, lineterminator="\n")
    return buffer.getvalue().encode("utf-8")
