"""Rows of one reference that say the same of a person are one variant: compared once, whatever their number.

Takes a RECORDS table; gives the variants and the variant of each record. Rows without a reference stand for themselves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.encode import mix, text_keys, whole

SAYS = (
    "ref_system", "ref", "part", "title", "forename", "middle", "surname", "sex", "dob", "nino", "upn", "nhs", "uprn",
    "address_kind", "flat", "building", "number", "street", "postcode", "known_person", "dataset", "supplier",
)  # fmt: skip


def variants(records: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(row number of each variant's first row, variant of each row). Their order depends on what rows say, not on theirs."""
    table = whole(records)
    size = table.num_rows
    key = np.zeros(size, dtype=np.uint64)
    for name in SAYS:
        column = table[name]
        if pa.types.is_string(column.type):
            key = mix(key, text_keys(column))
        else:
            kind = pa.int32() if pa.types.is_date(column.type) else pa.int64()
            key = mix(key, pc.fill_null(column.cast(kind), -(1 << 20)).to_numpy())
    alone = np.flatnonzero(pc.or_(pc.is_null(table["ref"]), pc.is_null(table["ref_system"])).to_numpy())
    if len(alone):  # each for itself: told apart by a running number among equals
        order = np.argsort(key[alone], kind="stable")
        ordered = key[alone][order]
        fresh = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        start = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
        key[alone[order]] = mix(ordered, np.arange(len(order)) - start, np.full(len(order), 7))
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return first.astype(np.int64), back.astype(np.int64)
