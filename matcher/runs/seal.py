"""The seal: the order in which a match becomes final, so that every step can be done twice and a crash loses nothing.

1. state `sealing`, with the plan (counts, digests); 2. the families into the registry in one transaction; 3. outputs, from the
registry and from counts; 4. held key, held files, received files destroyed; 5. the search for residue; 6. the certificate;
7. state `sealed`. Once the families are in, nothing is ever matched again: `finish` goes on from the registry alone.
"""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from matcher.canaries import confirm_let_go
from matcher.memory import peak_rss_mb
from matcher.pairs import TrainedModel
from matcher.purge import held
from matcher.purge.audit import Audit
from matcher.purge.certificate import FILE as CERTIFICATE
from matcher.registry.batches import Batch
from matcher.registry.plan import FamilyPlan
from matcher.runs import certificates, outputs, summaries
from matcher.runs.delivery import Delivery, destroy, take_back, tell_received
from matcher.runs.figures import Figures, decision_counts
from matcher.runs.kept import Approval, plan_of
from matcher.runs.options import Options, Outcome, Run
from matcher.runs.residue import refuse_residue, sample, sought
from matcher.tables import MonthTables, beside
from specs.load import supply_name

BEFORE_SEAL = "before_seal"
"""In the plan of a batch that was held: its figures and delivery as they were held, without late supplies, which are given again
where the seal is cut off before the families are in."""


@dataclass(frozen=True)
class Material:
    """What a match leaves in memory for hold and seal."""

    tables: MonthTables
    figures: Figures
    trained: TrainedModel
    gazetteer: pa.Table
    unsupplied: frozenset[tuple[str, str]]
    feedback: dict[str, Any]  # partner -> what it is told of its supplies
    approvals: tuple[Approval, ...] = ()
    canaries: MonthTables | None = None  # let go with everybody else, and looked for afterwards
    canary_places: pa.Table | None = None

    @property
    def with_canaries(self) -> MonthTables:
        """What is let go or kept: everybody, the made-up people after the real ones."""
        return beside(self.tables, self.canaries) if self.canaries is not None else self.tables


def rows_kept(plan: FamilyPlan) -> pa.Table:
    """dataset, supplier, count_all: the delivered rows that go into the registry."""
    first = plan.records.filter(pc.equal(plan.records["part"], 0))
    return first.group_by(["dataset", "supplier"], use_threads=False).aggregate([([], "count_all")])


def seal_match(
    run: Run, batch: Batch, material: Material, delivery: Delivery, *, final_decisions: bool = False
) -> Outcome:
    """Steps 1 and 2, then `finish`. `final_decisions`: the tables were held, so the decisions' counts are taken anew."""
    registry, rules, stages = run.registry, run.rules, run.stages
    with stages.stage("seal", "Keeping the qualifying families"):
        known = registry.known(without=batch.replaces)
        replaced = registry.records(batch=batch.replaces, restricted=True) if batch.replaces else None
        everybody = material.with_canaries
        kept, plan = plan_of(batch.batch_id, batch.as_at, everybody, known, rules, replaced, material.approvals)
        confirm_let_go(kept.records, material.figures.supplies)
        counted = rows_kept(plan)
        kept_rows = {
            supply_name(dataset, supplier): count
            for dataset, supplier, count in zip(
                *(counted[n].to_pylist() for n in ("dataset", "supplier", "count_all")), strict=True
            )
        }
        figures = material.figures
        if final_decisions:
            figures = with_decisions_of(figures, kept)
        earlier = (text for _, text in registry.every_cell())
        values = sample(material.tables, kept, earlier)
        registry.set_supplies(batch.batch_id, [
            {name: line[name] for name in ("dataset", "supplier", "partner", "status", "digest", "rows_in", "rows_accepted", "rows_rejected")}
            for line in figures.supplies
        ])  # fmt: skip
        registry.set_state(
            batch.batch_id,
            "sealing",
            figures=replace(figures, seconds=dict(stages.seconds), peak_rss_mb=peak_rss_mb()).to_dict(),
            plan={
                "delivery": delivery.to_dict(),
                "feedback": material.feedback,
                "kept_rows": kept_rows,
                **({BEFORE_SEAL: as_held(batch)} if final_decisions else {}),
            },
        )
        registry.apply(batch.batch_id, plan)
    del material, everybody, kept, plan
    gc.collect()  # nobody of the month stays in a cycle while lists are written
    return finish(run, registry.batch(batch.batch_id), values)


def as_held(batch: Batch) -> dict[str, Any]:
    """Figures and delivery of a held batch before any late supply, also where its seal has begun."""
    return batch.plan.get(BEFORE_SEAL) or {"figures": batch.figures, "delivery": batch.plan["delivery"]}


def with_decisions_of(figures: Figures, tables: MonthTables) -> Figures:
    """Figures of the whole month with the families of the tables as they were finally decided."""
    counts = decision_counts(tables)
    by_area = {
        area: {**counts["by_area"][area], "households": old["households"]} for area, old in figures.by_area.items()
    }
    return replace(figures, by_area=by_area, concerns=counts["concerns"])


def tell_decisions(run: Run, batch: Batch) -> None:
    """How the month was decided, into the audit chain: households by route, criteria by status, what a panel said yes to."""
    figures = Figures.from_dict(batch.figures)
    criteria: Counter[str] = Counter()
    for statuses in figures.criteria.values():
        for criterion, counts in statuses.items():
            criteria.update({f"{criterion} {status}": count for status, count in counts.items()})
    asked = run.registry.questions(batch.batch_id)
    Audit(run.workspace).append_once(
        "decided", batch=batch.batch_id,
        routes={**figures.families, "no": figures.households - sum(figures.families.values())},
        criteria=dict(sorted(criteria.items())),
        panel=sum(question.kind == "discretion" and question.answer == "yes" for question in asked),
    )  # fmt: skip


def finish(run: Run, batch: Batch, values: list[str] | None) -> Outcome:
    """Steps 3 to 7, from the registry and the stored plan. `values`: what must not be found; None after a crash."""
    workspace, registry, rules, stages = run.workspace, run.registry, run.rules, run.stages
    options = Options.from_dict(batch.plan["options"])
    delivery = Delivery.from_dict(batch.plan["delivery"])
    with stages.stage("audit", "Adding to the audit chain"):
        tell_decisions(run, batch)
    with stages.stage("outputs", "Writing lists and reports"):
        written = outputs.write(workspace, registry, batch, rules)
    with stages.stage("purge", "Destroying what was received"):
        held.destroy_held(workspace, batch.batch_id)
        workspace.destroy(workspace.outbox(batch.batch_id) / outputs.REFERRAL)
        referred = any(row["form"].endswith(outputs.REFERRAL) for row in registry.disclosures(batch.batch_id))
        taken = take_back(workspace, batch.plan, run.console) + referred
        if taken:
            Audit(workspace).append_once("workbooks_destroyed", batch=batch.batch_id, files=taken)
        if batch.replaces is not None:
            outputs.withdraw(workspace, batch.replaces)
        erased = None if options.keep_extracts else destroy(workspace, delivery, run.console)
        tell_received(workspace, batch.batch_id, delivery, erased, because=options.because, form="seal")
    with stages.stage("residue", "Searching for residue"):
        wanted = sought(workspace, batch, values)
        searched = wanted.search(workspace, registry)
        refuse_residue(workspace, batch, searched, but="the batch is not sealed")
    figures = Figures.from_dict(batch.figures)
    certificate = f"outbox/{batch.batch_id}/{CERTIFICATE}"
    with stages.stage("certificate", "Signing the certificate"):
        content = certificates.certify(
            workspace, registry, batch, figures, options, delivery, erased, wanted, searched, referral=outputs.REFERRAL
        )
        workspace.write(certificate, content)
    figures = replace(figures, seconds={**figures.seconds, **stages.seconds})
    destroyed = erased.gone if erased else 0
    report = outputs.write_report(workspace, batch, figures, rules, [*written, certificate], destroyed)
    Audit(workspace).append_once(
        "sealed", batch=batch.batch_id, families=sum(figures.families.values()),
        records_kept=sum(batch.plan["kept_rows"].values()), files_destroyed=destroyed,
    )  # fmt: skip
    sealed = registry.set_state(
        batch.batch_id, "sealed", figures=figures.to_dict(), plan={"outputs": [report, *written, certificate]}
    )
    return summaries.sealed(registry, sealed)
