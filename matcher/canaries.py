"""Canary people in a month: put among the rows of every supply, followed to the decisions, let go with everybody else.

Takes an intake and a batch's seed, gives the intake with the canaries' rows after the real ones of every accepted supply; parts
the two again as soon as records are made, so that no real pair, person or household can hang on a canary. Refuses (raises
UserError) to go on where one is missing from a stage: the search for them afterwards would prove nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.errors import UserError
from matcher.extracts import Intake
from matcher.purge.canaries import PLACE, Canary, canaries_of
from matcher.records import Built
from matcher.tables import MonthTables
from specs.load import ExtractSpec

_NONE = np.iinfo(np.int64).max
NAMES = ("forename", "surname", "ref", "address", "upn", "nhs", "uprn", "relationship")


@dataclass(frozen=True)
class Planted:
    """An intake with canaries in it, and who they are."""

    intake: Intake
    canaries: tuple[Canary, ...]

    @property
    def supplies(self) -> list[str]:
        """Names of the supplies that hold canaries."""
        return sorted({f"{c.dataset}.{c.supplier}" if c.supplier else c.dataset for c in self.canaries})


class Counted(Protocol):
    """What is read of a supply: how many rows its file holds. A row after them is a canary."""

    @property
    def dataset(self) -> str: ...
    @property
    def supplier(self) -> str: ...
    @property
    def rows_in(self) -> int: ...
    @property
    def rows(self) -> pa.Table | None: ...


def plant(intake: Intake, specs: Mapping[str, ExtractSpec], seed: bytes) -> Planted:
    """Canaries after the last row of every accepted supply, in memory. All counts of the supplies stay those of their files."""
    planted: list[Canary] = []
    supplies = []
    for supply in intake.supplies:
        if supply.status == "accepted" and supply.rows is not None:
            made = canaries_of(seed, specs[supply.dataset], supply.supplier)
            supply = replace(supply, rows=_with_rows(supply.rows, made, supply.rows_in))
            planted += made
        supplies.append(supply)
    return Planted(replace(intake, supplies=tuple(supplies)), tuple(planted))


def _with_rows(rows: pa.Table, canaries: Sequence[Canary], rows_in: int) -> pa.Table:
    if (pc.max(rows["row"]).as_py() or 0) > rows_in:  # a real row would be taken for a canary, and lost
        raise ValueError("a row is numbered past the end of its file")
    columns: dict[str, list[Any]] = {
        name: [canary.cells.get(name) for canary in canaries] for name in rows.column_names
    }
    columns["row"] = [rows_in + number for number in range(1, len(canaries) + 1)]
    columns["beyond_row"] = [False] * len(canaries)
    schema = rows.schema
    more = pa.table([pa.array(columns[field.name], field.type) for field in schema], schema=schema)
    return pa.concat_tables([rows, more])


def rows_of(records: pa.Table, supplies: Iterable[Counted | Mapping[str, Any]]) -> np.ndarray:
    """Which records come from canaries' rows: bool a record."""
    last = {_key(supply): _rows_in(supply) for supply in supplies}
    dataset, supplier = (records[name].combine_chunks().dictionary_encode() for name in ("dataset", "supplier"))
    pairs = itertools.product(dataset.dictionary.to_pylist(), supplier.dictionary.to_pylist())
    last_row = np.array([last.get(pair, _NONE) for pair in pairs], np.int64)
    source = dataset.indices.to_numpy().astype(np.int64) * len(supplier.dictionary) + supplier.indices.to_numpy()
    return records["row"].to_numpy() > last_row[source]


def _key(supply: Counted | Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(supply, Mapping):
        return supply["dataset"], supply["supplier"]
    return supply.dataset, supply.supplier


def _rows_in(supply: Counted | Mapping[str, Any]) -> int:
    return int(supply["rows_in"]) if isinstance(supply, Mapping) else supply.rows_in


def part(built: Built, supplies: Sequence[Counted], specs: Mapping[str, ExtractSpec]) -> tuple[Built, Built | None]:
    """The records of a month without the canaries, as if there had been none, and the canaries' own; None where there are none."""
    mine = rows_of(built.records, supplies)
    place = _places(supplies, specs)
    if not mine.any() and not place.any():
        return built, None
    return _only(built, ~mine, ~place), _only(built, mine, place)


def _places(supplies: Sequence[Counted], specs: Mapping[str, ExtractSpec]) -> np.ndarray:
    """Which rows of the gazetteer are canaries', in the order in which `build` puts them there: bool a row."""
    after = [
        np.sort(supply.rows["row"].to_numpy()) > supply.rows_in
        for supply in sorted(supplies, key=_key)
        if supply.rows is not None and specs[supply.dataset].about == "reference"
    ]
    return np.concatenate([np.zeros(0, dtype=bool), *after])


def _only(built: Built, mine: np.ndarray, places: np.ndarray) -> Built:
    """The chosen records, renumbered densely in their order, with their evidence; the chosen places."""
    number = np.where(mine, np.cumsum(mine) - 1, -1)
    evidence = _chosen(built.evidence, mine[built.evidence["record_id"].to_numpy()])
    evidence = _set(evidence, "record_id", number[evidence["record_id"].to_numpy()])
    evidence = _set(evidence, "evidence_id", np.arange(evidence.num_rows))
    records = _chosen(built.records, mine)
    records = _set(records, "record_id", np.arange(records.num_rows))
    return Built(
        records.combine_chunks(), evidence.combine_chunks(), built.gazetteer.filter(pa.array(places)), built.beyond
    )


def _chosen(table: pa.Table, mine: np.ndarray) -> pa.Table:
    """The chosen rows. Canaries stand at the end of their supplies: what lies between them is copied as it is."""
    edges = np.flatnonzero(np.diff(mine, prepend=False, append=False)).reshape(-1, 2)
    runs = [table.slice(begin, end - begin) for begin, end in edges.tolist()]
    return pa.concat_tables([table.slice(0, 0), *runs]).combine_chunks()


def _set(table: pa.Table, column: str, values: np.ndarray) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(place), pa.array(values, pa.int64()))


def confirm(planted: Planted, tables: MonthTables | None, gazetteer: pa.Table | None) -> None:
    """Raises UserError where a canary is not in records, persons, households and decisions, or qualifies."""
    if not planted.canaries:
        return
    if tables is None or gazetteer is None:
        raise _worthless("records")
    missing = confirm_records(planted, tables.records, gazetteer)
    person, household, routes = tables.person_of(), tables.household_of(), tables.route_of()
    decided = set(tables.decisions["household_id"].to_pylist())
    named = tables.records["names_person"].to_numpy(zero_copy_only=False)
    if (person[named] < 0).any():
        missing.append("persons")
    if (household < 0).any():
        missing.append("households")
    if any(int(home) not in decided or routes[home] != "no" for home in household[household >= 0]):
        missing.append("decisions")
    if missing:
        raise _worthless(*missing)


def confirm_records(planted: Planted, records: pa.Table, gazetteer: pa.Table) -> list[str]:
    """The stages among records and gazetteer that lack a canary. Every word of it is looked for, not its row alone."""
    texts: dict[tuple[str, str], set[str]] = {}
    people: dict[tuple[str, str], int] = {}
    for row in records.select(["dataset", "supplier", "names_person", *NAMES]).to_pylist():
        key = row["dataset"], row["supplier"]
        texts.setdefault(key, set()).update(row[name].upper() for name in NAMES if row[name])
        people[key] = people.get(key, 0) + bool(row["names_person"])
    places = {text.upper() for name in ("uprn", "address") for text in gazetteer[name].to_pylist() if text}
    lacking = []
    for canary in planted.canaries:
        held = places if canary.shape == PLACE else texts.get((canary.dataset, canary.supplier), set())
        if not all(any(word in text for text in held) for word in canary.words):
            lacking.append("the gazetteer" if canary.shape == PLACE else "records")
    wanted: dict[tuple[str, str], int] = {}
    for canary in planted.canaries:
        key = canary.dataset, canary.supplier
        wanted[key] = wanted.get(key, 0) + canary.people
    if any(people.get(key, 0) != count for key, count in wanted.items()):
        lacking.append("records")
    return list(dict.fromkeys(lacking))


def confirm_let_go(records: pa.Table, supplies: Iterable[Counted | Mapping[str, Any]]) -> None:
    """Raises UserError where a canary is among the records that stay."""
    if rows_of(records, supplies).any():
        raise _worthless("what is let go")


def _worthless(*stages: str) -> UserError:
    return UserError(
        "The made-up people that prove the deletion are not where they must be; nothing was destroyed.",
        where=f"stage: {', '.join(stages)}",
        todo="this is a defect of the program: report these lines (they hold no data), and keep the received files",
    )
