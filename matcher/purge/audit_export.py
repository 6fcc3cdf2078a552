"""The audit chain as a file that anybody can check with the public key alone: JSON lines, or CSV for a spreadsheet.

Takes the bytes of a chain and the signing key, gives a file that ends with a signed statement: how many entries, the hash of the
last, the digest of everything before the statement, and the public keys. `check_export` finds what `chain.check` finds, and a
missing end or any other byte. Refuses a CSV of a chain that is not whole, since a half line has no cells.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.errors import UserError
from matcher.purge import chain
from matcher.purge.audit_events import sentence
from matcher.purge.certificate import fingerprint, read_public_key
from matcher.purge.keys import pem_of

FORM = "matcher audit chain 1"
COLUMNS = ("number", "at", "event", "in words", "counts", "previous", "hash", "signature")
KINDS = (".jsonl", ".csv")
_END = "audit_export"
_BOM = b"\xef\xbb\xbf"  # a spreadsheet takes a file without it for another encoding


def export(
    content: bytes,
    kind: str,
    *,
    workspace: str,
    at: dt.datetime,
    key: Ed25519PrivateKey,
    public_keys: Sequence[Ed25519PublicKey],
) -> bytes:
    """The chain and its statement as a file of `kind` (.jsonl or .csv). Raises UserError."""
    checked = chain.check(content, public_keys)
    if content and not content.endswith(b"\n"):
        content += b"\n"
    body = content if kind == ".jsonl" else _csv(content, checked)
    statement = {
        "form": FORM,
        "workspace": workspace,
        "exported_at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "entries": len(checked.entries),
        "last": checked.head[1],
        "digest": hashlib.sha256(body).hexdigest(),
        "signed_by": fingerprint(key.public_key()),
        "public_keys": [pem_of(public).decode("ascii") for public in public_keys],
    }
    signature = key.sign(chain.line_of(statement)).hex()
    if kind == ".jsonl":
        return body + chain.line_of({_END: statement, "signature": signature}) + b"\n"
    return body + _row([_END, "", "", "", chain.line_of(statement).decode("ascii"), "", "", signature])


def check_export(
    content: bytes, public_keys: Sequence[Ed25519PublicKey]
) -> tuple[chain.Checked, dict[str, Any] | None]:
    """The chain of an exported file with its faults, and its statement (null: there is none).

    `public_keys` are those that the caller trusts; the keys that the file names count where a trusted key signed the statement.
    """
    lines = content.splitlines(keepends=True)
    end = lines[-1] if lines else b""
    body, kind = content[: len(content) - len(end)], ".csv" if content.startswith(_BOM) else ".jsonl"
    statement, signature = _statement(end, kind)
    if statement is None or _written(statement, signature, kind) != end:
        log, places = _log(content) if kind == ".csv" else (content, None)
        checked = chain.check(log, public_keys)
        missing = "the signed statement at the end is missing or changed: entries may be missing"
        return _placed(checked, places, [chain.ChainFault(len(lines) or None, None, missing)]), None
    faults = []
    keys = list(public_keys)
    if _signed(statement, signature, public_keys):
        keys += [key for pem in statement.get("public_keys", ()) if (key := _public(pem)) is not None]
    else:
        faults.append(chain.ChainFault(len(lines), None, "the statement at the end is not signed with this public key"))
    log, places = _log(body) if kind == ".csv" else (body, None)
    checked = chain.check(log, keys)
    if (len(checked.entries), checked.head[1]) != (statement.get("entries"), statement.get("last")):
        what = f"the file should hold {statement.get('entries')} entries and holds {len(checked.entries)}, or others"
        faults.append(chain.ChainFault(None, None, what))
    if hashlib.sha256(body).hexdigest() != statement.get("digest"):
        faults.append(chain.ChainFault(None, None, "the file is not as it was exported"))
    return _placed(checked, places, faults), statement


def _placed(checked: chain.Checked, places: list[int] | None, more: list[chain.ChainFault]) -> chain.Checked:
    """Lines as they stand in the file: a CSV has a head."""
    faults = checked.faults
    if places is not None:
        faults = [replace(fault, line=places[fault.line - 1]) if fault.line else fault for fault in faults]
    return chain.Checked(checked.entries, [*faults, *more])


def _csv(content: bytes, checked: chain.Checked) -> bytes:
    if read := [fault for fault in checked.faults if fault.number is None]:
        raise UserError(
            "This audit chain has lines that are no entries: a CSV cannot hold them.",
            where=(str(fault) for fault in read[:20]), todo="export it as a file that ends in .jsonl",
        )  # fmt: skip
    rows = [_row(COLUMNS)]
    for entry in chain.read(content):
        counts = json.dumps(entry["counts"], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        rows.append(_row([entry["number"], entry["at"], entry["event"], sentence(entry), counts,
                          entry["previous"], entry["hash"], entry["signature"]]))  # fmt: skip
    return _BOM + b"".join(rows)


def _row(cells: Sequence[Any]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode("utf-8")


def _log(body: bytes) -> tuple[bytes, list[int]]:
    """The log that the rows of a CSV were made of, and in which line of the file each of its lines stands."""
    lines, places = [], []
    for place, raw in enumerate(body.removeprefix(_BOM).splitlines(keepends=True)[1:], 2):
        cells = next(csv.reader([raw.decode("utf-8", "replace")]), [])
        if cells and cells[0] == _END:
            continue
        try:
            number, at, event, _, counts, previous, hash_, signature = cells
            entry = {"number": int(number), "at": at, "event": event, "counts": json.loads(counts),
                     "previous": previous, "hash": hash_, "signature": signature}  # fmt: skip
            lines.append(chain.line_of(entry))
        except (ValueError, TypeError, RecursionError):
            lines.append(b"?")
        places.append(place)
    return b"".join(line + b"\n" for line in lines), places


def _statement(line: bytes, kind: str) -> tuple[dict[str, Any] | None, str]:
    """The statement of the last line and its signature; None where it holds none."""
    try:
        if kind == ".csv":
            cells = next(csv.reader([line.decode("utf-8")]), [])
            found, signature = (json.loads(cells[4]), cells[7]) if cells and cells[0] == _END else (None, "")
        else:
            whole = json.loads(line)
            found, signature = whole[_END], str(whole["signature"])
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None, ""
    return (found, signature) if isinstance(found, dict) else (None, "")


def _written(statement: dict[str, Any], signature: str, kind: str) -> bytes:
    """The last line as it must stand, byte for byte."""
    if kind == ".jsonl":
        return chain.line_of({_END: statement, "signature": signature}) + b"\n"
    return _row([_END, "", "", "", chain.line_of(statement).decode("ascii"), "", "", signature])


def _signed(statement: dict[str, Any], signature: str, public_keys: Sequence[Ed25519PublicKey]) -> bool:
    for key in public_keys:
        try:
            key.verify(bytes.fromhex(signature), chain.line_of(statement))
        except (InvalidSignature, ValueError):
            continue
        return chain.plain_hex(signature)
    return False


def _public(pem: Any) -> Ed25519PublicKey | None:
    try:
        return read_public_key(str(pem).encode("utf-8"))
    except ValueError:
        return None
