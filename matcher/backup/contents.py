"""The file that `matcher backup` writes: a zip archive with a signed manifest of everything in it. Writes and reads it.

Takes contents by name, gives bytes; reads them back. Refuses, before anything is done with it, an archive with a member that
is missing, more, of another size or digest, or of a name that no backup holds, and a manifest that this workspace did not
sign. Nothing in it is personal and in clear: the registry is a copy under its own key, the keys lie under a passphrase.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.errors import UserError
from matcher.purge.certificate import fingerprint, read_public_key
from matcher.workspace import AUDIT, DATABASE, SETTINGS

FORM, MANIFEST, KEYS = "matcher backup 1", "manifest.json", "keys.sealed"
_ALLOWED = re.compile(
    r"registry\.db|matcher\.toml|areas\.csv|audit\.log|keys\.sealed|signing_key(\.[0-9a-f]{64})?\.pub\.pem"
    r"|policy/[A-Za-z0-9_.-]{1,80}\.toml|outbox/[A-Za-z0-9_.-]{1,60}/assurance/[A-Za-z0-9_.-]{1,80}"
)
_LARGEST_MANIFEST = 1 << 24
_LARGEST_LITTLE = 1 << 28  # bytes of any member but the registry and the audit log


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `audit`: number and hash of the last entry in it; `batches`: id -> state."""

    workspace: str
    made_at: str
    program: str
    schema: str
    registry_key: str  # fingerprint of the key that opens the registry in it
    audit: tuple[int, str]
    batches: Mapping[str, str]


@dataclass(frozen=True)
class Backup:
    """A backup that was read and found whole. `signed_by`: fingerprint of the key that signed it."""

    manifest: Manifest
    files: Mapping[str, bytes] = field(repr=False)
    signed_by: str
    digest: str


def written(name: str) -> bool:
    """Whether a file of the workspace belongs in a backup, by its name."""
    return _ALLOWED.fullmatch(name) is not None and ".." not in name


def pack(manifest: Manifest, files: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """The archive as bytes."""
    told: dict[str, Any] = {
        "form": FORM,
        "workspace": manifest.workspace,
        "made_at": manifest.made_at,
        "program": manifest.program,
        "schema": manifest.schema,
        "registry_key": manifest.registry_key,
        "audit": {"entries": manifest.audit[0], "hash": manifest.audit[1]},
        "batches": dict(manifest.batches),
        "files": {name: {"bytes": len(files[name]), "sha256": _digest(files[name])} for name in sorted(files)},
        "public_key_fingerprint": fingerprint(key.public_key()),
    }
    told["signature"] = key.sign(_canonical(told)).hex()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(told, indent=1) + "\n")
        for name in sorted(files):
            kind = zipfile.ZIP_STORED if name == DATABASE else zipfile.ZIP_DEFLATED  # what is encrypted does not shrink
            archive.writestr(zipfile.ZipInfo(name), files[name], compress_type=kind)
    return out.getvalue()


def unpack(content: bytes, public_keys: Sequence[Ed25519PublicKey]) -> Backup:
    """Read a backup and prove it whole, signed by one of these keys. Raises UserError; gives nothing of a faulty one.

    Where no key is left outside, the public keys inside must do: then `signed_by` has to be compared with a certificate.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            told = json.loads(_member(archive, MANIFEST, _LARGEST_MANIFEST))
            signed_by = _signer(told, public_keys or _own_keys(archive))
            listed = told["files"]
            names = [info.filename for info in archive.infolist()]
            if sorted(names) != sorted([MANIFEST, *listed]) or not all(map(written, listed)):
                raise _altered("its list of files is another")
            files = {name: _proven(archive, name, listed[name]) for name in sorted(listed)}
        manifest = Manifest(
            str(told["workspace"]),
            str(told["made_at"]),
            str(told["program"]),
            str(told["schema"]),
            str(told["registry_key"]),
            (int(told["audit"]["entries"]), str(told["audit"]["hash"])),
            {str(batch): str(state) for batch, state in told["batches"].items()},
        )
        if not {DATABASE, SETTINGS, AUDIT} <= set(files):
            raise _altered("it lacks the registry, the settings or the audit log")
    except UserError:
        raise
    except Exception:  # what a damaged archive makes its readers raise has no end
        raise UserError(
            "This is no backup, or it is damaged; nothing was touched.",
            todo="name a file made by: matcher backup; if it is one, take another copy of it",
        ) from None
    return Backup(manifest, files, signed_by, _digest(content))


def _proven(archive: zipfile.ZipFile, name: str, listed: Mapping[str, Any]) -> bytes:
    size = int(listed["bytes"])
    if size > _LARGEST_LITTLE and name not in (DATABASE, AUDIT):
        raise _altered(f"{name} is too large")
    content = _member(archive, name, size)
    if len(content) != size or _digest(content) != listed["sha256"]:
        raise _altered(f"{name} is not what the manifest says")
    return content


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A member, read no further than one byte past what it may hold, whatever the archive says of its size."""
    with archive.open(name) as file:
        return file.read(most + 1)


def _own_keys(archive: zipfile.ZipFile) -> list[Ed25519PublicKey]:
    names = [name for name in archive.namelist() if name.endswith(".pub.pem") and written(name)]
    return [read_public_key(_member(archive, name, _LARGEST_MANIFEST)) for name in names]


def _signer(told: Mapping[str, Any], public_keys: Sequence[Ed25519PublicKey]) -> str:
    if told["form"] != FORM:
        raise ValueError("another form")
    body = _canonical({name: value for name, value in told.items() if name != "signature"})
    for key in public_keys:
        try:
            key.verify(bytes.fromhex(str(told["signature"])), body)
        except InvalidSignature:
            continue
        return fingerprint(key)
    raise _altered("its manifest is not signed with a key of this workspace")


def _altered(what: str) -> UserError:
    return UserError(
        "The backup has been altered or damaged; nothing was touched.",
        where=what,
        todo="take another copy of the backup, or an older one",
    )


def _canonical(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
