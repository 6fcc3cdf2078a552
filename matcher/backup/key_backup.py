"""Every key of a workspace in one file under a passphrase, and back.

Keys of held batches are left out: a copy of them would undo the deletion of what was held. Refuses a place inside the
workspace, a file that is there, keys of another workspace, and to put an older key in the place of a different one unless
told to; a registry key that opens the registry is never replaced by one that does not.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matcher import __version__
from matcher.backup.registry_copy import opens_registry
from matcher.backup.rotation import NEXT_REGISTRY, NEXT_SIGNING, keep_public
from matcher.backup.sealed import Sealed, header_of, seal, unseal
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import fingerprint
from matcher.purge.chain import head_kept, head_to_keep
from matcher.purge.key_losses import HELD
from matcher.purge.keys import AUDIT_HEAD, REGISTRY, RESTORING, SIGNING, KeyStore
from matcher.workspace import PUBLIC_KEY, Workspace, write_file

_PASSING = (NEXT_REGISTRY, NEXT_SIGNING, RESTORING)  # of a change that goes on


@dataclass(frozen=True)
class KeysFound:
    """What a backup of keys holds: of which workspace, made when, the keys by name."""

    workspace: str
    made_at: str
    keys: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class KeysRestored:
    """Names of keys by what was done: put back, replaced, the same already. `warnings`: what still does not fit."""

    put_back: list[str]
    replaced: list[str]
    same: list[str]
    warnings: list[str]


def sealed_keys(keys: KeyStore, passphrase: str) -> tuple[bytes, list[str]]:
    """The file, and the names of the keys in it."""
    names = [name for name in keys.names() if not name.startswith(HELD) and name not in _PASSING]
    found = {name: value for name in names if (value := keys.get(name)) is not None}
    content = json.dumps({name: base64.b64encode(value).decode("ascii") for name, value in found.items()})
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    header = Sealed(keys.workspace_id, now, f"matcher {__version__}")
    return seal(content.encode("ascii"), passphrase, header), sorted(found)


def read_keys(file: bytes, passphrase: str, workspace_id: str) -> KeysFound:
    """Open a backup of keys. Raises UserError, also for another workspace's."""
    header = header_of(file)
    if header.workspace != workspace_id:
        raise UserError(
            "These are the keys of another workspace.",
            where=f"of {header.workspace}, not of {workspace_id}",
            todo="name this workspace's backup, or the workspace that the keys belong to",
        )
    found = json.loads(unseal(file, passphrase))
    return KeysFound(header.workspace, header.made_at, {name: base64.b64decode(text) for name, text in found.items()})


def refuse_target(workspace: Workspace, target: Path, *, replace: bool) -> None:
    """Raises UserError for a file inside the workspace or beside its keys, and for one that is there."""
    if target.resolve().is_relative_to(workspace.root):
        raise UserError(
            "A backup inside the workspace is lost with it.",
            where=str(target),
            todo="name a file outside, best on another medium",
        )
    if target.exists() and not replace:
        raise UserError("There is a file of that name.", where=str(target), todo="name another one, or say --replace")


def backup_keys(workspace: Workspace, target: Path, passphrase: str, *, replace: bool = False) -> list[str]:
    """Write the backup, for its owner alone; gives the names of its keys. Audited."""
    refuse_target(workspace, target, replace=replace)
    content, names = sealed_keys(workspace.keys, passphrase)
    write_file(target, content, private=True)
    Audit(workspace).append("keys_backed_up", keys=len(names))
    return names


def restore_keys(workspace: Workspace, file: bytes, passphrase: str, *, replace: bool = False) -> KeysRestored:
    """Put back what is missing; with `replace` also what differs. All or nothing is decided before the first key."""
    keys = workspace.keys
    found = read_keys(file, passphrase, workspace.id)
    anchor = found.keys.get(AUDIT_HEAD)
    wanted = {name: value for name, value in found.keys.items() if name != AUDIT_HEAD}
    same = sorted(name for name, value in wanted.items() if keys.get(name) == value)
    missing = sorted(name for name in wanted if keys.get(name) is None)
    different = sorted(set(wanted) - set(same) - set(missing))
    if different and not replace:
        raise UserError(
            f"{len(different)} key(s) in the store differ from the backup of {found.made_at}; nothing was changed.",
            where=different,
            todo="with --replace the older ones are put back, and all that is missing; without it nothing is",
        )
    if REGISTRY in different:
        _refuse_worse(workspace, wanted[REGISTRY])
    with workspace.lock("matcher keys restore"):
        for name in (*missing, *different):
            if name != SIGNING:
                keys.put(name, wanted[name])
        if SIGNING in missing or SIGNING in different:
            _put_signing(workspace, wanted[SIGNING])
        put_back = [*missing, *_anchor(workspace, anchor)]
        Audit(workspace).append("keys_restored", put_back=len(put_back), replaced=len(different))
    return KeysRestored(put_back, different, same, _warnings(workspace))


def _refuse_worse(workspace: Workspace, older: bytes) -> None:
    now = workspace.keys.registry_key()
    if opens_registry(workspace, now) and not opens_registry(workspace, older):
        raise UserError(
            "The key in the store opens the registry, the one in the backup does not; nothing was changed.",
            where="key registry: it was rotated after this backup",
            todo="keep the key, and make a new backup of the keys: matcher keys backup",
        )


def _put_signing(workspace: Workspace, value: bytes) -> None:
    """Sign with this key from the next entry on, which says so; what the present one signed stays good."""
    keys = workspace.keys
    new = Ed25519PrivateKey.from_private_bytes(value).public_key()
    old = None
    if keys.get(SIGNING) is not None:
        old = fingerprint(keys.public_key())
        keep_public(workspace, keys.public_key())
    keys.put(SIGNING, value)
    workspace.write(PUBLIC_KEY, keys.public_pem())
    Audit(workspace).append("signing_key_restored", new=fingerprint(new), old=old)


def _anchor(workspace: Workspace, head: bytes | None) -> list[str]:
    """The end of the audit log is never older than the log: where it is missing, it is taken from a log that still holds
    the entry that the backup knows; from another log the older end stands, so that `audit check` tells what is missing."""
    keys = workspace.keys
    if head is None or keys.get(AUDIT_HEAD) is not None:
        return []
    keys.put(AUDIT_HEAD, head)
    audit = Audit(workspace)
    known = head_kept(head)
    if known and any((entry["number"], entry["hash"]) == known for entry in audit.entries()):
        end = audit.head()
        keys.put(AUDIT_HEAD, head_to_keep(end))
        audit.append("audit_end_restored", known=known[0], end=end[0])
    return [AUDIT_HEAD]


def _warnings(workspace: Workspace) -> list[str]:
    key = workspace.keys.get(REGISTRY)
    with contextlib.suppress(UserError):
        if key is not None and workspace.holds_registry() and not opens_registry(workspace, key):
            return [
                "The registry key that was put back does not open the registry: the key was changed after this backup. "
                "Restore the registry from a backup of the same time: matcher restore"
            ]
    return []
