"""What one batch does to the registry, whole: families, people, the rows that are kept of them, events. Nothing else.

Takes what continuity assigned and the run's tables, gives a FamilyPlan that `Registry.apply` carries out in one
transaction. Only rows of the families here are in it; rows of the registry itself, rows more than agreed and rows that
the caller's masks exclude are not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.registry.continuity import Assigned
from specs.tables import ANSWERED, LINKS, ONE_PERSON, REGISTRY_DATASET

PLANNED_LINKS = pa.schema(
    [("record_id", pa.int64()), ("other_record_id", pa.int64()),
     *((name, pa.string()) for name in ("family_id", "person_id", "other_id", "verdict")),
     *((name, pa.float64()) for name in ("weight", "best", "worst")), ("steps", pa.string())]
)  # fmt: skip


@dataclass(frozen=True)
class FamilyPlan:
    """Everything of one batch that goes into the registry. Tables are Arrow.

    families: family_id, household_id, area, continues, meets, route, criteria, concerns, address, postcode, uprn, district
    people: person, person_id, family_id, known, joined, forename, middle, surname, dob, sex, nino, upn, placed_by,
      placed_probability
    records: RECORDS' columns and family_id, person_id (null: dwelling), strength; `record_id` is the run's
    evidence: EVIDENCE's columns and family_id, person_id; findings: family_id, clause, status, note, reading, citation
    links: record_id, other_record_id (null: the registry's), family_id, person_id, other_id and LINKS' numbers
    support: family_id, clause, evidence_id, person_id; events: family_id, event, person_id, other_family, detail
    """

    batch_id: str
    as_at: dt.date
    families: pa.Table
    people: pa.Table
    records: pa.Table
    evidence: pa.Table
    findings: pa.Table
    support: pa.Table
    events: pa.Table
    links: pa.Table
    left: tuple[tuple[str, str], ...] = ()
    merged: tuple[tuple[str, str], ...] = ()
    followers: tuple[tuple[str, str], ...] = ()


def make_plan(
    batch_id: str,
    as_at: dt.date,
    assigned: Assigned,
    *,
    records: pa.Table,
    members: pa.Table,
    persons: pa.Table,
    household_members: pa.Table,
    households: pa.Table,
    dwelling_rows: pa.Table,
    evidence: pa.Table,
    findings: pa.Table,
    support: pa.Table,
    links: pa.Table | None = None,
    keep: np.ndarray | None = None,
    keep_continuing: np.ndarray | None = None,
    readings: Mapping[str, tuple[str | None, str | None]] | None = None,
) -> FamilyPlan:
    """The plan of a batch.

    `keep` (bool a record, in `records`' order): rows whose flow allows keeping them for a qualifying family of that area;
    `keep_continuing`: rows whose flow has a purpose beyond identification, needed for families that continue. Both default
    to all. `readings`: clause -> (reading, citation). A new person of whom no row may be kept is left out.
    """
    seats = _Seats(assigned, records, members, household_members, dwelling_rows)
    kept = seats.of_family & ~_bools(records["beyond"]) & _bools(pc.not_equal(records["dataset"], REGISTRY_DATASET))
    if keep is not None:
        kept &= keep
    if keep_continuing is not None:
        kept &= keep_continuing | ~seats.continues
    rows = np.flatnonzero(kept)
    with_rows = set(np.unique(seats.person[rows]).tolist())
    people = [person for person in assigned.people if person.known or person.person in with_rows]
    unknown = {p.person_id for p in assigned.people} - {p.person_id for p in people}
    kept_records = seats.add_ids(records.take(pa.array(rows)), rows)
    strength = dict(zip(members["record_id"].to_pylist(), members["strength"].to_pylist(), strict=True))
    record_ids = kept_records["record_id"].to_pylist()
    kept_records = kept_records.append_column("strength", pa.array([strength.get(r) for r in record_ids], pa.float32()))
    kept_evidence = _join(
        evidence.filter(pc.is_in(evidence["record_id"], value_set=pa.array(record_ids, pa.int64()))),
        "record_id",
        kept_records.select(["record_id", "family_id", "person_id"]),
    )
    return FamilyPlan(
        batch_id=batch_id,
        as_at=as_at,
        families=_families(assigned, households),
        people=_people(people, persons, household_members),
        records=kept_records,
        evidence=kept_evidence,
        findings=_findings(seats, findings, readings or {}),
        support=_support(seats, support, kept_evidence),
        events=_events(assigned, unknown),
        links=_links(seats, LINKS.empty() if links is None else links, records, kept_records),
        left=tuple(assigned.left),
        merged=tuple(sorted(assigned.merged.items())),
        followers=tuple(assigned.followers),
    )


class _Seats:
    """For each record: its run person (-1: dwelling row), and the place of its family in `assigned.families` (-1: none)."""

    def __init__(
        self,
        assigned: Assigned,
        records: pa.Table,
        members: pa.Table,
        household_members: pa.Table,
        dwelling_rows: pa.Table,
    ) -> None:
        self.assigned = assigned
        record_ids = _ints(records["record_id"])
        most_records = int(record_ids.max(initial=-1)) + 1
        person_of = np.full(most_records, -1, dtype=np.int64)
        person_of[_ints(members["record_id"])] = _ints(members["person_id"])
        person_ids = _ints(household_members["person_id"])
        home_of_person = np.full(
            max(int(person_of.max(initial=-1)), int(person_ids.max(initial=-1))) + 2, -1, dtype=np.int64
        )
        home_of_person[person_ids] = _ints(household_members["household_id"])
        home = home_of_person[person_of]  # person -1 reads the last place, which is -1
        home[_ints(dwelling_rows["record_id"])] = _ints(dwelling_rows["household_id"])
        homes = assigned.households
        self.family_of_home = np.full(int(max(home.max(initial=-1), homes.max(initial=-1))) + 2, -1, dtype=np.int64)
        self.family_of_home[homes] = np.arange(len(homes))
        self.family = self.family_of_home[home][record_ids]
        self.person = person_of[record_ids]
        self.of_family = self.family >= 0
        continues = np.array([*(f.continues for f in assigned.families), False], dtype=bool)
        self.continues = continues[self.family]
        self.registry_person = {p.person: p.person_id for p in assigned.people}

    def add_ids(self, table: pa.Table, rows: np.ndarray) -> pa.Table:
        families = [self.assigned.families[place].family_id for place in self.family[rows].tolist()]
        people = [self.registry_person.get(person) for person in self.person[rows].tolist()]
        return table.append_column("family_id", pa.array(families, pa.string())).append_column(
            "person_id", pa.array(people, pa.string())
        )

    def of_households(self, table: pa.Table) -> pa.Table:
        """The rows of a table with household_id that are about families here, with family_id instead."""
        homes = _ints(table["household_id"])
        inside = homes < len(self.family_of_home)
        place = np.where(inside, self.family_of_home[np.where(inside, homes, -1)], -1)
        rows = np.flatnonzero(place >= 0)
        families = [self.assigned.families[p].family_id for p in place[rows].tolist()]
        return (
            table.take(pa.array(rows))
            .drop_columns(["household_id"])
            .append_column("family_id", pa.array(families, pa.string()))
        )


def _families(assigned: Assigned, households: pa.Table) -> pa.Table:
    columns = ("address", "postcode", "uprn", "district")
    wanted = pc.is_in(households["household_id"], value_set=pa.array(assigned.households, pa.int64()))
    homes = {
        row["household_id"]: row for row in households.filter(wanted).select(["household_id", *columns]).to_pylist()
    }
    text, many = pa.string(), pa.list_(pa.string())
    schema = pa.schema(
        [("family_id", text), ("household_id", pa.int64()), ("area", text), ("continues", pa.bool_()), ("meets", pa.bool_()),
         ("route", text), ("criteria", many), ("concerns", many), *((name, text) for name in columns)]
    )  # fmt: skip
    rows = [
        {
            "family_id": f.family_id,
            "household_id": f.household_id,
            "area": f.area,
            "continues": f.continues,
            "meets": f.meets,
            "route": f.route,
            "criteria": list(f.criteria),
            "concerns": list(f.concerns),
        }
        | {name: homes[f.household_id][name] for name in columns}
        for f in assigned.families
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _people(people: list, persons: pa.Table, household_members: pa.Table) -> pa.Table:
    own = pa.table(
        {
            "person": pa.array([p.person for p in people], pa.int64()),
            "registry_id": pa.array([p.person_id for p in people], pa.string()),
            "family_id": pa.array([p.family_id for p in people], pa.string()),
            "known": pa.array([p.known for p in people], pa.bool_()),
            "joined": pa.array([p.joined for p in people], pa.bool_()),
        }
    )
    best = persons.select(["person_id", "forename", "middle", "surname", "dob", "sex", "nino", "upn"])
    placed = household_members.select(["person_id", "reason", "probability"]).rename_columns(
        ["person_id", "placed_by", "placed_probability"]
    )
    joined = _join(_join(own, "person", best, "person_id"), "person", placed, "person_id")
    return joined.rename_columns([{"registry_id": "person_id"}.get(name, name) for name in joined.column_names])


def _findings(seats: _Seats, findings: pa.Table, readings: Mapping[str, tuple[str | None, str | None]]) -> pa.Table:
    table = seats.of_households(findings)
    clauses = table["clause"].to_pylist()
    for place, name in enumerate(("reading", "citation")):
        texts = [readings.get(clause, (None, None))[place] for clause in clauses]
        table = table.append_column(name, pa.array(texts, pa.string()))
    return table


def _support(seats: _Seats, support: pa.Table, kept_evidence: pa.Table) -> pa.Table:
    table = seats.of_households(support)
    table = table.filter(pc.is_in(table["evidence_id"], value_set=kept_evidence["evidence_id"].combine_chunks()))
    people = [seats.registry_person.get(person) for person in table["person_id"].to_pylist()]
    return table.drop_columns(["person_id"]).append_column("person_id", pa.array(people, pa.string()))


def _links(seats: _Seats, links: pa.Table, records: pa.Table, kept_records: pa.Table) -> pa.Table:
    """Links between kept rows of one family; where one end is the registry's own record of the person, the other alone.

    Whether two rows are one person is what the batch decided in the end: an answer may have changed the verdict.
    """
    ids = np.array(kept_records["record_id"].to_pylist(), dtype=np.int64)
    at = {int(record): place for place, record in enumerate(ids)}
    of_registry = set(_ints(records["record_id"].filter(pc.equal(records["dataset"], REGISTRY_DATASET))).tolist())
    family, person = kept_records["family_id"].to_pylist(), kept_records["person_id"].to_pylist()
    who = dict(zip(_ints(records["record_id"]).tolist(), seats.person.tolist(), strict=True))
    rows = []
    for row in links.to_pylist():
        ends = [row.pop("record_id_l"), row.pop("record_id_r")]
        one_person = who[ends[0]] == who[ends[1]]
        if ends[0] in of_registry:
            ends.reverse()
        known = ends[1] in of_registry
        if ends[0] not in at or (ends[1] not in at and not (known and one_person)):
            continue
        left, right = at[ends[0]], at[ends[0] if known else ends[1]]
        if family[left] != family[right] or person[left] is None or person[right] is None:
            continue
        verdict = row["verdict"] if one_person == (row["verdict"] in ONE_PERSON) else ANSWERED
        rows.append(
            row
            | {
                "record_id": ends[0], "other_record_id": None if known else ends[1], "family_id": family[left],
                "person_id": person[left], "other_id": person[right], "verdict": verdict, "weight": row.pop("match_weight"),
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=PLANNED_LINKS)


def _events(assigned: Assigned, unknown: set[str]) -> pa.Table:
    events = [event for event in assigned.events if event.person_id not in unknown]
    names = ("family_id", "event", "person_id", "other_family", "detail")
    return pa.table({name: pa.array([getattr(event, name) for event in events], pa.string()) for name in names})


def _join(left: pa.Table, key: str, right: pa.Table, right_key: str | None = None) -> pa.Table:
    """Left join on a unique key of `right`, keeping the order of `left`."""
    right_key = right_key or key
    where = pc.index_in(left[key], value_set=right[right_key].combine_chunks())
    others = right.drop_columns([right_key]).take(where)
    for name in others.column_names:
        left = left.append_column(name, others[name])
    return left


def _ints(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy().astype(np.int64, copy=False)


def _bools(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy().astype(bool, copy=False)
