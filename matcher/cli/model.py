"""`matcher model`: the linkage model in words, trained on a month without any truth, and two of them side by side."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from matcher.cli.output import AS_AT, echo_json, json_option, say
from matcher.cli.workspaces import concerns

_INBOX = click.Path(exists=True, file_okay=False, path_type=Path)
_WHICH = "A shipped model by name, a TOML file, or numbers written by: matcher model train --out."


@click.group("model", short_help="The linkage model: shown, trained, compared.")
def model() -> None:
    """Show, train and compare linkage models. A model is a shipped one by name (default, plain), a TOML file of yours, or
    a file of trained numbers. Nothing here holds a value of any record.

    Example: matcher model show default
    """


@model.command("show", short_help="A model in words.")
@click.argument("which", metavar="[MODEL]", default="default")
@json_option
def show(which: str, as_json: bool) -> None:
    """Show a model in words: blocking rules, classes of pairs, comparisons with their levels and what each speaks for a
    match; of trained numbers both these and what training started from.

    Example: matcher model show plain
    """
    from matcher.evaluation.model_words import shown
    from matcher.evaluation.models import described, named

    told = described(named(which))
    if as_json:
        echo_json(told)
    else:
        click.echo("\n".join(shown(told)))


@model.command("train", short_help="Estimate a model's numbers from a month.")
@click.argument("inbox", type=_INBOX)
@click.option("--as-at", required=True, type=AS_AT, help="The batch date.")
@click.option("--model", "which", default="default", show_default=True, help=_WHICH)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the trained numbers to this JSON file."
)
@json_option
def train(inbox: Path, as_at: dt.date, which: str, out: Path | None, as_json: bool) -> None:
    """Train a model on the records of INBOX, without labels: how many pairs of each class there are, and how often each
    level occurs among them. A run does the same each month by itself; this shows it. Nothing is kept but numbers.

    Example: matcher model train inbox --as-at 2013-10-31 --out october.json
    """
    from matcher.evaluation.model_words import folded, shown
    from matcher.evaluation.models import Named, cautions, described, link, named, records_of
    from matcher.progress import Stages
    from matcher.workspace import write_file

    _noted(inbox)
    asked, stages = named(which), Stages()
    records = records_of(inbox, as_at, stages)
    linked = link(Named(asked.name, asked.model), records, stages)
    trained = Named(asked.name, asked.model, linked.trained)
    warnings = [*records.warnings, *linked.warnings, *cautions(trained, linked.trained)]
    if out is not None:
        write_file(out, (linked.trained.to_json() + "\n").encode("utf-8"))
        say(f"Written: {out}")
    told = described(trained) | {"candidate_pairs": linked.candidate_pairs, "warnings": warnings}
    if as_json:
        echo_json(told)
        return
    click.echo("\n".join(shown(told)))
    if warnings:
        click.echo("\n".join(["", "WARNINGS", *folded(warnings)]))


@model.command("compare", short_help="Two models side by side, also on a month.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.argument("inbox", required=False, type=_INBOX)
@click.option("--as-at", type=AS_AT, help="With INBOX: the batch date.")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With INBOX: truth.csv of a made-up month.",
)
@json_option
def compare(a: str, b: str, inbox: Path | None, as_at: dt.date | None, truth: Path | None, as_json: bool) -> None:
    """Compare models A and B: which levels differ; with INBOX also how many links, persons and questions each gives on that
    month's records, in counts only, and with --truth how well. Without INBOX a model that names no trained numbers is shown
    with its starting values; with INBOX it is trained anew on that month, as a run does, and shown as it was then scored with.

    Example: matcher model compare default plain inbox --as-at 2013-10-31
    """
    from matcher.evaluation.evaluate import read_truth
    from matcher.evaluation.model_words import compared
    from matcher.evaluation.models import as_scored, differences, link, named, records_of, side_by_side
    from matcher.progress import Stages

    if (inbox is None) != (as_at is None) or (truth is not None and inbox is None):
        raise click.UsageError("an INBOX goes with --as-at, and --truth with an INBOX")
    one, other = named(a), named(b)
    month = None
    if inbox is not None and as_at is not None:
        _noted(inbox)
        known = read_truth(truth) if truth is not None else None
        stages = Stages()
        records = records_of(inbox, as_at, stages)
        made = [link(of, records, stages) for of in (one, other)]
        month = side_by_side(made[0], made[1], records, known)
        one, other = (as_scored(of, linked) for of, linked in zip((one, other), made, strict=True))
    told = differences(one, other)
    if as_json:
        echo_json({"a": one.name, "b": other.name, **told, "month": month})
    else:
        click.echo("\n".join(compared(one.name, other.name, told, month)))


def _noted(inbox: Path) -> None:
    """A refusal goes into the audit chain of the workspace that the inbox lies in, where it does."""
    around = next((folder for folder in inbox.resolve().parents if (folder / "matcher.toml").is_file()), None)
    if around is not None:
        concerns(around)


COMMANDS = (model,)
