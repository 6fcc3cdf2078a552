"""Every moment at which a process changes something on disk, and every step of a run, counted; at the n-th the process is
killed, or refused.

Takes what to do (nothing, SIGKILL, SIGKILL in the middle of a write, an error); wraps the functions of `os` and `io`, the named
steps and, by SQLite's own table of system calls, the encrypted database. A process is watched for good: only a forked child
calls `watch`. POSIX only, as SIGKILL is.
"""

from __future__ import annotations

import builtins
import ctypes
import errno
import functools
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import sqlcipher3._sqlite3

FAULTS = {name: getattr(errno, name) for name in ("ENOSPC", "EROFS", "EACCES", "EIO")}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PATHS = ("rename", "replace", "remove", "unlink", "mkdir", "rmdir", "truncate", "chmod")
HANDLES = ("fsync", "ftruncate", "fchmod")

STEPS = (
    "matcher.purge.audit:Audit.append",
    "matcher.purge.keys:KeyStore.destroy",
    "matcher.purge.keys:KeyStore.make",
    "matcher.purge.keys:KeyStore.put",
    "matcher.registry.store:Registry.answer",
    "matcher.registry.store:Registry.apply",
    "matcher.registry.store:Registry.ask",
    "matcher.registry.store:Registry.disclosed",
    "matcher.registry.store:Registry.new_batch",
    "matcher.registry.store:Registry.set_state",
    "matcher.registry.store:Registry.set_supplies",
    "matcher.runs.certificates:certify",
    "matcher.runs.outputs:withdraw",
    "matcher.runs.outputs:write",
    "matcher.runs.outputs:write_report",
    "matcher.runs.resume:apply_answers",
    "matcher.runs.resume:find_supplies",
    "matcher.runs.seal:destroy",
    "matcher.runs.seal:plan_of",
    "matcher.runs.seal:take_back",
    "matcher.runs.start:find_supplies",
    "matcher.runs.start:hold",
    "matcher.runs.start:match",
    "matcher.runs.start:seal_match",
    "matcher.runs.waiting:Waiting.save",
    "matcher.workspace:Workspace.destroy",
    "matcher.workspace:Workspace.destroy_folder",
    "matcher.workspace:Workspace.sweep",
    "matcher.workspace:Workspace.write",
)
"""The steps of a run and of what it rests on: an event before each and one after."""

STEP = "step "
"""How events begin that are no writes: nothing fails there."""

Does = Literal["count", "kill", "tear", "fail"]


@dataclass
class Watch:
    """`at`: the event (from 1) at which `does` happens; `lasting`: a fault goes on, as a full disk does. `under`: the folder
    whose files count; `report`: a descriptor that gets a line an event."""

    under: Path
    does: Does = "count"
    at: int = 0
    fault: str = "ENOSPC"
    lasting: bool = False
    report: int | None = None
    count: int = 0

    def event(self, what: str, torn: Callable[[], Any] | None = None) -> int:
        """One event; gives the errno to fail with, 0 to go on."""
        self.count += 1
        if self.report is not None:
            _write(self.report, f"{what}\n".encode())
        if (
            self.does == "fail"
            and not what.startswith(STEP)
            and (self.count == self.at or (self.lasting and self.count > self.at))
        ):
            return FAULTS[self.fault]
        if self.count == self.at and self.does in ("kill", "tear"):
            if self.does == "tear" and torn is not None:
                torn()
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def counts(self, path: Any) -> bool:
        if isinstance(path, int):
            try:
                path = Path(f"/proc/self/fd/{path}").readlink() if sys.platform == "linux" else ""
            except OSError:
                return False
        return str(Path(os.fsdecode(path)).absolute()).startswith(str(self.under))


_write = os.write


def watch(rules: Watch) -> None:
    """Watch this process from now on."""
    for name in PATHS:
        _wrap(name, rules)
    for name in HANDLES:
        _wrap(name, rules)
    for step in STEPS:
        _wrap_step(step, rules)
    _wrap_write(rules)
    _wrap_open(rules)
    _Database(rules).install()


def _refuse(code: int, path: Any) -> None:
    if code:
        raise OSError(code, os.strerror(code), None if isinstance(path, int) else os.fsdecode(path))


def _wrap(name: str, rules: Watch) -> None:
    whole = getattr(os, name)

    def wrapped(path: Any, *arguments: Any, **named: Any) -> Any:
        if rules.counts(path):
            _refuse(rules.event(name), path)
        return whole(path, *arguments, **named)

    setattr(os, name, wrapped)


def _wrap_step(step: str, rules: Watch) -> None:
    module, _, path = step.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    whole = getattr(owner, name)

    @functools.wraps(whole)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        rules.event(f"{STEP}before {path}")
        done = whole(*arguments, **named)
        rules.event(f"{STEP}after {path}")
        return done

    setattr(owner, name, wrapped)


def _wrap_write(rules: Watch) -> None:
    def wrapped(descriptor: int, content: bytes) -> int:
        if rules.counts(descriptor):
            code = rules.event("write", lambda: _write(descriptor, content[: len(content) // 2]))
            if code == errno.ENOSPC and len(content) > 1 and not rules.lasting:
                return _write(descriptor, content[: len(content) // 2])  # as the kernel does: what still goes in
            _refuse(code, descriptor)
        return _write(descriptor, content)

    os.write = wrapped  # type: ignore[assignment]


def _wrap_open(rules: Watch) -> None:
    whole, low = io.open, os.open

    def opened(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        writes = any(letter in mode for letter in "wax+")
        if writes and rules.counts(file):
            if not isinstance(file, int):
                _refuse(rules.event("open"), file)
            if "b" in mode:
                return _Watched(whole(file, mode, *arguments, **named), rules)
        return whole(file, mode, *arguments, **named)

    def opened_low(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if flags & WRITING and rules.counts(path):
            _refuse(rules.event("open"), path)
        return low(path, flags, *arguments, **named)

    io.open = builtins.open = opened
    os.open = opened_low


class _Watched:
    """A file whose writes are events; everything else is the file's own."""

    def __init__(self, file: Any, rules: Watch) -> None:
        self._file, self._rules = file, rules

    def write(self, content: bytes) -> int:
        half = bytes(content)[: len(content) // 2]
        code = self._rules.event("write", lambda: (self._file.write(half), self._file.flush()))
        if code:
            self._file.write(half)
            self._file.flush()
            _refuse(code, self._file.fileno())
        return int(self._file.write(content))

    def truncate(self, size: int | None = None) -> int:
        _refuse(self._rules.event("truncate"), self._file.fileno())
        return int(self._file.truncate(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Any:
        return iter(self._file)


_SystemCall = ctypes.CFUNCTYPE(None)


class _Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3, as far as the table of system calls."""

    _fields_ = [
        ("version", ctypes.c_int), ("file_size", ctypes.c_int), ("longest_path", ctypes.c_int), ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p), ("data", ctypes.c_void_p),
        *((name, ctypes.c_void_p) for name in ("open", "delete", "access", "full_path", "dl_open", "dl_error", "dl_sym",
          "dl_close", "random", "sleep", "time", "last_error", "time_64")),
        ("set_system_call", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)),
        ("get_system_call", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)),
    ]  # fmt: skip


class _Database:
    """SQLite's system calls that change a file: SQLite lets a program put its own in their place."""

    _LONG, _INT, _TEXT = ctypes.c_long, ctypes.c_int, ctypes.c_char_p
    FORMS: ClassVar = {
        "pwrite64": (_LONG, (_INT, ctypes.c_void_p, ctypes.c_size_t, _LONG)),
        "pwrite": (_LONG, (_INT, ctypes.c_void_p, ctypes.c_size_t, _LONG)),
        "write": (_LONG, (_INT, ctypes.c_void_p, ctypes.c_size_t)),
        "ftruncate": (_INT, (_INT, _LONG)),
        "unlink": (_INT, (_TEXT,)),
    }
    _kept: ClassVar[list[Any]] = []  # callbacks must outlive every call: SQLite holds only their addresses

    def __init__(self, rules: Watch) -> None:
        self._rules = rules
        library = ctypes.CDLL(sqlcipher3._sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        self._vfs = library.sqlite3_vfs_find(None)

    def install(self) -> None:
        for name, (result, arguments) in self.FORMS.items():
            address = self._vfs.contents.get_system_call(self._vfs, name.encode())
            if address:
                form = ctypes.CFUNCTYPE(result, *arguments, use_errno=True)
                wrapped = form(self._wrapped(name, form(address)))
                self._kept.append(wrapped)
                pointer = ctypes.cast(wrapped, ctypes.c_void_p)
                self._vfs.contents.set_system_call(self._vfs, name.encode(), pointer)

    def _wrapped(self, name: str, whole: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            torn = None
            if "write" in name:
                handle, content, size, *offset = arguments
                torn = lambda: whole(handle, content, size // 2, *offset)  # noqa: E731
            code = self._rules.event(f"database {name}", torn)
            if code:
                ctypes.set_errno(code)
                return -1
            return whole(*arguments)

        return call
