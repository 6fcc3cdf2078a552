"""Holding a batch: what its open questions need is kept encrypted, everything else is forgotten, the received files go.

The held files are written before the state says so, and the received ones are destroyed last: a crash in between loses nothing.
"""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.canaries import confirm_let_go
from matcher.clock import today
from matcher.month import Month
from matcher.purge.audit import Audit
from matcher.purge.certificate import searched as told
from matcher.registry.batches import Batch
from matcher.review.questions import Question, households_asked_about
from matcher.runs import outputs, summaries
from matcher.runs.certificates import HELD_SEARCH
from matcher.runs.delivery import Delivery, destroy, tell_received
from matcher.runs.kept import households_to_keep
from matcher.runs.options import Options, Outcome, Run
from matcher.runs.residue import refuse_residue, sample, sought
from matcher.runs.seal import Material
from matcher.runs.waiting import Waiting
from matcher.settings import Referral
from matcher.tables import narrow, records_of

NEEDED = {"1 and 2": 2, "1 or 2": 1}
FIRST_TWO = ("crime_asb", "education")
REFERRED_DATASET = "dwp"


def referral_households(referral: Referral, month: Month) -> np.ndarray | None:
    """Households whose DWP data is asked for; None where referral is off or DWP's supply came with the month.

    The agreement releases DWP data for families already identified (Appendix B, row of DWP): households that meet criteria
    1 and 2, or one of them where the agreement with DWP allows that.
    """
    came = any(s.dataset == REFERRED_DATASET and s.status == "accepted" for s in month.intake.supplies)
    if not referral.on or came:
        return None
    needed = NEEDED[referral.need]
    decisions = month.tables.decisions
    return np.array(
        [
            household
            for household, met in zip(
                decisions["household_id"].to_pylist(), decisions["criteria"].to_pylist(), strict=True
            )
            if len(set(met) & set(FIRST_TWO)) >= needed
        ],
        dtype=np.int64,
    )


def hold(
    run: Run,
    batch: Batch,
    material: Material,
    questions: list[Question],
    referral: np.ndarray | None,
    delivery: Delivery,
) -> Outcome:
    """Keep what the questions and the referral need, put the questions, destroy the rest. Exit 3.

    State `held` comes when all that waits for an answer is there, and before anything is destroyed.
    """
    workspace, registry = run.workspace, run.registry
    options = Options.from_dict(registry.batch(batch.batch_id).plan["options"])
    with run.stages.stage("hold", "Keeping what the open questions need"):
        tables = material.with_canaries
        places = [] if material.canary_places is None else [material.canary_places]
        gazetteer = pa.concat_tables([material.gazetteer, *places])
        wanted = np.union1d(households_to_keep(tables), households_asked_about(tables, questions))
        if referral is not None:
            wanted = np.union1d(wanted, referral)
        mask = records_of(tables, wanted)
        position = np.where(mask, np.cumsum(mask) - 1, -1)
        kept = narrow(tables, wanted)
        confirm_let_go(kept.records, material.figures.supplies)
        near = pc.is_in(gazetteer["postcode"], value_set=pc.unique(kept.records["postcode"].drop_null()))
        near_by = gazetteer.filter(near)
        waiting = Waiting(kept, near_by, material.trained, material.unsupplied, referral is not None)
        rightly = (text for _, text in registry.every_cell()), near_by["address"].drop_null().to_pylist()
        values = sample(material.tables, kept, itertools.chain(*rightly))
        waiting.save(workspace, batch.batch_id)
        until = today() + dt.timedelta(days=workspace.settings.hold.days)
        waits_for = "DWP" if referral is not None else workspace.settings.review.roles[0]
        registry.ask(batch.batch_id, [(q.kind, q.renumbered(position).subject()) for q in questions])
        written = []
        if referral is not None:
            chosen = narrow(tables, referral)
            written = [outputs.write_referral(workspace, registry, registry.batch(batch.batch_id), chosen, run.rules)]
        told_of = {"questions": len(questions), "records": int(mask.sum())}
        Audit(workspace).append_once("held", batch=batch.batch_id, **told_of)
        registry.set_state(
            batch.batch_id, "held", figures=material.figures.to_dict(), held_until=until, waits_for=waits_for,
            plan={"feedback": material.feedback, "held_records": int(mask.sum()), "held_households": len(wanted)},
        )  # fmt: skip
    end_hold(run, registry.batch(batch.batch_id), delivery, values)
    if not options.keep_extracts:
        run.console.say(f"What the open questions need is kept encrypted until {until}.")
    return summaries.held(registry, registry.batch(batch.batch_id), written)


def end_hold(run: Run, batch: Batch, delivery: Delivery, values: list[str] | None) -> None:
    """What follows once a batch is held: the received files go, and are searched for. Done again after a crash in between, when
    the `values` of the deleted are not known any more (None)."""
    if HELD_SEARCH in batch.plan:
        return
    options = Options.from_dict(batch.plan["options"])
    erased = None if options.keep_extracts else destroy(run.workspace, delivery, run.console)
    tell_received(run.workspace, batch.batch_id, delivery, erased, because=options.because, form="hold")
    with run.stages.stage("residue", "Searching for residue"):
        wanted = sought(run.workspace, batch, values)
        searched = wanted.search(run.workspace, run.registry)
        refuse_residue(run.workspace, batch, searched, but="the batch is held all the same")
        run.registry.set_state(batch.batch_id, "held", plan={HELD_SEARCH: told(wanted.told(searched))})
