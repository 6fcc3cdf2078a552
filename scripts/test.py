"""The whole check: `python scripts/test.py [pytest arguments]`. Sets up what it needs, then format, lint, types and tests.

Ends with the test runner's closing line; exit code 0 only where everything passed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from environment import ROOT, ensure


def main() -> int:
    # Without Java the tests of the spark engine are skipped, and say so.
    python = str(ensure("spark" if shutil.which("java") else "check"))
    # Hundreds of tests start the program anew: what Python compiled once is kept, whatever the machine's habit.
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    failed = []
    for title, command in (
        ("format", ["-m", "ruff", "format", "--check", "."]),
        ("lint", ["-m", "ruff", "check", "."]),
        ("types", ["-m", "mypy"]),
        ("tests", ["-m", "pytest", "-n", str(min(os.cpu_count() or 1, 4)), "-rs", *sys.argv[1:]]),
    ):
        print(f"== {title}", flush=True)
        if subprocess.run([python, *command], cwd=ROOT, env=around).returncode:
            failed.append(title)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
