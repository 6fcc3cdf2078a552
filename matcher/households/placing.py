"""Persons -> households: who lives together as one family at as_at, where, and why.

Takes RECORDS, MEMBERS, PERSONS and the gazetteer; gives HOUSEHOLD_MEMBERS, HOUSEHOLDS, DWELLING_ROWS and warnings that hold counts
only. Refuses a member table whose records are not those of `records`; data without any address is placed one by one, with a warning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matcher.households import dwelling_rows as rows_stage
from matcher.households.areas import find_areas
from matcher.households.coding import references_of, wording_rank
from matcher.households.dwellings import PLACES, Dwellings, find_dwellings
from matcher.households.grouping import (
    Grouped,
    arrival_ties,
    earlier_ties,
    family_ties,
    group,
    paper_ties,
    pupils,
    traits,
)
from matcher.households.reasons import NAMES
from matcher.households.residence import Residence, settle
from matcher.households.surnames import find_surnames
from matcher.progress import Stage
from specs.tables import DWELLING_ROWS, HOUSEHOLD_MEMBERS, HOUSEHOLDS, supplies_of

MANY_AT_ONE_DOOR = 200


@dataclass(frozen=True)
class Placed:
    """The three tables of this stage, and warnings that hold counts only."""

    household_members: pa.Table
    households: pa.Table
    dwelling_rows: pa.Table
    warnings: tuple[str, ...]


def place(
    records: pa.Table,
    members: pa.Table,
    persons: pa.Table,
    gazetteer: pa.Table,
    as_at: dt.date,
    *,
    trust: Mapping[str, int],
    areas: pa.Table | None = None,
    supplier_areas: Mapping[tuple[str, str], str] | None = None,
    stage: Stage | None = None,
) -> Placed:
    """Place every person in one household at `as_at`, and every row that names nobody at one.

    `trust`: data set -> how far its addresses are trusted, 0 to 100. `areas`: (sector, district, area), the shipped table if None.
    `supplier_areas`: (dataset, supplier) -> area, for households whose address tells no area.
    """
    tell = stage.done if stage else lambda done: None
    day = np.datetime64(as_at, "D")
    people = persons.num_rows
    person = _person_of(records, members)
    dwellings = find_dwellings(records, gazetteer, person)
    tell(0.4)
    surnames = find_surnames(records, person, people)
    about = traits(records, person, persons, day, pupils(records, person, people))
    wording = wording_rank(records["address"])
    residence = settle(records, person, people, dwellings, surnames, about.child, about.age, day, trust, wording)
    tell(0.65)
    earlier, arrived = earlier_ties(residence, dwellings), arrival_ties(records, person, dwellings)
    moves = np.concatenate([earlier[0], arrived[0]]), np.concatenate([earlier[1], arrived[1]])
    references = references_of(records)
    grouped = group(
        residence,
        dwellings,
        surnames,
        about,
        paper_ties(records, person, references),
        family_ties(persons),
        moves,
    )
    tell(0.85)
    assigned = rows_stage.assign(records, person, dwellings, residence, grouped.household, about.role, references)
    found = _households(records, wording, person, dwellings, residence, grouped, assigned, areas, supplier_areas or {})
    tell(0.97)
    return Placed(
        _members(records, residence, grouped),
        found,
        _rows(records, assigned),
        _warnings(records, person, dwellings, residence, assigned),
    )


def _person_of(records: pa.Table, members: pa.Table) -> np.ndarray:
    """Each record's person, -1 for none; record ids are positions."""
    ids = records["record_id"].to_numpy()
    person = np.full(len(ids), -1, dtype=np.int64)
    given = members["record_id"].to_numpy()
    if len(ids) and not np.array_equal(ids, np.arange(len(ids))):
        order = np.argsort(ids, kind="stable")
        given = order[np.searchsorted(ids[order], given)]
    person[given] = members["person_id"].to_numpy()
    return person


def _members(records: pa.Table, residence: Residence, grouped: Grouped) -> pa.Table:
    reason = np.array(NAMES, dtype=object)[residence.reason]
    reason[(grouped.tied == 1) & (residence.home < 0)] = "shared_case"
    reason[(grouped.tied == 2) & (residence.home < 0)] = "known_family"
    none = residence.record < 0
    return pa.table(
        {
            "person_id": pa.array(np.arange(len(reason)), pa.int64()),
            "household_id": pa.array(grouped.household, pa.int64()),
            "reason": pa.array(reason, pa.string()),
            "record_id": pa.array(np.where(none, 0, residence.record), pa.int64(), mask=none),
            "probability": pa.array(residence.probability.astype(np.float32), pa.float32()),
        },
        schema=HOUSEHOLD_MEMBERS.schema,
    )


def _rows(records: pa.Table, assigned: rows_stage.Assigned) -> pa.Table:
    return pa.table(
        {
            "record_id": pa.array(records["record_id"].to_numpy()[assigned.row], pa.int64()),
            "household_id": pa.array(assigned.household, pa.int64()),
            "reason": pa.array(assigned.reason, pa.string()),
        },
        schema=DWELLING_ROWS.schema,
    )


def _households(
    records: pa.Table,
    wording: np.ndarray,
    person: np.ndarray,
    dwellings: Dwellings,
    residence: Residence,
    grouped: Grouped,
    assigned: rows_stage.Assigned,
    areas: pa.Table | None,
    supplier_areas: Mapping[tuple[str, str], str],
) -> pa.Table:
    """One row a household; those of dwelling rows without people come last."""
    households = grouped.household
    count = max(int(households.max(initial=-1)), int(assigned.household.max(initial=-1))) + 1
    people = np.bincount(households, minlength=count)
    home, record = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    # the surest member's address speaks for the household; of those equally sure the fullest
    wording = np.append(wording, -1)
    order = np.lexsort((residence.record, -wording[residence.record], residence.probability))
    order = order[(residence.home[order] >= 0) & ~residence.left[order]]
    home[households[order]] = residence.home[order]
    told = order[residence.record[order] >= 0]
    record[households[told]] = residence.record[told]
    empty = np.flatnonzero(people[assigned.household] == 0)
    empty = empty[np.argsort(-wording[assigned.row[empty]], kind="stable")]
    home[assigned.household[empty]] = assigned.dwelling[empty]
    record[assigned.household[empty]] = assigned.row[empty]
    known = home >= 0
    at = np.where(known, home, len(dwellings.key))
    postcode, uprn, district = (
        np.append(column, [None])[at] for column in (dwellings.postcode, dwellings.uprn, dwellings.district)
    )
    keys = np.array([*dwellings.key, None], dtype=object)[at]
    place_kind = np.array([*PLACES, "none"], dtype=object)[np.append(dwellings.place, len(PLACES))[at]]
    crowded = np.zeros(count, dtype=bool)
    crowded[households[grouped.crowded]] = True
    several = np.bincount(at[people > 0], minlength=len(dwellings.key) + 1)[at] > 1
    place_kind[(place_kind == "dwelling") & known & (crowded | several)] = "unnumbered_flats"
    address = np.full(count, None, dtype=object)
    address[record >= 0] = records["address"].take(pa.array(record[record >= 0])).to_numpy()
    area, district = find_areas(
        district, postcode, _supplier_area(records, person, households, assigned, count, supplier_areas), areas
    )
    return pa.table(
        {
            "household_id": pa.array(np.arange(count), pa.int64()),
            "dwelling": pa.array(keys, pa.string()),
            "address": pa.array(address, pa.string()),
            "postcode": pa.array(postcode, pa.string()),
            "uprn": pa.array(uprn, pa.string()),
            "district": pa.array(district, pa.string()),
            "area": pa.array(area, pa.string()),
            "place": pa.array(place_kind, pa.string()),
            "people": pa.array(people, pa.int32()),
        },
        schema=HOUSEHOLDS.schema,
    )


def _supplier_area(
    records: pa.Table,
    person: np.ndarray,
    households: np.ndarray,
    assigned: rows_stage.Assigned,
    count: int,
    supplier_areas: Mapping[tuple[str, str], str],
) -> np.ndarray:
    """The area that most of a household's supplies speak for, None where none does."""
    found = np.full(count, None, dtype=object)
    if not supplier_areas:
        return found
    source = [f"{dataset}.{supplier}" for dataset, supplier in supplier_areas]
    names = np.array(sorted(set(supplier_areas.values())), dtype=object)
    code = {
        key: int(np.flatnonzero(names == area)[0]) for key, area in zip(source, supplier_areas.values(), strict=True)
    }
    supplies = supplies_of(records)
    of_supply = np.array([code.get(name, -1) for name in supplies.dictionary.to_pylist()], dtype=np.int64)
    of_record = of_supply[supplies.indices.to_numpy()]
    household = np.full(len(person), -1, dtype=np.int64)
    household[person >= 0] = households[person[person >= 0]]
    household[assigned.row] = assigned.household
    good = (of_record >= 0) & (household >= 0)
    tally = np.bincount(household[good] * len(names) + of_record[good], minlength=count * len(names)).reshape(count, -1)
    told = tally.sum(axis=1) > 0
    found[told] = names[tally.argmax(axis=1)[told]]
    return found


def _warnings(
    records: pa.Table, person: np.ndarray, dwellings: Dwellings, residence: Residence, assigned: rows_stage.Assigned
) -> tuple[str, ...]:
    """What somebody should look at, in counts."""
    found = []
    people = len(residence.home)
    without = int((residence.home < 0).sum())
    if people and without == people:
        found.append("No record gives a usable address: every person is a household of one.")
    elif people and without > 0.05 * people:
        found.append(
            f"{without:,} of {people:,} people have no usable address; each is a household of one unless a case ties them."
        )
    at = np.bincount(residence.home[residence.home >= 0], minlength=1)
    big = at[at > MANY_AT_ONE_DOOR]
    if len(big):
        found.append(
            f"{len(big)} address(es) hold more than {MANY_AT_ONE_DOOR} people each ({int(big.sum()):,} in all): probably an office, an "
            "institution or a default value; only people tied by name or case are put together there."
        )
    unsure = sum(reason == "shared_door" for reason in assigned.reason)
    if unsure:
        found.append(
            f"{unsure:,} row(s) that name nobody are about a door that several households share; they count for none."
        )
    return tuple(found)
