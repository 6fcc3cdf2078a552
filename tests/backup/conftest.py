"""A workspace with one sealed month of two families, made in moments; passphrases at hand; keys in a folder or a keyring."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result

import matcher.backup.sealed
from matcher.cli import cli
from matcher.purge import keys as key_store
from matcher.purge.audit import Audit
from matcher.purge.certificate import fingerprint
from matcher.registry import Registry
from matcher.workspace import Workspace
from tests.purge.test_keys import Memory
from tests.registry.months import House, Month, Someone, seal

WORDS = "quite a long passphrase"


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is at hand, and a key derivation that costs little."""
    monkeypatch.setenv("MATCHER_BACKUP_PASSPHRASE", WORDS)
    monkeypatch.setattr(matcher.backup.sealed, "COST", 1 << 10)


@pytest.fixture(params=["folder", "keyring"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Where the keys lie."""
    if request.param == "keyring":
        memory = Memory()
        monkeypatch.delenv("MATCHER_KEYS")
        monkeypatch.setattr(key_store, "configuration_folder", lambda: tmp_path / "configuration")
        monkeypatch.setattr(keyring, "get_keyring", lambda: memory)
        for name in ("get_password", "set_password", "delete_password"):
            monkeypatch.setattr(keyring, name, getattr(memory, name))
    return str(request.param)


@dataclass
class Office:
    """A workspace, and what somebody at its keyboard types."""

    workspace: Workspace

    @property
    def root(self) -> Path:
        return self.workspace.root

    def run(self, *arguments: str | Path, code: int = 0) -> Result:
        """A command on the workspace; its exit code is held to `code`, 1 standing for a user error."""
        group = arguments[0] == "keys"
        words = [str(argument) for argument in arguments]
        words[1:1] = ["-w", str(self.root)] if group else []
        result = CliRunner().invoke(cli, words if group else [*words, "-w", str(self.root)])
        error = getattr(result.exception, "code", result.exit_code)
        assert int(error) == code, (result.output, result.exception)
        return result

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json").stdout)
        return found

    def refused(self, *arguments: str | Path) -> str:
        """The message of a command that is refused."""
        return str(self.run(*arguments, code=1).exception)

    def month(self, *houses: House, as_at: dt.date = dt.date(2013, 10, 31)) -> str:
        """Seal a month; the audit log tells of it as a run would."""
        with Registry.open(self.workspace) as registry:
            batch, _ = seal(registry, Month(list(houses), as_at))
        Audit(self.workspace).append("run_started", batch=batch)
        Audit(self.workspace).append("sealed", batch=batch)
        return batch

    def families(self) -> dict[str, set[str]]:
        """Family -> forenames."""
        out: dict[str, set[str]] = {}
        with Registry.open(self.workspace) as registry:
            for row in registry.families().to_pylist():
                out.setdefault(row["family_id"], set()).add(row["forenames"])
        return out

    def family_of(self, forename: str) -> str:
        return next(family for family, names in self.families().items() if forename in names)

    def erase_family(self, family: str) -> None:
        Audit(self.workspace).append("families_erased", families=[family], reason="asked")
        with Registry.open(self.workspace) as registry:
            assert registry.erase_families([family], reason="asked") == 1

    def events(self) -> list[str]:
        return [entry["event"] for entry in Audit(self.workspace).entries()]

    def whole(self) -> bool:
        """Whether the audit chain has no fault, and the families can be read."""
        self.families()
        return Audit(self.workspace).check() == []

    def signs_as(self) -> str:
        return fingerprint(self.workspace.keys.public_key())


@pytest.fixture
def new_office(tmp_path: Path) -> Callable[[str], Office]:
    def make(name: str = "w") -> Office:
        office = Office(Workspace.create(tmp_path / name))
        Audit(office.workspace).append("workspace_made", files=1)
        office.month(
            House([Someone("SMITHERS", "ALICE"), Someone("SMITHERS", "BEN", 2001)]),
            House([Someone("JONESON", "CARL")], area="city"),
        )
        return office

    return make


@pytest.fixture
def office(new_office: Callable[[str], Office]) -> Office:
    return new_office("w")
