"""One file under a passphrase: scrypt makes the key, AES-256-GCM seals the content together with the header.

Takes bytes and a passphrase, gives a JSON file with a readable header; opens it again. Refuses a short passphrase, a wrong
one, an altered file, and parameters that would cost more memory than a backup of ours asks for.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from matcher.errors import UserError

FORM = "matcher keys 1"
SHORTEST = 12
"""Characters of a passphrase: whoever finds the file may try as many as he likes."""
COST = 1 << 17  # scrypt's n: 128 MiB and about a third of a second for each try
_BLOCK, _LANES, _SALT, _NONCE = 8, 1, 16, 12


@dataclass(frozen=True)
class Sealed:
    """What stands outside the seal: of which workspace, made when and by what. It is authenticated with the content."""

    workspace: str
    made_at: str
    program: str


def seal(content: bytes, passphrase: str, header: Sealed) -> bytes:
    """The sealed file. Raises UserError for a passphrase that is too short."""
    if len(passphrase) < SHORTEST:
        raise UserError(
            f"The passphrase is shorter than {SHORTEST} characters.",
            todo="take several words that nobody would guess; keep them apart from the backup",
        )
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    told: dict[str, Any] = {
        "form": FORM,
        "workspace": header.workspace,
        "made_at": header.made_at,
        "program": header.program,
        "scrypt": {"n": COST, "r": _BLOCK, "p": _LANES, "salt": salt.hex()},
        "cipher": "AES-256-GCM",
        "nonce": nonce.hex(),
    }
    sealed = AESGCM(_key(passphrase, salt, COST)).encrypt(nonce, content, _canonical(told))
    return (json.dumps(told | {"sealed": base64.b64encode(sealed).decode("ascii")}, indent=1) + "\n").encode("ascii")


def header_of(file: bytes) -> Sealed:
    """What a sealed file says of itself, not yet proven. Raises UserError for another file."""
    told, _, _, _ = _parts(file)
    return Sealed(str(told["workspace"]), str(told["made_at"]), str(told["program"]))


def unseal(file: bytes, passphrase: str) -> bytes:
    """The content. Raises UserError for another file, a wrong passphrase or an altered file."""
    told, salt, nonce, sealed = _parts(file)
    try:
        return AESGCM(_key(passphrase, salt, told["scrypt"]["n"])).decrypt(nonce, sealed, _canonical(told))
    except InvalidTag:
        raise UserError(
            "The keys cannot be opened: the passphrase is another, or the file has been altered.",
            todo="type the passphrase of this very backup; if it is right, take another copy of the file",
        ) from None


def _parts(file: bytes) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    try:
        told = json.loads(file)
        sealed = base64.b64decode(told.pop("sealed"), validate=True)
        salt, nonce = bytes.fromhex(told["scrypt"]["salt"]), bytes.fromhex(told["nonce"])
        cost = told["scrypt"]["n"]
        known = told["form"] == FORM and {"workspace", "made_at", "program"} <= set(told)
        fits = told["scrypt"]["r"] == _BLOCK and told["scrypt"]["p"] == _LANES and isinstance(cost, int)
        if not (known and fits and 1 < cost <= COST << 3 and cost & (cost - 1) == 0 and len(nonce) == _NONCE):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(
            "This is no backup of keys.", todo="name a file made by: matcher keys backup, or matcher backup --with-keys"
        ) from None
    return told, salt, nonce, sealed


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=_BLOCK, p=_LANES).derive(passphrase.encode("utf-8"))


def _canonical(told: dict[str, Any]) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")
