"""`matcher backup`: the registry under its own key, settings, policies, audit log, public keys and certificates in one file.

Takes a workspace and a file outside it. Lists of people are left out, and so is what a held batch keeps: the one stands in
the registry, the other must be able to go. Refuses while a run holds the workspace.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from matcher import __version__
from matcher.backup.contents import KEYS, Manifest, pack, written
from matcher.backup.key_backup import refuse_target, sealed_keys
from matcher.backup.registry_copy import copy_registry
from matcher.purge import chain
from matcher.purge.audit import Audit
from matcher.purge.keys import REGISTRY, fingerprint_of
from matcher.registry.database import HEAD
from matcher.registry.store import Registry
from matcher.workspace import AUDIT, DATABASE, Workspace, write_file


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds: files, keys (0: they are not in it), batches, last entry of the audit log, bytes."""

    files: list[str]
    keys: int
    batches: int
    audit_entries: int
    size: int


def back_up(workspace: Workspace, target: Path, *, passphrase: str | None = None, replace: bool = False) -> BackedUp:
    """Write the backup, for its owner alone. With `passphrase` the keys go in too, sealed. Audited."""
    refuse_target(workspace, target, replace=replace)
    with workspace.lock("matcher backup"):
        with Registry.open(workspace) as registry:
            batches = {batch.batch_id: batch.state for batch in registry.batches()}
        sealed, names = sealed_keys(workspace.keys, passphrase) if passphrase is not None else (b"", [])
        Audit(workspace).append("backed_up", batches=len(batches), keys=len(names))
        # the log before the registry: an erasure between the two is done again at a restore, never missed
        log = workspace.read(AUDIT)
        log = log[: log.rfind(b"\n") + 1]
        files = {DATABASE: _registry(workspace), AUDIT: log, **_plain_files(workspace)}
        if sealed:
            files[KEYS] = sealed
        number, last = chain.Checked(entries=chain.read(log)).head
        manifest = Manifest(
            workspace.id,
            dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            f"matcher {__version__}",
            HEAD,
            fingerprint_of(REGISTRY, workspace.keys.registry_key()),
            (number, last),
            batches,
        )
        content = pack(manifest, files, workspace.keys.signing_key())
        write_file(target, content, private=True)
    return BackedUp(sorted(files), len(names), len(batches), number, len(content))


def _registry(workspace: Workspace) -> bytes:
    copy = copy_registry(workspace)
    try:
        return copy.read_bytes()
    finally:
        workspace.destroy(copy)


def _plain_files(workspace: Workspace) -> dict[str, bytes]:
    """Settings, policies, areas, public keys, certificates and feedback: no person in any of them."""
    return {
        name: path.read_bytes()
        for path in workspace.files()
        if written(name := workspace.relative(path)) and name not in (DATABASE, AUDIT, KEYS)
    }
