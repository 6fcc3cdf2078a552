"""Whole commands on a small month with spoilt supplies: check, run --dry-run and run, to the outputs. In this process, so that a
fault is seen as it is.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
from functools import cache
from pathlib import Path
from typing import TextIO, cast

import click

import matcher.runs.start  # noqa: F401 (loaded before any process is forked)
from matcher.cli import cli
from matcher.cli.output import Visible, say
from matcher.errors import Exit, UserError
from matcher.synthetic import make_month
from tests.hostile.kinds import KINDS, spoilt
from tests.hostile.properties import AS_AT, SPECS, Broken, silent

PEOPLE = 120
GOOD = {Exit.DONE, Exit.SUPPLIES_REJECTED}


@cache
def _month() -> dict[str, bytes]:
    return make_month(PEOPLE, 3, AS_AT).files


def command(*arguments: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command; any fault but one for the user goes up."""
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(cast(TextIO, Visible(out))), contextlib.redirect_stderr(said):
        try:
            code = cli.main(list(arguments), standalone_mode=False)
        except UserError as error:
            code = int(error.code)
            say(str(error))
        except click.exceptions.Exit as ended:
            code = ended.exit_code
        except click.ClickException as error:
            code = int(Exit.USAGE)
            said.write(error.format_message())
    return code if isinstance(code, int) else 0, out.getvalue(), said.getvalue()


def run_commands(seed: int, index: int, folder: Path) -> str:
    """A month with some supplies replaced by hostile ones, through every command. Gives the outcome in a word."""
    r = random.Random(f"{seed}:{index}:commands")
    inbox, workspace = folder / "inbox", folder / "workspace"
    inbox.mkdir()
    for name, content in _month().items():
        (inbox / name).write_bytes(spoilt(r, content) if name.endswith(".csv") and r.random() < 0.1 else content)
    for _ in range(r.randrange(1, 4)):
        _put(r, folder, inbox)
    before = os.environ.get("MATCHER_KEYS")
    os.environ["MATCHER_KEYS"] = str(folder / "keys")
    try:
        return _walk(inbox, workspace)
    finally:
        os.environ.pop("MATCHER_KEYS")
        if before is not None:
            os.environ["MATCHER_KEYS"] = before


def _put(r: random.Random, folder: Path, inbox: Path) -> None:
    """A hostile supply in the place of the good one of the same data set and supplier."""
    kind = r.choice([name for name in KINDS if name != "inbox entries"])
    made = folder / "made"
    made.mkdir()
    KINDS[kind][1](r, made)
    for path in made.iterdir():
        stem = path.name.removesuffix(".meta.yaml").rpartition(".")[0]
        for old in [*inbox.iterdir()]:
            if (
                old.name.startswith(f"{stem}.")
                and ("meta" in old.name or stem == old.name.rpartition(".")[0])
                and not path.name.startswith(old.name)
            ):
                old.unlink()
        shutil.move(path, inbox / path.name)
    made.rmdir()


def _walk(inbox: Path, workspace: Path) -> str:
    as_at = AS_AT.isoformat()
    _must(command("init", str(workspace)), {Exit.DONE})
    told = _must(command("check", str(inbox), "--as-at", as_at, "--json", "-o", str(inbox.parent / "feedback")), GOOD)
    supplies = json.loads(told)["supplies"]
    without = [
        x
        for one in supplies
        if one["status"] == "rejected"
        for x in ("--without", ".".join(filter(None, (one["dataset"], one["supplier"]))))
    ]
    told = _must(
        command("run", str(inbox), "-w", str(workspace), "--as-at", as_at, "--dry-run", "--json", *without),
        {Exit.DONE, Exit.FAILED},
    )
    summary = json.loads(
        _must(
            command("run", str(inbox), "-w", str(workspace), "--as-at", as_at, "--json", "--go-on", *without),
            {Exit.DONE},
        )
    )
    for one in summary["supplies"]:
        if one["rows_in"] != one["rows_accepted"] + one["rows_rejected"]:
            raise Broken("rows in are not rows accepted and rows rejected")
    people = [
        one for one in summary["supplies"] if one["status"] == "accepted" and SPECS[one["dataset"]].about != "reference"
    ]
    if summary["state"] != "sealed" or summary["records"] < sum(one["rows_accepted"] for one in people):
        raise Broken("the month is not sealed, or rows are lost")
    for path in workspace.joinpath("outbox").rglob("*"):
        if path.suffix in (".json", ".html", ".csv"):
            silent(path.read_text("utf-8"))
    silent(workspace.joinpath("audit.log").read_text("utf-8"))
    _must(command("status", "-w", str(workspace), "--json"), {Exit.DONE})
    command("families", "-w", str(workspace), "--json")
    return "sealed without the rejected" if without else "sealed"


def _must(done: tuple[int, str, str], codes: set[Exit]) -> str:
    code, out, said = done
    silent(out, said)
    if code not in codes:
        raise Broken(f"exit code {code}: {said.splitlines()[0] if said else ''}")
    return out
