"""The password of a recipient's protected files; that one was made is told to the audit chain, never the password itself."""

from __future__ import annotations

import os

from matcher.purge.audit import Audit
from matcher.purge.keys import OVERRIDE
from matcher.workspace import Workspace


def password_for(workspace: Workspace, recipient: str) -> str:
    """The recipient's password, made at first use; told before it is made, so that a crash in between leaves none untold."""
    if recipient not in workspace.keys.recipients() and not os.environ.get(OVERRIDE):
        Audit(workspace).append("key_made", key=f"password.{recipient}")
    return workspace.keys.password(recipient)
