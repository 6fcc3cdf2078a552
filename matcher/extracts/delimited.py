"""CSV as partners send it. Takes a file's bytes and the specification, gives a grid; refuses an empty file.

Characters: a byte-order mark decides (UTF-8, UTF-16), else strict UTF-8, else Windows-1252. The delimiter is the one
of comma, semicolon, tab and pipe that finds most agreed names in the header line. Arrow reads files whose quotation
marks are regular and whose rows are of one length; any other goes row by row through the standard library, so that one
broken row costs one row.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from matcher.extracts.grid import Grid, Unreadable, make_grid
from matcher.extracts.header import known_names
from matcher.fields.scalars import bare
from specs.load import ExtractSpec

DELIMITERS = (",", ";", "\t", "|")
_HEADER_BYTES = 1 << 16
_LONGEST_QUOTED = 1 << 24  # characters of one cell; beyond, the quotation mark that opened it is taken for a slip
_UNREADABLE = "\ufffd".encode()
_SEPARATOR_LINE = re.compile(rb"sep=(.)\r?\n?|sep=(.)\r", re.IGNORECASE)  # what Excel writes and reads


def read_csv(data: bytes, spec: ExtractSpec) -> Grid:
    """Read a delimited file. Raises Unreadable where it is empty."""
    text = decode(data).lstrip(b"\r\n").rstrip(b"\r\n\x1a")
    delimiter = None
    if found := _SEPARATOR_LINE.match(text):
        delimiter = (found[1] or found[2]).decode("ascii", "replace")
        text = text[found.end() :].lstrip(b"\r\n")
    if not text.strip():
        raise Unreadable("empty", "the file is empty; send it again with a header and its rows")
    former = csv.field_size_limit(_LONGEST_QUOTED)
    try:
        if delimiter not in DELIMITERS:
            delimiter = choose_delimiter(text, spec)
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


def choose_delimiter(text: bytes, spec: ExtractSpec) -> str:
    """The delimiter under which the header line holds most agreed names, then most cells."""
    head = text[:_HEADER_BYTES].decode("utf-8", "ignore")
    names = known_names(spec)

    def score(delimiter: str) -> tuple[int, int]:
        record = next(_records(head, delimiter), None) or []
        return len({names[bare(cell)] for cell in record if bare(cell) in names}), len(record)

    return max(DELIMITERS, key=score)


def has_regular_quotes(text: bytes, delimiter: str) -> bool:
    """Whether every quotation mark opens a cell, closes one or is doubled inside one: then all parsers agree."""
    content = np.frombuffer(text, dtype=np.uint8)
    places = np.flatnonzero(content == ord('"'))
    if len(places) % 2:
        return False
    opening, closing = places[0::2], places[1::2]
    beside = np.zeros(256, dtype=bool)
    beside[[ord(delimiter), ord("\r"), ord("\n"), ord('"')]] = True
    before = content[np.maximum(opening - 1, 0)]
    after = content[np.minimum(closing + 1, len(content) - 1)]
    return bool((beside[before] | (opening == 0)).all() and (beside[after] | (closing == len(content) - 1)).all())


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
    records = _records(text.decode("utf-8", "replace"), delimiter)
    header = next(records) or []
    width = len(header)
    named = max((position + 1 for position, cell in enumerate(header) if cell.strip()), default=0)
    cells: list[Sequence[str | None]] = []
    broken: dict[int, str] = {}
    blank: list[str | None] = [None] * width
    for position, record in enumerate(records):
        row, rule = _fit(record, width, named)
        if rule:
            broken[position] = rule
        cells.append(blank if row is None else row)
    columns = list(zip(*cells, strict=True)) if cells else [()] * width
    return make_grid(header, [pa.array(column, type=pa.string()) for column in columns], broken)


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


class _Lines:
    """Lines from a position on; `taken` tells how far a reader has come."""

    def __init__(self, lines: list[str], start: int) -> None:
        self._lines, self.taken = lines, start

    def __iter__(self) -> Iterator[str]:
        while self.taken < len(self._lines):
            self.taken += 1
            yield self._lines[self.taken - 1]


def _records(text: str, delimiter: str) -> Iterator[list[str] | None]:
    """Records of a text; None for a line whose quotation marks do not pair, after which reading goes on with the next.

    A record that does not read strictly is given up to its first line alone: read leniently where that line's marks
    pair (`"12" High Street`), else broken. So an opened and never closed mark costs a line, not the rest of the file.
    """
    lines = list(io.StringIO(text, newline=""))
    position = 0
    while position < len(lines):
        source = _Lines(lines, position)
        reader = csv.reader(iter(source), delimiter=delimiter, strict=True, skipinitialspace=True)
        while True:
            position = source.taken
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield _one_line(lines[position], delimiter)
                position += 1
                break
            yield record


def _one_line(line: str, delimiter: str) -> list[str] | None:
    if line.count('"') % 2:
        return None
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
