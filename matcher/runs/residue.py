"""Values that must be gone after the seal: a random sample of what the deleted rows held and no kept row holds.

Drawn in memory before the people are forgotten; never written, never shown. Only values of eight characters or more, that
could not be found by chance.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from matcher.tables import MonthTables

COLUMNS = ("address", "ref", "nino", "upn")
SHORTEST = 8
SAMPLE = 60


def _names(records: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(records["forename"], records["surname"], " ")


def sample(tables: MonthTables, kept: MonthTables, earlier: Iterable[str]) -> list[str]:
    """Up to SAMPLE values of the rows let go, spread over names, addresses and identifiers.

    None of them stands in a kept row, nor in `earlier`: the texts that the registry held rightly before this batch.
    """
    held = "\n".join([*_texts(kept.records), *earlier]).casefold()
    found: list[str] = []
    columns: dict[str, pa.ChunkedArray] = {name: tables.records[name] for name in COLUMNS}
    columns["name"] = _names(tables.records)
    for values in columns.values():
        distinct = pc.unique(values.drop_null())
        long = distinct.filter(pc.greater_equal(pc.utf8_length(distinct), SHORTEST))
        wanted = SAMPLE // len(columns)
        for _ in range(wanted * 4):
            if not len(long) or wanted == 0:
                break
            value = long[secrets.randbelow(len(long))].as_py()
            if value.casefold() not in held and value not in found:
                found.append(value)
                wanted -= 1
    return found


def _texts(records: pa.Table) -> list[str]:
    """Every text of the kept rows, for telling what may be found."""
    texts: list[str] = []
    for name in (*COLUMNS, "forename", "surname", "street", "town", "building"):
        texts += [value for value in records[name].to_pylist() if value]
    texts += [value for value in _names(records).to_pylist() if value]
    return texts
