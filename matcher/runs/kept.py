"""Which households stay when a match is done, and the plan that puts them into the registry.

Takes the tables of a match and the registry's families; gives the narrowed tables and the FamilyPlan. Everything about every
other household is let go here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.facts import area_codes, flows_of
from matcher.month import Rules
from matcher.registry.continuity import Event, Known, assign, known_links
from matcher.registry.plan import FamilyPlan, make_plan
from matcher.registry.reuse import with_old_ids
from matcher.tables import MonthTables, narrow
from specs.tables import REGISTRY_DATASET

TRACKING = {"baseline_and_tracking", "key_worker"}


@dataclass(frozen=True)
class Approval:
    """A panel's yes to a household by local discretion, told by one of its records: by which role, for what reason."""

    record: int
    by: str
    reason: str

    @property
    def detail(self) -> str:
        return f"{self.reason}; {self.by}"[:60]


def households_to_keep(tables: MonthTables) -> np.ndarray:
    """Ids of the households that qualify, or in which somebody of a family on the programme lives."""
    qualifies = tables.route_of() != "no"
    known = tables.persons["known_family"].is_valid().to_numpy(zero_copy_only=False)
    homes = tables.household_members
    lives = np.zeros(tables.persons.num_rows, dtype=np.int64)
    lives[homes["person_id"].to_numpy()] = homes["household_id"].to_numpy()
    of_known = tables.persons["person_id"].to_numpy()[known]
    return np.union1d(np.flatnonzero(qualifies), lives[of_known])


def may_keep(tables: MonthTables, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    """Per record: may it be kept for a new family of its household's area; and may it be kept for a continuing one.

    A row is kept where its flow goes to the household's programme or the programmes match jointly; for a family that is on
    the programme already only where the flow's purposes go beyond identification (agreement, sections 5 and 10).
    """
    records = tables.records
    area = area_codes(tables.households)[tables.household_of()]
    kept = np.zeros(records.num_rows, dtype=bool)
    tracked = np.zeros(records.num_rows, dtype=bool)
    for supply in flows_of(records, rules.specs):
        mask = supply.mine if rules.joint_match else supply.mine & supply.goes_to()[area]
        kept |= mask
        tracked |= mask & bool(TRACKING & set(supply.flow.purposes))
    return kept, tracked


def keeping_tier(tables: MonthTables, rules: Rules) -> np.ndarray:
    """Per record, should its household stay: 0 it stays for any family, as what the registry knows does; 1 for a new one; 2 not."""
    keep, tracked = may_keep(tables, rules)
    found = np.where(keep, np.where(tracked, 0, 1), 2)
    found[tables.records["beyond"].to_numpy()] = 2
    found[pc.equal(tables.records["dataset"], REGISTRY_DATASET).to_numpy()] = 0
    return found


def plan_of(
    batch_id: str,
    as_at: dt.date,
    tables: MonthTables,
    known: Known,
    rules: Rules,
    replaced: pa.Table | None = None,
    approvals: Sequence[Approval] = (),
) -> tuple[MonthTables, FamilyPlan]:
    """The tables narrowed to what stays, and what goes into the registry.

    `replaced`: the records of the batch that this one replaces (families.RECORD_ROWS), whose families keep their ids.
    """
    staying = households_to_keep(tables)
    kept = narrow(tables, staying)
    assigned = assign(
        kept.persons, kept.household_members, kept.households, kept.decisions, known,
        as_at=as_at, links=known_links(kept.records, kept.members),
    )  # fmt: skip
    if replaced is not None:
        assigned = with_old_ids(assigned, kept.records, kept.person_of(), kept.household_of(), replaced)
    homes = tables.household_of()
    by_household = {int(np.searchsorted(staying, homes[approval.record])): approval for approval in approvals}
    for family in assigned.families:
        approval = by_household.get(family.household_id)
        if approval is not None:
            assigned.events.append(Event(family.family_id, "panel_approved", detail=approval.detail))
    keep, tracked = may_keep(kept, rules)
    plan = make_plan(
        batch_id, as_at, assigned,
        records=kept.records, members=kept.members, persons=kept.persons, household_members=kept.household_members,
        households=kept.households, dwelling_rows=kept.dwelling_rows, evidence=kept.evidence, findings=kept.findings,
        support=kept.support, links=kept.links, keep=keep, keep_continuing=tracked, readings=readings(rules, as_at),
    )  # fmt: skip
    return kept, plan


def readings(rules: Rules, as_at: dt.date) -> dict[str, tuple[str | None, str | None]]:
    """Clause id -> (the reading in force, the citation), as they stand beside a finding in the registry."""
    book = rules.framework
    clauses = (*book.clauses(as_at), *rules.policy.concerns(book, as_at))
    return {
        clause.id: (" ".join(book.sentence(name) for name in clause.readings) or None, book.citation(clause))
        for clause in clauses
    }
