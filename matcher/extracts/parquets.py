"""Parquet. Takes a file's bytes, gives a grid of text; refuses what is damaged, encrypted, too big, or no plain values."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from matcher.extracts.grid import Grid, Unreadable, make_grid, place_of

LARGEST_UNPACKED = 1 << 30  # bytes
MOST_CELLS = 60_000_000
_EXACT = 1e15  # floats up to here are whole numbers exactly


def read_parquet(data: bytes) -> Grid:
    """Read a Parquet file. Raises Unreadable, saying what to mend."""
    if not data:
        raise Unreadable("empty", "the file is empty; send it again with its columns and rows")
    if data.startswith(b"PARE"):
        raise Unreadable("password", "the file is encrypted; send it unencrypted by the agreed secure way")
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            meta = file.metadata
            unpacked = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
            if unpacked > LARGEST_UNPACKED or meta.num_rows * meta.num_columns > MOST_CELLS:
                raise Unreadable("too_big", "the file unpacks to more than 1 GB; send this month's rows only")
            table = file.read(use_threads=False)
        table.validate(full=True)
        names = [str(name) for name in table.column_names]
        columns = [_text(column.combine_chunks(), position) for position, column in enumerate(table.columns)]
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        message = "the file is no readable Parquet file; write it again, or send the supply as CSV"
        raise Unreadable("unreadable", message) from None
    if not names:
        raise Unreadable("empty", "the file has no columns; send it again with its columns and rows")
    return make_grid(names, columns)


def _text(column: pa.Array, position: int) -> pa.Array:
    kind = column.type
    if pt.is_dictionary(kind):
        return _text(column.dictionary_decode(), position)
    if pt.is_nested(kind):
        message = f"{place_of(position)} holds lists or records; a supply holds one plain value in a cell"
        raise Unreadable("unreadable", message)
    if pt.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if pt.is_floating(kind):
        wide = column.cast(pa.float64())
        whole = pc.and_(pc.equal(pc.floor(wide), wide), pc.less(pc.abs(wide), _EXACT))
        integers = pc.if_else(whole, wide, 0.0).cast(pa.int64()).cast(pa.string())
        present = pc.if_else(pc.is_nan(wide), pa.scalar(None, pa.float64()), wide)  # what pandas writes for nothing
        return pc.if_else(whole, integers, present.cast(pa.string()))
    text = column.cast(pa.string())
    return pc.replace_substring(text, "\0", "\ufffd")
