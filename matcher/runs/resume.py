"""`matcher resume` and `matcher abandon`: going on after answers, a late supply or a crash; giving a batch up.

Where it goes on depends on the state alone: `open` and `matching` start again from the received files; `held` takes the
answers; `sealing` finishes from the registry once the families are in, else as before.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from matcher.errors import Exit, UserError
from matcher.extracts import Inbox, find_supplies, read_supplies
from matcher.facts import unsupplied
from matcher.month import Rules
from matcher.pairs import TrainedModel
from matcher.progress import Stages
from matcher.purge import held
from matcher.purge.audit import Audit
from matcher.records import build
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.review.questions import Question
from matcher.runs import late, summaries
from matcher.runs.answering import apply_answers, approve
from matcher.runs.delivery import Delivery, delivery_of, take_back
from matcher.runs.figures import Figures, supply_lines
from matcher.runs.kept import Approval
from matcher.runs.options import Console, Options, Outcome
from matcher.runs.rules import rules_of
from matcher.runs.seal import Material, finish, seal_match
from matcher.runs.start import go
from matcher.tables import MonthTables
from matcher.workspace import Workspace


def unfinished_batch(registry: Registry, batch_id: str | None) -> Batch:
    """The named batch, or the only unfinished one. Raises UserError."""
    if batch_id is not None:
        batch = registry.batch(batch_id)
        if not batch.unfinished:
            raise UserError(f"Batch {batch_id} is {batch.state}: nothing is left to do.", todo="see `matcher status`")
        return batch
    waiting = registry.unfinished()
    if not waiting:
        raise UserError("No batch waits.", todo="start a month with `matcher run`; see `matcher status`")
    return waiting[0]


def resume(
    workspace: Workspace, batch_id: str | None, supplies: list[Path], console: Console, stages: Stages
) -> Outcome:
    """Go on with an unfinished batch. The caller holds the workspace's lock."""
    with Registry.open(workspace) as registry:
        batch = unfinished_batch(registry, batch_id)
        options = Options.from_dict(batch.plan["options"]) if "options" in batch.plan else None
        rules = rules_of(workspace, batch.as_at, engine=options.engine if options else "in_process")
        Audit(workspace).append("resumed", batch=batch.batch_id, state=batch.state, supplies=len(supplies))
        if batch.state == "sealing" and batch.applied_at is not None:
            return finish(workspace, registry, batch, rules, None, console, stages)
        if workspace.keys.held_key(batch.batch_id) is not None:
            return _from_held(workspace, registry, batch, rules, supplies, console, stages)
        if options is None:
            registry.set_state(batch.batch_id, "abandoned")
            raise UserError("The batch had not begun.", todo="run the month again with `matcher run`")
        if supplies:
            raise UserError(
                "Only a held batch takes a late supply.", todo="put the file into the inbox", code=Exit.USAGE
            )
        return _from_received(workspace, registry, batch, options, rules, console, stages)


def _from_received(
    workspace: Workspace,
    registry: Registry,
    batch: Batch,
    options: Options,
    rules: Rules,
    console: Console,
    stages: Stages,
) -> Outcome:
    """After a crash before the families were in: the received files are still there."""
    inbox = find_supplies(options.folder, rules.specs)
    with stages.stage("read", "Reading the supplies") as stage:
        intake = read_supplies(inbox, rules.specs, batch.as_at, without=frozenset(options.without), stage=stage)
    delivery = delivery_of(inbox, intake)
    if delivery.digests != batch.digests:
        raise UserError(
            "The inbox is not what it was when this batch began.",
            where=str(options.folder),
            todo=f"put the files back, or destroy the batch with `matcher abandon` {batch.batch_id} and run the month again",
        )
    if intake.rejected:
        return summaries.rejected(intake, batch.as_at)
    return go(workspace, registry, batch, rules, intake, delivery, options, console, stages)


def _from_held(
    workspace: Workspace,
    registry: Registry,
    batch: Batch,
    rules: Rules,
    supplies: list[Path],
    console: Console,
    stages: Stages,
) -> Outcome:
    """Answers and late supplies, then the seal. Open questions keep the batch held unless they are deferred or answered."""
    stored, plan = held.load_held(workspace, batch.batch_id)
    gazetteer = stored.pop("gazetteer")
    trained = TrainedModel.from_json(stored.pop("parameters")["trained"][0].as_py())
    tables = MonthTables.from_dict(stored)
    missing = frozenset((area, kind) for area, kind in plan["unsupplied"])
    delivery = Delivery.from_dict(batch.plan["delivery"])
    figures = Figures.from_dict(batch.figures)
    questions = registry.questions(batch.batch_id)
    open_ones = [question for question in questions if question.answer is None]
    if plan["referral"] and not supplies:
        raise UserError(
            f"Batch {batch.batch_id} waits for DWP's answer.",
            todo="give it with `matcher resume --supply FILE`, or give the batch up with `matcher abandon`",
            code=Exit.HELD,
        )
    if open_ones and not supplies:
        raise UserError(
            f"{len(open_ones)} question(s) of batch {batch.batch_id} are open.",
            todo="answer them with `matcher review answer`; `defer` lets the thresholds decide",
            code=Exit.HELD,
        )
    with stages.stage("answers", "Applying answers"):
        answers = [(Question.of(q.kind, q.subject), {"yes": True, "no": False}.get(q.answer or "")) for q in questions]
        tables, asked = apply_answers(tables, answers, rules, batch.as_at, missing, gazetteer)
    for path in supplies:
        tables, missing, figures, more = _late(path, tables, trained, missing, figures, rules, batch, console)
        delivery = delivery.with_more(more)
        Audit(workspace).append("late_supply", batch=batch.batch_id)
    panel = [question for question in questions if question.kind == "discretion"]
    approvals = tuple(
        Approval(int(record), question.answered_by or "", question.reason or "")
        for question, record in zip(panel, asked, strict=True)
        if question.answer == "yes"
    )
    tables = approve(tables, np.array([approval.record for approval in approvals], dtype=np.int64))
    material = Material(tables, figures, trained, gazetteer, missing, approvals)
    return seal_match(
        workspace,
        registry,
        batch,
        material,
        batch.plan["feedback"],
        delivery,
        rules,
        console,
        stages,
        final_decisions=True,
    )


def _late(
    path: Path,
    tables: MonthTables,
    trained: TrainedModel,
    missing: frozenset[tuple[str, str]],
    figures: Figures,
    rules: Rules,
    batch: Batch,
    console: Console,
) -> tuple[MonthTables, frozenset[tuple[str, str]], Figures, Delivery]:
    """Read one late supply and attach what is about held people."""
    around = find_supplies(path.parent, rules.specs)
    files = tuple(file for file in around.files if file.path.name == path.name)
    if not files:
        raise UserError(
            "That file is no supply.", where=path.name, todo="name it <dataset>.csv or <dataset>.<supplier>.csv"
        )
    inbox = Inbox(around.folder, files, (), around.made_up)
    intake = read_supplies(inbox, rules.specs, batch.as_at)
    if intake.rejected:
        raise UserError(
            "The supply is rejected; the batch stays held.",
            where=(problem.message for supply in intake.rejected for problem in supply.problems[:20]),
            todo="mend it and resume again",
            code=Exit.SUPPLIES_REJECTED,
        )
    supplied = {(s["dataset"], s["supplier"]) for s in figures.supplies if s["status"] == "accepted"}
    supplied |= {(s.dataset, s.supplier) for s in intake.supplies}
    missing = unsupplied(supplied, rules.expected, rules.specs)
    tables, let_go = late.attach(
        tables, build(intake.supplies, rules.specs, batch.as_at), trained, rules, batch.as_at, missing
    )
    rows = sum(supply.rows_accepted for supply in intake.supplies)
    console.say(f"{files[0].name}: {rows - let_go:,} of {rows:,} rows are about held people; the rest is deleted.")
    updated = Figures.from_dict(
        figures.to_dict()
        | {
            "supplies": figures.supplies + supply_lines(intake, rules),
            "records": figures.records + rows,
            "unsupplied": [list(pair) for pair in sorted(missing)],
        }
    )
    return tables, missing, updated, delivery_of(inbox, intake)


def abandon(workspace: Workspace, batch_id: str, console: Console) -> Outcome:
    """Destroy what an unsealed batch keeps: key first, then held files and outputs. Delivery files still there are left:
    they may be matched again, and the duty to delete them stands."""
    with Registry.open(workspace) as registry:
        batch = unfinished_batch(registry, batch_id)
        if batch.state == "sealing":
            raise UserError(
                f"Batch {batch_id} is being sealed: its families are final.", todo="finish it with `matcher resume`"
            )
        held.destroy_held(workspace, batch_id)
        take_back(workspace, batch.plan, console)
        removed = workspace.destroy_folder(workspace.outbox(batch_id))
        registry.set_state(batch_id, "abandoned")
        Audit(workspace).append("abandoned", batch=batch_id, files_destroyed=len(removed))
        console.say(f"Batch {batch_id} is abandoned; nothing of it is kept.")
        left = [path for path in batch.plan.get("delivery", {}).get("files", {}) if Path(path).exists()]
        if left:
            console.say(f"{len(left)} received file(s) still lie in the inbox: match them again, or delete them.")
        return summaries.abandoned(registry.batch(batch_id))
