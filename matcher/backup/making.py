"""`matcher keys make` and `show`: which keys there are, what a missing one means, and those that may safely be made anew.

Takes a workspace, gives lines without any key. Refuses to make a registry key where a registry needs the old one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from matcher.backup.registry_copy import opens_registry
from matcher.backup.rotation import keep_public
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import fingerprint, read_public_key
from matcher.purge.chain import head_to_keep
from matcher.purge.key_losses import kind_of, lines
from matcher.purge.keys import AUDIT_HEAD, REGISTRY, SIGNING
from matcher.workspace import AUDIT, PUBLIC_KEY, Workspace


@dataclass(frozen=True)
class KeyLine:
    """One key: its name and kind, the short form that tells it from others, when it was written (null: not known).

    `fault`: null, or what is wrong with it, and what is lost and not lost by that.
    """

    name: str
    kind: str
    fingerprint: str | None
    written: dt.datetime | None
    fault: str | None


def listed(workspace: Workspace) -> list[KeyLine]:
    """Every key in the store, and those that are missing from it."""
    keys = workspace.keys
    out = [
        KeyLine(name, kind_of(name).title, keys.fingerprint(name), keys.place.written(name), _fault(workspace, name))
        for name in keys.names()
    ]
    return out + [
        KeyLine(name, kind_of(name).title, None, None, "; ".join(("missing", *lines(name))))
        for name in missing(workspace)
    ]


def missing(workspace: Workspace) -> list[str]:
    """The keys that the workspace needs and the store does not hold."""
    needed = [REGISTRY, SIGNING] + ([AUDIT_HEAD] if Audit(workspace).head()[0] else [])
    return [name for name in needed if workspace.keys.get(name) is None]


def _fault(workspace: Workspace, name: str) -> str | None:
    if name == REGISTRY and workspace.holds_registry() and not opens_registry(workspace, workspace.keys.registry_key()):
        return "; ".join(("does not open the registry", *lines(name)))
    return None


def make_missing(workspace: Workspace) -> list[str]:
    """Make what is missing and may be made; gives the names. Raises UserError, after that, for a registry key that may not."""
    made = []
    with workspace.lock("matcher keys make"):
        lacking = missing(workspace)
        if SIGNING in lacking:
            _make_signing(workspace)
            made.append(SIGNING)
        if AUDIT_HEAD in lacking:
            _anchor(workspace)
            made.append(AUDIT_HEAD)
        if REGISTRY in lacking and not workspace.holds_registry():
            workspace.keys.make(REGISTRY)
            Audit(workspace).append("registry_key_made", new=workspace.keys.fingerprint(REGISTRY))
            made.append(REGISTRY)
        elif REGISTRY in lacking:
            lost = workspace.keys.lost(REGISTRY)
            done = f" Made: {', '.join(made)}." if made else ""
            raise UserError(
                f"{lost.title} A new one would not open the registry that is there.{done}",
                where=lost.where,
                todo=f"{lost.todo}; with no copy of the key anywhere, move the registry away and begin anew: matcher init",
            )
    return made


def _make_signing(workspace: Workspace) -> None:
    """A new identity. What the lost key signed is still accepted, by the public key that lies in the workspace."""
    keys = workspace.keys
    lost = None
    try:
        old = read_public_key(workspace.read(PUBLIC_KEY))
    except (FileNotFoundError, ValueError):
        pass  # nothing was ever signed, or nobody can check it any more
    else:
        keep_public(workspace, old)
        lost = fingerprint(old)
    keys.make(SIGNING)
    workspace.write(PUBLIC_KEY, keys.public_pem())
    Audit(workspace).append("signing_key_made", new=fingerprint(keys.public_key()), lost=lost)


def _anchor(workspace: Workspace) -> None:
    """From here on the end of the log is known again."""
    audit = Audit(workspace)
    end = audit.head()
    if workspace.keys.get(AUDIT_HEAD) is None:
        workspace.keys.put(AUDIT_HEAD, head_to_keep(end))
    audit.append("audit_end_made", end=end[0], log=AUDIT)
