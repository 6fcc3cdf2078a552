"""Everything that is held about one person, in plain words: what, who supplied it under which gateway, to whom it went.

Takes the registry and a person's id; gives sheets for a protected workbook. Refuses an unknown person. About others in the
household nothing is told but that they are withheld: each row is the person's own, or about the dwelling and nobody in it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from matcher.clock import PLACE
from matcher.disclosures.evidence_words import evidence_words
from matcher.disclosures.family_lists import AREA_TITLES
from matcher.disclosures.workbooks import Cell, Sheet
from matcher.errors import UserError
from matcher.pairs import load_model
from matcher.pairs.waterfall import of_stored
from matcher.pairs.words import MISSING, words_of
from matcher.registry import Registry
from matcher.registry.families import FamilyDetail
from matcher.registry.reasons import criterion_of
from matcher.rights.codes import RESTRICTIONS
from matcher.runs.rules import rules_of, titles_of
from matcher.workspace import Workspace
from specs.load import DisclosureSpec, ExtractSpec, load_disclosure_specs, load_extract_specs
from specs.tables import VERDICTS

_SHOWN = {
    "ref": "Reference", "title": "Title", "forename": "Forename", "middle": "Middle names", "surname": "Surname", "sex": "Sex",
    "dob": "Date of birth", "nino": "National Insurance number", "upn": "Unique pupil number", "nhs": "NHS number",
    "address": "Address", "postcode": "Postcode", "address_from": "Address from", "address_to": "Address until",
    "seen_on": "Seen on", "relationship": "Relationship",
}  # fmt: skip
_EVENTS = {
    "member_joined": "became a member", "member_left": "ceased to be a member",
    "person_merged": "two entries proved to be one person",
}  # fmt: skip
_PURPOSES = {
    "identification": "identifying families", "baseline_and_tracking": "following outcomes",
    "key_worker": "the key worker's support", "evaluation": "evaluation", "household_placement": "placing households",
    "reference": "reference",
}  # fmt: skip


def password_name(person: str) -> str:
    """Whose password an export of that person is under."""
    return f"subject.{person.lower()}"


class Dossier:
    """What is held about one person. Make with `Dossier.of`."""

    def __init__(self, workspace: Workspace, registry: Registry, person: str, details: Sequence[FamilyDetail]) -> None:
        self._workspace, self._registry, self.person, self._details = workspace, registry, person, details
        self._specs, self._disclosures = load_extract_specs(), load_disclosure_specs()
        self._batches = {batch.batch_id: batch for batch in registry.batches()}

    @classmethod
    def of(cls, workspace: Workspace, registry: Registry, person: str) -> Dossier:
        """Raises UserError for a person that the registry does not hold."""
        if person not in registry.rights.people():
            raise UserError("The registry holds no such person.", todo="search with: matcher subject find")
        return cls(workspace, registry, person, [registry.family(one) for one in registry.rights.families_of(person)])

    @property
    def families(self) -> list[str]:
        return [detail.family["family_id"] for detail in self._details]

    def sheets(self) -> list[Sheet]:
        """One sheet a question that the person may ask."""
        return [
            self._about(), self._records(), self._links(), self._evidence(), self._reasons(), self._sources(), self._recipients(),
            self._history(), self._decisions(),
        ]  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Sheet -> rows, for the command's own words."""
        return {sheet.title: len(sheet.rows) for sheet in self.sheets()}

    # -- what is held ------------------------------------------------------------------------------------------------

    def _mine(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [row for row in rows if row["person_id"] == self.person]

    def _about(self) -> Sheet:
        legal = self._workspace.settings.legal
        rows: list[list[Cell]] = [
            ["Controller", legal.controller],
            ["Agreement", legal.agreement],
            ["Person", self.person],
        ]
        others = 0
        for detail in self._details:
            family = detail.family
            member = next(row for row in detail.members if row["person_id"] == self.person)
            others += len({row["person_id"] for row in detail.members} - {self.person})
            rows += [
                ["Family", family["family_id"]],
                ["Programme", AREA_TITLES.get(family["area"], family["area"])],
                ["Member from", member["joined_on"]],
                ["Member until", member["left_on"] or "today"],
                ["Names", " ".join(filter(None, (member["forename"], member["middle"], member["surname"])))],
                ["Date of birth", member["dob"]],
                ["Sex", member["sex"]],
                ["Address of the family", ", ".join(filter(None, (family["address"], family["postcode"])))],
                ["On the programme since", family["identified_on"]],
                ["Kept until the review that is due on", family["review_due"]],
            ]
        withheld = (
            f"Data about {others} other people of the household are withheld: they are theirs."
            if others
            else "Nobody else of the household is held."
        )
        return Sheet("About you", ["What", "Held"], rows, (withheld,))

    def _records(self) -> Sheet:
        names = list(_SHOWN)
        rows: list[list[Cell]] = []
        for detail in self._details:
            for row in self._mine(detail.records):
                source = [self._title(row["dataset"]), self._owner(row), row["batch_id"], self._as_at(row["batch_id"])]
                rows.append([*source, *(row[name] for name in names)])
        return Sheet("What was supplied", ["Data set", "Supplied by", "Batch", "As at", *_SHOWN.values()], rows)

    def _links(self) -> Sheet:
        """Why the rows were taken for one person; what was compared with rows of others is theirs too, and withheld."""
        model = load_model()
        rows: list[list[Cell]] = []
        for detail in self._details:
            record = {row["record_key"]: row for row in detail.records}
            for row in detail.links:
                if {row["person_id"], row["other_id"]} != {self.person}:
                    continue
                steps = [(step, *words_of(step, model)) for step in of_stored(row["steps"])]
                told = [f"{title}: {says} ({step.bits:+.1f})" for step, title, says in steps if says != MISSING]
                other = "known from earlier months" if row["other_key"] is None else self._row(record[row["other_key"]])
                rows.append(
                    [self._row(record[row["record_key"]]), other, VERDICTS.get(row["verdict"], row["verdict"]), row["weight"],
                     "; ".join(told), row["batch_id"]]
                )  # fmt: skip
        columns = ["Row", "And row", "Why", "Weight (bits)", "What was compared (bits)", "Batch"]
        return Sheet("How rows were joined", columns, rows)

    def _row(self, row: Mapping[str, Any]) -> str:
        return f"{self._title(row['dataset'])}, {self._owner(row)}, row {row['row']}"

    def _evidence(self) -> Sheet:
        rows: list[list[Cell]] = []
        for detail in self._details:
            record = {row["record_key"]: row for row in detail.records}
            grouped: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
            for row in self._mine(detail.evidence):
                source = record[row["record_key"]]
                grouped[row["kind"], source["dataset"], source["supplier"], row["batch_id"]].append(row)
            for (kind, dataset, supplier, batch), facts in sorted(grouped.items()):
                words = evidence_words(kind, facts, self._specs.get(dataset))
                owner = self._owner({"dataset": dataset, "supplier": supplier})
                rows.append([words, self._title(dataset), owner, batch])
        return Sheet("Facts", ["Fact, as delivered", "Data set", "Supplied by", "Batch"], rows)

    def _reasons(self) -> Sheet:
        rows: list[list[Cell]] = []
        for detail in self._details:
            for judged in self._registry.judgements(detail.family["family_id"]):
                titles = titles_of(rules_of(self._workspace, judged.as_at), judged.as_at)
                mine = {
                    criterion_of(row["clause"]) for row in judged.support if row["person_id"] in (self.person, None)
                }
                for name in (*judged.criteria, *judged.concerns):
                    if name in mine:
                        rows.append([detail.family["family_id"], judged.batch_id, judged.as_at, titles.get(name, name)])
        note = (
            "Only reasons that rest on facts about you or the dwelling; what rests on facts about others is withheld."
        )
        return Sheet("Why", ["Family", "Batch", "As at", "Criterion or concern met"], rows, (note,))

    # -- where it came from, where it went -----------------------------------------------------------------------------

    def _sources(self) -> Sheet:
        counted: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for detail in self._details:
            for row in self._mine(detail.records):
                counted[row["dataset"], row["supplier"]][row["batch_id"]] += 1
        rows: list[list[Cell]] = []
        for (dataset, supplier), batches in sorted(counted.items()):
            spec = self._specs.get(dataset)
            flow = spec.flow_for(supplier) if spec else None
            rows.append(
                [
                    self._title(dataset), flow.owner if flow else "unknown", flow.partner if flow else "unknown",
                    "; ".join(flow.gateway) if flow else "", "; ".join(_PURPOSES.get(p, p) for p in flow.purposes) if flow else "",
                    flow.retention if flow else "", "; ".join(sorted(batches)), sum(batches.values()),
                ]
            )  # fmt: skip
        columns = ["Data set", "Supplied by", "Partner", "Legal gateway", "Purposes", "Retention", "Batches", "Rows"]
        return Sheet("Who supplied it", columns, rows)

    def disclosures(self) -> list[dict[str, Any]]:
        """What named one of the person's families while they belonged to it, by number of the disclosure."""
        found: dict[int, dict[str, Any]] = {}
        for detail in self._details:
            for member in detail.members:
                if member["person_id"] != self.person:
                    continue
                since, until = self._applied(member["joined_batch"]), self._applied(member["left_batch"])
                for row in detail.disclosures:
                    if (since is None or row["disclosed_at"] >= since) and (
                        until is None or row["disclosed_at"] < until
                    ):
                        found[row["disclosure_id"]] = row
        return [found[number] for number in sorted(found)]

    def _recipients(self) -> Sheet:
        rows: list[list[Cell]] = []
        for row in self.disclosures():
            spec: DisclosureSpec | None = self._disclosures.get(row["spec"])
            on = row["disclosed_at"].astimezone(PLACE).date()
            fields = "; ".join(name.replace("_", " ") for name in row["fields"])
            what = spec.title if spec else "shown by command in the programme office"
            rows.append(
                [on, row["recipient"], what, row["purpose"], row["gateway"] or "", fields, row["batch_id"] or ""]
            )
        columns = ["On", "Recipient", "What", "Purpose", "Legal gateway", "Fields", "Batch"]
        return Sheet("To whom it went", columns, rows)

    def _history(self) -> Sheet:
        rows: list[list[Cell]] = []
        for detail in self._details:
            for row in self._mine(detail.events):
                rows.append(
                    [
                        row["happened_on"],
                        detail.family["family_id"],
                        _EVENTS.get(row["event"], row["event"]),
                        row["batch_id"],
                    ]
                )
        return Sheet("History", ["On", "Family", "Event", "Batch"], rows)

    def _decisions(self) -> Sheet:
        rights = self._registry.rights
        rows: list[list[Cell]] = [
            [row["corrected_on"], "correction", f"{_SHOWN.get(row['field'], row['field'])}: {row['old_value'] or '-'} became "
             f"{row['new_value'] or '-'}, said by {row['said_by']}"]
            for row in rights.corrections(self.person)
        ]  # fmt: skip
        rows += [
            [row["begun_on"], "restriction", RESTRICTIONS[row["reason"]] + (f"; lifted {row['lifted_on']:%d/%m/%Y}" if row["lifted_on"] else "")]
            for row in rights.restrictions()
            if row["person_id"] == self.person
        ]  # fmt: skip
        rows += [
            [row["received_on"], f"request: {row['kind']}", f"{row['request_id']}, {row['decision'] or 'open'}, due {row['due_on']:%d/%m/%Y}"]
            for row in rights.requests()
            if row["person_id"] == self.person
        ]  # fmt: skip
        return Sheet("Requests and corrections", ["On", "What", "Details"], rows)

    def _title(self, dataset: str) -> str:
        spec: ExtractSpec | None = self._specs.get(dataset)
        return spec.title if spec else dataset

    def _owner(self, row: Mapping[str, Any]) -> str:
        spec = self._specs.get(row["dataset"])
        return spec.flow_for(row["supplier"]).owner if spec else "unknown"

    def _as_at(self, batch: str) -> dt.date | None:
        return self._batches[batch].as_at if batch in self._batches else None

    def _applied(self, batch: str | None) -> dt.datetime | None:
        return self._batches[batch].applied_at if batch in self._batches else None
