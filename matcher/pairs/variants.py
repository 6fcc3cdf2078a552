"""Rows of one reference that say the same of a person are one variant: compared once, whatever their number.

Takes a RECORDS table (or some of its columns); gives the variants and the variant of each record. Rows without a reference
stand for themselves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.encode import firsts, mix, text_keys

SAYS = (
    "ref_system", "ref", "part", "title", "forename", "middle", "surname", "sex", "dob", "nino", "upn", "nhs", "uprn",
    "address_kind", "flat", "building", "number", "street", "postcode", "known_person", "dataset", "supplier",
    "surname_parts", "relationship",
)  # fmt: skip


def variants(records: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(row of each variant's first record, variant of each record), variants in the order of their first records."""
    every = np.arange(records.num_rows)
    if not {"ref", "ref_system"} <= set(records.column_names):
        return every, every
    held = np.flatnonzero(pc.and_(records["ref"].is_valid(), records["ref_system"].is_valid()).to_numpy())
    key = np.zeros(len(held), dtype=np.uint64)
    for name in SAYS:
        if name not in records.column_names or records[name].null_count == records.num_rows:
            continue
        column = records[name]
        if pa.types.is_list(column.type):
            column = pc.binary_join(column, "|")
        if pa.types.is_string(column.type):
            key = mix(key, text_keys(column)[held])
        else:
            kind = pa.int32() if pa.types.is_date(column.type) else pa.int64()
            key = mix(key, pc.fill_null(column.cast(kind), -(1 << 20)).to_numpy()[held])
    stands_for = every.copy()
    stands_for[held] = held[firsts(key)[pd.factorize(key)[0]]]
    rows = np.flatnonzero(stands_for == every)
    number = np.cumsum(stands_for == every) - 1
    return rows, number[stands_for]
