"""Rows of one reference that say the same of a person are one variant: compared once, whatever their number.

Takes a RECORDS table (or some of its columns); gives the variants and the variant of each record. Rows without a reference
stand for themselves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.encode import THREADS, Keys, firsts, mix, text_keys

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
    told = [records[name] for name in SAYS if name in records.column_names]
    key = np.zeros(len(held), dtype=np.uint64)
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        for column in pool.map(_keys, (column for column in told if column.null_count < records.num_rows)):
            key = mix(key, column[held])
    stands_for = every.copy()
    stands_for[held] = held[firsts(key)[pd.factorize(key)[0]]]
    rows = np.flatnonzero(stands_for == every)
    number = np.cumsum(stands_for == every) - 1
    return rows, number[stands_for]


def _keys(column: pa.ChunkedArray) -> Keys | npt.NDArray[np.int32] | npt.NDArray[np.int64]:
    """Equal numbers for equal values of a column."""
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, "|")
    if pa.types.is_string(column.type):
        return text_keys(column)
    kind = pa.int32() if pa.types.is_date(column.type) else pa.int64()
    return pc.fill_null(column.cast(kind), -(1 << 20)).to_numpy()
