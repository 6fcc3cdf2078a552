"""A whole month on made-up data: `python scripts/demo.py [--people 20000] [--as-at 2013-10-31]`.

Sets up what it needs, makes a month of a county, runs the match with the embedded database, and ends with where to look.
Everything lies in `demo/` beside this folder; running it again starts afresh.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from environment import ROOT, ensure

DEMO = ROOT / "demo"
MARK = DEMO / "THIS-IS-THE-DEMO.txt"


def fresh_folder() -> None:
    """An empty demo folder; refuses to empty one that the demo did not make."""
    if DEMO.exists():
        if not MARK.exists():
            sys.exit(f"{DEMO.name}/ exists and was not made by the demo: move it away first.")
        shutil.rmtree(DEMO)
    DEMO.mkdir()
    MARK.write_text(
        "Made by scripts/demo.py; emptied when it runs again. All data here is made up.\n", encoding="utf-8"
    )


def matcher(python: Path, *arguments: str) -> str:
    """Run a `matcher` command as a user would; gives its stdout, lets its messages through, stops on failure."""
    print(f"\n> matcher {' '.join(arguments)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "MATCHER_KEYS": str(DEMO / "keys"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [str(python), "-m", "matcher", *arguments], cwd=DEMO, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    )
    if done.returncode:
        sys.exit(f"The demo stopped: matcher {arguments[0]} ended with code {done.returncode}.")
    return done.stdout


def account(run: dict[str, Any], passwords: dict[str, str], seconds: float) -> str:
    """What the month came to, in at most 80 columns."""
    rows_in = sum(supply["rows_in"] for supply in run["supplies"])
    rejected = sum(supply["rows_rejected"] for supply in run["supplies"])
    families = run["families"]
    lines = [
        "",
        f"The month to {run['as_at']} is done ({seconds:.0f} s; batch {run['batch']}, {run['state']}).",
        "",
        f"  supplies          {len(run['supplies']):>8,}",
        f"  rows              {rows_in:>8,}   ({rejected:,} rejected and fed back to the partners)",
        f"  people            {run['persons']:>8,}   found in them",
        f"  households        {run['households']:>8,}",
        f"  families          {families['automatic'] + families['discretion']:>8,}   "
        f"{families['automatic']} by all three criteria, {families['discretion']} by local discretion",
        f"  records kept      {run['records_kept']:>8,}   of those families",
        f"  records deleted   {run['records_deleted']:>8,}   everybody else's",
        "",
        "Where to look (all under demo/workspace):",
    ]
    told = [name for name in run["outputs"] if "/data_quality." in name]
    lines += [f"  {name}" for name in run["outputs"] if name not in told]
    lines += [f"  {told[0].rsplit('/', 1)[0]}/data_quality.<partner>.html  ({len(told) // 2} partners)"] if told else []
    lines += [
        "",
        "Open first:  report.html (what happened, with charts; holds no person)",
        "Then:        a list under key-worker/ (Excel asks for its password)",
        "And:         assurance/deletion_certificate.json (what was deleted, and how)",
        "",
        "Passwords of this made-up month:",
    ]
    lines += [f"  {recipient:<24} {password}" for recipient, password in passwords.items()]
    lines += ["", "Next: README.md shows the same with your own extracts."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="A whole month on made-up data.")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--as-at", default="2013-10-31")
    options = parser.parse_args()
    python = ensure("run")
    fresh_folder()
    started = time.perf_counter()
    matcher(python, "synth", "month", "--people", str(options.people), "--seed", "1", "--as-at", options.as_at)
    matcher(python, "init", "workspace")
    run = json.loads(matcher(python, "run", "month/inbox", "-w", "workspace", "--as-at", options.as_at, "--json"))
    lists = ("key_worker_city", "key_worker_county")
    shown = {name: matcher(python, "passwords", "show", name, "-w", "workspace").strip() for name in lists}
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    print(account(run, shown, time.perf_counter() - started))


if __name__ == "__main__":
    main()
