"""A small data set of its own, so that these tests do not move when a real specification does."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matcher.extracts import Intake, Supply, find_supplies, read_supplies
from specs.load import ExtractSpec

AS_AT = dt.date(2013, 10, 31)

_FLOW: dict[str, Any] = {
    "partner": "yard",
    "owner": "The Yard",
    "recipients": ["city"],
    "purposes": ["identification"],
    "gateway": ["a gateway"],
    "rhythm": "monthly",
    "transfer": "secure email",
    "retention": "deleted",
    "source": "appendix_b",
    "agreed_by": "Information manager",
    "agreed_on": "2013-10-14",
    "may_extract": ["a"],
    "may_process": ["b"],
    "may_share": ["c"],
    "may_match": ["d"],
}


def flow(supplier: str, partner: str, **more: Any) -> dict[str, Any]:
    return {**_FLOW, "supplier": supplier, "partner": partner, **more}


def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name.lower().replace(" ", "_"), "name": name, "type": kind, "meaning": name, **more}


SHEEP = ExtractSpec.model_validate(
    {
        "id": "sheep",
        "title": "Sheep counted",
        "version": "2013-10-14",
        "description": "For tests.",
        "row_is": "one row a sheep",
        "flow": [flow("city", "city_yard"), flow("county", "county_yard"), flow("*", "other_yard")],
        "column": [
            column("Ref", "text", required=True, role="ref"),
            column("Full Name", "name", required=True, needed_in_row=True, aliases=["Name of sheep"]),
            column("DOB", "date_of_birth", required=True, aliases=["Date of Birth"]),
            column("Outcome", "code", required=True, codes={"RO": "referral", "RJ": "informal", "NONE": "nothing"}),
            column("Outcome Date", "date", required=True),
            column("Expiry", "date"),
            column("Count", "count"),
            column("Flag", "yes_no"),
            column("Postcode", "postcode"),
        ],
        "duplicate_key": ["ref", "outcome", "outcome_date"],
        "evidence": [
            {"kind": "proven_offence", "when": {"outcome": ["RO"]}, "begun": "outcome_date", "ended": "outcome_date"},
            {"kind": "asb_order", "when": {"flag": ["Y"]}, "begun": "outcome_date", "ended": "expiry"},
        ],
        "beyond": [
            {"when": {"outcome": ["RJ"]}, "drop": ["outcome", "outcome_date", "flag"], "wording": "informal outcomes"},
            {"when": {"outcome": ["NONE"]}, "whole_row": True, "wording": "rows about nothing"},
        ],
    }
)
GOATS = SHEEP.model_copy(
    update={
        "id": "goats",
        "title": "Goats",
        "flow": tuple(
            type(SHEEP.flow[0]).model_validate(
                flow("", "city_yard", source="beyond_appendix_b", amendment="Amendment 1", amendment_made_up=True)
            )
            for _ in range(1)
        ),
    }
)
SPECS = {"sheep": SHEEP, "goats": GOATS}

HEADER = [column.name for column in SHEEP.column]
ROW = ["1", "Ann SHEEP", "01/02/1998", "RO", "03/04/2013", "", "2", "Y", "LE1 1AA"]


def row(**cells: str) -> list[str]:
    """ROW with some cells replaced, by column id."""
    ids = [column.id for column in SHEEP.column]
    return [cells.get(name, value) for name, value in zip(ids, ROW, strict=True)]


def csv_bytes(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, **options: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **options).writerows([header, *rows])
    return text.getvalue().encode("utf-8")


def read_folder(folder: Path, **options: Any) -> Intake:
    return read_supplies(find_supplies(folder, SPECS), SPECS, AS_AT, **options)


def read_bytes(folder: Path, content: bytes, name: str = "sheep.csv") -> Supply:
    """The one supply that `content` is."""
    (folder / name).write_bytes(content)
    (supply,) = read_folder(folder).supplies
    return supply


def rules(supply: Supply) -> list[tuple[int | None, str | None, str]]:
    return [(problem.row, problem.column, problem.rule) for problem in supply.problems]
