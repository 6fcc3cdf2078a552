"""The linkage model and what training adds to it.

Takes `models/<name>.toml`; gives a frozen `LinkageModel` that every engine runs alike, and `TrainedModel`, the parameters
estimated from one month's records: numbers by class, comparison and level, nothing of any person. Refuses a model whose
levels are not those of its comparators, with all faults at once.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from matcher.errors import UserError
from matcher.pairs.comparators import BLOCKING_KEYS, LEVELS

FOLDER = Path(__file__).parent / "models"
CLASSES = ("match", "relative", "junior", "namesake", "random")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Blocking(_Model):
    """Records that share all `keys` are compared."""

    name: str
    keys: tuple[str, ...] = Field(min_length=1)


class Level(_Model):
    """Chances of a level among pairs of a class, where both records hold the value."""

    match: float = Field(gt=0, le=1)
    relative: float | None = Field(None, gt=0, le=1)  # None: as random
    random: float = Field(gt=0, le=1)
    least: float = Field(
        0.0, ge=0, lt=1
    )  # bounds of a match's chance, where records alone could not tell it from another class
    most: float = Field(1.0, gt=0, le=1)
    meaning: str


class Comparison(_Model):
    """One comparison: its levels in order, best first; "missing" comes before them all."""

    name: str
    level: dict[str, Level]


class Training(_Model):
    """How parameters are estimated; sizes are pairs a record."""

    iterations: int = Field(60, ge=1)
    strength: float = Field(40.0, gt=0)
    random_pairs: int = Field(400_000, ge=1000)
    matches_per_record: float = Field(0.4, gt=0)
    relatives_per_record: float = Field(1.0, gt=0)
    namesakes_per_record: float = Field(0.05, gt=0)
    juniors_per_record: float = Field(0.004, gt=0)


class Limits(_Model):
    """What bounds time and memory."""

    pairs_per_record: int = Field(60, ge=1)
    pairs_at_least: int = Field(3_000_000, ge=1)
    keep_probability: float = Field(0.02, gt=0, lt=1)
    component_limit: int = Field(60, ge=2)


class LinkageModel(_Model):
    """Blocking rules, comparisons, classes and starting values: `models/<id>.toml`."""

    id: str
    version: str
    title: str
    training: Training
    limits: Limits
    blocking: tuple[Blocking, ...] = Field(min_length=1)
    comparison: tuple[Comparison, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> LinkageModel:
        faults = [
            f"blocking rule {r.name}: no key {k!r}" for r in self.blocking for k in r.keys if k not in BLOCKING_KEYS
        ]
        names = tuple(comparison.name for comparison in self.comparison)
        if names != tuple(LEVELS):
            faults.append(f"comparisons must be, in this order: {', '.join(LEVELS)}")
        else:
            for comparison in self.comparison:
                if tuple(comparison.level) != LEVELS[comparison.name]:
                    faults.append(f"levels of {comparison.name} must be: {', '.join(LEVELS[comparison.name])}")
        if faults:
            raise ValueError("; ".join(faults))
        return self


@dataclass(frozen=True)
class TrainedModel:
    """Parameters estimated from one month: class sizes and chances of levels. Holds no value of any record.

    `chances[class][comparison]` lists the levels in the model's order, without "missing"; `sizes[class]` is the expected
    number of pairs of the class; `missing[comparison]` the share of pairs that cannot be compared; `records` how many
    records there were; `same_system` the ratio by which two references of one system make a match less likely.
    """

    model: str
    records: int
    sizes: dict[str, float]
    chances: dict[str, dict[str, list[float]]]
    missing: dict[str, float]
    same_system: float

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


def load_model(name: str = "default") -> LinkageModel:
    """A shipped model by name. Raises UserError where there is none of that name or it holds faults."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise UserError(
            "There is no linkage model of that name.", where="matcher/pairs/models", todo=f"choose one of: {known}"
        )
    try:
        return LinkageModel.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        faults = (
            "; ".join(
                f"{'.'.join(map(str, f['loc'])) or 'file'}: {f['msg']}" for f in error.errors(include_input=False)
            )
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise UserError("A linkage model holds faults.", where=path.name, todo=faults) from error
