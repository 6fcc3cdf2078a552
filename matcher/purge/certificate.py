"""The certificate of deletion: per batch and partner what was received, kept and deleted; signed. No person in it.

Takes counts and digests, gives a dict for JSON with an Ed25519 signature over its canonical form. `verify_certificate`
needs only the dict and the public key, no workspace. Refuses figures that do not add up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORM = "matcher deletion certificate 1"

STAYS_OUTSIDE = (
    "Received files were overwritten once, emptied and removed; on flash media and copy-on-write file systems the old "
    "blocks may survive until the medium reuses them: removed, medium not proven.",
    "Backups, snapshots, recycle bins and synchronised copies of the inbox, and copies in mail or transfer systems, are "
    "outside this program's reach: their owners must delete them.",
    "The operating system may have written working memory to its swap or hibernation file.",
    "Lists and workbooks that were handed out are not recalled by this certificate; recipients confirm their destruction.",
    "What partners hold of their own data is not touched.",
)
FILE = "assurance/deletion_certificate.json"
"""Where it lies, relative to a batch's outbox."""
HOW = (
    "Matching ran in memory. Rows of people whose families do not qualify were never written to the registry; deleted rows "
    "of the registry are overwritten in place. Received files: renamed, overwritten once with random bytes, emptied, removed."
)


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
    """The residue search after the deletion: what was looked for and where, and what was found (counts)."""

    values: int
    files: int
    bytes: int
    findings: int
    not_searched: int = 0


def make(
    *,
    batch: str,
    as_at: dt.date,
    supplies: Sequence[SupplyDeleted],
    search: Search,
    workspace: str,
    version: str,
    operator_role: str,
    controller: str,
    issued_at: dt.datetime,
    audit_head: tuple[int, str],
    key: Ed25519PrivateKey,
    kept_files: Mapping[str, str] | None = None,
    replaces: str | None = None,
    notes: Sequence[str] = (),
    because: str | None = None,
) -> dict[str, Any]:
    """The signed certificate of a batch. Raises ValueError where rows received are not rows kept + rows deleted.

    `kept_files`: received files that were not destroyed -> why; `because`: the reason given for keeping extracts.
    """
    for supply in supplies:
        if supply.rows_received != supply.rows_kept + supply.rows_deleted:
            raise ValueError(f"certificate: rows of {supply.dataset} do not add up")
    body: dict[str, Any] = {
        "form": FORM,
        "batch": batch,
        "as_at": as_at.isoformat(),
        "workspace": workspace,
        "replaces": replaces,
        "issued_at": issued_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "issued_by": {"role": operator_role, "controller": controller, "program": f"matcher {version}"},
        "supplies": [asdict(supply) for supply in supplies],
        "partners": _by_partner(supplies),
        "total": _total(supplies),
        "how": HOW,
        "searched": asdict(search)
        | {"scope": "every byte under the workspace, containers opened, the registry decrypted"},
        "received_files_kept": dict(kept_files or {}),
        "kept_because": because,
        "stays_outside": list(STAYS_OUTSIDE),
        "notes": list(notes),
        "audit": {"entries": audit_head[0], "hash": audit_head[1]},
        "public_key_fingerprint": fingerprint(key.public_key()),
    }
    return body | {"signature": key.sign(_canonical(body)).hex()}


def _by_partner(supplies: Sequence[SupplyDeleted]) -> dict[str, dict[str, int]]:
    return {p: _total([s for s in supplies if s.partner == p]) for p in sorted({s.partner for s in supplies})}


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
    except (InvalidSignature, ValueError, TypeError):
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


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
