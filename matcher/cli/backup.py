"""`matcher backup` and `matcher restore`: the registry and what belongs to it in one file, and back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.passphrases import ask_new, ask_old
from matcher.cli.workspaces import open_workspace, workspace_option

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup", short_help="Registry, settings, audit log and certificates into one file.")
@workspace_option
@click.argument("file", type=_FILE)
@click.option(
    "--with-keys", is_flag=True, help="The keys too, under a passphrase (MATCHER_BACKUP_PASSPHRASE or typed)."
)
@click.option("--replace", is_flag=True, help="Write over a file of that name.")
@json_option
def backup(workspace: Path, file: Path, with_keys: bool, replace: bool, as_json: bool) -> None:
    """Write the registry (encrypted under its own key), settings, policies, areas, audit log, public keys and certificates
    into FILE. Lists of people, received files and what held batches keep are left out.

    Example: matcher backup -w workspace backup-2013-10-31.zip
    """
    from matcher.backup.key_backup import refuse_target
    from matcher.backup.writing import back_up

    place = open_workspace(workspace)
    refuse_target(place, file, replace=replace)
    done = back_up(place, file, passphrase=ask_new() if with_keys else None, replace=replace)
    if as_json:
        echo_json(
            {
                "file": str(file),
                "bytes": done.size,
                "files": done.files,
                "batches": done.batches,
                "audit_entries": done.audit_entries,
                "keys": done.keys,
            }
        )
        return
    click.echo(
        f"{len(done.files)} file(s), {done.size:,} bytes, to {file}: up to entry {done.audit_entries} of the audit log."
    )
    if with_keys:
        say(f"{done.keys} key(s) are in it, under the passphrase; keys of held batches are left out.")
    else:
        say("The keys are not in it: back them up apart, with: matcher keys backup. Without them nobody can read it.")


@click.command("restore", short_help="Put a backup back, and erase again what was erased since.")
@workspace_option
@click.argument("file", type=_FILE)
@click.option("--keys", "keys_file", type=_FILE, help="Backup of the keys (matcher keys backup), where they are lost.")
@click.option(
    "--chain-lost",
    is_flag=True,
    help="Go on although the audit log since the backup is lost: audited, and stays visible.",
)
@json_option
def restore(workspace: Path, file: Path, keys_file: Path | None, chain_lost: bool, as_json: bool) -> None:
    """Put the registry back as it was at the backup, and erase again at once what the audit log says was erased since.

    The audit log in the workspace is kept and goes on. Files that are missing are put back, others stay. Cut off, it is
    finished by running it again; no other command runs before.

    Example: matcher restore -w workspace backup-2013-10-31.zip
    """
    from matcher.backup.restoring import restore as put_back

    done = put_back(
        workspace, file, passphrase=ask_old, keys_file=keys_file, chain_lost=chain_lost, go_on=_told
    )  # fmt: skip
    if as_json:
        echo_json(
            {
                "backup_of": done.backup_of,
                "audit_at_backup": done.audit_at_backup,
                "audit_entries_since": done.audit_entries_since,
                "chain_lost": done.chain_lost,
                "erased_again": done.erased_again,
                "batches_lost": done.lost_batches,
                "batches_given_up": done.given_up,
                "batches_going_on": done.goes_on,
                "held_files_destroyed": done.held_files_destroyed,
                "keys_put_back": done.keys,
                "files_put_back": done.written,
                "files_kept": done.kept,
                "signed_by": done.signed_by,
            }
        )
        return
    again = done.erased_again
    click.echo(f"Restored as at {done.backup_of}.")
    click.echo(
        f"Erased again, since they were erased after it: families {again['families_erased']}, people {again['people_erased']}."
    )
    for line in done.told():
        say(line)


def _told(lines: list[str]) -> bool:
    """Say what will be lost; at a keyboard, ask."""
    for line in lines:
        say(line)
    if sys.stdin is not None and sys.stdin.isatty():
        return click.confirm("Go on?", err=True)
    return True


COMMANDS = (backup, restore)
