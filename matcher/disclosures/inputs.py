"""What the outputs are made of, handed in by the run: plain tables and figures, no connection to any stage.

`FamilyList` names people and goes into protected workbooks only. The figures (`RunFigures`, `ClaimFigures`,
`PublishedFigures`) hold counts, ids and times and nothing of anybody. Refuses tables that differ from their declaration.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from specs.load import AREAS
from specs.tables import Table, check

_text = pa.string()


def _field(name: str, kind: pa.DataType, *, null: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=null)


FAMILIES = Table(
    "listed_families",
    "One row a family on the programme: its area, route and address, criteria met and concerns found.",
    pa.schema(
        [
            _field("family_id", _text),
            _field("area", _text),  # city | county | rutland | other
            _field("route", _text),  # automatic | discretion
            _field("address", _text, null=True),
            _field("postcode", _text, null=True),
            _field("criteria", pa.list_(_text)),
            _field("concerns", pa.list_(_text)),
        ]
    ),
    ("family_id",),
)

MEMBERS = Table(
    "listed_members",
    "One row a member of a listed family.",
    pa.schema(
        [
            _field("family_id", _text),
            _field("person_id", _text),
            _field("forenames", _text, null=True),
            _field("surname", _text, null=True),
            _field("date_of_birth", pa.date32(), null=True),
        ]
    ),
    ("family_id", "person_id"),
    (("family_id", "listed_families", "family_id"),),
)

REASONS = Table(
    "listed_reasons",
    "One row a piece of evidence behind a criterion or concern of a listed family, and who delivered it.",
    pa.schema(
        [
            _field("family_id", _text),
            _field("person_id", _text, null=True),  # null: about the dwelling
            _field("criterion", _text),  # a criterion or concern id, as in FAMILIES
            _field("kind", _text),  # a name of EVIDENCE_KINDS
            _field("code", _text, null=True),
            _field("begun", pa.date32(), null=True),
            _field("ended", pa.date32(), null=True),
            _field("quantity", pa.int64(), null=True),
            _field("dataset", _text),
            _field("supplier", _text),
        ]
    ),
    (),
    (("family_id", "listed_families", "family_id"),),
)


@dataclass(frozen=True)
class Batch:
    """Which month an output is of, and what stands on it."""

    id: str
    as_at: dt.date
    workspace: str  # its name, as a heading
    controller: str
    agreement: str
    titles: Mapping[str, str] = field(default_factory=dict)  # criterion or concern id -> words
    made_up: bool = False  # the inbox was marked as made-up data
    marking: str | None = None  # protective marking of the workspace; null: as the disclosure's specification says

    def title(self, name: str) -> str:
        return self.titles.get(name, name.replace("_", " "))

    def label(self, marking: str, *, people: bool = True) -> str:
        """The marking to show: the workspace's on what holds people, else the specification's; made-up data say so."""
        shown = self.marking if people and self.marking else marking
        return f"{shown} - MADE-UP DATA" if self.made_up else shown


@dataclass(frozen=True)
class FamilyList:
    """Families on the programme with their members and the evidence behind them."""

    batch: Batch
    families: pa.Table
    members: pa.Table
    reasons: pa.Table
    left_out: Mapping[str, int] = field(default_factory=dict)  # area -> people left out, their data being restricted

    @classmethod
    def of(
        cls,
        batch: Batch,
        families: pa.Table,
        members: pa.Table,
        reasons: pa.Table,
        left_out: Mapping[str, int] | None = None,
    ) -> FamilyList:
        """Checked and in a fixed order, so that the same families give the same list. Raises SeamError."""
        families = check(families, FAMILIES)
        members = check(members, MEMBERS, listed_families=families)
        reasons = check_rows(reasons, REASONS, families)
        return cls(
            batch,
            families.sort_by([("area", "ascending"), ("family_id", "ascending")]),
            members.sort_by([("family_id", "ascending"), ("date_of_birth", "ascending"), ("person_id", "ascending")]),
            reasons.sort_by([(name, "ascending") for name in REASONS.schema.names]),
            left_out or {},
        )


def check_rows(table: pa.Table, declared: Table, families: pa.Table) -> pa.Table:
    """`check` for a table whose rows may repeat: evidence may be the same twice."""
    numbered = Table(
        declared.name, declared.sentence, declared.schema.append(_field("row", pa.int64())), ("row",), declared.foreign
    )
    rows = pa.array(range(table.num_rows), pa.int64())
    return check(table.append_column(_field("row", pa.int64()), rows), numbered, listed_families=families).drop(["row"])


@dataclass(frozen=True)
class SupplyFigures:
    """One supply: rows in = rows accepted + rows rejected."""

    dataset: str
    supplier: str
    partner: str
    status: str  # accepted | rejected | ignored
    rows_in: int
    rows_accepted: int
    rows_rejected: int
    problems: int = 0
    beyond: int = 0  # cells, rows and columns more than agreed


@dataclass(frozen=True)
class ReadingFigures:
    """A reading in force and how many households rest on it."""

    id: str
    sentence: str
    citation: str
    households: int


@dataclass(frozen=True)
class RunFigures:
    """The numbers of a run, for its report. Counts are of all households unless said otherwise."""

    batch: Batch
    framework: str  # title, with the date from which it holds
    policy: str  # discretion policy: title, with its date
    supplies: tuple[SupplyFigures, ...]
    records: int
    candidate_pairs: int
    persons: int
    persons_by_records: Mapping[int, int]  # number of records a person has -> persons
    households: int
    households_by_people: Mapping[int, int]  # number of people -> households
    places: Mapping[str, int]  # kind of place -> households
    routes: Mapping[tuple[str, str], int]  # (area, automatic | discretion | no) -> households
    criteria: Mapping[tuple[str, str], int]  # (area, criterion) -> households that meet it
    concerns: Mapping[str, int]  # concern -> qualifying households
    readings: tuple[ReadingFigures, ...]
    one_short_not_assessable: int
    records_kept: int
    records_deleted: int
    files_destroyed: int
    uncertain: int  # links that a person could decide
    seconds: Mapping[str, float]  # stage -> seconds, in order
    peak_rss_mb: float
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)  # path relative to the workspace -> what it is
    # form of the name in words (ALL: every one) -> records, linked to another supply, in an uncertain link
    name_forms: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class PublishedFigures:
    """Families identified, by area: what is published after disclosure control."""

    batch: Batch
    framework: str
    routes: Mapping[tuple[str, str], int]  # (area, automatic | discretion) -> families
    criteria: Mapping[tuple[str, str], int]  # (area, criterion) -> families that meet it
    criterion_ids: tuple[str, ...]  # all of them in the order to show, also those that no family meets
    areas: tuple[str, ...] = AREAS  # all of them, also those without a family


@dataclass(frozen=True)
class Fee:
    """One payment of the tariff in one financial year."""

    id: str  # attachment | route_a | progress_to_work | route_b
    title: str
    pence: int
    percent: int | None = None  # of what a place costs, where the document says so
    derived: bool = False  # worked out from the other years, not stated in the document


@dataclass(frozen=True)
class Rate:
    """What the department pays in the financial year of the batch date, in pence."""

    financial_year: str  # "2013-14"
    fees: tuple[Fee, ...]
    cap: int  # most that one family earns in all
    document: str
    confirmed: bool  # false: the document is known from secondary sources only


@dataclass(frozen=True)
class AreaClaim:
    """One programme's families and money, exact. Attached and results are those recorded, 0 where nothing is recorded."""

    area: str
    automatic: int
    discretion: int
    attached: int = 0
    results: Mapping[str, int] = field(default_factory=dict)  # fee id of a result -> number
    claimed: int = 0  # pence, of claims that internal audit has signed


@dataclass(frozen=True)
class ClaimFigures:
    """What finance is handed: counts and money."""

    batch: Batch
    framework: str
    rate: Rate | None  # null: no financial year of the framework holds the batch date
    areas: tuple[AreaClaim, ...]
