"""What a match came to, in counts: everything that outputs and messages need after the people are forgotten.

Takes a month; gives figures that hold no person, no reference and no value of an extract, so that they may lie in the
registry and in reports. They are what is left to finish a seal after a crash.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.evaluation.name_forms import linkage_by_form, name_forms
from matcher.extracts import Intake
from matcher.memory import peak_rss_mb
from matcher.month import Month, Rules
from matcher.tables import MonthTables
from specs.load import AREAS
from specs.tables import REGISTRY_DATASET

_TOLD = ["area", "clause", "status"]


@dataclass(frozen=True)
class Figures:
    """Counts of one match. `by_area`: area -> {"automatic", "discretion", "households"}; `criteria`: area -> criterion -> status -> n."""

    as_at: str
    supplies: list[dict[str, Any]]
    records: int
    candidate_pairs: int
    persons: int
    persons_by_records: dict[str, int]  # number of delivered records a person has -> persons
    households: int
    households_by_people: dict[str, int]
    uncertain: int  # links that a person could decide
    places: dict[str, int]
    by_area: dict[str, dict[str, int]]
    criteria: dict[str, dict[str, dict[str, int]]]
    concerns: dict[str, int]
    one_short_not_assessable: int
    statistics: dict[str, int]
    unsupplied: list[list[str]]
    warnings: list[str]
    name_forms: dict[str, dict[str, int]] = field(default_factory=dict)  # form -> records, linked, uncertain
    seconds: dict[str, float] = field(default_factory=dict)
    peak_rss_mb: float = 0.0
    framework: str = ""
    policy: str = ""

    @property
    def families(self) -> dict[str, int]:
        return {route: sum(area[route] for area in self.by_area.values()) for route in ("automatic", "discretion")}

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Figures:
        return cls(**value)


def supply_lines(intake: Intake, rules: Rules) -> list[dict[str, Any]]:
    """The supplies as `check --json` lists them, without their problems, with digest and partner."""
    return [
        {
            "dataset": supply.dataset,
            "supplier": supply.supplier,
            "partner": rules.specs[supply.dataset].flow_for(supply.supplier).partner,
            "file": supply.file,
            "digest": supply.digest,
            "status": supply.status,
            "rows_in": supply.rows_in,
            "rows_accepted": supply.rows_accepted,
            "rows_rejected": supply.rows_rejected,
        }
        for supply in intake.supplies
    ]


def decision_counts(tables: MonthTables) -> dict[str, Any]:
    """Families by area and route, criteria by area and status, concerns of the families, households one criterion short."""
    area_of = np.array(tables.households["area"].to_pylist() or ["other"], dtype=object)
    routes = tables.route_of()
    by_area = {area: {"automatic": 0, "discretion": 0, "households": 0} for area in AREAS}
    peopled = tables.households["people"].to_numpy() > 0
    for area, count in Counter(area_of[: len(peopled)][peopled]).items():
        by_area[area]["households"] = count
    for household in np.flatnonzero(routes != "no"):
        by_area[area_of[household]][routes[household]] += 1
    top = tables.findings.filter(pc.invert(pc.match_substring(tables.findings["clause"], ".")))
    told = pa.table([tables.households["area"].take(top["household_id"]), top["clause"], top["status"]], _TOLD)
    counted = told.group_by(_TOLD).aggregate([([], "count_all")]).sort_by([(name, "ascending") for name in _TOLD])
    criteria: dict[str, dict[str, dict[str, int]]] = {area: {} for area in AREAS}
    for row in counted.to_pylist():
        criteria[row["area"]].setdefault(row["clause"], {})[row["status"]] = row["count_all"]
    kept = tables.decisions.filter(pc.not_equal(tables.decisions["route"], "no"))
    concerns = Counter(pc.list_flatten(kept["concerns"]).to_pylist())
    short = int(pc.sum(tables.decisions["one_short_not_assessable"]).as_py() or 0)
    return {
        "by_area": by_area,
        "criteria": criteria,
        "concerns": dict(sorted(concerns.items())),
        "one_short_not_assessable": short,
    }


def delivered_rows(tables: MonthTables) -> np.ndarray:
    """Which records stand for a delivered row of this month (a joint name's second person and the registry's do not)."""
    records = tables.records
    first = records["part"].to_numpy() == 0
    return first & pc.not_equal(records["dataset"], REGISTRY_DATASET).to_numpy(zero_copy_only=False)


def _counted(sizes: np.ndarray) -> dict[str, int]:
    """How often each size occurs; text keys, since the figures are stored as JSON."""
    values, counts = np.unique(sizes, return_counts=True)
    return {str(value): int(count) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


def _name_forms(month: Month, rules: Rules, delivered: np.ndarray, person: np.ndarray) -> dict[str, dict[str, int]]:
    tables = month.tables
    accepted = [supply for supply in month.intake.supplies if supply.status == "accepted"]
    forms = name_forms(tables.records, accepted, rules.specs)
    return linkage_by_form(forms, tables.records, person, tables.uncertain, delivered)


def figures_of(month: Month, rules: Rules) -> Figures:
    """The figures of a match, before anybody is forgotten. Timings are added when they are known."""
    tables = month.tables
    delivered = delivered_rows(tables)
    person = tables.person_of()
    sizes = np.bincount(person[delivered & (person >= 0)])
    sizes = sizes[sizes > 0]
    places = Counter(tables.households["place"].to_pylist())
    people = tables.households["people"].to_numpy()
    return Figures(
        as_at=month.as_at.isoformat(),
        supplies=supply_lines(month.intake, rules),
        records=int(delivered.sum()),
        candidate_pairs=month.candidate_pairs,
        persons=len(sizes),
        persons_by_records=_counted(sizes),
        households=int((people > 0).sum()),
        households_by_people=_counted(people[people > 0]),
        uncertain=int(tables.uncertain.num_rows),
        places=dict(sorted(places.items())),
        statistics=dict(month.statistics),
        unsupplied=[list(pair) for pair in sorted(month.unsupplied)],
        name_forms=_name_forms(month, rules, delivered, person),
        warnings=[*month.warnings, *rules.framework.cautions(month.as_at)],
        peak_rss_mb=peak_rss_mb(),
        framework=rules.framework.name,
        policy=rules.policy.name,
        **decision_counts(tables),
    )
