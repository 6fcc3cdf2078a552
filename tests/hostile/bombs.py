"""Small files that come to gigabytes, or to hours: each must be refused, or read, within seconds and MOST_MEMORY."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from tests.hostile.kinds import packed_with
from tests.hostile.shapes import Table, as_csv, as_parquet, as_xlsx, table, text_columns

MOST_MEMORY = 500  # MiB above what the process held before
MOST_SECONDS = 30  # of processor time
_SHEET, _STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def write(name: str, folder: Path) -> None:
    """Put the bomb of that name into the folder."""
    given = table(random.Random(name))
    BOMBS[name](given, folder)


def _parts(given: Table) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(as_xlsx(given.header, given.rows))) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _xlsx(given: Table, folder: Path, parts: dict[str, bytes]) -> None:
    (folder / f"{given.stem}.xlsx").write_bytes(packed_with(parts))


def _blown_up(
    given: Table, folder: Path, pieces: Iterator[bytes], target: str = _SHEET, declared: int | None = None
) -> None:
    """A workbook with one part written piece by piece; `declared`: what its unpacked size is said to be."""
    parts = _parts(given)
    parts.pop(target, None)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
        with packed.open(target, "w", force_zip64=False) as part:
            for piece in pieces:
                part.write(piece)
    made = bytearray(stream.getvalue())
    if declared is not None:
        place = made.rfind(b"PK\x01\x02")
        struct.pack_into("<I", made, place + 24, declared)
        (local,) = struct.unpack_from("<I", made, place + 42)
        struct.pack_into("<I", made, local + 22, declared)
    (folder / f"{given.stem}.xlsx").write_bytes(made)


def zip_bomb(given: Table, folder: Path) -> None:
    _blown_up(given, folder, (b"<a>" + b" " * (1 << 24) for _ in range(50)))


def zip_bomb_that_lies(given: Table, folder: Path) -> None:
    _blown_up(given, folder, (b"<a>" + b" " * (1 << 24) for _ in range(50)), declared=1000)


def zip_bomb_beyond_the_limit(given: Table, folder: Path) -> None:
    _blown_up(given, folder, (b" " * (1 << 24) for _ in range(80)))


def empty_strings(given: Table, folder: Path) -> None:
    _blown_up(given, folder, (b"<si/>" * 1_000_000 for _ in range(40)), _STRINGS)


def one_string_in_many_cells(given: Table, folder: Path) -> None:
    parts = _parts(given)
    parts[_STRINGS] = (
        b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
        + b"x" * 10_000_000
        + b"</t></si></sst>"
    )
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 60_001))
    parts[_SHEET] = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + rows
        + b"</sheetData></worksheet>"
    )
    _xlsx(given, folder, parts)


def cells_without_places(given: Table, folder: Path) -> None:
    parts = _parts(given)
    row = b"<row>" + b"<c><v>1</v></c>" * 1_000_000 + b"</row>"
    parts[_SHEET] = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + row
        + b'<row r="1000000"><c><v>1</v></c></row></sheetData></worksheet>'
    )
    _xlsx(given, folder, parts)


def far_cells(given: Table, folder: Path) -> None:
    parts = _parts(given)
    parts[_SHEET] = parts[_SHEET].replace(
        b"</sheetData>", b'<row r="1048576"><c r="P1048576"><v>1</v></c></row></sheetData>'
    )
    _xlsx(given, folder, parts)


def billion_laughs(given: Table, folder: Path) -> None:
    parts = _parts(given)
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    for name in (_STRINGS, _SHEET, "xl/workbook.xml"):
        parts[name] = (
            parts[name].replace(b"?>", b"?><!DOCTYPE x [" + entities + b"]>", 1).replace(b"</t>", b"&a11;</t>", 1)
        )
    _xlsx(given, folder, parts)


def ten_megabyte_cell_in_a_workbook(given: Table, folder: Path) -> None:
    parts = _parts(given)
    parts[_STRINGS] = parts[_STRINGS].replace(b"</t>", b"x" * 10_000_000 + b"</t>", 1)
    _xlsx(given, folder, parts)


def one_text_in_many_rows(given: Table, folder: Path) -> None:
    columns = text_columns(given)
    rows = 1_000_000
    big = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 1_000_000]))
    made = [big, *(pa.array([""] * rows) for _ in columns[1:])]
    (folder / f"{given.stem}.parquet").write_bytes(as_parquet(given.header, made, compression="zstd"))


def prefixes(given: Table, folder: Path) -> None:
    made = [pa.array(["x" * 100_000] * 2000), *(pa.nulls(2000, pa.string()) for _ in given.header[1:])]
    content = as_parquet(
        given.header, made, use_dictionary=False, column_encoding=dict.fromkeys(given.header, "DELTA_BYTE_ARRAY")
    )
    (folder / f"{given.stem}.parquet").write_bytes(content)


def pages_of_zeros(given: Table, folder: Path) -> None:
    made = [
        pa.array([b"\0" * 50_000_000] * 24).cast(pa.large_binary()),
        *(pa.nulls(24, pa.string()) for _ in given.header[1:]),
    ]
    (folder / f"{given.stem}.parquet").write_bytes(
        as_parquet(given.header, made, compression="zstd", use_dictionary=False)
    )


def many_rows_of_nothing(given: Table, folder: Path) -> None:
    made = [pa.nulls(4_000_000, pa.string()) for _ in given.header]
    (folder / f"{given.stem}.parquet").write_bytes(as_parquet(given.header, made))


def many_columns_in_parquet(given: Table, folder: Path) -> None:
    names = [*given.header, *(f"c{n}" for n in range(20_000))]
    (folder / f"{given.stem}.parquet").write_bytes(as_parquet(names, [pa.array(["x"])] * len(names)))


def a_million_columns(given: Table, folder: Path) -> None:
    wide = ",x" * 1_000_000
    (folder / f"{given.stem}.csv").write_text(
        ",".join(given.header) + wide + "\n" + ",".join(given.rows[0]) + wide + "\n", encoding="utf-8"
    )


def a_million_blank_columns(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_bytes(as_csv([*given.header, *[""] * 1_000_000], given.rows))


def ten_megabyte_cell(given: Table, folder: Path) -> None:
    given.rows[0][0] = "x" * 10_000_000
    (folder / f"{given.stem}.csv").write_bytes(as_csv(given.header, given.rows))


def ten_megabyte_cell_of_lines(given: Table, folder: Path) -> None:
    given.rows[0][0] = 'xxxxxxx "\n' * 1_000_000
    (folder / f"{given.stem}.csv").write_bytes(as_csv(given.header, [*given.rows, ["short"]]))


def marks_that_never_close(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_text(",".join(given.header) + "\n" + 'a",b,"c\n' * 400_000, encoding="utf-8")


def nothing_but_marks(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_text(",".join(given.header) + "\n" + '"' * 40_000_001, encoding="utf-8")


def a_header_without_end(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_text(",".join(given.header) + "x" * 30_000_000, encoding="utf-8")


def blank_lines(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_text(
        ",".join(given.header) + "\n" * 1_000_000 + ",".join(given.rows[0]) + "\n", encoding="utf-8"
    )


def lines_beyond_the_limit(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_text(",".join(given.header) + "\n" * 20_000_000 + "x", encoding="utf-8")


def every_cell_at_fault(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_text(
        ",".join(given.header) + "\n" + (",".join(["?"] * len(given.header)) + "\n") * 300_000, encoding="utf-8"
    )


def a_file_of_holes(given: Table, folder: Path) -> None:
    with (folder / f"{given.stem}.csv").open("wb") as file:
        file.truncate(3 << 30)


def a_sidecar_of_holes(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_bytes(as_csv(given.header, given.rows))
    with (folder / f"{given.stem}.csv.meta.yaml").open("wb") as file:
        file.truncate(3 << 30)


def nested_yaml(given: Table, folder: Path) -> None:
    (folder / f"{given.stem}.csv").write_bytes(as_csv(given.header, given.rows))
    (folder / f"{given.stem}.csv.meta.yaml").write_text("{a: [" * 13_000, encoding="utf-8")


BOMBS: dict[str, Callable[[Table, Path], None]] = {
    bomb.__name__.replace("_", " "): bomb
    for bomb in (
        zip_bomb, zip_bomb_that_lies, zip_bomb_beyond_the_limit, empty_strings, one_string_in_many_cells, cells_without_places, far_cells,
        billion_laughs, ten_megabyte_cell_in_a_workbook, one_text_in_many_rows, prefixes, pages_of_zeros, many_rows_of_nothing,
        many_columns_in_parquet, a_million_columns, a_million_blank_columns, ten_megabyte_cell, ten_megabyte_cell_of_lines,
        marks_that_never_close, nothing_but_marks, a_header_without_end, blank_lines, lines_beyond_the_limit, every_cell_at_fault,
        a_file_of_holes, a_sidecar_of_holes, nested_yaml,
    )
}  # fmt: skip
"""By name in words. Files are small on disk; those "of holes" are sparse."""
