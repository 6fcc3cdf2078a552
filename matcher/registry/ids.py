"""Ids that outlive a run: `F-` family, `P-` person, `Q-` question, each with 8 random base32 characters, never derived."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable

NewId = Callable[[str], str]


def new_id(letter: str) -> str:
    """A new id of that kind. 40 bits: the registry's unique keys refuse the one collision in millions."""
    return f"{letter}-" + base64.b32encode(secrets.token_bytes(5)).decode("ascii")
