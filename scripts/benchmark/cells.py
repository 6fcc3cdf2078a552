"""A cell of the benchmark: one side on one data set in one mode, a process of its own, bounded in time and memory.

Takes the side's Python, the prepared data and the bounds; gives what came of it as a plain dictionary: "done" with the side's
figures and measures, or "did not finish" with the reason and the memory that it held by then.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent.parent
MODES = {
    "ours": ("same", "best"),
    "splink": ("same", "tf", "best"),
    "recordlinkage": ("same", "best"),
    "goldenmatch": ("same", "best"),
}
UNTIL_SEEN = 0.1  # seconds between looks at a process


@dataclass(frozen=True)
class Cell:
    """Side, data set and mode."""

    data: str
    side: str
    mode: str


def environment() -> dict[str, str]:
    """The environment of a process of the benchmark: this package and the project can be imported."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(SCRIPTS), str(SCRIPTS.parent)]), "PYTHONWARNINGS": "ignore"}


def module(python: Path, name: str, *arguments: str, quiet: bool = False) -> bool:
    """Run a module of the benchmark to its end; whether it succeeded."""
    command = [str(python), "-m", f"benchmark.{name}", *arguments]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=environment(), stderr=output).returncode == 0


def memory_mb() -> float:
    """The machine's memory in MiB, less what a machine needs to live; infinite where it does not tell."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20 - 1500
    return float("inf")


def held_mb(process: int) -> tuple[float, float]:
    """What a process holds and held at most, MiB; zeros where the system does not tell (it need not be Linux)."""
    status = Path(f"/proc/{process}/status")
    try:
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
        return tuple(int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]
    except (OSError, KeyError, ValueError):
        return 0.0, 0.0


def watched(command: list[str], folder: Path, minutes: float, most_mb: float) -> tuple[str | None, float]:
    """Run a command in a folder; why it did not finish (None: it did), and its peak memory as seen from outside."""
    with (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=errors, stderr=errors)
        start, peak = time.perf_counter(), 0.0
        reason = None
        try:
            while process.poll() is None:
                now, most = held_mb(process.pid)
                peak = max(peak, most)
                if time.perf_counter() - start > minutes * 60:
                    reason = f"{minutes:g} minutes"
                elif now > most_mb:
                    reason = "the machine's memory"
                if reason:
                    break
                time.sleep(UNTIL_SEEN)
        finally:
            process.kill()  # nothing, where it has ended; else somebody stopped the benchmark
            process.wait()
    if reason is None and process.returncode:
        told = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        reason = f"exit {process.returncode}: {''.join(told)[:160]}"
    return reason, peak


def finished(cell: Cell, pythons: dict[str, Path], data: Path, minutes: float) -> dict[str, Any]:
    """Run a cell and measure it."""
    with tempfile.TemporaryDirectory(prefix="matcher-cell-") as name:
        out = Path(name)
        command = [str(pythons[cell.side]), "-m", f"benchmark.sides.{cell.side}", str(data), str(out), cell.mode]
        start = time.perf_counter()
        reason, peak = watched(command, out, minutes, memory_mb())
        if reason:
            passed = time.perf_counter() - start
            return {"status": "did not finish", "reason": reason, "seconds": passed, "peak_mb": peak}
        whole = cell.side == "ours" and cell.mode == "best" and (data / "full.parquet").exists()
        if not module(pythons["ours"], "measure", str(data), str(out), "whole" if whole else "records"):
            sys.exit(f"{cell.side} on {cell.data} could not be measured.")
        figures = json.loads((out / "figures.json").read_text(encoding="utf-8"))
        measures = json.loads((out / "measures.json").read_text(encoding="utf-8"))
    return {
        "status": "done",
        **{name: figures[name] for name in figures if name not in ("model", "config")},
        **measures,
    }
