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
from matcher.fields.at_once import canonical_already
from matcher.records.names import Person, parse_columns, parse_full, plain_family, plain_given
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


def canonical(values: pa.Array, read: Callable[[str], str | None], kind: str = "") -> pa.Array:
    """`read` of each value, called once for each distinct one. `kind`: of `canonical_already`, whose texts `read` leaves alone."""
    encoded = values.dictionary_encode()
    distinct = encoded.dictionary
    others = pa.array(~canonical_already(kind, distinct))
    read_once = pa.array([read(text) for text in distinct.filter(others).to_pylist()], pa.string())
    return pc.replace_with_mask(distinct, others, read_once).take(encoded.indices)


def people(rows: pa.Table, spec: ExtractSpec) -> People:
    """Names, sex, date of birth and identifiers of each row.

    A row names a person where its name does, or where it holds an identifier or date of birth of one; the second person
    of a joint name has name, title and the sex the title tells, and nothing else: the row's date of birth and numbers
    are the first one's.
    """
    first, second, joint = _names(rows, spec)
    sex = canonical(column(rows, spec, "sex"), _sex)
    first["sex"] = pc.coalesce(sex, first["sex"])
    first["dob"] = column(rows, spec, "dob", pa.date32())
    for role in _NUMBERS:
        first[role] = number(rows, spec, role)
    named_rows = pc.or_(pc.is_valid(first["forename"]), pc.is_valid(first["surname"]))
    for name in ("dob", "nino", "upn", "nhs"):
        named_rows = pc.or_(named_rows, pc.is_valid(first[name]))
    first["names_person"] = named_rows
    return People(first, second, joint)


def number(rows: pa.Table, spec: ExtractSpec, role: Role) -> pa.Array:
    """The identifier of each row with that role, in its canonical form."""
    return canonical(column(rows, spec, role), _NUMBERS[role], role)


def reference(rows: pa.Table, spec: ExtractSpec, supplier: str, first: dict[str, pa.Array]) -> tuple[str, pa.Array]:
    """(reference system, reference of each row): the ref column trimmed as delivered; without one the UPN or NINO."""
    if spec.by_role("ref") is not None:
        system = spec.ref_system or supply_name(spec.id, supplier)
        return system, _blank_to_null(column(rows, spec, "ref"))
    for role in ("upn", "nino"):
        if spec.by_role(role) is not None:
            unread = pc.if_else(first[role].is_valid(), None, column(rows, spec, role))
            return spec.ref_system or role, pc.coalesce(first[role], canonical(unread, _compact))
    return spec.ref_system or spec.id, pa.nulls(rows.num_rows, pa.string())


def _names(rows: pa.Table, spec: ExtractSpec) -> tuple[dict[str, pa.Array], dict[str, pa.Array], np.ndarray]:
    """(parts of each row's first name, of its second, whether there is a second)."""
    whole = spec.by_role("full_name")
    if whole is None:
        first = _of_columns(column(rows, spec, "forename"), column(rows, spec, "surname"))
        nobody = np.zeros(rows.num_rows, np.int64)
        return first, _name_columns([_NOBODY], nobody), nobody > 0
    form = whole.form or "forename_first"
    texts, which = unique_rows([column(rows, spec, "full_name")])
    named = [parse_full(text, form) for (text,) in texts]
    first = _name_columns([found[0] if found else _NOBODY for found in named], which)
    pairs = [place for place, found in enumerate(named) if len(found) > 1]
    second_of = np.zeros(len(named), np.int64)
    second_of[pairs] = np.arange(1, len(pairs) + 1)
    second = _name_columns([_NOBODY, *(named[place][1] for place in pairs)], second_of[which])
    return first, second, second_of[which] > 0


def _of_columns(forename: pa.Array, surname: pa.Array) -> dict[str, pa.Array]:
    """Names in two columns. Where both hold ordinary words each column is read by itself, else the pair."""
    size = len(forename)
    given, family = forename.dictionary_encode(), surname.dictionary_encode()
    firsts = [(text and plain_given(text)) or (None, None) for text in given.dictionary.to_pylist()]
    lasts = [(text and plain_family(text)) or None for text in family.dictionary.to_pylist()]
    plain = {
        "forename": pa.array([first for first, _ in firsts], pa.string()).take(given.indices),
        "middle": pa.array([middle for _, middle in firsts], pa.string()).take(given.indices),
        "surname": pa.array(lasts, pa.string()).take(family.indices),
        "surname_parts": pa.array([last and [last] for last in lasts], _PARTS["surname_parts"]).take(family.indices),
        "name_order_sure": pa.repeat(True, size),
    }
    ordinary = pc.and_(plain["forename"].is_valid(), plain["surname"].is_valid())
    others = np.flatnonzero(~ordinary.to_numpy(zero_copy_only=False))
    if not len(others):
        return {name: plain.get(name, pa.nulls(size, kind)) for name, kind in _PARTS.items()}
    chosen = pa.array(others)
    pairs, which = unique_rows([forename.take(chosen), surname.take(chosen)])
    read = [parse_columns(*pair) for pair in pairs]
    found = _name_columns([people[0] if people else _NOBODY for people in read], which)
    place = np.arange(size)
    place[others] = size + np.arange(len(others))
    taken = pa.array(place)
    return {
        name: pa.concat_arrays([plain.get(name, pa.nulls(size, kind)), found[name]]).take(taken)
        for name, kind in _PARTS.items()
    }


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
