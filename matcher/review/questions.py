"""Which open questions are worth a person's time, and what an answer does.

Takes the tables of a match; gives questions, most worth asking first. A question is asked only where its answer can change a
decision or the membership of a qualifying family; everything else the thresholds decide. Ids are random: nothing of a person.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from matcher.tables import MonthTables

Kind = Literal["uncertain_link", "identifier_conflict", "discretion", "referral"]
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True)
class Question:
    """One open question of a held batch.

    `record_l`, `record_r` (record ids of the held tables) for a link, `household` for a discretion question. `default` is what
    the run would do by itself. `effect` says in words what hangs on it, without a value.
    """

    id: str
    kind: Kind
    default: bool
    effect: str
    probability: float | None = None
    record_l: int | None = None
    record_r: int | None = None
    household: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Question:
        return cls(**value)


def new_id() -> str:
    """A random question id, `Q-` and six base32 characters."""
    return "Q-" + "".join(secrets.choice(ALPHABET) for _ in range(6))


def link_questions(tables: MonthTables, limit: int) -> list[Question]:
    """Uncertain links that could change a decision or a qualifying family, the most open ones first, at most `limit`."""
    home, routes = tables.household_of(), tables.route_of()
    criteria: list[set[str]] = [set() for _ in range(tables.households.num_rows)]
    concerned = np.zeros(tables.households.num_rows, dtype=bool)
    decisions = tables.decisions
    for household, met, concerns in zip(
        decisions["household_id"].to_pylist(), decisions["criteria"].to_pylist(), decisions["concerns"].to_pylist(), strict=True
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
        effect = "a qualifying family's members" if qualifies else "whether a family qualifies"
        kind: Kind = "identifier_conflict" if row["reason"] == "identifier_conflict" else "uncertain_link"
        probability = round(float(row["match_probability"]), 4)
        question = Question(
            new_id(), kind, bool(row["linked"]), effect, probability, int(row["record_id_l"]), int(row["record_id_r"])
        )
        found.append((abs(probability - 0.5), question))
    found.sort(key=lambda item: (item[0], item[1].record_l, item[1].record_r))
    return [question for _, question in found[:limit]]


def discretion_questions(tables: MonthTables) -> list[Question]:
    """Households with two criteria and a cause for concern that the policy leaves to a panel."""
    found = []
    for row in tables.decisions.to_pylist():
        if row["route"] == "no" and len(row["criteria"]) == 2 and row["concerns"]:
            found.append(
                Question(new_id(), "discretion", False, "whether a family qualifies by local discretion", household=row["household_id"])
            )
    return found


def households_asked_about(tables: MonthTables, questions: list[Question]) -> np.ndarray:
    """Ids of the households whose data an open question needs."""
    home = tables.household_of()
    touched = {question.household for question in questions if question.household is not None}
    for question in questions:
        touched |= {int(home[r]) for r in (question.record_l, question.record_r) if r is not None}
    return np.array(sorted(touched - {-1}), dtype=np.int64)
