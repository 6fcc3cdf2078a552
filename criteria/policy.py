"""Local discretion: takes one dated TOML file of a workspace, gives a frozen policy, refuses with all its faults at once.

The policy says which causes for concern count (switch, threshold, weight), whether two criteria and a concern qualify by
themselves, and how many families an area takes a month. A concern is a test of the same shapes as a clause of the framework
and may refer to its thresholds and readings. A panel's decision carries who, why and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from criteria.framework import Clause, Framework
from criteria.rulefile import read_toml, tables_of, validated
from criteria.shapes import TEST, Frozen
from specs.faults import faults_of
from specs.load import Area, SpecError

HERE = Path(__file__).parent / "policies"
CONCERN = "concern"


class Concern(Frozen):
    """A cause for concern. `says` may hold fields of the test, or thresholds of the framework, in braces."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    on: bool = True
    weight: int = Field(1, ge=0)
    source: Literal["agreement", "local_policy"]
    says: str
    document: str
    paragraph: str
    test: dict[str, Any]


class PolicyFile(Frozen):
    id: str
    title: str
    start: date = Field(alias="from")
    approved_by: str  # role
    automatic_approval: bool
    cap: dict[Area, int] = Field(default_factory=dict)
    concern: tuple[Concern, ...] = ()

    @field_validator("cap")
    @classmethod
    def _not_negative(cls, cap: dict[str, int]) -> dict[str, int]:
        if any(number < 0 for number in cap.values()):
            raise ValueError("a cap is a number of families, 0 or more")
        return cap


@dataclass(frozen=True)
class DiscretionPolicy:
    """A loaded policy. `name` is the file's name without its ending."""

    name: str
    rules: PolicyFile

    @property
    def automatic_approval(self) -> bool:
        return self.rules.automatic_approval

    def concerns(self, framework: Framework, as_at: date, *, off: bool = False) -> tuple[Clause, ...]:
        """The causes for concern that are switched on (`off`: the others too), as clauses "concern.<id>".

        Raises SpecError for a reference that the framework does not hold.
        """
        made, faults = [], []
        for entry in self.rules.concern:
            if not entry.on and not off:
                continue
            try:
                clause = framework.clause(CONCERN, entry, as_at)
            except KeyError as error:
                faults.append(f"{self.name}: concern {entry.id}: {framework.name} has no {error}")
                continue
            except ValidationError as error:
                faults += faults_of(error, self.name, f"concern {entry.id}")
                continue
            except ValueError as error:  # a brace left open in the sentence
                faults.append(f"{self.name}: concern {entry.id}: says: {error}")
                continue
            if entry.document not in {document.id for document in framework.rules.document}:
                faults.append(f"{self.name}: concern {entry.id}: cites a document that {framework.name} does not list")
            made.append(replace(clause, id=f"{CONCERN}.{entry.id}", local=entry.source == "local_policy"))
        if faults:
            raise SpecError(faults)
        return tuple(made)

    def weights(self) -> Mapping[str, int]:
        """The weight of each concern by clause id."""
        return {f"{CONCERN}.{entry.id}": entry.weight for entry in self.rules.concern}


@dataclass(frozen=True)
class PanelDecision:
    """What a panel decided about one household of the batch: by whom (a role), why, when. Refuses blanks."""

    household_id: int
    approve: bool
    by: str
    reason: str
    on: date

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise SpecError(["a panel's decision needs the role that decided and a reason"])


def shipped_policy() -> Path:
    """The policy that a new workspace starts with."""
    return max(HERE.glob("discretion.*.toml"))


def load_policy(path: Path | None = None) -> DiscretionPolicy:
    """The policy of a file; the shipped one without `path`. Raises SpecError with every fault of the file.

    References into the framework are checked when the policy meets one: see `DiscretionPolicy.concerns`.
    """
    path = path or shipped_policy()
    raw = read_toml(path)
    faults: list[str] = []
    seen: set[str] = set()
    for entry in tables_of(raw, "concern"):
        if not isinstance(entry.get("test"), dict):
            continue
        where = f"concern {entry.get('id')}"
        if str(entry.get("id")) in seen:
            faults.append(f"{path.name}: {where}: this id twice")
        seen.add(str(entry.get("id")))
        if not any(isinstance(given, str) and ":" in given for given in entry["test"].values()):
            try:
                TEST.validate_python(entry["test"])
            except ValidationError as error:
                faults += faults_of(error, path.name, where)
    rules: PolicyFile = validated(PolicyFile, raw, path.name, faults)
    return DiscretionPolicy(path.stem, rules)
