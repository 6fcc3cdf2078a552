"""Which household a row that names nobody is about: takes those rows, the doors and the households, gives one household each.

The household at that door; where the data show that another lived there on the row's date, that one. Where several
share the door: the one named by the same case reference, else the only one that holds the tenancy, else none: the row
gets a household of its own without people, so that no family is blamed by guess. Refuses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.households.dwellings import Dwellings
from matcher.households.residence import Residence

TENANCY_DATASETS = ("housing",)


@dataclass(frozen=True)
class Assigned:
    """By row: position in RECORDS, household (>= `people_households`: a new one without people), reason, dwelling or -1."""

    row: np.ndarray
    household: np.ndarray
    reason: list[str]
    dwelling: np.ndarray


def assign(
    records: pa.Table,
    person: np.ndarray,
    dwellings: Dwellings,
    residence: Residence,
    household: np.ndarray,
    roles: np.ndarray,
    references: tuple[np.ndarray, np.ndarray],
) -> Assigned:
    """`person`: each record's person or -1; `household`: by person; `roles`: by person, 1 = tenant by a register;
    `references`: by record, as `references_of` gives them."""
    rows = np.flatnonzero(~records["names_person"].to_numpy(zero_copy_only=False))
    if not len(rows):
        return Assigned(rows, rows.copy(), [], rows.copy())
    wanted = dwellings.of_record[rows]
    at_door = _households_at(residence, household, wanted)
    case = _by_case(references, person, household, rows)
    tenancy = _tenants(records, person, dwellings, residence, household, roles, wanted)
    moves = _moves(records, person, dwellings, household, wanted)
    day = records["seen_on"].to_numpy().astype("datetime64[D]")
    fresh = int(household.max(initial=-1)) + 1
    chosen, reasons = np.empty(len(rows), dtype=np.int64), []
    shared: dict[int, int] = {}
    for number, (row, dwelling) in enumerate(zip(rows.tolist(), wanted.tolist(), strict=True)):
        here = at_door.get(dwelling, ())
        then = _then(moves.get(dwelling, ()), day[row], here)
        named = case.get(row)
        tenants = tenancy.get(dwelling, frozenset()) & set(here)
        if then is not None:
            found, reason = then, "household_then"
        elif len(here) == 1:
            found, reason = here[0], "one_household"
        elif named is not None and (named in here or not here):
            found, reason = named, "same_case"
        elif len(tenants) == 1:
            found, reason = next(iter(tenants)), "only_tenant"
        else:
            reason = "no_dwelling" if dwelling < 0 else "shared_door" if here else "nobody_known"
            if dwelling >= 0 and dwelling in shared:  # rows about one door stay together
                found = shared[dwelling]
            else:
                found, fresh = fresh, fresh + 1
                if dwelling >= 0:
                    shared[dwelling] = found
        chosen[number] = found
        reasons.append(reason)
    return Assigned(rows, chosen, reasons, wanted)


def _households_at(residence: Residence, household: np.ndarray, wanted: np.ndarray) -> dict[int, list[int]]:
    """Households that live at each wanted door now."""
    at: dict[int, set[int]] = defaultdict(set)
    here = np.flatnonzero(np.isin(residence.home, wanted[wanted >= 0]) & ~residence.left)
    for dwelling, found in zip(residence.home[here].tolist(), household[here].tolist(), strict=True):
        at[dwelling].add(found)
    return {dwelling: sorted(found) for dwelling, found in at.items()}


def _by_case(
    references: tuple[np.ndarray, np.ndarray], person: np.ndarray, household: np.ndarray, rows: np.ndarray
) -> dict[int, int]:
    """Row -> the one household of the people whom rows with the same reference name."""
    system, ref = references
    key = system * (int(ref.max(initial=0)) + 2) + ref
    good = (system >= 0) & (ref >= 0)
    asked = rows[good[rows]]
    there = np.zeros(int(ref.max(initial=0)) + 1, dtype=bool)
    there[ref[asked]] = True
    named = np.flatnonzero(good & (person >= 0) & there[ref])  # few references are asked about, some of two systems
    found: dict[int, set[int]] = defaultdict(set)
    for where, who in zip(key[named].tolist(), person[named].tolist(), strict=True):
        found[where].add(int(household[who]))
    return {row: next(iter(found[key[row]])) for row in asked.tolist() if len(found.get(key[row], ())) == 1}


def _tenants(
    records: pa.Table,
    person: np.ndarray,
    dwellings: Dwellings,
    residence: Residence,
    household: np.ndarray,
    roles: np.ndarray,
    wanted: np.ndarray,
) -> dict[int, frozenset[int]]:
    """Door -> households with somebody who holds the tenancy there by a housing row or a register's word."""
    housing = pc.is_in(records["dataset"], value_set=pa.array(TENANCY_DATASETS)).to_numpy(zero_copy_only=False)
    door = dwellings.of_record
    good = np.flatnonzero((person >= 0) & np.isin(door, wanted[wanted >= 0]))
    good = good[(housing[good] | (roles[person[good]] == 1)) & (residence.home[person[good]] == door[good])]
    found: dict[int, set[int]] = defaultdict(set)
    for dwelling, who in zip(door[good].tolist(), person[good].tolist(), strict=True):
        found[dwelling].add(int(household[who]))
    return {dwelling: frozenset(who) for dwelling, who in found.items()}


def _moves(
    records: pa.Table, person: np.ndarray, dwellings: Dwellings, household: np.ndarray, wanted: np.ndarray
) -> dict[int, list[tuple[int, np.datetime64, np.datetime64]]]:
    """Door -> (household, from, to) of everybody for whom a register dates the stay there."""
    since = records["address_from"].to_numpy().astype("datetime64[D]")
    until = records["address_to"].to_numpy().astype("datetime64[D]")
    good = np.flatnonzero(
        (person >= 0) & np.isin(dwellings.of_record, wanted[wanted >= 0]) & ~(np.isnat(since) & np.isnat(until))
    )
    found: dict[int, list[tuple[int, np.datetime64, np.datetime64]]] = defaultdict(list)
    for row in good.tolist():
        found[int(dwellings.of_record[row])].append((int(household[person[row]]), since[row], until[row]))
    return found


def _then(
    stays: list[tuple[int, np.datetime64, np.datetime64]] | tuple[()], day: np.datetime64, here: list[int] | tuple[()]
) -> int | None:
    """The one other household that lived there on `day`, where everybody dated who is there now came later."""
    if np.isnat(day) or not stays:
        return None
    covering = {
        who for who, since, until in stays if (np.isnat(since) or since <= day) and not np.isnat(until) and until >= day
    } - set(here)
    now = [since for who, since, until in stays if who in here and not np.isnat(since)]
    if len(covering) == 1 and (not here or (now and min(now) > day)):
        return next(iter(covering))
    return None
