"""Puts the explanation of one family together: the registry's rows, the rules in force then, and plain English.

Takes a workspace, its registry and a family id; gives an `Explanation`. Why the family is on the programme is told by the batch
that last found that it meets the criteria; a later look is told beside it. Raises UserError for an unknown family.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from criteria.explain import Reason, reasons
from matcher.disclosures.evidence_words import evidence_words
from matcher.disclosures.explanation import (
    Clause,
    Criterion,
    Disclosed,
    Event,
    Evidence,
    Explanation,
    Look,
    Member,
    Rows,
    Source,
)
from matcher.disclosures.family_lists import AREA_TITLES
from matcher.errors import UserError
from matcher.households.reasons import REASONS as PLACED
from matcher.month import Rules
from matcher.registry.families import FamilyDetail
from matcher.registry.judgements import Judgement
from matcher.registry.reasons import criterion_of
from matcher.registry.store import Registry
from matcher.runs.rules import rules_of
from matcher.workspace import Workspace
from specs.load import DisclosureSpec, load_disclosure_specs, load_extract_specs
from specs.tables import DECISIONS, FINDINGS, SUPPORT

ABSENCE = ("sessions_unauthorised", "sessions_possible")
BY_COMMAND = "by command, in the programme office"
HOUSEHOLD = "the household at this address"


def explain(workspace: Workspace, registry: Registry, family_id: str) -> Explanation:
    """All that the registry knows of why a family is on the programme, but of people who are restricted. Raises UserError."""
    detail, found = _unrestricted(registry, registry.family(family_id), registry.judgements(family_id))
    if not found:
        raise UserError("No batch's findings of that family are kept.", todo="see the families with: matcher families")
    applied = {batch.batch_id: batch.applied_at for batch in registry.batches()}
    why = next((one for one in found if one.meets), found[0])
    book = _Book(workspace, detail, found)
    family = detail.family
    disclosures = tuple(_disclosed(n, row, book.disclosures) for n, row in enumerate(detail.disclosures, 1))
    return Explanation(
        marking=workspace.settings.marking.label, family_id=family_id, status=family["status"],
        merged_into=family["merged_into"], area=AREA_TITLES.get(family["area"], family["area"]),
        district=family["district"], address=family["address"], postcode=family["postcode"],
        identified_on=family["identified_on"], identified_batch=family["identified_batch"],
        confirmed_batch=family["confirmed_batch"], review_due=family["review_due"], why=book.look(why),
        latest=book.look(found[0]) if found[0] is not why else None,
        history=tuple(book.event(row) for row in detail.events),
        members=tuple(book.member(row, disclosures, applied) for row in detail.members),
        dwelling_records=book.rows_of([row for row in detail.records if row["person_id"] is None], one_person=False),
        disclosures=disclosures,
    )  # fmt: skip


def _unrestricted(
    registry: Registry, detail: FamilyDetail, found: list[Judgement]
) -> tuple[FamilyDetail, list[Judgement]]:
    """The family without its restricted people, and without what was found by facts about them alone."""
    families, people = registry.rights.restricted()
    if detail.family["family_id"] in families:
        raise UserError(
            "The use of this family's data is restricted.",
            todo="see: matcher subject list; lift it with: matcher subject lift",
        )
    if not people:
        return detail, found

    def others(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["person_id"] not in people]

    left = replace(
        detail, members=others(detail.members), records=others(detail.records), evidence=others(detail.evidence),
        events=others(detail.events),
    )  # fmt: skip
    return left, [_without(judged, people) for judged in found]


def _without(judged: Judgement, people: frozenset[str]) -> Judgement:
    support = [row for row in judged.support if row["person_id"] not in people]
    lost = {row["clause"] for row in judged.support} - {row["clause"] for row in support}
    still = {criterion_of(row["clause"]) for row in support}
    untold = {criterion_of(clause) for clause in lost} - still
    return replace(
        judged, support=support, findings=[row for row in judged.findings if row["clause"] not in lost],
        criteria=[name for name in judged.criteria if name not in untold],
        concerns=[name for name in judged.concerns if name not in untold],
    )  # fmt: skip


class _Book:
    """One family's rows, looked up as the explanation needs them."""

    def __init__(self, workspace: Workspace, detail: FamilyDetail, found: Sequence[Judgement]) -> None:
        self._workspace, self._detail, self._found = workspace, detail, found
        self._specs, self.disclosures = load_extract_specs(), load_disclosure_specs()
        self._evidence = {row["evidence_key"]: row for row in detail.evidence}
        self._record = {row["record_key"]: row for row in detail.records}
        self._names = {row["person_id"]: _name(row) for row in detail.members}

    # -- the decision ------------------------------------------------------------------------------------------------

    def look(self, judged: Judgement) -> Look:
        """How a batch found the family, under the rules of its date."""
        rules = rules_of(self._workspace, judged.as_at)
        told = self._reasons(judged, rules)
        stored = {row["clause"]: row for row in judged.findings}
        clauses = {
            reason.clause: self._clause(reason, stored[reason.clause], judged)
            for reason in told
            if reason.level not in ("route", "criterion")
        }
        route = next(reason for reason in told if reason.level == "route")
        concerns = [clauses[r.clause] for r in told if r.level == "concern"]
        return Look(
            judged.batch_id, judged.as_at, judged.meets, judged.route, route.says, route.citation, route.readings,
            tuple(
                _criterion(criterion.id, criterion.title, stored, judged, clauses)
                for criterion in rules.framework.rules.criterion
            ),
            tuple(sorted(concerns, key=lambda clause: clause.status != "met")),
        )  # fmt: skip

    def _reasons(self, judged: Judgement, rules: Rules) -> tuple[Reason, ...]:
        """The batch's findings in plain English, from the rules that held then."""
        only = {"household_id": 0}
        findings = [only | {n: row[n] for n in ("clause", "status", "note")} for row in judged.findings]
        support = [
            only | {"clause": row["clause"], "evidence_id": row["evidence_key"], "person_id": None}
            for row in judged.support
        ]
        decision = only | {"route": judged.route if judged.meets else "no", "criteria": judged.criteria}
        decision |= {"concerns": judged.concerns, "one_short_not_assessable": False}
        return reasons(
            pa.Table.from_pylist(findings, schema=FINDINGS.schema),
            pa.Table.from_pylist(support, schema=SUPPORT.schema),
            rules.framework, rules.policy, judged.as_at,
            decisions=pa.Table.from_pylist([decision], schema=DECISIONS.schema),
        )  # fmt: skip

    def _clause(self, reason: Reason, stored: Mapping[str, Any], judged: Judgement) -> Clause:
        """A clause with its evidence; where the batch kept none, that of the latest other batch that did."""
        keys, batch = reason.evidence, None
        if reason.status == "met" and not keys:
            for other in self._found:
                mine = [row["evidence_key"] for row in other.support if row["clause"] == reason.clause]
                if mine and any(f["clause"] == reason.clause and f["status"] == "met" for f in other.findings):
                    keys, batch = tuple(mine), other.batch_id
                    break
        facts = [self._evidence[key] for key in keys if key in self._evidence]
        # what was in force when the batch was decided stands in the registry: rules may have changed since
        said = stored["reading"] or ""
        readings = reason.readings if said in ("", " ".join(reason.readings)) else (said,)
        return Clause(
            reason.clause, reason.says, reason.status, reason.note, stored["citation"] or reason.citation, readings,
            self._told(facts), absence_sums(facts, self._who), batch, reason.status == "met" and not facts,
        )  # fmt: skip

    def _told(self, facts: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
        grouped: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for fact in facts:
            record = self._record[fact["record_key"]]
            person = fact["person_id"] or ""
            grouped[person, fact["kind"], record["dataset"], record["supplier"]].append(fact)
        return tuple(
            Evidence(
                person or None, self._who(person), evidence_words(kind, mine, self._specs.get(dataset)),
                self._source(dataset, supplier), tuple(sorted(fact["evidence_key"] for fact in mine)),
            )
            for (person, kind, dataset, supplier), mine in sorted(grouped.items())
        )  # fmt: skip

    # -- people and history ------------------------------------------------------------------------------------------

    def member(
        self, row: Mapping[str, Any], disclosures: Iterable[Disclosed], applied: Mapping[str, dt.datetime | None]
    ) -> Member:
        records = [record for record in self._detail.records if record["person_id"] == row["person_id"]]
        since, until = applied.get(row["joined_batch"]), applied.get(row["left_batch"] or "")
        told = tuple(
            one.number
            for one in disclosures
            if (since is None or one.on >= since) and (until is None or one.on < until)
        )
        return Member(
            row["person_id"], _name(row), row["dob"], row["sex"], row["joined_on"], row["joined_batch"], row["left_on"],
            row["left_batch"], PLACED.get(row["placed_by"] or "", row["placed_by"]), row["placed_probability"],
            self.rows_of(records, one_person=True), told,
        )  # fmt: skip

    def rows_of(self, records: Sequence[Mapping[str, Any]], *, one_person: bool) -> tuple[Rows, ...]:
        """Records by source and reference; the strength is the latest batch's."""
        grouped: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for record in records:
            grouped[record["dataset"], record["supplier"], record["ref"] or ""].append(record)
        found = []
        for (dataset, supplier, ref), mine in sorted(grouped.items()):
            rows: dict[str, list[int]] = defaultdict(list)
            for record in mine:
                rows[record["batch_id"]].append(record["row"])
            by_batch = {batch: tuple(sorted(set(numbers))) for batch, numbers in rows.items()}
            last = mine[-1]["batch_id"]
            strengths = [r["strength"] for r in mine if r["batch_id"] == last and r["strength"] is not None]
            strength = max(strengths, default=None) if one_person else None
            alone = one_person and len(records) == 1
            found.append(Rows(self._source(dataset, supplier), ref or None, by_batch, strength, alone))
        return tuple(found)

    def event(self, row: Mapping[str, Any]) -> Event:
        who = self._who(row["person_id"] or "") if row["person_id"] else ""
        return Event(row["happened_on"], row["batch_id"], row["event"], _event_words(row, who))

    def _who(self, person: str) -> str:
        return f"{self._names[person]} ({person})" if person in self._names else person or HOUSEHOLD

    def _source(self, dataset: str, supplier: str) -> Source:
        spec = self._specs.get(dataset)
        if spec is None:
            return Source(dataset, supplier, dataset, "unknown", "a data set that is no longer described")
        flow = spec.flow_for(supplier)
        return Source(dataset, supplier, spec.title, flow.partner, flow.owner)


def absence_sums(facts: Iterable[Mapping[str, Any]], who: Callable[[str], str]) -> tuple[str, ...]:
    """Unauthorised absence of each child as a share of the possible sessions, rounded down; an enrolment counts once."""
    totals: dict[str, dict[str, dict[Any, int]]] = defaultdict(lambda: {kind: {} for kind in ABSENCE})
    for fact in facts:
        if fact["kind"] in ABSENCE:
            key = fact["fact_key"] or fact["evidence_key"]
            totals[fact["person_id"] or ""][fact["kind"]][key] = fact["quantity"] or 0
    told = []
    for person, kinds in sorted(totals.items()):
        part, whole = (sum(kinds[kind].values()) for kind in ABSENCE)
        if whole:
            share = f"{1000 * part // whole / 10:.1f} %"
            told.append(f"{who(person)}: {part} of {whole} possible sessions were unauthorised, {share}.")
    return tuple(told)


def _criterion(
    id: str, title: str, stored: Mapping[str, Mapping[str, Any]], judged: Judgement, clauses: Mapping[str, Clause]
) -> Criterion:
    mine = tuple(clause for name, clause in clauses.items() if name.startswith(f"{id}."))
    if id not in stored:
        status = "met" if id in judged.criteria else "not_met"
        return Criterion(id, title, status, "nothing was delivered about it" if not mine else None, mine)
    return Criterion(id, title, stored[id]["status"], stored[id]["note"], mine)


def _name(row: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (row["forename"], row["middle"], row["surname"]))) or "name unknown"


def _event_words(row: Mapping[str, Any], who: str) -> str:
    """An event of the family's history as a sentence."""
    other, detail = row["other_family"], row["detail"] or ""
    came = f", from family {other}" if other else ""
    went = f", to family {other}" if other else ""
    before, _, after = detail.partition(" > ")
    moved = f"Moved from {AREA_TITLES.get(before, before)} to {AREA_TITLES.get(after, after)}."
    said = {
        "identified": "Met the criteria for the first time.",
        "confirmed": "Met the criteria again.",
        "not_met": "Did not meet the criteria; stays until reviewed or closed.",
        "panel_approved": f"A panel approved the family by local discretion: {detail}.",
        "member_joined": f"{who} joined{came}.",
        "member_left": f"{who} left{went}.",
        "person_merged": f"{who} and {detail} proved to be one person.",
        "moved_area": moved,
        "split_from": f"Became a family of its own; it was part of family {other}.",
        "merged_into": f"Became part of family {other}; closed.",
        "absorbed": f"Took in family {other}.",
        "member_erased": "A person was erased from it.",
    }
    return said.get(row["event"], row["event"].replace("_", " ").capitalize() + ".")


def _disclosed(number: int, row: Mapping[str, Any], specs: Mapping[str, DisclosureSpec]) -> Disclosed:
    title = specs[row["spec"]].title if row["spec"] in specs else BY_COMMAND
    return Disclosed(
        number, row["disclosed_at"], row["batch_id"], row["spec"], title, row["recipient"], row["purpose"], row["gateway"],
        row["form"], tuple(row["fields"]),
    )  # fmt: skip
