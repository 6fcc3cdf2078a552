"""What a run says at its end: the object of `--json` and lines of at most 80 columns. No person, no value of an extract."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow.compute as pc

from matcher.errors import Exit
from matcher.extracts import Intake
from matcher.extracts.feedback import feedback, supply_summary
from matcher.month import Month, Rules
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.runs.figures import Figures
from matcher.runs.options import Outcome
from matcher.tables import record_persons


def partner_feedback(month: Month, rules: Rules) -> dict[str, Any]:
    """What each partner is told, with the share of its rows that met another supply's rows."""
    tables = month.tables
    person = record_persons(tables.records, tables.members)
    records = tables.records
    supply = (
        pc.binary_join_element_wise(records["dataset"], records["supplier"], "|").combine_chunks().dictionary_encode()
    )
    names, code = supply.dictionary.to_pylist(), supply.indices.to_numpy()
    named = person >= 0
    pairs = np.unique(person[named] * max(len(names), 1) + code[named])
    met = np.bincount(pairs // max(len(names), 1), minlength=tables.persons.num_rows)
    matched = {}
    for position, name in enumerate(names):
        mine = named & (code == position)
        dataset, _, supplier = name.partition("|")
        if mine.any():
            matched[dataset, supplier] = round(float((met[person[mine]] > 1).mean()), 4)
    told = feedback(month.intake, rules.specs, month.as_at, matched)
    for partner in told.values():
        for entry in partner["supplies"]:
            more = month.beyond.get((entry["dataset"], entry["supplier"]), {})
            entry["more_than_agreed"] = {**entry["more_than_agreed"], **more}
    return told


def summary(batch: Batch, figures: Figures, supplies: list[dict[str, Any]], outputs: list[str]) -> dict[str, Any]:
    """`run --json` of a batch."""
    kept = sum(batch.plan.get("kept_rows", {}).values())
    return {
        "batch": batch.batch_id,
        "as_at": batch.as_at.isoformat(),
        "state": batch.state,
        "supplies": supplies,
        "records": figures.records,
        "candidate_pairs": figures.candidate_pairs,
        "persons": figures.persons,
        "households": figures.households,
        "families": figures.families,
        "records_kept": kept,
        "records_deleted": figures.records - kept if batch.state == "sealed" else 0,
        "one_short_not_assessable": figures.one_short_not_assessable,
        "seconds": {name: round(value, 3) for name, value in figures.seconds.items()},
        "peak_rss_mb": figures.peak_rss_mb,
        "outputs": outputs,
        "warnings": figures.warnings,
    }


def supplies_of(batch: Batch) -> list[dict[str, Any]]:
    """The supplies of a stored batch as `check --json` lists them; their problems come from the stored feedback."""
    told = {
        (entry["dataset"], entry["supplier"]): entry
        for partner in batch.plan.get("feedback", {}).values()
        for entry in partner["supplies"]
    }
    names = ("dataset", "supplier", "file", "status", "rows_in", "rows_accepted", "rows_rejected")
    return [
        {name: line[name] for name in names}
        | {"problems": told.get((line["dataset"], line["supplier"]), {}).get("problems", [])}
        for line in batch.figures.get("supplies", ())
    ]


def _lines(value: dict[str, Any]) -> tuple[str, ...]:
    families = value["families"]
    lines = [
        f"Batch {value['batch']} as at {value['as_at']}: {value['state']}.",
        f"  rows matched      {value['records']:>9,}",
        f"  people            {value['persons']:>9,}",
        f"  households        {value['households']:>9,}",
        f"  families          {families['automatic'] + families['discretion']:>9,}   "
        f"({families['automatic']:,} by all criteria, {families['discretion']:,} by local discretion)",
        f"  records kept      {value['records_kept']:>9,}",
        f"  records deleted   {value['records_deleted']:>9,}",
    ]
    if value["one_short_not_assessable"]:
        lines.append(
            f"  one criterion short, and that one not assessable: {value['one_short_not_assessable']:,} household(s)"
        )
    lines += [f"Warning: {warning}" for warning in value["warnings"]]
    if value["outputs"]:
        lines += ["Outputs, in the workspace:", *(f"  {path}" for path in gathered(value["outputs"]))]
    return tuple(lines)


def gathered(outputs: list[str]) -> list[str]:
    """Output paths to read: the feedback to partners, two files each, as one line."""
    told = [path for path in outputs if "/data_quality." in path]
    others = [path for path in outputs if path not in told]
    if told:
        folder = told[0].rsplit("/", 1)[0]
        others.append(f"{folder}/data_quality.<partner>.html  ({len(told) // 2} partners; .json too)")
    return others


def sealed(registry: Registry, batch: Batch) -> Outcome:
    """The end of a seal."""
    figures = Figures.from_dict(batch.figures)
    value = summary(batch, figures, supplies_of(batch), batch.plan["outputs"])
    return Outcome(Exit.DONE, value, _lines(value))


def sealed_before(registry: Registry, batch: Batch) -> Outcome:
    """The same files at the same date: the old batch is reported."""
    done = sealed(registry, batch)
    return Outcome(
        Exit.DONE, done.summary | {"again": True}, ("This month is sealed already, from the same files.", *done.lines)
    )


def held(registry: Registry, batch: Batch, written: list[str]) -> Outcome:
    """A batch that waits: exit 3."""
    figures = Figures.from_dict(batch.figures)
    waiting = [question for question in registry.questions(batch.batch_id) if question.answer is None]
    value = summary(batch, figures, supplies_of(batch), written) | {
        "questions": len(waiting),
        "held_until": batch.held_until.isoformat() if batch.held_until else None,
        "waits_for": batch.waits_for,
    }
    lines = [f"Batch {batch.batch_id} is held until {batch.held_until}, waiting for: {batch.waits_for}."]
    if waiting:
        lines.append(f"  {len(waiting)} open question(s): see `matcher review list`, then `matcher resume`.")
    lines += [f"  hand over: {path}" for path in written]
    return Outcome(Exit.HELD, value, tuple(lines))


def rejected(intake: Intake, as_at: dt.date) -> Outcome:
    """Supplies that stop a run, with everything that has to be mended: exit 4."""
    lines = ["Supplies are rejected; nothing was matched and nothing was deleted."]
    for supply in intake.rejected:
        lines.append(f"  {supply.file}:")
        lines += [f"    {problem.message}" for problem in supply.problems if problem.row is None][:20]
    lines.append("Mend these files, or leave a supply out with --without DATASET[.SUPPLIER].")
    value = {
        "batch": None,
        "as_at": as_at.isoformat(),
        "state": "rejected",
        "supplies": [supply_summary(s) for s in intake.supplies],
    }
    return Outcome(Exit.SUPPLIES_REJECTED, value, tuple(lines))


def unsettled(intake: Intake, as_at: dt.date, unclear: list[str]) -> Outcome:
    """Somebody has to say whether to go on: exit 3, nothing matched, nothing deleted."""
    lines = ("Somebody must decide before this month is matched:", *(f"  {line}" for line in unclear),
             "Run again with --go-on to take the month as it is, or put the missing file into the inbox.")  # fmt: skip
    value = {"batch": None, "as_at": as_at.isoformat(), "state": "waiting", "unclear": unclear,
             "supplies": [supply_summary(s) for s in intake.supplies]}  # fmt: skip
    return Outcome(Exit.HELD, value, lines)


def abandoned(batch: Batch) -> Outcome:
    """A batch that was given up."""
    return Outcome(Exit.DONE, {"batch": batch.batch_id, "as_at": batch.as_at.isoformat(), "state": batch.state})
