"""CSV as partners send it. Takes a file's bytes and the specification, gives a grid; refuses an empty or too big file.

Characters: a byte-order mark decides (UTF-8, UTF-16), else strict UTF-8, else Windows-1252. The delimiter is the one
of comma, semicolon, tab and pipe that finds most agreed names in the header line. Arrow reads files whose quotation
marks are regular and whose rows are of one length; any other goes row by row through the standard library, so that one
broken row costs one row.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from matcher.extracts.grid import Grid, Unreadable, make_grid, refuse_too_many
from matcher.extracts.header import known_names
from matcher.extracts.limits import (
    LARGEST_HEADER,
    LONGEST_QUOTED,
    LONGEST_RECORD,
    MOST_COLUMNS,
    MOST_LINES_AGAIN,
)
from matcher.fields.scalars import bare
from specs.load import ExtractSpec

DELIMITERS = (",", ";", "\t", "|")
_BATCH = 1_000_000  # cells that are held as Python objects at a time
_SLICE = 1 << 24  # bytes that are looked through at a time
_UNREADABLE = "\ufffd".encode()
_SEPARATOR_LINE = re.compile(rb"sep=(.)\r?\n?|sep=(.)\r", re.IGNORECASE)  # what Excel writes and reads


def read_csv(data: bytes, spec: ExtractSpec) -> Grid:
    """Read a delimited file. Raises Unreadable where it is empty or holds too much."""
    text = decode(data).lstrip(b"\r\n").rstrip(b"\r\n\x1a")
    delimiter = None
    if found := _SEPARATOR_LINE.match(text):
        delimiter = (found[1] or found[2]).decode("ascii", "replace")
        text = text[found.end() :].lstrip(b"\r\n")
    if not text.strip():
        raise Unreadable("empty", "the file is empty; send it again with a header and its rows")
    former = csv.field_size_limit(LONGEST_QUOTED)
    try:
        head = text[:LARGEST_HEADER]
        if delimiter not in DELIMITERS:
            delimiter = choose_delimiter(head, spec)
        _refuse_too_many(text, head, delimiter)
        grid = read_regular(text, delimiter) if has_regular_quotes(text, delimiter) else None
        return grid or read_row_by_row(text, delimiter)
    finally:
        csv.field_size_limit(former)


def decode(data: bytes) -> bytes:
    """The text as UTF-8 without byte-order mark; what is no character becomes U+FFFD, reported cell by cell."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace").encode("utf-8", "replace")
    elif data.startswith(codecs.BOM_UTF8):
        text = data[len(codecs.BOM_UTF8) :].decode("utf-8", "replace").encode()
    else:
        try:
            data.decode("utf-8")
            text = data
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace").encode()
    return text.replace(b"\0", _UNREADABLE) if b"\0" in text else text


def _lines(text: bytes, errors: str) -> Iterator[str]:
    """The lines of a text, decoded as far as they are read."""
    return io.TextIOWrapper(io.BytesIO(text), "utf-8", errors, newline="")


def choose_delimiter(head: bytes, spec: ExtractSpec) -> str:
    """The delimiter under which the header line holds most agreed names, then most cells."""
    names = known_names(spec)

    def score(delimiter: str) -> tuple[int, int]:
        record = next(_records(_lines(head, "ignore"), delimiter), None) or []
        known = {bare(cell) for cell in itertools.islice(record, MOST_COLUMNS)}
        return len({names[cell] for cell in known if cell in names}), len(record)

    return max(DELIMITERS, key=score)


def _refuse_too_many(text: bytes, head: bytes, delimiter: str) -> None:
    """Count before anything is laid out. Marks inside quoted cells count too: the limits leave room for them."""
    first = list(itertools.islice(_records(_lines(head, "ignore"), delimiter), 2))
    if len(first) < 2 and len(text) > LARGEST_HEADER:
        raise Unreadable("too_big", f"the first row is over {LARGEST_HEADER >> 20} MB; put the column names there")
    ends = max(text.count(b"\n"), text.count(b"\r"))
    refuse_too_many(ends, len(first[0] or []) if first else 0, text.count(delimiter.encode()) + ends)


def has_regular_quotes(text: bytes, delimiter: str) -> bool:
    """Whether every quotation mark opens a cell, closes one or is doubled inside one: then all parsers agree."""
    if text.count(b'"') % 2:
        return False
    content = np.frombuffer(text, dtype=np.uint8)
    beside = np.zeros(256, dtype=bool)
    beside[[ord(delimiter), ord("\r"), ord("\n"), ord('"')]] = True
    opens = 0  # 1 where the next mark closes
    for start in range(0, len(content), _SLICE):
        places = np.flatnonzero(content[start : start + _SLICE] == ord('"')) + start
        opening, closing = places[opens::2], places[1 - opens :: 2]
        opens = (opens + len(places)) % 2
        before = content[np.maximum(opening - 1, 0)]
        after = content[np.minimum(closing + 1, len(content) - 1)]
        if not ((beside[before] | (opening == 0)).all() and (beside[after] | (closing == len(content) - 1)).all()):
            return False
    return True


def read_regular(text: bytes, delimiter: str) -> Grid | None:
    """Read with Arrow; None where rows differ in length (Arrow's own message would quote the row)."""
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(
                autogenerate_column_names=True, use_threads=False, block_size=max(len(text) + 1, 1 << 16)
            ),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                check_utf8=False, strings_can_be_null=False, default_column_type=pa.string()
            ),
        )
    except pa.ArrowException:
        return None
    columns = [column.combine_chunks() for column in table.columns]
    header = [column[0].as_py() for column in columns]
    return make_grid(header, [column.slice(1) for column in columns])


def read_row_by_row(text: bytes, delimiter: str) -> Grid:
    """Read with the standard library; rows of another length than the header, or with unpaired quotes, are broken."""
    records = _records(_lines(text, "replace"), delimiter)
    header = next(records) or []
    width = len(header)
    named = max((position + 1 for position, cell in enumerate(header) if cell.strip()), default=0)
    broken: dict[str, list[int]] = defaultdict(list)
    batches: list[list[pa.Array]] = [[pa.array([], pa.string())] for _ in header]
    blank: list[str | None] = [None] * width
    start, rows = 0, max(_BATCH // max(width, 1), 1)
    while batch := list(itertools.islice(records, rows)):
        cells = []
        for position, record in enumerate(batch, start):
            row, rule = _fit(record, width, named)
            if rule:
                broken[rule].append(position)
            cells.append(blank if row is None else row)
        for column, values in zip(batches, zip(*cells, strict=True), strict=True):
            column.append(pa.array(values, type=pa.string()))
        start += len(batch)
    return make_grid(header, [pa.concat_arrays(column) for column in batches], broken)


def _fit(record: list[str] | None, width: int, named: int) -> tuple[list[str] | None, str | None]:
    """A record as a row of `width` cells, or the rule that it breaks. Cells beyond the named ones may be blank."""
    if record is None:
        return None, "quotes"
    if len(record) == width:
        return record, None
    kept = len(record)
    while kept and not record[kept - 1].strip():
        kept -= 1
    if not kept:
        return None, None
    if len(record) < named:
        return None, "too_few_cells"
    if len(record) > width and kept > named:
        return None, "too_many_cells"
    return (record + [""] * width)[:width], None


class _Source:
    """Lines, one at a time; those of the record that is being read are kept, to be read again after a slip."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: list[str] = []  # to be read again, last first
        self._taken: list[str] = []
        self._wasted = 0

    def __iter__(self) -> Iterator[str]:
        longest = LONGEST_RECORD if self._wasted < MOST_LINES_AGAIN else 1
        while len(self._taken) < longest:
            line = self._again.pop() if self._again else next(self._lines, None)
            if line is None:
                return
            self._taken.append(line)
            yield line

    def begin(self) -> None:
        """A record is read, another one begins."""
        self._taken.clear()

    def slip(self) -> str:
        """The first line of the record that does not read; the rest is read again."""
        first, *rest = self._taken
        self._again += reversed(rest)
        self._wasted += len(rest)
        self._taken.clear()
        return first


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str] | None]:
    """Records of lines; None for a line whose quotation marks do not pair, after which reading goes on with the next.

    A record that does not read strictly is given up to its first line alone: read leniently where that line's marks
    pair (`"12" High Street`), else broken. So an opened and never closed mark costs a line, not the rest of the file.
    """
    source = _Source(lines)
    while True:
        reader = csv.reader(iter(source), delimiter=delimiter, strict=True, skipinitialspace=True)
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield _one_line(source.slip(), delimiter)
                break
            source.begin()
            yield record


def _one_line(line: str, delimiter: str) -> list[str] | None:
    if line.count('"') % 2:
        return None
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
