"""Cells of a supply, by type. Takes a column of text, gives typed values and which rows break which rule.

A leaf: imports the specification's models and nothing else of ours. `parse` works on each different value once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.fields import at_once, identifiers, postcodes
from matcher.fields.dates import read_date, read_date_of_birth
from matcher.fields.scalars import code_table, read_code, read_count, read_number, read_sex, read_yes_no
from matcher.fields.terms import parse_term
from specs.load import Column, ColumnType

__all__ = ["TYPES", "Parsed", "parse"]

TYPES: dict[str, pa.DataType] = {
    "date": pa.date32(),
    "date_of_birth": pa.date32(),
    "count": pa.int64(),
    "number": pa.float64(),
    "yes_no": pa.bool_(),
}
"""Arrow type of a parsed column; every other type stays text."""

_Read = Callable[[str], tuple[Any, str | None]]
_FREE_TEXT = ("text", "name", "address")
_BLANK: tuple[Any, str | None] = (None, None)
_UNREADABLE = "\ufffd"  # what the reader puts where bytes are no characters


@dataclass(frozen=True)
class Parsed:
    """`values` as long as the input; `bad` the row positions (from 0, rising) that break a rule, `rules` which, alike long."""

    values: pa.Array
    bad: np.ndarray
    rules: list[str] = field(default_factory=list)

    def by_rule(self) -> list[tuple[str, np.ndarray]]:
        """Each broken rule with the positions that break it, rising."""
        told = np.array(self.rules, dtype=object)
        return [(rule, self.bad[told == rule]) for rule in sorted(set(self.rules))]


def parse(type_name: ColumnType, values: pa.Array | pa.ChunkedArray, *, column: Column, as_at: dt.date) -> Parsed:
    """Read a column of text (blank and null alike mean nothing given).

    Dates, counts, numbers and Y/N come back typed and null where unreadable; codes and terms canonical or null; all
    other types as delivered, trimmed, and reported where they are not what the column should hold.
    """
    text = _one(values)
    if type_name in _FREE_TEXT:
        return _free_text(text)
    encoded = text.dictionary_encode()
    distinct = encoded.dictionary
    values, sure = _at_once(type_name, distinct, as_at)
    read = _reader(type_name, column, as_at)
    trimmed = [value.strip() for value in distinct.filter(pa.array(~sure)).to_pylist()]
    results = [read(value) if value else _BLANK for value in trimmed]
    found = pa.array([result for result, _ in results], type=TYPES.get(type_name, pa.string()))
    faults = [fault for _, fault in results]
    typed = (pc.replace_with_mask(values, pa.array(~sure), found) if sure.any() else found).take(encoded.indices)
    places = np.append(np.where(sure, -1, np.cumsum(~sure) - 1), -1)  # among those read one by one; -1: not among them
    place = places[pc.fill_null(encoded.indices, len(distinct)).to_numpy(zero_copy_only=False)]
    if type_name == "yes_no":  # of which none is read at once
        blank = pa.array(np.array([*(not value for value in trimmed), True])[place])
        typed = pc.if_else(blank, False, typed)
    bad = np.flatnonzero(np.array([fault is not None for fault in [*faults, None]])[place]).astype(np.int64)
    return Parsed(typed, bad, [faults[code] or "" for code in place[bad].tolist()])


def _at_once(type_name: ColumnType, distinct: pa.Array, as_at: dt.date) -> tuple[pa.Array, np.ndarray]:
    """(values as typed, which of them are sure)."""
    if type_name in ("date", "date_of_birth"):
        return at_once.dates(distinct, born_by=as_at if type_name == "date_of_birth" else None)
    if type_name == "number":
        return at_once.numbers(distinct)
    return distinct, at_once.canonical_already(type_name, distinct)


def _one(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    return values.cast(pa.string()) if values.type != pa.string() else values


def _free_text(text: pa.Array) -> Parsed:
    trimmed = pc.utf8_trim_whitespace(text)
    trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    odd = pc.fill_null(pc.match_substring(trimmed, _UNREADABLE), False).to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(odd).astype(np.int64)
    return Parsed(trimmed, bad, ["characters"] * len(bad))


def _checked(rule: str, canonical: Callable[[str], str | None]) -> _Read:
    return lambda text: (text, None if _UNREADABLE not in text and canonical(text) is not None else rule)


def _term(text: str) -> tuple[str | None, str | None]:
    term = parse_term(text)
    return (term.label, None) if term else (None, "term")


def _reader(type_name: ColumnType, column: Column, as_at: dt.date) -> _Read:
    if type_name == "code":
        return partial(read_code, table=code_table(column.codes, column.code_aliases))
    if type_name == "date_of_birth":
        return partial(read_date_of_birth, as_at=as_at)
    return {
        "date": read_date,
        "count": read_count,
        "number": read_number,
        "yes_no": read_yes_no,
        "sex": read_sex,
        "term": _term,
        "postcode": _checked("postcode", postcodes.repair),
        "nino": _checked("nino", identifiers.nino),
        "upn": _checked("upn", identifiers.upn),
        "nhs": _checked("nhs", identifiers.nhs),
        "uprn": _checked("uprn", identifiers.uprn),
        "estab": _checked("estab", identifiers.estab),
    }[type_name]
