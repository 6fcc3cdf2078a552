"""Why a household qualifies, or does not, in plain English. Takes its findings and support, gives `Reason`s.

Each reason says what was tested, the result with its note ("2 of 3 terms supplied"), where it is written, on which readings
it rests and which evidence stands behind it. A clause that the given rules no longer hold is named, not refused: a family
may have been found under an earlier policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from criteria.framework import Clause, Framework
from criteria.policy import CONCERN, DiscretionPolicy

_WORDS = {"met": "met", "not_met": "not met", "not_assessable": "not assessable"}


@dataclass(frozen=True)
class Reason:
    """One line of an explanation: a route, a criterion (no evidence of its own) or a clause."""

    clause: str
    level: str  # route | criterion | clause | concern
    status: str
    says: str
    note: str | None
    citation: str
    readings: tuple[str, ...]  # sentences
    evidence: tuple[int, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The reason as text: what and result first, then what it rests on, indented."""
        note = f" ({self.note})" if self.note else ""
        indent = "" if self.level in ("route", "criterion") else "  "
        said = [f"{indent}{self.says} {_WORDS.get(self.status, self.status).capitalize()}{note}."]
        if self.citation:
            said.append(f"{indent}  Source: {self.citation}.")
        said += [f"{indent}  Reading: {sentence}" for sentence in self.readings]
        if self.evidence:
            said.append(f"{indent}  Evidence: {', '.join(str(id) for id in self.evidence)}.")
        return tuple(said)


def _of(table: pa.Table, household_id: int | None) -> list[dict[str, object]]:
    if household_id is not None:
        table = table.filter(pc.equal(table["household_id"], household_id))
    return table.to_pylist()


def reasons(
    findings: pa.Table,
    support: pa.Table,
    framework: Framework,
    policy: DiscretionPolicy,
    as_at: date,
    *,
    household_id: int | None = None,
    decisions: pa.Table | None = None,
) -> tuple[Reason, ...]:
    """The reasons for one household, route first, then each criterion with its clauses, then the causes for concern.

    `findings`, `support` and `decisions` are those tables, or rows of them; `household_id` picks the household where they
    hold several.
    """
    evidence: dict[str, list[int]] = {}
    for row in _of(support, household_id):
        evidence.setdefault(str(row["clause"]), []).append(int(str(row["evidence_id"])))
    found = {str(row["clause"]): row for row in _of(findings, household_id)}
    clauses = {
        clause.id: clause for clause in (*framework.clauses(as_at), *policy.concerns(framework, as_at, off=True))
    }
    made: list[Reason] = []
    for row in _of(decisions, household_id) if decisions is not None else ():
        made.append(_route(str(row["route"]), bool(row["one_short_not_assessable"]), framework))
    for criterion in framework.rules.criterion:
        if criterion.id in found:
            made.append(
                _reason(criterion.id, found.pop(criterion.id), "criterion", criterion.title + ":", None, framework, ())
            )
            mine = [id for id, clause in clauses.items() if clause.group == criterion.id and id in found]
            made += [_clause(clauses[id], found.pop(id), framework, evidence.get(id, ())) for id in mine]
    for id in sorted(found, key=lambda id: (id not in clauses, list(clauses).index(id) if id in clauses else 0, id)):
        if id in clauses:
            made.append(_clause(clauses[id], found[id], framework, evidence.get(id, ())))
        else:
            says = f"A clause that the rules no longer hold ({id})."
            level = CONCERN if id.startswith(f"{CONCERN}.") else "clause"
            made.append(_reason(id, found[id], level, says, None, framework, evidence.get(id, ())))
    return tuple(made)


def lines(given: Iterable[Reason]) -> list[str]:
    """All the reasons as lines of text."""
    return [line for reason in given for line in reason.lines]


def _route(route: str, one_short: bool, framework: Framework) -> Reason:
    entry = next((entry for entry in framework.rules.route if entry.id == route), None)
    resting = framework.rules.household.must_contain_child
    readings = (framework.sentence(resting.removeprefix("reading:")),) if isinstance(resting, str) else ()
    if entry is not None:
        return Reason(f"route.{route}", "route", "met", entry.says, None, framework.citation(entry), readings, ())
    note = "one criterion short, and that one is not assessable" if one_short else None
    return Reason(
        "route.no", "route", "not_met", "The household qualifies by a route of the rules:", note, "", readings, ()
    )


def _clause(clause: Clause, row: dict[str, object], framework: Framework, evidence: Iterable[int]) -> Reason:
    level = CONCERN if clause.group == CONCERN else "clause"
    return _reason(clause.id, row, level, clause.says, clause, framework, evidence)


def _reason(
    id: str, row: dict[str, object], level: str, says: str, clause: Clause | None, framework: Framework,
    evidence: Iterable[int],
) -> Reason:  # fmt: skip
    citation = framework.citation(clause) if clause else ""
    readings = tuple(framework.sentence(name) for name in clause.readings) if clause else ()
    note = str(row["note"]) if row["note"] is not None else None
    return Reason(id, level, str(row["status"]), says, note, citation, readings, tuple(sorted(evidence)))
