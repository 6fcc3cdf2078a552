"""Files of the shape that partners send, from a small made-up month with the canary in it, to be spoilt by `kinds.py`."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from python_calamine import CalamineWorkbook

from matcher.synthetic import make_month
from tests.hostile.properties import AS_AT, CANARY, SPECS

MOST_ROWS = 8
CODECS = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp437", "utf-7")


@dataclass
class Table:
    """A supply before it is a file: its data set, supplier, header and cells."""

    dataset: str
    supplier: str
    header: list[str]
    rows: list[list[str]]

    @property
    def stem(self) -> str:
        return f"{self.dataset}.{self.supplier}" if self.supplier else self.dataset


@cache
def month() -> tuple[Table, ...]:
    """Every supply of a made-up month that has rows, whatever its format, as text."""
    tables = []
    for name, content in sorted(make_month(700, 7, AS_AT, errors=2.0).files.items()):
        stem, _, kind = name.rpartition(".")
        dataset, supplier = [*stem.split("."), ""][:2]
        if dataset not in SPECS or kind not in ("csv", "xlsx", "parquet"):
            continue
        header, *rows = _CELLS[kind](content)
        tables.append(Table(dataset, supplier, header, [row for row in rows if len(row) == len(header)]))
    return tuple(one for one in tables if one.rows)


def cells_of_csv(content: bytes) -> list[list[str]]:
    """The cells of a made-up CSV, header first."""
    text = content.decode("utf-8-sig", "replace")
    delimiter = max(",;\t|", key=text.splitlines()[0].count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _of_workbook(content: bytes) -> list[list[str]]:
    rows = CalamineWorkbook.from_object(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [[str(cell) for cell in row] for row in rows]


def _of_parquet(content: bytes) -> list[list[str]]:
    read = pq.read_table(io.BytesIO(content))
    return [read.column_names, *([str(cell or "") for cell in row.values()] for row in read.to_pylist())]


_CELLS: dict[str, Callable[[bytes], list[list[str]]]] = {
    "csv": cells_of_csv,
    "xlsx": _of_workbook,
    "parquet": _of_parquet,
}


def table(r: random.Random) -> Table:
    """Some rows of some supply, with the canary in every row that has a name, an address, a reference or free text."""
    whole = r.choice(month())
    rows = [list(row) for row in r.sample(whole.rows, min(len(whole.rows), r.randrange(1, MOST_ROWS)))]
    spec = SPECS[whole.dataset]
    free = {column.name for column in spec.column if column.type in ("text", "name", "address")}
    places = [n for n, name in enumerate(whole.header) if name in free]
    for row in rows:
        place = r.choice(places)
        row[place] = f"{row[place]} {CANARY}".strip()
    return Table(whole.dataset, whole.supplier, list(whole.header), rows)


def as_csv(
    header: list[str],
    rows: list[list[str]],
    *,
    delimiter: str = ",",
    end: str = "\n",
    codec: str = "utf-8",
    quote: int = 0,
) -> bytes:
    """A CSV as a writer of the standard library makes it."""
    text = io.StringIO(newline="")
    quote = (
        1 if any("\r" in cell for row in (header, *rows) for cell in row) else quote
    )  # the writer forgets it before 3.13
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quote).writerows([header, *rows])
    return text.getvalue().encode(codec, "replace")


def as_xlsx(header: list[Any], rows: list[list[Any]], **options: Any) -> bytes:
    """A workbook of text cells."""
    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        **options,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet()
        for down, row in enumerate([header, *rows]):
            for right, cell in enumerate(row):
                if cell != "":
                    sheet.write_string(down, right, str(cell)[:32767])
    return stream.getvalue()


def as_parquet(header: list[str], columns: list[pa.Array], **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=header), stream, **options)
    return stream.getvalue()


def text_columns(given: Table) -> list[pa.Array]:
    return [pa.array([row[n] for row in given.rows], pa.string()) for n in range(len(given.header))]
