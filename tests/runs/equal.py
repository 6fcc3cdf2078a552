"""Whether two months ended alike: everything under two folders, decrypted, apart from ids, times, salts and signatures.

Takes a folder that holds a workspace, its keys (`keys/`), its inboxes and its temporary folder; gives its account: a canonical
text for each table of the registry, each file, folder, key and fact of the audit log. Two accounts are compared entry by entry
by `differences`. Random ids are named after what is kept of them (the rows they stand in, again and again until nothing more
tells two of them apart), so that a family is the same one wherever it is mentioned, whatever its id.

What may differ after an interruption, and nothing else: seconds and memory; the event `resumed`; in the certificate, whether a
received file was removed by the run or by the one before it ("already gone"), and how much was searched, since a sample of real
values does not outlive the process that drew it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msoffcrypto.exceptions
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from matcher.purge.audit import Audit
from matcher.purge.certificate import FILE as CERTIFICATE
from matcher.purge.certificate import verify_certificate
from matcher.registry import schema
from matcher.registry.schema.base import UtcStamp
from matcher.registry.store import Registry
from matcher.workspace import ALREADY_GONE, LOCK, MEDIUM_NOT_PROVEN, SETTINGS, Workspace
from tests.disclosures.opened import OLE_HEADER, decrypted

ID = re.compile(r"\b[FPQ]-[A-Z2-7]{8}\b")
WORKSPACE_ID = re.compile(r"\bW-[A-Z2-7]{8}\b")
MEASURED = ("seconds", "peak_rss_mb")
SEARCHES, FOUND = ("searched", "held_search"), ("canaries", "findings")
SECONDS = re.compile(r"<h2>How long it took</h2>.*?(?=<h2>)", re.DOTALL)
OF_THE_CRASH = frozenset({"resumed", "verified"})
RANDOM = ("registry.db", "audit.log", "signing_key.pub.pem")  # compared by what they hold
SIGNED = ("issued_at", "audit", "public_key_fingerprint", "signature", "notes")

Account = dict[str, str]


def account(base: Path, workspace: Workspace) -> Account:
    """The canonical text of everything under `base`."""
    with Registry.open(workspace) as registry:
        tables = _tables(registry, base, workspace)
    names = _names(tables)
    found = {f"registry: {table}": _text([_named(row, names) for row in rows]) for table, rows in tables.items()}
    found |= {f"file: {name}": text for name, text in _files(base, workspace, names)}
    audit = Audit(workspace)
    facts = {_text([e["event"], _counts(e)]) for e in audit.entries() if e["event"] not in OF_THE_CRASH}
    found |= {f"audit: {_plain_text(fact, base, names)}": "told" for fact in facts}
    return found | {"audit: faults": _text(audit.check())}


def _counts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Of held files the process that destroyed the last ones tells how many it destroyed itself; settings hold a random id."""
    if entry["event"] == "settings_recorded" and entry["counts"]["file"] == SETTINGS:
        return {"file": SETTINGS}
    return {
        name: item for name, item in entry["counts"].items() if (entry["event"], name) != ("held_destroyed", "files")
    }


def differences(wanted: Account, found: Account) -> list[str]:
    """What differs between two accounts, a line each; none where both ended alike."""
    lines = [f"missing: {name}" for name in sorted(set(wanted) - set(found))]
    lines += [f"too much: {name}" for name in sorted(set(found) - set(wanted))]
    for name in sorted(set(wanted) & set(found)):
        if wanted[name] != found[name]:
            lines.append(f"{name}: {_first_difference(wanted[name], found[name])}")
    return lines


def _first_difference(wanted: str, found: str) -> str:
    one, other = wanted.splitlines(), found.splitlines()
    missing, extra = [x for x in one if x not in other], [x for x in other if x not in one]
    return f"{len(one)} and {len(other)} lines; wanted {missing[:1] or 'order'}, found {extra[:1] or 'order'}"[:600]


# -- the registry ------------------------------------------------------------------------------------------------------


class _Token(str):
    """A random id or row number, to be named after what it stands for."""

    __slots__ = ()


def _tables(registry: Registry, base: Path, workspace: Workspace) -> dict[str, list[list[Any]]]:
    """Every table's rows, with stamps reduced to whether they are set, and ids as tokens."""
    found = {}
    with registry._engine.connect() as connection:
        for name, table in sorted(schema.metadata.tables.items()):
            rows = connection.execute(sa.select(table)).all()
            columns = [(c, _numbered(c)) for c in table.columns]
            found[name] = [
                [_cell(c, numbered, value, base) for (c, numbered), value in zip(columns, row, strict=True)]
                for row in rows
            ]
            if name == "disclosure":
                digest, form = (list(table.columns.keys()).index(n) for n in ("digest", "form"))
                for row in found[name]:
                    row[digest] = _digest_of_file(workspace, row[form], row[digest])
    return found


def _numbered(column: sa.Column[Any]) -> str | None:
    """The counter that a whole-number key comes from, for keys and for columns that refer to them."""
    if not isinstance(column.type, sa.Integer):
        return None
    for key in column.foreign_keys:
        return str(key.target_fullname)
    return f"{column.table.name}.{column.name}" if column.primary_key else None


def _cell(column: sa.Column[Any], numbered: str | None, value: Any, base: Path) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(column.type, UtcStamp):
        return "at some time"
    if numbered:
        return _Token(f"{numbered}:{value}")
    if isinstance(value, dict | list):
        value = _text(_unmeasured(value))
    if isinstance(value, dt.date):
        value = value.isoformat()
    if isinstance(value, str):
        return _Token(value) if ID.fullmatch(value) else _placed(value, base)
    return value


def _unmeasured(value: Any) -> Any:
    """Without what was measured; of a search only what it found."""
    if isinstance(value, list):
        return [_unmeasured(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {part: item[part] for part in FOUND} if name in SEARCHES else _unmeasured(item)
        for name, item in value.items()
        if name not in MEASURED
    }


def _placed(text: str, base: Path) -> str:
    return text.replace(json.dumps(str(base))[1:-1], "BASE").replace(str(base), "BASE")


def _digest_of_file(workspace: Workspace, form: str, digest: str | None) -> str | None:
    """A protected workbook is salted: what counts is that the log tells the digest of the very file that lies there."""
    path = workspace.root / form
    if digest is None or not path.is_file():
        return digest and "digest of a file that is gone"
    same = hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return "digest of the file" if same else "digest of another file"


def _names(tables: Mapping[str, list[list[Any]]]) -> dict[str, str]:
    """Token -> a name made from the rows it stands in, refined until no more tokens are told apart."""
    rows = [(table, row, _tokens_of(row)) for table, rows in tables.items() for row in rows]
    names = {token: _kind(token) for _, _, places in rows for _, token in places}
    told_apart = 0
    while len(set(names.values())) > told_apart:
        told_apart = len(set(names.values()))
        stands_in: dict[str, list[str]] = defaultdict(list)
        for table, row, places in rows:
            named = _text(_named(row, names))
            for position, token in places:
                stands_in[token].append(f"{table}.{position} {named}")
        names = {token: f"{_kind(token)}#{_short(sorted(lines))}" for token, lines in stands_in.items()}
    return names


def _kind(token: str) -> str:
    return token.partition(":")[0] if ":" in token else token[:2]


def _tokens_of(row: list[Any]) -> list[tuple[int, str]]:
    found = []
    for position, value in enumerate(row):
        if isinstance(value, _Token):
            found.append((position, str(value)))
        elif isinstance(value, str):
            found += [(position, match) for match in ID.findall(value)]
    return found


def _named(row: list[Any], names: Mapping[str, str]) -> list[Any]:
    return [
        names.get(value, "unknown id")
        if isinstance(value, _Token)
        else _renamed(value, names)
        if isinstance(value, str)
        else value
        for value in row
    ]


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return WORKSPACE_ID.sub("W-", ID.sub(lambda match: names.get(match[0], "unknown id"), text))


def _short(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()[:16]


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(row, list) for row in value):
        return "\n".join(sorted(json.dumps(row, sort_keys=True, default=str) for row in value))
    return json.dumps(value, sort_keys=True, default=str)


# -- files -------------------------------------------------------------------------------------------------------------


def _files(base: Path, workspace: Workspace, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path in sorted(base.rglob("*")):
        name = WORKSPACE_ID.sub("W-", path.relative_to(base).as_posix())
        if path.is_dir():
            yield f"{name}/", "a folder"
        elif path.suffix == ".key" or path.name in RANDOM:
            yield name, "random"
        elif path.name == LOCK:
            yield name, "whoever held it last"
        else:
            yield name, _content(path, base, workspace, names)


def _content(path: Path, base: Path, workspace: Workspace, names: Mapping[str, str]) -> str:
    content = path.read_bytes()
    if content.startswith(OLE_HEADER) or zipfile.is_zipfile(io.BytesIO(content)):
        return _workbook(path, content, workspace, names)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return f"bytes {hashlib.sha256(content).hexdigest()}"
    if path.as_posix().endswith(CERTIFICATE):
        text = _certificate(json.loads(text), workspace)
    elif path.suffix == ".html":
        text = SECONDS.sub("", text)
    return _plain_text(text, base, names)


def _plain_text(text: str, base: Path, names: Mapping[str, str]) -> str:
    return _renamed(_placed(text, base), names)


def _certificate(certificate: dict[str, Any], workspace: Workspace) -> str:
    signed = verify_certificate(certificate, workspace.keys.public_key())
    kept = _unmeasured({name: value for name, value in certificate.items() if name not in SIGNED})
    for supply in kept["supplies"]:
        if supply["file_outcome"] in (ALREADY_GONE, MEDIUM_NOT_PROVEN):
            supply["file_outcome"] = "gone"
    return json.dumps(kept | {"valid": signed}, sort_keys=True, indent=1)


def _workbook(path: Path, content: bytes, workspace: Workspace, names: Mapping[str, str]) -> str:
    """Its sheets' rows in order, or sorted where they stand in the order of random ids."""
    protected = content.startswith(OLE_HEADER)
    if protected:
        content = _opened(content, workspace.keys.passwords(path.stem))
    book = CalamineWorkbook.from_object(io.BytesIO(content))
    lines = ["protected" if protected else "open"]
    for sheet in book.sheet_names:
        rows = [_renamed(json.dumps(row, default=str), names) for row in book.get_sheet_by_name(sheet).to_python()]
        lines += [f"{sheet}: {row}" for row in (sorted(rows) if protected else rows)]
    return "\n".join(lines)


def _opened(content: bytes, passwords: list[str]) -> bytes:
    for password in passwords:
        try:
            return decrypted(content, password)
        except (msoffcrypto.exceptions.InvalidKeyError, msoffcrypto.exceptions.DecryptionError):
            continue
    raise AssertionError("a protected workbook opens with no password of the key store")
