"""Why a family is on the programme, as text of at most 80 columns and as a plain dict for JSON.

Takes an `Explanation`, put together by the run from registry and rules; gives lines. It names people: whoever shows it records
a disclosure first. Refuses nothing: what is not known is said to be so.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

WIDTH = 80
STATUS = {"met": "met", "not_met": "not met", "not_assessable": "not assessable"}


@dataclass(frozen=True)
class Source:
    """Who delivered something: data set, supplier, the partner and the owner of its flow."""

    dataset: str
    supplier: str
    title: str
    partner: str
    owner: str


@dataclass(frozen=True)
class Evidence:
    """Evidence of one kind, person and source in words. `person_id` null: about the household at the address."""

    person_id: str | None
    who: str
    words: str
    source: Source
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Clause:
    """What was tested, what came out, on which reading, where it is written, and what stands behind it."""

    id: str
    says: str
    status: str  # met | not_met | not_assessable
    note: str | None
    citation: str
    readings: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    sums: tuple[str, ...] = ()  # what the evidence adds up to, a line a person
    evidence_batch: str | None = None  # the batch whose evidence it is, where it is an earlier one
    evidence_gone: bool = False  # met, but no row behind it was kept


@dataclass(frozen=True)
class Criterion:
    """One identification criterion with its clauses."""

    id: str
    title: str
    status: str
    note: str | None
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True)
class Look:
    """How one batch found the family."""

    batch_id: str
    as_at: dt.date
    meets: bool
    route: str
    route_says: str
    route_citation: str
    route_readings: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    concerns: tuple[Clause, ...]


@dataclass(frozen=True)
class Rows:
    """The delivered rows of one reference of one source that belong to a person, and how strongly (probability, 0 to 1)."""

    source: Source
    ref: str | None
    rows: dict[str, tuple[int, ...]]  # batch -> rows of that month's file, from 1
    strength: float | None
    alone: bool  # the person has no other record to compare with


@dataclass(frozen=True)
class Member:
    """A person of the family, of now or before."""

    person_id: str
    name: str
    date_of_birth: dt.date | None
    sex: str | None
    joined_on: dt.date
    joined_batch: str
    left_on: dt.date | None
    left_batch: str | None
    placed: str | None  # why in this household
    placed_probability: float | None
    records: tuple[Rows, ...]
    disclosures: tuple[int, ...]  # numbers of the disclosures made while the person was a member


@dataclass(frozen=True)
class Event:
    on: dt.date
    batch_id: str
    event: str
    says: str


@dataclass(frozen=True)
class Disclosed:
    """One time that the family's details left."""

    number: int
    on: dt.datetime
    batch_id: str | None
    spec: str
    title: str
    recipient: str
    purpose: str
    gateway: str | None
    form: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """All of one family. `why`: the batch that last found that it meets the criteria; `latest`: a later one, if any."""

    marking: str
    family_id: str
    status: str
    merged_into: str | None
    area: str
    district: str | None
    address: str | None
    postcode: str | None
    identified_on: dt.date
    identified_batch: str
    confirmed_batch: str
    review_due: dt.date
    why: Look
    latest: Look | None
    history: tuple[Event, ...]
    members: tuple[Member, ...]
    dwelling_records: tuple[Rows, ...]
    disclosures: tuple[Disclosed, ...]

    def to_dict(self) -> dict[str, Any]:
        """For --json: the same names, dates left as dates."""
        return asdict(self)


def text(told: Explanation) -> list[str]:
    """The explanation for a person to read."""
    lines = [told.marking, "", *_head(told)]
    lines += _section("Why this family", _why(told.why))
    lines += _section("Causes for concern", _concerns(told.why))
    if told.latest is not None:
        lines += _section("Looked at since", _latest(told.latest))
    lines += _section("History", _history(told.history))
    lines += _section("Members", _members(told.members))
    if told.dwelling_records:
        lines += _section("Rows about the dwelling, naming nobody", _sources(told.dwelling_records))
    lines += _section("Disclosures", _disclosures(told.disclosures))
    return lines


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return ["", title.upper(), "-" * len(title), *lines]


def _wrap(text: str, indent: int = 0, hanging: int = 2) -> list[str]:
    first, rest = " " * indent, " " * (indent + hanging)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest)


def _day(day: dt.date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else "unknown"


def _head(told: Explanation) -> list[str]:
    where = ", ".join(filter(None, (told.address, told.postcode))) or "no address known"
    area = f"{told.area} ({told.district})" if told.district else told.area
    lines = [f"Family {told.family_id}", *_wrap(f"{area}: {where}", 2)]
    lines += _wrap(f"On the programme since {_day(told.identified_on)} (batch {told.identified_batch}).", 2)
    if told.merged_into:
        lines += _wrap(f"Closed: it became part of family {told.merged_into}.", 2)
    elif told.status == "closed":
        lines += _wrap("Closed.", 2)
    else:
        lines += _wrap(f"Next review due by {_day(told.review_due)}.", 2)
    return lines


def _why(look: Look) -> Iterator[str]:
    yield from _wrap(f"As at {_day(look.as_at)}, batch {look.batch_id}: {look.route_says}", hanging=0)
    if look.route_citation:
        yield from _wrap(f"Written in: {look.route_citation}.", 2)
    for reading in look.route_readings:
        yield from _wrap(f"Reading: {reading}", 2)
    for number, criterion in enumerate(look.criteria, 1):
        yield ""
        yield from _wrap(f"{number}. {criterion.title}: {_status(criterion.status, criterion.note)}", hanging=3)
        for clause in criterion.clauses:
            yield from _clause(clause)


def _status(status: str, note: str | None) -> str:
    word = STATUS.get(status, status).upper()
    return f"{word} ({note})" if note else word


def _clause(clause: Clause) -> Iterator[str]:
    yield from _wrap(f"- {clause.says} {_status(clause.status, clause.note)}.", 3)
    yield from _behind(clause, 5)


def _behind(clause: Clause, indent: int) -> Iterator[str]:
    if clause.evidence_batch:
        yield from _wrap(
            f"Rows behind this are kept from batch {clause.evidence_batch}; later ones were not kept.", indent
        )
    for evidence in clause.evidence:
        yield from _wrap(f"* {evidence.who}: {evidence.words}.", indent)
        yield from _wrap(f"from {_source(evidence.source)}", indent + 2)
    for line in clause.sums:
        yield from _wrap(f"* {line}", indent)
    if clause.evidence_gone:
        yield from _wrap("No row behind this is kept: its flow serves identification only.", indent)
    if clause.status == "not_met":
        return
    for reading in clause.readings:
        yield from _wrap(f"Reading: {reading}", indent)
    if clause.citation:
        yield from _wrap(f"Written in: {clause.citation}.", indent)


def _source(source: Source) -> str:
    name = f"{source.dataset}.{source.supplier}" if source.supplier else source.dataset
    return f"{source.title} ({name}), {source.owner}, partner {source.partner}"


def _concerns(look: Look) -> Iterator[str]:
    if not look.concerns:
        yield "None was found."
    for clause in look.concerns:
        yield from _wrap(f"- {clause.says} {_status(clause.status, clause.note)}.")
        yield from _behind(clause, 2)


def _latest(look: Look) -> Iterator[str]:
    found = "met the criteria" if look.meets else "did not meet the criteria; the family stays until reviewed or closed"
    yield from _wrap(f"As at {_day(look.as_at)}, batch {look.batch_id}: {found}.", hanging=0)
    for criterion in look.criteria:
        yield from _wrap(f"- {criterion.title}: {_status(criterion.status, criterion.note)}")


def _history(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        yield from _wrap(f"{_day(event.on)}  {event.says} (batch {event.batch_id})", hanging=12)


def _members(members: Iterable[Member]) -> Iterator[str]:
    for number, member in enumerate(members):
        if number:
            yield ""
        sex = {"M": ", male", "F": ", female"}.get(member.sex or "", "")
        yield from _wrap(f"{member.name}, born {_day(member.date_of_birth)}{sex} ({member.person_id})")
        since = f"In the family since {_day(member.joined_on)} (batch {member.joined_batch})"
        left = f", left {_day(member.left_on)} (batch {member.left_batch})" if member.left_on else ""
        yield from _wrap(f"{since}{left}.", 2)
        if member.placed:
            yield from _wrap(f"Why here: {member.placed}{_chance(member.placed_probability)}", 2)
        if member.records:
            yield "  Records that make this person:"
            yield from _sources(member.records, 2)
        else:
            yield "  No record of this person is kept."
        told = ", ".join(str(number) for number in member.disclosures)
        yield from _wrap(f"Was in disclosure(s): {told or 'none'}.", 2)


def _chance(probability: float | None) -> str:
    return "" if probability is None else f" Probability {_rounded(probability)}."


def _rounded(probability: float) -> str:
    """Four places, never up to a certainty that it is not."""
    return f"{min(probability, 0.9999):.4f}" if probability < 1 else "1"


def _sources(records: Iterable[Rows], indent: int = 0) -> Iterator[str]:
    for record in records:
        ref = f", ref {record.ref}" if record.ref else ""
        yield from _wrap(f"- {_source(record.source)}{ref}", indent)
        for batch, rows in record.rows.items():
            numbers = ", ".join(str(row) for row in rows)
            yield from _wrap(f"{'row' if len(rows) == 1 else 'rows'} {numbers} of batch {batch}", indent + 2)
        if record.alone:
            yield from _wrap("the person's only record", indent + 2)
        elif record.strength is not None:
            yield from _wrap(f"match probability {_rounded(record.strength)}", indent + 2)


def _disclosures(disclosures: Iterable[Disclosed]) -> Iterator[str]:
    found = False
    for one in disclosures:
        found = True
        yield from _wrap(f"{one.number}. {one.on:%d/%m/%Y}  to {one.recipient}: {one.title} ({one.form})", hanging=3)
        yield from _wrap(f"Purpose: {one.purpose}.", 3)
        if one.gateway:
            yield from _wrap(f"Gateway: {one.gateway}.", 3)
        yield from _wrap(f"Fields: {', '.join(one.fields).replace('_', ' ')}.", 3)
    if not found:
        yield "None is recorded."
