"""What every command on a workspace begins with: the option -w, opening, and the end of held batches whose time is over.

-w is the command's; of a command group, it may stand before the subcommand as well: `matcher keys -w workspace show`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from matcher.cli.output import say
from matcher.clock import today
from matcher.errors import UserError

if TYPE_CHECKING:
    from matcher.workspace import Workspace

_WORKSPACE = "matcher.workspace"
_HELP = "Folder made by: matcher init"
F = TypeVar("F", bound=Callable[..., object])


def workspace_option(command: F) -> F:
    """The option -w WORKSPACE of a command."""
    return _option(_HELP, required=True, callback=_noted)(command)


def optional_workspace_option(command: F) -> F:
    """The option -w WORKSPACE of a command that can do without one."""
    return _option(_HELP, callback=_noted)(command)


def group_workspace_option(group: F) -> F:
    """The option -w WORKSPACE of a command group, for its subcommand; there it may be given again, and that one counts."""
    return _option(f"{_HELP}; here or after the subcommand", callback=_for_subcommands, expose_value=False)(group)


def _option(says: str, **how: Any) -> Callable[[F], F]:
    return click.option("-w", "--workspace", type=click.Path(path_type=Path), help=says, **how)


def _for_subcommands(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    if path is not None and isinstance(context.command, click.Group):
        context.default_map = {name: {option.name: path} for name in context.command.commands}


def _noted(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        concerns(path)
    return path


def open_workspace(path: Path, *, expire: bool = True, record: bool = True) -> Workspace:
    """Open the workspace at `path`, settle a change of keys that was cut off, enforce the expiry of held batches.

    With `record`, for commands that write, changed settings and policies go into the audit chain. Raises UserError.
    """
    from matcher.expiry import enforce_expiry  # loads the database's libraries: not for every --help
    from matcher.purge.settings_changes import record_changes
    from matcher.workspace import Workspace

    workspace = Workspace.open(path)
    settle_keys(workspace)
    if expire:
        for batch in enforce_expiry(workspace, today()):
            say(f"Batch {batch} was held too long: it has expired, and what it held is destroyed.")
    if record:
        for file in record_changes(workspace):
            say(f"{file} has changed: that is noted in the audit chain.")
    return workspace


def concerns(path: Path) -> None:
    """Note which workspace this command is about: a refusal goes into its audit chain."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().meta[_WORKSPACE] = path


def audit_refusal(context: click.Context, error: UserError) -> None:
    """Put a refused access into the audit chain of the workspace concerned; say so where that cannot be done."""
    from matcher.purge.audit import Audit
    from matcher.workspace import SETTINGS, Workspace

    path = context.find_root().meta.get(_WORKSPACE)
    if path is None or not (path / SETTINGS).is_file():
        return
    try:
        Audit(Workspace.open(path, whole=False)).append(
            "access_refused", why=error.refusal, command=context.invoked_subcommand
        )
    except (UserError, OSError):
        say("This refusal is not in the audit log: the key that signs its entries cannot be reached from here either.")


def settle_keys(workspace: Workspace) -> None:
    """Finish, or take back, a change of keys that was cut off. Raises UserError."""
    from matcher.backup.rotation import settle

    for line in settle(workspace):
        say(line)
