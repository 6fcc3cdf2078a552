"""Whether what should be gone is gone, and whether the proofs hold: certificates, audit chain, held remains, received files.

Takes a workspace and, where known, values that should be gone (canaries); gives what was found. Names files and offsets,
never a value. For a real month the values are unknown afterwards, by design: then files and proofs are what can be checked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matcher.purge.audit import Audit
from matcher.purge.certificate import FILE as CERTIFICATE
from matcher.purge.certificate import verify_certificate
from matcher.purge.residue import Searched, search_all
from matcher.registry import Batch, Registry
from matcher.workspace import Workspace, digest_of

_HOLDS = ("matching", "held", "sealing")  # states in which a batch may have held files


@dataclass(frozen=True)
class Fault:
    """Something that should not be: `check` is certificate, audit, held or received."""

    check: str
    file: str
    what: str


@dataclass
class Verified:
    """What was checked and found. `searched` is null where no values were given."""

    certificates: int = 0
    audit_entries: int = 0
    faults: list[Fault] = field(default_factory=list)
    searched: Searched | None = None

    @property
    def clean(self) -> bool:
        return not self.faults and not (self.searched and self.searched.findings)


def verify(
    workspace: Workspace,
    registry: Registry,
    *,
    batch_id: str | None = None,
    values: Sequence[str] = (),
    listed: Path | None = None,
) -> Verified:
    """Check the whole workspace, or the proofs of one batch; search every byte for `values`, but not in the file `listed`
    that they came from. Raises UserError for an unknown batch."""
    out = Verified()
    batches = registry.batches() if batch_id is None else [registry.batch(batch_id)]
    _certificates(workspace, batches, out)
    audit = Audit(workspace)
    out.faults += [Fault("audit", "audit.log", fault) for fault in audit.check()]
    out.audit_entries = audit.head()[0]
    _held(workspace, registry.batches(), out)
    _received(workspace, batches, out)
    if values:
        out.searched = search_all(workspace, values, skip=[listed] if listed else (), cells=registry.every_cell())
    return out


def _certificate(workspace: Workspace, batch: Batch) -> dict[str, Any] | None:
    try:
        found = json.loads((workspace.outbox(batch.batch_id) / CERTIFICATE).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _certificates(workspace: Workspace, batches: Sequence[Batch], out: Verified) -> None:
    publics = workspace.keys.public_keys()
    for batch in batches:
        if batch.state != "sealed":
            continue
        name = workspace.relative(workspace.outbox(batch.batch_id) / CERTIFICATE)
        certificate = _certificate(workspace, batch)
        if certificate is None:
            out.faults.append(Fault("certificate", name, "missing or not readable"))
        elif not any(verify_certificate(certificate, public) for public in publics):
            out.faults.append(Fault("certificate", name, "changed, or not signed with this workspace's key"))
        elif certificate.get("batch") != batch.batch_id:
            out.faults.append(Fault("certificate", name, "is of another batch"))
        else:
            out.certificates += 1


def _held(workspace: Workspace, batches: Sequence[Batch], out: Verified) -> None:
    """Held files and keys that no batch needs any more."""
    waiting = {batch.batch_id for batch in batches if batch.state in _HOLDS}
    folder = workspace.root / "held"
    for inner in sorted(folder.iterdir()) if folder.is_dir() else ():
        if inner.name not in waiting:
            out.faults.append(Fault("held", workspace.relative(inner), "held files of a batch that needs none"))
    for name in workspace.keys.names():
        if name.startswith("held.") and name.removeprefix("held.") not in waiting:
            out.faults.append(Fault("held", f"key {name}", "key of a batch that needs none"))


def _received(workspace: Workspace, batches: Sequence[Batch], out: Verified) -> None:
    """Received files of sealed batches that still lie in the workspace, unless the certificate says that they were kept."""
    gone: dict[str, str] = {}
    for batch in batches:
        if batch.state == "sealed":
            kept = (_certificate(workspace, batch) or {}).get("received_files_kept") or {}
            if not kept:
                gone |= dict.fromkeys(batch.digests.values(), batch.batch_id)
    if not gone:
        return
    for path in workspace.files():
        try:
            digest = digest_of(path)
        except OSError:  # gone meanwhile, or a link to nowhere
            continue
        if digest in gone:
            what = f"a received file of batch {gone[digest]} that should be gone"
            out.faults.append(Fault("received", workspace.relative(path), what))
