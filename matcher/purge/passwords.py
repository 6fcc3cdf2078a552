"""The password of a recipient's protected files; that one was made is told to the audit chain, never the password itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache

from msoffcrypto.method.ecma376_agile import ECMA376Agile

from matcher.purge.audit import Audit
from matcher.purge.keys import OVERRIDE
from matcher.workspace import Workspace


def password_for(workspace: Workspace, recipient: str) -> str:
    """The recipient's password, made at first use; told before it is made, so that a crash in between leaves none untold."""
    if recipient not in workspace.keys.recipients() and not os.environ.get(OVERRIDE):
        Audit(workspace).append("key_made", key=f"password.{recipient}")
    return workspace.keys.password(recipient)


@contextlib.contextmanager
def workbook_keys_derived_once() -> Iterator[None]:
    """Inside, the key that a password and a workbook's salt give is derived once: a seal opens from the disk what it wrote.

    100,000 rounds of hashing a workbook are there against guessing, and the library goes through them anew each time. The keys
    stay in memory, and there no longer than the block. Serves as a decorator.
    """
    derive = ECMA376Agile._derive_iterated_hash_from_password
    ECMA376Agile._derive_iterated_hash_from_password = staticmethod(cache(derive))
    try:
        yield
    finally:
        ECMA376Agile._derive_iterated_hash_from_password = staticmethod(derive)
