"""Disks that are really full or read-only, for a command to run on: a file system of fixed size, one mounted read-only, and the
operating system's limit on the size of a file. Takes a scratch folder; gives those that can be made here (mounts: Linux, as root).
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.crash.scenes import Scene
from tests.crash.trial import Base, Ended
from tests.crash.trials import Trials

KIB = 1024


@dataclass(frozen=True)
class Disk:
    """`disturb`: runs the arguments in the base on that disk, and puts everything back on a good one."""

    name: str
    disturb: Callable[[Base, list[str], random.Random], Ended]

    def trial(self, trials: Trials, scene: Scene, choose: random.Random) -> list[str]:
        """What is wrong after a command on this disk, and going on on a good one."""
        return trials.refused(scene, lambda: self.disturb(trials.base, scene.arguments(trials.base), choose))


@contextlib.contextmanager
def disks(folder: Path) -> Iterator[list[Disk]]:
    found = [Disk("limit of file size", _limited)]
    if sys.platform == "linux" and os.geteuid() == 0 and _mounts(folder):
        found += [Disk("full disk", _full), Disk("read-only disk", _read_only)]
    yield found


def _limited(base: Base, arguments: list[str], choose: random.Random) -> Ended:
    """No file may grow beyond a size: what is small goes on for a while, the registry does not."""
    most = choose.choice([4, 16, 64, 128, 256, 512]) * KIB

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    return base.command(*arguments, around=limit)


def _mounts(folder: Path) -> bool:
    """Whether file systems can be mounted here."""
    probe = folder / "probe"
    probe.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "probe", str(probe)], capture_output=True)
    if done.returncode == 0:
        subprocess.run(["umount", str(probe)], check=True)
    return done.returncode == 0


def _full(base: Base, arguments: list[str], choose: random.Random) -> Ended:
    """A file system with room for what is there and little more."""
    room = choose.choice([8, 32, 64, 128, 256, 512]) * KIB
    with _mounted(base, "tmpfs", f"size={_pages(base.folder) + room}"):
        return base.command(*arguments)


def _read_only(base: Base, arguments: list[str], choose: random.Random) -> Ended:
    """Nothing can be written: to the workspace, to the keys, or to the inbox."""
    parts = [base.workspace, base.folder / "keys", *base.folder.glob("inbox*")]
    part = choose.choice([part for part in parts if part.exists()])
    subprocess.run(["mount", "--bind", str(part), str(part)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(part)], check=True)
        return base.command(*arguments)
    finally:
        subprocess.run(["umount", str(part)], check=True)


@contextlib.contextmanager
def _mounted(base: Base, kind: str, options: str) -> Iterator[None]:
    """The base on a file system of its own at the same path; what is there at the end is brought back."""
    aside = base.folder.with_name("aside")
    shutil.rmtree(aside, ignore_errors=True)
    base.folder.rename(aside)
    base.folder.mkdir()
    subprocess.run(["mount", "-t", kind, "-o", options, "trial", str(base.folder)], check=True)
    try:
        shutil.copytree(aside, base.folder, dirs_exist_ok=True)
        yield
        shutil.rmtree(aside)
        shutil.copytree(base.folder, aside)
    finally:
        subprocess.run(["umount", str(base.folder)], check=True)
        base.folder.rmdir()
        aside.rename(base.folder)


def _pages(folder: Path) -> int:
    """Bytes that a folder's files and folders take in whole pages."""
    page = 4 * KIB
    return sum(-(-path.stat().st_size // page) * page + page for path in folder.rglob("*"))
