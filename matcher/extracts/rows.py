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

from matcher.extracts.grid import Grid, place_of
from matcher.extracts.header import Heading
from matcher.extracts.limits import LONGEST_CELL, MOST_LISTED
from matcher.extracts.rules import of_more_rows, of_row, words
from matcher.extracts.supplies import Problem
from matcher.fields import TYPES, parse
from matcher.fields.characters import CONTROL, INVISIBLE
from matcher.fields.conditions import holds
from specs.load import ExtractSpec

_DATES = ("date", "date_of_birth")


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
    problems = _Problems([column.name for column in spec.column])
    keep = np.ones(grid.rows, dtype=bool)
    for rule, broken in grid.broken.items():
        problems.add(-1, rule, broken.to_numpy() + 1)
        keep[broken.to_numpy()] = False
    repeated = _repeats_header(grid, heading)
    problems.add(-1, "repeated_header", np.flatnonzero(repeated) + 1)
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
        cells, hidden = _visible(cells)
        if grid.serials_from is not None and column.type in _DATES:
            cells = _spreadsheet_dates(cells, grid.serials_from)
        parsed = parse(column.type, cells, column=column, as_at=as_at)
        faulty = np.zeros(grid.rows, dtype=bool)
        for rule, rows in (("too_long", long), *parsed.by_rule()):
            problems.add(order, rule, rows[~repeated[rows]] + 1)
            faulty[rows] = True
        problems.add(order, "invisible", hidden[intact[hidden]] + 1)
        completeness[column.id] = (int(filled.sum()), int((filled & ~faulty).sum()))
        if column.needed_in_row:
            blank = ~cells.is_valid().to_numpy(zero_copy_only=False)
            problems.add(order, "needed", np.flatnonzero(blank & intact) + 1)
            keep &= ~blank
        raw[column.id], typed[column.id] = cells, parsed.values
    for group in spec.needs_one_of:
        order = next(n for n, column in enumerate(spec.column) if column.id == group[0])
        blank = np.ones(grid.rows, dtype=bool)
        for name in group:
            blank &= ~raw[name].is_valid().to_numpy(zero_copy_only=False) if name in raw else True
        problems.add(order, "needs_one_of", np.flatnonzero(blank & intact) + 1)
        keep &= ~blank
    table = pa.table({"row": pa.array(np.arange(1, grid.rows + 1, dtype=np.int32)), **typed})
    table = table if keep.all() else table.filter(pa.array(keep))
    again = _duplicates(raw, spec, keep)
    problems.add(-1, "duplicate", table["row"].to_numpy()[again])
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
    rejected = grid.rows - table.num_rows
    told = problems.told()
    return Checked(table, rejected, (*notes, *told), completeness, beyond, int(again.sum()), _undated(table, spec))


class _Problems:
    """Rows (from 1) by column (its order in the specification; -1: the row) and rule, told in the order of the rows.

    A fault of a whole column of a million rows is a million rows: beyond MOST_LISTED the rest is counted.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._found: dict[tuple[int, str], np.ndarray] = {}

    def add(self, order: int, rule: str, rows: np.ndarray) -> None:
        if len(rows):
            self._found[order, rule] = np.sort(rows)

    def told(self) -> list[Problem]:
        listed = sorted(
            (int(row), order, rule) for (order, rule), rows in self._found.items() for row in rows[:MOST_LISTED]
        )
        more = [
            of_more_rows(len(rows) - MOST_LISTED, self._name(order), rule)
            for (order, rule), rows in sorted(self._found.items())
            if len(rows) > MOST_LISTED
        ]
        return [*more, *(of_row(row, self._name(order), rule) for row, order, rule in listed)]

    def _name(self, order: int) -> str | None:
        return self._names[order] if order >= 0 else None


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
    if (pc.max(pc.binary_length(cells)).as_py() or 0) <= LONGEST_CELL:  # no character is less than a byte
        return cells, np.empty(0, np.int64)
    long = pc.fill_null(pc.greater(pc.utf8_length(cells), LONGEST_CELL), False)
    positions = np.flatnonzero(long.to_numpy(zero_copy_only=False))
    return (pc.if_else(long, pa.scalar(None, pa.string()), cells) if len(positions) else cells), positions


def _visible(cells: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Cells without invisible characters, the positions of those that had some; control characters become U+FFFD."""
    hidden = np.empty(0, np.int64)
    if _all_plain(cells):
        return cells, hidden
    if pc.all(pc.string_is_ascii(cells)).as_py() is False:
        odd = pc.fill_null(pc.match_substring_regex(cells, INVISIBLE), False)
        hidden = np.flatnonzero(odd.to_numpy(zero_copy_only=False))
        if len(hidden):
            cells = pc.utf8_trim_whitespace(pc.replace_substring_regex(cells, INVISIBLE, ""))
            cells = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    if pc.any(pc.match_substring_regex(cells, CONTROL)).as_py():
        cells = pc.replace_substring_regex(cells, CONTROL, "\ufffd")
    return cells, hidden


def _all_plain(cells: pa.Array) -> bool:
    """Whether the cells hold printable ASCII alone; told from their bytes at once."""
    _, offsets, data = cells.buffers()
    if data is None:
        return True
    ends = np.frombuffer(offsets, np.int32)
    octets = np.frombuffer(data, np.uint8)[ends[cells.offset] : ends[cells.offset + len(cells)]]
    return not len(octets) or bool(octets.min() >= 0x20 and octets.max() < 0x7F)


def _spreadsheet_dates(cells: pa.Array, day_0: dt.date) -> pa.Array:
    """Dates that lost their format (a day number of five digits) or their leading zero (1022003), as text again."""
    encoded = cells.dictionary_encode()
    texts = []
    for text in encoded.dictionary.to_pylist():
        whole = text.split(".")[0] if text.replace(".", "", 1).isdigit() and text.isascii() else ""
        if len(whole) == 5:
            text = (day_0 + dt.timedelta(days=int(whole))).isoformat()
        elif len(whole) == 7 and whole == text:
            text = f"0{text}"
        texts.append(text)
    return pa.array(texts, pa.string()).take(encoded.indices)


def _duplicates(raw: dict[str, pa.Array], spec: ExtractSpec, keep: np.ndarray) -> np.ndarray:
    """Which of the kept rows have a key that equals an earlier one's, compared as delivered; rows without the key's first part
    never have."""
    key = [name for name in spec.duplicate_key or raw if name in raw]
    if not key or not keep.any():
        return np.zeros(int(keep.sum()), dtype=bool)
    codes = {
        name: pc.fill_null(pc.utf8_upper(raw[name]).dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)[
            keep
        ]
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
