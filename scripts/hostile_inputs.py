"""Hostile and broken input by the ten thousand: python scripts/hostile_inputs.py --inputs 50000 --seed 1

Makes inputs of every kind (tests/hostile/kinds.py), bombs, and whole commands on spoilt months; each goes through the real entry
points in a process of its own batch, with a limit of time and memory. Prints counts by kind and outcome. A failing input is named
by its index: the same --seed with --only INDEX (or --bomb NAME) repeats it. Exit code 1 when anything failed.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.hostile import bombs
from tests.hostile.commands import run_commands
from tests.hostile.kinds import make
from tests.hostile.properties import check_inbox
from tests.hostile.shapes import month

BATCH = 1000  # inputs to a process
MOST_SECONDS, MOST_MEMORY = 20, 500  # of processor time for one input; MiB above what the process held before
PATIENCE = 180  # seconds until a process that says nothing hangs
COMMANDS_EVERY, BOMBS_FROM = 1000, 1000  # inputs


def peak() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(seed: int, index: int) -> tuple[str, str]:
    """(kind, outcome) of one input."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        if index % COMMANDS_EVERY == COMMANDS_EVERY - 1:
            return "whole commands", run_commands(seed, index, folder)
        kind, sent = make(seed, index, folder)
        return kind, check_inbox(folder, sent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def worker(seed: int, indexes: list[int], pipe: Connection) -> None:
    """Takes the inputs in turn; says before each which it is, and after it what came out."""
    for index in indexes:
        pipe.send(("begin", index, "", ""))
        before, started = peak(), time.process_time()
        try:
            kind, outcome = one(seed, index)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = str(error) if isinstance(error, AssertionError) else ""
            pipe.send(("failed", index, type(error).__name__, f"{text} {Path(place.filename).name}:{place.lineno}"))
            continue
        grown, seconds = peak() - before, time.process_time() - started
        if grown > MOST_MEMORY or (seconds > MOST_SECONDS and kind != "whole commands"):
            pipe.send(("failed", index, kind, f"{grown:.0f} MiB, {seconds:.0f} s"))
        else:
            pipe.send(("done", index, kind, outcome))
    pipe.send(("end", -1, "", ""))


def bomb(name: str, pipe: Connection) -> None:
    """Reads one bomb in this fresh process."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        maker = mp.get_context("fork").Process(
            target=bombs.write, args=(name, folder)
        )  # its memory is not the reader's
        maker.start()
        maker.join()
        before, started = peak(), time.process_time()
        pipe.send(("begin", 0, "", ""))
        outcome = check_inbox(folder)
        grown, seconds = peak() - before, time.process_time() - started
        held = grown <= bombs.MOST_MEMORY and seconds <= bombs.MOST_SECONDS
        pipe.send(("done" if held else "failed", 0, name, f"{outcome}, {seconds:.1f} s, {grown:.0f} MiB"))
    except Exception as error:
        pipe.send(("failed", 0, name, f"{type(error).__name__} {traceback.extract_tb(error.__traceback__)[-1].lineno}"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    pipe.send(("end", -1, "", ""))


def detonate(name: str) -> tuple[str, str]:
    """(state, what came out) of one bomb in a process of its own."""
    ours, theirs = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=bomb, args=(name, theirs))
    process.start()
    theirs.close()
    state, told = "failed", "the process ended"
    try:
        while ours.poll(PATIENCE):
            what, _, _, said = ours.recv()
            if what == "end":
                break
            if what != "begin":
                state, told = what, said
        else:
            told = "took too long"
    except EOFError:
        pass
    process.kill()
    process.join()
    return state, told


def batch(seed: int, indexes: list[int], counts: Counter[tuple[str, str]], failures: list[str]) -> None:
    """One process for these inputs, and another one after each that a process does not survive."""
    while indexes:
        ours, theirs = mp.Pipe(duplex=False)
        process = mp.get_context("fork").Process(target=worker, args=(seed, indexes, theirs))
        process.start()
        theirs.close()
        at, fault = indexes[0], "the process ended"
        try:
            while True:
                if not ours.poll(PATIENCE):
                    fault = f"hung for {PATIENCE} s"
                    break
                state, index, kind, told = ours.recv()
                if state == "end":
                    indexes, fault = [], ""
                    break
                at = index
                if state == "failed":
                    failures.append(f"input {index}: {kind}: {told}")
                    print(f"FAILED {failures[-1]}", flush=True)
                elif state == "done":
                    counts[kind, told] += 1
        except EOFError:
            pass
        process.kill()
        process.join()
        if fault:
            failures.append(f"input {at}: {fault}")
            print(f"FAILED {failures[-1]}", flush=True)
            indexes = indexes[indexes.index(at) + 1 :]


def main() -> int:
    """0 where every property held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=50_000)
    parser.add_argument("--first", type=int, default=0, help="index to begin with, to share the work out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="index of one input, with its traceback")
    parser.add_argument("--bomb", choices=sorted(bombs.BOMBS), help="one bomb alone")
    chosen = parser.parse_args()
    if chosen.only is not None:
        print(*one(chosen.seed, chosen.only))
        return 0
    counts: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    all_of_them = chosen.inputs >= BOMBS_FROM and not chosen.first
    names = [chosen.bomb] if chosen.bomb else [*bombs.BOMBS] if all_of_them else []
    for name in names:
        state, told = detonate(name)
        print(f"bomb: {name}: {told}", flush=True)
        counts["bombs", "held" if state == "done" else "failed"] += 1
        if state != "done":
            failures.append(f"bomb {name}: {told}")
    month()  # made once, for every process to come
    started = time.monotonic()
    indexes = [] if chosen.bomb else [*range(chosen.first, chosen.first + chosen.inputs)]
    for begin in range(0, len(indexes), BATCH):
        batch(chosen.seed, indexes[begin : begin + BATCH], counts, failures)
        done = min(begin + BATCH, len(indexes))
        print(f"{done:,} inputs, {time.monotonic() - started:.0f} s, {len(failures)} failed", flush=True)
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{count:>8,}  {kind}: {outcome}")
    print(f"{sum(counts.values()):,} inputs as they should be, {len(failures)} failed, seed {chosen.seed}")
    for failure in failures:
        print(
            f"FAILED {failure}; again: python scripts/hostile_inputs.py --seed {chosen.seed} --only INDEX (or --bomb NAME)"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
