"""Which open questions are worth a person's time, and what an answer does.

Takes the tables of a match; gives questions, most worth asking first. A question is asked only where its answer can change a
decision or the membership of a qualifying family; everything else the thresholds decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from matcher.tables import MonthTables

MOST = 200
"""Questions that one batch puts at the most: more is nobody's afternoon."""

Kind = Literal["uncertain_link", "identifier_conflict", "discretion"]

MEMBERS = "a qualifying family's members"
QUALIFIES = "whether a family qualifies"
BY_DISCRETION = "whether a family qualifies by local discretion"


@dataclass(frozen=True)
class Question:
    """One open question of a held batch.

    `record_l`, `record_r` (record ids) for a link, `record_l` alone for a household, by one of its records. `default` is
    what the run would do by itself. `effect` says in words what hangs on it, without a value.
    """

    kind: Kind
    default: bool
    effect: str
    record_l: int
    record_r: int | None = None
    probability: float | None = None

    def subject(self) -> dict[str, Any]:
        """What the registry keeps of it beside the kind: positions and counts, no person."""
        return {name: value for name, value in asdict(self).items() if name != "kind"}

    @classmethod
    def of(cls, kind: Any, subject: Mapping[str, Any]) -> Question:
        return cls(kind=kind, **subject)

    def renumbered(self, position: np.ndarray) -> Question:
        """The same question about records that have moved to `position[record_id]`."""
        right = None if self.record_r is None else int(position[self.record_r])
        return replace(self, record_l=int(position[self.record_l]), record_r=right)

    def worth(self) -> tuple[bool, float, int, int]:
        """Sorts questions, most worth asking first: who qualifies before who belongs, then the most open link."""
        openness = 0.0 if self.probability is None else abs(self.probability - 0.5)
        return self.effect == MEMBERS, openness, self.record_l, -1 if self.record_r is None else self.record_r


def link_questions(tables: MonthTables, limit: int = MOST) -> list[Question]:
    """Uncertain links that could change a decision or a qualifying family, the most open ones first, at most `limit`."""
    home, routes = tables.household_of(), tables.route_of()
    criteria: list[set[str]] = [set() for _ in range(tables.households.num_rows)]
    concerned = np.zeros(tables.households.num_rows, dtype=bool)
    decisions = tables.decisions
    for household, met, concerns in zip(
        decisions["household_id"].to_pylist(),
        decisions["criteria"].to_pylist(),
        decisions["concerns"].to_pylist(),
        strict=True,
    ):
        criteria[household] = set(met)
        concerned[household] = bool(concerns)
    found: list[tuple[float, Question]] = []
    for row in tables.uncertain.to_pylist():
        left, right = home[row["record_id_l"]], home[row["record_id_r"]]
        if left < 0 or right < 0:
            continue
        qualifies = routes[left] != "no" or routes[right] != "no"
        together = criteria[left] | criteria[right]
        would = len(together) >= 3 or (len(together) == 2 and (concerned[left] or concerned[right]))
        if not qualifies and not would:
            continue
        effect = MEMBERS if qualifies else QUALIFIES
        kind: Kind = "identifier_conflict" if row["reason"] == "identifier_conflict" else "uncertain_link"
        probability = round(float(row["match_probability"]), 4)
        question = Question(kind, bool(row["linked"]), effect, row["record_id_l"], row["record_id_r"], probability)
        found.append((abs(probability - 0.5), question))
    found.sort(key=lambda item: (item[0], item[1].record_l, item[1].record_r))
    return [question for _, question in found[:limit]]


def discretion_questions(tables: MonthTables) -> list[Question]:
    """Households with two criteria and a cause for concern that the policy leaves to a panel."""
    home = tables.household_of()
    return [
        Question("discretion", False, BY_DISCRETION, int(np.flatnonzero(home == row["household_id"])[0]))
        for row in tables.decisions.to_pylist()
        if row["route"] == "no" and len(row["criteria"]) == 2 and row["concerns"]
    ]


def households_asked_about(tables: MonthTables, questions: Iterable[Question]) -> np.ndarray:
    """Ids of the households whose data the questions need."""
    home = tables.household_of()
    records = [r for question in questions for r in (question.record_l, question.record_r) if r is not None]
    return np.setdiff1d(home[np.array(records, dtype=np.int64)], [-1])
