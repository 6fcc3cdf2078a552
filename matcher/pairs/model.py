"""The linkage model and what training adds to it.

Takes `models/<name>.toml`, or a file of the user's; gives a frozen `LinkageModel` that every engine runs alike, and
`TrainedModel`, the parameters estimated from one month's records: numbers by class, comparison and level, nothing of any
person. Refuses a model whose levels are not those of its comparators, with all faults at once.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from matcher.errors import UserError
from matcher.pairs.comparators import BLOCKING_KEYS, LEVELS, OF_A_COLUMN
from matcher.pairs.layout import Layout
from specs.faults import in_words

_TRAINED = "name a file that was written by: matcher model train INBOX --as-at DATE --out FILE"
FOLDER = Path(__file__).parent / "models"
MOST_PATTERNS = 1 << 23  # patterns are counted in arrays of that length
CLASSES = ("match", "exchanged", "relative", "junior", "namesake", "random")
UNREAD = ("record_id", "surname_parts")  # columns that no comparator of one column can read
Role = Literal["given", "middle", "family", "birth", "sex", "place", "identifier", "other"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


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
    thresholds: tuple[float, float] = (0.92, 0.8)  # of a similarity, where the comparator has one; the higher first
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
    chain_probability: float = Field(0.2, gt=0, lt=1)
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
            if comparison.field in UNREAD:
                faults.append(f"comparison {comparison.name}: the column {comparison.field} cannot be compared")
            if any(of.least > of.most for of in comparison.level.values()):
                faults.append(f"comparison {comparison.name}: a level's least is at most its most")
            if not 1 >= comparison.thresholds[0] > comparison.thresholds[1] > 0:
                faults.append(
                    f"comparison {comparison.name}: thresholds are two, the higher first, above 0 and at most 1"
                )
        if "match" not in self.classes or not set(self.classes) <= set(CLASSES[:-1]):
            faults.append(f"classes must be match and any of: {', '.join(CLASSES[1:-1])}")
        elif self.classes["match"].per_match or self.classes["match"].apart:
            faults.append("the class match is always believed in: leave out per_match and apart")
        if not faults and self.layout.patterns > MOST_PATTERNS:
            faults.append(f"the comparisons have more than {MOST_PATTERNS:,} patterns of levels: leave some out")
        if "exchanged" in self.classes and not all(
            (of := self.of_role(role)) and of.field for role in ("given", "family")
        ):
            faults.append("the class exchanged needs a forename and a surname that are compared as columns (field)")
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
    records there were; `sources` what pairs of data sets, and two references of one system, tell of a match (sources.py);
    `lacking[class]` what the lack of values tells (gaps.py).
    """

    model: str
    records: int
    sizes: dict[str, float]
    chances: dict[str, dict[str, list[float]]]
    missing: dict[str, float]
    sources: dict[str, dict[str, list[float]]]
    lacking: dict[str, list[float]]

    def to_json(self) -> str:
        """One JSON object, keys sorted."""
        return json.dumps(self.__dict__, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, file: str = "") -> TrainedModel:
        """The reverse of `to_json`; `file`: where the text stands. Raises UserError where it is no such object."""
        try:
            found = cls(**{"lacking": {}, **json.loads(text)})
        except json.JSONDecodeError as error:
            raise UserError(
                "The trained numbers cannot be read: the file is no JSON.",
                where=f"{file or 'trained numbers'}, line {error.lineno}",
                todo=_TRAINED,
            ) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise UserError(
                "The trained numbers cannot be read: one JSON object is expected with model, records, sizes, chances, missing and "
                "sources.", where=file, todo=_TRAINED,
            ) from error  # fmt: skip
        if not (isinstance(found.sizes, dict) and isinstance(found.chances, dict) and "match" in found.chances):
            return found
        new = [kind for kind in CLASSES if kind not in found.sizes]  # to the version that wrote the numbers
        return replace(
            found,
            sizes=found.sizes | dict.fromkeys(new, 0.0),
            chances=found.chances | dict.fromkeys(new, found.chances["match"]),
        )


def load_model(model: str | Path | LinkageModel = "default") -> LinkageModel:
    """A shipped model by name, a TOML file by its path, or the model itself. Raises UserError for none or one with faults."""
    if isinstance(model, LinkageModel):
        return model
    path = Path(model) if str(model).endswith(".toml") else FOLDER / f"{model}.toml"
    if not path.is_file():
        raise _no_model(str(model))
    raw: dict[str, Any] = {}
    content = path.read_bytes()
    try:
        raw = tomllib.loads(content.decode("utf-8-sig"))
        return LinkageModel.model_validate(raw)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            "A linkage model holds faults: it is not text in UTF-8.", where=f"{path.name}, line {line}",
            todo="save it as UTF-8; a model is a TOML file, such as matcher/pairs/models/plain.toml",
        ) from error  # fmt: skip
    except tomllib.TOMLDecodeError as error:
        says, _, place = str(error).rstrip(")").rpartition(" (at ")
        raise UserError(
            "A linkage model holds faults: it is no TOML.",
            where=f"{path.name}, {place}",
            todo=f"mend the line: {says}",
        ) from error
    except ValidationError as error:
        told = "; ".join(in_words(fault, raw) for fault in error.errors(include_input=False))
        raise UserError("A linkage model holds faults.", where=path.name, todo=told) from error


def _no_model(model: str) -> UserError:
    """Why nothing can be read under that name."""
    known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
    todo = f"choose one of: {known}; or give the path of a TOML file"
    name = Path(model).name
    if Path(model).suffix.lower() == ".json":
        return UserError(
            "A linkage model is expected here, not trained numbers.", where=name,
            todo=f"{todo}; trained numbers are read by: matcher model show | compare",
        )  # fmt: skip
    if Path(model).is_file():
        return UserError("That file is no linkage model: its name does not end with .toml.", where=name, todo=todo)
    return UserError(
        "There is no linkage model of that name.",
        where=name if name.endswith(".toml") else "matcher/pairs/models",
        todo=todo,
    )
