"""The lock of a workspace: the operating system's own, so that it ends with the process, however that ends.

Takes the lock file; gives the open file while it is held, and tells others who holds it: command, process, since when, at which
stage. What a file says that nobody holds any more counts for nothing. Refuses nobody because of a file alone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

_LOCK_BYTE = 1 << 40  # the byte that is locked lies past the file's end: on Windows a locked byte cannot be read
_AGAIN = 0.05  # seconds between two tries


@dataclass(frozen=True)
class Holder:
    """Who holds a workspace: a command's name, its process, since when (UTC), and the title of its stage."""

    command: str
    process: int
    since: str
    stage: str = ""

    def __str__(self) -> str:
        since = dt.datetime.fromisoformat(self.since)
        return f"{self.command} (process {self.process}) since {since:%d/%m/%Y %H:%M} UTC" + (
            f", at: {self.stage}" if self.stage else ""
        )


@contextlib.contextmanager
def locked(path: Path, *, patience: float | None) -> Iterator[IO[bytes]]:
    """Hold the lock on `path`, waiting up to `patience` seconds (None: as long as it takes).

    Raises BlockingIOError where another process holds it, OSError where the file cannot be opened.
    """
    with path.open("a+b") as file:
        until = None if patience is None else time.monotonic() + patience
        while True:
            try:
                _lock(file.fileno())
                break
            except OSError:
                if until is not None and time.monotonic() >= until:
                    raise BlockingIOError from None
                time.sleep(_AGAIN)
        try:
            yield file
        finally:
            _unlock(file.fileno())


def note(file: IO[bytes], holder: Holder | None) -> None:
    """Say in the held file who holds it; None wipes it. Not forced onto the medium: it is worth nothing after a crash."""
    with contextlib.suppress(OSError):  # a full disk must not end a run for this
        file.truncate(0)
        if holder is not None:
            file.write(json.dumps(asdict(holder)).encode("utf-8"))
        file.flush()


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock on `path` now; None where nobody does. Holds nobody up for longer than a moment."""
    try:
        with path.open("r+b") as file:
            try:
                _probe(file.fileno())
            except OSError:
                return _said(file)
            _unlock(file.fileno())
    except OSError:
        pass
    return None


def _said(file: IO[bytes]) -> Holder:
    try:
        return Holder(**json.loads(file.read()))
    except (OSError, ValueError, TypeError):
        return Holder("another command", 0, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))


def holder_now(command: str) -> Holder:
    return Holder(command, os.getpid(), dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    _probe = _lock

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _probe(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
