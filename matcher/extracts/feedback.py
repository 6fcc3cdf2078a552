"""What each partner is told of its own supplies. Takes an intake, gives one JSON-able object and one page a partner.

Counts, rows, columns and rules only: never a value, a reference or a header that the specification does not list. A
file is named by its digest too, so that the partner finds the very one.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from typing import Any

import jinja2

from matcher.extracts.rules import ROW_REJECTED
from matcher.extracts.supplies import Intake, Problem, Supply
from specs.load import ExtractSpec
from specs.tables import EVIDENCE_KINDS

MOST_LISTED = 200
"""Problems that a page lists one by one for a supply; the JSON holds all."""
_FIRST_ROWS = 5


def feedback(
    intake: Intake,
    specs: Mapping[str, ExtractSpec],
    as_at: dt.date,
    matched: Mapping[tuple[str, str], float] | None = None,
) -> dict[str, dict[str, Any]]:
    """Partner id -> what to tell it. `matched`: (dataset, supplier) -> share of its rows that met another supply's."""
    partners: dict[str, dict[str, Any]] = {}
    for supply in intake.supplies:
        spec = specs[supply.dataset]
        flow = spec.flow_for(supply.supplier)
        partner = partners.setdefault(
            flow.partner,
            {"partner": flow.partner, "owner": flow.owner, "as_at": as_at.isoformat(), "supplies": []},
        )
        share = (matched or {}).get((supply.dataset, supply.supplier))
        partner["supplies"].append(_supply(supply, spec, share))
    return dict(sorted(partners.items()))


def problems_by_rule(supply: Supply) -> list[dict[str, Any]]:
    """Each broken rule with its column, how often, and the first rows: whole-file rules first, then the commonest."""
    groups: dict[tuple[str, str | None], list[Problem]] = {}
    for problem in supply.problems:
        of_rows = problem.row is not None or problem.more
        groups.setdefault((problem.rule if of_rows else problem.message, problem.column), []).append(problem)
    told = []
    for (_, column), problems in groups.items():
        rows = [problem.row for problem in problems if problem.row is not None]
        message = problems[0].message
        told.append(
            {
                "rule": problems[0].rule,
                "column": column,
                "message": message.split(": ", 1)[1] if rows else message,
                "count": sum(problem.more or 1 for problem in problems),
                "rows": rows[:_FIRST_ROWS],
                "rejects_row": problems[0].rule in ROW_REJECTED,
            }
        )
    return sorted(told, key=lambda one: (bool(one["rows"]), not one["rejects_row"], -one["count"]))


def supply_summary(supply: Supply) -> dict[str, Any]:
    """A supply as `check --json` and `run --json` show it."""
    return {
        "dataset": supply.dataset,
        "supplier": supply.supplier,
        "file": supply.file,
        "digest": supply.digest,
        "status": supply.status,
        "rows_in": supply.rows_in,
        "rows_accepted": supply.rows_accepted,
        "rows_rejected": supply.rows_rejected,
        "duplicates": supply.duplicates,
        "more_than_agreed": dict(supply.beyond),
        "problems": [
            {"row": problem.row, "column": problem.column, "rule": problem.rule, "message": problem.message}
            for problem in supply.problems
        ],
    }


def _supply(supply: Supply, spec: ExtractSpec, matched: float | None) -> dict[str, Any]:
    columns = []
    for column in spec.column if supply.status == "accepted" else ():
        filled, valid = supply.completeness.get(column.id, (0, 0))
        columns.append(
            {
                "column": column.name,
                "required": column.required,
                "sent": column.id in supply.completeness,
                "filled": filled,
                "valid": valid,
                "filled_share": _share(filled, supply.rows_in),
                "valid_share": _share(valid, filled),
            }
        )
    return {
        **supply_summary(supply),
        "title": spec.title,
        "specification": spec.version,
        "row_is": spec.row_is,
        "size": supply.size,
        "columns": columns,
        "rules": problems_by_rule(supply),
        "not_assessable": [
            {"fact": EVIDENCE_KINDS[kind].split(". ")[0].rstrip("."), "kind": kind, "count": count}
            for kind, count in sorted(supply.undated.items())
        ],
        "matched_share": None if matched is None else round(matched, 4),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def feedback_files(told: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """File name -> content: `data_quality.<partner>.json` and `.html` for each partner of `feedback`."""
    files = {}
    for partner, content in told.items():
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        files[f"data_quality.{partner}.json"] = text.encode("utf-8")
        files[f"data_quality.{partner}.html"] = feedback_html(content).encode("utf-8")
    return files


def feedback_html(told: Mapping[str, Any]) -> str:
    """One partner's feedback as a page that needs no network and prints."""
    return _page().render(told=told, most=MOST_LISTED)


@functools.cache
def _page() -> jinja2.Template:
    """Read once: a month tells twenty partners."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("matcher.extracts", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: "" if share is None else f"{100 * share:.1f} %"
    return environment.get_template("feedback.html.j2")
