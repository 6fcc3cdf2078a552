"""What leaves a sealed batch: lists from the registry, summaries and report from counts, feedback to partners.

Takes the registry and the batch's stored figures, so that it can be done again after a crash; writes through the workspace and
records every list that holds people as a disclosure.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from matcher.disclosures import claim_summary, family_lists, published, report
from matcher.disclosures.control import ControlPolicy
from matcher.disclosures.inputs import (
    FAMILIES,
    MEMBERS,
    REASONS,
    AreaClaim,
    Batch,
    ClaimFigures,
    FamilyList,
    Fee,
    PublishedFigures,
    Rate,
    ReadingFigures,
    RunFigures,
    SupplyFigures,
)  # fmt: skip
from matcher.disclosures.workbooks import Sheet, protected_workbook
from matcher.evaluation.name_forms import FORMS
from matcher.extracts.feedback import feedback_files
from matcher.month import Rules
from matcher.purge.audit import Audit
from matcher.purge.passwords import password_for
from matcher.registry import batches
from matcher.registry.store import Registry
from matcher.runs.figures import Figures
from matcher.runs.rules import titles_of
from matcher.settings import Settings
from matcher.tables import MonthTables
from matcher.workspace import Workspace
from specs.load import AREAS, load_disclosure_specs

RESTING = "resting."
REFERRAL = "partners/dwp_referral.xlsx"
"""Names people who may not qualify: destroyed at the seal."""


def heading(settings: Settings, batch: batches.Batch, rules: Rules) -> Batch:
    """What stands at the head of every output."""
    marking = settings.marking
    old = marking.use_old_label and batch.as_at.isoformat() < marking.changed_on
    return Batch(
        id=batch.batch_id,
        as_at=batch.as_at,
        workspace=settings.workspace.name,
        controller=settings.legal.controller,
        agreement=settings.legal.agreement,
        titles=titles_of(rules, batch.as_at),
        made_up=bool(batch.plan["delivery"]["made_up"]),
        marking=marking.label_before if old else marking.label,
    )


def family_list(registry: Registry, head: Batch, batch_id: str, everybody: pa.Table) -> FamilyList:
    """The families that the batch found or confirmed, of `everybody` in them; who is restricted is left out and counted.

    A criterion or concern that rests on restricted people alone is not told either.
    """
    families, people = registry.rights.restricted()

    def restricted(table: pa.Table) -> pa.ChunkedArray:
        return pc.or_(
            pc.is_in(table["family_id"], value_set=pa.array(families, pa.string())),
            pc.is_in(table["person_id"], value_set=pa.array(people, pa.string())),
        )

    rows = everybody.filter(pc.invert(restricted(everybody)))
    left_out = Counter(everybody.filter(restricted(everybody))["area"].to_pylist())
    reasons = registry.reasons(batch_id)
    told = reasons.filter(pc.invert(restricted(reasons)))
    still, told_or_not = (
        set(zip(table["family_id"].to_pylist(), table["criterion"].to_pylist(), strict=True))
        for table in (told, reasons)
    )
    untold = told_or_not - still
    first = rows.group_by(["family_id"], use_threads=False).aggregate(
        [(name, "first") for name in ("area", "route", "address", "postcode")]
    )
    first = first.rename_columns([name.removesuffix("_first") for name in first.column_names])
    where = pc.index_in(first["family_id"], value_set=rows["family_id"].combine_chunks())
    for name in ("criteria", "concerns"):
        found = zip(first["family_id"].to_pylist(), rows[name].take(where).to_pylist(), strict=True)
        shown = [[one for one in names if (family, one) not in untold] for family, names in found]
        first = first.append_column(name, pa.array(shown, pa.list_(pa.string())))
    members = rows.filter(rows["person_id"].is_valid())
    return FamilyList.of(
        head,
        _as(first, FAMILIES.schema),
        _as(members, MEMBERS.schema),
        _as(told, REASONS.schema),
        left_out,
    )


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.select(schema.names).cast(schema)


def write(workspace: Workspace, registry: Registry, batch: batches.Batch, rules: Rules) -> list[str]:
    """Write all outputs but certificate and report. Gives their paths relative to the workspace, in order."""
    head = heading(workspace.settings, batch, rules)
    everybody = registry.families(batch=batch.batch_id, restricted=True)
    listed = family_list(registry, head, batch.batch_id, everybody)
    disclosures = load_disclosure_specs()
    figures = Figures.from_dict(batch.figures)
    password = partial(password_for, workspace)
    made: dict[str, bytes] = {}
    made |= family_lists.key_worker_lists(listed, disclosures, rules.specs, password)
    made |= family_lists.partner_lists(listed, disclosures, password)
    made |= claim_summary.claim_summary(claim_figures(head, figures, rules))
    policy = control_policy(workspace, batch.as_at)
    made |= published.published(published_figures(head, everybody, rules), policy, earlier(workspace, batch))[0]
    made |= {f"assurance/{name}": content for name, content in feedback_files(batch.plan["feedback"]).items()}
    names = {name: f"outbox/{batch.batch_id}/{name}" for name in sorted(made)}
    for name, path in names.items():
        workspace.write(path, made[name])
    record_disclosures(registry, workspace, batch, listed, made, names)
    return list(names.values())


def withdraw(workspace: Workspace, replaced: str) -> None:
    """Destroy the lists of people of a batch that has been replaced; its counts and certificate stay."""
    gone = [
        file for folder in ("key-worker", "partners")
        for file in workspace.destroy_folder(workspace.outbox(replaced) / folder)
    ]  # fmt: skip
    Audit(workspace).append_once("lists_withdrawn", batch=replaced, files=len(gone))


def record_disclosures(
    registry: Registry,
    workspace: Workspace,
    batch: batches.Batch,
    listed: FamilyList,
    made: dict[str, bytes],
    names: dict[str, str],
) -> None:
    """Every list that holds people: to whom, why, which fields of whom."""
    disclosures = load_disclosure_specs()
    for spec_id, recipient, families in family_lists.disclosed_to(listed, disclosures):
        spec = disclosures[spec_id]
        files = [f"partners/{recipient}.xlsx", *(f"key-worker/{area}.xlsx" for area in spec.areas)]
        name = next((file for file in files if file in made), None)
        if name is None:
            continue
        people = pc.sum(pc.is_in(listed.members["family_id"], value_set=pa.array(families, pa.string()))).as_py() or 0
        registry.disclosed(
            spec_id, recipient, purpose=spec.purpose, gateway="; ".join(spec.gateway), form=names[name], fields=spec.fields,
            family_ids=families, people=people, by_role=workspace.settings.legal.operator_role, batch_id=batch.batch_id,
            digest=hashlib.sha256(made[name]).hexdigest(),
        )  # fmt: skip
        Audit(workspace).append_once(
            "list_disclosed", batch=batch.batch_id, form=names[name], spec=spec_id, recipient=recipient,
            families=len(families), people=people,
        )  # fmt: skip


def control_policy(workspace: Workspace, as_at: dt.date) -> ControlPolicy:
    """The disclosure-control policy in force. Raises UserError where there is none, or it has faults."""
    path = workspace.policy_path("disclosure_control", as_at, or_earliest=True)
    return ControlPolicy.from_toml(path.read_text(encoding="utf-8"), path.name)


def earlier(workspace: Workspace, batch: batches.Batch) -> list[bytes]:
    """Every summary published before, of other batches."""
    found = sorted(workspace.root.glob("outbox/*/published/summary.json"))
    return [path.read_bytes() for path in found if path.parent.parent.name != batch.batch_id]


def published_figures(head: Batch, counted: pa.Table, rules: Rules) -> PublishedFigures:
    """Families identified by area, of the rows of everybody: counts for disclosure control. A restriction stops the use of
    a person's data, not a count, and a count that it moved would tell of it."""
    families = {row["family_id"]: row for row in counted.to_pylist()}.values()
    routes = Counter((row["area"], row["route"]) for row in families)
    criteria = Counter((row["area"], criterion) for row in families for criterion in row["criteria"])
    ids = tuple(criterion.id for criterion in rules.framework.rules.criterion)
    return PublishedFigures(head, rules.framework.rules.title, routes, criteria, ids, AREAS)


def claim_figures(head: Batch, figures: Figures, rules: Rules) -> ClaimFigures:
    """Families identified by programme, and the tariff of the financial year. Nothing is attached by a match."""
    areas = tuple(
        AreaClaim(area, automatic=counts["automatic"], discretion=counts["discretion"])
        for area, counts in figures.by_area.items()
        if area != "other" or counts["automatic"] + counts["discretion"]
    )
    return ClaimFigures(head, rules.framework.rules.title, rate_of(head, rules), areas)


def rate_of(head: Batch, rules: Rules) -> Rate | None:
    """The tariff of the financial year (from 1 April) of the batch date; None where the framework has none."""
    payment = rules.framework.rules.payment
    first = head.as_at.year if (head.as_at.month, head.as_at.day) >= (4, 1) else head.as_at.year - 1
    year = f"{first}-{(first + 1) % 100:02d}"
    fees = tuple(
        Fee(fee.id, fee.says, amount.pence, amount.percent, amount.derived)
        for fee in payment.fee
        for amount in fee.amounts
        if amount.year == year
    )
    document = rules.framework.document(payment.document)
    return Rate(year, fees, payment.family_cap_pence, document.title, document.known == "at_hand") if fees else None


def write_report(
    workspace: Workspace,
    batch: batches.Batch,
    figures: Figures,
    rules: Rules,
    written: list[str],
    files_destroyed: int,
) -> str:
    """Write report.html; gives its path."""
    head = heading(workspace.settings, batch, rules)
    path = f"outbox/{batch.batch_id}/report.html"
    told = batch.plan["feedback"]
    problems: Counter[str] = Counter()
    beyond: Counter[str] = Counter()
    for partner in told.values():
        for supply in partner["supplies"]:
            problems[supply["file"]] += len(supply["problems"])
            beyond[supply["file"]] += sum(supply["more_than_agreed"].values())
    routes: dict[tuple[str, str], int] = {}
    for area, counts in figures.by_area.items():
        kept = counts["automatic"] + counts["discretion"]
        routes[area, "automatic"], routes[area, "discretion"] = counts["automatic"], counts["discretion"]
        routes[area, "no"] = max(0, counts["households"] - kept)
    kept_rows = sum(batch.plan["kept_rows"].values())
    made = report.report(
        RunFigures(
            batch=head,
            framework=f"{rules.framework.rules.title}, from {rules.framework.rules.start}",
            policy=f"{rules.policy.rules.title}, from {rules.policy.rules.start}",
            supplies=tuple(
                SupplyFigures(
                    s["dataset"],
                    s["supplier"],
                    s["partner"],
                    s["status"],
                    s["rows_in"],
                    s["rows_accepted"],
                    s["rows_rejected"],
                    problems[s["file"]],
                    beyond[s["file"]],
                )
                for s in figures.supplies
            ),
            records=figures.records,
            candidate_pairs=figures.candidate_pairs,
            persons=figures.persons,
            persons_by_records={int(size): count for size, count in figures.persons_by_records.items()},
            households=figures.households,
            households_by_people={int(size): count for size, count in figures.households_by_people.items()},
            places=figures.places,
            routes=routes,
            criteria={
                (area, c): counts.get("met", 0)
                for area, found in figures.criteria.items()
                for c, counts in found.items()
            },
            concerns=figures.concerns,
            readings=readings(figures, rules),
            one_short_not_assessable=figures.one_short_not_assessable,
            records_kept=kept_rows,
            records_deleted=figures.records - kept_rows,
            files_destroyed=files_destroyed,
            uncertain=figures.uncertain,
            seconds=figures.seconds,
            peak_rss_mb=figures.peak_rss_mb,
            warnings=tuple(figures.warnings),
            outputs=describe([*written, path]),
            name_forms={
                FORMS.get(form, form): (counts["records"], counts["linked"], counts["uncertain"])
                for form, counts in figures.name_forms.items()
            },
        ),
        control_policy(workspace, batch.as_at),
    )
    for content in made.values():
        workspace.write(path, content)
    return path


def readings(figures: Figures, rules: Rules) -> tuple[ReadingFigures, ...]:
    """Each reading in force, and how many households would be decided otherwise under another of its options."""
    return tuple(
        ReadingFigures(
            name,
            rules.framework.sentence(name),
            rules.framework.option_name(name),
            figures.statistics.get(RESTING + name, 0),
        )
        for name in rules.framework.rules.reading
    )


WHAT = {
    "key-worker/": "qualifying families of the area, for its key-worker team; password",
    "partners/": "what this partner's flow allows; password",
    "finance/": "counts and money, for finance",
    "published/": "counts after disclosure control, for anybody",
    "assurance/deletion": "what was received, kept and deleted; signed",
    "assurance/data_quality": "feedback on a partner's own supplies",
    "report": "this report",
}


def describe(paths: list[str]) -> dict[str, str]:
    """Each output and what it is."""
    return {path: next((says for part, says in WHAT.items() if f"/{part}" in path), "") for path in paths}


def write_referral(
    workspace: Workspace, registry: Registry, batch: batches.Batch, tables: MonthTables, rules: Rules
) -> str:
    """The referral list for DWP: name, date of birth and address of the held households' people; protected. Without people
    and families that are known and restricted."""
    spec = load_disclosure_specs()["dwp"]
    families, people = registry.rights.restricted()
    homes = {
        row["household_id"]: row
        for row in tables.households.select(["household_id", "address", "postcode"]).to_pylist()
    }
    household = dict(
        zip(*(tables.household_members[n].to_pylist() for n in ("person_id", "household_id")), strict=True)
    )
    rows = [
        [
            row["surname"], " ".join(filter(None, (row["forename"], row["middle"]))) or None, row["dob"],
            homes[household[row["person_id"]]]["address"], homes[household[row["person_id"]]]["postcode"],
        ]
        for row in tables.persons.to_pylist()
        if row["known_person"] not in people and row["known_family"] not in families
    ]  # fmt: skip
    head = heading(workspace.settings, batch, rules)
    agreement = workspace.settings.referral.agreement
    notes = (
        f"Referral as at {batch.as_at:%d/%m/%Y}, batch {batch.batch_id}: {len(rows)} people.",
        f"Allowed by: {agreement}. To be answered as the dwp data set; to be destroyed when answered.",
    )
    sheet = Sheet("Referral", ["Surname", "Forenames", "Date of birth", "Address", "Postcode"], rows, notes)
    content = protected_workbook(
        [sheet], head.label(spec.marking), "Referral to DWP", password_for(workspace, spec.recipient)
    )
    path = f"outbox/{batch.batch_id}/{REFERRAL}"
    workspace.write(path, content)
    registry.disclosed(
        spec.id, spec.recipient, purpose="benefit information on households that meet the other criteria",
        gateway=agreement, form=path, fields=["full_name", "date_of_birth", "address"], family_ids=[], people=len(rows),
        by_role=workspace.settings.legal.operator_role, batch_id=batch.batch_id, digest=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    Audit(workspace).append_once(
        "list_disclosed", batch=batch.batch_id, form=path, spec=spec.id, recipient=spec.recipient, families=0,
        people=len(rows),
    )  # fmt: skip
    return path
