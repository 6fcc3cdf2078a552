"""A made-up month of a county, with its known truth.

Takes a number of people, a seed and a date; gives the files of an inbox and the truth table, byte for byte the same for the
same arguments. Another date of the same seed is the same county at that date. Refuses a number of people below 1, a
negative scale of errors, and dates outside the calendar of the terms.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass

from matcher.errors import UserError
from matcher.synthetic.delivered import Supply
from matcher.synthetic.files import written
from matcher.synthetic.lives import County, first_year
from matcher.synthetic.supplies import Month as Builder
from matcher.synthetic.truth import Judge

TRUTH_HEADER = ("dataset", "supplier", "row", "person_id", "household_id", "decision", "origin")
GROWTH = 0.94  # people at the start of the nine years, against the number some four years later
NOTICE = b"This inbox holds made-up data: every person, address and reference in it is invented.\r\n"


@dataclass(frozen=True)
class Month:
    """The files of an inbox by name, and `truth.csv`."""

    files: dict[str, bytes]
    truth: bytes


def make_month(people: int, seed: int, as_at: dt.date, *, hard: bool = False, errors: float = 1.0) -> Month:
    """The month of the county of `seed` at `as_at`: about `people` people, `errors` times the usual error rates."""
    supplies, county = make_supplies(people, seed, as_at, hard=hard, errors=errors)
    judge = Judge(supplies, as_at)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TRUTH_HEADER)
    for supply in supplies:
        if supply.dataset == "gazetteer":
            continue
        for number, (person, household) in enumerate(supply.behind, 1):
            someone = county.persons[person] if person >= 0 else None
            writer.writerow((
                supply.dataset, supply.supplier, number, f"P{person:06d}" if someone else "", f"H{household:06d}",
                judge.decision(household), someone.family.origin if someone else "",
            ))  # fmt: skip
    files = written(supplies, as_at)
    files["MADE-UP.txt"] = NOTICE
    return Month(files, out.getvalue().encode("utf-8"))


def make_supplies(
    people: int, seed: int, as_at: dt.date, *, hard: bool = False, errors: float = 1.0
) -> tuple[list[Supply], County]:
    """The supplies of the month as typed cells, and the county that they tell of."""
    if people < 1 or seed < 0 or errors < 0:
        raise UserError(
            "A made-up month needs at least one person, a seed of 0 or more and a scale of errors of 0 or more.",
            todo="give --people, --seed and --errors accordingly",
        )
    if not 1950 <= as_at.year <= 2090:
        raise UserError("A made-up month lies between 1950 and 2090.", todo="give another --as-at")
    county = County(seed, max(round(people * GROWTH), 1), first_year(as_at), hard=hard)
    return Builder(county, as_at, errors, hard=hard).supplies(), county
