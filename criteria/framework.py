"""A rule set: takes one dated TOML file, gives a frozen `Framework`, refuses with every fault of the file at once.

The file holds documents, thresholds (value by date, document, paragraph), readings (named switches with the sentence shown
to the user), clauses (a test each, see `shapes`), routes (k of n criteria) and the tariff. A test refers to a threshold as
"threshold:NAME" and to the chosen option of a reading as "reading:NAME" or "reading:NAME.FIELD"; so every clause knows
which thresholds and readings it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from criteria.rulefile import Scalar, read_toml, reference_faults, resolve, validated
from criteria.shapes import AnyTest, Frozen, known_kind
from specs.load import SpecError

HERE = Path(__file__).parent / "frameworks"


class Document(Frozen):
    """A text that the rules cite. `known`: whether the text itself was at hand when the file was written."""

    id: str
    title: str
    dated: date
    known: Literal["at_hand", "secondary_sources"]
    note: str = ""


class DatedValue(Frozen):
    start: date = Field(alias="from")
    value: int


class Threshold(Frozen):
    """A number of the rules: its unit, its values from their dates on, and where it is written."""

    unit: str
    document: str
    paragraph: str
    values: tuple[DatedValue, ...] = Field(min_length=1)

    def on(self, day: date) -> int:
        """The value in force on `day`; the first one where `day` lies before it (see `Framework.cautions`)."""
        begun = [value for value in self.values if value.start <= day]
        return max(begun or self.values[:1], key=lambda value: value.start).value


class Option(Frozen):
    """One answer to a reading: the sentence that the user sees, and what it puts into a test."""

    sentence: str
    values: dict[str, Scalar]


class Reading(Frozen):
    """A question that the text leaves open: a named switch with a default."""

    question: str
    document: str
    paragraph: str
    default: str
    option: dict[str, Option] = Field(min_length=2)

    @model_validator(mode="after")
    def _default_exists(self) -> Reading:
        if self.default not in self.option:
            raise ValueError("default is not one of the options")
        return self


class Criterion(Frozen):
    id: str
    title: str


class ClauseEntry(Frozen):
    """A clause as written: `test` may hold references, `says` may hold {threshold} or {test field} in braces."""

    id: str
    criterion: str
    says: str
    document: str
    paragraph: str
    test: dict[str, Any]


class Route(Frozen):
    """A way to qualify: at least `at_least` of `criteria`, and a cause for concern where the route needs one."""

    id: Literal["automatic", "discretion"]
    says: str
    document: str
    paragraph: str
    criteria: tuple[str, ...]
    at_least: int | str
    needs_concern: bool = False


class Household(Frozen):
    must_contain_child: bool | str
    adult_age: int | str


class Terms(Frozen):
    kinds: tuple[str, ...]  # a fact of these kinds shows that a child, and a term, was supplied

    @model_validator(mode="after")
    def _known(self) -> Terms:
        for kind in self.kinds:
            known_kind(kind)
        return self


class Amount(Frozen):
    """Money by year of attachment, in integer pence. `derived`: computed from other figures, not read in a text."""

    year: str
    pence: int = Field(ge=0)
    percent: int | None = None
    derived: bool = False


class Fee(Frozen):
    id: str
    says: str
    document: str
    paragraph: str
    amounts: tuple[Amount, ...]


class Payment(Frozen):
    """The tariff, as data: what an attachment and each kind of result pays."""

    currency: str
    family_cap_pence: int = Field(ge=0)
    document: str
    paragraph: str
    year_of_rate: str  # the year that sets the rate: "attachment" or "result"
    fee: tuple[Fee, ...]


class FrameworkFile(Frozen):
    id: str
    title: str
    start: date = Field(alias="from")
    until: date
    document: tuple[Document, ...] = Field(min_length=1)
    threshold: dict[str, Threshold]
    reading: dict[str, Reading]
    household: Household
    terms: Terms
    criterion: tuple[Criterion, ...] = Field(min_length=1)
    clause: tuple[ClauseEntry, ...] = Field(min_length=1)
    route: tuple[Route, ...] = Field(min_length=1)
    payment: Payment


@dataclass(frozen=True)
class Clause:
    """A clause ready to evaluate: its test with every reference resolved, and what it rests on."""

    id: str
    group: str  # the criterion, or "concern"
    says: str
    document: str
    paragraph: str
    test: AnyTest
    thresholds: tuple[str, ...]
    readings: tuple[str, ...]
    written: Mapping[str, Any] = field(repr=False, compare=False)  # the test with its references
    local: bool = False  # local policy rather than the cited text's own words


@dataclass(frozen=True)
class Framework:
    """A loaded rule set with its chosen readings. `name` is the file's name."""

    name: str
    rules: FrameworkFile
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.rules.id

    def option_name(self, reading: str) -> str:
        return self.chosen.get(reading, self.rules.reading[reading].default)

    def sentence(self, reading: str) -> str:
        """What the user is told of the chosen option of a reading."""
        return self.rules.reading[reading].option[self.option_name(reading)].sentence

    def _reading(self, name: str, part: str) -> Scalar:
        return self.rules.reading[name].option[self.option_name(name)].values[part]

    def number(self, given: int | str, as_at: date) -> int:
        """A number, or the threshold that it refers to."""
        return given if isinstance(given, int) else self.rules.threshold[given.removeprefix("threshold:")].on(as_at)

    def resolved(self, table: Mapping[str, Any], as_at: date) -> tuple[AnyTest, tuple[str, ...], tuple[str, ...]]:
        return resolve(table, lambda name: self.rules.threshold[name].on(as_at), self._reading)

    def clause(self, group: str, entry: ClauseEntry | Any, as_at: date) -> Clause:
        """An entry of this file or of a policy as a clause of `group`, its references resolved at `as_at`."""
        test, thresholds, readings = self.resolved(entry.test, as_at)
        named = {name: threshold.on(as_at) for name, threshold in self.rules.threshold.items()}
        says = entry.says.format_map(named | test.model_dump())
        return Clause(entry.id, group, says, entry.document, entry.paragraph, test, thresholds, readings, entry.test)

    def retested(self, clause: Clause, as_at: date) -> Clause:
        """The same clause with its test as these readings have it."""
        return replace(clause, test=self.resolved(clause.written, as_at)[0])

    def clauses(self, as_at: date) -> tuple[Clause, ...]:
        return tuple(self.clause(entry.criterion, entry, as_at) for entry in self.rules.clause)

    @property
    def must_contain_child(self) -> bool:
        given = self.rules.household.must_contain_child
        return given if isinstance(given, bool) else bool(self._reading(given.removeprefix("reading:"), "value"))

    @property
    def year_of_rate(self) -> str:
        """Which year sets the rate of a family's payments: that of its attachment, or that of its result."""
        return str(self._reading(self.rules.payment.year_of_rate.removeprefix("reading:"), "value"))

    def with_readings(self, readings: Mapping[str, str]) -> Framework:
        """The same rules under other options. Raises SpecError naming each unknown reading or option."""
        faults = []
        for name, option in readings.items():
            if name not in self.rules.reading:
                faults.append(f"{self.name}: no reading {name!r}; there are {', '.join(self.rules.reading)}")
            elif option not in self.rules.reading[name].option:
                options = ", ".join(self.rules.reading[name].option)
                faults.append(f"{self.name}: reading {name}: no option {option!r}; there are {options}")
        if faults:
            raise SpecError(faults)
        return replace(self, chosen={**self.chosen, **readings})

    def cautions(self, as_at: date) -> tuple[str, ...]:
        """What a user must be told before relying on these rules at `as_at`."""
        said = []
        if not self.rules.start <= as_at <= self.rules.until:
            said.append(
                f"{self.rules.title} holds from {self.rules.start} to {self.rules.until}; "
                "the batch date lies outside, and the nearest values were used."
            )
        said += [
            f"{document.title} is known through secondary sources only; confirm what rests on it."
            for document in self.rules.document
            if document.known == "secondary_sources"
        ]
        return tuple(said)

    def document(self, id: str) -> Document:
        return next(document for document in self.rules.document if document.id == id)

    def citation(self, clause: Clause | Route) -> str:
        cited = f"{self.document(clause.document).title}, {clause.paragraph}"
        return f"{cited}; counted by local policy" if isinstance(clause, Clause) and clause.local else cited


def load_framework(
    name_or_path: str | Path = "troubled_families_2012", readings: Mapping[str, str] | None = None
) -> Framework:
    """A shipped rule set by name, or one by path, under its default readings but for `readings`.

    Raises SpecError with every fault of the file.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = HERE / f"{name_or_path}.toml"
    raw = read_toml(path)
    rules: FrameworkFile = validated(FrameworkFile, raw, path.name, reference_faults(raw, path.name))
    return Framework(path.stem, rules).with_readings(readings or {})
