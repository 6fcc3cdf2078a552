"""The certificate of a sealed batch, from counts, digests and what the destruction and the search reported."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import PurePath

from matcher import __version__
from matcher.purge.audit import Audit
from matcher.purge.certificate import Search, SupplyDeleted, make
from matcher.purge.erase import Erased
from matcher.purge.residue import Searched
from matcher.registry.batches import Batch
from matcher.runs.delivery import Delivery
from matcher.runs.figures import Figures
from matcher.runs.options import Options
from matcher.workspace import Workspace
from specs.load import supply_name

KEPT, NOT_REPORTED = "kept on request", "destroyed when the batch was held"


def certify(
    workspace: Workspace,
    batch: Batch,
    figures: Figures,
    options: Options,
    delivery: Delivery,
    erased: Erased | None,
    searched: Searched,
) -> bytes:
    """deletion_certificate.json as bytes. `erased` is None where the received files were kept, with the reason given."""
    outcomes = {file.name: file.outcome for file in erased.files} if erased else {}
    kept_rows = batch.plan["kept_rows"]
    supplies = []
    for line in figures.supplies:
        if line["status"] == "ignored":
            continue
        name = supply_name(line["dataset"], line["supplier"])
        kept = kept_rows.get(name, 0)
        outcome = outcomes.get(line["file"], NOT_REPORTED) if erased else KEPT
        supplies.append(
            SupplyDeleted(
                line["partner"], line["dataset"], line["supplier"], line["digest"], line["rows_in"], kept,
                line["rows_in"] - kept, outcome,
            )
        )  # fmt: skip
    notes = []
    if not searched.values:
        notes.append(
            "No sample of deleted values was searched for: the match was interrupted, and its values went with it."
        )
    notes += [f"Not opened by the search: {name}" for name in searched.not_opened]
    kept_files = {} if erased else {PurePath(path).name: options.because or "made-up data" for path in delivery.files}
    legal = workspace.settings.legal
    certificate = make(
        batch=batch.batch_id,
        as_at=batch.as_at,
        supplies=supplies,
        search=Search(
            searched.values, searched.files, searched.bytes, len(searched.findings), len(searched.not_opened)
        ),
        workspace=workspace.id,
        version=__version__,
        operator_role=legal.operator_role,
        controller=legal.controller,
        issued_at=dt.datetime.now(dt.UTC),
        audit_head=Audit(workspace).head(),
        key=workspace.keys.signing_key(),
        kept_files=kept_files,
        replaces=batch.replaces,
        notes=notes,
        because=options.because or None,
    )
    return (json.dumps(certificate, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
