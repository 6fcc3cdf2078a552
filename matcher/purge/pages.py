"""Where the columns of live rows lie in a SQLite page. Takes a page in clear, tells chance matches from residue.

In a page the columns of a row stand against one another without anything between: a date of birth that ends in 2 before a
house number 5 reads as number 25. A match that runs from one column of a live row into another is such a chance; everything
else, above all anything outside live rows, is a finding. Refuses nothing: what cannot be read as a row counts as not live.
"""

from __future__ import annotations

from bisect import bisect_right

_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 13, 10, 2
_FIRST_HEADER = 100  # bytes of the file's own header on its first page
_FIXED_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}


class LiveColumns:
    """The extents (start, end) of the columns of the live rows of one page, in order."""

    def __init__(self, page: bytes, usable: int, *, first: bool) -> None:
        self._extents = sorted(_extents(page, usable, _FIRST_HEADER if first else 0))
        self._starts = [start for start, _ in self._extents]

    def by_chance(self, start: int, end: int) -> bool:
        """Whether bytes `start` to `end` run from one column of a live row into another."""
        begins, ends = self._column(start), self._column(end - 1)
        return begins is not None and ends is not None and begins != ends

    def _column(self, place: int) -> tuple[int, int] | None:
        at = bisect_right(self._starts, place) - 1
        return self._extents[at] if at >= 0 and place < self._extents[at][1] else None


def _extents(page: bytes, usable: int, header: int) -> list[tuple[int, int]]:
    kind = page[header]
    if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
        return []
    count = int.from_bytes(page[header + 3 : header + 5], "big")
    pointers = header + (12 if kind == _INDEX_INNER else 8)
    places = (page[at : at + 2] for at in range(pointers, min(pointers + 2 * count, usable), 2))
    found: list[tuple[int, int]] = []
    left = usable  # rows do not overlap: a page that claims more than it can hold is no page of ours
    for place in places:
        try:
            row, size = _row(page, int.from_bytes(place, "big"), kind, usable)
        except IndexError:
            continue
        left -= size
        if left < 0:
            return []
        found += row
    return found


def _row(page: bytes, place: int, kind: int, usable: int) -> tuple[list[tuple[int, int]], int]:
    """The columns of the row at `place`, and the bytes that it takes on this page."""
    begun = place
    if kind == _INDEX_INNER:
        place += 4  # the page of its left branch
    size, place = _varint(page, place)
    if kind == _TABLE_LEAF:
        _, place = _varint(page, place)  # the row's number
    limit = min(place + _local(size, kind, usable), usable)
    header_size, read = _varint(page, place)
    body = types_end = min(place + header_size, limit)
    found: list[tuple[int, int]] = []
    while read < types_end:
        serial, read = _varint(page, read)
        length = _FIXED_SIZES.get(serial, (serial - 12) // 2 if serial >= 12 else 0)
        if length and body < limit:
            found.append((body, min(body + length, limit)))
        body += length
    return found, max(limit - begun, 1)


def _local(size: int, kind: int, usable: int) -> int:
    """How many bytes of a row lie on its own page; the rest has gone to overflow pages (the file format's own formula)."""
    most = usable - 35 if kind == _TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    if size <= most:
        return size
    least = (usable - 12) * 32 // 255 - 23
    fitting = least + (size - least) % (usable - 4)
    return fitting if fitting <= most else least


def _varint(page: bytes, place: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = page[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    return value << 8 | page[place], place + 1
