"""What every command on a workspace begins with: open it, and let held batches expire whose time is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from matcher.cli.output import say
from matcher.clock import today

if TYPE_CHECKING:
    from matcher.workspace import Workspace

F = TypeVar("F", bound=Callable[..., object])


def workspace_option(command: F) -> F:
    """The option -w WORKSPACE."""
    option = click.option(
        "-w", "--workspace", required=True, type=click.Path(path_type=Path), help="Folder made by: matcher init"
    )
    return option(command)


def open_workspace(path: Path, *, expire: bool = True) -> Workspace:
    """Open the workspace at `path`, settle a change of keys that was cut off, enforce the expiry of held batches.

    Raises UserError.
    """
    from matcher.expiry import enforce_expiry  # loads the database's libraries: not for every --help
    from matcher.workspace import Workspace

    workspace = Workspace.open(path)
    settle_keys(workspace)
    if expire:
        for batch in enforce_expiry(workspace, today()):
            say(f"Batch {batch} was held too long: it has expired, and what it held is destroyed.")
    return workspace


def settle_keys(workspace: Workspace) -> None:
    """Finish, or take back, a change of keys that was cut off. Raises UserError."""
    from matcher.backup.rotation import settle

    for line in settle(workspace):
        say(line)
