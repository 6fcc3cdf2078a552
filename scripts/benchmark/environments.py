"""The peers' environments: each its own, pinned, in the user's cache folder, so that nothing of them enters the program's locks.

Takes a peer's name; gives the Python to run it with, made where it is lacking. Exits with what to do where it cannot be made.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ARROW = "pyarrow==26.0.1"
PINNED = {
    "splink": ("splink==5.0.0", "duckdb==2.0.0", ARROW, "sqlglot==30.30.0"),
    "recordlinkage": (
        "recordlinkage==0.16", "pandas==2.3.3", "numpy==2.4.6", "scipy==1.17.1", "scikit-learn==1.9.1", "jellyfish==1.3.0",
        "joblib==1.6.0", ARROW,
    ),
    "goldenmatch": (
        "goldenmatch==3.22.0", "goldenmatch-native==0.2.3", "numpy==2.4.6", "pandas==2.3.3", "duckdb==2.0.0", ARROW,
    ),
    "pseudopeople": ("pseudopeople==1.3.1", "pandas==3.1.1", "numpy==2.4.6", "scipy==1.16.3", ARROW, "setuptools==80.9.0"),
}  # fmt: skip


def cache() -> Path:
    """The user's cache folder."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


def python_of(peer: str) -> Path:
    """The Python of the peer's environment."""
    pinned = PINNED[peer]
    version = f"{pinned[0].replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}"
    home = cache() / "matcher-benchmark" / version
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == list(pinned):
        return python
    print(f"Setting up {peer} in an environment of its own (once) ...", file=sys.stderr, flush=True)
    venv.create(home, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *pinned]
    if subprocess.run(command).returncode:
        sys.exit(f"{peer} could not be installed. Is the package registry reachable? Run the same command again.")
    stamp.write_text("\n".join(pinned) + "\n", encoding="utf-8")
    return python
