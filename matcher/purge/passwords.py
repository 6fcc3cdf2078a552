"""The password of a recipient's protected files; that one was made is told to the audit chain, never the password itself."""

from __future__ import annotations

from matcher.purge.audit import Audit
from matcher.workspace import Workspace


def password_for(workspace: Workspace, recipient: str) -> str:
    """The recipient's password, made and audited at first use."""
    before = set(workspace.keys.recipients())
    password = workspace.keys.password(recipient)
    if recipient not in before and recipient in workspace.keys.recipients():
        Audit(workspace).append("key_made", key=f"password.{recipient}")
    return password
