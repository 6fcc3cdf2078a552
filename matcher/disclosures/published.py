"""The published summary: families by area, route and criterion, after disclosure control, as JSON and a page.

Takes `PublishedFigures`, the control policy and every summary published before; gives bytes by relative path. Refuses
earlier publications that it cannot read, since without them the difference between months would be unprotected. Holds
counts alone; a withheld count does not say whether it is small itself or only hides another (agreement, 4.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.disclosures.charts import bars
from matcher.disclosures.control import ALL, Cell, ControlPolicy, Counts, Relation, Released, grid, protect
from matcher.disclosures.family_lists import AREA_TITLES
from matcher.disclosures.inputs import PublishedFigures
from matcher.errors import UserError

FILES = ("published/summary.json", "published/summary.html")
ROUTES = ("automatic", "discretion")
MARKING = "OFFICIAL"
WITHHELD = "withheld"


def published(
    figures: PublishedFigures, policy: ControlPolicy, earlier: Sequence[bytes] = ()
) -> tuple[dict[str, bytes], Released]:
    """`published/summary.json` and `.html`, and what they release. `earlier`: every published summary.json before."""
    released = protect(counts_of(figures), policy, [read_published(content) for content in earlier])
    summary = as_dict(figures, policy, released)
    text = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
    return {FILES[0]: text.encode("utf-8"), FILES[1]: _page(figures, policy, summary)}, released


def read_published(content: bytes) -> Released:
    """What an earlier `published/summary.json` released. Raises UserError where it cannot be read."""
    try:
        return Released.from_json(json.loads(content)["release"])
    except (ValueError, KeyError, TypeError):
        raise UserError(
            "An earlier publication cannot be read",
            where=FILES[0],
            todo="put the file back as it was published; without it the difference between months is unprotected",
        ) from None


def counts_of(figures: PublishedFigures) -> Counts:
    """Families by area and route, and by area and criterion, with all that a reader knows to be true of them.

    A family of the first route meets every criterion and one of the second meets two of them, so the criteria's counts
    tell the routes' and the other way round: they are protected together. What a reader can subtract, the families that
    miss a criterion and those of the second route that meet it, is protected though not shown.
    """
    areas, criteria = {ALL: figures.areas}, figures.criterion_ids
    counts = grid("families", [areas, {ALL: ROUTES}], dict(figures.routes.items()))
    counts |= grid("criteria", [areas, {"": criteria}], dict(figures.criteria.items()))
    known = []
    for area in (ALL, *figures.areas):
        met: list[tuple[Cell, int]] = [(("criteria", area, name), 1) for name in criteria]
        automatic, discretion = (("families", area, route) for route in ROUTES)
        known.append(Relation((*met, (automatic, -len(criteria)), (discretion, 1 - len(criteria)))))
        for (_, _, criterion), _ in met:
            cell = ("criteria", area, criterion)
            counts = counts.less(("missed", area, criterion), ("families", area, ALL), cell)
            if (
                counts.cells[cell] >= counts.cells[automatic]
            ):  # not so in a rule set whose first route needs fewer criteria
                counts = counts.less(("second route", area, criterion), cell, automatic)
    return counts.knowing(known)


def as_dict(figures: PublishedFigures, policy: ControlPolicy, released: Released) -> dict[str, Any]:
    """The summary as one JSON object; null is a withheld count."""
    batch, cells = figures.batch, released.cells
    areas = (*figures.areas, ALL)
    return {
        "title": "Families identified",
        "as_at": batch.as_at.isoformat(),
        "made_up_data": batch.made_up,
        "marking": batch.label(MARKING, people=False),
        "publisher": batch.controller,
        "framework": figures.framework,
        "control": {"policy": policy.title, "source": policy.source, "smallest_count": policy.smallest_count},
        "families": {area: {name: cells["families", area, name] for name in (*ROUTES, ALL)} for area in areas},
        "criteria": {area: {name: cells["criteria", area, name] for name in figures.criterion_ids} for area in areas},
        "release": released.to_json(),
    }


def area_title(area: str) -> str:
    return "All areas" if area == ALL else AREA_TITLES.get(area, area)


def shown(count: int | None) -> str:
    return WITHHELD if count is None else f"{count:,}"


def _page(figures: PublishedFigures, policy: ControlPolicy, summary: dict[str, Any]) -> bytes:
    environment = Environment(
        loader=PackageLoader("matcher.disclosures"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    families: Mapping[str, Mapping[str, int | None]] = summary["families"]
    criteria: Mapping[str, Mapping[str, int | None]] = summary["criteria"]
    page = environment.get_template("published.html.j2").render(
        batch=figures.batch,
        marking=summary["marking"],
        framework=figures.framework,
        policy=policy,
        families=[(area_title(a), [shown(row[name]) for name in (*ROUTES, ALL)]) for a, row in families.items()],
        heads=[figures.batch.title(name) for name in figures.criterion_ids],
        criteria=[(area_title(a), [shown(count) for count in row.values()]) for a, row in criteria.items()],
        chart=bars(
            [area_title(area) for area in figures.areas],
            {"families": [families[area][ALL] for area in figures.areas]},
            what="Families identified by area; the table below holds the same figures",
        ),
    )
    return page.encode("utf-8")
