"""What intake gives: supplies, their problems, the inbox they came in. Holds no value of an extract but in `rows`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from specs.load import supply_name

Status = Literal["accepted", "rejected", "ignored"]


@dataclass(frozen=True)
class SupplyFile:
    """A file of the inbox that is one partner's supply of a data set. `supplier` is "" where the name has none."""

    dataset: str
    supplier: str
    path: Path
    sidecar: Path | None = None

    @property
    def name(self) -> str:
        """`dataset` or `dataset.supplier`, as `--without` takes it."""
        return supply_name(self.dataset, self.supplier)


@dataclass(frozen=True)
class Inbox:
    """A folder of supplies, what else lay there and why it is left alone, and whether it is marked as made-up data."""

    folder: Path
    files: tuple[SupplyFile, ...]
    ignored: tuple[tuple[str, str], ...]
    made_up: bool


@dataclass(frozen=True)
class Problem:
    """One fault: data row from 1 (None: the file), column heading of the specification (None: the row), rule, message.

    `more`: rows that broke this rule in this column too and are not listed one by one.
    """

    row: int | None
    column: str | None
    rule: str
    message: str
    more: int = 0


@dataclass(frozen=True)
class Supply:
    """One supply after reading. `rows` is None unless accepted; rows_in = rows_accepted + rows_rejected always."""

    dataset: str
    supplier: str
    file: str
    digest: str  # sha256 of the bytes, hex
    size: int  # bytes
    status: Status
    rows_in: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    problems: tuple[Problem, ...] = ()
    rows: pa.Table | None = None
    completeness: dict[str, tuple[int, int]] = field(default_factory=dict)  # column id -> (filled, valid) of rows_in
    beyond: dict[str, int] = field(default_factory=dict)  # more than agreed: wording -> rows or cells
    duplicates: int = 0
    undated: dict[str, int] = field(default_factory=dict)  # evidence kind -> facts without the date they need
    metadata: dict[str, Any] | None = None  # what the sidecar says

    @property
    def name(self) -> str:
        """`dataset` or `dataset.supplier`."""
        return supply_name(self.dataset, self.supplier)


@dataclass(frozen=True)
class Intake:
    """All supplies of an inbox, in the order of their names, and warnings about the inbox as a whole."""

    supplies: tuple[Supply, ...]
    warnings: tuple[str, ...]

    @property
    def rejected(self) -> tuple[Supply, ...]:
        """The supplies that stop a run."""
        return tuple(supply for supply in self.supplies if supply.status == "rejected")
