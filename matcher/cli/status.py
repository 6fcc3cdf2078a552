"""`matcher status` and `matcher expire`: batches and their state, what waits for whom until when, reviews due."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.output import echo_json, say
from matcher.cli.workspaces import open_workspace, workspace_option
from matcher.clock import today

if TYPE_CHECKING:
    from matcher.registry import Batch, Registry
    from matcher.workspace import Workspace

_NEXT = {
    "open": "matcher resume, or matcher abandon",
    "matching": "wait while it runs; if it was interrupted: matcher resume",
    "sealing": "wait while it runs; if it was interrupted: matcher resume",
}


@click.command("status", short_help="Batches and their state, what waits for whom, until when.")
@workspace_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(workspace: Path, as_json: bool) -> None:
    """Show the batches and their state, what waits for whom and until when, and which reviews are due.

    Example: matcher status -w workspace
    """
    from matcher.registry import Registry

    place = open_workspace(workspace)
    with Registry.open(place) as registry:
        batches = [_batch(batch, registry, place) for batch in registry.batches()]
        due = registry.reviews_due(today())
        active = len(set(registry.families(restricted=True)["family_id"].to_pylist()))
    reviews: dict[str, int] = {}
    for area in due["area"].to_pylist():
        reviews[area] = reviews.get(area, 0) + 1
    told = {
        "workspace": place.id,
        "name": place.settings.workspace.name,
        "families": active,
        "batches": batches,
        "waiting": [batch["batch"] for batch in batches if batch["next"]],
        "reviews_due": {"families": due.num_rows, "by_area": reviews},
    }
    if as_json:
        echo_json(told)
        return
    click.echo(f"Workspace {place.id} ({place.settings.workspace.name}): {active} families on the programme")
    if not batches:
        click.echo("No batch yet. Begin with: matcher run INBOX -w WORKSPACE --as-at DATE")
    for batch in batches:
        click.echo(
            f"{batch['batch']:<15} {batch['state']:<10} since {batch['since']:%d/%m/%Y %H:%M} UTC{_waits(batch)}"
        )
        if batch["next"]:
            click.echo(f"{'':<16}next: {batch['next']}")
    if due.num_rows:
        by_area = ", ".join(f"{area} {count}" for area, count in sorted(reviews.items()))
        click.echo(f"Reviews due: {due.num_rows} families ({by_area})")


def _batch(batch: Batch, registry: Registry, workspace: Workspace) -> dict[str, Any]:
    from matcher.expiry import held_until

    held = batch.state == "held"
    questions = registry.questions(batch.batch_id) if held else []
    undecided = sum(1 for question in questions if question.answer is None)
    waits_for = batch.waits_for or workspace.settings.review.roles[0] if held else None
    until: dt.date | None = held_until(batch, workspace.settings.hold.days) if held else None
    return {
        "batch": batch.batch_id,
        "as_at": batch.as_at,
        "state": batch.state,
        "since": batch.changed_at,
        "opened": batch.opened_at,
        "sealed": batch.sealed_at,
        "waits_for": waits_for,
        "until": until,
        "questions": len(questions),
        "questions_open": undecided,
        "replaces": batch.replaces,
        "replaced_by": batch.replaced_by,
        "figures": batch.figures,
        "next": _next(batch.state, waits_for, undecided),
    }


def _next(state: str, waits_for: str | None, undecided: int) -> str | None:
    if state != "held":
        return _NEXT.get(state)
    steps = ["answer its questions (matcher review list)"] if undecided else []
    return ", then ".join([*steps, "matcher resume --supply FILE" if waits_for == "DWP" else "matcher resume"])


def _waits(batch: dict[str, Any]) -> str:
    if batch["replaced_by"]:
        return f"; replaced by {batch['replaced_by']}"
    if batch["state"] != "held":
        return ""
    questions = f", {batch['questions_open']} of {batch['questions']} questions open" if batch["questions"] else ""
    return f"; waits for {batch['waits_for']} until {batch['until']:%d/%m/%Y}{questions}"


@click.command("expire", short_help="Destroy held batches whose time is over (for the scheduler).")
@workspace_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def expire(workspace: Path, as_json: bool) -> None:
    """Destroy what held batches keep whose time is over; every other command does it too.

    Example: matcher expire -w workspace
    """
    from matcher.expiry import enforce_expiry

    expired = enforce_expiry(open_workspace(workspace, expire=False), today())
    if as_json:
        echo_json({"expired": expired})
    else:
        say(f"Expired: {', '.join(expired)}" if expired else "No held batch is past its time.")


COMMANDS = (status, expire)
