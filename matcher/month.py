"""The monthly match, in memory: one call a stage, nothing else.

Takes checked supplies and the rules of the month; gives every stage's table. Writes nothing, deletes nothing, asks nobody: the
run around it (`matcher/runs`) does that. Refuses only what a stage refuses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from criteria.decisions import Decided, decide
from criteria.framework import Framework
from criteria.policy import DiscretionPolicy
from matcher.canaries import part
from matcher.extracts import Intake
from matcher.facts import area_codes, facts, flows_of, people, unsupplied, usable
from matcher.households import Placed, place
from matcher.pairs import LinkageModel, TrainedModel, score_pairs
from matcher.pairs.score import Basis
from matcher.persons import Clustered, Thresholds, cluster
from matcher.progress import Stages
from matcher.records import Built, build
from matcher.tables import MonthTables, record_households, record_persons
from specs.load import ExtractSpec
from specs.tables import (
    EVIDENCE,
    FACTS,
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    LINKS,
    MEMBERS,
    PAIRS,
    PEOPLE,
    PERSONS,
    RECORDS,
    check,
)


@dataclass(frozen=True)
class Rules:
    """What decides a month: specifications, linkage, framework, local policy, and whose data may be used for whom."""

    specs: Mapping[str, ExtractSpec]
    model: LinkageModel
    thresholds: Thresholds
    framework: Framework
    policy: DiscretionPolicy
    joint_match: bool = True
    expected: tuple[str, ...] = ()
    areas: pa.Table | None = None
    engine: str = "in_process"

    @property
    def trust(self) -> dict[str, int]:
        """Data set -> how far its dates of birth and names are trusted, 0 to 100."""
        return {dataset: spec.trust for dataset, spec in self.specs.items()}

    @property
    def address_trust(self) -> dict[str, int]:
        """Data set -> how far its addresses are trusted, 0 to 100."""
        return {dataset: spec.address_trust for dataset, spec in self.specs.items()}


@dataclass(frozen=True)
class Month:
    """A match: every stage's table, and what the stages say besides."""

    as_at: dt.date
    intake: Intake
    tables: MonthTables
    gazetteer: pa.Table
    trained: TrainedModel
    candidate_pairs: int
    statistics: Mapping[str, int]  # of the decisions: how many households rest on each reading
    beyond: Mapping[tuple[str, str], Mapping[str, int]]  # (dataset, supplier) -> more than agreed, seen at the evidence
    unsupplied: frozenset[tuple[str, str]]
    warnings: tuple[str, ...] = field(default=())
    canaries: MonthTables | None = (
        None  # the made-up people among the rows, matched beside the real ones; counted nowhere
    )
    canary_places: pa.Table | None = None
    basis: Basis | None = None  # what explains a pair; None of an engine that leaves nothing


def supplier_areas(records: pa.Table, specs: Mapping[str, ExtractSpec]) -> dict[tuple[str, str], str]:
    """(dataset, supplier) -> the area that its flow names: the last resort for a household's area."""
    return {(s.dataset, s.supplier): s.flow.area for s in flows_of(records, specs) if s.flow.area is not None}


def decide_month(
    built: Built,
    clustered: Clustered,
    placed: Placed,
    rules: Rules,
    as_at: dt.date,
    missing: frozenset[tuple[str, str]],
) -> tuple[pa.Table, pa.Table, Decided]:
    """What the framework and the local policy say of the households: PEOPLE, FACTS and the decisions."""
    person_of = record_persons(built.records, clustered.members)
    household_of = record_households(built.records, clustered.members, placed.household_members, placed.dwelling_rows)
    household_area = area_codes(placed.households)[household_of]
    allowed = usable(built.records, household_area, rules.specs, joint_match=rules.joint_match)
    known = check(people(clustered.persons, placed.household_members, built.evidence, person_of), PEOPLE)
    found = check(facts(built.evidence, person_of, household_of, allowed), FACTS)
    areas = placed.households.select(["household_id", "area"])
    decided = decide(known, found, areas, rules.framework, rules.policy, as_at, unsupplied=missing)
    return known, found, decided


def tables_of(
    built: Built,
    pairs: pa.Table,
    clustered: Clustered,
    placed: Placed,
    known: pa.Table,
    found: pa.Table,
    decided: Decided,
    links: pa.Table | None = None,
) -> MonthTables:
    """All tables of a match, checked together."""
    return MonthTables.from_dict(
        {
            "records": built.records, "evidence": built.evidence, "pairs": pairs, "members": clustered.members,
            "persons": clustered.persons, "uncertain": clustered.uncertain, "links": LINKS.empty() if links is None else links,
            "household_members": placed.household_members,
            "households": placed.households, "dwelling_rows": placed.dwelling_rows, "people": known, "facts": found,
            "findings": decided.findings, "support": decided.support, "decisions": decided.decisions,
        }
    )  # fmt: skip


def place_and_decide(
    built: Built,
    pairs: pa.Table,
    rules: Rules,
    as_at: dt.date,
    missing: frozenset[tuple[str, str]],
    answers: Mapping[tuple[int, int], bool] | None = None,
) -> MonthTables:
    """Persons, households and decisions of records that stand by themselves. `answers`: forced links, as in `cluster`."""
    clustered = cluster(built.records, pairs, thresholds=rules.thresholds, trust=rules.trust, answers=answers)
    placed = place(
        built.records, clustered.members, clustered.persons, built.gazetteer, as_at,
        trust=rules.address_trust, areas=rules.areas,
        supplier_areas=supplier_areas(built.records, rules.specs),
    )  # fmt: skip
    known, found, decided = decide_month(built, clustered, placed, rules, as_at, missing)
    return tables_of(built, pairs, clustered, placed, known, found, decided)


def match(
    intake: Intake, rules: Rules, as_at: dt.date, *, known: pa.Table | None = None, stages: Stages | None = None
) -> Month:
    """Match one month's accepted supplies. `known`: records of families already on the programme (RECORDS-shaped)."""
    stages = stages or Stages(show=False)
    accepted = [supply for supply in intake.supplies if supply.status == "accepted"]
    with stages.stage("records", "Reading names and addresses"):
        built, canaries = part(build(accepted, rules.specs, as_at, known=known), accepted, rules.specs)
        check(built.records, RECORDS)
        check(built.evidence, EVIDENCE, records=built.records)
    with stages.stage("pairs", "Comparing records") as stage:
        scored = score_pairs(
            built.records, rules.model, engine=rules.engine, stage=stage, explain=True, link=rules.thresholds.link
        )
        check(scored.pairs, PAIRS)
    with stages.stage("persons", "Finding people"):
        clustered = cluster(built.records, scored.pairs, thresholds=rules.thresholds, trust=rules.trust)
        check(clustered.persons, PERSONS)
        check(clustered.members, MEMBERS, records=built.records, persons=clustered.persons)
    with stages.stage("households", "Finding households") as stage:
        placed = place(
            built.records, clustered.members, clustered.persons, built.gazetteer, as_at,
            trust=rules.address_trust,
            areas=rules.areas, supplier_areas=supplier_areas(built.records, rules.specs), stage=stage,
        )  # fmt: skip
        check(placed.households, HOUSEHOLDS)
        check(placed.household_members, HOUSEHOLD_MEMBERS, households=placed.households)
    with stages.stage("decisions", "Applying the criteria"):
        supplied = {(supply.dataset, supply.supplier) for supply in accepted}
        missing = unsupplied(supplied, rules.expected, rules.specs)
        known_people, found, decided = decide_month(built, clustered, placed, rules, as_at, missing)
        tables = tables_of(built, scored.pairs, clustered, placed, known_people, found, decided)
    followed = None
    if canaries is not None:
        with stages.stage("canaries", "Following the made-up people"):
            followed = place_and_decide(canaries, PAIRS.empty(), rules, as_at, missing)
    return Month(
        as_at, intake, tables, built.gazetteer, scored.trained, scored.candidate_pairs, decided.statistics, built.beyond, missing,
        warnings=(*intake.warnings, *scored.warnings, *placed.warnings),
        canaries=followed, canary_places=canaries.gazetteer if canaries else None, basis=scored.basis,
    )  # fmt: skip
