"""Kinds of hostile input. Each takes a source of chance and a folder, puts files into it, and tells what it sent where every
cell is known. `make` chooses one by index: the same seed and index give the same input.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import os
import random
import stat
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from tests.hostile import texts
from tests.hostile.properties import CANARY, SPECS, Sent
from tests.hostile.shapes import CODECS, Table, as_csv, as_parquet, as_xlsx, table, text_columns

Known = dict[str, Sent]
Kind = Callable[[random.Random, Path], Known]


def make(seed: int, index: int, folder: Path) -> tuple[str, Known]:
    """Input `index` of `seed` in `folder`: (its kind, what is known of its cells)."""
    r = random.Random(f"{seed}:{index}")
    name = r.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
    return name, KINDS[name][1](r, folder)


# -- bytes ------------------------------------------------------------------------------------------------------------


def _bytes(kind: str) -> Kind:
    def spoil(r: random.Random, folder: Path) -> Known:
        given = table(r)
        if kind == "csv":
            data = as_csv(
                given.header,
                given.rows,
                delimiter=r.choice(",;\t|"),
                end=r.choice(("\n", "\r\n", "\r")),
                codec=r.choice(CODECS[:4]),
            )
        elif kind == "xlsx":
            data = as_xlsx(given.header, given.rows)
        else:
            data = as_parquet(given.header, text_columns(given), compression=r.choice(("snappy", "zstd", "gzip", "none")),
                              use_dictionary=r.random() < 0.5, data_page_version=r.choice(("1.0", "2.0")))  # fmt: skip
        (folder / f"{given.stem}.{kind}").write_bytes(spoilt(r, data))
        return {}

    return spoil


def spoilt(r: random.Random, data: bytes) -> bytes:
    """The bytes with some flipped, cut, doubled, moved or put in."""
    made = bytearray(data)
    for _ in range(r.randrange(1, 6)):
        if not made:
            break
        place, far = r.randrange(len(made)), r.randrange(1, 64)
        what = r.randrange(7)
        if what == 0:
            made[place] ^= 1 << r.randrange(8)
        elif what == 1:
            made[place] = r.randrange(256)
        elif what == 2:
            del made[place : place + far]
        elif what == 3:
            made[place:place] = made[place : place + far]
        elif what == 4:
            made[place:place] = r.choice(
                (
                    b"\0",
                    b"\xff\xfe",
                    b"\xef\xbb\xbf",
                    b"\x1a",
                    b'"',
                    b"\r",
                    b"\n\n",
                    b"\x81",
                    b"\xed\xa0\x80",
                    b"\x85",
                    b",,",
                    b"\xf4\x90\x80\x80",
                )
            )
        elif what == 5 and r.random() < 0.3:
            del made[place:]
        else:
            made[place : place + far] = bytes(r.randrange(256) for _ in range(far))
    return bytes(made)


# -- cells and forms of CSV -------------------------------------------------------------------------------------------


def csv_cells(r: random.Random, folder: Path) -> Known:
    """Hostile cells, written as a CSV writer writes them."""
    given = table(r)
    _put_texts(r, given)
    codec = r.choice(("utf-8", "utf-8-sig", "utf-16"))
    given.rows = [
        [cell.replace("\0", "\ufffd").encode("utf-8", "replace").decode() for cell in row] for row in given.rows
    ]
    data = as_csv(
        given.header,
        given.rows,
        delimiter=r.choice(",;\t|"),
        end=r.choice(("\n", "\r\n")),
        codec=codec,
        quote=r.choice((0, 1)),
    )
    (folder / f"{given.stem}.csv").write_bytes(data)
    return {f"{given.stem}.csv": Sent(tuple(given.header), tuple(map(tuple, given.rows)))}


def csv_dates(r: random.Random, folder: Path) -> Known:
    """Dates of every kind in every date column."""
    given = table(r)
    spec = SPECS[given.dataset]
    dates = {column.name for column in spec.column if column.type in ("date", "date_of_birth")}
    for row in given.rows:
        for place, name in enumerate(given.header):
            if name in dates:
                row[place] = texts.date(r).replace("\0", "\ufffd")
    (folder / f"{given.stem}.csv").write_bytes(as_csv(given.header, given.rows))
    return {f"{given.stem}.csv": Sent(tuple(given.header), tuple(map(tuple, given.rows)))}


def _put_texts(r: random.Random, given: Table) -> None:
    for _ in range(r.randrange(1, 8)):
        row, place = r.choice(given.rows), r.randrange(len(given.header))
        row[place] = texts.cell(r)


def csv_form(r: random.Random, folder: Path) -> Known:
    """Wrong counts of cells, marks that do not pair, blank rows, headers again, lines of every end."""
    given = table(r)
    lines = as_csv(given.header, given.rows, quote=r.choice((0, 1))).decode("utf-8").split("\n")
    for _ in range(r.randrange(1, 6)):
        place = r.randrange(len(lines))
        what = r.randrange(10)
        if what == 0:
            lines[place] += "," * r.randrange(1, 40)
        elif what == 1:
            lines[place] = ",".join(lines[place].split(",")[: r.randrange(1, 5)])
        elif what == 2:
            at = r.randrange(len(lines[place]) + 1)
            lines[place] = lines[place][:at] + '"' + lines[place][at:]
        elif what == 3:
            lines.insert(place, r.choice(("", " ", ",,,,", "\t", lines[0], "sep=;", "\x1a", '"', "x")))
        elif what == 4:
            lines[place] += r.choice(("\r", "\r\r", "\x85", "\u2028", "\x0b", "\x0c", "\x1c"))
        elif what == 5:
            lines[place] = lines[place].replace(",", r.choice((";", "\t", "|", ", ", ' ,"', '" ,')))
        elif what == 6:
            lines[place] = f'"{lines[place]}'
        elif what == 7:
            lines[place] = lines[place].replace('"', "")
        elif what == 8:
            lines.insert(place, texts.cell(r))
        else:
            lines[place] *= r.randrange(1, 4)
    data = "\n".join(lines).encode(r.choice(CODECS[:8]), "replace")
    (folder / f"{given.stem}.csv").write_bytes(
        data if r.random() < 0.8 else r.choice((b"\xff\xfe", b"\xef\xbb\xbf", b"\xfe\xff", b"+/v8-")) + data
    )
    return {}


def headers(r: random.Random, folder: Path) -> Known:
    """Columns doubled, renamed, left out, moved, made up."""
    given = table(r)
    for _ in range(r.randrange(1, 4)):
        place = r.randrange(len(given.header))
        what = r.randrange(6)
        if what == 0:
            given.header[place] = given.header[r.randrange(len(given.header))]
        elif what == 1:
            given.header[place] = r.choice(
                (texts.cell(r), CANARY, "", given.header[place].upper().replace(" ", "_") + ".")
            )
        elif what == 2 and len(given.header) > 1:
            del given.header[place]
            for row in given.rows:
                del row[place]
        elif what == 3:
            given.header.insert(place, CANARY + str(r.randrange(9)))
            for row in given.rows:
                row.insert(place, CANARY)
        elif what == 4:
            given.header[place] = texts.disguised(r, given.header[place])
        else:
            order = r.sample(range(len(given.header)), len(given.header))
            given.header = [given.header[n] for n in order]
            given.rows = [[row[n] for n in order] for row in given.rows]
    if r.random() < 0.1:
        given.header = given.rows[0]
    kind = r.choice(("csv", "xlsx", "parquet"))
    data = {"csv": lambda: as_csv(given.header, given.rows, codec="utf-8"), "xlsx": lambda: as_xlsx(given.header, given.rows),
            "parquet": lambda: as_parquet([h.encode("utf-8", "replace").decode() for h in given.header], text_columns(given))}[kind]()  # fmt: skip
    (folder / f"{given.stem}.{kind}").write_bytes(data)
    return {}


# -- workbooks --------------------------------------------------------------------------------------------------------


def xlsx_cells(r: random.Random, folder: Path) -> Known:
    """Typed cells: dates with and without format, from 1900 and 1904, formulas, errors, merged cells, hidden sheets, links."""
    given = table(r)
    _put_texts(r, given)
    stream = io.BytesIO()
    from_1904 = r.random() < 0.3
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "date_1904": from_1904, "strings_to_urls": False})
    sheet = book.add_worksheet()
    day = book.add_format(
        {"num_format": r.choice(("dd/mm/yyyy", "mm/dd/yy", "yyyy", "[$-809]d mmmm yyyy", "hh:mm", "0.00", "@"))}
    )
    down, right = r.choice(((0, 0), (2, 1)))
    sheet.write_row(down, right, given.header)
    known: list[list[str]] = []
    dates = {column.name: column.type for column in SPECS[given.dataset].column}
    for n, row in enumerate(given.rows, down + 1):
        told = []
        for place, text in enumerate(row):
            at = (n, right + place)
            what = r.random()
            text = text[:32767]
            if dates.get(given.header[place]) in ("date", "date_of_birth"):
                born = dt.date(1910, 1, 1) + dt.timedelta(days=r.randrange(45000))
                if what < 0.4:
                    sheet.write_datetime(*at, born, book.add_format({"num_format": "dd/mm/yyyy"}))  # type: ignore[arg-type]
                    told.append(born.isoformat())
                    continue
                serial = (born - (dt.date(1904, 1, 1) if from_1904 else dt.date(1899, 12, 30))).days
                if what < 0.6 and 10000 <= serial <= 99999:
                    sheet.write_number(*at, serial)
                    told.append(born.isoformat())
                    continue
                text = texts.date(r).replace("\0", "")
                if text.strip().replace(".", "", 1).isdigit() or any(c in text for c in texts.CONTROL):
                    text = "no date"
                sheet.write_string(*at, text)
                told.append(text)
                continue
            told.append(text)
            if what < 0.03:
                sheet.write_formula(
                    *at,
                    r.choice(("=1+1", "=A1", "=1/0", '=HYPERLINK("http://x.invalid")')),
                    day,
                    r.choice((0, "x", "#DIV/0!", "#REF!", True)),
                )
            elif what < 0.06:
                sheet.write_number(*at, r.choice((1.0, 1e300, -1, 0.1, 35000, 2**53, 1e15)), day)
            elif what < 0.08:
                sheet.write_boolean(*at, True)
            elif what < 0.1:
                sheet.write_comment(*at, CANARY)
            elif text:
                sheet.write_string(*at, text)
        known.append(told)
    if r.random() < 0.1:
        sheet.merge_range(down + 1, right, down + 3, right + 1, CANARY)
        known = []
    if r.random() < 0.3:
        other = book.add_worksheet("hidden")
        other.write_string(0, 0, CANARY)
        other.hide()
    if r.random() < 0.1:
        sheet.autofilter(0, 0, 3, 3)
        sheet.set_row(down + 1, None, None, {"hidden": True})
    book.close()
    (folder / f"{given.stem}.xlsx").write_bytes(stream.getvalue())
    header = tuple(given.header)
    return (
        {f"{given.stem}.xlsx": Sent(header, tuple(map(tuple, known)))}
        if known and all(any(x.strip() for x in k) for k in known)
        else {}
    )


def xlsx_parts(r: random.Random, folder: Path) -> Known:
    """A workbook whose parts are not what a spreadsheet program writes."""
    given = table(r)
    data = as_xlsx(given.header, given.rows)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet, strings, book = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
    entity = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY l "' + CANARY.encode() * 50 + b'">]>'
    extra: list[tuple[str, bytes]] = []
    what = r.randrange(22)
    if what == 0:
        target = r.choice((sheet, strings, book, "[Content_Types].xml", "xl/_rels/workbook.xml.rels"))
        parts[target] = parts[target].replace(b"?>", b"?>" + entity, 1).replace(b"</t>", b"&e;&l;</t>", 1)
    elif what == 1:
        parts[sheet] = parts[sheet].replace(
            b'r="A2"',
            r.choice(
                (
                    b'r="XFD1048576"',
                    b"r='XFD1048576'",
                    b'r="ZZZ9999999"',
                    b'r = "XFD9"',
                    b'r="&#65;99999999"',
                    b'r=""',
                    b'r="2A"',
                    b'r="A0"',
                    b'r="A-1"',
                )
            ),
            1,
        )
    elif what == 2:
        parts[sheet] = parts[sheet].replace(b' r="A2"', b"").replace(b' r="B2"', b"")
    elif what == 3:
        parts[sheet] = parts[sheet].replace(
            b"<v>1</v>",
            r.choice(
                (
                    b"<v>999999</v>",
                    b"<v>-1</v>",
                    b"<v></v>",
                    b"<v>NaN</v>",
                    b"<v>1e400</v>",
                    b"<v>" + b"9" * 500 + b"</v>",
                )
            ),
        )
    elif what == 4:
        del parts[r.choice(list(parts))]
    elif what == 5:
        extra.append(
            (
                r.choice((sheet, book, "XL/WORKBOOK.XML", "xl\\workbook.xml", "xl//workbook.xml")),
                r.choice((b"", parts[sheet])),
            )
        )
    elif what == 6:
        extra += [
            ("../../../../tmp/evil", b"x"),
            ("/etc/cron.d/x", b"x"),
            ("C:\\x", b"x"),
            ("xl/vbaProject.bin", b"\xd0\xcf" + bytes(500)),
        ]
    elif what == 7:
        parts[book] = parts[book].replace(
            b"<sheets>", b'<sheets><sheet name="' + CANARY.encode() + b'" sheetId="9" state="veryHidden" r:id="rId9"/>'
        )
    elif what == 8:
        parts[sheet] = spoilt(r, parts[sheet])
    elif what == 9:
        parts[strings] = spoilt(r, parts.get(strings, b"<sst/>"))
    elif what == 10:
        parts[sheet] = parts[sheet].decode("utf-8").encode(r.choice(("utf-16", "utf-32", "utf-8-sig", "cp500")))
    elif what == 11:
        parts[book] = parts[book].replace(
            b"<workbookPr", b'<workbookPr date1904="' + r.choice((b"1", b"true", b"0", b"x")) + b'"', 1
        )
    elif what == 12:
        parts[sheet] = parts[sheet].replace(b"<sheetData>", b"<sheetData>" + b"<a>" * r.choice((10, 5000)), 1)
    elif what == 13:
        parts[sheet] = parts[sheet].replace(
            b't="s"',
            r.choice((b't="e"', b't="d"', b't="b"', b't="inlineStr"', b't="n"', b't="x"', b't="str"', b't="s" t="s"')),
        )
    elif what == 14:
        parts[sheet] = b""
    elif what == 15:
        parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
            b"worksheets/", r.choice((b"http://x.invalid/", b"file:///etc/", b"../../", b"//", b"/xl/worksheets/"))
        )
    elif what == 16:
        parts[sheet] = parts[sheet].replace(b"<row", b'<!-- <c r="XFD1048576"><v>1</v></c> --><row', 1)
    elif what == 17:
        parts[sheet] = parts[sheet].replace(b"<c ", b"<c x='>' ", 1)
    made = packed_with(parts, extra, r.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)))
    if what == 18:
        made = lying(r, made)
    elif what == 19:
        made = b"MZ" + bytes(300) + made
    elif what == 20:
        made += made
    elif what == 21:
        locked = io.BytesIO()
        OOXMLFile(io.BytesIO(made)).encrypt("secret", locked)
        made = locked.getvalue()
    (folder / f"{given.stem}.xlsx").write_bytes(made)
    return {}


def packed_with(
    parts: dict[str, bytes], extra: Sequence[tuple[str, bytes]] = (), method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, content in [*parts.items(), *extra]:
            packed.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def lying(r: random.Random, data: bytes) -> bytes:
    """Sizes, flags and methods of the directory that are not so."""
    made = bytearray(data)
    place = made.find(b"PK\x01\x02")
    while place >= 0:
        if r.random() < 0.5:
            field, form, value = r.choice(((24, "<I", r.choice((0, 1, 10, 2**32 - 1))), (20, "<I", r.choice((0, 1, 2**31))), (8, "<H", 1), (10, "<H", r.choice((0, 8, 9, 12, 14, 99))), (42, "<I", r.choice((0, 2**31)))))  # fmt: skip
            struct.pack_into(form, made, place + field, value)
        place = made.find(b"PK\x01\x02", place + 4)
    return bytes(made)


# -- parquet ----------------------------------------------------------------------------------------------------------


def parquet_types(r: random.Random, folder: Path) -> Known:
    """Columns of every type that Parquet has, some of them senseless for what they hold."""
    given = table(r)
    rows = len(given.rows)
    columns = text_columns(given)
    for _ in range(r.randrange(1, 6)):
        columns[r.randrange(len(columns))] = odd_column(r, rows)
    options = {"compression": r.choice(("snappy", "zstd", "none")), "use_deprecated_int96_timestamps": r.random() < 0.2,
               "store_schema": r.random() < 0.8, "row_group_size": r.choice((1, 2, 1000))}  # fmt: skip
    if r.random() < 0.1:
        options |= {
            "use_dictionary": False,
            "column_encoding": dict.fromkeys(
                [h for h, c in zip(given.header, columns, strict=True) if c.type == pa.string()], "DELTA_BYTE_ARRAY"
            ),
        }
        options["column_encoding"] = options["column_encoding"] or None
    try:
        data = as_parquet(given.header, columns, **options)
    except (pa.ArrowException, ValueError, TypeError):
        data = as_parquet(given.header, text_columns(given))
    (folder / f"{given.stem}.parquet").write_bytes(data)
    return {}


def odd_column(r: random.Random, rows: int) -> pa.Array:
    far = [dt.datetime(9999, 12, 31), dt.datetime(1, 1, 1), dt.datetime(1998, 6, 30, 23), dt.datetime(1998, 2, 1), None]  # noqa: DTZ001
    days = [day.date() if day else None for day in far]
    choices: list[Callable[[], pa.Array]] = [
        lambda: pa.array([r.choice(days) for _ in range(rows)], r.choice((pa.date32(), pa.date64()))),
        lambda: pa.array(
            [r.choice(far) for _ in range(rows)], pa.timestamp("us", r.choice((None, "UTC", "Europe/London", "+05:30")))
        ),
        lambda: pa.array([r.choice(far[2:]) for _ in range(rows)], pa.timestamp("ns", r.choice((None, "UTC")))),
        lambda: pa.array(
            [r.choice((1.5, float("nan"), float("inf"), -0.0, 1e300, 35000.0, None)) for _ in range(rows)], pa.float64()
        ),
        lambda: pa.array(np.array([r.choice((1.5, 2.0)) for _ in range(rows)], np.float16)),
        lambda: pa.array(
            [r.choice((decimal.Decimal("1.50"), decimal.Decimal("3.00"), None)) for _ in range(rows)],
            pa.decimal128(10, 2),
        ),
        lambda: pa.array([r.choice((2**63 - 1, -(2**63), 0, 1022003, 35000, None)) for _ in range(rows)], pa.int64()),
        lambda: pa.array([2**64 - 1] * rows, pa.uint64()),
        lambda: pa.array(
            [r.choice((b"\xff\xfe", CANARY.encode(), b"")) for _ in range(rows)],
            r.choice((pa.binary(), pa.large_binary())),
        ),
        lambda: pa.array([b"\xff" * 4] * rows, pa.binary(4)),
        lambda: pa.array([[CANARY]] * rows),
        lambda: pa.array([{"a": CANARY}] * rows),
        lambda: pa.array([[("k", CANARY)]] * rows, pa.map_(pa.string(), pa.string())),
        lambda: pa.array([r.choice((CANARY, "01/02/1998", None)) for _ in range(rows)]).dictionary_encode(),
        lambda: pa.array([CANARY] * rows, r.choice((pa.large_string(), pa.string_view()))),
        lambda: pa.nulls(rows),
        lambda: pa.array([r.choice((True, False, None)) for _ in range(rows)]),
        lambda: pa.array([dt.time(1, 2, 3)] * rows, pa.time64("us")),
        lambda: pa.array([dt.timedelta(days=1)] * rows, pa.duration("us")),
        lambda: pa.array([texts.cell(r).encode("utf-8", "replace").decode() for _ in range(rows)]),
    ]
    return r.choice(choices)()


# -- sidecars and the inbox -------------------------------------------------------------------------------------------


def sidecars(r: random.Random, folder: Path) -> Known:
    given = table(r)
    (folder / f"{given.stem}.csv").write_bytes(as_csv(given.header, given.rows))
    good = f"dataset: {given.dataset}\nrecords: {len(given.rows)}\nagency: {CANARY}\nfields: [{', '.join(given.header)}]\nperiod_to: 2013-10-31\n"
    what = r.randrange(4)
    if what == 0:
        data = r.choice(texts.YAML).encode("utf-8", "replace")
    elif what == 1:
        data = spoilt(r, good.encode())
    elif what == 2:
        data = (good + r.choice(texts.YAML)).encode(r.choice(CODECS[:6]), "replace")
    else:
        data = "".join(
            f"{key}: {texts.cell(r)}\n" for key in ("records", "dataset", "fields", "period_to", "caveats", CANARY)
        ).encode("utf-8", "replace")
    (
        folder / r.choice((f"{given.stem}.csv.meta.yaml", f"{given.stem}.meta.yaml", f"{given.stem}.CSV.META.YAML"))
    ).write_bytes(data)
    return {}


def entries(r: random.Random, folder: Path) -> Known:
    """Entries of the inbox that are no plain files, and files of odd names."""
    given = table(r)
    data = as_csv(given.header, given.rows)
    (folder / f"{given.stem}.csv").write_bytes(data)
    names = [
        "yos.city.csv",
        "dwp.csv",
        "yos.city.csv.meta.yaml",
        "MADE-UP.txt",
        "housing.csv",
        f"{given.stem}.csv.meta.yaml",
    ]
    for _ in range(r.randrange(1, 4)):
        path = folder / r.choice(names)
        if path.exists() or path.is_symlink():
            continue
        what = r.randrange(7)
        if what == 0:
            os.mkfifo(path)
        elif what == 1:
            path.symlink_to(r.choice(("/dev/zero", "/etc/passwd", "nowhere", ".", path.name, f"{given.stem}.csv")))
        elif what == 2:
            path.mkdir()
        elif what == 3:
            os.mknod(path, stat.S_IFSOCK | 0o600)
        else:
            path.write_bytes(r.choice((b"", data, bytes(r.randrange(256) for _ in range(200)))))
    for _ in range(r.randrange(3)):
        odd = r.choice(("YOS.CITY.CSV", "Yos.City.csv", "yos.city.csv ", "yos..csv", ".csv", "yos.csv.csv", "con.csv", "yos.a b.csv", "yos.ci\nty.csv", "yos.\x1b[2J.csv",
                        "yos.\u202evsc", "=1+1.csv", "<img src=x>.csv", "yos." + "a" * 200 + ".csv", "y" * 250, "yos.\u212aity.csv", "-rf", "yos.city.csv~", "YOS.city.xlsx"))  # fmt: skip
        (folder / odd).write_bytes(r.choice((b"", data)))
    if r.random() < 0.2:
        with open(os.fsencode(folder) + b"/yos.\xff\xfe.csv", "wb") as file:  # noqa: PTH123
            file.write(data)
    return {}


KINDS: dict[str, tuple[int, Kind]] = {
    "csv bytes": (16, _bytes("csv")),
    "csv cells": (16, csv_cells),
    "csv dates": (14, csv_dates),
    "csv form": (16, csv_form),
    "headers": (8, headers),
    "xlsx bytes": (5, _bytes("xlsx")),
    "xlsx cells": (7, xlsx_cells),
    "xlsx parts": (7, xlsx_parts),
    "parquet bytes": (8, _bytes("parquet")),
    "parquet types": (7, parquet_types),
    "sidecars": (7, sidecars),
    "inbox entries": (6, entries),
}
