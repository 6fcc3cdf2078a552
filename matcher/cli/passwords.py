"""`matcher passwords`: the passwords of protected files, by recipient. They stand in the key store and nowhere else."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.workspaces import group_workspace_option, open_workspace, workspace_option
from matcher.errors import UserError


@click.group("passwords", short_help="Show the password of a recipient's protected files.")
@group_workspace_option
def passwords() -> None:
    """The passwords of protected files, one for each recipient. Pass them on by another way than the files.

    Example: matcher passwords -w workspace list
    """


@passwords.command("list", short_help="The recipients that have a password.")
@workspace_option
@json_option
def list_recipients(workspace: Path, as_json: bool) -> None:
    """List the recipients that have a password, without the passwords.

    Example: matcher passwords -w workspace list
    """
    recipients = open_workspace(workspace, record=False).keys.recipients()
    if as_json:
        echo_json({"recipients": recipients})
        return
    if not recipients:
        say("No recipient has a password yet: they are made when the first protected file is written.")
    for recipient in recipients:
        click.echo(recipient)


@passwords.command("show", short_help="The password of one recipient.")
@click.argument("recipient")
@workspace_option
@json_option
def show(recipient: str, workspace: Path, as_json: bool) -> None:
    """Show the password of RECIPIENT's protected files. That it was shown is audited.

    Example: matcher passwords -w workspace show programme_office
    """
    from matcher.purge.audit import Audit

    place = open_workspace(workspace)
    if recipient not in place.keys.recipients():
        raise UserError(
            "That recipient has no password.", todo="see the recipients with: matcher passwords list",
            refusal="no_such_password",
        )  # fmt: skip
    Audit(place).append("password_shown", recipient=recipient)
    password = place.keys.password(recipient)
    if as_json:
        echo_json({"recipient": recipient, "password": password})
    else:
        click.echo(password)


COMMANDS = (passwords,)
