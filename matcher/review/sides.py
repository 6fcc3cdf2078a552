"""What a person needs in order to answer a question: the two records side by side, or the household.

Takes the held tables and a question about positions in them; gives `Asked`, which holds values of extracts and is shown to the
people who review and nowhere else. Nothing of it is kept in clear.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.review.questions import Question
from matcher.tables import MonthTables
from specs.load import ExtractSpec

REGISTRY_DATASET = "registry"
AREA_TITLES = {"city": "City", "county": "County", "rutland": "Rutland", "other": "outside the programme's areas"}
ASKS = {
    "uncertain_link": "Are these two records the same person?",
    "identifier_conflict": "These two records share an identifier and differ elsewhere. Are they the same person?",
    "discretion": "Does this household qualify by local discretion?",
}
KIND_TITLES = {
    "uncertain_link": "uncertain link",
    "identifier_conflict": "one identifier, two people?",
    "discretion": "local discretion",
}


AGAINST = {
    "refused": "another record of one of them disagrees", "objection": "another record of one of them disagrees",
    "rival": "another record that cannot be the same person fits nearly as well",
    "weak": "no pair of their records reaches the probability from which records are linked",
    "through_others": "other records of the two hold them together",
}  # fmt: skip
"""Verdict (`specs.tables.VERDICTS`) -> why the engine decides against the probability of a pair alone."""


@dataclass(frozen=True)
class Side:
    """One record, as a person compares it. `source` says who delivered it, in which row."""

    name: str
    date_of_birth: dt.date | None
    sex: str | None
    address: str | None
    postcode: str | None
    national_insurance: str | None
    pupil_number: str | None
    nhs_number: str | None
    property_number: str | None
    reference: str | None
    source: str
    dataset: str
    supplier: str
    row: int
    last_seen: dt.date | None


@dataclass(frozen=True)
class Household:
    """The household that a panel decides on: who lives there, what it meets, what gives cause for concern."""

    people: tuple[tuple[str, dt.date | None], ...]
    address: str | None
    postcode: str | None
    area: str
    criteria: tuple[str, ...]  # in words
    concerns: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One line of a comparison. `same`: null where a side does not give it."""

    label: str
    left: str
    right: str
    same: bool | None


@dataclass(frozen=True)
class Asked:
    """A question as it is put: about `left` and `right`, or about `household`; with its answer where it has one."""

    id: str
    question: Question
    left: Side | None = None
    right: Side | None = None
    household: Household | None = None
    answer: str | None = None
    by: str | None = None
    reason: str | None = None
    verdict: str = ""  # what was found of the two records, a code of `specs.tables.VERDICTS`

    @property
    def asks(self) -> str:
        return ASKS[self.question.kind]

    @property
    def kind_title(self) -> str:
        return KIND_TITLES[self.question.kind]

    @property
    def default(self) -> str:
        """What happens without an answer."""
        return "yes" if self.question.default else "no"

    @property
    def why(self) -> str:
        """Why the default goes against the match probability; empty where it does not."""
        probability = self.question.probability
        if probability is None or self.question.default == (probability >= 0.5):
            return ""
        because = AGAINST.get(self.verdict)
        return f"{because}: see `matcher explain --pair {self.id}`" if because else ""

    @property
    def hangs_on_it(self) -> str:
        return self.question.effect

    def lines(self) -> tuple[Line, ...]:
        """The two records line by line; lines that neither fills are left out. Nothing for a household."""
        if self.left is None or self.right is None:
            return ()
        left, right = cells(self.left), cells(self.right)
        return tuple(
            Line(label, left[label], right[label], _same(label, left[label], right[label]))
            for label in left
            if left[label] or right[label]
        )

    def to_dict(self) -> dict[str, Any]:
        """For --json. Dates stay dates."""
        told: dict[str, Any] = {
            "id": self.id,
            "kind": self.question.kind,
            "asks": self.asks,
            "effect": self.question.effect,
            "default": self.default,
            "probability": self.question.probability,
            "why": self.why,
            "answer": self.answer,
            "by": self.by,
            "reason": self.reason,
        }
        if self.household is not None:
            people = [{"name": name, "date_of_birth": born} for name, born in self.household.people]
            told["household"] = asdict(self.household) | {"people": people}
        if self.left is not None and self.right is not None:
            told["left"], told["right"] = asdict(self.left), asdict(self.right)
        return told


_UNCOMPARED = {"Reference", "Source", "Last seen there"}


def cells(side: Side) -> dict[str, str]:
    """A side as label -> text, in the order to show."""
    return {
        "Name": side.name,
        "Date of birth": day(side.date_of_birth),
        "Sex": {"M": "male", "F": "female"}.get(side.sex or "", ""),
        "Address": side.address or "",
        "Postcode": side.postcode or "",
        "National Insurance": side.national_insurance or "",
        "Pupil number (UPN)": side.pupil_number or "",
        "NHS number": side.nhs_number or "",
        "Property (UPRN)": side.property_number or "",
        "Reference": side.reference or "",
        "Source": side.source,
        "Last seen there": day(side.last_seen),
    }


def day(value: dt.date | None) -> str:
    return value.strftime("%d/%m/%Y") if value else ""


def _same(label: str, left: str, right: str) -> bool | None:
    return left == right if left and right and label not in _UNCOMPARED else None


def asked(
    tables: MonthTables, questions: Mapping[str, Question], specs: Mapping[str, ExtractSpec], titles: Mapping[str, str]
) -> list[Asked]:
    """The questions (by id) with what they are about, most worth asking first.

    `tables`: the held ones. `titles`: criterion or concern id -> words.
    """
    order = sorted(questions.items(), key=lambda item: (*item[1].worth(), item[0]))
    wanted = [r for _, q in order for r in (q.record_l, q.record_r) if r is not None]
    rows = dict(zip(wanted, tables.records.take(pa.array(wanted, pa.int64())).to_pylist(), strict=True))
    home = tables.household_of()
    ends = (tables.links[name].to_pylist() for name in ("record_id_l", "record_id_r"))
    verdicts = dict(zip(zip(*ends, strict=True), tables.links["verdict"].to_pylist(), strict=True))
    found = []
    for id, question in order:
        if question.kind == "discretion" or question.record_r is None:
            found.append(Asked(id, question, household=_household(tables, int(home[question.record_l]), titles)))
        else:
            left, right = (_side(rows[record], specs) for record in (question.record_l, question.record_r))
            pair = sorted((question.record_l, question.record_r))
            found.append(Asked(id, question, left, right, verdict=verdicts.get((pair[0], pair[1]), "")))
    return found


def _side(row: Mapping[str, Any], specs: Mapping[str, ExtractSpec]) -> Side:
    return Side(
        name=_name(row), date_of_birth=row["dob"], sex=row["sex"], address=row["address"], postcode=row["postcode"],
        national_insurance=row["nino"], pupil_number=row["upn"], nhs_number=row["nhs"], property_number=row["uprn"],
        reference=row["known_person"] or row["ref"], source=_source(row, specs), dataset=row["dataset"],
        supplier=row["supplier"], row=row["row"], last_seen=row["seen_on"],
    )  # fmt: skip


def _name(row: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (row["forename"], row["middle"], row["surname"]))) or "no name"


def _source(row: Mapping[str, Any], specs: Mapping[str, ExtractSpec]) -> str:
    if row["dataset"] == REGISTRY_DATASET:
        return f"family {row['known_family']}, on the programme already"
    spec = specs.get(row["dataset"])
    where = f"{spec.title}, {spec.flow_for(row['supplier']).owner}" if spec else row["dataset"]
    return f"{where}, row {row['row']}"


def _household(tables: MonthTables, household: int, titles: Mapping[str, str]) -> Household:
    lives = np.flatnonzero(tables.household_members["household_id"].to_numpy() == household)
    ids = tables.household_members["person_id"].take(pa.array(lives))
    people = tables.persons.filter(pc.is_in(tables.persons["person_id"], value_set=ids.combine_chunks())).to_pylist()
    where = tables.households.filter(pc.equal(tables.households["household_id"], household)).to_pylist()[0]
    decided = tables.decisions.filter(pc.equal(tables.decisions["household_id"], household)).to_pylist()[0]
    return Household(
        people=tuple(sorted(((_name(p), p["dob"]) for p in people), key=lambda one: (one[1] or dt.date.max, one[0]))),
        address=where["address"], postcode=where["postcode"], area=AREA_TITLES[where["area"]],
        criteria=tuple(titles.get(name, name) for name in decided["criteria"]),
        concerns=tuple(titles.get(name, name) for name in decided["concerns"]),
    )  # fmt: skip
