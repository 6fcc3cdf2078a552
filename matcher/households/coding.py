"""Columns as codes: takes columns of text, gives integer codes into sorted distinct tidy values.

Codes follow the order of values, so that nothing that is decided by code depends on the order of rows. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TICKED = 16
"""Numbers up to so many times their count are ticked off in a list."""


@dataclass
class Coded:
    """One column over records then gazetteer rows: codes into sorted distinct values, -1 = none."""

    codes: np.ndarray
    values: list[str]

    def at(self, code: int) -> str | None:
        return self.values[code] if code >= 0 else None


def coded_column(parts: Sequence[pa.ChunkedArray | pa.Array], tidy: Callable[[str], str | None]) -> Coded:
    whole = pa.chunked_array([chunk for part in parts for chunk in chunks(part)], type=pa.string())
    encoded = whole.combine_chunks().dictionary_encode()
    tidied = pa.array([tidy(value) or None if value else None for value in encoded.dictionary.to_pylist()], pa.string())
    distinct_tidy = tidied.dictionary_encode()
    order = pc.sort_indices(distinct_tidy.dictionary)
    rank = np.full(len(order) + 1, -1, dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    table = np.append(rank[distinct_tidy.indices.fill_null(-1).to_numpy(zero_copy_only=False)], -1)
    return Coded(
        table[encoded.indices.fill_null(len(tidied)).to_numpy(zero_copy_only=False)],
        distinct_tidy.dictionary.take(order).to_pylist(),
    )


def wording_rank(texts: pa.ChunkedArray) -> np.ndarray:
    """For each row its place among the distinct texts, the fullest first, then in the order of letters; -1 where there is none."""
    encoded = texts.combine_chunks().dictionary_encode()
    size = len(encoded.dictionary)
    distinct = pa.table({"text": encoded.dictionary, "length": pc.utf8_length(encoded.dictionary)})
    order = pc.sort_indices(distinct, [("length", "descending"), ("text", "ascending")]).to_numpy()
    table = np.full(size + 1, -1, dtype=np.int64)
    table[order] = np.arange(size)
    return table[encoded.indices.fill_null(size).to_numpy(zero_copy_only=False)]


def references_of(records: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Each record's system of references and its reference as numbers, -1 for none."""
    system, ref = (
        records[name].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for name in ("ref_system", "ref")
    )
    return system.astype(np.int64), ref.astype(np.int64)


def chunks(part: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return part.chunks if isinstance(part, pa.ChunkedArray) else [part]


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name].cast(pa.string())
    return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])


def pack(*codes: np.ndarray) -> np.ndarray:
    """Dense int64 ids of the distinct rows of several code columns, in the order of their values."""
    packed, width = np.zeros(len(codes[0]), dtype=np.int64), 1
    for column in codes:
        values = int(column.max(initial=-1)) + 2
        if width * values > _sortable(len(packed)):
            packed = dense_ids(packed)
            width = len(packed)
        packed = packed * values + (column.astype(np.int64) + 1)
        width *= values
    return dense_ids(packed)


def _sortable(count: int) -> int:
    """Numbers below this can be sorted, `count` of them, each with its place beside it in one int64."""
    return 1 << (62 - count.bit_length())


def dense_ids(values: np.ndarray) -> np.ndarray:
    """For each number, none below 0, its place among the distinct ones."""
    most = int(values.max(initial=0))
    if most <= _TICKED * len(values):  # ticked off in a list of all that might be there, which needs no sorting
        there = np.zeros(most + 1, dtype=bool)
        there[values] = True
        return (np.cumsum(there) - 1)[values]
    bits = len(values).bit_length()
    if most < _sortable(len(values)):
        # Sorted with their places beside them, which takes a fraction of finding an order.
        beside = np.sort((values << bits) | np.arange(len(values)))
        order, rising = beside & ((1 << bits) - 1), beside >> bits
    else:
        order = np.argsort(values)
        rising = values[order]
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.cumsum(np.concatenate([[False], rising[1:] != rising[:-1]]))
    return found


def distinct(values: np.ndarray) -> np.ndarray:
    """The distinct numbers, sorted; np.unique finds them by hashes, which takes many times as long."""
    rising = np.sort(values)
    return rising[np.concatenate([[True], rising[1:] != rising[:-1]])[: len(rising)]]


def last_places(ids: np.ndarray) -> np.ndarray:
    """Where each of dense ids stands last."""
    places = np.empty(int(ids.max(initial=-1)) + 1, dtype=np.int64)
    places[ids] = np.arange(len(ids))  # what is written last stays
    return places


def first_places(ids: np.ndarray) -> np.ndarray:
    """Where each of dense ids stands first."""
    return len(ids) - 1 - last_places(ids[::-1])


def ranges(start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """start[0], start[0]+1, ... for each (start, size), one after the other."""
    if not size.sum():
        return np.zeros(0, dtype=np.int64)
    ends = np.cumsum(size)
    return np.arange(ends[-1]) - np.repeat(ends - size, size) + np.repeat(start, size)


def texts_of(codes: np.ndarray, coded: Coded) -> np.ndarray:
    return np.array([*coded.values, None], dtype=object)[codes]
