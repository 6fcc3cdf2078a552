"""Each distinct row once. Takes Arrow columns of one length, gives their distinct rows and which of them each row is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa


def codes(column: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """(code of each value, number of codes): equal values share a code, nulls have code 0."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole.dictionary_encode()
    found = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found + 1, len(encoded.dictionary) + 1


def row_codes(columns: Sequence[pa.Array | pa.ChunkedArray]) -> np.ndarray:
    """A dense code for each row, in order of first appearance; rows alike in every column (nulls too) share it."""
    whole = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        found, size = codes(column)
        whole = pd.factorize(whole * size + found)[0].astype(np.int64)
    return whole


def first_rows(columns: Sequence[pa.Array | pa.ChunkedArray]) -> tuple[pa.Array, np.ndarray]:
    """(the first of each set of rows that are alike, for each row the position of its first among them)."""
    inverse = row_codes(columns)
    first = np.empty(int(inverse.max(initial=-1)) + 1, np.int64)
    first[inverse[::-1]] = np.arange(len(inverse))[::-1]
    return pa.array(first), inverse


def unique_rows(columns: Sequence[pa.Array | pa.ChunkedArray]) -> tuple[list[tuple[Any, ...]], np.ndarray]:
    """(the distinct rows as tuples, for each row the position of its tuple)."""
    first, inverse = first_rows(columns)
    return list(zip(*(column.take(first).to_pylist() for column in columns), strict=True)), inverse
