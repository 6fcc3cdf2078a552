"""The long mode, started by `scripts/crash_runs.py`: trial after trial from a seed, each by its number, a line a kind at the end.

Takes the number of kills, a seed and a log to go on with; gives exit code 1 where an end differs, and how to repeat that case.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.crash.disks import Disk, disks
from tests.crash.events import FAULTS
from tests.crash.scenes import ABANDON, AGAIN, ANSWER, ANSWERED, FINISH, HOLD, INIT, LATE, REPLACES, RUN, SECOND, Scene
from tests.crash.trials import Trials
from tests.disclosures.opened import cheap_passwords

WEIGHTS: dict[Scene, int] = {
    RUN: 8, HOLD: 6, ANSWERED: 5, FINISH: 4, REPLACES: 4, SECOND: 4, LATE: 4, ABANDON: 2, ANSWER: 1, AGAIN: 2, INIT: 1,
}  # fmt: skip
WAYS = {
    "at an event": 10,
    "in a write": 4,
    "at a moment": 5,
    "a process of its own": 1,
    "again and again": 2,
    "failing": 8,
}
ON_DISKS = 5
"""Every so many trials one on a disk that is really full or read-only, where such a disk can be made."""


def trial(trials: Trials, seed: int, index: int, real: list[Disk]) -> tuple[str, str, list[str]]:
    """The trial of that number: what was disturbed, how, and what is wrong."""
    choose = random.Random(f"{seed}:{index}")
    scene = choose.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    way = choose.choices(list(WAYS), list(WAYS.values()))[0]
    if real and scene is not INIT and index % ON_DISKS == 0:
        disk = choose.choice(real)
        return scene.name, disk.name, disk.trial(trials, scene, choose)
    ready = trials.prepared(scene)
    ways: dict[str, Callable[[], list[str]]] = {
        "at an event": lambda: trials.killed_at(scene, ready.any_event(choose)),
        "in a write": lambda: trials.killed_at(scene, ready.any_event(choose, writes=True), tear=True),
        "at a moment": lambda: trials.killed_after(scene, choose.random()),
        "a process of its own": lambda: trials.killed_after(scene, choose.random(), fresh=True),
        "again and again": lambda: trials.killed_again_and_again(scene, choose),
        "failing": lambda: trials.failed_at(
            scene, ready.any_event(choose, writes=True), choose.choice(list(FAULTS)), lasting=choose.random() < 0.5
        ),
    }
    return scene.name, way, ways[way]()


def main() -> int:
    options = argparse.ArgumentParser(prog="crash_runs.py")
    options.add_argument("--kills", type=int, default=500, help="stop after so many SIGKILLs (default 500)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--index", type=int, help="this one trial alone")
    options.add_argument("--log", type=Path, help="a line a trial; goes on where it stopped")
    given = options.parse_args()
    cheap_passwords()
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    try:
        with disks(folder) as real:
            return _go(given, Trials(folder), real)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _go(given: argparse.Namespace, trials: Trials, real: list[Disk]) -> int:
    done = _before(given)
    kills, wrong = sum(line["kills"] for line in done), [line for line in done if line["wrong"]]
    index = given.index if given.index is not None else len(done)
    while given.index is not None or kills < given.kills:
        before, started = trials.kills, time.perf_counter()
        scene, way, said = trial(trials, given.seed, index, real)
        line = {
            "seed": given.seed, "index": index, "scene": scene, "way": way, "kills": trials.kills - before, "wrong": said,
            "seconds": round(time.perf_counter() - started, 1),
        }  # fmt: skip
        done.append(line)
        kills += line["kills"]
        if said:
            wrong.append(line)
            _say(f"DIFFERS: {scene}, {way}: repeat with --seed {given.seed} --index {index}")
            for fault in said[:10]:
                _say(f"    {fault}")
        if given.log:
            with given.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        if given.index is not None:
            break
        index += 1
    _report(done)
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _before(given: argparse.Namespace) -> list[dict]:
    """The trials of this seed that the log tells of."""
    if given.index is not None or given.log is None or not given.log.exists():
        return []
    lines = [json.loads(line) for line in given.log.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["seed"] == given.seed]


def _report(done: list[dict]) -> None:
    kinds = Counter((line["scene"], line["way"]) for line in done)
    kills: Counter[tuple[str, str]] = Counter()
    equal: Counter[tuple[str, str]] = Counter()
    for line in done:
        kind = line["scene"], line["way"]
        kills[kind] += line["kills"]
        equal[kind] += not line["wrong"]
    _say(f"{'command':<22} {'disturbed':<22} {'trials':>7} {'kills':>7} {'equal':>7}")
    for kind in sorted(kinds):
        _say(f"{kind[0]:<22} {kind[1]:<22} {kinds[kind]:>7} {kills[kind]:>7} {equal[kind]:>7}")
    _say(f"{'all':<22} {'':<22} {len(done):>7} {sum(kills.values()):>7} {sum(equal.values()):>7}")


if __name__ == "__main__":
    sys.exit(main())
