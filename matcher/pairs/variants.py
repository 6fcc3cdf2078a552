"""Rows of one reference that say the same of a person are one variant: compared once, whatever their number.

Takes a RECORDS table; gives, for each record, its variant's first record. Rows without a reference stand for themselves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.encode import codes, mix, whole

SAYS = (
    "ref_system", "ref", "part", "title", "forename", "middle", "surname", "sex", "dob", "nino", "upn", "nhs", "uprn",
    "address_kind", "flat", "building", "number", "street", "postcode", "known_person", "dataset", "supplier",
)  # fmt: skip


def first_of_variant(records: pa.Table) -> npt.NDArray[np.int64]:
    """Row number of the first row of each row's variant."""
    table = whole(records)
    size = table.num_rows
    key = np.zeros(size, dtype=np.uint64)
    for name in SAYS:
        column = table[name]
        if pa.types.is_string(column.type):
            key = mix(key, codes(column)[0])
        else:
            kind = pa.int32() if pa.types.is_date(column.type) else pa.int64()
            key = mix(key, pc.fill_null(column.cast(kind), -(1 << 20)).to_numpy())
    alone = pc.or_(pc.is_null(table["ref"]), pc.is_null(table["ref_system"])).to_numpy()
    key[alone] = mix(np.arange(size)[alone], np.full(int(alone.sum()), 7))
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return first[back] if size else np.zeros(0, dtype=np.int64)
