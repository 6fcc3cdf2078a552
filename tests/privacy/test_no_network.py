"""No network: the demo passes where there is none, and no command opens a socket but the page of `review serve`, on loopback."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEMO = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import environment
environment.ensure = lambda lock: Path(sys.executable)  # it is installed already
import demo
demo.DEMO = Path(sys.argv[2]) / "demo"
demo.MARK = demo.DEMO / "THIS-IS-THE-DEMO.txt"
sys.argv[1:] = ["--people", "300"]
assert {name for _, name in __import__("socket").if_nameindex()} <= {"lo"}, "this is no empty namespace"
demo.main()
"""
"""scripts/demo.py as it is, in a folder of its own and with the Python that runs the tests."""

WATCHED = """
import json, sys
from pathlib import Path
seen = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        seen.append([event, repr(arguments[1] if event in ("socket.connect", "socket.bind", "socket.sendto") else arguments[0])])
sys.addaudithook(watch)
from matcher.cli import cli
folder = Path(sys.argv[1])
month, work, when = folder / "month", folder / "w", ["--as-at", "2013-10-31"]
def run(*arguments, code=0):
    try:
        ended = cli.main([str(a) for a in arguments], standalone_mode=False)
    except SystemExit as end:
        ended = end.code
    assert (ended or 0) == code, (arguments, ended)
run("synth", month, "--people", "200", "--seed", "1", *when)
run("init", work)
run("check", month / "inbox", *when)
run("evaluate", month / "inbox", "--truth", month / "truth.csv", *when)
run("run", month / "inbox", "-w", work, *when, "--go-on")
for command in (["status"], ["families"], ["verify"], ["expire"], ["passwords", "list"], ["audit", "show"], ["audit", "check"]):
    run(*command, "-w", work)
run("specs")
commands = list(seen)
from matcher.review.page import Page
class Desk:
    def questions(self): return []
    def answer(self, id, given): pass
page = Page(Desk(), heading="Batch", marking="", role="panel")
page._server.server_close()
Path(sys.argv[2]).write_text(json.dumps({"commands": commands, "page": seen[len(commands):]}))
"""


@functools.cache
def unshare() -> tuple[list[str], str]:
    """How to run in an empty network namespace, and why not where that is not possible."""
    found = shutil.which("unshare")
    if found is None:
        return [], "there is no unshare on this system: an empty network namespace cannot be made"
    for options in (["-n"], ["-r", "-n"]):
        if subprocess.run([found, *options, "true"], capture_output=True, check=False).returncode == 0:
            return [found, *options], ""
    return [], "unshare is not permitted here: an empty network namespace cannot be made"


def test_the_demo_passes_in_an_empty_network_namespace(tmp_path: Path) -> None:
    command, why_not = unshare()
    if why_not:
        pytest.skip(why_not)
    python = [sys.executable, "-c", DEMO, str(ROOT / "scripts"), str(tmp_path)]
    done = subprocess.run([*command, *python], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "The month to 2013-10-31 is done" in done.stdout and "sealed" in done.stdout


def test_no_command_opens_a_socket_but_the_page_on_loopback(tmp_path: Path) -> None:
    """Watched from inside the process, by what Python tells of every connection, address look-up and open port."""
    (tmp_path / "work").mkdir()
    command = [sys.executable, "-c", WATCHED, str(tmp_path / "work"), str(tmp_path / "seen.json")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["commands"] == []
    assert [(event, address.split(",")[0]) for event, address in seen["page"]] == [("socket.bind", "('127.0.0.1'")]
