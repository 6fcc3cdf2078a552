"""Who each row names. Takes a supply's rows and its spec, gives the name, sex, date of birth and identifier columns of
RECORDS, and which rows name a second person. Parses each distinct name and number once. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.fields import identifiers
from matcher.records.names import Person, parse_columns, parse_full
from matcher.records.uniques import unique_rows
from specs.load import ExtractSpec, Role, supply_name

_MALE = frozenset(("M", "MALE", "BOY", "MAN", "1"))
_FEMALE = frozenset(("F", "FEMALE", "GIRL", "WOMAN", "2"))
_NOBODY = Person()
_PARTS = {  # the fields of a Person in their order, as columns
    **dict.fromkeys(("title", "forename", "middle", "surname"), pa.string()),
    "surname_parts": pa.list_(pa.string()),
    "name_order_sure": pa.bool_(),
    "sex": pa.string(),
}


@dataclass(frozen=True)
class People:
    """`first` and `second`: column name -> one value a row. `joint`: rows that name a second person."""

    first: dict[str, pa.Array]
    second: dict[str, pa.Array]
    joint: np.ndarray


def column(rows: pa.Table, spec: ExtractSpec, role: Role, kind: pa.DataType | None = None) -> pa.Array:
    """The column with that role; all null where the spec or the rows have none."""
    kind = kind or pa.string()
    found = spec.by_role(role)
    if found is None or found.id not in rows.column_names:
        return pa.nulls(rows.num_rows, kind)
    whole = rows[found.id]
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.nulls(0, whole.type)
    return whole if whole.type.equals(kind) else whole.cast(kind)


def canonical(values: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """`read` of each value, called once for each distinct one."""
    encoded = values.dictionary_encode()
    read_once = [None if text is None else read(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(read_once, pa.string()).take(encoded.indices)


def people(rows: pa.Table, spec: ExtractSpec) -> People:
    """Names, sex, date of birth and identifiers of each row.

    A row names a person where its name does, or where it holds an identifier or date of birth of one; the second person
    of a joint name has name, title and the sex the title tells, and nothing else: the row's date of birth and numbers
    are the first one's.
    """
    named, which = _names(rows, spec)
    first = _name_columns([found[0] if found else _NOBODY for found in named], which)
    pairs = [place for place, found in enumerate(named) if len(found) > 1]
    second_of = np.zeros(len(named), np.int64)
    second_of[pairs] = np.arange(1, len(pairs) + 1)
    second = _name_columns([_NOBODY, *(named[place][1] for place in pairs)], second_of[which])
    joint = second_of[which] > 0
    sex = canonical(column(rows, spec, "sex"), _sex)
    first["sex"] = pc.coalesce(sex, first["sex"])
    first["dob"] = column(rows, spec, "dob", pa.date32())
    for role, read in _NUMBERS.items():
        first[role] = canonical(column(rows, spec, role), read)
    named_rows = pc.or_(pc.is_valid(first["forename"]), pc.is_valid(first["surname"]))
    for name in ("dob", "nino", "upn", "nhs"):
        named_rows = pc.or_(named_rows, pc.is_valid(first[name]))
    first["names_person"] = named_rows
    return People(first, second, joint)


def reference(rows: pa.Table, spec: ExtractSpec, supplier: str, first: dict[str, pa.Array]) -> tuple[str, pa.Array]:
    """(reference system, reference of each row): the ref column trimmed as delivered; without one the UPN or NINO."""
    if spec.by_role("ref") is not None:
        system = spec.ref_system or supply_name(spec.id, supplier)
        return system, _blank_to_null(column(rows, spec, "ref"))
    for role in ("upn", "nino"):
        if spec.by_role(role) is not None:
            delivered = canonical(column(rows, spec, role), _compact)
            return spec.ref_system or role, pc.coalesce(first[role], delivered)
    return spec.ref_system or spec.id, pa.nulls(rows.num_rows, pa.string())


def _names(rows: pa.Table, spec: ExtractSpec) -> tuple[list[tuple[Person, ...]], np.ndarray]:
    whole = spec.by_role("full_name")
    if whole is not None:
        form = whole.form or "forename_first"
        texts, which = unique_rows([column(rows, spec, "full_name")])
        return [parse_full(text, form) for (text,) in texts], which
    pairs, which = unique_rows([column(rows, spec, "forename"), column(rows, spec, "surname")])
    return [parse_columns(forename, surname) for forename, surname in pairs], which


def _name_columns(persons: list[Person], which: np.ndarray) -> dict[str, pa.Array]:
    """The parts of the persons of a name as columns, for rows of which each has the person at its place."""
    taken = pa.array(which)
    parts = dict(zip(_PARTS, zip(*persons, strict=True), strict=True)) if persons else dict.fromkeys(_PARTS, ())
    parts["surname_parts"] = tuple(names or None for names in parts["surname_parts"])
    return {name: pa.array(parts[name], kind).take(taken) for name, kind in _PARTS.items()}


def _sex(text: str) -> str | None:
    word = text.strip().upper()
    return "M" if word in _MALE else "F" if word in _FEMALE else None


def _compact(text: str) -> str | None:
    return "".join(text.upper().split()) or None


def _blank_to_null(values: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


_NUMBERS: dict[Role, Callable[[str], str | None]] = {
    "nino": identifiers.nino,
    "upn": identifiers.upn,
    "nhs": identifiers.nhs,
    "uprn": identifiers.uprn,
}
