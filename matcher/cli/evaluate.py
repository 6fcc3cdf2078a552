"""`matcher evaluate`: the match measured against known truth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from matcher.cli.output import AS_AT, echo_json, json_option, wrapped
from matcher.cli.workspaces import concerns
from matcher.engines import names


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
@click.option("--engine", type=click.Choice(names()), default="in_process", show_default=True, help="Linkage engine.")
@json_option
def evaluate(
    inbox: Path, truth: Path, as_at: dt.date, detail: Path | None, consented: bool, engine: str, as_json: bool
) -> None:
    """Measure the match on INBOX against known truth, with the shipped policy.

    Example: matcher evaluate month/inbox --truth month/truth.csv --as-at 2013-10-31
    """
    from matcher.evaluation.detail import detail_csv
    from matcher.evaluation.evaluate import evaluate as run
    from matcher.progress import Stages

    if around := next((folder for folder in inbox.resolve().parents if (folder / "matcher.toml").is_file()), None):
        concerns(around)
    measures, _, rows = run(inbox, truth, as_at, consented=consented, stages=Stages(), engine=engine)
    if detail:
        detail.write_bytes(detail_csv(rows))
    if as_json:
        echo_json(measures)
    else:
        click.echo(readable(measures))


def _fold(text: str) -> list[str]:
    return wrapped(text).splitlines()


def _reliability(told: dict[str, Any]) -> list[str]:
    """How far match probabilities mean what they say, as a table."""
    lines = [f"{'Match probability':<24}{'pairs':>10}{'expected':>12}{'seen':>12}   (true, of all)"]
    below = {"title": "below 0.01", **told["below"]}
    bins = [{"title": f"{max(one['from'], 0.01):.4g} to {min(one['to'], 0.99):.4g}", **one} for one in told["bins"]]
    for one in (below, *bins, {"title": "above 0.99", **told["above"]}):
        expected, seen = ("-" if one[name] is None else f"{one[name]:.4f}" for name in ("expected", "seen"))
        lines.append(f"  {one['title']:<22}{one['pairs']:>10,}{expected:>12}{seen:>12}")
    error = told["expected_calibration_error"]
    return [
        *lines,
        *_fold(
            f"Expected calibration error of the {told['pairs']:,} pairs from 0.01 to 0.99: {error:.4f}. So far is a stated "
            "probability off on average; 0 would mean that of 100 pairs at 0.80 exactly 80 are one person."
        ),
    ]


def readable(measures: dict[str, Any]) -> str:
    """The measures as tables of at most 80 columns, with the gaps between groups in plain words."""
    from matcher.evaluation.fairness import COUNTED, sentence, share
    from matcher.evaluation.name_forms import FORMS

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
            f"  {origin:<24}{group['people']:>8,}{across:>12.4f}{homes:>12.4f}{share(group, 'false_merges'):>14}"
        )
    lines += ["", *_fold(sentence(measures["gap"]["by_origin"], measures["by_origin"])), ""]
    lines.append(f"{'By form of the name':<34}{'people':>8}{'persons F1':>12}{'missed':>10}{'false merges':>14}")
    for group in measures["by_name_form"].values():
        if group["people"]:
            f1 = group["persons"]["across_supplies"]["f1"]
            lines.append(
                f"  {group['title']:<32}{group['people']:>8,}{f1:>12.4f}{share(group, 'missed'):>10}"
                f"{share(group, 'false_merges'):>14}"
            )
    lines += [
        "", *_fold(sentence(measures["gap"]["by_name_form"], measures["by_name_form"])),
        *_fold(
            "Missed: people found as more than one person; false merges: people joined with others; both per 1,000, in a group "
            f"of fewer than {COUNTED} people as a count. {FORMS['plain'].capitalize()}: no apostrophe, hyphen, double "
            "surname or other spellings, and a surname neither short nor long."
        ),
        "",
        *_reliability(measures["reliability"]),
    ]  # fmt: skip
    seconds = "  ".join(f"{name} {value:.1f} s" for name, value in measures["seconds"].items())
    lines += [
        "",
        f"{measures['records']:,} records, {measures['candidate_pairs']:,} candidate pairs, {measures['peak_rss_mb']:,.0f} MiB",
        *_fold(seconds),
    ]
    return "\n".join(lines)


COMMANDS = (evaluate,)
