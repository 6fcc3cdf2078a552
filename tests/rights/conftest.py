"""A workspace with two sealed months, their lists in outbox/ and the disclosures that tell of them."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.disclosures.workbooks import Sheet, protected_workbook
from matcher.registry import Registry
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, knows, seal

ROLE = "Programme information manager"
SMITHS = [Someone("SMITHERINGALE", "ALICE"), Someone("SMITHERINGALE", "BENEDICT", 2001)]
JONES = [Someone("JONESTOWNLEY", "CARL"), Someone("JONESTOWNLEY", "DOROTHEA", 2002)]
NAMES = ("SMITHERINGALE", "ALICE", "BENEDICT", "JONESTOWNLEY", "DOROTHEA", "HIGH STREET", "LE11 1AA", "LE2 2BB")
SEALED = dt.datetime(2013, 11, 4, 9, tzinfo=dt.UTC), dt.datetime(2013, 12, 4, 9, tzinfo=dt.UTC)


class Clock:
    """The registry's time, set by a test."""

    now = SEALED[0]

    def __call__(self) -> dt.datetime:
        return self.now


@dataclass
class Office:
    """What the tests share: a workspace whose months were sealed on SEALED, and its registry."""

    workspace: Workspace
    registry: Registry
    clock: Clock
    batches: list[str]

    def person(self, forename: str) -> str:
        rows = self.registry.families(restricted=True).to_pylist()
        return next(row["person_id"] for row in rows if row["forenames"] == forename)

    def family(self, forename: str) -> str:
        rows = self.registry.families(restricted=True).to_pylist()
        return next(row["family_id"] for row in rows if row["forenames"] == forename)

    def list_for(self, batch: str, name: str, recipient: str, *, spec: str = "key_worker_county") -> str:
        """Write a protected list of everybody and record it, as the seal does."""
        rows = [[r["surname"], r["forenames"], r["address"]] for r in self.registry.families().to_pylist()]
        sheet = Sheet("Members", ["Surname", "Forenames", "Address"], rows)
        content = protected_workbook([sheet], "OFFICIAL-SENSITIVE", "List", self.workspace.keys.password(recipient))
        path = f"outbox/{batch}/{name}"
        self.workspace.write(path, content)
        self.registry.disclosed(
            spec, recipient, purpose="support", form=path, fields=["full_name", "date_of_birth"], gateway="s.17",
            family_ids={r["family_id"] for r in self.registry.families().to_pylist()}, people=len(rows), by_role=ROLE,
            batch_id=batch, digest=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        return path

    def text(self) -> str:
        return " ".join(text for _, text in self.registry.every_cell())


@pytest.fixture
def office(tmp_path: Path):
    workspace, clock = Workspace.create(tmp_path / "w"), Clock()
    with Registry.open(workspace, clock=clock) as registry:
        first, _ = seal(
            registry, Month([House(SMITHS, dwelling_row=True), House(JONES, area="city", postcode="LE2 2BB")])
        )
        office = Office(workspace, registry, clock, [first])
        office.list_for(first, "key-worker/county.xlsx", "key_worker_county")
        office.list_for(first, "partners/dwp.xlsx", "dwp", spec="dwp")
        workspace.write(f"outbox/{first}/finance/claim_summary.json", b"{}")
        yield office


@pytest.fixture
def two_months(office: Office) -> Office:
    office.clock.now = SEALED[1]
    houses = [
        House(knows(SMITHS, office.registry)),
        House(knows(JONES, office.registry), area="city", postcode="LE2 2BB"),
    ]
    second, _ = seal(office.registry, Month(houses, dt.date(2013, 11, 30)))
    office.batches.append(second)
    office.list_for(second, "key-worker/county.xlsx", "key_worker_county")
    return office
