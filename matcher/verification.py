"""Whether what should be gone is gone, and whether the proofs hold: certificates, audit chain, held remains, received files.

Takes a workspace and, where somebody has them, values that should be gone; gives what was found. Names files and offsets, never
a value. For a real month the values are unknown afterwards, by design: what is searched for then are the canaries, the made-up
people whom each run had among the rows, derived again from their seeds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matcher.purge.audit import Audit
from matcher.purge.certificate import FILE as CERTIFICATE
from matcher.purge.certificate import FORM, verify_certificate
from matcher.purge.residue import Searched, search_all
from matcher.registry import Batch, Registry
from matcher.runs.residue import sought
from matcher.workspace import Workspace, digest_of

_ENDED = ("expired", "abandoned")  # certified where they had been held
_HOLDS = ("matching", "held", "sealing")  # states in which a batch may have held files


@dataclass(frozen=True)
class Fault:
    """Something that should not be: `check` is certificate, audit, held or received."""

    check: str
    file: str
    what: str


@dataclass
class Verified:
    """What was checked and found. `searched` is null where there was nothing to search for; its values are those given, then the
    canaries, of which `canaries_of` names the batch of each."""

    certificates: int = 0
    audit_entries: int = 0
    faults: list[Fault] = field(default_factory=list)
    searched: Searched | None = None
    canaries_of: list[str] = field(default_factory=list)
    without_canaries: list[str] = field(default_factory=list)  # sealed batches whose seed is gone, or never was

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
    """Check the whole workspace, or the proofs of one batch; search every byte for the canaries of these batches and for `values`,
    but not in the file `listed` that they came from. Raises UserError for an unknown batch."""
    out = Verified()
    batches = registry.batches() if batch_id is None else [registry.batch(batch_id)]
    _certificates(workspace, batches, out)
    audit = Audit(workspace)
    out.faults += [Fault("audit", "audit.log", fault) for fault in audit.check()]
    out.audit_entries = audit.head()[0]
    _held(workspace, registry.batches(), out)
    _received(workspace, batches, out)
    canaries: list[str] = []
    for batch in batches:
        found = sought(workspace, batch, None).canaries
        canaries += found
        out.canaries_of += [batch.batch_id] * len(found)
        if not found and batch.state == "sealed":
            out.without_canaries.append(batch.batch_id)
    if values or canaries:
        skip = [listed] if listed else []
        out.searched = search_all(workspace, [*values, *canaries], skip=skip, cells=registry.every_cell())
    return out


def _certificate(workspace: Workspace, batch: Batch) -> dict[str, Any] | None:
    return _read(workspace.outbox(batch.batch_id) / CERTIFICATE)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _signed_here(workspace: Workspace, certificate: dict[str, Any]) -> bool:
    return any(verify_certificate(certificate, key) for key in workspace.keys.public_keys())


def _certificates(workspace: Workspace, batches: Sequence[Batch], out: Verified) -> None:
    """That every batch that must have a certificate has its own, whole and signed; and every other certificate that lies here."""
    seen = set()
    for batch in batches:
        path = workspace.outbox(batch.batch_id) / CERTIFICATE
        seen.add(path)
        if batch.state != "sealed" and not (batch.state in _ENDED and path.exists()):
            continue
        name = workspace.relative(path)
        certificate = _read(path)
        if certificate is None:
            out.faults.append(Fault("certificate", name, "missing or not readable"))
        elif not _signed_here(workspace, certificate):
            out.faults.append(Fault("certificate", name, "changed, or not signed with this workspace's key"))
        elif certificate.get("batch") != batch.batch_id:
            out.faults.append(Fault("certificate", name, "is of another batch"))
        else:
            out.certificates += 1
    for path in sorted(workspace.root.rglob("assurance/*.json")):
        found = _read(path) if path not in seen else None
        if found is None or str(found.get("form", "")).rstrip("0123456789") != FORM.rstrip("0123456789"):
            continue
        if _signed_here(workspace, found):
            out.certificates += 1
        else:
            what = "changed, or not signed with this workspace's key"
            out.faults.append(Fault("certificate", workspace.relative(path), what))


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
