"""Stage timers and the progress bar on stderr. Takes stage names and counts; never sees a value."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Stages:
    """Times each stage of a run and shows one bar a stage on a terminal (plain lines where stderr is no terminal)."""

    def __init__(self, *, show: bool = True, tell: Callable[[str], None] = lambda title: None) -> None:
        """`tell` is handed the title of each stage when it begins."""
        self.seconds: dict[str, float] = {}
        self._show, self._tell = show, tell
        self._console = Console(stderr=True)

    @contextmanager
    def stage(self, name: str, title: str) -> Iterator[Stage]:
        started = time.perf_counter()
        self._tell(title)
        try:
            if self._show and sys.stderr.isatty():
                with Progress(
                    TextColumn(f"{title:<34}"), BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f} %"),
                    TimeElapsedColumn(), console=self._console,
                ) as progress:  # fmt: skip
                    task = progress.add_task(title, total=1.0)
                    yield Stage(lambda done: progress.update(task, completed=done))
                    progress.update(task, completed=1.0)
            else:
                yield Stage(lambda done: None)
                if self._show:
                    self._console.print(f"{title} ({time.perf_counter() - started:.1f} s)", highlight=False)
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


class Stage:
    """Handed to a stage's code: `done(0.4)` moves the bar."""

    def __init__(self, update: object) -> None:
        self._update = update

    def done(self, share: float) -> None:
        self._update(share)  # type: ignore[operator]
