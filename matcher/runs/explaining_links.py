"""Why records are one person or not: of a held batch's question or rows, of a person on the programme, of a month not yet run.

Takes an opened workspace (or an inbox) and what is asked about; gives `Waterfalls`. Reads what was kept when the batch was held or
sealed; a month not yet run is matched in memory and nothing is written. Refuses what is not kept, saying why.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from matcher.disclosures.waterfall import Line, LinkTold, Waterfalls
from matcher.errors import Exit, UserError
from matcher.evaluation.evaluate import shipped_rules
from matcher.extracts import find_supplies, read_supplies
from matcher.month import Rules, match
from matcher.pairs.waterfall import SAME_ROW, of_stored
from matcher.pairs.words import MISSING, words_of
from matcher.persons.verdicts import Verdicts
from matcher.progress import Stages
from matcher.registry.store import Registry
from matcher.review.listing import sides
from matcher.runs.links import explained
from matcher.runs.reviewing import Review
from matcher.runs.rules import rules_of
from matcher.runs.waiting import Waiting
from matcher.tables import MonthTables
from matcher.workspace import Workspace
from specs.tables import ANSWERED, OBJECTED, ONE_PERSON, REGISTRY_DATASET, VERDICTS

QUESTION = re.compile(r"Q-[A-Z2-7]{8}")
_ROW = re.compile(r"([a-z][a-z0-9_]*)(?:\.([a-z0-9_]+))?:([1-9][0-9]{0,8})(#2)?")
_ROUNDED = 0.01  # bits by which a weight differs after it was kept
OF_THE_REGISTRY = "what was known of the person from earlier months"


@dataclass(frozen=True)
class Row:
    """A delivered row; `part` 1: the second person of a joint name."""

    dataset: str
    supplier: str
    row: int
    part: int = 0

    @classmethod
    def of(cls, text: str) -> Row:
        """From `dataset[.supplier]:row[#2]`. Raises UserError."""
        found = _ROW.fullmatch(text.strip().lower())
        if found is None:
            raise UserError(
                "That is neither a question nor a row.",
                todo="give Q-........ (see: matcher review list), or two rows as DATASET.SUPPLIER:ROW; #2 after it means the second "
                "person of a joint name",
                code=Exit.USAGE,
            )
        return cls(found[1], found[2] or "", int(found[3]), 1 if found[4] else 0)

    def __str__(self) -> str:
        """As `of` takes it."""
        name = f"{self.dataset}.{self.supplier}" if self.supplier else self.dataset
        return f"{name}:{self.row}{'#2' if self.part else ''}"


@dataclass(frozen=True)
class Kept:
    """A link as it was kept: ends and people by whatever tells them apart, verdict, numbers and steps."""

    left: int
    right: int | None
    people: tuple[Any, Any]
    verdict: str
    weight: float
    best: float
    worst: float
    steps: Sequence[Sequence[Any]]
    batch: str = ""

    @property
    def objects(self) -> bool:
        """Whether this pair of records is what keeps the two people apart."""
        return self.verdict in OBJECTED and self.weight <= self.worst + _ROUNDED and self.worst < self.best

    @property
    def one_person(self) -> bool:
        return self.verdict in ONE_PERSON or (self.verdict == ANSWERED and self.people[0] == self.people[1])


@dataclass(frozen=True)
class Explained:
    """An explanation, and what its disclosure is recorded by."""

    told: Waterfalls
    people: int
    family_ids: tuple[str, ...] = ()
    batch_id: str | None = None
    question: str | None = None
    person_id: str | None = None
    held: bool = False  # of a batch that waits for answers


def with_objection(found: Sequence[Kept], links: Iterable[Kept]) -> list[Kept]:
    """Links, and after them the one that keeps their two people apart, where one does and was kept."""
    apart = {frozenset(one.people) for one in found if one.verdict in OBJECTED}
    more = [one for one in links if one.objects and frozenset(one.people) in apart and one not in found]
    return sorted([*found, *more], key=lambda one: one.objects)


def connect(links: Iterable[Kept], left: int, right: int, people: tuple[Any, Any]) -> list[Kept]:
    """What was kept between two records: their own link, the links that join them, or those between their two people."""
    kept = list(links)
    own = [one for one in kept if {one.left, one.right} == {left, right}]
    if own or people[0] != people[1]:
        return own or [one for one in kept if {*one.people} == {*people}]
    beside: dict[int, list[tuple[int, Kept]]] = {}
    for one in kept:
        if one.one_person and one.right is not None:
            beside.setdefault(one.left, []).append((one.right, one))
            beside.setdefault(one.right, []).append((one.left, one))
    came: dict[int, tuple[int, Kept] | None] = {left: None}
    waiting = deque([left])
    while waiting and right not in came:
        at = waiting.popleft()
        for end, one in beside.get(at, []):
            if end not in came:
                came[end] = (at, one)
                waiting.append(end)
    path: list[Kept] = []
    step = came.get(right)
    while step is not None:
        path.insert(0, step[1])
        step = came[step[0]]
    return path


def link_told(one: Kept, left: str, right: str, rules: Rules, link: float) -> LinkTold:
    """A kept link in words."""
    says = VERDICTS.get(one.verdict, one.verdict)
    if one.verdict in OBJECTED:
        says += f" Between their records the strongest pair has {one.best:+.1f} bits, the weakest {one.worst:+.1f}."
    if one.verdict == ANSWERED:
        says = f"{'One person' if one.one_person else 'Not one person'}, as a person answered."
    if [step[0] for step in one.steps] == [SAME_ROW]:
        says = "One person without comparing anything: rows of one reference that say the same."
    steps = [(step, *words_of(step, rules.model)) for step in of_stored(one.steps)]
    lines = tuple(Line(title, words, step.bits, words != MISSING) for step, title, words in steps)
    return LinkTold(left, right, one.verdict, says, lines, one.weight, link, batch=one.batch)


def _told(links: Sequence[Kept], names: Mapping[int | None, str], rules: Rules) -> tuple[LinkTold, ...]:
    """Links in words; rows of one reference that say the same are counted with the first of them."""
    link = float(np.log2(rules.thresholds.link / (1 - rules.thresholds.link)))
    found: list[LinkTold] = []
    same: dict[int, int] = {}
    for number, one in enumerate(links):
        if [step[0] for step in one.steps] == [SAME_ROW]:
            if one.left in same:
                at = same[one.left]
                found[at] = replace(found[at], alike=found[at].alike + 1)
                continue
            same[one.left] = len(found)
        right = OF_THE_REGISTRY if one.right is None else names[one.right]
        told = link_told(one, names[one.left], right, rules, link)
        if one.objects and any({*before.people} == {*one.people} for before in links[:number]):
            told = replace(told, objecting=True, says="This pair of records is why they were not joined automatically.")
        found.append(told)
    return tuple(found)


# -- a held batch ------------------------------------------------------------------------------------------------------


def of_question(workspace: Workspace, question: str) -> Explained:
    """Why the two records of a held batch's question are one person or not. Raises UserError."""
    review = Review.of(workspace)
    asked = next((one for one in review.questions(answered=True) if one.id == question), None)
    if asked is None:
        raise UserError("There is no such question.", todo="see the open ones with: matcher review list")
    if asked.question.record_r is None:
        raise UserError("That question is about a household, not about two records.", todo="see: matcher review list")
    tables = Waiting.load(workspace, review.batch.batch_id).tables
    rules = rules_of(workspace, review.batch.as_at)
    explanation = _of_tables(tables, asked.question.record_l, asked.question.record_r, rules)
    told = Waterfalls(
        workspace.settings.marking.label, f"Question {question} of batch {review.batch.batch_id}", explanation.notes,
        tuple(sides(asked)), explanation.links, tuple(asdict(line) for line in asked.lines()),
    )  # fmt: skip
    return Explained(told, 2, batch_id=review.batch.batch_id, question=question, held=True)


def of_held_rows(workspace: Workspace, batch_id: str, as_at: dt.date, rows: tuple[Row, Row]) -> Explained | None:
    """Why two rows of a held batch are one person or not; None where the batch does not hold both."""
    tables = Waiting.load(workspace, batch_id).tables
    ends = [_record(tables, row) for row in rows]
    if ends[0] is None or ends[1] is None:
        return None
    found = _of_tables(tables, ends[0], ends[1], rules_of(workspace, as_at))
    told = replace(found, marking=workspace.settings.marking.label, title=f"{rows[0]} and {rows[1]}, batch {batch_id}")
    return Explained(told, 2, batch_id=batch_id, held=True)


def _record(tables: MonthTables, row: Row) -> int | None:
    records = tables.records
    mine = pc.and_(pc.equal(records["dataset"], row.dataset), pc.equal(records["supplier"], row.supplier))
    mine = pc.and_(mine, pc.and_(pc.equal(records["row"], row.row), pc.equal(records["part"], row.part)))
    found = records["record_id"].filter(mine).to_pylist()
    return found[0] if found else None


def _of_tables(tables: MonthTables, left: int, right: int, rules: Rules) -> Waterfalls:
    """What tables hold of why two of their records are one person or not. Raises UserError where they hold nothing."""
    person = tables.person_of().tolist()
    if person[left] < 0 or person[right] < 0:
        raise UserError("One of the two rows names nobody.", todo="choose rows that name people")
    links = [
        Kept(
            row["record_id_l"], row["record_id_r"], (person[row["record_id_l"]], person[row["record_id_r"]]),
            row["verdict"], row["match_weight"], row["best"], row["worst"], json.loads(row["steps"]),
        )
        for row in tables.links.to_pylist()
    ]  # fmt: skip
    found = with_objection(connect(links, left, right, (person[left], person[right])), links)
    records = tables.records.select(["dataset", "supplier", "row", "part"]).to_pylist()
    names: dict[int | None, str] = {
        end: OF_THE_REGISTRY if records[end]["dataset"] == REGISTRY_DATASET else str(Row(**records[end]))
        for one in found
        for end in (one.left, one.right)
        if end is not None
    }
    return Waterfalls(
        "", "", (_how(found, left, right, person[left] == person[right]),), (), _told(found, names, rules)
    )


def _how(found: Sequence[Kept], left: int, right: int, one_person: bool) -> str:
    if not found and one_person:
        return "They are one person, but the link between them was not kept."
    if not found:
        return "They are two people, and no pair of their records came near to a link: nothing more was kept."
    if {found[0].left, found[0].right} == {left, right}:
        return ""
    if one_person:
        return f"They are one person. They are not linked directly but through {len(found)} links:"
    if found[-1].objects and len(found) > 1:
        return "They are two people. Kept are the pairs of their records that speak most for one person and against it:"
    return "They are two people. What was kept is the strongest pair of the two people's records:"


# -- people on the programme -------------------------------------------------------------------------------------------


def of_person(workspace: Workspace, registry: Registry, person_id: str) -> Explained:
    """Why the kept rows of a person on the programme are one person. Raises UserError."""
    families = registry.rights.families_of(person_id)
    if not families:
        raise UserError("The registry holds no such person.", todo="see the families' people with: matcher families")
    restricted = _restricted(registry, families, person_id)
    links: list[Kept] = []
    names: dict[int | None, str] = {}
    known: list[str] = []
    rows: list[tuple[int, str]] = []
    as_at = max(batch.as_at for batch in registry.batches() if batch.applied_at is not None)
    for family_id in families:
        detail = registry.family(family_id)
        member = next(row for row in detail.members if row["person_id"] == person_id)
        named = " ".join(filter(None, (member["forename"], member["middle"], member["surname"]))) or "name unknown"
        born = f", born {member['dob']:%d/%m/%Y}" if member["dob"] else ""
        known = [f"{named}{born}"]
        mine = [row for row in detail.links if person_id in (row["person_id"], row["other_id"])]
        links += [_kept(row) for row in mine if not {row["person_id"], row["other_id"]} & restricted]
        rows += [(row["record_key"], row["batch_id"]) for row in detail.records if row["person_id"] == person_id]
        names |= {row["record_key"]: _named(row) for row in detail.records}
    rules = rules_of(workspace, as_at)
    one = [link for link in links if link.people[0] == link.people[1]]
    other = [link for link in links if link.people[0] != link.people[1]]
    other.sort(key=lambda link: (sorted(link.people), link.objects))
    apart = f"; and {len(other)} to somebody else of the family who is held apart" if other else ""
    notes = [f"Kept of this person: {len(one)} link(s) that make the rows one person{apart}."]
    ends = {end for link in one for end in (link.left, link.right)}
    first = min((batch for _, batch in rows), default="")
    alone = [batch for _, batch in rows].count(first) == 1  # the only row of its month has nothing to hang on to
    loose = [names[key] for key, batch in rows if key not in ends and not (alone and batch == first)]
    if not links:
        why = (
            "This is the person's only record"
            if len(rows) == 1
            else "The rows were kept without the links between them"
        )
        notes = [f"{why}: there is nothing to explain."]
    elif loose:
        notes.append(f"Of a month in which the links of these rows were not kept: {', '.join(loose)}.")
    title = f"Person {person_id} of family {', '.join(families)}"
    told = Waterfalls(
        workspace.settings.marking.label, title, tuple(notes), tuple(known[:1]), _told([*one, *other], names, rules)
    )
    return Explained(
        told, 1 + len({p for link in other for p in link.people} - {person_id}), tuple(families), person_id=person_id
    )


def of_kept_rows(workspace: Workspace, registry: Registry, batch_id: str | None, rows: tuple[Row, Row]) -> Explained:
    """Why two kept rows of a sealed batch (the last one) are one person or not. Raises UserError."""
    batch = registry.batch(batch_id) if batch_id is not None else registry.last_sealed()
    found = (
        [] if batch is None else [registry.family_of_row(batch.batch_id, r.dataset, r.supplier, r.row) for r in rows]
    )
    if batch is None or None in found:
        raise UserError(
            "Those two rows are not kept.",
            where="" if batch is None else f"batch {batch.batch_id}",
            todo="once a batch is sealed nothing is left of people who do not qualify. Name another with --batch, or match a month "
            "that was not run yet with --inbox",
        )
    if found[0] != found[1]:
        raise UserError(
            "The two rows are of two families.",
            todo="what was compared between families is not kept; the rows are two people",
        )
    detail = registry.family(str(found[0]))
    ends = []
    for row in rows:
        mine = (batch.batch_id, row.dataset, row.supplier, row.row, row.part)
        ends += [
            r for r in detail.records if tuple(r[n] for n in ("batch_id", "dataset", "supplier", "row", "part")) == mine
        ]
    if len(ends) < 2 or None in (ends[0]["person_id"], ends[1]["person_id"]):
        raise UserError("One of the two rows names nobody.", todo="choose rows that name people")
    people = (ends[0]["person_id"], ends[1]["person_id"])
    for person in people:
        _restricted(registry, [str(found[0])], person)
    keys = (ends[0]["record_key"], ends[1]["record_key"])
    kept = [_kept(row) for row in detail.links]
    links = with_objection(connect(kept, *keys, people), kept)
    names: dict[int | None, str] = {row["record_key"]: _named(row) for row in detail.records}
    rules = rules_of(workspace, batch.as_at)
    title = f"{rows[0]} and {rows[1]}, batch {batch.batch_id}"
    note = _how(links, *keys, people[0] == people[1])
    who = f"{people[0]}" if people[0] == people[1] else f"{people[0]} and {people[1]}"
    told = Waterfalls(
        workspace.settings.marking.label, title, (f"Kept as {who}. {note}".strip(),), (), _told(links, names, rules)
    )
    return Explained(told, len({*people}), (str(found[0]),), batch.batch_id)


def _kept(row: Mapping[str, Any]) -> Kept:
    return Kept(
        row["record_key"], row["other_key"], (row["person_id"], row["other_id"]), row["verdict"], row["weight"],
        row["best"], row["worst"], row["steps"], row["batch_id"],
    )  # fmt: skip


def _named(row: Mapping[str, Any]) -> str:
    return str(Row(row["dataset"], row["supplier"], row["row"], row["part"]))


def _restricted(registry: Registry, families: Sequence[str], person_id: str) -> frozenset[str]:
    """The people who may not be told of. Raises UserError where this person or family is one."""
    no_families, no_people = registry.rights.restricted()
    if person_id in no_people or set(families) & no_families:
        raise UserError(
            "The use of this person's data is restricted.",
            todo="see: matcher subject list; lift it with: matcher subject lift",
        )
    return no_people


# -- a month not yet run -----------------------------------------------------------------------------------------------


def of_inbox(
    inbox: Path, as_at: dt.date, rows: tuple[Row, Row], workspace: Workspace | None, stages: Stages
) -> Explained:
    """Why two rows of an inbox are one person or not, matched in memory. Raises UserError.

    With a workspace by its rules and beside its families, else by the shipped rules and only where the inbox is marked made-up.
    """
    rules = rules_of(workspace, as_at) if workspace else shipped_rules()
    found = find_supplies(inbox, rules.specs)
    if workspace is None and not found.made_up:
        raise UserError(
            "Rows of real people are explained on a workspace alone, where it is recorded.", where=inbox.name,
            todo="name one with -w", refusal="unmarked_data", code=Exit.USAGE,
        )  # fmt: skip
    with stages.stage("read", "Reading the supplies") as stage:
        intake = read_supplies(found, rules.specs, as_at, stage=stage)
    if intake.rejected:
        raise UserError(
            "Supplies are rejected; nothing was matched.", where=", ".join(one.file for one in intake.rejected),
            todo="See `matcher check` for what to mend.", code=Exit.SUPPLIES_REJECTED,
        )  # fmt: skip
    known = None
    if workspace is not None:
        with Registry.open(workspace) as registry:
            known = registry.known_records()
    month = match(intake, rules, as_at, known=known, stages=stages)
    tables = month.tables
    ends = [_record(tables, row) for row in rows]
    lacking = [str(row) for row, end in zip(rows, ends, strict=True) if end is None]
    if ends[0] is None or ends[1] is None or ends[0] == ends[1]:
        raise UserError(
            "The inbox does not hold two such rows.", where=", ".join(lacking) or "one row twice",
            todo="rows count data rows of each file from 1",
        )  # fmt: skip
    if month.basis is None:
        raise UserError("This engine does not tell how a weight came about.", todo="use the engine in_process")
    left, right = sorted((ends[0], ends[1]))
    person = tables.person_of()
    if person[left] < 0 or person[right] < 0:
        raise UserError("One of the two rows names nobody.", todo="choose rows that name people")
    columns = [tables.pairs[name].to_numpy() for name in ("record_id_l", "record_id_r", "match_weight")]
    near = np.isin(person, person[[left, right]])
    near = near[columns[0]] | near[columns[1]]
    verdicts = Verdicts(
        person, columns[0][near], columns[1][near], columns[2][near].astype(np.float64), rules.thresholds
    )
    links = explained(month.basis, [(left, right)], verdicts)
    told = _of_tables(replace(tables, links=links), left, right, rules)
    notes = [*told.notes]
    if links["verdict"][0].as_py() == "rival":
        first = {int(person[at]): at for at in range(len(person) - 1, -1, -1)}
        shape = tables.records.select(["dataset", "supplier", "row", "part"])
        rivals = [str(Row(**shape.slice(first[who], 1).to_pylist()[0])) for who in verdicts.rivals(left, right)[:3]]
        notes.append(f"Others that fit one of the two: {'; '.join(rivals)}.")
    marking = workspace.settings.marking.label if workspace else "MADE-UP DATA"
    title = f"{rows[0]} and {rows[1]}, as at {as_at:%d/%m/%Y}, not yet run"
    return Explained(replace(told, marking=marking, title=title, notes=tuple(notes)), 2)
