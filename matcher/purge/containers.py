"""What lies inside a file: the parts that a search of plain bytes would not see. Takes a file, gives its opened parts.

Zip archives and workbooks, gzip, bzip2, xz, Parquet, Arrow files, workbooks under our passwords, held batches, and the encrypted
database with its journal or write-ahead log page by page. A part that cannot be opened, or would grow beyond a bound, is given with its fault instead of its bytes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import mmap
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msoffcrypto
import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from matcher.purge.held import read_held_file
from matcher.purge.pages import LiveColumns
from matcher.workspace import DATABASE, Workspace

LARGEST = 1 << 30  # bytes that one part may grow to when opened
DEEPEST = 3  # containers within containers

_PAGE, _RESERVED, _IV, _SALT = (
    4096,
    80,
    16,
    16,
)  # SQLCipher 4: page, reserved end (IV, then HMAC), salt on the first page
_JOURNAL_HEADER = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_AT_ONCE = 4096  # pages
_WAL_HEADERS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_WAL_HEADER, _FRAME = 32, 24
_NOT_OPENED = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"MSCF": "cabinet",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Part:
    """One opened part: its name inside the file, bytes, the offset that its first byte has in the file's clear content.

    `by_chance` tells of a match (start, end in `content`) whether it only runs together from two columns of a row.
    """

    name: str
    content: bytes = b""
    offset: int = 0
    fault: str | None = None
    by_chance: Callable[[int, int], bool] | None = None


class Passwords:
    """The key store's passwords for one file, read only where a file needs one."""

    def __init__(self, workspace: Workspace, file: str) -> None:
        self._workspace, self._file = workspace, file

    def likeliest_first(self) -> list[str]:
        return self._workspace.keys.passwords(self._file)


def parts_of(workspace: Workspace, path: Path, view: bytes | mmap.mmap) -> Iterator[Part]:
    """The parts inside a file of the workspace, whose bytes are `view`."""
    if path == workspace.database:
        yield from _database(view, workspace.keys.registry_key())
    elif path.name == f"{DATABASE}-journal":
        yield from _journal(view, workspace.keys.registry_key())
    elif path.name == f"{DATABASE}-wal":
        yield from _log(view, workspace.keys.registry_key())
    elif view[:4] == b"PARE":
        yield from _held(workspace, path, bytes(view[:]))
    else:
        hint = workspace.relative(path) if path.is_relative_to(workspace.root) else path.name
        yield from _opened("", view, Passwords(workspace, hint), 0)


def _opened(name: str, view: bytes | mmap.mmap, passwords: Passwords, depth: int) -> Iterator[Part]:
    start = bytes(view[:8])
    opener = _opener(start)
    if opener is None:
        fault = next((f"{kind} is not opened" for sign, kind in _NOT_OPENED.items() if start.startswith(sign)), None)
        if fault:
            yield Part(_join(name, "packed"), fault=fault)
    elif depth >= DEEPEST:
        yield Part(_join(name, "packed"), fault=f"lies in more than {DEEPEST} containers")
    else:
        yield from opener(name, bytes(view[:]), passwords, depth)


_Opener = Callable[[str, bytes, Passwords, int], Iterator[Part]]


def _opener(start: bytes) -> _Opener | None:
    """What opens a file that begins with these bytes; None for what is no container of a kind known here."""
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip
    if start[:2] == b"\x1f\x8b":
        return partial(_packed, "gzip")
    if start[:3] == b"BZh":
        return partial(_packed, "bzip2")
    if start[:6] == b"\xfd7zXZ\x00":
        return partial(_packed, "xz")
    if start[:4] == b"PAR1":
        return partial(_table, "Parquet")
    if start[:6] == b"ARROW1":
        return partial(_table, "an Arrow file")
    return _office if start == _OLE else None


def _zip(name: str, content: bytes, passwords: Passwords, depth: int) -> Iterator[Part]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        yield Part(name, fault="not a readable zip archive")
        return
    with archive:
        for member in archive.infolist():
            inner = _join(name, member.filename)
            try:
                with archive.open(member) as file:
                    opened = file.read(LARGEST + 1)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, OSError, EOFError):
                yield Part(inner, fault="a member that cannot be opened")
                continue
            yield from _given(inner, opened, passwords, depth)


_UNPACKED: dict[str, Callable[[io.BytesIO], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    "gzip": lambda source: gzip.GzipFile(fileobj=source),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}


def _packed(kind: str, name: str, content: bytes, passwords: Passwords, depth: int) -> Iterator[Part]:
    """What one of the streams holds that pack a single file."""
    inner = _join(name, kind)
    source = io.BytesIO(content)
    try:
        with _UNPACKED[kind](source) as file:
            opened = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        yield Part(inner, fault=f"not readable {kind}")
        return
    yield from _given(inner, opened, passwords, depth)


def _given(name: str, opened: bytes, passwords: Passwords, depth: int) -> Iterator[Part]:
    if len(opened) > LARGEST:
        yield Part(name, opened[:LARGEST])
        yield Part(name, fault="larger than may be opened; only its beginning was searched")
        return
    yield Part(name, opened)
    yield from _opened(name, opened, passwords, depth + 1)


def _table(kind: str, name: str, content: bytes, passwords: Passwords, depth: int) -> Iterator[Part]:
    inner = _join(name, "cells")
    try:
        source = pa.BufferReader(content)
        table = pq.read_table(source) if kind == "Parquet" else pa.ipc.open_file(source).read_all()
        yield Part(inner, _cells(table))
    except (pa.ArrowException, OSError):
        yield Part(inner, fault=f"not readable: {kind}")


def _cells(table: pa.Table) -> bytes:
    """Every cell as text, cells parted by newlines."""
    columns = [*(str(name) for name in table.column_names)]
    for column in table.columns:
        columns += ["" if value is None else str(value) for value in column.to_pylist()]
    return "\n".join(columns).encode("utf-8", errors="replace")


def _office(name: str, content: bytes, passwords: Passwords, depth: int) -> Iterator[Part]:
    """A workbook under a password, tried with each of ours; any other OLE file was searched as bytes already."""
    inner = _join(name, "opened")
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not office.is_encrypted():
            return
    except Exception:  # the library raises bare Exceptions for files that are not Office's
        yield Part(inner, fault="not a readable workbook")
        return
    for password in passwords.likeliest_first():
        clear = io.BytesIO()
        try:
            office.load_key(password=password)
            office.decrypt(clear)
        except Exception:  # noqa: S112  (a wrong password, in the library's many ways)
            continue
        if clear.getvalue()[:2] != b"PK":  # told by the result: to have the library verify first takes twice as long
            continue
        yield from _given(inner, clear.getvalue(), passwords, depth)
        return
    yield Part(inner, fault="under a password that is none of the key store's")


def _held(workspace: Workspace, path: Path, content: bytes) -> Iterator[Part]:
    """A held batch's table. Without its key it is noise, and nothing in it can be found by anybody."""
    key = workspace.keys.held_key(path.parent.name) if path.parent.parent == workspace.root / "held" else None
    if key is None:
        return
    try:
        yield Part("cells", _cells(read_held_file(content, key)))
    except (pa.ArrowException, OSError, InvalidTag, ValueError):
        yield Part("cells", fault="a held table that its key does not open")


def _database(view: bytes | mmap.mmap, key: bytes) -> Iterator[Part]:
    """Every page decrypted, in use or free."""
    cipher = algorithms.AES(key)
    for first in range(0, len(view), _AT_ONCE * _PAGE):
        clear = []
        for start in range(first, min(first + _AT_ONCE * _PAGE, len(view) - _PAGE + 1), _PAGE):
            clear.append(_page(bytes(view[start : start + _PAGE]), cipher, _SALT if start == 0 else 0))
        content = b"".join(clear)
        yield Part("pages", content, first, by_chance=_Pages(content, first == 0).by_chance)


def _journal(view: bytes | mmap.mmap, key: bytes) -> Iterator[Part]:
    """A rollback journal: sectors of headers, each followed by (page number, encrypted page, checksum)."""
    cipher = algorithms.AES(key)
    start = 0
    while start + 28 <= len(view):
        if view[start : start + 8] == _JOURNAL_HEADER:
            start += max(512, int.from_bytes(view[start + 20 : start + 24], "big"))
            continue
        page = bytes(view[start + 4 : start + 4 + _PAGE])
        if len(page) == _PAGE:
            first = view[start : start + 4] == b"\x00\x00\x00\x01"
            content = _page(page, cipher, _SALT if first else 0)
            yield Part("pages", content, start + 4, by_chance=_Pages(content, first).by_chance)
        start += _PAGE + 8


def _log(view: bytes | mmap.mmap, key: bytes) -> Iterator[Part]:
    """A write-ahead log: frames of (page number, size of the database, salts, checksums) and an encrypted page each."""
    if len(view) and bytes(view[:4]) not in _WAL_HEADERS:
        yield Part("pages", fault="not a readable write-ahead log")
        return
    cipher = algorithms.AES(key)
    for start in range(_WAL_HEADER, len(view) - _FRAME - _PAGE + 1, _FRAME + _PAGE):
        first = view[start : start + 4] == b"\x00\x00\x00\x01"
        page = start + _FRAME
        content = _page(bytes(view[page : page + _PAGE]), cipher, _SALT if first else 0)
        yield Part("pages", content, page, by_chance=_Pages(content, first).by_chance)


class _Pages:
    """Pages in clear, whose rows are read only where something was found in them."""

    def __init__(self, content: bytes, first: bool) -> None:
        self._content, self._first = content, first
        self._read: dict[int, LiveColumns] = {}

    def by_chance(self, start: int, end: int) -> bool:
        number = start // _PAGE
        if number not in self._read:
            page = self._content[number * _PAGE : (number + 1) * _PAGE]
            self._read[number] = LiveColumns(page, _PAGE - _RESERVED, first=self._first and number == 0)
        return self._read[number].by_chance(start - number * _PAGE, end - number * _PAGE)


def _page(page: bytes, cipher: algorithms.AES, skip: int) -> bytes:
    """A page in clear, of its own length, so that offsets in it are offsets in the file."""
    end = _PAGE - _RESERVED
    decryptor = Cipher(cipher, modes.CBC(page[end : end + _IV])).decryptor()
    return bytes(skip) + decryptor.update(page[skip:end]) + decryptor.finalize() + bytes(_RESERVED)


def _join(outer: str, inner: str) -> str:
    return f"{outer}!{inner}" if outer else inner
