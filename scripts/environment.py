"""The virtual environment that the README's two commands share: made once, from the lock files, with hashes required.

Standard library only: it runs on a fresh machine with Python 3.11+ and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def _run(title: str, *command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace")
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:], sep="\n", file=sys.stderr)
        sys.exit(
            f"{title} failed. Is the package registry reachable? Run the same command again; nothing has to be undone."
        )


def ensure(lock: str) -> Path:
    """Make or refresh `.venv` from `locks/<lock>.lock` and install matcher into it; gives its Python. Exits with what to do."""
    if sys.version_info < (3, 11):  # noqa: UP036 (said to whoever starts the script with an older Python)
        sys.exit(f"matcher needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    path = ROOT / "scripts" / "locks" / f"{lock}.lock"
    digest = hashlib.sha256(path.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = HOME / f"installed-{lock}.txt"
    if PYTHON.exists() and stamp.exists() and stamp.read_text(encoding="utf-8").strip() == digest:
        return PYTHON
    if lock == "spark":
        ensure("check")
    if not PYTHON.exists():
        print("Setting up: a virtual environment in .venv ...", file=sys.stderr, flush=True)
        venv.create(HOME, with_pip=True)
    print("Setting up: installing the pinned packages (a few minutes the first time) ...", file=sys.stderr, flush=True)
    pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    # pyspark alone comes as source: made with the setuptools of the check's lock.
    source = ("--no-binary=pyspark", "--no-build-isolation") if lock == "spark" else ()
    _run("Installing the packages", *pip, "--require-hashes", "--only-binary=:all:", *source, "-r", str(path))
    _run("Installing matcher", *pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    stamp.write_text(digest + "\n", encoding="utf-8")
    return PYTHON
