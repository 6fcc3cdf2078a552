"""Another key in place of one that is in use, so that a crash at any instant leaves the old one or the new one in force.

Takes a workspace whose lock the caller holds. The new key lies beside the old one until the change is complete; `settle`,
with which every command begins, finds out how far a change came, and finishes it or takes it back. Refuses a rotation
where the key in use is missing.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.backup.registry_copy import change_key, opens_registry
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import fingerprint
from matcher.purge.chain import HANDED_OVER
from matcher.purge.keys import REGISTRY, SIGNING, fingerprint_of, pem_of
from matcher.workspace import PUBLIC_KEY, Workspace

NEXT_REGISTRY, NEXT_SIGNING = f"{REGISTRY}.next", f"{SIGNING}.next"


def rotate_registry(workspace: Workspace) -> str:
    """Encrypt the registry under a new key; gives its fingerprint. Backups made so far stay under the old one."""
    keys = workspace.keys
    old = keys.registry_key()
    if keys.get(NEXT_REGISTRY) is not None:
        raise UserError(
            "An earlier change of the registry's key could not be settled: neither key opens the registry.",
            where=str(workspace.database),
            todo="restore the registry from its backup: matcher restore",
        )
    new = secrets.token_bytes(len(old))
    keys.put(NEXT_REGISTRY, new)
    change_key(workspace, old, new)
    _promote_registry(workspace, old, new)
    return fingerprint_of(REGISTRY, new)


def _promote_registry(workspace: Workspace, old: bytes | None, new: bytes) -> None:
    workspace.keys.put(REGISTRY, new)
    gone = fingerprint_of(REGISTRY, old) if old else None
    Audit(workspace).append("registry_key_rotated", old=gone, new=fingerprint_of(REGISTRY, new))
    workspace.keys.destroy(NEXT_REGISTRY)


def rotate_signing(workspace: Workspace) -> str:
    """Sign with a new key from now on; gives its public fingerprint. The change is signed by the old key, whose public half
    is kept in the key store and beside the new one, so that what it signed can still be checked."""
    keys = workspace.keys
    old = keys.public_key()
    new = secrets.token_bytes(32)
    keys.put(NEXT_SIGNING, new)
    keep_public(workspace, old)
    public = _public(new)
    Audit(workspace).append(
        HANDED_OVER, then=lambda: keys.put(SIGNING, new), old=fingerprint(old), new=fingerprint(public)
    )
    _settle_signing(workspace)
    return fingerprint(public)


def rotate_password(workspace: Workspace, recipient: str) -> None:
    """Give a recipient's files another password from now on. Raises UserError where it has none."""
    if recipient not in workspace.keys.recipients():
        raise UserError("That recipient has no password.", todo="see the recipients with: matcher passwords list")
    workspace.keys.change_password(recipient)
    Audit(workspace).append("password_rotated", recipient=recipient)


def keep_public(workspace: Workspace, key: Ed25519PublicKey) -> None:
    """Go on accepting what this key signed, here and wherever the workspace's public keys are handed out."""
    workspace.keys.keep_public(key)
    workspace.write(public_file(key), pem_of(key))


def public_file(key: Ed25519PublicKey) -> str:
    """The file of an earlier public key, beside `signing_key.pub.pem`."""
    begin, _, end = PUBLIC_KEY.partition(".")
    return f"{begin}.{fingerprint(key)}.{end}"


def settle(workspace: Workspace) -> list[str]:
    """Finish, or take back, a rotation that was cut off; gives what it did. Raises UserError (exit 5) while one goes on."""
    keys = workspace.keys
    if keys.get(NEXT_REGISTRY) is None and keys.get(NEXT_SIGNING) is None:
        return []
    with workspace.lock("matcher keys rotate"):
        return _settle_registry(workspace) + _settle_signing(workspace)


def _settle_registry(workspace: Workspace) -> list[str]:
    keys = workspace.keys
    old, new = keys.get(REGISTRY), keys.get(NEXT_REGISTRY)
    if new is None:
        return []
    if opens_registry(workspace, new):
        _promote_registry(workspace, old if old != new else None, new)
        return ["The change of the registry's key was cut off: it is finished now."]
    if old is not None and opens_registry(workspace, old):
        keys.destroy(NEXT_REGISTRY)
        return ["The change of the registry's key was cut off before it began: the old key stays."]
    return []


def _settle_signing(workspace: Workspace) -> list[str]:
    keys = workspace.keys
    new = keys.get(NEXT_SIGNING)
    if new is None:
        return []
    public = fingerprint(_public(new))
    done = keys.get(SIGNING) == new
    if not done and any(
        e["event"] == HANDED_OVER and e["counts"].get("new") == public for e in Audit(workspace).entries()
    ):
        keys.put(SIGNING, new)  # cut off between the entry and the key
        done = True
    if done:
        workspace.write(PUBLIC_KEY, keys.public_pem())
    keys.destroy(NEXT_SIGNING)
    said = "is finished now" if done else "had not begun: the old key stays"
    return [f"The change of the signing key was cut off: it {said}."]


def _public(private: bytes) -> Ed25519PublicKey:
    return Ed25519PrivateKey.from_private_bytes(private).public_key()
