"""Header cells against a specification. Takes header and spec, gives which cell is which column, and every fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.extracts.grid import place_of
from matcher.extracts.supplies import Problem
from matcher.fields.scalars import bare
from specs.load import ExtractSpec


@dataclass(frozen=True)
class Heading:
    """`listed`: column id -> position; `unlisted`: positions of cells that the specification does not list."""

    listed: dict[str, int]
    unlisted: tuple[int, ...]
    faults: tuple[Problem, ...]


def known_names(spec: ExtractSpec) -> dict[str, str]:
    """Bare form of each column's name, id and aliases -> column id; a name wins over an alias."""
    names = {bare(alias): column.id for column in spec.column for alias in column.aliases}
    names |= {bare(column.id): column.id for column in spec.column}
    return names | {bare(column.name): column.id for column in spec.column}


def match_header(header: Sequence[str], spec: ExtractSpec, *, offset: int = 0) -> Heading:
    """Match ignoring case, spaces, underscores and punctuation.

    Faults: no header at all, a required column missing, a column twice. Cells that are not agreed names are never
    quoted: where the header is missing, they are somebody's data.
    """
    names = known_names(spec)
    found: dict[str, list[int]] = {}
    unlisted: dict[str, list[int]] = {}
    for position, cell in enumerate(header):
        key = bare(cell)
        if key in names:
            found.setdefault(names[key], []).append(position)
        else:
            unlisted.setdefault(key or f" {position}", []).append(position)
    headings = {column.id: column.name for column in spec.column}
    required = [column.id for column in spec.column if column.required]
    missing = [column for column in required if column not in found]
    positions = tuple(sorted(position for group in unlisted.values() for position in group))
    if not found or 2 * len(missing) > len(required):
        message = (
            f"the first row does not look like the header of {spec.id}: it holds {len(required) - len(missing)} of "
            f"the {len(required)} required columns; put the column names in the first row"
        )
        return Heading({}, positions, (Problem(None, None, "no_header", message),))
    faults = [
        Problem(None, headings[column], "missing_column", f"required column {headings[column]} is missing; add it")
        for column in missing
    ]
    for column, places in found.items():
        if len(places) > 1:
            where = " and ".join(place_of(place, offset) for place in places)
            message = f"{headings[column]} stands in {where}; keep one"
            faults.append(Problem(None, headings[column], "column_twice", message))
    for places in unlisted.values():
        if len(places) > 1:
            where = " and ".join(place_of(place, offset) for place in places)
            faults.append(Problem(None, None, "column_twice", f"{where} have the same name; keep one"))
    return Heading({column: places[0] for column, places in found.items()}, positions, tuple(faults))
