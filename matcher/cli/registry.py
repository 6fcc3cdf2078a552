"""`matcher registry`: the registry on a PostgreSQL server: the administrator's SQL, the password, the move there."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.workspaces import group_workspace_option, workspace_option
from matcher.errors import UserError


@click.group("registry", short_help="The registry on a PostgreSQL server.")
@group_workspace_option
def registry() -> None:
    """The registry on a PostgreSQL server instead of the file in the workspace.

    Example: matcher registry sql
    """


@registry.command("sql", short_help="The SQL that makes the roles on the server.")
def sql() -> None:
    """Print the SQL that the server's administrator runs once, in the database that shall hold the registry.

    Example: matcher registry sql
    """
    from matcher.registry.roles import administrator_sql

    click.echo(administrator_sql(), nl=False)


@registry.command("password", short_help="Keep the login's password in the key store.")
@workspace_option
def password(workspace: Path) -> None:
    """Ask for the password of the server's login and keep it in the key store; from a pipe, its first line is taken.

    PGPASSWORD goes before it, and where neither is there libpq's own password file is used.

    Example: matcher registry -w workspace password
    """
    from matcher.purge.audit import Audit
    from matcher.workspace import REGISTRY_PASSWORD, Workspace

    place = Workspace.open(workspace, whole=False)
    if place.server is None:
        raise UserError(
            "The registry of this workspace is a file, which has no password.",
            where=str(place.root),
            todo="name the server in matcher.toml first ([registry] url)",
        )
    if sys.stdin is not None and sys.stdin.isatty():
        given = click.prompt("Password of the server's login", hide_input=True, err=True)
    else:
        given = (sys.stdin.readline() if sys.stdin is not None else "").rstrip("\r\n")
    if not given:
        raise UserError("No password was given.", todo="type it, or pipe it in as one line")
    place.keys.put(REGISTRY_PASSWORD, given.encode("utf-8"))
    Audit(place).append("registry_password_kept")
    say(f"Kept in {place.keys.place.title}.")


@registry.command("move", short_help="Move the families from the file to the server.")
@workspace_option
@json_option
def move(workspace: Path, as_json: bool) -> None:
    """Move the registry from the workspace's file to the server that matcher.toml names, and destroy the file.

    The server's registry must be empty. Run twice, or cut off, it ends the same: the file goes only once everything is there.

    Example: matcher registry -w workspace move
    """
    from matcher.purge.audit import Audit
    from matcher.registry.moving import move_to_server
    from matcher.workspace import Workspace

    place = Workspace.open(workspace, whole=False)
    place.refuse_unfinished_restore()
    with place.lock():
        counts = move_to_server(place)
    Audit(place).append("registry_moved", families=counts["family"], people=counts["person"], records=counts["record"])
    if as_json:
        echo_json({"workspace": place.id, "server": str(place.server), "rows": counts})
        return
    say(f"{counts['family']} families and {counts['person']} people are on {place.server}; the file is destroyed.")


COMMANDS = (registry,)
