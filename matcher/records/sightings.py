"""When the source last used each row's address. Takes a supply's rows, spec and period, gives a date or null for each row.

It feeds the choice of where a person lives now, so it must not flatter: the month in which a file was written says little
about a police record of last winter.
- A register of addresses (a spec with an address_from or address_to column): until its "to", else the end of its period.
- A state during which the source is in touch (a benefit, a plan): its end if that is past, else the end of the period.
- Events (offence and outcome, order, intervention, concern, flag): their latest date, whatever the row's code.
- Counts by month: the last day of the latest month above zero. Rows by term: the term's last day.
- A spec without any of these: the end of the period (probation's monthly caseload).
The end of the period is the sidecar's `period_to` where it stands and is not after as_at, else as_at. No date after as_at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from matcher.fields.dates import parse_date
from matcher.fields.months import month_range
from matcher.fields.terms import parse_term
from matcher.records.people import column
from matcher.records.times import IN_TOUCH, MET_AT_BEGINNING, MET_AT_END
from specs.load import ExtractSpec

MONTHS = range(1, 13)


def period_end(metadata: Mapping[str, Any] | None, as_at: dt.date) -> dt.date:
    """The day up to which the supply tells: the sidecar's `period_to`, at most as_at."""
    told = parse_date(str((metadata or {}).get("period_to") or ""))
    return min(told, as_at) if told else as_at


def seen_on(rows: pa.Table, spec: ExtractSpec, as_at: dt.date, metadata: Mapping[str, Any] | None) -> pa.Array:
    """date32 for each row: the latest day at or before as_at on which the source used the address; null where untold."""
    end = period_end(metadata, as_at)
    last = pa.scalar(end, pa.date32())
    if spec.by_role("address_from") or spec.by_role("address_to"):
        until = column(rows, spec, "address_to", pa.date32())
        return pc.if_else(pc.less(pc.fill_null(until, end), last), until, last)
    found = _dates(rows, spec, as_at, last)
    if not found:
        return pa.repeat(last, rows.num_rows)
    limit = pa.scalar(as_at, pa.date32())
    past = [pc.if_else(pc.fill_null(pc.less_equal(dates, limit), False), dates, None) for dates in found]
    return reduce(lambda left, right: pc.max_element_wise(left, right, skip_nulls=True), past)


def _dates(rows: pa.Table, spec: ExtractSpec, as_at: dt.date, last: pa.Scalar) -> list[pa.Array]:
    events: dict[str, None] = {}
    states: dict[tuple[str, str | None], None] = {}
    months: dict[str, None] = {}
    terms: dict[str, None] = {}
    for rule in spec.evidence:
        if rule.kind in MET_AT_BEGINNING and rule.begun:
            events[rule.begun] = None
        if rule.kind in MET_AT_END and rule.ended:
            events[rule.ended] = None
        if rule.kind in IN_TOUCH and rule.begun:
            states[rule.begun, rule.ended] = None
        if rule.by_month:
            months[rule.by_month] = None
        if rule.term:
            terms[rule.term] = None
    found = [_date(rows, name) for name in events]
    for begun, ended in states:
        until = _date(rows, ended) if ended else pa.nulls(rows.num_rows, pa.date32())
        until = pc.coalesce(until, pa.repeat(last, rows.num_rows))
        lasted = pc.if_else(pc.less(until, last), until, last)
        found.append(pc.if_else(pc.is_valid(_date(rows, begun)), lasted, None))
    for prefix in months:
        for month in MONTHS:
            name = f"{prefix}{month:02d}"
            if name in rows.column_names:
                day = pa.scalar(month_range(as_at, month)[1], pa.date32())
                above = pc.fill_null(pc.greater(rows[name].combine_chunks(), 0), False)
                found.append(pc.if_else(above, day, pa.scalar(None, pa.date32())))
    found += [_term_ends(rows, name) for name in terms if name in rows.column_names]
    return found


def _date(rows: pa.Table, name: str) -> pa.Array:
    if name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.date32())
    return rows[name].combine_chunks().cast(pa.date32())


def _term_ends(rows: pa.Table, name: str) -> pa.Array:
    encoded = rows[name].combine_chunks().dictionary_encode()
    terms = [parse_term(text) if text else None for text in encoded.dictionary.to_pylist()]
    return pa.array([term.ended if term else None for term in terms], pa.date32()).take(encoded.indices)
