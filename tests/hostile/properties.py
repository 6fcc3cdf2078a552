"""What must hold of any inbox whatever: no fault but a UserError, every row accounted for, no wrong date in silence, no value
told. Raises Broken, which says which property.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from matcher.errors import UserError
from matcher.extracts import Intake, Supply, feedback, feedback_files, find_supplies, read_supplies
from matcher.extracts.feedback import supply_summary
from matcher.extracts.limits import MOST_LISTED
from matcher.extracts.rules import ROW_REJECTED
from matcher.records import build
from specs.load import ExtractSpec, load_extract_specs
from tests.hostile.oracle import reading

AS_AT = dt.date(2013, 10, 31)
CANARY = "Zqxcanary"
"""Stands in names, addresses, references and free text of every input; no message may hold it."""

SPECS = load_extract_specs()
_DATES = ("date", "date_of_birth")
_UNKNOWN = {dt.date(1900, 1, 1), dt.date(1901, 1, 1)}


class Broken(AssertionError):
    """A property does not hold."""


@dataclass(frozen=True)
class Sent:
    """What is known of a supply that was written cell by cell: texts by row and column heading, as they must be read."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def check_inbox(folder: Path, sent: Mapping[str, Sent] | None = None) -> str:
    """Read the inbox and build its records. Gives the outcome in a word."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            intake = read_supplies(find_supplies(folder, SPECS), SPECS, AS_AT)
        except UserError as error:
            silent(str(error))
            return "refused"
        accepted = [one for one in intake.supplies if one.status == "accepted"]
        built = build(accepted, SPECS, AS_AT) if accepted else None
    told = feedback(intake, SPECS, AS_AT)
    silent(said.getvalue(), *intake.warnings, json.dumps([supply_summary(one) for one in intake.supplies], default=str))
    silent(*(content.decode("utf-8") for content in feedback_files(told).values()))
    for supply in intake.supplies:
        accounted(supply)
        if supply.status == "accepted":
            dates(supply, SPECS[supply.dataset], (sent or {}).get(supply.file))
    if built is not None:
        arrived(intake, built.records, built.gazetteer)
    if not intake.supplies:
        return "nothing to read"
    return (
        "rejected"
        if intake.rejected
        else "accepted with problems"
        if any(s.problems for s in intake.supplies)
        else "accepted"
    )


def silent(*texts: str) -> None:
    """No message holds the canary."""
    for text in texts:
        if CANARY.casefold() in text.casefold():
            raise Broken("a message holds a value")


def accounted(supply: Supply) -> None:
    """rows_in = rows_accepted + rows_rejected, and each rejected row is told."""
    if supply.rows_in != supply.rows_accepted + supply.rows_rejected:
        raise Broken("rows in are not rows accepted and rows rejected")
    if supply.status == "rejected":
        if not supply.problems or supply.rows is not None or supply.rows_accepted:
            raise Broken("a supply is rejected without a reason, or with rows")
        return
    if supply.rows is None or supply.rows.num_rows != supply.rows_accepted:
        raise Broken("the accepted rows are not there")
    numbers = supply.rows["row"].to_pylist()
    told = {problem.row for problem in supply.problems if problem.rule in ROW_REJECTED}
    missing = set(range(1, supply.rows_in + 1)) - set(numbers)
    if len(set(numbers)) != len(numbers) or len(missing) != supply.rows_rejected:
        raise Broken("a row stands twice, or is lost")
    if supply.rows_in <= MOST_LISTED and missing - told:
        raise Broken("a rejected row is not told")


def arrived(intake: Intake, records: pa.Table, gazetteer: pa.Table) -> None:
    """Each accepted row is a record exactly once (as a first person), or a place of the gazetteer."""
    rows = [
        (supply.dataset, supply.supplier, row)
        for supply in intake.supplies
        if supply.rows is not None and SPECS[supply.dataset].about != "reference"
        for row in supply.rows["row"].to_pylist()
    ]
    firsts = records.filter(pc.equal(records["part"], 0))
    found = list(zip(*(firsts[name].to_pylist() for name in ("dataset", "supplier", "row")), strict=True))
    if sorted(rows) != sorted(found):
        raise Broken("an accepted row is no record, or is one twice")
    places = sum(
        s.rows_accepted for s in intake.supplies if s.rows is not None and SPECS[s.dataset].about == "reference"
    )
    if gazetteer.num_rows != places:
        raise Broken("an accepted row is no place of the gazetteer")


def dates(supply: Supply, spec: ExtractSpec, sent: Sent | None) -> None:
    """An accepted date is the one reading of what was sent; a date that is not accepted is told."""
    if sent is None or supply.rows is None:
        return
    if supply.rows_in != _without_blank_end(sent.rows):
        raise Broken("rows were sent that were not counted")
    told = {(problem.row, problem.column) for problem in supply.problems}
    dropped = {name for rule in spec.beyond for name in rule.drop}
    for column in spec.column:
        if column.type not in _DATES or column.name not in sent.header or sent.header.count(column.name) != 1:
            continue
        place = sent.header.index(column.name)
        for number, value in zip(supply.rows["row"].to_pylist(), supply.rows[column.id].to_pylist(), strict=True):
            text = _seen(sent.rows[number - 1][place])
            if value is not None and value != reading(text):
                raise Broken(f"a wrong date in silence in {column.name}")
            if value is None and text and column.id not in dropped and (number, column.name) not in told:
                day = reading(text)
                if day not in _UNKNOWN:
                    raise Broken(f"a date is lost in silence in {column.name}")


def _seen(text: str) -> str:
    """Without what nobody sees, which is taken out and told."""
    hidden = {0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF}
    hidden |= {0xFFF9, 0xFFFA, 0xFFFB, *range(0xE0000, 0xE0080)}
    return "".join(c for c in text if ord(c) not in hidden).strip()


def _without_blank_end(rows: tuple[tuple[str, ...], ...]) -> int:
    count = len(rows)
    while count and not any(cell.strip() for cell in rows[count - 1]):
        count -= 1
    return count
