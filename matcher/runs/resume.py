"""`matcher resume` and `matcher abandon`: going on after answers, a late supply or a crash; giving a batch up.

Where it goes on depends on the state alone: `open` and `matching` start again from the received files; `held` takes the
answers; `sealing` finishes from the registry once the families are in, else as if it had not begun.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from matcher import engines
from matcher.canaries import confirm, part, plant
from matcher.errors import Exit, UserError
from matcher.extracts import Inbox, find_supplies, read_supplies
from matcher.facts import unsupplied
from matcher.memory import reuse_memory
from matcher.month import place_and_decide
from matcher.progress import Stages
from matcher.purge import held
from matcher.purge.audit import Audit
from matcher.purge.canaries import make_seed
from matcher.records import build
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.review.questions import Question
from matcher.runs import late, summaries
from matcher.runs.answering import apply_answers, approve
from matcher.runs.delivery import Delivery, delivery_of, end_destruction, take_back
from matcher.runs.ending import end_held
from matcher.runs.figures import Figures, supply_lines
from matcher.runs.hold import REFERRED_DATASET, end_hold
from matcher.runs.kept import Approval
from matcher.runs.options import Console, Options, Outcome, Run
from matcher.runs.residue import CANARIES
from matcher.runs.rules import rules_of
from matcher.runs.seal import Material, as_held, finish, seal_match
from matcher.runs.start import go
from matcher.runs.waiting import Waiting
from matcher.tables import beside
from matcher.workspace import Workspace
from specs.tables import PAIRS


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
    reuse_memory()
    with Registry.open(workspace) as registry:
        left = end_destruction(workspace, registry, console)
        if left is not None and not registry.unfinished():
            return summaries.sealed_before(registry, registry.batch(left.batch_id))
        batch = unfinished_batch(registry, batch_id)
        options = Options.from_dict(batch.plan["options"]) if "options" in batch.plan else None
        rules = rules_of(workspace, batch.as_at, engine=options.engine if options else "in_process")
        Audit(workspace).append("resumed", batch=batch.batch_id, state=batch.state, supplies=len(supplies))
        run = Run(workspace, registry, rules, console, stages)
        if batch.state == "sealing" and batch.applied_at is not None:
            return finish(run, batch, None)
        if batch.state in ("held", "sealing") and workspace.keys.held_key(batch.batch_id) is not None:
            return _from_held(run, batch, supplies)
        if options is None:
            registry.set_state(batch.batch_id, "abandoned")
            raise UserError("The batch had not begun.", todo="run the month again with `matcher run`")
        if supplies:
            raise UserError(
                "Only a held batch takes a late supply.", todo="put the file into the inbox", code=Exit.USAGE
            )
        return _from_received(run, batch, options)


def _from_received(run: Run, batch: Batch, options: Options) -> Outcome:
    """After a crash before the families were in: the received files are still there."""
    engines.ready(options.engine)
    specs = run.rules.specs
    inbox = find_supplies(options.folder, specs)
    with run.stages.stage("read", "Reading the supplies") as stage:
        intake = read_supplies(inbox, specs, batch.as_at, without=frozenset(options.without), stage=stage)
    delivery = delivery_of(inbox, intake)
    if delivery.digests != batch.digests:
        raise UserError(
            "The inbox is not what it was when this batch began.",
            where=str(options.folder),
            todo=f"put the files back, or destroy the batch with `matcher abandon` {batch.batch_id} and run the month again",
        )
    if intake.rejected:
        return summaries.rejected(intake, batch.as_at)
    return go(run, batch, intake, delivery, options)


def _from_held(run: Run, batch: Batch, supplies: list[Path]) -> Outcome:
    """Answers and late supplies, then the seal. Open questions keep the batch held; with a late supply their default stands."""
    waiting = Waiting.load(run.workspace, batch.batch_id)
    stood = as_held(batch)
    delivery = Delivery.from_dict(stood["delivery"])
    if batch.state == "held":
        end_hold(run, batch, delivery, None)
    questions = run.registry.questions(batch.batch_id)
    open_ones = [question for question in questions if question.answer is None]
    if waiting.referral and not any(_dataset_of(path) == REFERRED_DATASET for path in supplies):
        raise UserError(
            f"Batch {batch.batch_id} waits for DWP's answer.",
            todo=f"give it with `matcher resume --supply {REFERRED_DATASET}.csv`, or give the batch up with `matcher abandon`",
            code=Exit.HELD,
        )
    if open_ones and not supplies:
        raise UserError(
            f"{len(open_ones)} question(s) of batch {batch.batch_id} are open.",
            todo="answer them with `matcher review answer`; `defer` lets the thresholds decide",
            code=Exit.HELD,
        )
    with run.stages.stage("answers", "Applying answers"):
        answers = [(Question.of(q.kind, q.subject), {"yes": True, "no": False}.get(q.answer or "")) for q in questions]
        tables, asked = apply_answers(
            waiting.tables, answers, run.rules, batch.as_at, waiting.unsupplied, waiting.gazetteer
        )
    material = Material(
        tables, Figures.from_dict(stood["figures"]), waiting.trained, waiting.gazetteer, waiting.unsupplied,
        batch.plan["feedback"],
    )  # fmt: skip
    for path in supplies:
        material, more = _late(run, batch, material, path)
        delivery = delivery.with_more(more)
        Audit(run.workspace).append("late_supply", batch=batch.batch_id)
    panel = [question for question in questions if question.kind == "discretion"]
    approvals = tuple(
        Approval(int(record), question.answered_by or "", question.reason or "")
        for question, record in zip(panel, asked, strict=True)
        if question.answer == "yes"
    )
    tables = approve(material.tables, np.array([approval.record for approval in approvals], dtype=np.int64))
    material = replace(material, tables=tables, approvals=approvals)
    return seal_match(run, batch, material, delivery, final_decisions=True)


def _dataset_of(path: Path) -> str:
    return path.name.lower().partition(".")[0]


def _late(run: Run, batch: Batch, material: Material, path: Path) -> tuple[Material, Delivery]:
    """Read one late supply and attach what is about held people."""
    rules, figures = run.rules, material.figures
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
    late_ones = {(s.dataset, s.supplier) for s in intake.supplies}
    if supplied & late_ones:
        raise UserError(
            f"{path.name}: the batch holds this supply already; it stays held.",
            todo=f"leave the file out; to match it instead, `matcher abandon` {batch.batch_id} and run the month again",
        )
    supplied |= late_ones
    missing = unsupplied(supplied, rules.expected, rules.specs)
    planted = plant(intake, rules.specs, make_seed(run.workspace.keys, batch.batch_id))
    before = run.registry.batch(batch.batch_id).plan.get(CANARIES, ())
    run.registry.set_state(batch.batch_id, batch.state, plan={CANARIES: sorted({*before, *planted.supplies})})
    came = planted.intake.supplies
    built, made_up = part(build(came, rules.specs, batch.as_at), came, rules.specs)
    canaries = None
    if made_up is not None:
        canaries = place_and_decide(made_up, PAIRS.empty(), rules, batch.as_at, missing)
        confirm(planted, canaries, made_up.gazetteer)
    tables, let_go = late.attach(material.tables, built, material.trained, rules, batch.as_at, missing)
    rows = sum(supply.rows_accepted for supply in intake.supplies)
    run.console.say(f"{files[0].name}: {rows - let_go:,} of {rows:,} rows are about held people; the rest is deleted.")
    figures = replace(
        figures,
        supplies=[s for s in figures.supplies if (s["dataset"], s["supplier"]) not in late_ones]
        + supply_lines(intake, rules),
        records=figures.records + rows,
        unsupplied=[list(pair) for pair in sorted(missing)],
    )
    if canaries is not None and material.canaries is not None:
        canaries = beside(material.canaries, canaries)
    material = replace(material, tables=tables, figures=figures, unsupplied=missing, canaries=canaries)
    return material, delivery_of(inbox, intake)


def abandon(workspace: Workspace, batch_id: str, console: Console) -> Outcome:
    """Destroy what an unsealed batch keeps: key first, then held files and outputs. Delivery files still there are left:
    they may be matched again, and the duty to delete them stands."""
    with Registry.open(workspace) as registry:
        batch = unfinished_batch(registry, batch_id)
        if batch.state == "sealing":
            raise UserError(
                f"Batch {batch_id} is being sealed: its families are final.", todo="finish it with `matcher resume`"
            )
        if batch.state == "held":
            end_held(workspace, registry, batch, "abandoned", console)
        else:
            files = held.destroy_held(workspace, batch_id)
            take_back(workspace, batch.plan, console)
            files += workspace.destroy_folder(workspace.outbox(batch_id))
            Audit(workspace).append_once("abandoned", batch=batch_id, files=len(files))
            registry.set_state(batch_id, "abandoned")
        console.say(f"Batch {batch_id} is abandoned; nothing of it is kept.")
        left = [path for path in batch.plan.get("delivery", {}).get("files", {}) if Path(path).exists()]
        if left:
            console.say(f"{len(left)} received file(s) still lie in the inbox: match them again, or delete them.")
        return summaries.abandoned(registry.batch(batch_id))
