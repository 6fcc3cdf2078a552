"""A month's supplies as the files that partners send: CSV in several hands, XLSX, Parquet, sidecars of metadata.

Takes supplies of typed cells; gives file names and bytes, the same for the same supplies: no time stamps. Each partner has
its own ways with dates, separators and encodings, all of which the contract of the extracts allows. Refuses nothing.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from matcher.synthetic.delivered import Cell, Supply
from matcher.synthetic.names import PLAIN


@dataclass(frozen=True)
class Hand:
    """How a partner writes its file."""

    kind: str = "csv"
    separator: str = ","
    encoding: str = "utf-8"
    date: str = "%d/%m/%Y"
    newline: str = "\r\n"
    sidecar: bool = False


HANDS: dict[str, Hand] = {
    "education.city": Hand(sidecar=True),
    "education.county": Hand(encoding="utf-8-sig"),
    "yos.city": Hand(sidecar=True),
    "yos.county": Hand(date="%d-%b-%Y"),
    "police_asb": Hand(encoding="utf-8-sig", newline="\n"),
    "police_iom": Hand(separator="\t"),
    "police_monthly": Hand(date="%d.%m.%Y"),
    "probation": Hand(kind="xlsx"),
    "dwp": Hand(date="%Y-%m-%d", separator="|", sidecar=True),
    "health": Hand(kind="parquet"),
    "housing.melton": Hand(kind="xlsx"),
    "housing.blaby": Hand(encoding="cp1252", separator=";"),
    "housing.city": Hand(encoding="cp1252"),
    "residents.rutland": Hand(date="%d%m%Y"),
    "residents.harborough": Hand(date="%d%m%Y"),
    "gazetteer": Hand(newline="\n"),
}
AGENCIES = {
    "education": "Children's services", "yos": "Youth Offending Service", "dwp": "Jobcentre Plus",
}  # fmt: skip


def _csv(supply: Supply, hand: Hand) -> bytes:
    dates: dict[dt.date, str] = {}

    def text(cell: Cell) -> Cell:
        if isinstance(cell, dt.date):
            if cell not in dates:
                dates[cell] = cell.strftime(hand.date)
            return dates[cell]
        # a code page without the letter holds the letter without its accent
        return cell.translate(PLAIN) if hand.encoding == "cp1252" and isinstance(cell, str) else cell

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=hand.separator, lineterminator=hand.newline)
    writer.writerow(supply.header)
    writer.writerows([text(cell) for cell in row] for row in supply.rows)
    return out.getvalue().encode(hand.encoding, "replace")


def _xlsx(supply: Supply) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": dt.datetime(2012, 1, 1)})  # noqa: DTZ001  the format keeps no zone
    sheet = book.add_worksheet("Extract")
    date = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, supply.header)
    for number, row in enumerate(supply.rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, dt.date):
                sheet.write_datetime(number, column, dt.datetime.combine(cell, dt.time()), date)
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell)
            elif cell:
                sheet.write_string(number, column, cell)
    book.close()
    return out.getvalue()


def _parquet(supply: Supply) -> bytes:
    columns = {}
    for place, name in enumerate(supply.header):
        cells = [row[place] for row in supply.rows]
        kind = pa.date32() if any(isinstance(cell, dt.date) for cell in cells) else None
        columns[name] = pa.array([cell if cell != "" else None for cell in cells], kind or pa.string())
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def _sidecar(supply: Supply, as_at: dt.date) -> bytes:
    agency = AGENCIES.get(supply.dataset, supply.dataset)
    wanted = [
        ("agency", agency), ("supplier", supply.supplier or agency), ("contact", "Information manager"), ("dataset", supply.dataset),
        ("period_from", as_at.replace(day=1).isoformat()), ("period_to", as_at.isoformat()), ("file_format", "csv"),
        ("records", str(len(supply.rows))), ("supplied_on", as_at.isoformat()),
    ]  # fmt: skip
    text = "".join(f"{key}: {value}\n" for key, value in wanted)
    text += "fields:\n" + "".join(f"  - {name}\n" for name in supply.header)
    return (text + "caveats: made-up data\nconditions: none\n").encode("utf-8")


def written(supplies: list[Supply], as_at: dt.date) -> dict[str, bytes]:
    """File name -> bytes of each supply and sidecar."""
    files: dict[str, bytes] = {}
    for supply in supplies:
        hand = HANDS.get(supply.name, Hand())
        if hand.kind == "xlsx":
            name, content = f"{supply.name}.xlsx", _xlsx(supply)
        elif hand.kind == "parquet":
            name, content = f"{supply.name}.parquet", _parquet(supply)
        else:
            name, content = f"{supply.name}.csv", _csv(supply, hand)
        files[name] = content
        if hand.sidecar:
            files[f"{name}.meta.yaml"] = _sidecar(supply, as_at)
    return files
