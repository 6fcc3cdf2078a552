"""Rows -> evidence. Takes a supply's rows, its spec's rules and the batch date, gives dated facts by row, never their meaning.

Generic: nothing here knows a data set. A fact wholly outside its rule's window is left out and counted as more than agreed;
a fact without a date stays (it is not assessable, and says so later). A count of nought is a fact only by term, where a
supplied nought differs from nothing.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.fields.conditions import holds
from matcher.fields.months import month_range
from matcher.fields.terms import parse_term
from matcher.records.people import canonical
from matcher.records.times import EVENT, STATE
from matcher.records.uniques import row_codes
from specs.load import EvidenceRule, ExtractSpec

FACTS = pa.schema(
    [
        ("position", pa.int64()),  # row of the supply's table
        ("rule", pa.int32()),
        ("month", pa.int32()),  # 1..12 for counts by month, else 0
        ("kind", pa.string()),
        ("code", pa.string()),
        ("begun", pa.date32()),
        ("ended", pa.date32()),
        ("quantity", pa.int64()),
        ("key", pa.string()),  # values that identify the fact across supplies; null: it stands for itself
    ]
)


@dataclass(frozen=True)
class RowFacts:
    """`facts` as FACTS declares, ordered by row, rule and month; `beyond`: wording -> facts left out as out of window."""

    facts: pa.Table
    beyond: dict[str, int]


def window_start(as_at: dt.date, months: int) -> dt.date:
    """First day of the `months` months that end on as_at: 12 months to 31 Oct 2013 begin on 1 Nov 2012."""
    year, month = divmod(as_at.year * 12 + as_at.month - 1 - months, 12)
    back = dt.date(year, month + 1, min(as_at.day, calendar.monthrange(year, month + 1)[1]))
    return back + dt.timedelta(days=1)


def row_facts(rows: pa.Table, spec: ExtractSpec, as_at: dt.date) -> RowFacts:
    """The facts of every rule of the spec. Rows that are more than agreed as a whole (`beyond_row`) give none."""
    allowed = np.ones(rows.num_rows, bool)
    if "beyond_row" in rows.column_names:
        allowed = ~pc.fill_null(rows["beyond_row"], False).to_numpy(zero_copy_only=False)
    beyond: Counter[str] = Counter()
    twice = _delivered_twice(rows, spec)
    identifiers: dict[str, pa.Array] = {}
    tables = []
    for number, rule in enumerate(spec.evidence):
        mask = allowed & holds(rule.when, rows)
        made = _by_month(rows, rule, number, mask, as_at) if rule.by_month else _one_each(rows, rule, number, mask)
        if rule.window_months is not None:
            made, dropped = _within(made, rule, as_at)
            if dropped:
                beyond[f"{rule.kind.replace('_', ' ')} outside the {rule.window_months} months to the batch date"] += (
                    dropped
                )
        tables.append(_with_keys(made, rows, rule, twice, identifiers))
    facts = pa.concat_tables(tables) if tables else FACTS.empty_table()
    position, of_rule, month = (facts[name].to_numpy().astype(np.int64) for name in ("position", "rule", "month"))
    # Months are 0 to 12; a stable sort merges what rises already.
    order = np.argsort((position * len(spec.evidence) + of_rule) * 13 + month, kind="stable")
    return RowFacts(facts.take(pa.array(order)), dict(beyond))


def _column(rows: pa.Table, name: str | None, kind: pa.DataType) -> pa.Array:
    if name is None or name not in rows.column_names:
        return pa.nulls(rows.num_rows, kind)
    whole = rows[name].combine_chunks()
    if pa.types.is_boolean(whole.type) and pa.types.is_string(kind):
        return pc.if_else(pc.fill_null(whole, False), "Y", "N")
    return whole.cast(kind)


def _one_each(rows: pa.Table, rule: EvidenceRule, number: int, mask: np.ndarray) -> pa.Table:
    if isinstance(rule.quantity, str):
        quantity = _column(rows, rule.quantity, pa.int64())
        mask = mask & pc.fill_null(pc.greater_equal(quantity, 0 if rule.term else 1), False).to_numpy(
            zero_copy_only=False
        )
    elif rule.quantity is not None:
        quantity = pa.repeat(pa.scalar(rule.quantity, pa.int64()), rows.num_rows)
    else:
        quantity = pa.nulls(rows.num_rows, pa.int64())
    taken = pa.array(np.flatnonzero(mask))
    begun, ended = _column(rows, rule.begun, pa.date32()), _column(rows, rule.ended, pa.date32())
    if rule.term:
        begun, ended = _term(rows, rule.term)
    code = _column(rows, rule.code, pa.string())
    return _table(taken, rule, number, 0, code.take(taken), begun.take(taken), ended.take(taken), quantity.take(taken))


def _by_month(rows: pa.Table, rule: EvidenceRule, number: int, mask: np.ndarray, as_at: dt.date) -> pa.Table:
    code = _column(rows, rule.code, pa.string())
    tables = [FACTS.empty_table()]
    for month in range(1, 13):
        counts = _column(rows, f"{rule.by_month}{month:02d}", pa.int64())
        above = pc.fill_null(pc.greater(counts, 0), False).to_numpy(zero_copy_only=False)
        taken = pa.array(np.flatnonzero(mask & above))
        first, last = (pa.repeat(pa.scalar(day, pa.date32()), len(taken)) for day in month_range(as_at, month))
        tables.append(_table(taken, rule, number, month, code.take(taken), first, last, counts.take(taken)))
    return pa.concat_tables(tables)


def _table(
    taken: pa.Array,
    rule: EvidenceRule,
    number: int,
    month: int,
    code: pa.Array,
    begun: pa.Array,
    ended: pa.Array,
    quantity: pa.Array,
) -> pa.Table:
    size = len(taken)
    columns = [
        taken.cast(pa.int64()),
        pa.repeat(pa.scalar(number, pa.int32()), size),
        pa.repeat(pa.scalar(month, pa.int32()), size),
        pa.repeat(pa.scalar(rule.kind, pa.string()), size),
        code,
        begun,
        ended,
        quantity,
        pa.nulls(size, pa.string()),
    ]
    return pa.table(columns, schema=FACTS)


def _term(rows: pa.Table, name: str) -> tuple[pa.Array, pa.Array]:
    if name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.date32()), pa.nulls(rows.num_rows, pa.date32())
    encoded = rows[name].combine_chunks().dictionary_encode()
    terms = [parse_term(text) if text else None for text in encoded.dictionary.to_pylist()]
    begun = pa.array([term.begun if term else None for term in terms], pa.date32())
    ended = pa.array([term.ended if term else None for term in terms], pa.date32())
    return begun.take(encoded.indices), ended.take(encoded.indices)


def _within(made: pa.Table, rule: EvidenceRule, as_at: dt.date) -> tuple[pa.Table, int]:
    """The facts that touch the window, and how many do not.

    An event is its beginning. Another fact runs to its end; where the end may be given and is not, it may still run.
    """
    begun, ended = made["begun"].combine_chunks(), made["ended"].combine_chunks()
    start = pa.scalar(window_start(as_at, rule.window_months or 0), pa.date32())
    last = pc.coalesce(begun, ended) if rule.kind in EVENT else pc.max_element_wise(begun, ended)
    if rule.kind not in EVENT and (rule.ended or rule.kind in STATE):
        last = pc.if_else(pc.is_null(ended), None, last)
    early = pc.fill_null(pc.less(last, start), False)
    late = pc.fill_null(pc.greater(pc.min_element_wise(begun, ended), pa.scalar(as_at, pa.date32())), False)
    inside = pc.invert(pc.or_(early, late))
    kept = made.filter(inside)
    return kept, made.num_rows - kept.num_rows


def _delivered_twice(rows: pa.Table, spec: ExtractSpec) -> pa.Array:
    """For rows that the spec's duplicate key finds more than once in this supply, the group they form; else null. Null, too, where
    every rule has a key of its own."""
    names = [name for name in spec.duplicate_key if name in rows.column_names]
    asked = any(not rule.key for rule in spec.evidence)
    if not asked or not names or not rows.num_rows:
        return pa.nulls(rows.num_rows, pa.string())
    groups = row_codes([rows[name] for name in names])
    often = np.bincount(groups)[groups] > 1
    return pc.if_else(pa.array(often), pa.array(groups).cast(pa.string()), None)


def _with_keys(
    made: pa.Table, rows: pa.Table, rule: EvidenceRule, twice: pa.Array, identifiers: dict[str, pa.Array]
) -> pa.Table:
    """Key the facts: by the rule's key columns, across supplies; else rows delivered twice by their group, within this one.

    `identifiers` keeps the key columns that an earlier rule has read.
    """
    position = made["position"].combine_chunks()
    month = made["month"].combine_chunks().cast(pa.string())
    if rule.key:
        for name in rule.key:
            if name not in identifiers:
                identifiers[name] = canonical(_column(rows, name, pa.string()), _bare, "bare")
        parts = [identifiers[name].take(position) for name in rule.key]
        key = pc.binary_join_element_wise(f"={rule.kind}", *parts, month, "\x1f")
    else:
        rule_number = made["rule"].combine_chunks().cast(pa.string())
        key = pc.binary_join_element_wise("+", twice.take(position), rule_number, month, "\x1f")
    return made.set_column(made.schema.get_field_index("key"), "key", key)


def _bare(text: str) -> str | None:
    return "".join(c for c in text.upper() if c.isalnum()) or None
