"""Ids that outlive a run: `F-` family, `P-` person, `Q-` question, each with 8 random base32 characters, never derived."""

from __future__ import annotations

import secrets
from collections.abc import Callable

NewId = Callable[[str], str]

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def new_id(letter: str) -> str:
    """A new id of that kind. 40 bits: the registry's unique keys refuse the one collision in millions."""
    return f"{letter}-" + "".join(secrets.choice(_ALPHABET) for _ in range(8))
