"""Search every byte under a workspace for values that should be gone. Takes values, gives where they were found.

Looked through: every file's bytes and name, names of folders and of links and where links lead; zip archives and workbooks member
by member, gzip, bzip2, xz, Parquet, Arrow files, workbooks under our own passwords, held batches whose key still exists, and the
registry: its pages decrypted (free pages, rollback journal and write-ahead log too) and every cell. Each value is looked for in
UTF-8, UTF-16 of both orders, Windows-1252, composed and decomposed, without its accents, and as XML and JSON escape it, whatever
its case. A finding names file, offset and the value's place in the list, never the value. What could not be opened is named
too: searched is only what is said to be searched.
"""

from __future__ import annotations

import html
import itertools
import json
import mmap
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from matcher.purge.containers import Part, parts_of
from matcher.workspace import DATABASE, Workspace

SHORTEST = 3  # characters: shorter values are found everywhere
_FORMS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252")
_CHUNK = 1 << 24
_SLOTS, _MOST_SLOTS = 20, 26  # bits of the look-up table of first bytes: at least, at most
_WORDS = 1 << 15  # looked up at once: what that takes stays near the processor
_SPARSE = 6  # bits by which the table is larger than what it holds, so that few positions are picked by chance


@dataclass(frozen=True)
class Finding:
    """Where a value was found: file relative to the workspace (with `!member` inside a container), offset in it, and the
    value's place in the list searched for, from 0. Offset -1: in the name, of which the found part is masked."""

    file: str
    offset: int
    value: int


@dataclass
class Searched:
    """What a search covered and found."""

    values: int
    files: int = 0
    bytes: int = 0  # after opening containers
    findings: list[Finding] = field(default_factory=list)
    not_opened: list[str] = field(default_factory=list)  # "file: why"
    too_short: list[int] = field(default_factory=list)  # places of values that were not searched for


def search_all(
    workspace: Workspace,
    values: Iterable[str],
    *,
    skip: Iterable[Path] = (),
    cells: Iterable[tuple[str, str]] = (),
) -> Searched:
    """Search everything under the workspace.

    `skip`: files not to look into (the list of values itself). `cells`: (table, text) of the registry, as
    `Registry.every_cell` gives them.
    """
    wanted = _Patterns(values)
    out = Searched(wanted.count, too_short=wanted.too_short)
    skipped = {path.resolve() for path in skip}
    for path in _under(workspace.root):
        if path.resolve() in skipped:
            continue
        shown = _search_name(workspace.relative(path), wanted, out)
        if path.is_symlink():
            _search_link(path, shown, wanted, out)
        if path.is_file():
            out.files += 1
            _search_file(workspace, path, shown, wanted, out)
    for table, text in _by_table(cells):
        _search_part(DATABASE, Part(table, text.encode("utf-8", errors="replace")), wanted, out)
    out.findings = sorted(set(out.findings), key=lambda found: (found.file, found.offset, found.value))
    return out


def _by_table(cells: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The cells of each table as one text, parted by newlines."""
    for table, rows in itertools.groupby(cells, key=lambda cell: cell[0]):
        yield table, "\n".join(text for _, text in rows)


def _under(root: Path) -> Iterator[Path]:
    """Every file, folder and link under a folder, hidden or empty, in order of name. Links are given, not followed."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted([*folders, *names]):
            yield Path(folder) / name


def _search_name(name: str, wanted: _Patterns, out: Searched) -> str:
    """Look for the values in the name of a file or folder; gives it with what was found masked."""
    return _masked("", name, wanted, out)


def _masked(before: str, name: str, wanted: _Patterns, out: Searched) -> str:
    shown, found = name, list(wanted.in_text(name))
    for _, start, end in found:
        shown = shown[:start] + "*" * (end - start) + shown[end:]
    out.findings += [Finding(before + shown, -1, value) for value, _, _ in found]
    return shown


def _search_link(path: Path, name: str, wanted: _Patterns, out: Searched) -> None:
    for value, _, _ in wanted.in_text(str(path.readlink())):
        out.findings.append(Finding(f"{name}!link", -1, value))
    if path.is_dir():
        out.not_opened.append(f"{name}: a link to a folder, which is not followed")
    elif not path.exists():
        out.not_opened.append(f"{name}: a link that leads nowhere")


def _search_file(workspace: Workspace, path: Path, name: str, wanted: _Patterns, out: Searched) -> None:
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                out.bytes += len(view)
                for value, offset in wanted.in_bytes(view):
                    out.findings.append(Finding(name, offset, value))
                for part in parts_of(workspace, path, view):
                    _search_part(name, part, wanted, out)
    except FileNotFoundError:
        return  # gone between listing and opening: a file of a run that goes on
    except OSError as error:
        out.not_opened.append(f"{name}: {type(error).__name__}")


def _search_part(file: str, part: Part, wanted: _Patterns, out: Searched) -> None:
    if part.fault is not None:
        out.not_opened.append(f"{file}!{part.name}: {part.fault}" if part.name else f"{file}: {part.fault}")
        return
    shown = _masked(f"{file}!", part.name, wanted, out)
    out.bytes += len(part.content)
    for value, offset in wanted.in_bytes(part.content, part.by_chance):
        out.findings.append(Finding(f"{file}!{shown}", part.offset + offset, value))


class _Patterns:
    """The byte forms of the values. Bytes are looked through once, whatever the number of values: positions whose first
    eight (or four) bytes might begin a form are picked out by a table, and only those are compared."""

    def __init__(self, values: Iterable[str]) -> None:
        listed = [value.strip() for value in values]
        self.count = len(listed)
        self.too_short = [place for place, value in enumerate(listed) if len(value) < SHORTEST]
        self.texts = [
            (place, text)
            for place, value in enumerate(listed)
            if len(value) >= SHORTEST
            for text in {spelling.casefold() for spelling in _spellings(value)}
        ]
        self.forms: dict[bytes, int] = {}
        for place, value in enumerate(listed):
            if len(value) >= SHORTEST:
                for form in _byte_forms(value):
                    self.forms.setdefault(form, place)
        self.longest = max((len(form) for form in self.forms), default=0)
        self.tables = [
            table for width, test in ((8, lambda n: n >= 8), (4, lambda n: 4 <= n < 8)) if (table := _Table(width, self.forms, test))
        ]  # fmt: skip
        self.tiny = [form for form in self.forms if len(form) < 4]

    def in_text(self, text: str) -> Iterator[tuple[int, int, int]]:
        folded = text.casefold()
        for place, value in self.texts:
            start = folded.find(value)
            if start >= 0:
                yield place, start, min(start + len(value), len(text))

    def in_bytes(
        self, view: bytes | mmap.mmap, by_chance: Callable[[int, int], bool] | None = None
    ) -> Iterator[tuple[int, int]]:
        """(place of the value, offset), each value once per 16 MiB at its first offset there that is not by chance."""
        if not self.forms:
            return
        seen: set[tuple[int, int]] = set()
        for start in range(0, len(view), _CHUNK):
            data = bytes(view[start : start + _CHUNK + self.longest]).lower()
            for offset, form in self._hits(data):
                key = (self.forms[form], start)
                if offset < _CHUNK and key not in seen:
                    if by_chance and by_chance(start + offset, start + offset + len(form)):
                        continue
                    seen.add(key)
                    yield self.forms[form], start + offset

    def _hits(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        for table in self.tables:
            yield from table.hits(data)
        for form in self.tiny:
            offset = data.find(form)
            while offset >= 0:
                yield offset, form
                offset = data.find(form, offset + 1)


class _Table:
    """Forms of at least `width` bytes by their first `width` bytes."""

    def __init__(self, width: int, forms: Iterable[bytes], test: Callable[[int], bool]) -> None:
        self.width, self.kind = width, np.dtype(f"<u{width}")
        self.mixer = self.kind.type(0x9E3779B97F4A7C15 if width == 8 else 0x9E3779B1)
        self.by_start: dict[bytes, list[bytes]] = {}
        for form in forms:
            if test(len(form)):
                self.by_start.setdefault(form[:width], []).append(form)
        bits = min(max(_SLOTS, len(self.by_start).bit_length() + _SPARSE), _MOST_SLOTS)
        self.shift = self.kind.type(8 * width - bits)
        self.slots = np.zeros(1 << bits, dtype=bool)
        starts = np.frombuffer(b"".join(self.by_start), dtype=self.kind)
        self.slots[(starts * self.mixer) >> self.shift] = True

    def __bool__(self) -> bool:
        return bool(self.by_start)

    def hits(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        for phase in range(self.width):
            count = (len(data) - phase) // self.width
            if count <= 0:
                continue
            words = np.frombuffer(data, dtype=self.kind, count=count, offset=phase)
            mixed = np.empty(min(count, _WORDS), dtype=self.kind)
            for start in range(0, count, _WORDS):
                some = words[start : start + _WORDS]
                slots = np.multiply(some, self.mixer, out=mixed[: len(some)])
                slots >>= self.shift
                for index in np.flatnonzero(self.slots.take(slots)).tolist():
                    offset = phase + (start + index) * self.width
                    for form in self.by_start.get(data[offset : offset + self.width], ()):
                        if data.startswith(form, offset):
                            yield offset, form


def _byte_forms(value: str) -> set[bytes]:
    """Every way the value may stand in a file, in lower case as `bytes.lower` makes it (ASCII letters only)."""
    spellings = _spellings(value)
    texts = {way(spelling) for spelling in spellings for way in (str, str.casefold, str.lower, str.upper, str.title)}
    texts |= {html.escape(text) for text in texts} | {html.escape(text, quote=False) for text in texts}
    texts |= {json.dumps(text)[1:-1] for text in texts}
    forms = set()
    for text in texts:
        for form in _FORMS:
            try:
                forms.add(text.encode(form).lower())
            except UnicodeEncodeError:
                continue
    return forms


def _spellings(value: str) -> set[str]:
    """The value composed and decomposed, as systems write accents in two ways, and without its accents."""
    if value.isascii():
        return {value}
    apart = unicodedata.normalize("NFD", value)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return {value, *(way for way in (apart, unicodedata.normalize("NFC", value), plain) if len(way) >= SHORTEST)}
