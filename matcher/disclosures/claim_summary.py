"""The claim summary for finance: counts and money of each programme, exact, as JSON, CSV and XLSX.

Takes `ClaimFigures`; gives bytes by relative path. Refuses money or counts that are not whole and negative ones. Holds no
person and no family id, and claims nothing that is not recorded: a claim needs an attachment, an intervention and internal
audit's signature, and where there are none it says so with zeros. Exact figures, so not for publication (agreement, 4.3.3).
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from matcher.disclosures.family_lists import AREA_TITLES
from matcher.disclosures.inputs import AreaClaim, ClaimFigures
from matcher.disclosures.workbooks import Cell, Sheet, guarded, plain_workbook

MARKING = "OFFICIAL"
FOLDER = "finance/claim_summary"


def claim_summary(figures: ClaimFigures) -> dict[str, bytes]:
    """`finance/claim_summary.json`, `.csv` and `.xlsx`. Money is in integer pence (columns *_pence)."""
    for claim in figures.areas:
        amounts = (claim.automatic, claim.discretion, claim.attached, claim.claimed, *claim.results.values())
        if any(type(amount) is not int or amount < 0 for amount in amounts):
            raise ValueError("counts and pence are whole numbers, 0 or more")
    summary = as_dict(figures)
    table = [[row["area"], *(_flat(row).values())] for row in [*summary["areas"], summary["total"]]]
    columns = ["area", *_flat(summary["total"])]
    return {
        f"{FOLDER}.json": (json.dumps(summary, ensure_ascii=False, indent=2) + "\n").encode("utf-8"),
        f"{FOLDER}.csv": _csv(columns, table),
        f"{FOLDER}.xlsx": _workbook(figures, summary, columns, table),
    }


def as_dict(figures: ClaimFigures) -> dict[str, Any]:
    """The summary as one JSON object."""
    batch, rate = figures.batch, figures.rate
    total = AreaClaim(
        "total",
        automatic=sum(claim.automatic for claim in figures.areas),
        discretion=sum(claim.discretion for claim in figures.areas),
        attached=sum(claim.attached for claim in figures.areas),
        results={name: sum(c.results.get(name, 0) for c in figures.areas) for name in _result_names(figures)},
        claimed=sum(claim.claimed for claim in figures.areas),
    )
    return {
        "batch": batch.id,
        "as_at": batch.as_at.isoformat(),
        "made_up_data": batch.made_up,
        "marking": batch.label(MARKING, people=False),
        "controller": batch.controller,
        "framework": figures.framework,
        "financial_year": rate.financial_year if rate else None,
        "rates": None
        if rate is None
        else {
            "document": rate.document,
            "confirmed": rate.confirmed,
            "family_cap_pence": rate.cap,
            "fees": [
                {"id": fee.id, "title": fee.title, "pence": fee.pence, "percent": fee.percent, "derived": fee.derived}
                for fee in rate.fees
            ],
        },
        "areas": [_row(claim, figures) for claim in figures.areas],
        "total": _row(total, figures),
        "statement": statements(figures),
    }


def statements(figures: ClaimFigures) -> list[str]:
    """What a reader must know of these figures."""
    lines = [f"Framework: {figures.framework}."]
    if figures.rate is None:
        lines.append(
            "The framework has no rates for the financial year of the batch date: nothing can be claimed by it."
        )
    else:
        lines.append(
            f"Rates of the financial year {figures.rate.financial_year}; a family's rate is that of its attachment."
        )
        if not figures.rate.confirmed:
            lines.append(
                f"The rates come from accounts of the document ({figures.rate.document}): confirm them before a claim."
            )
        if any(fee.derived for fee in figures.rate.fees):
            lines.append("Rates marked as derived are worked out from the other years, not stated in the document.")
    if not any(claim.attached for claim in figures.areas):
        lines.append("No family is recorded as attached to a key worker, so no fee and no result is claimed.")
    if any(claim.claimed for claim in figures.areas):
        lines.append("Claimed: what internal audit has signed, and nothing else.")
    return [*lines, "Exact counts and money, no person. Not for publication: small counts are not withheld here."]


def pounds(pence: int) -> str:
    """Pence as pounds, exact: 240000 is 2,400.00."""
    return f"{pence // 100:,}.{pence % 100:02d}"


def _result_names(figures: ClaimFigures) -> list[str]:
    known = [fee.id for fee in figures.rate.fees if fee.id != "attachment"] if figures.rate else []
    recorded = [name for claim in figures.areas for name in claim.results]
    return list(dict.fromkeys([*known, *sorted(recorded)]))


def _row(claim: AreaClaim, figures: ClaimFigures) -> dict[str, Any]:
    return {
        "area": claim.area,
        "identified": {
            "automatic": claim.automatic,
            "discretion": claim.discretion,
            "all": claim.automatic + claim.discretion,
        },
        "attached": claim.attached,
        "results": {name: claim.results.get(name, 0) for name in _result_names(figures)},
        "claimed_pence": claim.claimed,
    }


def _flat(row: dict[str, Any]) -> dict[str, int]:
    """The numbers of a row under one heading each."""
    return {
        **{f"identified_{name}": count for name, count in row["identified"].items()},
        "attached": row["attached"],
        **{f"results_{name}": count for name, count in row["results"].items()},
        "claimed_pence": row["claimed_pence"],
    }


def _csv(columns: list[str], table: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([columns, *([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in table)])
    return text.getvalue().encode("utf-8-sig")  # with a mark, so that Excel takes it for UTF-8


def _workbook(figures: ClaimFigures, summary: dict[str, Any], columns: list[str], table: list[list[Any]]) -> bytes:
    notes = (f"As at {figures.batch.as_at:%d/%m/%Y}, batch {figures.batch.id}.", *summary["statement"])
    heads = [name.replace("_", " ").capitalize() for name in columns]
    rows: list[list[Cell]] = [[AREA_TITLES.get(row[0], row[0].capitalize()), *row[1:]] for row in table]
    sheets = [Sheet("Families and money", heads, rows, notes)]
    if figures.rate:
        rates: list[list[Cell]] = [
            [fee.title, fee.pence, pounds(fee.pence), fee.percent, fee.derived] for fee in figures.rate.fees
        ]
        rates.append(["Most that one family earns in all", figures.rate.cap, pounds(figures.rate.cap), None, None])
        columns = ["Payment", "Pence", "Pounds", "Per cent of a place", "Derived"]
        sheets.append(Sheet(f"Rates {figures.rate.financial_year}", columns, rates, (figures.rate.document,)))
    return plain_workbook(sheets, figures.batch.label(MARKING, people=False), "Claim summary")
