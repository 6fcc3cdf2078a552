"""`matcher retention`: reviews due, keeping and deleting families, files past their time, confirmations of destruction."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path

import click

from matcher.cli.output import AS_AT, echo_json, json_option, say
from matcher.cli.workspaces import group_workspace_option, open_workspace, workspace_option
from matcher.clock import today
from matcher.errors import UserError

_role = click.option("--by", "role", required=True, help="The role that decides, as in [review] roles; never a name.")


@click.group("retention", short_help="Reviews due, deletion of families, files past their time.")
@group_workspace_option
def retention() -> None:
    """What is kept, how long, and its deletion: a person decides about families, files go by their time.

    Example: matcher retention -w workspace list
    """


@retention.command("list", short_help="What is due: reviews, files past their time, confirmations.")
@workspace_option
@json_option
def list_due(workspace: Path, as_json: bool) -> None:
    """List the families due for review, the files past their time, and what recipients have not confirmed destroyed.

    Example: matcher retention -w workspace list
    """
    from matcher.registry import Registry
    from matcher.rights.destruction import CONFIRMED, IN_USE, handed_out
    from matcher.rights.outbox import past_time
    from matcher.rights.policy import retention_policy
    from matcher.rights.reviews import by_area, reviews_due

    place, now = open_workspace(workspace), today()
    policy = retention_policy(place, now)
    with Registry.open(place) as registry:
        reviews = reviews_due(registry, policy, now)
        files = past_time(place, registry, policy, now)
        handed = handed_out(registry, now, policy.confirm_days)
    waiting = [one for one in handed if one.state not in (CONFIRMED, IN_USE)]
    if as_json:
        echo_json({
            "policy": policy.title, "today": now, "families": [asdict(one) for one in reviews],
            "by_area": by_area(reviews), "files": [asdict(one) for one in files],
            "handed_out": [asdict(one) for one in handed],
        })  # fmt: skip
        return
    click.echo(f"Families due for review: {len(reviews)}")
    for one in reviews:
        click.echo(
            f"  {one.family_id}  {one.area:<8} due {one.due:%d/%m/%Y} ({one.days_over} days ago), {one.why}; identified "
            f"{one.identified_on:%d/%m/%Y}, last found by {one.confirmed_batch}; {one.people} people, {one.records} records"
        )
    if reviews:
        areas = ", ".join(f"{area} {count}" for area, count in by_area(reviews).items())
        click.echo(f"  by area: {areas}; decide each with: matcher retention keep, or: matcher retention delete")
    click.echo(f"Files past their time: {len(files)}")
    for file in files:
        click.echo(f"  {file.file}  due {file.due:%d/%m/%Y}, {file.why}")
    click.echo(f"Handed out and not confirmed destroyed: {len(waiting)}")
    for handed_one in waiting:
        click.echo(
            f"  {handed_one.recipient}  {handed_one.file}  since {handed_one.since:%d/%m/%Y}: {handed_one.state}"
        )


@retention.command("keep", short_help="Keep a family after its review.")
@click.argument("family")
@workspace_option
@click.option("--reason", required=True, help="Why, as a code; an unknown one lists them all.")
@_role
@click.option(
    "--until", type=AS_AT, help="Date of the next review; default and latest: the policy's period from today."
)
@json_option
def keep(family: str, workspace: Path, reason: str, role: str, until: dt.date | None, as_json: bool) -> None:
    """Keep FAMILY after its review, until the next one.

    Example: matcher retention -w workspace keep F-ABCDEFGH --reason still_supported --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.policy import retention_policy
    from matcher.rights.reviews import keep as keep_family

    place, now, family = open_workspace(workspace), today(), family.strip().upper()
    role = role_of(place.settings, role)
    with Registry.open(place) as registry:
        policy = retention_policy(place, now)
        day = keep_family(place, registry, policy, family, reason=reason, role=role, until=until, today=now)
    if as_json:
        echo_json({"family": family, "reason": reason, "review_due": day})
    else:
        say(f"{family} is kept; its next review is due on {day:%d/%m/%Y}.")


@retention.command("delete", short_help="Delete families to a bare marker, with a certificate.")
@click.argument("families", nargs=-1, required=True)
@workspace_option
@click.option("--reason", required=True, help="Why, as a code; an unknown one lists them all.")
@_role
@json_option
def delete(families: tuple[str, ...], workspace: Path, reason: str, role: str, as_json: bool) -> None:
    """Delete FAMILIES: every row, the lists in outbox/ that name them; then search for what they held, and certify.

    What was merged into them goes with them. It cannot be undone. Ends with exit code 6 where the search finds anything.

    Example: matcher retention -w workspace delete F-ABCDEFGH --reason no_further_risk --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.erasing import erase
    from matcher.rights.policy import retention_policy

    place, now = open_workspace(workspace), today()
    role = role_of(place.settings, role)
    with Registry.open(place) as registry:
        done = erase(
            place, registry, retention_policy(place, now), families=[one.strip().upper() for one in families],
            reason=reason, role=role, today=now,
        )  # fmt: skip
    if as_json:
        echo_json({
            "families": done.families, "people": done.people, "lists_destroyed": done.lists,
            "not_confirmed": [asdict(one) for one in done.waiting], "certificate": done.certificate,
        })  # fmt: skip
        return
    if not done.certificate:
        say("They were deleted before; nothing is left to delete.")
        return
    say(f"Deleted: {len(done.families)} families, {done.people} people. Nothing of them was found afterwards.")
    for file in done.lists:
        say(f"  destroyed with them: {file}")
    recipients = sorted({one.recipient for one in done.waiting})
    if recipients:
        say(f"  still with recipients, to be confirmed destroyed: {', '.join(recipients)}")
    click.echo(done.certificate)


@retention.command("outbox", short_help="Destroy the lists of people in outbox/ that are past their time.")
@workspace_option
@json_option
def outbox(workspace: Path, as_json: bool) -> None:
    """Destroy the lists of people in outbox/ that are past the policy's time; `matcher expire` does it too.

    Counts stay: finance, published, assurance, report.

    Example: matcher retention -w workspace outbox
    """
    from matcher.registry import Registry
    from matcher.rights.outbox import destroy_past
    from matcher.rights.policy import retention_policy

    place, now = open_workspace(workspace), today()
    with Registry.open(place) as registry:
        past, certificates = destroy_past(place, registry, retention_policy(place, now), now)
    if as_json:
        echo_json({"files": [asdict(one) for one in past], "certificates": certificates})
        return
    say(f"{len(past)} file(s) past their time destroyed." if past else "No file is past its time.")
    for path in certificates:
        click.echo(path)


@retention.command("confirm", short_help="Record that a recipient destroyed what it was handed.")
@workspace_option
@click.option("--recipient", required=True, help="The recipient's id, as matcher retention list shows it.")
@click.option("--batch", help="Everything it was handed of this batch.")
@click.option("--file", "file", help="This file alone, as matcher retention list shows it.")
@_role
@click.option("--on", type=AS_AT, required=True, help="The day on which the recipient destroyed it.")
@json_option
def confirm(
    workspace: Path, recipient: str, batch: str | None, file: str | None, role: str, on: dt.date, as_json: bool
) -> None:
    """Record a recipient's confirmation that lists were destroyed, with every copy.

    Example: matcher retention -w workspace confirm --recipient dwp --batch 2013-10-31-1 --by "Programme information manager" --on 2013-12-02
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.destruction import confirm as record

    if (batch is None) == (file is None):
        raise click.UsageError("name what was destroyed: --batch BATCH, or --file FILE")
    place = open_workspace(workspace)
    role = role_of(place.settings, role)
    with Registry.open(place) as registry:
        new = record(place, registry, recipient=recipient, batch=batch, file=file, role=role, on=on, today=today())
    if as_json:
        echo_json({"recipient": recipient, "new": new})
    else:
        say(f"{new} confirmation(s) recorded." if new else "That was confirmed before.")


@retention.command("chase", short_help="Reminders to recipients who have not confirmed a destruction.")
@workspace_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder for a text file a recipient; else stdout."
)
@json_option
def chase(workspace: Path, output: Path | None, as_json: bool) -> None:
    """Write a reminder for every recipient with lists that were superseded and are not confirmed destroyed.

    Example: matcher retention -w workspace chase -o reminders
    """
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.rights.destruction import CONFIRMED, IN_USE, Handed, handed_out, letter
    from matcher.rights.policy import retention_policy
    from matcher.workspace import write_file

    place, now = open_workspace(workspace), today()
    with Registry.open(place) as registry:
        handed = handed_out(registry, now, retention_policy(place, now).confirm_days)
    waiting: dict[str, list[Handed]] = {}
    for one in handed:
        if one.state not in (CONFIRMED, IN_USE):
            waiting.setdefault(one.recipient, []).append(one)
    legal = place.settings.legal
    letters = {
        recipient: letter(
            recipient, mine, controller=legal.controller, agreement=legal.agreement, role=legal.operator_role
        )
        for recipient, mine in sorted(waiting.items())
    }
    if letters:
        Audit(place).append("destruction_chased", recipients=list(letters), files=sum(map(len, waiting.values())))
    if as_json:
        echo_json({"recipients": {name: [asdict(one) for one in mine] for name, mine in sorted(waiting.items())}})
    if output is not None:
        if not output.is_dir():
            raise UserError("There is no such folder.", where=str(output), todo="make it first")
        for recipient, text in letters.items():
            write_file(output / f"{recipient}.txt", text.encode("utf-8"))
        say(f"{len(letters)} reminder(s) written.")
    elif not as_json:
        click.echo("\n".join(letters.values()) if letters else "Nothing is outstanding.", nl=not letters)


COMMANDS = (retention,)
