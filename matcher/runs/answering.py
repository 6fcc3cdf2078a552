"""Answers to open questions become links, splits and panel decisions.

Takes the held tables, the questions and their answers; gives the tables as they are with those answers. Only the households
that an answer touches are worked out again: everything else stays as the undisturbed match had it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from matcher.month import Rules, place_and_decide
from matcher.records import Built
from matcher.review.questions import Question, households_asked_about
from matcher.tables import MonthTables, beside, narrow, records_of


def apply_answers(
    tables: MonthTables,
    answers: Sequence[tuple[Question, bool | None]],
    rules: Rules,
    as_at: dt.date,
    missing: frozenset[tuple[str, str]],
    gazetteer: pa.Table,
) -> tuple[MonthTables, np.ndarray]:
    """`answers`: questions with yes (True), no (False) or none (None: the default stands).

    Gives the tables with the links as answered, and where the record of each question about a household now stands.
    """
    changed = [(q, yes) for q, yes in answers if q.kind != "discretion" and yes is not None and yes != q.default]
    about = np.array([q.record_l for q, _ in answers if q.kind == "discretion"], dtype=np.int64)
    position = np.arange(tables.records.num_rows)
    if changed:
        affected = households_asked_about(tables, [question for question, _ in changed])
        others = np.setdiff1d(np.arange(tables.households.num_rows), affected)
        inside, kept = records_of(tables, affected), records_of(tables, others)
        # where each record stands once the two parts are side by side again; -1 for rows without a household
        position = np.where(kept, np.cumsum(kept) - 1, np.where(inside, kept.sum() + np.cumsum(inside) - 1, -1))
        local = np.cumsum(inside) - 1
        forced = {}
        for question, yes in changed:
            ends = (question.record_l, question.record_l if question.record_r is None else question.record_r)
            left, right = sorted(int(local[end]) for end in ends)
            forced[left, right] = yes
        part = _again(narrow(tables, affected), forced, rules, as_at, missing, gazetteer)
        tables = beside(narrow(tables, others), part)
    return tables, position[about]


def _again(
    part: MonthTables,
    forced: Mapping[tuple[int, int], bool],
    rules: Rules,
    as_at: dt.date,
    missing: frozenset[tuple[str, str]],
    gazetteer: pa.Table,
) -> MonthTables:
    """Persons, households and decisions of a part of the month, with links forced."""
    built = Built(records=part.records, evidence=part.evidence, gazetteer=gazetteer, beyond={})
    return replace(place_and_decide(built, part.pairs, rules, as_at, missing, forced), links=part.links)


def approve(tables: MonthTables, records: np.ndarray) -> MonthTables:
    """The households of `records` qualify by local discretion, as a panel decided."""
    households = set(tables.household_of()[records].tolist())
    decisions = tables.decisions
    routes = [
        "discretion" if household in households and route == "no" else route
        for household, route in zip(decisions["household_id"].to_pylist(), decisions["route"].to_pylist(), strict=True)
    ]
    position = decisions.schema.get_field_index("route")
    updated = decisions.set_column(position, decisions.schema.field("route"), pa.array(routes, pa.string()))
    return MonthTables.from_dict(tables.as_dict() | {"decisions": updated})
