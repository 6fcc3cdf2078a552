"""The key store: every key and password of one workspace, outside the workspace. Takes names, gives bytes or words.

Three places, tried in this order: the folder that MATCHER_KEYS names; the operating system's keyring; an owner-only
folder in the user's configuration directory. A workspace stays with the place that holds its registry key, so that a
scheduled job without a keyring session says what is missing instead of making a second set. Refuses a key folder
inside the workspace, and to replace a key that exists.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
import sys
from pathlib import Path
from typing import Protocol

import keyring
import keyring.errors
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.errors import UserError

REGISTRY, SIGNING, AUDIT_HEAD = "registry", "signing", "audit_head"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_ALPHABET = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY34679"  # nothing that is misread when typed from a letter


class Place(Protocol):
    """Where keys lie: get, put (create or replace), remove, names."""

    title: str

    def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, value: bytes) -> None: ...
    def remove(self, name: str) -> bool: ...
    def names(self) -> list[str]: ...


class FolderPlace:
    """One file a key in a folder that only its owner may read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.title = folder, f"the folder {folder}"

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def get(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, name: str, value: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            self.folder.chmod(stat.S_IRWXU)
        waiting = self._path(f"{name}.{secrets.token_hex(4)}.new")
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(self._path(name))

    def remove(self, name: str) -> bool:
        path = self._path(name)
        try:
            with path.open(
                "r+b"
            ) as file:  # overwritten once: a deleted key file must not be read back from the free list
                file.write(secrets.token_bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(path.name[:-4] for path in self.folder.glob("*.key"))


class KeyringPlace:
    """The operating system's keyring, one entry a key under the service `matcher:<workspace id>`, and an index of names."""

    _INDEX = "index"

    def __init__(self, workspace_id: str) -> None:
        self.service, self.title = f"matcher:{workspace_id}", "the operating system's keyring"

    @staticmethod
    def usable() -> bool:
        """Whether this session has a keyring that keeps anything."""
        try:
            return keyring.get_keyring().priority > 0
        except Exception:  # a broken back end may raise anything, and then there is no keyring
            return False

    def get(self, name: str) -> bytes | None:
        try:
            text = keyring.get_password(self.service, name)
        except keyring.errors.KeyringError:
            return None
        return None if text is None else base64.b64decode(text)

    def put(self, name: str, value: bytes) -> None:
        try:
            keyring.set_password(self.service, name, base64.b64encode(value).decode("ascii"))
            self._write_index({*self.names(), name})
        except keyring.errors.KeyringError as error:
            raise UserError(
                "The operating system's keyring refused a key.",
                todo="unlock the keyring and run the command again, or set MATCHER_KEYS to a folder of your own",
            ) from error

    def remove(self, name: str) -> bool:
        try:
            keyring.delete_password(self.service, name)
        except keyring.errors.PasswordDeleteError:
            return False
        self._write_index(set(self.names()) - {name})
        return True

    def names(self) -> list[str]:
        text = keyring.get_password(self.service, self._INDEX) or ""
        return sorted(name for name in text.split("\n") if name)

    def _write_index(self, names: set[str]) -> None:
        keyring.set_password(self.service, self._INDEX, "\n".join(sorted(names)))


def configuration_folder() -> Path:
    """The user's configuration directory for keys, by the habits of the operating system."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "matcher" / "keys"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "matcher" / "keys"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "matcher" / "keys"


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

    def need(self, name: str, what: str) -> bytes:
        """The key of that name, or UserError saying what cannot be read without it."""
        value = self.get(name)
        if value is None:
            raise UserError(
                f"The key of {what} is missing from {self.place.title}.",
                where=f"key {name} of workspace {self.workspace_id}",
                todo="run as the user, and with the MATCHER_KEYS, of the set-up, or restore the keys from their backup; "
                "without the key nobody can read it again",
            )
        return value

    def destroy(self, name: str) -> bool:
        """Remove a key for good; False where it was gone already."""
        return self.place.remove(_checked(name))

    def names(self) -> list[str]:
        return [name for name in self.place.names() if _NAME.fullmatch(name)]

    # -- the keys that every workspace has ---------------------------------------------------------------------------

    def registry_key(self) -> bytes:
        return self.need(REGISTRY, "the registry")

    def signing_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.make(SIGNING))

    def public_key(self) -> Ed25519PublicKey:
        return self.signing_key().public_key()

    def public_pem(self) -> bytes:
        """The public half of the signing key, for everybody who checks a certificate."""
        return self.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    # -- held batches ------------------------------------------------------------------------------------------------

    def make_held_key(self, batch: str) -> bytes:
        return self.make(f"held.{batch}")

    def held_key(self, batch: str) -> bytes | None:
        return self.get(f"held.{batch}")

    def destroy_held_key(self, batch: str) -> bool:
        return self.destroy(f"held.{batch}")

    # -- passwords of protected files --------------------------------------------------------------------------------

    def password(self, recipient: str) -> str:
        """The password of a recipient's files, made at first use: 24 characters that are not misread, about 135 bits.

        MATCHER_OUTPUT_PASSWORD overrides it, for automation.
        """
        override = os.environ.get("MATCHER_OUTPUT_PASSWORD")
        if override:
            return override
        name = f"password.{recipient}"
        kept = self.get(name)
        if kept is None:
            groups = ("".join(secrets.choice(_ALPHABET) for _ in range(6)) for _ in range(4))
            kept = "-".join(groups).encode("ascii")
            self.put(name, kept)
        return kept.decode("ascii")

    def recipients(self) -> list[str]:
        return [name.removeprefix("password.") for name in self.names() if name.startswith("password.")]

    def passwords(self, file: str = "") -> list[str]:
        """Every password in use, to open our own outputs when searching them; the likeliest for a file of that path first.

        Trying one costs a tenth of a second, by the design of Office's encryption.
        """
        likely = set(_words(file))
        recipients = sorted(self.recipients(), key=lambda r: (-len(likely & set(_words(r))), len(_words(r)), r))
        found = [value.decode("ascii") for r in recipients if (value := self.get(f"password.{r}"))]
        override = os.environ.get("MATCHER_OUTPUT_PASSWORD")
        return list(dict.fromkeys([override, *found] if override else found))


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(
            "That is no name of a key or recipient.", todo="use lower-case letters, digits, dot, hyphen and underscore"
        )
    return name
