"""The `matcher` command: one file a command group, each command thin over a function.

A module of this package that defines `COMMANDS` adds those commands. Messages go to stderr, results to stdout; an
unexpected fault prints its type and place, never its text, since that may hold a value of an extract.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn, cast

import click

from matcher import __version__
from matcher.cli.output import Visible, say
from matcher.cli.workspaces import audit_refusal
from matcher.errors import Exit, UserError
from matcher.memory import no_core_dumps


class _Commands(click.Group):
    """Commands, each loaded when it is called, and of which a refused access is audited before it is told."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        modules = {module.name for module in pkgutil.iter_modules(__path__)}
        for module in (cmd_name, *sorted(modules)):  # most commands stand in a module of their name
            if cmd_name in self.commands:
                break
            if module in modules:
                for command in getattr(importlib.import_module(f"{__name__}.{module}"), "COMMANDS", ()):
                    self.add_command(command)
        return self.commands.get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        self.get_command(ctx, "")  # no command's name: every module is looked through
        return super().list_commands(ctx)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            if error.refusal:
                audit_refusal(ctx, error)
            raise


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="matcher")
def cli() -> None:
    """Match one month's extracts, keep the qualifying families, prove that the rest is gone.

    Example: matcher run inbox -w workspace --as-at 2013-10-31
    """


def where_it_failed(error: BaseException) -> str:
    """The frames of a traceback as file:line:function, without messages or source, which could hold values."""
    root = Path(__file__).parent.parent.parent
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        frames.append(f"  {name}:{frame.lineno} in {frame.name}")
    return "\n".join(frames)


def main() -> NoReturn:
    """Run the command line; always leaves by SystemExit with a code of the contract."""
    no_core_dumps()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="replace")
    if sys.stdout is not None:
        sys.stdout = cast(Any, Visible(sys.stdout))
    try:
        code = cli.main(standalone_mode=False)
        gc.freeze()  # the process ends: no search for cycles among all that was loaded, which takes a third of a second
        sys.exit(code if isinstance(code, int) else Exit.DONE)
    except UserError as error:
        say(str(error))
        sys.exit(int(error.code))
    except click.exceptions.Abort:
        click.echo("Stopped by the user.", err=True)
        sys.exit(int(Exit.FAILED))
    except click.ClickException as error:
        error.show()
        sys.exit(int(Exit.USAGE))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # stdout
        sys.exit(int(Exit.FAILED))
    except OSError as error:
        told = f"Could not read or write: {error.strerror or type(error).__name__}."
        where = error.filename if isinstance(error.filename, str) else ""
        say(str(UserError(told, where=where, todo="check the disk's space and rights, and run the command again")))
        sys.exit(int(Exit.FAILED))
    except Exception as error:
        click.echo(
            f"matcher failed: {type(error).__name__}. Nothing that was received has been lost by this.", err=True
        )
        click.echo(where_it_failed(error), err=True)
        click.echo(
            "  to do: run the command again; if it fails again, report these lines (they hold no data).", err=True
        )
        sys.exit(int(Exit.FAILED))
