"""`matcher evaluate`: the match measured against known truth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from matcher.cli.output import AS_AT, echo_json, json_option
from matcher.cli.workspaces import concerns


@click.command(short_help="Measure the match against known truth.")
@click.argument("inbox", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--truth",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="truth.csv of the month.",
)
@click.option("--as-at", required=True, type=AS_AT, help="The batch date.")
@click.option(
    "--detail",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was found for each row to this CSV file.",
)
@click.option("--consented", is_flag=True, help="The data is real and its people consented to this use.")
@json_option
def evaluate(inbox: Path, truth: Path, as_at: dt.date, detail: Path | None, consented: bool, as_json: bool) -> None:
    """Measure the match on INBOX against known truth, with the shipped policy.

    Example: matcher evaluate month/inbox --truth month/truth.csv --as-at 2013-10-31
    """
    from matcher.evaluation.detail import detail_csv
    from matcher.evaluation.evaluate import evaluate as run
    from matcher.progress import Stages

    if around := next((folder for folder in inbox.resolve().parents if (folder / "matcher.toml").is_file()), None):
        concerns(around)
    measures, _, rows = run(inbox, truth, as_at, consented=consented, stages=Stages())
    if detail:
        detail.write_bytes(detail_csv(rows))
    if as_json:
        echo_json(measures)
    else:
        click.echo(readable(measures))


def readable(measures: dict[str, Any]) -> str:
    """The measures as a table of at most 80 columns."""

    def line(title: str, values: dict[str, float]) -> str:
        return f"{title:<34}{values['precision']:>10.4f}{values['recall']:>10.4f}{values['f1']:>10.4f}"

    persons = measures["persons"]
    lines = [
        f"{'':<34}{'precision':>10}{'recall':>10}{'F1':>10}",
        line("Persons across supplies", persons["across_supplies"]),
        line("Persons, all pairs of rows", persons["pairwise"]),
        line("Persons, B-cubed", persons["bcubed"]),
        line("Households", measures["households"]),
        line("Decisions by record", measures["decisions"]),
        line("Families", measures["families"]),
        "",
        f"False merges per 1,000 people: {measures['false_merges_per_1000']:.2f}",
        "",
        f"{'By name origin':<26}{'people':>8}{'persons F1':>12}{'households':>12}{'false merges':>14}",
    ]
    for origin, group in measures["by_origin"].items():
        across, homes = group["persons"]["across_supplies"]["f1"], group["households"]["f1"]
        lines.append(
            f"  {origin:<24}{group['people']:>8,}{across:>12.4f}{homes:>12.4f}{group['false_merges_per_1000']:>14.2f}"
        )
    seconds = "  ".join(f"{name} {value:.1f} s" for name, value in measures["seconds"].items())
    lines += [
        "",
        f"{measures['records']:,} records, {measures['candidate_pairs']:,} candidate pairs, {measures['peak_rss_mb']:,.0f} MiB",
        seconds,
    ]
    return "\n".join(lines)


COMMANDS = (evaluate,)
