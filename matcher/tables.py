"""The tables of one match together, and how to forget part of them.

`narrow` is how everything about everybody else is let go: what it gives back holds the chosen households alone, with dense
ids again, so that every stage can work on it as on a whole month.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from specs import tables as declared

ID_COLUMNS = {
    "record_id": "records",
    "record_id_l": "records",
    "record_id_r": "records",
    "person_id": "persons",
    "household_id": "households",
    "evidence_id": "evidence",
}


@dataclass(frozen=True)
class MonthTables:
    """Every table of a match, as declared in `specs.tables`."""

    records: pa.Table
    evidence: pa.Table
    pairs: pa.Table
    members: pa.Table
    persons: pa.Table
    uncertain: pa.Table
    links: pa.Table  # of households that stay, once it is known which do
    household_members: pa.Table
    households: pa.Table
    dwelling_rows: pa.Table
    people: pa.Table
    facts: pa.Table
    findings: pa.Table
    support: pa.Table
    decisions: pa.Table

    def as_dict(self) -> dict[str, pa.Table]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_dict(cls, tables: dict[str, pa.Table]) -> MonthTables:
        known = {table.name: table for table in declared.TABLES}
        return cls(**{name: declared.check(tables[name], known[name]) for name in known})

    def person_of(self) -> np.ndarray:
        """Person of each record, -1 for rows that name nobody; position = record_id."""
        return record_persons(self.records, self.members)

    def household_of(self) -> np.ndarray:
        """Household of each record, -1 where none; position = record_id."""
        return record_households(self.records, self.members, self.household_members, self.dwelling_rows)

    def route_of(self) -> np.ndarray:
        """Route ("automatic", "discretion", "no") of each household; position = household_id."""
        routes = np.full(self.households.num_rows, "no", dtype=object)
        routes[self.decisions["household_id"].to_numpy()] = self.decisions["route"].to_pylist()
        return routes


def record_persons(records: pa.Table, members: pa.Table) -> np.ndarray:
    """Person of each record, -1 for rows that name nobody; position = record_id."""
    return lookup(members, "record_id", "person_id", records.num_rows)


def record_households(
    records: pa.Table, members: pa.Table, household_members: pa.Table, dwelling_rows: pa.Table
) -> np.ndarray:
    """Household of each record, -1 where none; position = record_id."""
    person = record_persons(records, members)
    home = lookup(household_members, "person_id", "household_id", int(person.max(initial=-1)) + 1)
    found = np.full(records.num_rows, -1, dtype=np.int64)
    found[person >= 0] = home[person[person >= 0]]
    found[dwelling_rows["record_id"].to_numpy()] = dwelling_rows["household_id"].to_numpy()
    return found


def lookup(table: pa.Table, key: str, value: str, size: int) -> np.ndarray:
    """Dense array of `size`: the value at each key, -1 where a key does not occur."""
    found = np.full(size, -1, dtype=np.int64)
    found[table[key].to_numpy()] = table[value].to_numpy()
    return found


def records_of(month: MonthTables, households: np.ndarray) -> np.ndarray:
    """Which records belong to `households` (ids): bool a record. Their order is that of `narrow`."""
    chosen = np.zeros(month.households.num_rows + 1, dtype=bool)
    chosen[households] = True
    return chosen[month.household_of()]


def narrow(month: MonthTables, households: np.ndarray) -> MonthTables:
    """The part of `month` that is about `households` (ids), renumbered densely in the old order; all else is let go."""
    keep_household = np.zeros(month.households.num_rows, dtype=bool)
    keep_household[households] = True
    keep_record = records_of(month, households)
    home = lookup(month.household_members, "person_id", "household_id", month.persons.num_rows)
    keep_person = (home >= 0) & keep_household[home]
    keep_evidence = keep_record[month.evidence["record_id"].to_numpy()]
    kept = {
        "records": keep_record,
        "persons": keep_person,
        "households": keep_household,
        "evidence": _spread(month.evidence["evidence_id"], keep_evidence),
    }
    renumber = {name: np.where(mask, np.cumsum(mask) - 1, -1) for name, mask in kept.items()}
    narrowed = {}
    for name, table in month.as_dict().items():
        mask = np.ones(table.num_rows, dtype=bool)
        columns = {column: kind for column, kind in ID_COLUMNS.items() if column in table.column_names}
        for column, kind in columns.items():
            ids = pc.fill_null(table[column], -1).to_numpy()
            mask &= (ids < 0) | kept[kind][ids]
        table = table.filter(pa.array(mask))
        for column, kind in columns.items():
            position = table.schema.get_field_index(column)
            ids = pc.fill_null(table[column], -1).to_numpy()
            new = np.where(ids >= 0, renumber[kind][ids], -1) if len(ids) else ids
            table = table.set_column(position, table.schema.field(position), pa.array(new, pa.int64(), mask=ids < 0))
        narrowed[name] = table.combine_chunks()
    return replace(month, **narrowed)


def beside(one: MonthTables, other: MonthTables) -> MonthTables:
    """Two disjoint parts of a month as one, the ids of `other` after those of `one`."""
    offsets = {
        "records": one.records.num_rows,
        "persons": one.persons.num_rows,
        "households": one.households.num_rows,
        "evidence": int(one.evidence["evidence_id"].to_numpy().max(initial=-1)) + 1,
    }
    joined = {}
    for name, table in other.as_dict().items():
        for column, kind in ID_COLUMNS.items():
            if column in table.column_names:
                position = table.schema.get_field_index(column)
                table = table.set_column(position, table.schema.field(position), pc.add(table[column], offsets[kind]))
        joined[name] = pa.concat_tables([one.as_dict()[name], table]).combine_chunks()
    return MonthTables.from_dict(joined)


def _spread(ids: pa.ChunkedArray, mask: np.ndarray) -> np.ndarray:
    """A mask by position as a mask by id."""
    values = ids.to_numpy()
    spread = np.zeros(int(values.max(initial=-1)) + 1, dtype=bool)
    spread[values] = mask
    return spread
