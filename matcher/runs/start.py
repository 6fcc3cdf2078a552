"""`matcher run`: from an inbox to a sealed, held or refused batch.

Takes an opened workspace, options and a date. Refuses, with what to do: an unfinished batch, a date before the last sealed one,
changed files for a sealed date, real data without the agreement it needs. Nothing is destroyed before the families are in the
registry and the outputs are written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from matcher import engines
from matcher.canaries import confirm, plant
from matcher.clock import month_end, today
from matcher.errors import Exit, UserError
from matcher.extracts import Inbox, Intake, find_supplies, read_supplies
from matcher.memory import reuse_memory
from matcher.month import Month, Rules, match
from matcher.progress import Stages
from matcher.purge.audit import Audit
from matcher.purge.canaries import make_seed
from matcher.registry.batches import Batch
from matcher.registry.database import RegistryUnusable
from matcher.registry.server import ServerLost
from matcher.registry.store import Registry
from matcher.review.questions import Question, discretion_questions, households_asked_about, link_questions
from matcher.runs import dry_run, summaries
from matcher.runs.delivery import Delivery, delivery_of, destroy_again, end_destruction
from matcher.runs.expected import absent, unusual
from matcher.runs.figures import figures_of
from matcher.runs.hold import hold, referral_households
from matcher.runs.kept import households_to_keep
from matcher.runs.links import links_of
from matcher.runs.options import Console, Options, Outcome, Run
from matcher.runs.outputs import control_policy
from matcher.runs.residue import CANARIES
from matcher.runs.rules import rules_of
from matcher.runs.seal import Material, seal_match
from matcher.tables import MonthTables
from matcher.workspace import Workspace
from specs.load import ExtractSpec

FEWEST_MONTHS = 3
"""Sealed months before a supply has a usual size."""


def start(
    workspace: Workspace, as_at: dt.date, options: Options, console: Console, stages: Stages, *, dry: bool = False
) -> Outcome:
    """Run one month. The caller holds the workspace's lock."""
    reuse_memory()
    refuse_future(as_at)
    engines.ready(options.engine)
    with Registry.open(workspace) as registry:
        if not dry:
            refuse_unfinished(registry.unfinished())
        left = None if dry else end_destruction(workspace, registry, console)
        rules = rules_of(workspace, as_at, engine=options.engine)
        control_policy(workspace, as_at)  # a fault in it, found at the outputs, would leave the batch half sealed
        inbox = find_supplies(options.folder, rules.specs)
        if not inbox.files and left is not None and left.as_at == as_at:
            return summaries.sealed_before(registry, registry.batch(left.batch_id))
        if not inbox.files:
            raise UserError(
                "The inbox holds no supply.", where=str(options.folder),
                todo="put the month's files there, named <dataset>.csv or <dataset>.<supplier>.csv; see: matcher specs",
            )  # fmt: skip
        if options.keep_extracts and not inbox.made_up and not options.because:
            raise UserError(
                "Delivery files of real people are kept only with a reason.", where=str(options.folder),
                todo="say why with --because TEXT, or leave --keep-extracts out", code=Exit.USAGE,
                refusal="kept_without_reason",
            )  # fmt: skip
        refuse_unknown(options.without, rules.specs)
        with stages.stage("read", "Reading the supplies") as stage:
            intake = read_supplies(inbox, rules.specs, as_at, without=frozenset(options.without), stage=stage)
        delivery = delivery_of(inbox, intake)
        run = Run(workspace, registry, rules, console, stages)
        done = None if dry else already_done(run, as_at, options, delivery)
        if done:
            return done
        if intake.rejected:
            Audit(workspace).append("run_stopped", as_at=as_at.isoformat(), why="supplies_rejected")
            return summaries.rejected(intake, as_at)
        warn(run, inbox, intake)
        unclear = unclear_supplies(run, intake)
        if unclear and not settle(unclear, console):
            Audit(workspace).append("run_stopped", as_at=as_at.isoformat(), why="expected_supplies")
            return summaries.unsettled(intake, as_at, unclear)
        if dry:
            return dry_run.report(run, inbox, intake, as_at)
        if not options.keep_extracts:
            console.say(
                f"After the match {len(delivery.files)} received file(s) in {options.folder} will be destroyed."
            )
        plan = {"options": options.to_dict(), "delivery": delivery.to_dict()}
        batch = registry.new_batch(as_at, delivery.digests, options.replaces, plan=plan)
        return go(run, batch, intake, delivery, options)


def go(run: Run, batch: Batch, intake: Intake, delivery: Delivery, options: Options) -> Outcome:
    """Match an open batch and seal or hold it. A fault before the seal leaves no batch behind but one marked abandoned."""
    workspace, registry, rules = run.workspace, run.registry, run.rules
    told = {"supplies": len(intake.supplies), "made_up": delivery.made_up}
    Audit(workspace).append_once("run_started", batch=batch.batch_id, **told)
    planted = plant(intake, rules.specs, make_seed(workspace.keys, batch.batch_id))
    Audit(workspace).append_once("key_made", batch=batch.batch_id, form="canary", key=f"canary.{batch.batch_id}")
    plan = {"options": options.to_dict(), "delivery": delivery.to_dict(), CANARIES: planted.supplies}
    sealing = batch.state == "sealing"  # cut off before the families were in: matched again, to the same end
    registry.set_state(batch.batch_id, batch.state if sealing else "matching", plan=plan)
    try:
        month = match(
            planted.intake, rules, batch.as_at, known=registry.known_records(without=batch.replaces), stages=run.stages
        )
        confirm(planted, month.canaries, month.canary_places)
        questions: list[Question] = []
        if options.review == "hold":
            questions = link_questions(month.tables)
            if not rules.policy.automatic_approval:
                questions += discretion_questions(month.tables)
        referral = referral_households(workspace.settings.referral, month)
        month = replace(month, tables=_with_links(month, rules, questions, referral), basis=None)
        material = Material(
            month.tables, figures_of(month, rules), month.trained, month.gazetteer, month.unsupplied,
            summaries.partner_feedback(month, rules), canaries=month.canaries, canary_places=month.canary_places,
        )  # fmt: skip
    except (RegistryUnusable, ServerLost):
        raise  # no fault of the month: `resume` goes on
    except Exception:
        if not sealing:
            registry.set_state(batch.batch_id, "abandoned", plan={"why": "the match failed; nothing was destroyed"})
        Audit(workspace).append("run_failed", batch=batch.batch_id)
        raise
    if questions or referral is not None:
        return hold(run, batch, material, questions, referral, delivery)
    return seal_match(run, batch, material, delivery)


def _with_links(month: Month, rules: Rules, questions: Sequence[Question], referral: np.ndarray | None) -> MonthTables:
    """The tables with why the records of households that stay, or are held, are one person or not."""
    if month.basis is None:
        return month.tables
    staying = np.union1d(households_to_keep(month.tables), households_asked_about(month.tables, questions))
    staying = staying if referral is None else np.union1d(staying, referral)
    return replace(month.tables, links=links_of(month.tables, month.basis, staying, rules, questions))


def refuse_future(as_at: dt.date) -> None:
    """Raises UserError for a date after this month: nothing would lie in its windows, all would be destroyed, and no earlier
    month could follow."""
    if as_at > month_end(today()):
        raise UserError(
            f"The batch date {as_at} lies in the future.",
            todo="give the date that the extracts describe, most often the last day of a month: --as-at yyyy-mm-dd",
            code=Exit.USAGE,
        )


def refuse_unknown(without: Sequence[str], specs: Mapping[str, ExtractSpec]) -> None:
    """Raises UserError where `--without` names no data set: a slip of the pen would match and destroy the supply meant."""
    unknown = [name for name in without if name.lower().partition(".")[0] not in specs]
    if unknown:
        raise UserError(
            f"--without {unknown[0]}: there is no such data set.",
            todo=f"write DATASET or DATASET.SUPPLIER; data sets: {', '.join(sorted(specs))}",
            code=Exit.USAGE,
        )


def refuse_unfinished(unfinished: Sequence[Batch]) -> None:
    """Raises UserError where a batch waits: one month at a time."""
    if unfinished:
        batch = unfinished[0]
        raise UserError(
            f"Batch {batch.batch_id} is {batch.state}.",
            todo="finish it with `matcher resume`, or destroy it with `matcher abandon`; see `matcher status`",
        )


def already_done(run: Run, as_at: dt.date, options: Options, delivery: Delivery) -> Outcome | None:
    """The same files at the same date make no new batch. Raises UserError for an earlier date or changed files."""
    registry = run.registry
    same = registry.same_input(as_at, delivery.digests)
    if same is not None and same.state == "sealed" and options.replaces is None:
        if not options.keep_extracts:
            destroy_again(run.workspace, registry, same, delivery, run.console)
        return summaries.sealed_before(registry, same)
    if options.replaces is not None:
        old = registry.batch(options.replaces)
        if old.state != "sealed" or old.replaced_by or old.as_at != as_at:
            raise UserError(
                f"Batch {old.batch_id} cannot be replaced by this run.",
                where=f"state {old.state}, as at {old.as_at}",
                todo="name the sealed batch of the same date; see `matcher status`",
            )
        return None
    last = registry.last_sealed()
    if last is not None and as_at < last.as_at:
        raise UserError(
            f"The last sealed month is {last.as_at}; {as_at} lies before it.",
            todo="months are matched in their order; give a later --as-at",
        )
    if last is not None and as_at == last.as_at:
        raise UserError(
            f"{as_at} is sealed already (batch {last.batch_id}), from other files.",
            todo=f"to match the changed files instead, run again with --replaces {last.batch_id}",
        )
    return None


def unclear_supplies(run: Run, intake: Intake) -> list[str]:
    """Expected supplies that are absent, and supplies far from their usual size, one line each."""
    lines = [f"{name} is expected and absent" for name in absent(intake, run.rules.expected)]
    months = [batch for batch in run.registry.batches() if batch.state == "sealed" and batch.replaced_by is None]
    if len(months) >= FEWEST_MONTHS:
        tolerance = run.workspace.settings.expected.usual_size_tolerance
        lines += unusual(intake, run.registry.usual_sizes(), tolerance)
    return lines


def settle(unclear: list[str], console: Console) -> bool:
    """Ask whether to go on; False where nobody is there to say so."""
    for line in unclear:
        console.say(f"  {line}")
    return console.ask is not None and console.ask("Go on with what there is?")


def warn(run: Run, inbox: Inbox, intake: Intake) -> None:
    """What the person who answers for the match should know before it runs: counts and names of data sets only."""
    console = run.console
    for warning in intake.warnings:
        console.say(f"Warning: {warning}")
    left_out = [supply.file for supply in intake.supplies if supply.status == "ignored"]
    if left_out:
        console.say(f"Left out, and left in the inbox: {', '.join(left_out)}. The duty to delete them stands.")
    if inbox.made_up:
        return
    joint = run.workspace.settings.joint_match
    if joint.on and joint.made_up:
        console.say("Warning: the joint match cites a made-up agreement. Cite your own in matcher.toml, [joint_match].")
