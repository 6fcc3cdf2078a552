"""The report of a run, for the people who run the match: what came in, how it linked, what was decided, what is gone.

Takes `RunFigures` and the control policy; gives one self-contained HTML page as bytes, charts as inline SVG with their
tables, no script, nothing loaded. Holds no person. It is for those who run the match, who hold the lists as well, but pages
get passed on: in an area's row a small count, and what would give it away, is withheld, and so is a small count by concern
or reading. Totals by route and criterion are exact, as are counts of rows, records, people and kinds of place. It is no
publication: changes since earlier months are not controlled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.disclosures.charts import bars
from matcher.disclosures.control import ALL, ControlPolicy, Relation, Released, grid, protect
from matcher.disclosures.inputs import RunFigures
from matcher.disclosures.published import WITHHELD, area_title, shown
from specs.load import AREAS

FILE = "report.html"
MARKING = "OFFICIAL"
ROUTES = {
    "automatic": "All three criteria",
    "discretion": "Local discretion",
    "qualifying": "All that qualify",
    "no": "Do not qualify",
    ALL: "All households",
}
PLACES = {
    "dwelling": "House or flat",
    "shared_house": "House in multiple occupation",
    "hostel": "Hostel or refuge",
    "institution": "Care home, prison or other institution",
    "unnumbered_flats": "Flats without numbers",
    "none": "No address",
}


@dataclass(frozen=True)
class Section:
    """A table of text cells with its chart (an SVG, or empty) and what to know of it."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chart: str = ""
    notes: tuple[str, ...] = ()
    last_is_sum: bool = False


def report(figures: RunFigures, policy: ControlPolicy | None = None) -> dict[str, bytes]:
    """`report.html`."""
    policy = policy or ControlPolicy()
    released = _controlled(figures, policy)
    accepted = [supply for supply in figures.supplies if supply.status == "accepted"]
    families = released.cells["routes", ALL, "qualifying"]
    headline = [
        ("supplies accepted", f"{len(accepted)} of {len(figures.supplies)}"),
        ("rows accepted", f"{sum(supply.rows_accepted for supply in accepted):,}"),
        ("people", f"{figures.persons:,}"),
        ("households", f"{figures.households:,}"),
        ("families that qualify", shown(families)),
        ("records deleted", f"{figures.records_deleted:,}"),
    ]
    environment = Environment(
        loader=PackageLoader("matcher.disclosures"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.tests["count_like"] = _count_like
    page = environment.get_template("report.html.j2").render(
        batch=figures.batch,
        marking=figures.batch.label(MARKING, people=False),
        framework=figures.framework,
        discretion=figures.policy,
        headline=headline,
        warnings=figures.warnings,
        sections=[
            _supplies(figures),
            _linkage(figures),
            *([_name_forms(figures, policy)] if ALL in figures.name_forms else []),
            _households(figures),
            _places(figures),
            _routes(figures, released, policy),
            _criteria(figures, released),
            _concerns(figures, policy),
            _readings(figures, policy),
            _deleted(figures),
            _seconds(figures),
            _outputs(figures),
        ],
        control=policy,
    )
    return {FILE: page.encode("utf-8")}


def _controlled(figures: RunFigures, policy: ControlPolicy) -> Released:
    """Households by area and route, and by area and criterion, protected together; the totals are shown in any case."""
    areas = {ALL: tuple(dict.fromkeys([*AREAS, *(area for area, _ in figures.routes)]))}
    criteria = tuple(sorted({name for _, name in figures.criteria}))
    routes = {ALL: ("qualifying", "no"), "qualifying": ("automatic", "discretion")}
    counts = grid("routes", [areas, routes], dict(figures.routes.items()))
    counts |= grid("criteria", [areas, {"": criteria}], dict(figures.criteria.items()))
    known = []
    for area in (ALL, *areas[ALL]):
        for name in criteria:
            met = ("criteria", area, name)
            known.append(Relation(((met, 1), (("routes", area, ALL), -1)), at_most=True))
            known.append(Relation(((("routes", area, "automatic"), 1), (met, -1)), at_most=True))
    totals = [cell for cell in counts.cells if cell[1] == ALL]
    return protect(counts.knowing(known), policy, always=totals)


def _supplies(figures: RunFigures) -> Section:
    names = [f"{s.dataset}.{s.supplier}" if s.supplier else s.dataset for s in figures.supplies]
    rows = [
        (
            name,
            s.partner,
            s.status,
            *(f"{n:,}" for n in (s.rows_in, s.rows_accepted, s.rows_rejected, s.problems, s.beyond)),
        )
        for name, s in zip(names, figures.supplies, strict=True)
    ]
    chart = bars(
        names,
        {
            "accepted": [s.rows_accepted for s in figures.supplies],
            "rejected": [s.rows_rejected for s in figures.supplies],
        },
        what="Rows of each supply, accepted and rejected",
    )
    heads = ("Supply", "Partner", "Status", "Rows in", "Accepted", "Rejected", "Problems", "More than agreed")
    note = "Each partner's own page says which rows and columns, and what to mend."
    return Section("What came in", heads, tuple(rows), chart, (note,))


def _linkage(figures: RunFigures) -> Section:
    histogram = _buckets(figures.persons_by_records, 6)
    alone = figures.persons_by_records.get(1, 0)
    share = f"{100 * alone / figures.persons:.1f} %" if figures.persons else "none"
    notes = (
        f"{figures.records:,} records compared in {figures.candidate_pairs:,} candidate pairs make {figures.persons:,} people.",
        f"People known by one record alone: {alone:,} ({share}). Links that a person could decide: {figures.uncertain:,}.",
    )
    rows = tuple((name, f"{count:,}") for name, count in histogram.items())
    chart = bars(list(histogram), {"people": list(histogram.values())}, what="People by number of records")
    return Section("How well it linked", ("Records of a person", "People"), rows, chart, notes)


def _name_forms(figures: RunFigures, policy: ControlPolicy) -> Section:
    """Shares of records by form of the name; a share is withheld where its count, or what is left of the whole, is small."""
    every = figures.name_forms[ALL]
    rows: list[tuple[str, ...]] = []
    drawn: dict[str, float | None] = {}
    for form, counts in figures.name_forms.items():
        title = _capital("all records" if form == ALL else form)
        shares = [_share(counts[0], counts[at], every[0], every[at], policy) for at in (1, 2)]
        told = None not in [whole for whole, _ in shares]
        cells = (
            "none" if not counts[0] else WITHHELD if share is None else f"{100 * share:.1f} %" for _, share in shares
        )
        rows.append((title, f"{counts[0]:,}" if told else WITHHELD, *cells))
        if counts[0]:
            drawn[title] = shares[0][1] if told else None
    chart = bars(
        list(drawn),
        {"share": [None if share is None else 100 * share for share in drawn.values()]},
        what="Share of records that were linked to another supply, by form of the name, in per cent",
        decimals=1,
    )
    notes = (
        "Whether people with some names are matched worse than others. Linked less often, or in doubt more often, may mean that; "
        "it may as well mean that fewer services know these people. Only data with known truth tells which: see matcher evaluate.",
    )
    heads = ("Form of the name", "Records", "Linked to another supply", "In a link that a person could decide")
    return Section("Forms of names", heads, tuple(rows), chart, notes)


def _share(has: int, part: int, every: int, all_parts: int, policy: ControlPolicy) -> tuple[int | None, float | None]:
    """How many have the form, and which share of them `part` is, beside the same of all records; None where withheld."""
    if has == every:
        return has, part / has if has else None
    leaves: dict[tuple[str, ...], int] = {("has", "yes"): part, ("has", "no"): has - part}
    leaves |= {("not", "yes"): all_parts - part, ("not", "no"): every - has - all_parts + part}
    counts = grid("form", [{ALL: ("has", "not")}, {ALL: ("yes", "no")}], leaves)
    totals = [cell for cell in counts.cells if cell[1] == ALL]
    released = protect(counts, policy, always=totals)
    whole, told = released.cells["form", "has", ALL], released.cells["form", "has", "yes"]
    return whole, None if not whole or told is None else told / whole


def _households(figures: RunFigures) -> Section:
    histogram = _buckets(figures.households_by_people, 8)
    rows = tuple((name, f"{count:,}") for name, count in histogram.items())
    chart = bars(list(histogram), {"households": list(histogram.values())}, what="Households by number of people")
    return Section("Households", ("People in the household", "Households"), rows, chart)


def _places(figures: RunFigures) -> Section:
    named = {PLACES.get(place, place): count for place, count in sorted(figures.places.items(), key=lambda p: -p[1])}
    rows = tuple((name, f"{count:,}") for name, count in named.items())
    chart = bars(list(named), {"households": list(named.values())}, what="Households by kind of place")
    return Section("Kinds of place", ("Place", "Households"), rows, chart)


def _routes(figures: RunFigures, released: Released, policy: ControlPolicy) -> Section:
    areas = [cell[1] for cell in released.cells if cell[0] == "routes" and cell[2] == "no" and cell[1] != ALL]
    rows = tuple(
        (area_title(area), *(shown(released.cells["routes", area, route]) for route in ROUTES))
        for area in (*areas, ALL)
    )
    chart = bars(
        [area_title(area) for area in areas],
        {"families": [released.cells["routes", area, "qualifying"] for area in areas]},
        what="Families that qualify, by area",
    )
    short = few(figures.one_short_not_assessable, policy)
    notes = (
        f"One criterion short because something was not assessable: {short} households. They do not qualify and are deleted.",
    )
    return Section("Decisions", ("Area", *ROUTES.values()), rows, chart, notes, last_is_sum=True)


def _criteria(figures: RunFigures, released: Released) -> Section:
    areas = [cell[1] for cell in released.cells if cell[0] == "routes" and cell[2] == "no" and cell[1] != ALL]
    names = sorted({cell[2] for cell in released.cells if cell[0] == "criteria"})
    rows = tuple(
        (area_title(area), *(shown(released.cells["criteria", area, name]) for name in names)) for area in (*areas, ALL)
    )
    titles = [_capital(figures.batch.title(name)) for name in names]
    chart = bars(
        titles,
        {"households": [released.cells["criteria", ALL, name] for name in names]},
        what="Households that meet each criterion",
    )
    note = "Households that meet the criterion, whether or not they qualify."
    return Section("Criteria", ("Area", *titles), rows, chart, (note,), last_is_sum=True)


def _concerns(figures: RunFigures, policy: ControlPolicy) -> Section:
    ranked = sorted(figures.concerns.items(), key=lambda pair: (-pair[1], pair[0]))
    named = {_capital(figures.batch.title(name)): count for name, count in ranked}
    rows = tuple((name, few(count, policy)) for name, count in named.items())
    chart = bars(
        list(named),
        {"families": [None if _is_few(count, policy) else count for count in named.values()]},
        what="Causes for concern of the families that qualify",
        withheld=f"under {policy.smallest_count}",
    )
    note = f"Local discretion: {figures.policy}."
    return Section("Causes for concern", ("Cause for concern", "Families that qualify"), rows, chart, (note,))


def _readings(figures: RunFigures, policy: ControlPolicy) -> Section:
    rows = tuple((reading.sentence, reading.citation, few(reading.households, policy)) for reading in figures.readings)
    note = "Where the rules leave a question open, this is how they were read, and how many households rest on it."
    return Section("Readings in force", ("Reading", "Where the question arises", "Households"), rows, notes=(note,))


def _deleted(figures: RunFigures) -> Section:
    rows = (
        ("Records kept: families that qualify", f"{figures.records_kept:,}"),
        ("Records deleted: everybody else", f"{figures.records_deleted:,}"),
        ("Received files destroyed", f"{figures.files_destroyed:,}"),
    )
    note = "The deletion certificate lists the files with their digests and what was searched for afterwards."
    return Section("What was deleted", ("", "Number"), rows, notes=(note,))


def _seconds(figures: RunFigures) -> Section:
    named = {_capital(stage.replace("_", " ")): seconds for stage, seconds in figures.seconds.items()}
    rows = tuple((stage, f"{seconds:.1f}") for stage, seconds in named.items())
    rows += (("All", f"{sum(named.values()):.1f}"),)
    chart = bars(list(named), {"seconds": list(named.values())}, what="Seconds of each stage", decimals=1)
    note = f"Most memory in use: {figures.peak_rss_mb:,.0f} MB."
    return Section("How long it took", ("Stage", "Seconds"), rows, chart, (note,), last_is_sum=True)


def _outputs(figures: RunFigures) -> Section:
    rows = tuple((path, what) for path, what in figures.outputs.items())
    note = "Paths are within the workspace. Workbooks that name people open with their recipient's password only."
    return Section("Where the outputs lie", ("File", "What it is"), rows, notes=(note,))


def few(count: int, policy: ControlPolicy) -> str:
    """A count about decisions for readers: a small one is told as such."""
    return f"under {policy.smallest_count}" if _is_few(count, policy) else f"{count:,}"


def _is_few(count: int, policy: ControlPolicy) -> bool:
    return 0 < count < policy.smallest_count


def _buckets(histogram: Mapping[int, int], last: int) -> dict[str, int]:
    """Counts by number 1 to `last`, the last one holding all above it."""
    found = {str(number) if number < last else f"{last} or more": 0 for number in range(1, last + 1)}
    for number, count in histogram.items():
        found[str(number) if number < last else f"{last} or more"] += count
    return found


def _count_like(cell: str) -> bool:
    """Whether a cell is set to the right: a number, or what stands in its place."""
    number = cell.replace(",", "").replace(".", "", 1).removesuffix(" %")
    return number.isdigit() or cell == WITHHELD or cell.startswith("under ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
