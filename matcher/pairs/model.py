"""The linkage model and what training adds to it.

Takes `models/<name>.toml`, or a file of the user's; gives a frozen `LinkageModel` that every engine runs alike, and
`TrainedModel`, the parameters estimated from one month's records: numbers by class, comparison and level, nothing of any
person. Refuses a model whose levels are not those of its comparators, with all faults at once.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from matcher.errors import UserError
from matcher.pairs.comparators import BLOCKING_KEYS, LEVELS, OF_A_COLUMN
from matcher.pairs.layout import Layout

FOLDER = Path(__file__).parent / "models"
CLASSES = ("match", "relative", "junior", "namesake", "random")
Role = Literal["given", "middle", "family", "birth", "sex", "place", "identifier", "other"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Blocking(_Model):
    """Records that share all `keys` are compared. A key is a name of BLOCKING_KEYS, or `exact.` or `first.` and a column."""

    name: str
    keys: tuple[str, ...] = Field(min_length=1)


class Level(_Model):
    """Chances of a level among pairs of a class, where both records hold the value."""

    match: float = Field(gt=0, le=1)
    relative: float | None = Field(None, gt=0, le=1)  # None: as random
    junior: float | None = Field(None, gt=0, le=1)  # None: as the role tells
    random: float = Field(gt=0, le=1)
    least: float = Field(0.0, ge=0, lt=1)  # bounds of a match's chance, where records alone could not tell it from
    most: float = Field(1.0, gt=0, le=1)  # another class
    agrees: bool = False  # counts as agreement where training chooses its pairs
    apart: bool = False  # two people's value, not one's mistyped: where training sees relatives clearly
    meaning: str


class Comparison(_Model):
    """One comparison: its comparator, what it stands for, and its levels in order, best first ("missing" comes before)."""

    name: str
    comparator: str
    role: Role = "other"
    field: str = ""  # the column that a general comparator reads
    thresholds: tuple[float, ...] = (0.92, 0.8)  # of a similarity, where the comparator has one
    level: dict[str, Level]


class PairClass(_Model):
    """A class of pairs: how many a record to begin with, and what must be found for the class to be believed in."""

    per_record: float = Field(gt=0)
    per_match: float = Field(0.0, ge=0)  # fewer found: the records show no such pairs, and the class is switched off
    apart: float = Field(0.0, ge=0, le=1)  # a lesser share of levels marked so: what was found are mistyped matches
    meaning: str


class Training(_Model):
    """How parameters are estimated."""

    iterations: int = Field(60, ge=1)
    strength: float = Field(40.0, gt=0)
    random_pairs: int = Field(400_000, ge=1000)


class Limits(_Model):
    """What bounds time and memory."""

    pairs_per_record: int = Field(60, ge=1)
    pairs_at_least: int = Field(500_000, ge=1)
    keep_probability: float = Field(0.02, gt=0, lt=1)
    component_limit: int = Field(60, ge=2)


class LinkageModel(_Model):
    """Blocking rules, comparisons, classes and starting values: `models/<id>.toml`."""

    id: str
    version: str
    title: str
    classes: dict[str, PairClass]
    training: Training
    limits: Limits
    blocking: tuple[Blocking, ...] = Field(min_length=1)
    comparison: tuple[Comparison, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> LinkageModel:
        faults = [
            f"blocking rule {r.name}: no key {k!r}"
            for r in self.blocking
            for k in r.keys
            if k not in BLOCKING_KEYS and not k.startswith(("exact.", "first."))
        ]
        names = [comparison.name for comparison in self.comparison]
        faults += [f"comparison {name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
        for comparison in self.comparison:
            levels = LEVELS.get(comparison.comparator)
            if levels is None:
                faults.append(f"comparison {comparison.name}: the comparator must be one of {', '.join(LEVELS)}")
            elif tuple(comparison.level) != levels:
                faults.append(f"levels of {comparison.name} must be: {', '.join(levels)}")
            if comparison.comparator in OF_A_COLUMN and not comparison.field:
                faults.append(f"comparison {comparison.name}: say which column (field) it compares")
        if "match" not in self.classes or not set(self.classes) <= set(CLASSES[:-1]):
            faults.append(f"classes must be match and any of: {', '.join(CLASSES[1:-1])}")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @cached_property
    def layout(self) -> Layout:
        """How the levels of this model's comparisons make one pattern."""
        return Layout(
            tuple(c.name for c in self.comparison),
            tuple(c.role for c in self.comparison),
            tuple(c.comparator for c in self.comparison),
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns that its general comparators and blocking keys read as they stand."""
        read = [c.field for c in self.comparison if c.field]
        read += [key.partition(".")[2] for rule in self.blocking for key in rule.keys if "." in key]
        return tuple(dict.fromkeys(read))

    def of_role(self, role: str) -> Comparison | None:
        """The comparison that stands for a role, None where there is none."""
        return next((c for c in self.comparison if c.role == role), None)


@dataclass(frozen=True)
class TrainedModel:
    """Parameters estimated from one month: class sizes and chances of levels. Holds no value of any record.

    `chances[class][comparison]` lists the levels in the model's order, without "missing"; `sizes[class]` is the expected
    number of pairs of the class; `missing[comparison]` the share of pairs that cannot be compared; `records` how many
    records there were; `sources` what pairs of data sets, and two references of one system, tell of a match (sources.py).
    """

    model: str
    records: int
    sizes: dict[str, float]
    chances: dict[str, dict[str, list[float]]]
    missing: dict[str, float]
    sources: dict[str, dict[str, list[float]]]

    def to_json(self) -> str:
        """One JSON object, keys sorted."""
        return json.dumps(self.__dict__, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> TrainedModel:
        """The reverse of `to_json`. Raises UserError where the text is no such object."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise UserError(
                "The trained parameters cannot be read.", todo="train again by running without stored parameters"
            ) from error


def load_model(model: str | Path | LinkageModel = "default") -> LinkageModel:
    """A shipped model by name, a TOML file by its path, or the model itself. Raises UserError for none or one with faults."""
    if isinstance(model, LinkageModel):
        return model
    path = FOLDER / f"{model}.toml"
    if str(model).endswith(".toml"):
        path = Path(model)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise UserError(
            "There is no linkage model of that name.",
            where="matcher/pairs/models",
            todo=f"choose one of: {known}; or give the path of a TOML file",
        )
    try:
        return LinkageModel.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        faults = (
            "; ".join(
                f"{'.'.join(map(str, f['loc'])) or 'file'}: {f['msg']}" for f in error.errors(include_input=False)
            )
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise UserError("A linkage model holds faults.", where=path.name, todo=faults) from error
