"""`matcher audit`: read the audit chain, hand it out, find whether it was tampered with."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.certificate import public_key_of
from matcher.cli.output import AS_AT, echo_json, json_option, say
from matcher.cli.workspaces import group_workspace_option, open_workspace, optional_workspace_option, workspace_option
from matcher.clock import PLACE
from matcher.errors import Exit, UserError

if TYPE_CHECKING:
    from matcher.purge.chain import Checked, Entry
    from matcher.workspace import Workspace

_WIDTH = 79
_MOST_FAULTS = 100
_FOLDER = click.Path(path_type=Path)


@click.group("audit", short_help="The audit chain: show, export, check for changes.")
@group_workspace_option
def audit() -> None:
    """The audit chain: every run, decision, disclosure, deletion, key event, refusal and changed setting, in its order.

    Example: matcher audit -w workspace show
    """


def _opened(path: Path) -> Workspace:
    """To be read, and to hand out what it says: nothing else happens to the workspace."""
    return open_workspace(path, expire=False, record=False)


@audit.command("show", short_help="The events, newest last, in plain English.")
@workspace_option
@click.option("--since", type=AS_AT, help="Only events from this day on.")
@click.option("--event", metavar="CODE", help="Only events of this code, such as sealed or access_refused.")
@click.option("--batch", help="Only events of this batch.")
@click.option("--last", type=click.IntRange(min=1), help="Only the last so many.")
@json_option
def show(
    workspace: Path, since: dt.date | None, event: str | None, batch: str | None, last: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Show the events in plain English, newest last: counts, ids and roles, never a person.

    Example: matcher audit -w workspace show --since 2013-11-01 --last 20
    """
    from matcher.purge.audit import Audit
    from matcher.purge.audit_events import sentence

    place = _opened(workspace)
    chosen = [
        entry for entry in Audit(place).entries()
        if (since is None or moment(entry).date() >= since)
        and (event is None or entry["event"] == event)
        and (batch is None or entry["counts"].get("batch") == batch)
    ]  # fmt: skip
    chosen = chosen[-last:] if last else chosen
    if as_json:
        told = [
            {k: v for k, v in entry.items() if k != "signature"} | {"in_words": sentence(entry)} for entry in chosen
        ]
        echo_json({"workspace": place.id, "entries": told})
        return
    for line in lines(chosen):
        click.echo(line)
    if not chosen:
        say("No event is like that.")


def moment(entry: Entry) -> dt.datetime:
    """When an entry was written, in the programme's own time."""
    return dt.datetime.fromisoformat(str(entry["at"])).astimezone(PLACE)


def lines(entries: Iterable[Entry]) -> Iterable[str]:
    """Number, day, time and sentence, at most 79 columns wide."""
    from matcher.purge.audit_events import sentence

    for entry in entries:
        head = f"{entry['number']:>6}  {moment(entry):%d/%m/%Y %H:%M}  "
        yield from textwrap.wrap(
            sentence(entry), _WIDTH, initial_indent=head, subsequent_indent=" " * 8, break_on_hyphens=False,
        )  # fmt: skip


@audit.command("export", short_help="The whole chain as a file that can be checked without the workspace.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@workspace_option
@json_option
@click.pass_context
def export(context: click.Context, file: Path, workspace: Path, as_json: bool) -> None:
    """Write the whole chain to FILE.jsonl or FILE.csv, ending with a signed statement and the public keys.

    Whoever has the public key (signing_key.pub.pem in the workspace) can check it: matcher audit check --file FILE.

    Example: matcher audit -w workspace export audit.csv
    """
    from matcher.purge.audit import Audit
    from matcher.purge.audit_export import KINDS
    from matcher.purge.audit_export import export as exported
    from matcher.workspace import write_file

    kind = file.suffix.lower()
    if kind not in KINDS:
        raise click.UsageError(f"name a file that ends in {' or '.join(KINDS)}")
    place = _opened(workspace)
    log = Audit(place)
    entries = log.head()[0]
    log.append("audit_exported", entries=entries, form=kind.removeprefix("."))
    checked = log.checked()
    content = exported(
        log.content(), kind, workspace=place.id, at=dt.datetime.now(dt.UTC), key=place.keys.signing_key(),
        public_keys=place.keys.public_keys(),
    )  # fmt: skip
    write_file(file, content)
    if as_json:
        echo_json({"file": str(file), "entries": len(checked.entries), "whole": not checked.faults})
    else:
        say(f"{len(checked.entries)} entries to {file}.")
        say(f"To check it elsewhere: matcher audit check --file {file.name} --public-key signing_key.pub.pem")
    if checked.faults:
        say(f"The chain has {len(checked.faults)} fault(s), which the file shows too: see matcher audit check.")
        context.exit(int(Exit.RESIDUE))


@audit.command("check", short_help="Whether the chain, or an exported one, is as it was written.")
@optional_workspace_option
@click.option("--file", type=_FOLDER, help="An exported chain, instead of a workspace's.")
@click.option("--public-key", type=_FOLDER, help="The public key (PEM) that signed the exported chain.")
@json_option
@click.pass_context
def check(
    context: click.Context, workspace: Path | None, file: Path | None, public_key: Path | None, as_json: bool
) -> None:
    """Find entries that were edited, removed, put in, doubled, moved or cut off, by line and number. Exit code 6 if any.

    An exported chain needs no workspace: matcher audit check --file audit.csv --public-key signing_key.pub.pem

    Example: matcher audit -w workspace check
    """
    from matcher.purge.audit import Audit

    if file is None:
        if workspace is None:
            raise click.UsageError("Missing option '-w' / '--workspace', or '--file'.", context)
        checked, name, statement = Audit(_opened(workspace)).checked(), "audit.log", None
    else:
        if public_key is None:
            raise click.UsageError(
                "--file needs --public-key: the file signing_key.pub.pem of the workspace it is from"
            )
        from matcher.purge.audit_export import check_export

        checked, statement = check_export(_bytes(file), [public_key_of(public_key)])
        name = file.name
    if as_json:
        told = [{"line": fault.line, "number": fault.number, "what": fault.what} for fault in checked.faults]
        whole = {"file": name, "entries": len(checked.entries), "whole": not told, "faults": told}
        echo_json(whole if file is None else whole | {"exported": _exported(statement)})
    else:
        if statement is not None:
            say(f"Exported from workspace {statement.get('workspace')} at {statement.get('exported_at')}.")
        say(_account(checked))
        for fault in checked.faults[:_MOST_FAULTS]:
            for line in textwrap.wrap(f"{name} {fault}", _WIDTH, subsequent_indent="  ", break_long_words=False):
                say(line)
        if len(checked.faults) > _MOST_FAULTS:
            say(f"... and {len(checked.faults) - _MOST_FAULTS} more; --json lists all")
    if checked.faults:
        context.exit(int(Exit.RESIDUE))


def _account(checked: Checked) -> str:
    count = f"{len(checked.entries)} entries"
    return f"{count}, {len(checked.faults)} fault(s):" if checked.faults else f"{count}: the chain is whole."


def _exported(statement: dict[str, Any] | None) -> dict[str, Any] | None:
    wanted = ("workspace", "exported_at", "entries", "signed_by")
    return None if statement is None else {name: statement.get(name) for name in wanted}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError("The file cannot be read.", where=str(path), todo="name a file that is there") from error


COMMANDS = (audit,)
