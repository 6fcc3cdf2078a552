"""Small months for the registry's tests, written as households of people; every table a run would hand over."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from matcher.registry import Assigned, FamilyPlan, Known, Registry, assign, known_links, make_plan
from specs import tables

AS_AT = dt.date(2013, 10, 31)


@dataclass
class Someone:
    """A person of a month. `born` as a year; `known` the registry's id; `also` further registry ids that are the same person."""

    surname: str
    forename: str
    born: int | None = 1975
    known: str | None = None
    also: tuple[str, ...] = ()
    rows: int = 1


@dataclass
class House:
    """A household of a month; route `no` does not qualify."""

    people: list[Someone]
    route: str = "automatic"
    area: str = "county"
    postcode: str = "LE11 1AA"
    dwelling_row: bool = False


@dataclass
class Month:
    """The tables of a small month."""

    houses: list[House]
    as_at: dt.date = AS_AT
    unplaced: list[Someone] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records, self.members, self.persons = [], [], []
        self.homes, self.households, self.decisions = [], [], []
        self.evidence, self.findings, self.support, self.dwellings, self.links = [], [], [], [], []
        for number, house in enumerate(self.houses):
            self._house(number, house)
        for someone in self.unplaced:
            self._person(someone, None)
        self.records = sorted(self.records, key=lambda row: row["dataset"] == "registry")
        new = {row["record_id"]: place for place, row in enumerate(self.records)}
        for rows in (self.records, self.members, self.evidence, self.dwellings):
            for row in rows:
                row["record_id"] = new[row["record_id"]]
        for row in self.links:
            ends = sorted(new[row[name]] for name in ("record_id_l", "record_id_r"))
            row |= dict(zip(("record_id_l", "record_id_r"), ends, strict=True))

    def _house(self, number: int, house: House) -> None:
        self.households.append(
            {"household_id": number, "dwelling": None, "address": f"{number} HIGH STREET LOUGHBOROUGH", "uprn": None,
             "postcode": house.postcode, "district": "Charnwood", "area": house.area, "place": "dwelling",
             "people": len(house.people)}
        )  # fmt: skip
        criteria = [] if house.route == "no" else ["crime_asb", "education", "work"]
        self.decisions.append(
            {"household_id": number, "route": house.route, "criteria": criteria, "concerns": [],
             "one_short_not_assessable": False}
        )  # fmt: skip
        for someone in house.people:
            person = self._person(someone, house)
            self.homes.append({"person_id": person, "household_id": number, "reason": "latest_address",
                               "record_id": None, "probability": 1.0})  # fmt: skip
            if house.people[0] is someone and house.route != "no":
                evidence = next(row["evidence_id"] for row in reversed(self.evidence))
                self.findings.append(
                    {"household_id": number, "clause": "crime_asb.proven", "status": "met", "note": None}
                )
                self.support.append({"household_id": number, "clause": "crime_asb.proven", "evidence_id": evidence,
                                     "person_id": person})  # fmt: skip
        if house.dwelling_row:
            record = self._record(None, house, "housing", None)
            self.dwellings.append({"record_id": record, "household_id": number, "reason": "address"})

    def _person(self, someone: Someone, house: House | None) -> int:
        person = len(self.persons)
        for known in (*([someone.known] if someone.known else []), *someone.also):
            self._link(person, self._record(someone, house, "registry", known))
        for _ in range(someone.rows):
            self._link(person, self._record(someone, house, "yos", None))
        first, *others = (row["record_id"] for row in self.members if row["person_id"] == person)
        for other in others:
            self.explain(first, other, "linked")
        self.persons.append(
            {"person_id": person, "forename": someone.forename, "middle": None, "surname": someone.surname, "sex": None,
             "dob": born(someone), "nino": None, "upn": None, "known_person": someone.known, "known_family": None,
             "records": someone.rows + bool(someone.known) + len(someone.also)}
        )  # fmt: skip
        return person

    def explain(self, left: int, right: int, verdict: str) -> None:
        """Why the two records are one person or not."""
        steps = json.dumps([["start", "", -20.0], ["surname", "exact", 9.5], ["dob", "exact", 14.5]])
        weight = 4.0 if verdict == "linked" else -4.0
        self.links.append({"record_id_l": left, "record_id_r": right, "verdict": verdict, "match_weight": weight,
                           "best": weight, "worst": weight, "steps": steps})  # fmt: skip

    def _link(self, person: int, record: int) -> None:
        self.members.append({"record_id": record, "person_id": person, "strength": 0.99})

    def _record(self, someone: Someone | None, house: House | None, dataset: str, known: str | None) -> int:
        record = len(self.records)
        row: dict[str, Any] = dict.fromkeys(tables.RECORDS.schema.names)
        row |= {"record_id": record, "dataset": dataset, "supplier": "" if dataset == "registry" else "county",
                "row": 0 if dataset == "registry" else record + 1, "part": 0, "names_person": someone is not None,
                "name_order_sure": True, "address_kind": "dwelling", "beyond": False, "known_person": known,
                "postcode": house.postcode if house else None, "address": "HIGH STREET LOUGHBOROUGH" if house else None}  # fmt: skip
        if someone is not None:
            row |= {"forename": someone.forename, "surname": someone.surname, "surname_parts": [someone.surname],
                    "dob": born(someone), "ref": f"REF {someone.surname} {someone.forename}", "ref_system": "yos.county"}  # fmt: skip
        self.records.append(row)
        if dataset != "registry":
            self.evidence.append(
                {"evidence_id": len(self.evidence), "record_id": record, "kind": "proven_offence", "code": "RO",
                 "begun": self.as_at, "ended": self.as_at, "quantity": None, "fact": f"{dataset}.county:{record + 1}",
                 "fact_key": None}
            )  # fmt: skip
        return record

    def table(self, name: str) -> pa.Table:
        declared = {t.name: t for t in tables.TABLES}[name]
        rows = {"records": self.records, "members": self.members, "persons": self.persons, "evidence": self.evidence,
                "household_members": self.homes, "households": self.households, "decisions": self.decisions,
                "dwelling_rows": self.dwellings, "links": self.links, "findings": self.findings, "support": self.support}[name]  # fmt: skip
        return tables.check(pa.Table.from_pylist(rows, schema=declared.schema), declared)

    def assign(self, known: Known, **options: Any) -> Assigned:
        return assign(
            self.table("persons"), self.table("household_members"), self.table("households"), self.table("decisions"),
            known, as_at=self.as_at, links=known_links(self.table("records"), self.table("members")), **options,
        )  # fmt: skip

    def plan(self, batch_id: str, assigned: Assigned, **options: Any) -> FamilyPlan:
        names = ("records", "members", "persons", "household_members", "households", "dwelling_rows", "evidence",
                 "findings", "support", "links")  # fmt: skip
        return make_plan(batch_id, self.as_at, assigned, **{name: self.table(name) for name in names}, **options)


def born(someone: Someone) -> dt.date | None:
    return None if someone.born is None else dt.date(someone.born, 5, 17)


def count_ids() -> Any:
    """Ids in order instead of at random: F-00000001, ..."""
    numbers = itertools.count(1)
    return lambda letter: f"{letter}-{next(numbers):08d}"


def seal(registry: Registry, month: Month, *, replaces: str | None = None, **options: Any) -> tuple[str, Assigned]:
    """A whole batch: open, matching, sealing, apply, sealed."""
    batch = registry.new_batch(month.as_at, {"yos.county": f"{month.as_at}{replaces}"}, replaces)
    registry.set_state(batch.batch_id, "matching")
    assigned = month.assign(registry.known(without=replaces))
    registry.set_state(batch.batch_id, "sealing")
    assert registry.apply(batch.batch_id, month.plan(batch.batch_id, assigned, **options))
    registry.set_state(batch.batch_id, "sealed")
    return batch.batch_id, assigned


def knows(people: Iterable[Someone], registry: Registry) -> list[Someone]:
    """The same people, carrying the ids that the registry gave them."""
    rows = registry.known_records()
    ids = {
        (s, f): k
        for s, f, k in zip(*(rows[n].to_pylist() for n in ("surname", "forename", "known_person")), strict=True)
    }
    return [Someone(p.surname, p.forename, p.born, ids.get((p.surname, p.forename)), p.also, p.rows) for p in people]
