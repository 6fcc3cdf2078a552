"""Linkage of any table of person records, apart from the monthly match: records -> which person each belongs to.

Takes an Arrow table and a model; gives (record_id, person_id). Refuses a table that lacks the columns that the model reads.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from matcher.errors import UserError
from matcher.pairs import LinkageModel, load_model, score_pairs
from matcher.persons import Thresholds, members

TELLING = ("forename", "surname", "dob", "nino", "upn", "nhs")


def link(
    records: pa.Table, model: str | Path | LinkageModel = "default", threshold: float = 0.9, engine: str = "in_process"
) -> pa.Table:
    """Persons of a table of records: record_id, person_id (both int64).

    `records` may hold any of the columns of RECORDS (specs/tables.py): names in upper-case ASCII, `dob` as date32, postcode
    "LE1 1AA"; and whatever columns the model's general comparators name, as text. `record_id` is the row number from 0 where
    it is absent. `model` is a shipped model's name, the path of a TOML file or a LinkageModel; `threshold` the match
    probability from which two records are linked. Raises UserError where the columns that the model reads are absent, or for
    an unknown model or engine.
    """
    known = load_model(model)
    telling = known.fields or TELLING
    if not set(telling) & set(records.column_names):
        raise UserError("The table holds no column to link by.", todo=f"give at least one of: {', '.join(telling)}")
    if "record_id" not in records.column_names:
        records = records.append_column("record_id", pa.array(np.arange(records.num_rows)))
    if "names_person" in records.column_names:
        records = records.filter(records["names_person"])
    scored = score_pairs(records, known, engine=engine)
    thresholds = Thresholds(link=threshold, ask_from=threshold / 2, ask_to=(1 + threshold) / 2)
    ids = records["record_id"].cast(pa.int64()).to_numpy()
    return members(ids, scored.pairs, thresholds).select(["record_id", "person_id"])
