"""The command switches core dumps off before it does anything, so that a crash writes no person to the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import ctypes, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0)) if "low" in sys.argv else None
sys.argv[1:] = ["--version"]
from matcher.cli import main
try:
    main()
except SystemExit:
    pass
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) if sys.platform == "linux" else 0
print(resource.getrlimit(resource.RLIMIT_CORE), dumpable)
"""
CRASH = """
import os
from matcher.memory import no_core_dumps
no_core_dumps()
os.abort()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of core dumps to read back")
@pytest.mark.parametrize("already", ["", "low"])
def test_the_limit_is_nought_and_the_process_not_dumpable(already: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, already], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(0, 0) 0"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of core dumps")
def test_a_crash_leaves_no_core_where_it_happened(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH], cwd=tmp_path, capture_output=True)
    assert done.returncode == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []


def test_it_never_stands_in_the_way_of_a_command() -> None:
    subprocess.run([sys.executable, "-c", "from matcher.memory import no_core_dumps as f; f(); f()"], check=True)
