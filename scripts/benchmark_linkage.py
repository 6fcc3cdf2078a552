"""Our linkage beside its peers, in one run: `python scripts/benchmark_linkage.py [--data made,febrl,pseudopeople,county] ...`.

The same data, rules and comparisons for all (`--same`), and each at its best (`--best`): Splink on DuckDB, recordlinkage and
goldenmatch, each in a pinned environment of its own that is made here. Prints one table a data set; `--html FILE` writes the
report with charts, `--json FILE` all figures. A long run goes on where it stopped with `--resume FILE`, its log of finished
cells. Holds made-up people only (Febrl and pseudopeople are made up by others); leaves nothing but the files asked for.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmark.cells import MODES, Cell, finished, memory_mb, module
from benchmark.environments import PINNED, python_of
from environment import ROOT, ensure

PEERS_UP_TO = ("30k", "300k", "1M", "3M")
KINDS = {"febrl": ["febrl 2", "febrl 3", "febrl 4"], "pseudopeople": ["pseudopeople"], "county": ["county"]}


def ready() -> bool:
    """Whether this Python holds what the program needs."""
    sys.path.insert(0, str(ROOT))
    try:
        import matcher.month  # noqa: F401
    except ImportError:
        return False
    return True


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Our linkage beside its peers, in one run.")
    parser.add_argument("--data", default="made,febrl,pseudopeople,county", help="data sets, separated by commas")
    parser.add_argument("--sizes", default="30k,300k,1M,3M,10M", help="of the made-up records; above 3M ours only")
    parser.add_argument("--sides", default=",".join(MODES), help="separated by commas")
    parser.add_argument("--same", action="store_true", help="only the same rules and comparisons for all")
    parser.add_argument("--best", action="store_true", help="only each at its best")
    parser.add_argument("--limit", type=float, default=30, metavar="MINUTES", help="for each side on each data set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=100_000, help="of the county")
    parser.add_argument("--as-at", default="2013-10-31", help="the county's date")
    parser.add_argument("--errors", type=float, default=1.0, help="the county's scale of errors; 0 is clean")
    parser.add_argument("--hard", action="store_true", help="twice the twins, namesakes, shared houses, swapped names")
    parser.add_argument("--month", help="a folder that `matcher synth month` wrote, in place of making the county")
    parser.add_argument("--json", metavar="FILE", help="write all figures to this file")
    parser.add_argument("--html", metavar="FILE", help="write the report to this file")
    parser.add_argument("--resume", metavar="FILE", help="a log of finished cells: those in it are not run again")
    options = parser.parse_args()
    unknown = [side for side in options.sides.split(",") if side not in MODES]
    unknown += [kind for kind in options.data.split(",") if kind != "made" and kind not in KINDS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; sides: {', '.join(MODES)}; data: made, {', '.join(KINDS)}")
    return options


def cells(options: argparse.Namespace) -> dict[str, list[Cell]]:
    """The cells of each data set, in the order in which they run."""
    modes = [
        mode for mode in ("same", "tf", "best") if options.same == options.best or options.best == (mode != "same")
    ]
    found: dict[str, list[Cell]] = {}
    for kind in options.data.split(","):
        for data in [f"made {size}" for size in options.sizes.split(",")] if kind == "made" else KINDS[kind]:
            found[data] = [
                Cell(data, side, mode)
                for side in options.sides.split(",")
                for mode in MODES[side]
                if mode in modes and (side == "ours" or kind != "made" or data.removeprefix("made ") in PEERS_UP_TO)
            ]
    return found


def key_of(cell: Cell, options: argparse.Namespace) -> dict[str, Any]:
    """What a finished cell must have in common with one to run."""
    version = PINNED.get(cell.side, ("",))[0]
    county = [options.people, options.as_at, options.errors, options.hard, options.month]
    return {
        "data": cell.data, "side": cell.side, "mode": cell.mode, "version": version, "limit": options.limit,
        "seed": options.seed, "county": county if cell.data == "county" else None,
    }  # fmt: skip


def machine() -> dict[str, Any]:
    """Where this runs; no name of a machine or a user."""
    return {
        "system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count(), "python": platform.python_version(),
        "memory_mb": round(memory_mb()), "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "command": " ".join(["python", "scripts/benchmark_linkage.py", *(Path(part).name for part in sys.argv[1:])]),
        "versions": {peer: pinned[0].partition("==")[2] for peer, pinned in PINNED.items()},
    }  # fmt: skip


def main() -> None:
    options = parsed()
    pythons = {"ours": Path(sys.executable) if ready() else ensure("run")}
    todo = cells(options)
    pythons |= {side: python_of(side) for side in options.sides.split(",") if side != "ours"}
    log = Path(options.resume) if options.resume else None
    lines = log.read_text(encoding="utf-8").splitlines() if log and log.exists() else []
    done = {json.dumps(entry["key"]): entry for entry in map(json.loads, lines)}
    results: list[dict[str, Any]] = []
    gave_up: set[tuple[str, str]] = set()  # sides and modes that did not finish a smaller size
    county = {name: getattr(options, name) for name in ("people", "seed", "as_at", "errors", "hard", "month")}
    for data, wanted in todo.items():
        with tempfile.TemporaryDirectory(prefix="matcher-benchmark-") as name:
            folder, made = Path(name), False
            for cell in wanted:
                key = key_of(cell, options)
                entry = done.get(json.dumps(key))
                if entry is None and (cell.side, cell.mode) in gave_up and data.startswith("made "):
                    entry = {"key": key, "result": {"status": "did not finish", "reason": "nor did it a smaller size"}}
                elif entry is None:
                    if not made:
                        print(f"Making {data} ...", file=sys.stderr, flush=True)
                        if data == "pseudopeople":
                            made = module(python_of(data), "pseudo", name, quiet=True)
                        else:
                            made = module(pythons["ours"], "data", data, name, json.dumps(county))
                        if not made:
                            sys.exit(f"The data set {data} could not be made.")
                    print(f"{data}: {cell.side}, {cell.mode} ...", file=sys.stderr, flush=True)
                    result = finished(cell, pythons, folder, options.limit)
                    about = json.loads((folder / "data.json").read_text(encoding="utf-8"))
                    entry = {"key": key, "about": about, "machine": machine(), "result": result}
                    if log:
                        with log.open("a", encoding="utf-8") as lasting:
                            lasting.write(json.dumps(entry) + "\n")
                if entry["result"]["status"] != "done":
                    gave_up.add((cell.side, cell.mode))
                results.append(entry)
        report = {"machine": machine(), "cells": results}
        with tempfile.TemporaryDirectory(prefix="matcher-benchmark-") as name:
            file = Path(options.json) if options.json else Path(name) / "figures.json"
            file.write_text(json.dumps(report, indent=1), encoding="utf-8")
            if data == list(todo)[-1]:
                module(pythons["ours"], "report", str(file), *([options.html] if options.html else []))


if __name__ == "__main__":
    main()
