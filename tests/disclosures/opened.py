"""Reading back what was written, as a recipient would."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import msoffcrypto
from python_calamine import CalamineWorkbook

OLE_HEADER = bytes.fromhex("d0cf11e0a1b11ae1")


def decrypted(content: bytes, password: str) -> bytes:
    assert content.startswith(OLE_HEADER)
    book = msoffcrypto.OfficeFile(io.BytesIO(content))
    book.load_key(password=password)
    plain = io.BytesIO()
    book.decrypt(plain)
    return plain.getvalue()


def sheets_of(plain: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_object(io.BytesIO(plain))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def table_of(rows: list[list[Any]], first: str) -> list[dict[str, Any]]:
    """The rows below the head, which is the row that begins with `first`."""
    head = next(n for n, row in enumerate(rows) if row[0] == first)
    return [dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]]


def xml_of(plain: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        return "\n".join(archive.read(name).decode("utf-8") for name in sorted(archive.namelist()))
