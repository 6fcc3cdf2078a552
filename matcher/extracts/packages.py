"""The zip of a workbook, before a parser sees it. Takes the file's bytes, gives a new package that holds only what is read.

Every part is unpacked here, under limits, and packed again without compression: sizes that lie, overlapping or doubled parts,
pictures, macros and the other sheets never reach the parser, and what was measured is what it reads. Refuses passwords, bombs,
declared entities, cells far away, strings that come to gigabytes when written out, and markup that no spreadsheet writes.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree  # entities are refused before anything is parsed

import numpy as np

from matcher.extracts.grid import Unreadable, refuse_too_many
from matcher.extracts.limits import (
    LARGEST_UNPACKED,
    MOST_CELLS,
    MOST_EMPTY,
    MOST_PARTS,
    MOST_TIMES_PACKED,
    UNPACKED_FREELY,
)

WORKBOOK, RELATIONS, STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedstrings.xml"
_CHUNK = 1 << 22
_ENTITIES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OTHER = rb'(?:\s+(?!r=)[A-Za-z:]{1,20}="[^"<>]{0,200}")*'
_CELL = re.compile(
    rb'<(?:\w{1,20}:)?c' + _OTHER + rb'(?:\s+r="([A-Z]{1,3})([0-9]{1,7})")?' + _OTHER + rb"\s*(/?)>"
)  # fmt: skip
_ANY_CELL = re.compile(rb"<(?:\w{1,20}:)?c[\s/>]")
_ROW = re.compile(rb'<(?:\w{1,20}:)?row(?=[\s/>])(?:[^<>]*?\sr="([0-9]{1,7})")?')
_ERROR = re.compile(rb'<(?:\w{1,20}:)?c(?=[^<>]*?\st="e")[^<>]*?\sr="([A-Z]{1,3})([0-9]{1,7})"')
_SHARED = re.compile(rb'\st="s"')
_SHARED_VALUE = re.compile(rb'\st="s"[^<>]*>\s*<(?:\w{1,20}:)?v>\s*([0-9]{1,9})\s*<')
_STRING = re.compile(rb"<(?:\w{1,20}:)?si[\s/>]")


@dataclass(frozen=True)
class Package:
    """`content`: a workbook of one sheet; `errors`: (row, column) from 0 of its cells that hold a spreadsheet's error."""

    content: bytes
    from_1904: bool
    errors: tuple[tuple[int, int], ...]


def repacked(data: bytes) -> Package:
    """Measure and pack again. Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = _parts(packed)
            return _package(packed, parts)
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception:  # zlib.error, struct.error and whatever else a mutilated archive brings up
        raise _damaged() from None


def _damaged() -> Unreadable:
    return Unreadable("unreadable", "the file is no readable workbook; open it, save it as .xlsx and send it again")


def _odd() -> Unreadable:
    return Unreadable(
        "unreadable",
        "the workbook holds what no spreadsheet program writes; open it, save it as .xlsx and send it again",
    )


def _too_big(what: str) -> Unreadable:
    return Unreadable("too_big", f"{what}; send the supply as CSV")


def _parts(packed: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The parts by name in lower case, as parsers look for them."""
    listed = packed.infolist()
    if any(part.flag_bits & 1 for part in listed):
        raise Unreadable("password", "the workbook has a password; save it without one")
    if len(listed) > MOST_PARTS or sum(part.file_size for part in listed) > LARGEST_UNPACKED:
        raise _too_big(f"the workbook unpacks to more than {LARGEST_UNPACKED >> 30} GB")
    parts = {part.filename.replace("\\", "/").lower(): part for part in listed}
    if len(parts) != len(listed):
        raise _damaged()
    return parts


def _package(packed: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> Package:
    left = LARGEST_UNPACKED
    texts: dict[str, bytes] = {}

    def unpack(name: str) -> bytes:
        nonlocal left
        texts[name] = _unpacked(packed, parts[name], left)
        left -= len(texts[name])
        return texts[name]

    book = ElementTree.fromstring(unpack(WORKBOOK))  # noqa: S314
    sheet = _first_sheet(book, ElementTree.fromstring(unpack(RELATIONS)))  # noqa: S314
    for name in ("[content_types].xml", "_rels/.rels", "xl/styles.xml", STRINGS):
        if name in parts:
            unpack(name)
    cells = _refuse_far_cells(unpack(sheet))
    if STRINGS in texts:
        _refuse_long_strings(texts[STRINGS], texts[sheet], cells)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in texts.items():
            made.writestr(zipfile.ZipInfo(parts[name].filename.replace("\\", "/")), text)
    properties = next((one for one in book if _local(one.tag) == "workbookPr"), None)
    from_1904 = properties is not None and properties.get("date1904", "0").strip() in ("1", "true", "on")
    errors = tuple((int(row) - 1, _column_number(letters) - 1) for letters, row in _ERROR.findall(texts[sheet]))
    return Package(content.getvalue(), from_1904, errors)


def _unpacked(packed: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of a part, never more than its declared size, which is counted too."""
    allowed = min(most, max(part.compress_size * MOST_TIMES_PACKED, UNPACKED_FREELY))
    text = bytearray()
    with packed.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text += chunk
            if len(text) > allowed:
                raise _too_big("the workbook unpacks to far more than its size")
    if _ENTITIES.search(text) or b"\0" in text or not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise _odd()
    return bytes(text)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _first_sheet(book: ElementTree.Element, relations: ElementTree.Element) -> str:
    """The name, in lower case, of the part that holds the first sheet."""
    first = next(sheet for sheets in book if _local(sheets.tag) == "sheets" for sheet in sheets)
    id = next(value for name, value in first.attrib.items() if _local(name) == "id" and name != "id")
    target = next(one.attrib["Target"] for one in relations if one.get("Id") == id).replace("\\", "/")
    whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
    return whole.lower()


def _pieces(text: bytes) -> Iterator[bytes]:
    """The text in pieces of some megabytes that end before a tag."""
    start = 0
    while start < len(text):
        end = text.rfind(b"<", start + 1, start + _CHUNK) if start + _CHUNK < len(text) else len(text)
        if end <= start:
            end = text.find(b"<", start + 1)
            end = len(text) if end < 0 else end
        yield text[start:end]
        start = end


def _refuse_far_cells(text: bytes) -> int:
    """The number of cells that hold something. Every tag of a cell must read as spreadsheets write it: else where it stands,
    and so what it takes to lay the sheet out, would be the parser's guess."""
    right = bottom = filled = here = rows = 0
    for piece in _pieces(text):
        cells = _CELL.findall(piece)
        if len(cells) != len(_ANY_CELL.findall(piece)):
            raise _odd()
        places = [(letters, row) for letters, row, empty in cells if not empty]
        filled += len(places)
        for letters in {letters for letters, _ in places}:
            right = max(right, _column_number(letters))
        bottom = max(bottom, *(int(row or 0) for row in {row for _, row in places}), 0)
        if any(not letters for letters, _, _ in cells):  # these stand beside the one before
            first, *others = _ROW.split(piece)[::2]
            here += len(_ANY_CELL.findall(first))
            for one in others:
                right, here = max(right, here), len(_ANY_CELL.findall(one))
            right = max(right, here) + _column_number(max((c[0] for c in cells), key=len))
            bottom = max(bottom, *(int(row or 0) for row in _ROW.findall(piece)), 0)
            rows += sum(1 for _ in _ROW.finditer(piece))
            bottom = max(bottom, rows)
    if right * bottom > max(1_000_000, filled * MOST_EMPTY):
        raise Unreadable(
            "too_big",
            "a sheet has cells far to the right or far below the rest; delete them, or copy the supply to a new workbook",
        )
    refuse_too_many(bottom, right)
    return filled


def _refuse_long_strings(strings: bytes, sheet: bytes, cells: int) -> None:
    """A string that is held once and shown in a million cells is a million strings when it is read."""
    starts = np.fromiter((found.start() for found in _STRING.finditer(strings)), dtype=np.int64)
    if len(starts) > MOST_CELLS:
        raise _too_big(f"the workbook holds more than {MOST_CELLS:,} texts")
    lengths = np.diff(starts, append=len(strings))
    if not len(lengths) or int(lengths.max()) * cells <= LARGEST_UNPACKED:
        return
    shown = np.fromiter((int(found[1]) for found in _SHARED_VALUE.finditer(sheet)), dtype=np.int64)
    if len(shown) != sum(1 for _ in _SHARED.finditer(sheet)):
        raise _odd()
    if int(lengths[shown[shown < len(lengths)]].sum()) > LARGEST_UNPACKED:
        raise _too_big(f"the texts of the sheet come to more than {LARGEST_UNPACKED >> 30} GB")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
