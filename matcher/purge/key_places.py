"""Where keys lie: an owner-only folder, or the operating system's keyring. Takes names and bytes, gives them back.

Refuses to take a keyring that does not answer for one that holds nothing: the caller would make a second key.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import os
import secrets
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import keyring
import keyring.errors

from matcher.errors import UserError


class Place(Protocol):
    """Where keys lie: get, put (create or replace), remove, names, and when a key was written, where that is known."""

    title: str

    def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, value: bytes) -> None: ...
    def remove(self, name: str) -> bool: ...
    def names(self) -> list[str]: ...
    def written(self, name: str) -> dt.datetime | None: ...


class FolderPlace:
    """One file a key in a folder that only its owner may read. What is replaced or removed is overwritten once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.title = folder, f"the folder {folder}"

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def get(self, name: str) -> bytes | None:
        try:
            with self._telling("read"):
                return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, name: str, value: bytes) -> None:
        """Whole or not at all; what a crash left of putting this key before is destroyed. Raises UserError."""
        with self._telling("write"):
            try:
                self._put(name, value)
            except OSError:
                with contextlib.suppress(OSError):
                    self._take_back(name)
                raise

    def _put(self, name: str, value: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            self.folder.chmod(stat.S_IRWXU)
        self._take_back(name)  # what a crash left, before another may come
        waiting = self.folder / f"{name}.{secrets.token_hex(4)}.new"
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        old = self.folder / f"{name}.{secrets.token_hex(4)}.old"
        with contextlib.suppress(OSError):  # there was none, or the file system knows no second names
            os.link(self._path(name), old)
        waiting.replace(self._path(name))
        for path in self._left(name):
            _destroyed(path)
        self._sync()

    def remove(self, name: str) -> bool:
        """Overwrite the key once and remove it, with what a crash may have left of writing it. Raises UserError."""
        with self._telling("destroy"):
            gone = [_destroyed(path) for path in (self._path(name), *self._left(name))]
            if any(gone):
                self._sync()
        return any(gone)

    def _take_back(self, name: str) -> None:
        """Nothing was put: what was to be stays nowhere. Until it is replaced the key itself bears its second name too, which
        is only taken off: overwriting that would overwrite the key."""
        for path in self._left(name):
            if self._path(name).exists() and path.samefile(self._path(name)):
                path.unlink()
            else:
                _destroyed(path)

    def _left(self, name: str) -> list[Path]:
        """The key that was replaced, and what a crash left of writing this one."""
        return [path for kind in ("new", "old") for path in self.folder.glob(f"{name}.????????.{kind}")]

    @contextlib.contextmanager
    def _telling(self, do: str) -> Iterator[None]:
        """Says where a key could not be written, read or destroyed, and what to do; which key is no matter for the reader."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UserError(
                f"Could not {do} a key: {os.strerror(error.errno) if error.errno else type(error).__name__}.",
                where=str(self.folder),
                todo="check the disk's space and the rights of the folder of keys, and run the command again",
            ) from error

    def names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(path.name[:-4] for path in self.folder.glob("*.key"))

    def written(self, name: str) -> dt.datetime | None:
        try:
            return dt.datetime.fromtimestamp(self._path(name).stat().st_mtime, dt.UTC)
        except FileNotFoundError:
            return None

    def _sync(self) -> None:
        """Put a rename or removal onto the medium, so that what is written next never outlives the key it needs."""
        if os.name == "posix":
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _destroyed(path: Path) -> bool:
    """Overwrites once, so that a key is not read back from the free list; False where there was none."""
    try:
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    return True


class KeyringPlace:
    """The operating system's keyring, one entry a key under the service `matcher:<workspace id>`, and an index: a line a
    key, its name and when it was written. The index is kept in parts, since Windows limits the size of an entry."""

    _INDEX, _PART = "index", 1000

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
        text = self._text(name)
        return None if text is None else base64.b64decode(text)

    def put(self, name: str, value: bytes) -> None:
        try:
            keyring.set_password(self.service, name, base64.b64encode(value).decode("ascii"))
            now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            self._write_index({**self._index(), name: now})
        except keyring.errors.KeyringError as error:
            raise _refused() from error

    def remove(self, name: str) -> bool:
        try:
            keyring.delete_password(self.service, name)
        except keyring.errors.PasswordDeleteError:
            return False
        except keyring.errors.KeyringError as error:
            raise _refused() from error
        self._write_index({kept: at for kept, at in self._index().items() if kept != name})
        return True

    def names(self) -> list[str]:
        return sorted(self._index())

    def written(self, name: str) -> dt.datetime | None:
        at = self._index().get(name)
        return dt.datetime.fromisoformat(at) if at else None

    def _text(self, entry: str) -> str | None:
        try:
            return keyring.get_password(self.service, entry)
        except keyring.errors.KeyringError as error:
            raise _refused() from error

    def _index(self) -> dict[str, str]:
        """Name -> when it was written (empty: not known)."""
        text, part = self._text(self._INDEX) or "", 2
        while more := self._text(f"{self._INDEX}.{part}"):
            text, part = text + more, part + 1
        lines = (line.partition(" ") for line in text.split("\n") if line)
        return {name: at for name, _, at in lines}

    def _write_index(self, index: Mapping[str, str]) -> None:
        text = "\n".join(f"{name} {index[name]}".rstrip() for name in sorted(index))
        parts = [text[start : start + self._PART] for start in range(0, len(text), self._PART)] or [""]
        for number, part in enumerate(parts, 1):
            keyring.set_password(self.service, self._INDEX if number == 1 else f"{self._INDEX}.{number}", part)
        number = max(len(parts), 1) + 1
        while self._text(f"{self._INDEX}.{number}"):
            keyring.delete_password(self.service, f"{self._INDEX}.{number}")
            number += 1


def _refused() -> UserError:
    return UserError(
        "The operating system's keyring refused a key.",
        todo="unlock the keyring and run the command again, or set MATCHER_KEYS to a folder of your own",
    )


def configuration_folder() -> Path:
    """The user's configuration directory for keys, by the habits of the operating system."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "matcher" / "keys"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "matcher" / "keys"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "matcher" / "keys"
