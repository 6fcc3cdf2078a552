"""`matcher synth`: writes a made-up month into a folder. Refuses an inbox that holds files not marked as made-up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from matcher.cli.output import AS_AT, echo_json, json_option, say
from matcher.errors import UserError
from matcher.synthetic import make_month


@click.command(short_help="Write a made-up month, to try the commands on.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--people", type=click.IntRange(min=1), default=20_000, show_default=True, help="About how many people.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--as-at", type=AS_AT, default="2013-10-31", show_default=True, help="The batch date.")
@click.option("--hard", is_flag=True, help="Twice the twins, namesakes, hostels, shared houses and swapped names.")
@click.option(
    "--errors", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Scale of errors; 0 is clean."
)
@json_option
def synth(folder: Path, people: int, seed: int, as_at: dt.date, hard: bool, errors: float, as_json: bool) -> None:
    """Write a made-up month: FOLDER/inbox with every data set, and FOLDER/truth.csv.

    Example: matcher synth demo --people 20000 --seed 1 --as-at 2013-10-31
    """
    inbox = folder / "inbox"
    if inbox.exists() and any(inbox.iterdir()) and not (inbox / "MADE-UP.txt").exists():
        raise UserError(
            "The inbox holds files that are not marked as made-up.",
            where=inbox.name,
            todo="give another folder: made-up supplies are never put among real ones",
        )
    month = make_month(people, seed, as_at, hard=hard, errors=errors)
    inbox.mkdir(parents=True, exist_ok=True)
    for name, content in month.files.items():
        (inbox / name).write_bytes(content)
    (folder / "truth.csv").write_bytes(month.truth)
    rows = month.truth.count(b"\n") - 1
    if as_json:
        echo_json(
            {"files": sorted(month.files), "rows": rows, "as_at": as_at.isoformat(), "people": people, "seed": seed}
        )
    else:
        say(f"{len(month.files)} files with {rows:,} rows in {inbox}; the truth in {folder / 'truth.csv'}")


COMMANDS = (synth,)
