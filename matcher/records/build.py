"""Checked rows -> who and what. Takes supplies, specs and the batch date, gives RECORDS, EVIDENCE and the gazetteer.

Here the two part: the records tell who is meant and hold nothing of what happened, the evidence tells what happened and
points to a record by its number. Nothing is refused: what the rows hold was checked at intake. Records stand in the order
(dataset, supplier, row, part), whatever the order of the supplies; records known from the registry follow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.records.address_columns import read_addresses
from matcher.records.evidence import row_facts
from matcher.records.people import canonical, column, number, people, reference
from matcher.records.scripts import to_ascii
from matcher.records.sightings import seen_on
from matcher.records.uniques import first_rows
from specs.load import ExtractSpec, Role
from specs.tables import EVIDENCE, RECORDS, REGISTRY_DATASET, check

SECOND_PERSON = "#2"  # ends the reference system of the second person of a joint name, who is not the first one
GAZETTEER = pa.schema(
    [
        ("uprn", pa.string()),
        *((name, pa.string()) for name in ("address", "flat", "building", "number", "street", "town", "postcode")),
        ("district", pa.string()),
        ("place_class", pa.string()),
        ("easting", pa.float64()),
        ("northing", pa.float64()),
    ]
)


class SupplyLike(Protocol):
    """What is read of a supply."""

    @property
    def dataset(self) -> str: ...
    @property
    def supplier(self) -> str: ...
    @property
    def rows(self) -> pa.Table | None: ...
    @property
    def metadata(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class Built:
    """`beyond`: (dataset, supplier) -> wording -> facts left out because they lie outside the agreed window."""

    records: pa.Table
    evidence: pa.Table
    gazetteer: pa.Table
    beyond: dict[tuple[str, str], dict[str, int]]


def build(
    supplies: Sequence[SupplyLike], specs: Mapping[str, ExtractSpec], as_at: dt.date, *, known: pa.Table | None = None
) -> Built:
    """Records and evidence of a month.

    `known`: records of families already in the registry, shaped as RECORDS (columns may be missing); they get no evidence.
    """
    records: list[pa.Table] = []
    evidence: list[pa.Table] = []
    gazetteer: list[pa.Table] = []
    beyond: dict[tuple[str, str], dict[str, int]] = {}
    start = 0
    given = [
        (supply, _in_order(supply.rows).combine_chunks(), specs[supply.dataset])
        for supply in sorted(supplies, key=lambda supply: (supply.dataset, supply.supplier))
        if supply.rows is not None
    ]
    addresses = _addresses([(rows, spec) for _, rows, spec in given])
    for (supply, rows, spec), parts in zip(given, addresses, strict=True):
        if spec.about == "reference":
            gazetteer.append(_places(rows, spec, parts))
            continue
        made, firsts, seconds = _records(supply, rows, spec, as_at, parts, start)
        found = row_facts(rows, spec, as_at)
        evidence.append(_evidence(found.facts, supply, rows, start + firsts, start + seconds))
        if found.beyond:
            beyond[supply.dataset, supply.supplier] = found.beyond
        records.append(made)
        start += made.num_rows
    if known is not None:
        records.append(_known(known, start))
    who = check(pa.concat_tables([RECORDS.empty(), *records]).combine_chunks(), RECORDS)
    what = _numbered(pa.concat_tables([_UNNUMBERED.empty_table(), *evidence]), as_at)
    return Built(
        who, check(what, EVIDENCE, records=who), pa.concat_tables([GAZETTEER.empty_table(), *gazetteer]), beyond
    )


def _in_order(rows: pa.Table) -> pa.Table:
    """The rows as they stand in the file, as intake leaves them."""
    return rows if (np.diff(rows["row"].to_numpy()) >= 0).all() else rows.sort_by("row")


def _addresses(tables: Sequence[tuple[pa.Table, ExtractSpec]]) -> list[dict[str, pa.Array]]:
    """The address columns of each table. Supplies write the same addresses: each is read once for all of them."""
    roles: tuple[Role, ...] = ("address", "address_2", "town", "postcode")
    written = [pa.chunked_array([column(rows, spec, role) for rows, spec in tables], pa.string()) for role in roles]
    first, which = first_rows(written)
    columns = read_addresses(*(column.combine_chunks().take(first) for column in written))
    made = []
    end = 0
    for rows, _ in tables:
        taken = pa.array(which[end : end + rows.num_rows])
        made.append({name: values.take(taken) for name, values in columns.items()})
        end += rows.num_rows
    return made


def _records(
    supply: SupplyLike,
    rows: pa.Table,
    spec: ExtractSpec,
    as_at: dt.date,
    addresses: Mapping[str, pa.Array],
    start: int,
) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """(records, place of each row's first person among them, of its second person or -1)."""
    size = rows.num_rows
    who = people(rows, spec)
    system, ref = reference(rows, spec, supply.supplier, who.first)
    shared = {
        "dataset": pa.repeat(supply.dataset, size),
        "supplier": pa.repeat(supply.supplier, size),
        "row": rows["row"].combine_chunks().cast(pa.int32()),
        "ref": ref,
        **addresses,
        "uprn": who.first["uprn"],
        "address_from": column(rows, spec, "address_from", pa.date32()),
        "address_to": column(rows, spec, "address_to", pa.date32()),
        "seen_on": seen_on(rows, spec, as_at, supply.metadata),
        "relationship": canonical(column(rows, spec, "relationship"), _words),
        "beyond": _flag(rows, "beyond_row"),
    }
    has_ref = pc.is_valid(ref)
    nobody = pa.scalar(None, pa.string())
    first = shared | who.first | {"part": _part(0, size), "ref_system": pc.if_else(has_ref, system, nobody)}
    joint = np.flatnonzero(who.joint)
    seconds = np.full(size, -1, np.int64)
    if not len(joint):
        return _with_ids(_shaped(first, size), start), np.arange(size), seconds
    second = (
        shared
        | who.second
        | {
            "part": _part(1, size),
            "ref_system": pc.if_else(has_ref, system + SECOND_PERSON, nobody),
            "names_person": pa.repeat(True, size),
        }
    )
    both = pa.concat_tables([_shaped(first, size), _shaped(second, size).take(pa.array(joint))])
    order = np.argsort(np.concatenate([np.arange(size) * 2, joint * 2 + 1]), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    seconds[joint] = place[size:]
    both = both.take(pa.array(order))
    return _with_ids(both, start), place[:size], seconds


def _part(number: int, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(number, pa.int8()), size)


def _flag(rows: pa.Table, name: str) -> pa.Array:
    if name not in rows.column_names:
        return pa.repeat(False, rows.num_rows)
    return pc.fill_null(rows[name].combine_chunks(), False)


def _words(text: str) -> str | None:
    return " ".join("".join(c if c.isalpha() else " " for c in to_ascii(text[:100]).upper()).split()) or None


def _shaped(columns: Mapping[str, pa.Array], size: int) -> pa.Table:
    """A table as RECORDS declares; columns that are not given are null."""
    return pa.table(
        [
            columns[field.name].cast(field.type) if field.name in columns else _blank(field, size)
            for field in RECORDS.schema
        ],
        names=RECORDS.schema.names,
    ).cast(pa.schema([field.with_nullable(True) for field in RECORDS.schema]))


def _blank(field: pa.Field, size: int) -> pa.Array:
    return pa.nulls(size, field.type)


def _with_ids(table: pa.Table, start: int) -> pa.Table:
    ids = pa.array(np.arange(start, start + table.num_rows, dtype=np.int64))
    return table.set_column(0, "record_id", ids).cast(RECORDS.schema)


def _known(known: pa.Table, start: int) -> pa.Table:
    """Registry records in their own order, numbered on from `start`; what RECORDS must hold and they lack is filled in."""
    size = known.num_rows
    given = {name: known[name].combine_chunks() for name in known.column_names if name in RECORDS.schema.names}
    for name, value in (("supplier", ""), ("part", 0), ("address_kind", "none"), ("beyond", False)):
        given[name] = pc.fill_null(given[name], value) if name in given else pa.repeat(value, size)
    for name, value in (("names_person", True), ("name_order_sure", True)):
        given[name] = pc.fill_null(given[name], value) if name in given else pa.repeat(value, size)
    given |= {"dataset": pa.repeat(REGISTRY_DATASET, size), "row": pa.repeat(pa.scalar(0, pa.int32()), size)}
    given.pop("record_id", None)
    return _with_ids(_shaped(given, size), start)


_UNNUMBERED = pa.schema([field for field in EVIDENCE.schema if field.name != "evidence_id"])


def _evidence(facts: pa.Table, supply: SupplyLike, rows: pa.Table, firsts: np.ndarray, seconds: np.ndarray) -> pa.Table:
    """Facts by row -> evidence by record. The two people of a joint name share a fact under one key: it counts once."""
    source = f"{supply.dataset}.{supply.supplier}" if supply.supplier else supply.dataset
    position = facts["position"].to_numpy()
    row = rows["row"].combine_chunks().cast(pa.string()).take(pa.array(position))
    fact = pc.binary_join_element_wise(source, row, ":")
    joint = seconds[position] >= int(firsts[0] if len(firsts) else 0)
    key = facts["key"].combine_chunks()
    within = pc.binary_join_element_wise(source, key, "\x1f")  # rows delivered twice are told apart by supply
    key = pc.if_else(pc.fill_null(pc.starts_with(key, "="), False), key, within)
    if joint.any():
        rule, month = (facts[name].combine_chunks().cast(pa.string()) for name in ("rule", "month"))
        own = pc.binary_join_element_wise(fact, rule, month, "\x1f")
        key = pc.if_else(pa.array(joint), pc.coalesce(key, own), key)
    given = (facts[name].combine_chunks() for name in ("kind", "code", "begun", "ended", "quantity"))
    of_first = pa.table([pa.array(firsts[position].astype(np.int64)), *given, fact, key], schema=_UNNUMBERED)
    if not joint.any():
        return of_first
    ids = pa.array(seconds[position][joint].astype(np.int64))
    of_second = of_first.filter(pa.array(joint)).set_column(0, _UNNUMBERED.field(0), ids)
    both = pa.concat_tables([of_first, of_second])
    order = np.argsort(both["record_id"].to_numpy(), kind="stable")
    return both.take(pa.array(order))


def _numbered(evidence: pa.Table, as_at: dt.date) -> pa.Table:
    """Evidence with its ids; keys become numbers of this batch, so that no reference of a person stands in them."""
    ids = pa.array(np.arange(evidence.num_rows, dtype=np.int64))
    keys = evidence["fact_key"].combine_chunks()
    numbers = keys.dictionary_encode().indices  # in order of first appearance; null where there is no key
    text = pc.binary_join_element_wise(as_at.isoformat(), numbers.cast(pa.string()), ":")
    evidence = evidence.set_column(evidence.schema.get_field_index("fact_key"), "fact_key", text)
    return evidence.add_column(0, "evidence_id", ids).cast(EVIDENCE.schema)


def _places(rows: pa.Table, spec: ExtractSpec, addresses: Mapping[str, pa.Array]) -> pa.Table:
    given = {
        **addresses,
        "uprn": number(rows, spec, "uprn"),
        "district": column(rows, spec, "district"),
        "place_class": column(rows, spec, "place_class"),
        "easting": column(rows, spec, "easting", pa.float64()),
        "northing": column(rows, spec, "northing", pa.float64()),
    }
    return pa.table([given[name] for name in GAZETTEER.names], schema=GAZETTEER)
