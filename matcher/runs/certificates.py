"""The certificates of a batch, from counts, digests and what the destruction and the search reported: of its seal, or of its end
without one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Literal

from matcher import __version__
from matcher.purge.audit import Audit
from matcher.purge.certificate import FILE, HandedOut, Issuer, SupplyDeleted, make, make_ended, to_bytes
from matcher.purge.erase import Erased
from matcher.purge.residue import Searched
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.runs.delivery import HANDED_OUT, Delivery
from matcher.runs.figures import Figures
from matcher.runs.options import Options
from matcher.runs.residue import Sought
from matcher.workspace import Workspace
from specs.load import supply_name

KEPT, NOT_REPORTED = "kept on request", "destroyed when the batch was held"
TAKEN_BACK = "destroyed where it was written; copies are its recipient's to destroy"
REVIEWERS = "review"
HELD_SEARCH = "held_search"
"""In a batch's plan: the search that followed the hold, as a certificate tells it."""


def issuer_of(workspace: Workspace) -> Issuer:
    """Who signs for a workspace now."""
    legal = workspace.settings.legal
    return Issuer(
        workspace=workspace.id,
        version=__version__,
        operator_role=legal.operator_role,
        controller=legal.controller,
        audit_head=Audit(workspace).head(),
        key=workspace.keys.signing_key(),
        issued_at=dt.datetime.now(dt.UTC),
        on_server=workspace.server is not None,
    )


def certify(
    workspace: Workspace,
    registry: Registry,
    batch: Batch,
    figures: Figures,
    options: Options,
    delivery: Delivery,
    erased: Erased | None,
    sought: Sought,
    searched: Searched,
    *,
    referral: str,
) -> bytes:
    """deletion_certificate.json of a sealed batch. `erased` is None where the received files were kept, with the reason given."""
    outcomes = {file.name: file.outcome for file in erased.files} if erased else {}
    kept_rows = batch.plan["kept_rows"]
    supplies = []
    for line in figures.supplies:
        if line["status"] != "ignored":
            outcome = outcomes.get(line["file"], NOT_REPORTED) if erased else KEPT
            supplies.append(_supply(line, kept_rows.get(supply_name(line["dataset"], line["supplier"]), 0), outcome))
    kept_files = {} if erased else {PurePath(path).name: options.because or "made-up data" for path in delivery.files}
    held = None
    if "held_records" in batch.plan:
        held = {"records": batch.plan["held_records"], "households": batch.plan["held_households"]}
        held |= {"searched": batch.plan[HELD_SEARCH]} if HELD_SEARCH in batch.plan else {}
    return to_bytes(
        make(
            issuer_of(workspace), batch=batch.batch_id, as_at=batch.as_at, supplies=supplies, search=sought.told(searched),
            kept_files=kept_files, because=options.because or None, replaces=batch.replaces,
            handed_out=handed_out(registry, batch, gone=(referral,)), held=held, notes=_notes(sought, searched),
        )
    )  # fmt: skip


def certify_end(
    workspace: Workspace,
    registry: Registry,
    batch: Batch,
    ended: Literal["expired", "abandoned"],
    held_files: int,
    sought: Sought,
    searched: Searched,
) -> str:
    """Write the certificate of a held batch that expired or was abandoned; gives its path. May be done twice."""
    left = [PurePath(path).name for path in batch.plan.get("delivery", {}).get("files", {}) if Path(path).exists()]
    supplies = [
        _supply(line, 0, "still where it came" if line["file"] in left else NOT_REPORTED)
        for line in batch.figures.get("supplies", ())
        if line["status"] != "ignored"
    ]
    certificate = make_ended(
        issuer_of(workspace), batch=batch.batch_id, as_at=batch.as_at, ended=ended, supplies=supplies,
        held_files=held_files, held_records=int(batch.plan.get("held_records", 0)), search=sought.told(searched),
        files_left=left, because=(batch.plan.get("options", {}).get("because") or None) if left else None, handed_out=handed_out(registry, batch, gone=_every_file(registry, batch)),
        notes=_notes(sought, searched),
    )  # fmt: skip
    path = f"outbox/{batch.batch_id}/{FILE}"
    workspace.write(path, to_bytes(certificate))
    return path


def _every_file(registry: Registry, batch: Batch) -> tuple[str, ...]:
    """The outputs of an ended batch are destroyed with it."""
    return tuple(row["form"] for row in registry.disclosures(batch.batch_id))


def handed_out(registry: Registry, batch: Batch, *, gone: tuple[str, ...] = ()) -> list[HandedOut]:
    """Lists and workbooks of people that left with a batch, or with the one it replaces, and those of earlier batches whose
    destruction nobody has confirmed: by file and recipient, no person.

    `gone`: files (ends of their paths) that the program has destroyed where it wrote them.
    """
    mine = {batch.replaces, batch.batch_id, None}
    listed = [
        HandedOut(row["form"], row["recipient"], row["disclosed_at"].date().isoformat())
        for row in registry.rights.handed_out()
        if row["batch_id"] not in mine and row["people"] and row["destroyed_on"] is None
    ]
    for batch_id in filter(None, (batch.replaces, batch.batch_id)):
        for row in registry.disclosures(batch_id):
            withdrawn = batch_id != batch.batch_id or row["form"].endswith(gone)
            state = {"state": TAKEN_BACK} if withdrawn else {}
            listed.append(HandedOut(row["form"], row["recipient"], row["disclosed_at"].date().isoformat(), **state))
    on = batch.changed_at.date().isoformat()
    listed += [
        HandedOut(PurePath(path).name, REVIEWERS, on, TAKEN_BACK) for path in sorted(batch.plan.get(HANDED_OUT, ()))
    ]
    return listed


def _supply(line: Mapping[str, Any], kept: int, outcome: str) -> SupplyDeleted:
    return SupplyDeleted(
        line["partner"], line["dataset"], line["supplier"], line["digest"], line["rows_in"], kept, line["rows_in"] - kept,
        outcome,
    )  # fmt: skip


def _notes(sought: Sought, searched: Searched) -> list[str]:
    notes = []
    if not sought.canaries:
        notes.append("No canaries were searched for: their seed is not in the key store.")
    if sought.sample is None:
        notes.append(
            "No sample of deleted values was searched for: the match was interrupted, and its values went with it."
        )
    return notes + [f"Not opened by the search: {name}" for name in searched.not_opened]
