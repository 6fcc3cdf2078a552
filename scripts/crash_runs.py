"""Kill `matcher` at hundreds of moments, and go on: `python scripts/crash_runs.py [--kills 500] [--seed 1] [--index N] [--log FILE]`.

Each kind of command (run, hold, answer, resume, late supply, replacing and second months, abandon, init) is killed by SIGKILL
before and after every kind of step and write, in the middle of writes, at random moments from outside, as a process of its own
and again and again; then its writes fail, one by one or from one on, and for good on a disk that is really full or read-only
(Linux, as root). After `matcher resume` the registry, the outputs and the audit log must equal those of an undisturbed run, and
`matcher verify` must find nothing. Prints a line a kind and a total; exit code 1, with how to repeat the case, where one differs.

A log that is named goes on where it stopped. POSIX only: there is no SIGKILL elsewhere.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

from environment import ROOT, ensure

NEEDED = ("matcher", "msoffcrypto", "python_calamine", "sqlcipher3")


def main() -> int:
    if os.name != "posix":
        print("This needs SIGKILL: run it on Linux or macOS.", file=sys.stderr)
        return 2
    here = all(importlib.util.find_spec(name) for name in NEEDED)
    python = sys.executable if here else str(ensure("check"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([python, "-m", "tests.crash.long", *sys.argv[1:]], cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
