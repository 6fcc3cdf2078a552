"""Linkage of any table of person records, apart from the monthly match: records -> which person each belongs to.

Takes an Arrow table with some of the columns of RECORDS; gives (record_id, person_id). Refuses a table without any column
that tells people apart.
"""

from __future__ import annotations

import pyarrow as pa

from matcher.errors import UserError
from matcher.pairs import load_model, score_pairs
from matcher.pairs.encode import whole
from matcher.persons import Thresholds, cluster

TELLING = ("forename", "surname", "dob", "nino", "upn", "nhs")


def link(records: pa.Table, model: str = "default", threshold: float = 0.9) -> pa.Table:
    """Persons of a table of records: record_id, person_id (both int64).

    `records` may hold any of the columns of RECORDS (specs/tables.py): names in upper-case ASCII, `dob` as date32, postcode
    "LE1 1AA". `record_id` is the row number from 0 where it is absent. `threshold` is the match probability from which two
    records are linked. Raises UserError where no column tells people apart, or for an unknown model.
    """
    if not set(TELLING) & set(records.column_names):
        raise UserError("The table holds no column to link by.", todo=f"give at least one of: {', '.join(TELLING)}")
    table = whole(records)
    scored = score_pairs(table, load_model(model))
    thresholds = Thresholds(link=threshold, ask_from=threshold / 2, ask_to=(1 + threshold) / 2)
    return cluster(table, scored.pairs, thresholds=thresholds).members.select(["record_id", "person_id"])
