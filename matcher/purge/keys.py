"""The key store: every key and password of one workspace, outside the workspace. Takes names, gives bytes or words.

Three places, tried in this order: the folder that MATCHER_KEYS names; the operating system's keyring; an owner-only
folder in the user's configuration directory. A workspace stays with the place that holds its registry key, so that a
scheduled job without a keyring session says what is missing instead of making a second set. Refuses a key folder
inside the workspace, to replace a key that exists, and to go on without a key that others were made with: the message
says what is lost and what is not.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.errors import UserError
from matcher.purge.key_losses import AUDIT_HEAD, EARLIER, HELD, PASSWORD, PUBLIC, REGISTRY, SIGNING, kind_of, lines
from matcher.purge.key_places import FolderPlace, KeyringPlace, Place, configuration_folder

__all__ = ["AUDIT_HEAD", "REGISTRY", "SIGNING", "FolderPlace", "KeyStore", "KeyringPlace", "configuration_folder"]

RESTORING = "restore_unfinished"
"""Held while a restore is not complete: nothing else may open the workspace."""
OVERRIDE = "MATCHER_OUTPUT_PASSWORD"
"""The environment's one password for every recipient, for automation: none is made then."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_ALPHABET = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679"  # nothing that is misread when typed from a letter


class KeyStore:
    """The keys of one workspace. `make` creates once and then always gives the same bytes."""

    def __init__(self, workspace_id: str, place: Place) -> None:
        self.workspace_id, self.place = workspace_id, place

    @classmethod
    def of(cls, workspace_id: str, root: Path) -> KeyStore:
        """The store of a workspace whose folder is `root`. Raises UserError where MATCHER_KEYS lies inside `root`."""
        named = os.environ.get("MATCHER_KEYS")
        if named:
            folder = Path(named)
            if folder.resolve().is_relative_to(root.resolve()):
                raise UserError(
                    "MATCHER_KEYS lies inside the workspace.",
                    where=str(folder),
                    todo="set MATCHER_KEYS to a folder outside: keys beside what they protect protect nothing",
                )
            return cls(workspace_id, FolderPlace(folder / workspace_id))
        own_folder = FolderPlace(configuration_folder() / workspace_id)
        if not KeyringPlace.usable() or own_folder.get(REGISTRY) is not None:
            return cls(workspace_id, own_folder)
        return cls(workspace_id, KeyringPlace(workspace_id))

    def get(self, name: str) -> bytes | None:
        return self.place.get(_checked(name))

    def make(self, name: str, size: int = 32) -> bytes:
        """The key of that name, made at random where there is none."""
        value = self.get(name)
        if value is None:
            value = secrets.token_bytes(size)
            self.place.put(_checked(name), value)
        return value

    def put(self, name: str, value: bytes) -> None:
        """Keep a value that changes (the head of the audit chain) or comes from elsewhere."""
        self.place.put(_checked(name), value)

    def need(self, name: str) -> bytes:
        """The key of that name, or UserError saying what is lost without it and what is not."""
        value = self.get(name)
        if value is None:
            raise self.lost(name)
        return value

    def lost(self, name: str) -> UserError:
        """The message of a key that is missing."""
        kind = kind_of(name)
        where = [f"key {name} of workspace {self.workspace_id}", *lines(name)]
        return UserError(
            f"The key of {kind.title} is missing from {self.place.title}.",
            where=where,
            todo=kind.todo,
            refusal="key_missing",
        )

    def destroy(self, name: str) -> bool:
        """Remove a key for good; False where it was gone already."""
        return self.place.remove(_checked(name))

    def names(self) -> list[str]:
        return [name for name in self.place.names() if _NAME.fullmatch(name)]

    # -- the keys that every workspace has ---------------------------------------------------------------------------

    def registry_key(self) -> bytes:
        return self.need(REGISTRY)

    def signing_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.need(SIGNING))

    def public_key(self) -> Ed25519PublicKey:
        return self.signing_key().public_key()

    def public_pem(self) -> bytes:
        """The public half of the signing key, for everybody who checks a certificate."""
        return pem_of(self.public_key())

    def public_keys(self) -> list[Ed25519PublicKey]:
        """The public key now in use, then those of earlier signing keys: what any of them signed was signed here."""
        raw = [raw_of(self.public_key())] if self.get(SIGNING) is not None else []
        raw += [value for name in self.names() if name.startswith(PUBLIC) and (value := self.get(name))]
        return [Ed25519PublicKey.from_public_bytes(value) for value in dict.fromkeys(raw)]

    def keep_public(self, key: Ed25519PublicKey) -> None:
        """Go on accepting what an earlier signing key signed."""
        raw = raw_of(key)
        self.put(f"{PUBLIC}{hashlib.sha256(raw).hexdigest()}", raw)

    def fingerprint(self, name: str) -> str | None:
        """A short form to tell keys apart, from which no key can be found; of a signing key that of its public half, as
        certificates name it; None where the key is missing."""
        value = self.get(name)
        if value is None:
            return None
        return fingerprint_of(name, value)

    # -- held batches ------------------------------------------------------------------------------------------------

    def make_held_key(self, batch: str) -> bytes:
        return self.make(f"{HELD}{batch}")

    def held_key(self, batch: str) -> bytes | None:
        return self.get(f"{HELD}{batch}")

    def destroy_held_key(self, batch: str) -> bool:
        return self.destroy(f"{HELD}{batch}")

    # -- passwords of protected files --------------------------------------------------------------------------------

    def password(self, recipient: str) -> str:
        """The password of a recipient's files, made at first use: 24 characters that are not misread, about 135 bits.

        MATCHER_OUTPUT_PASSWORD overrides it, for automation.
        """
        override = os.environ.get(OVERRIDE)
        if override:
            return override
        name = f"{PASSWORD}{recipient}"
        kept = self.get(name)
        if kept is None:
            kept = new_password()
            self.put(name, kept)
        return kept.decode("ascii")

    def change_password(self, recipient: str) -> None:
        """Give a recipient another password. The old one is kept, to search the files that were written under it."""
        name = f"{PASSWORD}{recipient}"
        old = self.need(name)
        self.put(f"{EARLIER}{recipient}.{fingerprint_of(name, old)}", old)
        self.put(name, new_password())

    def recipients(self) -> list[str]:
        return [name.removeprefix(PASSWORD) for name in self.names() if name.startswith(PASSWORD)]

    def passwords(self, file: str = "") -> list[str]:
        """Every password in use, to open our own outputs when searching them; the likeliest for a file of that path first.

        Trying one costs a tenth of a second, by the design of Office's encryption.
        """
        likely = set(_words(file))
        recipients = sorted(self.recipients(), key=lambda r: (-len(likely & set(_words(r))), len(_words(r)), r))
        names = [f"{PASSWORD}{r}" for r in recipients] + [name for name in self.names() if name.startswith(EARLIER)]
        found = [value.decode("ascii") for name in names if (value := self.get(name))]
        override = os.environ.get(OVERRIDE)
        return list(dict.fromkeys([override, *found] if override else found))


def new_password() -> bytes:
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(6)) for _ in range(4))
    return "-".join(groups).encode("ascii")


def raw_of(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def pem_of(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint_of(name: str, value: bytes) -> str:
    """See `KeyStore.fingerprint`."""
    if name.partition(".")[0] == SIGNING:
        return hashlib.sha256(raw_of(Ed25519PrivateKey.from_private_bytes(value).public_key())).hexdigest()
    if name.startswith(PUBLIC):
        return hashlib.sha256(value).hexdigest()
    kind = name.partition(".")[0].encode("ascii")
    return hashlib.sha256(b"matcher key fingerprint\0" + kind + b"\0" + value).hexdigest()[:16]


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(
            "That is no name of a key or recipient.", todo="use lower-case letters, digits, dot, hyphen and underscore"
        )
    return name
