"""Tables that linkage could take the square of: python scripts/hostile_tables.py --records 100000 --model default

Makes a table of each shape from made-up names (one value everywhere, one full name, one house, one reference, ...), scores and
clusters it in a process of its own, and prints processor seconds, peak memory, and how many pairs were compared and kept.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from matcher.memory import peak_rss_mb
from matcher.pairs import load_model, score_pairs
from matcher.pairs.encode import whole
from matcher.persons import Thresholds, cluster

# By shape, the columns that hold one value in every record; a column that others lack is added.
NAME = {"forename": "ANN", "surname": "SHEEP"}
HOME = {"postcode": "LE1 1AA", "number": "1"}
REFERENCE = {"ref_system": "asb", "dataset": "asb", "ref": "S1"}
BIRTH = {"dob": 3778}  # days since 1970
SHAPES: dict[str, dict[str, Any]] = {
    "nothing in common": {},
    "every value missing": dict.fromkeys(("forename", "surname", "dob", "sex", "postcode", "number")),
    "one value everywhere": {**NAME, **BIRTH, **HOME, "sex": "F"},
    "one full name": NAME,
    "one full name, no dates": {**NAME, "dob": None},
    "one date of birth": BIRTH,
    "one house": HOME,
    "one surname and house": {**HOME, "surname": "SHEEP"},
    "one reference": REFERENCE,
    "one reference and birthday": {**REFERENCE, **BIRTH},
    "one NINO": {"nino": "AB123456C"},
    "one known person": {"known_person": "P-AAAAAAAA"},
}


def table(shape: str, size: int) -> pa.Table:
    """Records of a shape: names, dates and postcodes drawn at random, but where the shape says one value."""
    draw = np.random.default_rng(1)
    syllables = [a + b for a in "BCDFGHJKLMNPRSTVWZ" for b in "AEIOU"]
    names = np.array([a + b + c for a in syllables for b in syllables[::3] for c in ("N", "RT", "SH", "L")])
    postcodes = np.array(
        [f"LE{a} {b}{c}{d}" for a in range(1, 10) for b in range(1, 10) for c in "ABDEFG" for d in "HJLN"]
    )
    columns = {
        "forename": pa.array(draw.choice(names, size), pa.string()),
        "surname": pa.array(draw.choice(names, size), pa.string()),
        "dob": pa.array(draw.integers(-9000, 16000, size).astype(np.int32)).cast(pa.date32()),
        "sex": pa.array(draw.choice(np.array(["M", "F"]), size), pa.string()),
        "postcode": pa.array(draw.choice(postcodes, size), pa.string()),
        "number": pa.array((np.arange(size) % 200 + 1).astype(str), pa.string()),
    }
    for name, value in SHAPES[shape].items():
        kind = columns[name].type if name in columns else pa.string()
        one = pa.scalar(value, pa.int32()).cast(kind) if name == "dob" else pa.scalar(value, kind)
        columns[name] = pa.repeat(one, size)
    return pa.table(columns)


def measure(shape: str, size: int, model: str, pipe: Connection) -> None:
    """Scores and clusters one table in this process, and says what it took."""
    records, known = table(shape, size), load_model(model)
    before, started = peak_rss_mb(), time.process_time()
    scored = score_pairs(records, known)
    middle = time.process_time()
    found = cluster(whole(records, known.fields), scored.pairs, thresholds=Thresholds.model_validate({}))
    pipe.send(
        f"{shape:27} {middle - started:6.1f} + {time.process_time() - middle:4.1f} s  {before:5.0f} -> {peak_rss_mb():6.0f} MB  "
        f"{scored.candidate_pairs:>12,} compared {scored.pairs.num_rows:>11,} kept {found.persons.num_rows:>9,} people "
        f"{len(scored.warnings):>2} rules capped"
    )


def main() -> int:
    """1 where a table did not end in time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--model", default="default")
    parser.add_argument("--shape", choices=sorted(SHAPES), help="one shape alone")
    parser.add_argument("--seconds", type=int, default=600, help="patience for one table")
    chosen = parser.parse_args()
    failed = 0
    for shape in [chosen.shape] if chosen.shape else SHAPES:
        ours, theirs = mp.Pipe(duplex=False)
        process = mp.get_context("spawn").Process(target=measure, args=(shape, chosen.records, chosen.model, theirs))
        process.start()
        theirs.close()
        try:
            line = ours.recv() if ours.poll(chosen.seconds) else f"{shape:27} did not end in {chosen.seconds} s"
        except EOFError:
            line = f"{shape:27} the process ended"
        failed += "rules capped" not in line
        print(line, flush=True)
        process.kill()
        process.join()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
