"""Parquet. Takes a file's bytes, gives a grid of text; refuses what is damaged, encrypted, too big, or no plain values.

Its summary and the header of every page are read before anything is unpacked: what the pages say they hold is bounded, not
what the summary says. Texts are read as the file keeps them, each once, and measured before they are written out.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from matcher.extracts.grid import Grid, Unreadable, make_grid, place_of, refuse_too_many
from matcher.extracts.limits import LARGEST_UNPACKED
from matcher.extracts.page_headers import page_headers

_EXACT = 1e15  # floats up to here are whole numbers exactly
_PREFIXED = 7  # DELTA_BYTE_ARRAY: each text continues the one before, so a few bytes may be gigabytes
_FOOTER: dict[str, Any] = {
    "thrift_string_size_limit": 1 << 24,  # bytes; pandas describes every column there
    "thrift_container_size_limit": 1 << 17,  # columns, groups of rows
    "arrow_extensions_enabled": False,
    "pre_buffer": False,
}


def read_parquet(data: bytes) -> Grid:
    """Read a Parquet file. Raises Unreadable, saying what to mend."""
    if not data:
        raise Unreadable("empty", "the file is empty; send it again with its columns and rows")
    if data.startswith(b"PARE"):
        raise Unreadable("password", "the file is encrypted; send it unencrypted by the agreed secure way")
    try:
        table = _table(data)
        table.validate(full=True)
        names = [str(name) for name in table.column_names]
        columns = [_text(column, position) for position, column in enumerate(table.columns)]
    except (pa.ArrowException, OSError, ValueError, OverflowError, TypeError):
        message = "the file is no readable Parquet file; write it again, or send the supply as CSV"
        raise Unreadable("unreadable", message) from None
    if not names:
        raise Unreadable("empty", "the file has no columns; send it again with its columns and rows")
    return make_grid(names, columns)


def _table(data: bytes) -> pa.Table:
    _refuse_bombs(data)
    with pq.ParquetFile(pa.BufferReader(data), **_FOOTER) as file:
        meta, schema = file.metadata, file.schema_arrow
        refuse_too_many(meta.num_rows, meta.num_columns)
        for position, field in enumerate(schema):
            _refuse_nested(field.type, position)
        if len(schema.names) != meta.num_columns:
            raise ValueError
        texts = [file.schema.column(n).path for n in range(meta.num_columns) if _is_text(schema.field(n).type)]
    # in nanoseconds, a far date of a 96-bit timestamp would silently become another one
    with pq.ParquetFile(
        pa.BufferReader(data), read_dictionary=texts, coerce_int96_timestamp_unit="us", **_FOOTER
    ) as file:
        return file.read(use_threads=False)


def _is_text(kind: pa.DataType) -> bool:
    return any(
        test(kind) for test in (pt.is_string, pt.is_large_string, pt.is_string_view, pt.is_binary, pt.is_large_binary)
    )


def _refuse_nested(kind: pa.DataType, position: int) -> None:
    if pt.is_dictionary(kind):
        kind = kind.value_type
    if pt.is_nested(kind) or isinstance(kind, pa.BaseExtensionType):
        message = f"{place_of(position)} holds lists or records; a supply holds one plain value in a cell"
        raise Unreadable("unreadable", message)


def _refuse_bombs(data: bytes) -> None:
    """What the pages say of themselves, against the limits."""
    unpacked = values = 0
    for page in page_headers(data):
        unpacked, values = unpacked + page.unpacked, values + page.values
        if page.encoding == _PREFIXED:
            message = "the file packs texts by their beginnings; write it with plain or dictionary encoding"
            raise Unreadable("unreadable", message)
    if unpacked > LARGEST_UNPACKED:
        size = LARGEST_UNPACKED >> 30
        raise Unreadable("too_big", f"the file unpacks to more than {size} GB; send this month's rows only")
    refuse_too_many(0, 0, values // 2)  # a dictionary may hold as many values as the rows that use it


def _text(column: pa.ChunkedArray, position: int) -> pa.Array:
    """A column as text, joined."""
    if pt.is_dictionary(column.type) and _is_text(column.type.value_type):
        _refuse_long_texts(column)
    kept = [_written(chunk) for chunk in column.chunks]
    return pa.concat_arrays(kept) if kept else pa.array([], pa.string())


def _refuse_long_texts(column: pa.ChunkedArray) -> None:
    """A text that is kept once and stands in a million rows is a million texts when it is written out."""
    total = 0
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)
        total += pc.sum(lengths).as_py() or 0
    if total > LARGEST_UNPACKED:
        message = f"the texts of a column come to more than {LARGEST_UNPACKED >> 30} GB; send this month's rows only"
        raise Unreadable("too_big", message)


def _written(column: pa.Array) -> pa.Array:
    kind = column.type
    if pt.is_dictionary(kind):
        return _written(column.dictionary).take(column.indices)
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
