"""Reading back what was written, as a recipient would; and protecting it cheaply where that is not what is tested."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import msoffcrypto
import msoffcrypto.method.ecma376_agile as agile
from python_calamine import CalamineWorkbook

OLE_HEADER = bytes.fromhex("d0cf11e0a1b11ae1")
_SPINS = 100


def cheap_passwords(put: Callable[[object, str, object], None] = setattr) -> None:
    """Derive the keys of protected workbooks in few rounds, writing and reading alike: the real ones cost a tenth of a second each.

    `put`: how the function is replaced, such as a test's `monkeypatch.setattr`. Processes forked from this one do so too.
    """
    whole = agile.ECMA376Agile._derive_iterated_hash_from_password

    def derived(password: str, salt: bytes, algorithm: str, spins: int) -> object:
        return whole(password, salt, algorithm, min(spins, _SPINS))

    put(agile.ECMA376Agile, "_derive_iterated_hash_from_password", staticmethod(derived))


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
