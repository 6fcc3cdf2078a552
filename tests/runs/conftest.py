"""A small made-up county, made once, and a workspace to run its months in."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from matcher.progress import Stages
from matcher.registry.store import Registry
from matcher.runs.options import Console, Options, Outcome
from matcher.runs.resume import resume
from matcher.runs.start import start
from matcher.synthetic import make_month
from matcher.workspace import Workspace
from tests.disclosures.opened import cheap_passwords
from tests.review.workspaces import held_month

__all__ = ["held_month"]
OCTOBER, NOVEMBER = dt.date(2013, 10, 31), dt.date(2013, 11, 30)
PEOPLE, SEED = 1500, 11


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> dict[dt.date, Path]:
    """Inbox of each month, not to be run on: copy it first."""
    made = {}
    for as_at in (OCTOBER, NOVEMBER):
        folder = tmp_path_factory.mktemp("month") / "inbox"
        folder.mkdir()
        for name, content in make_month(PEOPLE, SEED, as_at).files.items():
            (folder / name).write_bytes(content)
        made[as_at] = folder
    return made


@dataclass
class Office:
    """A workspace and somebody who runs months in it."""

    workspace: Workspace
    months: dict[dt.date, Path]
    folder: Path
    said: list[str] = field(default_factory=list)
    copies: int = 0

    def inbox(self, as_at: dt.date, *, without: tuple[str, ...] = ()) -> Path:
        """A fresh copy of a month's inbox, without the named files."""
        self.copies += 1
        target = self.folder / f"inbox-{self.copies}"
        shutil.copytree(self.months[as_at], target)
        for name in without:
            for path in target.glob(f"{name}*"):
                path.unlink()
        return target

    def console(self) -> Console:
        return Console(self.said.append)

    def run(self, inbox: Path, as_at: dt.date, *, dry: bool = False, **options: Any) -> Outcome:
        with self.workspace.lock():
            return start(
                self.workspace, as_at, Options(str(inbox), **options), self.console(), Stages(show=False), dry=dry
            )

    def resume(self, *supplies: Path) -> Outcome:
        with self.workspace.lock():
            return resume(self.workspace, None, list(supplies), self.console(), Stages(show=False))

    def refs(self) -> set[tuple[str, ...]]:
        """What is kept, without ids: (area, route, dataset, supplier, ref) of every record in the registry."""
        with Registry.open(self.workspace) as registry:
            rows = registry.records().to_pylist()
        return {(r["area"], r["route"], r["dataset"], r["supplier"], r["ref"] or "") for r in rows}

    def families(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Family id -> its records' (dataset, ref)."""
        with Registry.open(self.workspace) as registry:
            rows = registry.records().to_pylist()
        found: dict[str, set[tuple[str, str]]] = {}
        for row in rows:
            found.setdefault(row["family_id"], set()).add((row["dataset"], row["ref"] or ""))
        return {family: frozenset(records) for family, records in found.items()}

    def ask_widely(self) -> None:
        """A thresholds policy by which many links are asked about."""
        text = "link = 0.9\nask_from = 0.05\nask_to = 0.9999\n"
        self.workspace.write("policy/thresholds.2012-04-02.toml", text.encode("utf-8"))

    def settings(self, **changes: Any) -> None:
        """Change settings of the opened workspace: name of a table -> its changed fields."""
        for table, fields in changes.items():
            old = getattr(self.workspace.settings, table)
            new = self.workspace.settings.model_copy(update={table: old.model_copy(update=fields)})
            self.workspace.settings = new


@pytest.fixture
def new_office(
    months: dict[dt.date, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], Office]:
    def make() -> Office:
        folder = tmp_path_factory.mktemp("office")
        workspace = Workspace.create(folder / "workspace")
        Registry.open(workspace).close()
        return Office(workspace, months, folder)

    return make


@pytest.fixture
def office(new_office: Callable[[], Office]) -> Office:
    return new_office()


@pytest.fixture(scope="session")
def undisturbed() -> dict[str, set[tuple[str, ...]]]:
    """What an undisturbed run keeps, by month; filled by the first test that asks."""
    return {}


@pytest.fixture
def small_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office with a month of a few hundred people, for what does not depend on their number."""
    cheap_passwords(monkeypatch.setattr)
    month = tmp_path / "month"
    month.mkdir()
    for name, content in make_month(300, 9, OCTOBER).files.items():
        (month / name).write_bytes(content)
    return Office(Workspace.create(tmp_path / "workspace"), {OCTOBER: month}, tmp_path)
