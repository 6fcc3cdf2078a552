"""`matcher keys`: make, show, rotate, back up and restore the keys of a workspace. Never prints a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.passphrases import ask_new, ask_old
from matcher.cli.workspaces import group_workspace_option, settle_keys, workspace_option

if TYPE_CHECKING:
    from matcher.workspace import Workspace

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("keys", short_help="The keys of a workspace: make, show, rotate, backup, restore.")
@group_workspace_option
def keys() -> None:
    """The keys of a workspace, which lie outside it. Without the registry's key nobody can read the registry.

    Example: matcher keys -w workspace show
    """


def _opened(path: Path) -> Workspace:
    """The workspace at `path`, whatever key is missing. Raises UserError."""
    from matcher.workspace import Workspace

    place = Workspace.open(path, whole=False)
    place.refuse_unfinished_restore()
    settle_keys(place)
    return place


@keys.command("make", short_help="Make keys that are missing and may be made anew.")
@workspace_option
@json_option
def make(workspace: Path, as_json: bool) -> None:
    """Make the keys that are missing and may be made anew, and say what a new key does not bring back.

    A registry's key is never made anew while a registry is there that needs the old one.

    Example: matcher keys -w workspace make
    """
    from matcher.backup.making import make_missing
    from matcher.purge.key_losses import lines

    made = make_missing(_opened(workspace))
    if as_json:
        echo_json({"made": made})
        return
    for name in made:
        click.echo(f"made: {name}")
        for line in lines(name):
            say(f"  {line}")
    if not made:
        say("No key is missing: nothing was made.")


@keys.command("show", short_help="Each key by name, kind and fingerprint; never a key.")
@workspace_option
@json_option
def show(workspace: Path, as_json: bool) -> None:
    """Show each key by name, kind, fingerprint and when it was written, and where the store lies. Never a key or password.

    A fingerprint tells keys apart, and no key can be found from it.

    Example: matcher keys -w workspace show
    """
    from matcher.backup.making import listed

    place = _opened(workspace)
    found = listed(place)
    if as_json:
        echo_json(
            {
                "workspace": place.id,
                "store": place.keys.place.title,
                "keys": [
                    {
                        "name": k.name,
                        "kind": k.kind,
                        "fingerprint": k.fingerprint,
                        "written": k.written,
                        "fault": k.fault,
                    }
                    for k in found
                ],
            }
        )
        return
    say(f"Keys of workspace {place.id}, in {place.keys.place.title}:")
    for key in found:
        when = f"written {key.written:%Y-%m-%d %H:%M}" if key.written else "written at a time not known"
        click.echo(
            f"{key.name}: key of {key.kind}; " + (f"{key.fingerprint}; {when}" if key.fingerprint else "MISSING")
        )
        if key.fault:
            say(f"  {key.name}: {key.fault}")


@keys.command("rotate", short_help="Put new keys in the place of those in use.")
@click.option("--registry", is_flag=True, help="The registry's key.")
@click.option("--signing", is_flag=True, help="The signing key.")
@click.option(
    "--password", "recipients", multiple=True, metavar="RECIPIENT", help="The password of a recipient's files."
)
@workspace_option
@json_option
def rotate(workspace: Path, registry: bool, signing: bool, recipients: tuple[str, ...], as_json: bool) -> None:
    """Put new keys in the place of those in use: of the registry and of signing, or only those that are named.

    What was signed so far can still be checked: the old public key is kept. Backups made so far stay under the old
    registry key, and files handed out so far under the old password. Cut off at any moment, the next command finishes it.

    Example: matcher keys -w workspace rotate
    """
    from matcher.backup.rotation import rotate_password, rotate_registry, rotate_signing

    place = _opened(workspace)
    everything = not (registry or signing or recipients)
    done: dict[str, str | None] = {}
    with place.lock("matcher keys rotate"):
        if registry or everything:
            done["registry"] = rotate_registry(place)
        if signing or everything:
            done["signing"] = rotate_signing(place)
        for recipient in recipients:
            rotate_password(place, recipient)
            done[f"password.{recipient}"] = place.keys.fingerprint(f"password.{recipient}")
    if as_json:
        echo_json({"rotated": done})
        return
    for name, fingerprint in done.items():
        click.echo(f"rotated: {name}; {fingerprint}")
    if "registry" in done:
        say(
            "Backups made so far can be restored only with a backup of the keys of their time. Make new ones of both now."
        )
    if "signing" in done:
        say(
            "The old public key is kept, here and beside signing_key.pub.pem: hand the new one to whoever checks certificates."
        )


@keys.command("backup", short_help="All keys into one file under a passphrase.")
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Write over a file of that name.")
@workspace_option
@json_option
def backup(workspace: Path, file: Path, replace: bool, as_json: bool) -> None:
    """Write all keys into FILE, under a passphrase that is asked for twice (or taken from MATCHER_BACKUP_PASSPHRASE).

    Keys of held batches are left out: what a held batch keeps must go at its end, and a copy of its key would undo that.

    Example: matcher keys -w workspace backup keys.sealed
    """
    from matcher.backup.key_backup import backup_keys, refuse_target

    place = _opened(workspace)
    refuse_target(place, file, replace=replace)
    names = backup_keys(place, file, ask_new(), replace=replace)
    if as_json:
        echo_json({"file": str(file), "keys": names, "left_out": "keys of held batches"})
        return
    click.echo(f"{len(names)} key(s) to {file}.")
    say("Left out: keys of held batches, whose deletion a copy would undo.")
    say("Keep the file apart from the workspace's backup, and the passphrase apart from both.")


@keys.command("restore", short_help="Put back missing keys from their backup.")
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Put older keys in the place of different ones, too.")
@workspace_option
@json_option
def restore(workspace: Path, file: Path, replace: bool, as_json: bool) -> None:
    """Put back the keys that are missing from FILE. Different ones are replaced only with --replace.

    Example: matcher keys -w workspace restore keys.sealed
    """
    from matcher.backup.key_backup import restore_keys
    from matcher.errors import UserError

    place = _opened(workspace)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError("The backup of keys cannot be read.", where=str(file), todo="name the file") from error
    done = restore_keys(place, content, ask_old(), replace=replace)
    if as_json:
        echo_json({"put_back": done.put_back, "replaced": done.replaced, "same": done.same, "warnings": done.warnings})
        return
    for title, names in (("put back", done.put_back), ("replaced", done.replaced)):
        for name in names:
            click.echo(f"{title}: {name}")
    say(f"{len(done.same)} key(s) were the same already.")
    for warning in done.warnings:
        say(f"Warning: {warning}")


COMMANDS = (keys,)
