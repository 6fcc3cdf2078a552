"""One command of `matcher` in a process of its own, killed or refused where a `Watch` says so, and what is left behind.

Takes a folder (`base`: workspace, keys, inboxes, temporary folder) and the arguments of a command. The process is forked from one
that has loaded the program already: everything but the loading is as at the command line, exit code and messages too, and the
SIGKILL is a real one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matcher.cli
import matcher.runs.resume
import matcher.runs.start  # loaded before the first fork
from matcher.workspace import Workspace
from tests.crash.events import Watch, watch
from tests.runs.equal import Account, account

KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Ended:
    """`code` as a shell tells it, -9 where killed; `said`: stderr; `out`: stdout; `events` in order where they were counted."""

    code: int
    said: str
    out: str
    seconds: float
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Base:
    """The folder of one trial. What the process says is kept beside it, in `log`."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def environment(self) -> dict[str, str]:
        return {"MATCHER_KEYS": str(self.folder / "keys"), "TMPDIR": str(self.folder / "tmp"), "COLUMNS": "200"}

    def begin(self) -> None:
        """An empty folder, and messages told anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "tmp").mkdir(parents=True)

    def save(self, place: Path) -> None:
        """Keep a copy, to begin trials from. Always at the same path: a registry names its inbox by its path."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder, place)

    def restore(self, place: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(place, self.folder)

    def opened(self) -> Workspace:
        os.environ["MATCHER_KEYS"] = str(self.folder / "keys")
        return Workspace.open(self.workspace)

    def account(self) -> Account:
        return account(self.folder, self.opened())

    # -- commands ----------------------------------------------------------------------------------------------------

    def command(
        self,
        *arguments: str,
        rules: Watch | None = None,
        kill_after: float | None = None,
        around: Callable[[], None] | None = None,
    ) -> Ended:
        """Run `matcher ARGUMENTS` in a forked process. `kill_after`: seconds, from outside; `around`: called in the process
        before the command."""
        out, said = self.log.with_suffix(".out"), self.log
        counted = self.log.with_suffix(".events")
        started = time.perf_counter()
        child = os.fork()
        if child == 0:
            self._be(arguments, rules, around, out, said, counted)
        timer = threading.Timer(kill_after, os.kill, (child, signal.SIGKILL)) if kill_after is not None else None
        if timer:
            timer.start()
        _, status = os.waitpid(child, 0)
        if timer:
            timer.cancel()
            timer.join()
        seconds = time.perf_counter() - started
        events = tuple(counted.read_text().split("\n")[:-1]) if rules and rules.does == "count" else ()
        told, printed = (path.read_text(encoding="utf-8", errors="replace") for path in (said, out))
        return Ended(os.waitstatus_to_exitcode(status), told, printed, seconds, events)

    def _be(
        self,
        arguments: Sequence[str],
        rules: Watch | None,
        around: Callable[[], None] | None,
        out: Path,
        said: Path,
        counted: Path,
    ) -> None:
        """Be that process. Never returns."""
        code = 99
        try:
            for place, number in ((out, 1), (said, 2)):
                descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(descriptor, number)
                os.close(descriptor)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
            os.environ.update(self.environment())
            tempfile.tempdir = None
            sys.argv = ["matcher", *arguments]
            if around:
                around()
            if rules:
                if rules.does == "count":
                    rules.report = os.open(counted, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                watch(rules)
            matcher.cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException as fault:
            os.write(2, f"Traceback: {type(fault).__name__}".encode())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def fresh(self, *arguments: str, kill_after: float | None = None) -> Ended:
        """The same by a new interpreter, as a shell starts it."""
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "matcher", *arguments],
            env={**os.environ, **self.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            out, said = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, said = process.communicate()
        return Ended(process.returncode, said, out, time.perf_counter() - started)
