"""Cells -> checked rows. Takes a grid, its heading and the specification, gives typed rows and every problem.

A row is left out where its form is broken, it repeats the header, or it lacks what gives it meaning; a cell that cannot
be read is reported and counts as blank. What is more than agreed is blanked or marked here, before anybody uses it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.extracts.grid import LONGEST_CELL, Grid, place_of
from matcher.extracts.header import Heading
from matcher.extracts.rules import of_row, words
from matcher.extracts.supplies import Problem
from matcher.fields import TYPES, parse
from matcher.fields.conditions import holds
from specs.load import ExtractSpec

_DATES = ("date", "date_of_birth")
_SERIAL_START = dt.date(1899, 12, 30)  # day 0 of a spreadsheet's calendar, from March 1900 on


@dataclass(frozen=True)
class Checked:
    """The accepted rows and what is to be said of all of them; fields as in Supply."""

    rows: pa.Table
    rejected: int
    problems: tuple[Problem, ...]
    completeness: dict[str, tuple[int, int]]
    beyond: dict[str, int]
    duplicates: int
    undated: dict[str, int]


def check_rows(grid: Grid, heading: Heading, spec: ExtractSpec, as_at: dt.date) -> Checked:
    """Parse every listed column, reject rows, find duplicates, apply what the specification calls more than agreed."""
    problems = [_Found(row + 1, -1, rule) for row, rule in grid.broken.items()]
    keep = np.ones(grid.rows, dtype=bool)
    keep[list(grid.broken)] = False
    repeated = _repeats_header(grid, heading)
    problems += [_Found(int(row) + 1, -1, "repeated_header") for row in np.flatnonzero(repeated)]
    keep &= ~repeated
    intact = keep.copy()  # of the other rows nothing more is said
    raw: dict[str, pa.Array] = {}
    typed: dict[str, pa.Array] = {}
    completeness: dict[str, tuple[int, int]] = {}
    for order, column in enumerate(spec.column):
        if column.id not in heading.listed:
            typed[column.id] = pa.nulls(grid.rows, TYPES.get(column.type, pa.string()))
            continue
        cells = grid.columns[heading.listed[column.id]]
        filled = cells.is_valid().to_numpy(zero_copy_only=False) & intact
        cells, long = _bounded(cells)
        if grid.spreadsheet and column.type in _DATES:
            cells = _spreadsheet_dates(cells)
        parsed = parse(column.type, cells, column=column, as_at=as_at)
        faults = [(int(row), "too_long") for row in long]
        faults += zip(parsed.bad.tolist(), parsed.rules, strict=True)
        problems += [_Found(row + 1, order, rule) for row, rule in faults if not repeated[row]]
        faulty = np.zeros(grid.rows, dtype=bool)
        faulty[[row for row, _ in faults]] = True
        completeness[column.id] = (int(filled.sum()), int((filled & ~faulty).sum()))
        if column.needed_in_row:
            blank = ~cells.is_valid().to_numpy(zero_copy_only=False)
            problems += [_Found(int(row) + 1, order, "needed") for row in np.flatnonzero(blank & intact)]
            keep &= ~blank
        raw[column.id], typed[column.id] = cells, parsed.values
    for group in spec.needs_one_of:
        order = next(n for n, column in enumerate(spec.column) if column.id == group[0])
        blank = np.ones(grid.rows, dtype=bool)
        for name in group:
            blank &= ~raw[name].is_valid().to_numpy(zero_copy_only=False) if name in raw else True
        problems += [_Found(int(row) + 1, order, "needs_one_of") for row in np.flatnonzero(blank & intact)]
        keep &= ~blank
    table = pa.table({"row": pa.array(np.arange(1, grid.rows + 1, dtype=np.int32)), **typed}).filter(pa.array(keep))
    again = _duplicates({name: cells.filter(pa.array(keep)) for name, cells in raw.items()}, spec, table.num_rows)
    problems += [_Found(row, -1, "duplicate") for row in table["row"].filter(pa.array(again)).to_pylist()]
    table, beyond = _drop_beyond(table, spec)
    notes = _unlisted(grid, heading) + [
        Problem(
            None,
            None,
            "more_than_agreed",
            f"{count} row{'s' if count > 1 else ''}: {wording}; {words('more_than_agreed')}",
        )
        for wording, count in beyond.items()
    ]
    for position in heading.unlisted:
        beyond[f"{place_of(position, grid.offset)}: not in the specification"] = _filled(grid, position)
    names = [column.name for column in spec.column]
    problems.sort(key=lambda found: (found.row, found.order, found.rule))
    told = [of_row(found.row, names[found.order] if found.order >= 0 else None, found.rule) for found in problems]
    rejected = grid.rows - table.num_rows
    return Checked(table, rejected, (*notes, *told), completeness, beyond, int(again.sum()), _undated(table, spec))


@dataclass(frozen=True)
class _Found:
    row: int
    order: int  # of the column in the specification; -1: the row
    rule: str


def _repeats_header(grid: Grid, heading: Heading) -> np.ndarray:
    """Rows that are the header once more, as where two files were put together."""
    repeated = np.ones(grid.rows, dtype=bool)
    for position in heading.listed.values():
        same = pc.fill_null(pc.equal(grid.columns[position], grid.header[position]), False)
        repeated &= same.to_numpy(zero_copy_only=False)
        if not repeated.any():
            break
    return repeated


def _bounded(cells: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Cells that are no longer than a cell may be, and the positions of those that were."""
    long = pc.fill_null(pc.greater(pc.utf8_length(cells), LONGEST_CELL), False)
    positions = np.flatnonzero(long.to_numpy(zero_copy_only=False))
    return (pc.if_else(long, pa.scalar(None, pa.string()), cells) if len(positions) else cells), positions


def _spreadsheet_dates(cells: pa.Array) -> pa.Array:
    """Dates that lost their format (a day number of five digits) or their leading zero (1022003), as text again."""
    encoded = cells.dictionary_encode()
    texts = []
    for text in encoded.dictionary.to_pylist():
        whole = text.split(".")[0] if text.replace(".", "", 1).isdigit() and text.isascii() else ""
        if len(whole) == 5:
            text = (_SERIAL_START + dt.timedelta(days=int(whole))).isoformat()
        elif len(whole) == 7 and whole == text:
            text = f"0{text}"
        texts.append(text)
    return pa.array(texts, pa.string()).take(encoded.indices)


def _duplicates(raw: dict[str, pa.Array], spec: ExtractSpec, rows: int) -> np.ndarray:
    """Rows whose key equals an earlier row's, compared as delivered; rows without the key's first part never are."""
    key = [name for name in spec.duplicate_key or raw if name in raw]
    if not key or not rows:
        return np.zeros(rows, dtype=bool)
    codes = {
        name: pc.fill_null(pc.utf8_upper(raw[name]).dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
        for name in key
    }
    again = pd.DataFrame(codes).duplicated().to_numpy()
    return again & (codes[key[0]] >= 0) if spec.duplicate_key else again


def _drop_beyond(table: pa.Table, spec: ExtractSpec) -> tuple[pa.Table, dict[str, int]]:
    """Blank the cells and mark the rows that are more than agreed; count rows by wording."""
    counts: dict[str, int] = {}
    whole = np.zeros(table.num_rows, dtype=bool)
    masks = [(rule, holds(rule.when, table)) for rule in spec.beyond]
    for rule, mask in masks:
        if not mask.any():
            continue
        counts[rule.wording] = counts.get(rule.wording, 0) + int(mask.sum())
        if rule.whole_row:
            whole |= mask
        for name in rule.drop:
            place = table.column_names.index(name)
            blank = pa.scalar(None, table.schema.field(name).type)
            table = table.set_column(place, name, pc.if_else(pa.array(mask), blank, table[name]))
    return table.append_column("beyond_row", pa.array(whole)), counts


def _filled(grid: Grid, position: int) -> int:
    column = grid.columns[position]
    return len(column) - column.null_count


def _unlisted(grid: Grid, heading: Heading) -> list[Problem]:
    return [
        Problem(None, None, "unlisted_column", f"{place_of(position, grid.offset)}: {words('unlisted_column')}")
        for position in heading.unlisted
    ]


def _undated(table: pa.Table, spec: ExtractSpec) -> dict[str, int]:
    """Facts that lack the date (or term) they need, by evidence kind: they are not assessable.

    A fact needs its start; its end too where the specification requires that column (an outcome date, not an expiry).
    """
    required = {column.id for column in spec.column if column.required}
    counts: dict[str, int] = {}
    for rule in spec.evidence:
        dates = [name for name in (rule.begun, rule.term) if name]
        dates += [rule.ended] if rule.ended and rule.ended in required else []
        if not dates:
            continue
        lacking = np.zeros(table.num_rows, dtype=bool)
        for name in dates:
            lacking |= table[name].is_null().to_numpy()
        lacking &= holds(rule.when, table)
        if lacking.any():
            counts[rule.kind] = counts.get(rule.kind, 0) + int(lacking.sum())
    return counts
