"""The page headers of a Parquet file. Takes its bytes, gives what each page of each column says it holds.

A file's summary may lie about sizes; a reader believes the page. So the headers are walked (Thrift's compact protocol, the
fields that matter) before anything is unpacked. The summary is read here too, and not through Arrow's Python objects: some
slips in it end the process there. Refuses, as ValueError, whatever is no header.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_I32, _BINARY, _LIST, _SET, _STRUCT = 5, 8, 9, 10, 12
_TRUE, _FALSE, _BYTE, _I16, _I64, _DOUBLE = 1, 2, 3, 4, 6, 7
_DEEPEST, _LONGEST = 16, 1 << 20  # levels of a struct, bytes of a page's header
LARGEST_SUMMARY = 1 << 24
_ROW_GROUPS, _COLUMNS, _CHUNK = 4, 1, 3  # fields of the summary, of a group of rows, of a column in it
_VALUES, _PACKED_SIZE, _FIRST_PAGE, _DICTIONARY_PAGE = 5, 7, 9, 11
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8  # fields of a page header


@dataclass(frozen=True)
class PageHeader:
    """What a page says of itself: bytes packed and unpacked, values, encoding (its number in the format)."""

    packed: int
    unpacked: int
    values: int
    encoding: int


def page_headers(data: bytes) -> Iterator[PageHeader]:
    """Every page of every column of a Parquet file. Raises ValueError."""
    size = int.from_bytes(data[-8:-4], "little")
    if len(data) < 12 or data[-4:] != b"PAR1" or size > min(len(data) - 12, LARGEST_SUMMARY):
        raise ValueError
    summary = _Cursor(data, len(data) - 8 - size, len(data) - 8).struct(0)
    for group in _structs(summary, _ROW_GROUPS):
        for column in _structs(group, _COLUMNS):
            chunk = column.get(_CHUNK)
            if not isinstance(chunk, dict):
                raise ValueError
            first, packed = _size(chunk, _FIRST_PAGE), _size(chunk, _PACKED_SIZE)
            if not first and not _size(chunk, _VALUES):  # without rows there is no page but perhaps the dictionary's
                first = chunk.get(_DICTIONARY_PAGE) or 0
                if not first:
                    continue
            start = min(first, chunk.get(_DICTIONARY_PAGE) or first)
            yield from _pages(data, start, start + packed)


def _structs(fields: dict[int, Any], field: int) -> list[dict[int, Any]]:
    found = fields.get(field, [])
    if not isinstance(found, list):
        raise ValueError
    return found


def _size(fields: dict[int, Any], field: int) -> int:
    found = fields.get(field)
    if not isinstance(found, int) or found < 0:
        raise ValueError
    return found


def _pages(data: bytes, start: int, end: int) -> Iterator[PageHeader]:
    """The pages that lie in data[start:end], which they fill."""
    if not 0 <= start <= end <= len(data):
        raise ValueError
    while start < end:
        cursor = _Cursor(data, start, min(end, start + _LONGEST))
        fields = cursor.struct(0)
        body: dict[int, Any] = next(
            (fields[one] for one in (_DATA, _DICTIONARY, _DATA_V2) if isinstance(fields.get(one), dict)), {}
        )
        encoding = _size(body, 4 if _DATA_V2 in fields else 2)
        page = PageHeader(_size(fields, 3), _size(fields, 2), _size(body, 1), encoding)
        yield page
        start = cursor.place + page.packed
    if start != end:
        raise ValueError


class _Cursor:
    """A place in bytes that hold Thrift's compact protocol."""

    def __init__(self, data: bytes, place: int, end: int) -> None:
        self._data, self.place, self._end = data, place, end

    def struct(self, level: int) -> dict[int, Any]:
        """Whole numbers, structs and lists of structs by field; everything else is stepped over."""
        if level > _DEEPEST:
            raise ValueError
        fields: dict[int, Any] = {}
        last = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            last = last + step if step else self._whole()
            fields[last] = self._value(kind, level)
        return fields

    def _value(self, kind: int, level: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind in (_I16, _I32, _I64):
            return self._whole()
        if kind == _STRUCT:
            return self.struct(level + 1)
        if kind == _BYTE:
            self._step(1)
        elif kind == _DOUBLE:
            self._step(8)
        elif kind == _BINARY:
            self._step(self._number())
        elif kind in (_LIST, _SET):
            return self._list(level)
        else:
            raise ValueError  # neither holds a map
        return None

    def _list(self, level: int) -> list[dict[int, Any]] | None:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._number()
        if size > self._end - self.place:  # an entry takes a byte at least
            raise ValueError
        kind = _BYTE if head & 15 in (_TRUE, _FALSE) else head & 15
        entries = [self._value(kind, level + 1) for _ in range(size)]
        return entries if kind == _STRUCT else None

    def _byte(self) -> int:
        if self.place >= self._end:
            raise ValueError
        self.place += 1
        return self._data[self.place - 1]

    def _step(self, size: int) -> None:
        self.place += size
        if self.place > self._end:
            raise ValueError

    def _number(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise ValueError

    def _whole(self) -> int:
        number = self._number()
        return (number >> 1) ^ -(number & 1)
