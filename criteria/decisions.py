"""Decides which households qualify. Takes PEOPLE, FACTS, areas, a framework and a policy; gives FINDINGS, SUPPORT, DECISIONS.

A criterion is met where any of its clauses is; not assessable where none is met and one is not assessable; a household
qualifies by the first route of the framework that it reaches. `not_assessable` counts as not met for qualifying
(agreement, Appendix D; the readings stand in the framework file). Nothing is refused but a policy that does not fit the
framework (SpecError).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pyarrow as pa

from criteria.book import NOBODY, Book, Mask, position
from criteria.calendar import Ints
from criteria.framework import Clause, Framework
from criteria.policy import CONCERN, DiscretionPolicy, PanelDecision
from criteria.predicates import (
    MET,
    NO_SCHOOL_DATA,
    NOT_ASSESSABLE,
    NOT_MET,
    NOT_SUPPLIED,
    SILENT,
    STATUS_NAMES,
    Outcome,
    evaluate,
    note_text,
)  # fmt: skip
from criteria.shapes import AnyTest
from specs.tables import DECISIONS, FINDINGS, SUPPORT

UNCLEAR = pa.schema(
    [
        pa.field("household_id", pa.int64(), nullable=False),
        pa.field("clause", pa.string(), nullable=False),
        pa.field("evidence_id", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""Facts that could not be assessed and why: what the partner's feedback and the reviewer need."""


@dataclass(frozen=True)
class Decided:
    """What was found and decided. `statistics`: counts by the keys that criteria/README.md lists."""

    findings: pa.Table
    support: pa.Table
    decisions: pa.Table
    statistics: dict[str, int]
    unclear: pa.Table


@dataclass(frozen=True)
class _Judged:
    """Statuses of every clause (rows: clauses) and criterion for every household, and the route each reaches."""

    clauses: tuple[Clause, ...]
    outcomes: tuple[Outcome, ...]
    criteria: tuple[str, ...]
    status: Ints  # criteria x households
    note: Ints
    concerns: Mask  # concerns x households, in the order of `clauses`
    reach: Ints  # position of the route, NOBODY for none
    one_short: Mask


class _Judge:
    """Evaluates each distinct test once, also over the alternatives of the readings."""

    def __init__(self, book: Book, areas: Sequence[str], unsupplied: frozenset[tuple[str, str]]) -> None:
        self.book = book
        self._unsupplied = unsupplied
        self._area = np.array(areas, dtype=object)
        self._outcomes: dict[AnyTest, Outcome] = {}

    def outcome(self, test: AnyTest) -> Outcome:
        if test not in self._outcomes:
            found = evaluate(self.book, test)
            missing = sorted({area for area, kind in self._unsupplied if kind in test.reads})
            unknown = np.isin(self._area, missing) & (found.status != MET)
            status = np.where(unknown, NOT_ASSESSABLE, found.status)
            note = np.where(unknown, NOT_SUPPLIED, found.note)
            self._outcomes[test] = Outcome(status, note, found.support, found.unclear, found.unclear_note)
        return self._outcomes[test]

    def judge(self, framework: Framework, clauses: tuple[Clause, ...]) -> _Judged:
        as_at, households = self.book.as_at, self.book.n_households
        outcomes = tuple(self.outcome(clause.test) for clause in clauses)
        criteria = tuple(criterion.id for criterion in framework.rules.criterion)
        status = np.full((len(criteria), households), NOT_MET, dtype=np.int64)
        note = np.zeros((len(criteria), households), dtype=np.int64)
        for clause, outcome in zip(clauses, outcomes, strict=True):
            if clause.group != CONCERN:
                row = criteria.index(clause.group)
                status[row] = np.maximum(status[row], outcome.status)
                unknown = np.where(outcome.status == NOT_ASSESSABLE, outcome.note, 0)
                note[row] = np.maximum(note[row], unknown)
        note = np.where(status == NOT_ASSESSABLE, note, 0)
        found = [
            outcome.status == MET for clause, outcome in zip(clauses, outcomes, strict=True) if clause.group == CONCERN
        ]
        concerns = np.array(found, dtype=bool).reshape(len(found), households)
        concerned = concerns.any(axis=0)
        allowed = np.ones(households, dtype=bool)
        if framework.must_contain_child:
            age = framework.number(framework.rules.household.adult_age, as_at)
            allowed[:] = False
            allowed[self.book.home[self.book.children(age)]] = True

        def reached(met: Mask) -> Ints:
            reach = np.full(households, NOBODY, dtype=np.int64)
            for number, route in reversed(list(enumerate(framework.rules.route))):
                counted = met[[criteria.index(criterion) for criterion in route.criteria]].sum(axis=0)
                holds = allowed & (counted >= framework.number(route.at_least, as_at))
                reach[holds & concerned if route.needs_concern else holds] = number
            return reach

        met = status == MET
        reach = reached(met)
        one_short = np.zeros(households, dtype=bool)
        for row in range(len(criteria)):
            with_it = met.copy()
            with_it[row] |= status[row] == NOT_ASSESSABLE
            one_short |= (reach == NOBODY) & (reached(with_it) != NOBODY)
        return _Judged(clauses, outcomes, criteria, status, note, concerns, reach, one_short)


def decide(
    people: pa.Table,
    facts: pa.Table,
    areas: pa.Table,
    framework: Framework,
    policy: DiscretionPolicy,
    as_at: date,
    *,
    unsupplied: frozenset[tuple[str, str]] = frozenset(),
    panel: Sequence[PanelDecision] = (),
) -> Decided:
    """Decide every household of `areas` (household_id, area) at `as_at`.

    `people` and `facts` are PEOPLE and FACTS. `unsupplied` holds (area, evidence kind) pairs that no supply gave: what
    rests on them is not assessable in that area. `panel` overrides the policy for its households. Raises SpecError where
    the policy refers to something that the framework does not hold.
    """
    given = np.asarray(areas["household_id"].combine_chunks().to_numpy()).astype(np.int64)
    households, first = np.unique(given, return_index=True)
    names = areas["area"].to_pylist()
    area = [names[row] for row in first]
    book = Book.of(people, facts, households, as_at, frozenset(framework.rules.terms.kinds))
    judge = _Judge(book, area, unsupplied)
    judged = judge.judge(framework, (*framework.clauses(as_at), *policy.concerns(framework, as_at)))
    routes, verdicts = _routes(judged, framework, policy, book, area, panel)
    spoke = _spoke(book, judged)
    statistics = _statistics(judged, routes, verdicts)
    statistics |= _resting(judge, judged, framework)
    return Decided(
        _findings(book, judged, spoke), _support(book, judged), _decisions(judged, routes, given, book),
        statistics, _unclear(book, judged),
    )  # fmt: skip


def _routes(
    judged: _Judged, framework: Framework, policy: DiscretionPolicy, book: Book, area: Sequence[str],
    panel: Sequence[PanelDecision],
) -> tuple[Ints, Mapping[str, int]]:  # fmt: skip
    """The route of each household after panel, approval and caps (NOBODY: none), and what they turned down."""
    route = judged.reach.copy()
    by_choice = [number for number, entry in enumerate(framework.rules.route) if entry.needs_concern]
    eligible = np.isin(route, by_choice)
    approved = np.zeros(len(route), dtype=bool)
    declined = np.zeros(len(route), dtype=bool)
    idle = 0
    for decision in panel:
        at = int(position(np.array([decision.household_id]), book.household_ids)[0])
        if at == NOBODY or not eligible[at]:
            idle += 1
            continue
        approved[at], declined[at] = decision.approve, not decision.approve
    refused = eligible & ~approved & ~declined if not policy.automatic_approval else np.zeros(len(route), dtype=bool)
    beyond = np.zeros(len(route), dtype=bool)
    weights = policy.weights()
    weight = np.zeros(len(route), dtype=np.int64)
    named = [clause.id for clause in judged.clauses if clause.group == CONCERN]
    for row, name in enumerate(named):
        weight += judged.concerns[row] * weights[name]
    where = np.array(area, dtype=object)
    for name, cap in policy.rules.cap.items():
        waiting = np.flatnonzero((where == name) & eligible & ~approved & ~declined & ~refused)
        left = max(0, cap - int((approved & (where == name)).sum()))
        ranked = waiting[np.lexsort((book.household_ids[waiting], -weight[waiting]))]
        beyond[ranked[left:]] = True
    route[declined | refused | beyond] = NOBODY
    return route, {
        "declined_by_policy": int(refused.sum()), "declined_by_panel": int(declined.sum()),
        "declined_by_cap": int(beyond.sum()), "panel_decisions_without_effect": idle,
    }  # fmt: skip


def _statistics(judged: _Judged, routes: Ints, verdicts: Mapping[str, int]) -> dict[str, int]:
    met = (judged.status == MET).sum(axis=0)
    counts = {
        "households": len(routes),
        "automatic": int((routes == 0).sum()),
        "discretion": int((routes > 0).sum()),
        "one_short_not_assessable": int(judged.one_short.sum()),
        **verdicts,
    }
    counts |= {f"criteria_met.{number}": int((met == number).sum()) for number in range(len(judged.criteria) + 1)}
    for row, criterion in enumerate(judged.criteria):
        for status in (MET, NOT_ASSESSABLE):
            counts[f"{criterion}.{STATUS_NAMES[status]}"] = int((judged.status[row] == status).sum())
    for clause, outcome in zip(judged.clauses, judged.outcomes, strict=True):
        counts[f"{clause.id}.met"] = int((outcome.status == MET).sum())
        counts[f"{clause.id}.unclear_facts"] = len(outcome.unclear)
    return counts


def _resting(judge: _Judge, judged: _Judged, framework: Framework) -> dict[str, int]:
    """For each reading: how many households reach another route, or none, under another of its options."""
    counts: dict[str, int] = {}
    anyhow = np.zeros(judge.book.n_households, dtype=bool)
    as_at = judge.book.as_at
    of_household = framework.rules.household.must_contain_child
    for name, reading in framework.rules.reading.items():
        if of_household != f"reading:{name}" and not any(name in clause.readings for clause in judged.clauses):
            continue
        resting = np.zeros(judge.book.n_households, dtype=bool)
        for option in reading.option:
            if option != framework.option_name(name):
                other = framework.with_readings({name: option})
                clauses = tuple(
                    other.retested(clause, as_at) if name in clause.readings else clause for clause in judged.clauses
                )
                resting |= judge.judge(other, clauses).reach != judged.reach
        counts[f"resting.{name}"] = int(resting.sum())
        anyhow |= resting
    return counts | {"resting.any": int(anyhow.sum())}


def _spoke(book: Book, judged: _Judged) -> Mask:
    """Clauses x households: whether the household has a fact that the clause reads."""
    spoke = np.zeros((len(judged.clauses), book.n_households), dtype=bool)
    for row, clause in enumerate(judged.clauses):
        spoke[row, book.household[book.rows_of(clause.test.kinds)]] = True
    return spoke


def _strings(codes: Ints, values: Sequence[str | None]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int64()), pa.array(list(values), pa.string())).cast(
        pa.string()
    )


def _findings(book: Book, judged: _Judged, spoke: Mask) -> pa.Table:
    """Rows of clauses where the household has something to say, and of each criterion for every such household."""
    anything: Mask = np.array(spoke.any(axis=0))
    anything[book.household[book.rows_of(book.school_kinds)]] = True
    names: list[str] = []
    parts: list[tuple[Ints, Ints, Ints]] = []
    for row, (clause, outcome) in enumerate(zip(judged.clauses, judged.outcomes, strict=True)):
        shown = (spoke[row] | (outcome.status == MET)) & (outcome.status != SILENT)
        if clause.group != CONCERN:
            absent = np.isin(outcome.note, (NOT_SUPPLIED, NO_SCHOOL_DATA)) & (outcome.status == NOT_ASSESSABLE)
            shown |= anything & absent
        at = np.flatnonzero(shown)
        names.append(clause.id)
        parts.append((at, outcome.status[at], outcome.note[at]))
    at = np.flatnonzero(anything)
    for row, criterion in enumerate(judged.criteria):
        names.append(criterion)
        parts.append((at, judged.status[row, at], judged.note[row, at]))
    rank = np.empty(len(names), dtype=np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    clause_of = np.concatenate([np.full(len(part[0]), rank[number]) for number, part in enumerate(parts)])
    household, status, note = (np.concatenate([part[column] for part in parts]) for column in range(3))
    order = np.lexsort((clause_of, household))
    told = np.bincount(note) > 0  # notes are small numbers
    return pa.table(
        [
            pa.array(book.household_ids[household[order]]),
            _strings(clause_of[order], sorted(names)),
            _strings(status[order], STATUS_NAMES),
            _strings(note[order], [note_text(number) if has else None for number, has in enumerate(told.tolist())]),
        ],
        schema=FINDINGS.schema,
    )


def _support(book: Book, judged: _Judged) -> pa.Table:
    rows = [outcome.support for outcome in judged.outcomes]
    clause = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
    fact = np.concatenate(rows)
    order = np.lexsort((book.evidence_id[fact], clause, book.household[fact]))
    clause, fact = clause[order], fact[order]
    person = book.person[fact]
    return pa.table(
        [
            pa.array(book.household_ids[book.household[fact]]),
            _strings(clause, [entry.id for entry in judged.clauses]),
            pa.array(book.evidence_id[fact]),
            pa.array(np.append(book.person_ids, NOBODY)[person], mask=person == NOBODY),
        ],
        schema=SUPPORT.schema,
    )


def _unclear(book: Book, judged: _Judged) -> pa.Table:
    rows = [outcome.unclear for outcome in judged.outcomes]
    clause = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
    fact = np.concatenate(rows)
    why = np.concatenate([outcome.unclear_note for outcome in judged.outcomes])
    order = np.lexsort((book.evidence_id[fact], clause, book.household[fact]))
    clause, fact, why = clause[order], fact[order], why[order]
    notes, note_at = np.unique(why, return_inverse=True)
    return pa.table(
        [
            pa.array(book.household_ids[book.household[fact]]),
            _strings(clause, [entry.id for entry in judged.clauses]),
            pa.array(book.evidence_id[fact]),
            _strings(note_at, [note_text(int(number)) for number in notes]),
        ],
        schema=UNCLEAR,
    )


def _lists(held: Mask, names: Sequence[str]) -> pa.Array:
    """For each column of `held` (names x households) the names that it holds, in the order given."""
    by_household = held.T
    offsets = np.append(0, np.cumsum(by_household.sum(axis=1))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), _strings(np.nonzero(by_household)[1], names))


def _decisions(judged: _Judged, routes: Ints, given: Ints, book: Book) -> pa.Table:
    names: tuple[Literal["automatic", "discretion", "no"], ...] = ("automatic", "discretion", "no")
    concerns = [clause.id.removeprefix(f"{CONCERN}.") for clause in judged.clauses if clause.group == CONCERN]
    table = pa.table(
        [
            pa.array(book.household_ids),
            _strings(np.where(routes == NOBODY, 2, np.minimum(routes, 1)), names),
            _lists(judged.status == MET, judged.criteria),
            _lists(judged.concerns, concerns),
            pa.array(judged.one_short),
        ],
        schema=DECISIONS.schema,
    )
    return table.take(pa.array(position(given, book.household_ids)))
