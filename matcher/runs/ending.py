"""The end of a held batch without a seal: it expired, or was abandoned. Nothing of it stays, and that is certified.

The key goes first: a crash at any moment after leaves noise, and the next command goes on. Then the held files, workbooks of
questions that lie where they were written, and the batch's outputs, of which a referral list names people. Received files
that still lie in the inbox are left: they may be matched again, and the duty to delete them stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from matcher.purge import held
from matcher.purge.audit import Audit
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.runs.certificates import certify_end
from matcher.runs.delivery import take_back
from matcher.runs.options import Console
from matcher.runs.residue import sought
from matcher.workspace import Workspace

ENDING = "ending"
"""In a batch's plan: how many held files and outputs its end destroys."""


def end_held(
    workspace: Workspace,
    registry: Registry,
    batch: Batch,
    ended: Literal["expired", "abandoned"],
    console: Console,
) -> int:
    """Destroy, search, certify, and put the state last. May be done twice. Gives the number of files destroyed.

    A finding does not keep the batch from ending: the certificate counts it, the audit chain and the console say so.
    """
    if ENDING not in batch.plan:  # counted before anything goes: a crash must not make the certificate count less
        there = [len(_files(folder(batch.batch_id))) for folder in (workspace.held_path, workspace.outbox)]
        batch = registry.set_state(batch.batch_id, batch.state, plan={ENDING: there})
    held_files, output_files = batch.plan[ENDING]
    held.destroy_held(workspace, batch.batch_id)
    take_back(workspace, batch.plan, console)
    workspace.destroy_folder(workspace.outbox(batch.batch_id))
    wanted = sought(workspace, batch, None)
    searched = wanted.search(workspace, registry)
    if searched.findings:
        Audit(workspace).append("residue_found", batch=batch.batch_id, places=len(searched.findings))
        console.say("Something that should be gone was found; see it with: matcher verify")
    certificate = certify_end(workspace, registry, batch, ended, held_files, wanted, searched)
    event = {"expired": "batch_expired", "abandoned": "abandoned"}[ended]
    Audit(workspace).append_once(event, batch=batch.batch_id, files=held_files + output_files)
    registry.set_state(batch.batch_id, ended, plan={"outputs": [certificate]})
    return held_files + output_files


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
