"""A disk that fails under a command's own output is told as plainly as any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_stdout_is_told_plainly() -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "matcher", "specs", "show", "yos"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr and "to do:" in done.stderr
    assert "Traceback" not in done.stderr and "matcher failed" not in done.stderr
