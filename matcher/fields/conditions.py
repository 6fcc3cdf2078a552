"""Conditions of a specification on parsed rows. Takes `when` and a table, gives which rows it holds for.

`when` is column -> accepted codes: "*" filled, "" blank, "Y" / "N" of a yes-or-no column, else the value itself. A row
must satisfy every column, by any of its codes. A column that was not delivered is blank in every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def holds(when: Mapping[str, Sequence[str]], rows: pa.Table) -> np.ndarray:
    """One bool a row. An empty condition holds for every row."""
    result = np.ones(rows.num_rows, dtype=bool)
    for name, accepted in when.items():
        if name not in rows.column_names:
            result &= "" in accepted
            continue
        column = rows[name].combine_chunks()
        filled = column.is_valid().to_numpy(zero_copy_only=False)
        some = np.zeros(rows.num_rows, dtype=bool)
        if "*" in accepted:
            some |= filled
        if "" in accepted:
            some |= ~filled
        codes = [code for code in accepted if code not in ("*", "")]
        if codes:
            text = pc.if_else(column, "Y", "N") if pa.types.is_boolean(column.type) else column.cast(pa.string())
            some |= pc.is_in(text, value_set=pa.array(codes, pa.string())).to_numpy(zero_copy_only=False)
        result &= some
    return result
