"""Lists of families: one workbook for each key-worker team, one for each partner that is told who qualifies.

Takes a `FamilyList`, the disclosure specifications and a password for each recipient; gives protected workbooks by relative
path. Refuses nothing: a list without families is written too, so that nobody wonders whether it went missing. Each list
holds the families of the specification's own areas and its own fields, and no more (agreement, sections 1, 4.3.2, 5, 7
and 8, Appendix B).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from matcher.disclosures.evidence_words import evidence_words
from matcher.disclosures.inputs import FamilyList
from matcher.disclosures.workbooks import Cell, Sheet, protected_workbook
from specs.load import DisclosureSpec, ExtractSpec

AREA_TITLES = {"city": "City", "county": "County", "rutland": "Rutland", "other": "Outside the programme's areas"}
ROUTE_TITLES = {"automatic": "all three criteria", "discretion": "local discretion"}
ASK = "Check with the source that this still holds before acting on it"  # agreement, Appendix A, fourth principle
HELD = "held by the source; ask it"
SOME_CONCERN = "A cause for concern"  # where even its name would tell what the list may not tell
MONTHLY = ("monthly", "weekly", "on_identification")  # triggers that the monthly match serves


def key_worker_lists(
    listed: FamilyList,
    disclosures: Mapping[str, DisclosureSpec],
    specs: Mapping[str, ExtractSpec],
    password: Callable[[str], str],
) -> dict[str, bytes]:
    """`key-worker/<area>.xlsx` for every disclosure that is a key-worker list. `password`: recipient id -> password."""
    found = {}
    for spec in _of(disclosures, "key_worker_list"):
        for area in spec.areas:
            part = _part(listed, (area,))
            sheets = [_families_sheet(part, spec, specs), _members_sheet(part, spec), _reasons_sheet(part, spec, specs)]
            notes = _notes(part, spec, f"{AREA_TITLES[area]} families")
            found[f"key-worker/{area}.xlsx"] = protected_workbook(
                [Sheet(sheet.title, sheet.columns, sheet.rows, (*notes, *sheet.notes)) for sheet in sheets],
                listed.batch.label(spec.marking),
                spec.title,
                password(spec.recipient),
            )
    return found


def partner_lists(
    listed: FamilyList, disclosures: Mapping[str, DisclosureSpec], password: Callable[[str], str]
) -> dict[str, bytes]:
    """`partners/<partner>.xlsx` for every partner that the monthly match tells who qualifies.

    A sheet an area, the programmes being separate controllers; a row a member. `password`: recipient id -> password.
    """
    found = {}
    for spec in _of(disclosures, "partner_list"):
        if spec.trigger in MONTHLY:
            sheets = []
            for area in spec.areas:
                part = _part(listed, (area,))
                notes = _notes(part, spec, f"People of the {AREA_TITLES[area]} families that qualify")
                sheets.append(Sheet(AREA_TITLES[area], *_people(part, spec.fields), notes))
            found[f"partners/{spec.recipient}.xlsx"] = protected_workbook(
                sheets, listed.batch.label(spec.marking), spec.title, password(spec.recipient)
            )
    return found


def disclosed_to(
    listed: FamilyList, disclosures: Mapping[str, DisclosureSpec]
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """What the register of disclosures records of the lists above: (specification id, recipient, family ids)."""
    lists = [*_of(disclosures, "key_worker_list"), *_of(disclosures, "partner_list")]
    return tuple(
        (spec.id, spec.recipient, tuple(_part(listed, spec.areas).families["family_id"].to_pylist()))
        for spec in lists
        if spec.trigger in MONTHLY
    )


def _of(disclosures: Mapping[str, DisclosureSpec], output: str) -> list[DisclosureSpec]:
    return [spec for _, spec in sorted(disclosures.items()) if spec.output == output and spec.carried]


def _part(listed: FamilyList, areas: Sequence[str]) -> FamilyList:
    """The families of `areas` alone."""
    families = listed.families.filter(pc.is_in(listed.families["area"], value_set=pa.array(areas, pa.string())))
    ids = families["family_id"].combine_chunks()
    members, reasons = (
        table.filter(pc.is_in(table["family_id"], value_set=ids)) for table in (listed.members, listed.reasons)
    )
    left_out = {area: count for area, count in listed.left_out.items() if area in areas}
    return FamilyList(listed.batch, families, members, reasons, left_out)


def _notes(part: FamilyList, spec: DisclosureSpec, what: str) -> tuple[str, ...]:
    day = part.batch.as_at.strftime("%d/%m/%Y")
    families, people = part.families.num_rows, part.members.num_rows
    size = f"{families} {'family' if families == 1 else 'families'}, {people} {'person' if people == 1 else 'people'}"
    left_out = sum(part.left_out.values())
    restricted = (
        f"{left_out} {'person is' if left_out == 1 else 'people are'} left out: the use of their data is restricted."
    )
    return (
        f"{what}, as at {day}, batch {part.batch.id}: {size}.",
        *((restricted,) if left_out else ()),
        f"Purpose: {spec.purpose}; nothing else ({spec.source}).",
        f"From {part.batch.controller} under the {part.batch.agreement}; not to be passed on without the originator's consent.",
    )


def _families_sheet(part: FamilyList, spec: DisclosureSpec, specs: Mapping[str, ExtractSpec]) -> Sheet:
    people: dict[str, int] = defaultdict(int)
    for family in part.members["family_id"].to_pylist():
        people[family] += 1
    columns: dict[str, Callable[[dict[str, Any]], Cell]] = {"Family": lambda row: row["family_id"]}
    if "area" in spec.fields:
        columns["Area"] = lambda row: AREA_TITLES.get(row["area"], row["area"])
    if "route" in spec.fields:
        columns["Route"] = lambda row: ROUTE_TITLES.get(row["route"], row["route"])
    if "address" in spec.fields:
        columns |= {"Address": lambda row: row["address"], "Postcode": lambda row: row["postcode"]}
    columns["People"] = lambda row: people[row["family_id"]]
    if "criteria" in spec.fields:
        columns["Criteria met"] = lambda row: "; ".join(part.batch.title(name) for name in row["criteria"])
    if "concerns" in spec.fields:
        told, held = _concerns(part, spec, specs)
        columns["Causes for concern"] = lambda row: "; ".join([*told[row["family_id"]], *held[row["family_id"]]])
    rows = [[cell(row) for cell in columns.values()] for row in part.families.to_pylist()]
    return Sheet("Families", list(columns), rows)


def _concerns(
    part: FamilyList, spec: DisclosureSpec, specs: Mapping[str, ExtractSpec]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Of each family: the concerns that the list may name, and the sources to ask about those that it may not."""
    title = part.batch.title
    reasons: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for reason in part.reasons.to_pylist():
        reasons[reason["family_id"], title(reason["criterion"])].append(reason)
    told: dict[str, list[str]] = defaultdict(list)
    held: dict[str, list[str]] = defaultdict(list)
    for family in part.families.to_pylist():
        name = family["family_id"]
        for concern in map(title, family["concerns"]):
            behind = reasons[name, concern]
            if any(reason["kind"] in spec.evidence for reason in behind):
                told[name].append(concern)
            else:
                sources = sorted({_source(r["dataset"], r["supplier"], specs) for r in behind}) or ["the panel"]
                held[name] += [f"{SOME_CONCERN}: ask {source}" for source in sources]
        held[name] = list(dict.fromkeys(held[name]))
    return told, held


def _members_sheet(part: FamilyList, spec: DisclosureSpec) -> Sheet:
    columns, rows = _people(part, ("family_id", *(field for field in spec.fields if field != "address")))
    return Sheet("Members", columns, rows)


def _people(part: FamilyList, fields: Sequence[str]) -> tuple[list[str], list[list[Cell]]]:
    """One row a member with the fields allowed: names, date of birth, the family's address."""
    homes = {row["family_id"]: row for row in part.families.to_pylist()}
    columns: dict[str, Callable[[dict[str, Any]], Cell]] = {}
    if "family_id" in fields:
        columns["Family"] = lambda row: row["family_id"]
    if "full_name" in fields:
        columns |= {"Surname": lambda row: row["surname"], "Forenames": lambda row: row["forenames"]}
    if "date_of_birth" in fields:
        columns["Date of birth"] = lambda row: row["date_of_birth"]
    if "address" in fields:
        columns["Address"] = lambda row: homes[row["family_id"]]["address"]
        columns["Postcode"] = lambda row: homes[row["family_id"]]["postcode"]
    return list(columns), [[cell(row) for cell in columns.values()] for row in part.members.to_pylist()]


def _reasons_sheet(part: FamilyList, spec: DisclosureSpec, specs: Mapping[str, ExtractSpec]) -> Sheet:
    """One row a family, person, criterion, kind of evidence and source; what the list may not tell only names its source."""
    names = {
        (row["family_id"], row["person_id"]): " ".join(filter(None, (row["forenames"], row["surname"])))
        for row in part.members.to_pylist()
    }
    met = {(row["family_id"], part.batch.title(name)) for row in part.families.to_pylist() for name in row["criteria"]}
    grouped: dict[tuple[str, str, str, str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in part.reasons.to_pylist():
        kind = row["kind"] if row["kind"] in spec.evidence else ""
        what = part.batch.title(row["criterion"])
        if not kind and (row["family_id"], what) not in met:
            what = SOME_CONCERN
        key = (row["family_id"], what, row["person_id"] or "", kind, row["dataset"], row["supplier"])
        grouped[key].append(row)
    rows: list[list[Cell]] = []
    for (family, what, person, kind, dataset, supplier), facts in sorted(grouped.items()):
        who = names.get((family, person), "") if person else "the household at this address"
        words = evidence_words(kind, facts, specs.get(dataset)) if kind else HELD
        rows.append([family, who, what, words, _source(dataset, supplier, specs), ASK])
    columns = ["Family", "Person", "Criterion or concern", "Evidence", "Source", "Before acting"]
    return Sheet("Reasons", columns, rows, ("A reason is evidence as delivered, not a finding about anybody.",))


def _source(dataset: str, supplier: str, specs: Mapping[str, ExtractSpec]) -> str:
    spec = specs.get(dataset)
    return f"{spec.title}: {spec.flow_for(supplier).owner}" if spec else dataset
