"""`matcher run`, `resume` and `abandon`: thin over `matcher/runs`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.output import AS_AT, echo_json, json_option, say, wrapped
from matcher.cli.workspaces import open_workspace, workspace_option
from matcher.engines import names
from matcher.errors import UserError
from matcher.fields.characters import visible
from matcher.memory import without_collector

if TYPE_CHECKING:
    from matcher.workspace import Workspace


def _console(*, go_on: bool, as_json: bool) -> Any:
    """Messages to stderr; questions where a person sits at the keyboard, yes where --go-on says so."""
    from matcher.runs.options import Console

    if go_on:
        return Console(say, lambda _: True)
    at_keyboard = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not as_json
    return Console(say, (lambda text: click.confirm(text, err=True)) if at_keyboard else None)


def _end(outcome: Any, as_json: bool) -> int:
    if as_json:
        echo_json(outcome.summary)
    else:
        for line in outcome.lines:
            click.echo(wrapped(line))
    return int(outcome.code)


@click.command(short_help="Match the month in INBOX; keep the qualifying families.")
@click.argument("inbox", type=click.Path(exists=True, file_okay=False, path_type=Path))
@workspace_option
@click.option("--as-at", required=True, type=AS_AT, help="The batch date, yyyy-mm-dd.")
@click.option(
    "--review",
    type=click.Choice(["auto", "hold"]),
    help="hold: stop where a person must decide (default: as matcher.toml says).",
)
@click.option(
    "--without", multiple=True, metavar="DATASET[.SUPPLIER]", help="Leave a supply out. May be given more than once."
)
@click.option("--dry-run", is_flag=True, help="Show what would come out; delete and keep nothing.")
@click.option(
    "--keep-extracts", is_flag=True, help="Do not destroy the received files (made-up data, or with --because)."
)
@click.option(
    "--because", default="", metavar="TEXT", help="Why the received files are kept: stands in the certificate."
)
@click.option("--replaces", metavar="BATCH", help="The sealed batch of the same date that this run replaces.")
@click.option("--go-on", is_flag=True, help="Go on where an expected supply is absent or unusually small or large.")
@click.option(
    "--engine",
    type=click.Choice(names()),
    default="in_process",
    show_default=True,
    help="Linkage engine.",
)
@json_option
@without_collector()
def run(
    inbox: Path,
    workspace: Path,
    as_at: dt.date,
    review: str | None,
    without: tuple[str, ...],
    dry_run: bool,
    keep_extracts: bool,
    because: str,
    replaces: str | None,
    go_on: bool,
    engine: str,
    as_json: bool,
) -> int:
    """Match the month in INBOX; keep the qualifying families, destroy the rest.

    Example: matcher run inbox -w workspace --as-at 2013-10-31
    """
    from matcher.progress import Stages
    from matcher.runs.options import Options
    from matcher.runs.start import start

    opened = open_workspace(workspace)
    options = Options(
        inbox=str(inbox.resolve()), review=review or opened.settings.review.default, without=without,  # type: ignore[arg-type]
        keep_extracts=keep_extracts, because=visible(because.strip()), replaces=replaces, engine=engine,
    )  # fmt: skip
    with opened.lock("matcher run"):
        stages = Stages(tell=opened.at_stage)
        outcome = start(opened, as_at, options, _console(go_on=go_on, as_json=as_json), stages, dry=dry_run)
    code = _end(outcome, as_json)
    if not as_json and not dry_run:
        _say_what_is_due(opened)
    return code


def _say_what_is_due(workspace: Workspace) -> None:
    """Reviews, files, confirmations and requests that wait for a person: nobody else brings them to mind."""
    from matcher.clock import today
    from matcher.registry import Registry
    from matcher.rights.overview import lines, overview

    try:
        with Registry.open(workspace) as registry:
            told = lines(overview(workspace, registry, today()))
    except UserError as error:  # the batch is done: a fault of the retention policy must not make it look failed
        told = str(error).split("\n")
    for line in told:
        say(wrapped(line))


@click.command(short_help="Go on with a batch that waits or was interrupted.")
@workspace_option
@click.argument("batch", required=False)
@click.option(
    "--supply",
    "supplies",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A late supply, such as DWP's answer to a referral.",
)
@json_option
@without_collector()
def resume(workspace: Path, batch: str | None, supplies: tuple[Path, ...], as_json: bool) -> int:
    """Go on with BATCH (default: the one that waits) after answers, a late supply or a crash.

    Example: matcher resume -w workspace --supply dwp.csv
    """
    from matcher.progress import Stages
    from matcher.runs.resume import resume as go_on_with

    opened = open_workspace(workspace)
    with opened.lock("matcher resume"):
        console = _console(go_on=False, as_json=as_json)
        stages = Stages(tell=opened.at_stage)
        outcome = go_on_with(opened, batch, [path.resolve() for path in supplies], console, stages)
    return _end(outcome, as_json)


@click.command(short_help="Destroy what an unsealed batch keeps.")
@workspace_option
@click.argument("batch")
@json_option
def abandon(workspace: Path, batch: str, as_json: bool) -> int:
    """Destroy what the unsealed BATCH keeps.

    Example: matcher abandon -w workspace 2013-10-31-1
    """
    from matcher.runs.resume import abandon as give_up

    opened = open_workspace(workspace)
    with opened.lock("matcher abandon"):
        outcome = give_up(opened, batch, _console(go_on=False, as_json=as_json))
    return _end(outcome, as_json)


COMMANDS = (run, resume, abandon)
