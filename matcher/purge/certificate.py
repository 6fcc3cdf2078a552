"""Signed certificates: of a sealed batch, of a held batch that ended without a seal, of families deleted later. No person in them.

Takes counts, digests and file names, gives a dict for JSON with an Ed25519 signature over its canonical form: `make` for a batch,
`make_ended` for a batch that expired or was abandoned, `issue` for any other deletion. `verify_certificate` needs only the dict
and the public key, no workspace. Refuses figures that do not add up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORM = "matcher deletion certificate 2"
Kind = Literal["batch", "ended", "retention", "search"]

FLASH = (
    "Received files were overwritten once, emptied and removed; on flash media and copy-on-write file systems the old "
    "blocks may survive until the medium reuses them: removed, medium not proven."
)
IN_PLACE = "The received files that are named above as kept were not destroyed: every row of theirs, deleted here, is in them still."
STAYS_OUTSIDE = (
    "Backups, snapshots, recycle bins and synchronised copies of the inbox, and copies in mail or transfer systems, are "
    "outside this program's reach: their owners must delete them.",
    "The operating system may have written working memory to its swap or hibernation file.",
    "Lists and workbooks that were handed out are not recalled by this certificate; recipients confirm their destruction.",
    "What partners hold of their own data is not touched.",
)
ON_SERVER = (
    "The registry lies on a PostgreSQL server, where deleted rows are not overwritten in place: their pages were given back to "
    "the server's file system, and their personal columns were encrypted under the registry's key, which lives on. The "
    "server's write-ahead log, files, standbys and backups may hold them so until its administrator's own deletion."
)
FILE = "assurance/deletion_certificate.json"
"""Where it lies, relative to a batch's outbox."""
HOW = (
    "Matching ran in memory. Rows of people whose families do not qualify were never written to the registry; rows "
    "deleted from a registry file are overwritten in place."
)
HOW_FILES = " Received files: renamed, overwritten once with random bytes, emptied, removed."
HOW_ENDED = (
    "What was held lay encrypted under a key of its own. The key was destroyed first, so that the files could not be read any "
    "more, then the files: renamed, overwritten once with random bytes, emptied, removed. Nothing went into the registry."
)
SCOPE = (
    "every byte and every name under the workspace: containers opened, the registry's pages and journals decrypted, in UTF-8, "
    "UTF-16 and Windows-1252, whatever the case"
)
UNCONFIRMED = "destruction not yet confirmed"


@dataclass(frozen=True)
class Issuer:
    """Who signs, when, and where the audit chain stood: entries, hash of the last one."""

    workspace: str
    version: str
    operator_role: str
    controller: str
    audit_head: tuple[int, str]
    key: Ed25519PrivateKey
    issued_at: dt.datetime
    on_server: bool = False  # where the registry lies


@dataclass(frozen=True)
class SupplyDeleted:
    """One supply: rows received = rows kept + rows deleted. `file_outcome` as the destruction reported it."""

    partner: str
    dataset: str
    supplier: str
    digest: str
    rows_received: int
    rows_kept: int
    rows_deleted: int
    file_outcome: str


@dataclass(frozen=True)
class Search:
    """The search after the deletion: what was looked for and where, and what was found (counts).

    `sample_values` is None where no value of the deleted was known any more: the match had been interrupted.
    """

    canary_people: int
    canary_values: int
    sample_values: int | None
    files: int
    bytes: int
    findings: int
    not_searched: int = 0


@dataclass(frozen=True)
class HandedOut:
    """A list or workbook of people that left: which file, for whom, when (ISO date), what is known of its end."""

    file: str
    recipient: str
    on: str
    state: str = UNCONFIRMED


def issue(
    kind: Kind,
    subject: Mapping[str, Any],
    issuer: Issuer,
    *,
    how: str,
    stays_outside: Sequence[str] = STAYS_OUTSIDE,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """A signed certificate of any kind. `subject`: what was deleted, in counts, ids and digests, no person."""
    body: dict[str, Any] = {
        "form": FORM,
        "kind": kind,
        "workspace": issuer.workspace,
        "issued_at": issuer.issued_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "issued_by": {
            "role": issuer.operator_role,
            "controller": issuer.controller,
            "program": f"matcher {issuer.version}",
        },
        **subject,
        "how": how,
        "stays_outside": [*stays_outside, *([ON_SERVER] if issuer.on_server and stays_outside else [])],
        "notes": list(notes),
        "audit": {"entries": issuer.audit_head[0], "hash": issuer.audit_head[1]},
        "public_key_fingerprint": fingerprint(issuer.key.public_key()),
    }
    return body | {"signature": issuer.key.sign(_canonical(body)).hex()}


def make(
    issuer: Issuer,
    *,
    batch: str,
    as_at: dt.date,
    supplies: Sequence[SupplyDeleted],
    search: Search,
    kept_files: Mapping[str, str] | None = None,
    because: str | None = None,
    replaces: str | None = None,
    handed_out: Sequence[HandedOut] = (),
    held: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """The certificate of a sealed batch. Raises ValueError where rows received are not rows kept + rows deleted.

    `kept_files`: received files that were not destroyed -> why; `because`: the reason given for keeping extracts; `held`: what a
    batch that waited had kept, and the search at that time.
    """
    subject = {
        "batch": batch,
        "as_at": as_at.isoformat(),
        "replaces": replaces,
        **_rows(supplies),
        "searched": searched(search),
        "received_files_kept": dict(kept_files or {}),
        "kept_because": because,
        "held": dict(held) if held else None,
        "handed_out": [asdict(one) for one in handed_out],
    }
    kept = len(kept_files or ())
    destroyed = kept == 0 or kept < len(supplies)
    how = HOW + HOW_FILES if destroyed else HOW
    return issue("batch", subject, issuer, how=how, stays_outside=_outside(kept, destroyed), notes=notes)


def make_ended(
    issuer: Issuer,
    *,
    batch: str,
    as_at: dt.date,
    ended: Literal["expired", "abandoned"],
    supplies: Sequence[SupplyDeleted],
    held_files: int,
    held_records: int,
    search: Search,
    files_left: Sequence[str] = (),
    because: str | None = None,
    handed_out: Sequence[HandedOut] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """The certificate of a held batch that ended without a seal: nothing of it stays. `files_left`: received files that still
    lie where they came; `because`: the reason given for keeping them. Raises ValueError where a supply's rows do not add up, or any is said to be kept."""
    if any(supply.rows_kept for supply in supplies):
        raise ValueError("certificate: an ended batch keeps no row")
    subject = {
        "batch": batch,
        "as_at": as_at.isoformat(),
        "ended": ended,
        **_rows(supplies),
        "held": {"files_destroyed": held_files, "records": held_records, "key": "destroyed first"},
        "searched": searched(search),
        "received_files_left": sorted(files_left),
        "kept_because": because,
        "handed_out": [asdict(one) for one in handed_out],
    }
    outside = _outside(len(files_left), len(files_left) < len(supplies))
    return issue("ended", subject, issuer, how=HOW_ENDED, stays_outside=outside, notes=notes)


def _outside(kept: int, destroyed: bool) -> tuple[str, ...]:
    """What a certificate says for the received files that were kept, for those that were destroyed, and always."""
    return (*([IN_PLACE] if kept else []), *([FLASH] if destroyed else []), *STAYS_OUTSIDE)


def searched(search: Search) -> dict[str, Any]:
    """How a certificate tells of a search."""
    sample: Any = search.sample_values
    return {
        "canaries": {"people": search.canary_people, "values": search.canary_values},
        "real_sample": "none: the match was interrupted, and its values went with it" if sample is None else sample,
        "values": search.canary_values + (search.sample_values or 0),
        "files": search.files,
        "bytes": search.bytes,
        "findings": search.findings,
        "not_searched": search.not_searched,
        "scope": SCOPE,
    }


def _rows(supplies: Sequence[SupplyDeleted]) -> dict[str, Any]:
    for supply in supplies:
        if supply.rows_received != supply.rows_kept + supply.rows_deleted:
            raise ValueError(f"certificate: rows of {supply.dataset} do not add up")
    by_partner = {p: _total([s for s in supplies if s.partner == p]) for p in sorted({s.partner for s in supplies})}
    return {
        "supplies": [asdict(supply) for supply in supplies],
        "partners": by_partner,
        "total": _total(supplies),
    }


def _total(supplies: Sequence[SupplyDeleted]) -> dict[str, int]:
    return {
        name: sum(getattr(supply, name) for supply in supplies)
        for name in ("rows_received", "rows_kept", "rows_deleted")
    }


def verify_certificate(certificate: Mapping[str, Any], public_key: Ed25519PublicKey) -> bool:
    """Whether the certificate is whole and signed with the key that belongs to `public_key`."""
    body = {name: value for name, value in certificate.items() if name != "signature"}
    try:
        public_key.verify(bytes.fromhex(str(certificate.get("signature", ""))), _canonical(body))
    except (InvalidSignature, ValueError, TypeError, RecursionError):
        return False
    return True


def read_public_key(pem: bytes) -> Ed25519PublicKey:
    """The public key of a workspace from `signing_key.pub.pem`. Raises ValueError for another kind of key."""
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """sha256 of the raw public key, to compare by telephone."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def to_bytes(certificate: Mapping[str, Any]) -> bytes:
    """A certificate as its file holds it."""
    return (json.dumps(certificate, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
