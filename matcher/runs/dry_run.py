"""`matcher run --dry-run`: what would come out. Writes the summary alone, which holds no person, and deletes nothing."""

from __future__ import annotations

import datetime as dt
import json

from matcher.errors import Exit
from matcher.extracts import Inbox, Intake
from matcher.extracts.feedback import supply_summary
from matcher.month import match
from matcher.purge.audit import Audit
from matcher.runs.figures import figures_of
from matcher.runs.kept import plan_of
from matcher.runs.options import Outcome, Run

BATCH = "dry-run"


def report(run: Run, inbox: Inbox, intake: Intake, as_at: dt.date) -> Outcome:
    """Match in memory and say what would be kept and deleted."""
    month = match(intake, run.rules, as_at, known=run.registry.known_records(), stages=run.stages)
    _, plan = plan_of(f"{as_at.isoformat()}-1", as_at, month.tables, run.registry.known(), run.rules)
    figures = figures_of(month, run.rules)
    kept = int((plan.records["part"].to_numpy() == 0).sum())
    value = {
        "batch": None,
        "as_at": as_at.isoformat(),
        "state": BATCH,
        "supplies": [supply_summary(supply) for supply in intake.supplies],
        "records": figures.records,
        "candidate_pairs": figures.candidate_pairs,
        "persons": figures.persons,
        "households": figures.households,
        "families": figures.families,
        "records_kept": kept,
        "records_deleted": figures.records - kept,
        "one_short_not_assessable": figures.one_short_not_assessable,
        "seconds": {name: round(seconds, 3) for name, seconds in run.stages.seconds.items()},
        "peak_rss_mb": figures.peak_rss_mb,
        "outputs": [f"outbox/dry-run/{as_at.isoformat()}.json"],
        "warnings": figures.warnings,
    }
    stored = {name: item for name, item in value.items() if name != "supplies"}
    run.workspace.write(
        f"outbox/dry-run/{as_at.isoformat()}.json", (json.dumps(stored, indent=2) + "\n").encode("utf-8")
    )
    Audit(run.workspace).append(
        "dry_run", made_up=inbox.made_up, supplies=len(intake.supplies), records=figures.records
    )
    if not inbox.made_up:
        run.console.say(
            "Nothing was deleted. The duty to delete stands: these files must be matched for good, or destroyed."
        )
    families = figures.families
    lines = (
        f"Dry run as at {as_at}: nothing kept, nothing deleted.",
        f"  {figures.records:,} rows, {figures.persons:,} people, {figures.households:,} households",
        f"  {families['automatic']:,} families by all criteria, {families['discretion']:,} by local discretion",
        f"  {kept:,} records would be kept, {figures.records - kept:,} deleted",
        *(f"Warning: {warning}" for warning in figures.warnings if warning not in intake.warnings),
    )
    return Outcome(Exit.DONE, value, lines)
