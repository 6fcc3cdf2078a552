"""`matcher status` and `matcher expire`: batches and their state, what waits for whom until when, reviews due."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.workspaces import open_workspace, workspace_option
from matcher.clock import today

if TYPE_CHECKING:
    from matcher.registry import Batch, Registry
    from matcher.workspace import Workspace

_INTERRUPTED = {
    "open": "it was interrupted: matcher resume, or matcher abandon",
    "matching": "it was interrupted: matcher resume, or matcher abandon",
    "sealing": "it was interrupted: matcher resume",
}
_LOST = "matcher abandon, and run the month again: the key of what was held is gone"


@click.command("status", short_help="Batches and their state, what waits for whom, until when.")
@workspace_option
@json_option
def status(workspace: Path, as_json: bool) -> None:
    """Show the batches and their state, what waits for whom and until when, and which reviews are due.

    Example: matcher status -w workspace
    """
    from matcher.registry import Registry
    from matcher.rights.overview import lines, overview

    place = open_workspace(workspace, record=False)
    with Registry.open(place) as registry:
        holder = place.holder()  # before the states are read: what is asked of a finished run would be wrong
        batches = [_batch(batch, registry, place, running=holder is not None) for batch in registry.batches()]
        due = overview(place, registry, today())
        active = len(set(registry.families(restricted=True)["family_id"].to_pylist()))
    told = {
        "workspace": place.id,
        "name": place.settings.workspace.name,
        "families": active,
        "running": asdict(holder) if holder else None,
        "batches": batches,
        "waiting": [batch["batch"] for batch in batches if batch["next"]],
        **due,
    }
    if as_json:
        echo_json(told)
        return
    click.echo(f"Workspace {place.id} ({place.settings.workspace.name}): {active} families on the programme")
    if holder is not None:
        click.echo(f"Running: {holder}")
    if not batches and holder is None:
        click.echo("No batch yet. Begin with: matcher run INBOX -w WORKSPACE --as-at DATE")
    for batch in batches:
        click.echo(
            f"{batch['batch']:<15} {batch['state']:<10} since {batch['since']:%d/%m/%Y %H:%M} UTC{_waits(batch)}"
        )
        if batch["next"]:
            click.echo(f"{'':<16}next: {batch['next']}")
    for line in lines(due):
        click.echo(line)


def _batch(batch: Batch, registry: Registry, workspace: Workspace, *, running: bool) -> dict[str, Any]:
    from matcher.expiry import held_until

    held = batch.state == "held"
    questions = registry.questions(batch.batch_id) if held else []
    undecided = sum(1 for question in questions if question.answer is None)
    waits_for = batch.waits_for or workspace.settings.review.roles[0] if held else None
    until: dt.date | None = held_until(batch, workspace.settings.hold.days) if held else None
    lost = held and workspace.held_path(batch.batch_id).exists() and workspace.keys.held_key(batch.batch_id) is None
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
        "next": _LOST if lost else _next(batch.state, waits_for, undecided, running=running),
    }


def _next(state: str, waits_for: str | None, undecided: int, *, running: bool) -> str | None:
    if state != "held":
        return "wait while it runs" if running and state in _INTERRUPTED else _INTERRUPTED.get(state)
    steps = ["answer its questions (matcher review list)"] if undecided else []
    return ", then ".join([*steps, "matcher resume --supply FILE" if waits_for == "DWP" else "matcher resume"])


def _waits(batch: dict[str, Any]) -> str:
    if batch["replaced_by"]:
        return f"; replaced by {batch['replaced_by']}"
    if batch["state"] != "held":
        return ""
    questions = f", {batch['questions_open']} of {batch['questions']} questions open" if batch["questions"] else ""
    return f"; waits for {batch['waits_for']} until {batch['until']:%d/%m/%Y}{questions}"


@click.command("expire", short_help="Destroy what is past its time (for the scheduler).")
@workspace_option
@json_option
def expire(workspace: Path, as_json: bool) -> None:
    """Destroy what held batches keep whose time is over (every other command does it too), the lists of people in outbox/ that
    are past the policy's time, and what a crash left of a deletion. Families are deleted by a person alone.

    Example: matcher expire -w workspace
    """
    from matcher.expiry import enforce_expiry
    from matcher.registry import Registry
    from matcher.rights.erasing import finish
    from matcher.rights.outbox import destroy_past
    from matcher.rights.policy import retention_policy

    place = open_workspace(workspace, expire=False)
    expired = enforce_expiry(place, today())
    with Registry.open(place) as registry:
        finished = finish(place, registry)
        past, certificates = destroy_past(place, registry, retention_policy(place, today()), today())
    if as_json:
        told = {"files_destroyed": [one.file for one in past], "certificates": certificates, "erased_again": finished}
        echo_json({"expired": expired, **told})
        return
    say(f"Expired: {', '.join(expired)}" if expired else "No held batch is past its time.")
    say(f"{len(past)} list(s) past their time destroyed." if past else "No list in outbox/ is past its time.")
    if finished:
        say(f"{finished} families and people that were deleted before are erased again.")


COMMANDS = (status, expire)
