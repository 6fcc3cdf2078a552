"""`matcher check`: read and validate the supplies of an inbox, match nothing, keep nothing."""

from __future__ import annotations

import datetime as dt
import textwrap
from pathlib import Path
from typing import Any

import click

from matcher.cli.output import AS_AT, echo_json, json_option, say, wrapped
from matcher.clock import last_month_end, today
from matcher.errors import Exit, UserError
from matcher.extracts import Inbox, Intake, feedback, feedback_files, find_supplies, read_supplies
from matcher.extracts.feedback import problems_by_rule, supply_summary
from matcher.progress import Stages
from specs.load import load_extract_specs

_WIDTH = 80
_MOST_GROUPS = 12  # of a supply, on a terminal


@click.command("check", short_help="Read and validate the supplies of an inbox; keep nothing.")
@click.argument("inbox", type=click.Path(path_type=Path))
@click.option("--as-at", type=AS_AT, help="Date of the match; default: the last day of the previous month.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for each partner's feedback.")
@json_option
@click.pass_context
def check(context: click.Context, inbox: Path, as_at: dt.date | None, output: Path | None, as_json: bool) -> None:
    """Read and validate the supplies of INBOX, match nothing, keep nothing.

    Example: matcher check inbox --as-at 2013-10-31 -o feedback
    """
    if as_at is None:
        as_at = last_month_end(today())
        say(f"No --as-at given: checking as at {as_at.isoformat()}, the last day of the previous month.")
    specs = load_extract_specs()
    found = find_supplies(inbox, specs)
    with Stages().stage("intake", "Reading the supplies") as stage:
        intake = read_supplies(found, specs, as_at, stage=stage)
    for warning in intake.warnings:
        say(wrapped(f"warning: {warning}"))
    if not intake.supplies:
        raise UserError(
            "The inbox holds no supply.",
            where=str(inbox),
            todo=f"name files DATASET.csv or DATASET.SUPPLIER.csv; data sets: {', '.join(sorted(specs))}",
        )
    told = feedback(intake, specs, as_at)
    if output is not None:
        _write(output, told)
    if as_json:
        echo_json(
            {
                "as_at": as_at,
                "made_up": found.made_up,
                "supplies": [supply_summary(supply) for supply in intake.supplies],
                "warnings": list(intake.warnings),
                "feedback": told,
            }
        )
    else:
        click.echo("\n".join(_account(intake, found)))
    if intake.rejected:
        names = ", ".join(supply.file for supply in intake.rejected)
        say(f"Rejected: {names}. Mend what is named above and check again.")
        context.exit(int(Exit.SUPPLIES_REJECTED))


def _write(folder: Path, told: dict[str, dict[str, Any]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in feedback_files(told).items():
            (folder / name).write_bytes(content)
    except OSError as error:
        title = f"The feedback cannot be written ({type(error).__name__})."
        raise UserError(title, where=str(folder), todo="give a folder that may be written to") from None
    say(f"Feedback of {len(told)} partner(s) written to {folder}.")


def _account(intake: Intake, inbox: Inbox) -> list[str]:
    """What a person reads: a line a supply, the problems of each by rule, what to do next."""
    lines = [f"{'supply':<31}{'status':<10}{'rows':>9}{'accepted':>10}{'rejected':>10}{'problems':>10}"]
    for supply in intake.supplies:
        name = supply.name if len(supply.name) <= 30 else supply.name[:29] + "…"
        lines.append(
            f"{name:<31}{supply.status:<10}{supply.rows_in:>9,}{supply.rows_accepted:>10,}"
            f"{supply.rows_rejected:>10,}{len(supply.problems):>10,}"
        )
    for supply in intake.supplies:
        groups = problems_by_rule(supply)
        if not groups:
            continue
        lines += ["", supply.file]
        for group in groups[:_MOST_GROUPS]:
            lines += _wrapped(_group(group))
        if len(groups) > _MOST_GROUPS:
            lines.append(f"  and {len(groups) - _MOST_GROUPS} more rules: see the feedback (-o FOLDER)")
    lines += ["", *_next(intake, inbox)]
    return lines


def _group(group: dict[str, Any]) -> str:
    if not group["rows"]:
        return str(group["message"])
    rows = ", ".join(str(row) for row in group["rows"]) + (", ..." if group["count"] > len(group["rows"]) else "")
    where = f"{group['column']}: " if group["column"] else ""
    rejected = " Row rejected." if group["rejects_row"] else ""
    return f"{group['count']:,} x {where}{group['message']}.{rejected} Row {rows}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)


def _next(intake: Intake, inbox: Inbox) -> list[str]:
    total = sum(supply.rows_accepted for supply in intake.supplies)
    if intake.rejected:
        names = " ".join(f"--without\0{supply.name}" for supply in intake.rejected)  # \0: no line ends between the two
        told = "A run would stop here. Ask for the rejected supplies again, or leave them out with:"
        options = textwrap.wrap(names, _WIDTH - 2, break_on_hyphens=False, break_long_words=False)
        return [*textwrap.wrap(told, _WIDTH), *(f"  {line}".replace("\0", " ") for line in options)]
    made_up = ["The inbox is marked as made-up data."] if inbox.made_up else []
    return [f"Every supply can be read: {total:,} rows accepted, nothing kept.", *made_up]


COMMANDS = (check,)
