"""`matcher init`: make a workspace, or complete one. Never overwrites."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.cli.output import echo_json, json_option, say, wrapped


@click.command("init", short_help="Make a workspace, or complete one.")
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option(
    "--registry",
    default="",
    metavar="URL",
    help="Keep the families on this PostgreSQL server: postgresql://host:port/name.",
)
@json_option
def init(workspace: Path, registry: str, as_json: bool) -> None:
    """Make the workspace WORKSPACE: settings, policies, areas, inbox, outbox, the encrypted registry and its keys.

    What exists is left as it is, so that it may be run again to complete a workspace. The registry is a file in it, unless
    --registry or matcher.toml names a server whose administrator has run what `matcher registry sql` prints.

    Example: matcher init workspace
    """
    from matcher.purge.audit import Audit
    from matcher.purge.certificate import fingerprint
    from matcher.purge.keys import REGISTRY, SIGNING
    from matcher.purge.settings_changes import record_changes
    from matcher.workspace import AUDIT, PUBLIC_KEY, Workspace

    before = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*")} if workspace.is_dir() else set()
    made = Workspace.create(workspace, registry=registry)
    new = sorted(name for path in made.root.rglob("*") if (name := made.relative(path)) not in before)
    told = [entry["counts"].get("key", entry["event"]) for entry in Audit(made).entries()]
    first = "workspace_made" not in told  # also where it was cut off before it could be told
    for key in (REGISTRY, SIGNING) if first or PUBLIC_KEY in new else ():
        if key not in told:
            Audit(made).append("key_made", key=key)
    if new or first:
        files = sum(not path.name.startswith((".", AUDIT)) for path in made.root.rglob("*")) if first else len(new)
        Audit(made).append("workspace_made", files=files)
    record_changes(made)
    if as_json:
        echo_json(
            {
                "workspace": str(made.root),
                "id": made.id,
                "made": new,
                "keys": made.keys.place.title,
                "public_key_fingerprint": fingerprint(made.keys.public_key()),
            }
        )
        return
    say(f"Workspace {made.id} at {made.root}")
    say(wrapped("Made: " + ", ".join(new)) if new else "It was complete: nothing was changed.")
    keys = f"Keys: in {made.keys.place.title}. Without them nobody can read the registry: back them up apart from it."
    say(wrapped(keys))
    if made.settings.joint_match.on and made.settings.joint_match.made_up:
        cited = (
            "The joint match cites a made-up agreement: cite your own in matcher.toml before real extracts are matched."
        )
        say(wrapped(cited))
    say(wrapped(f"Next: put a month's supplies in {made.inbox} and run:"))
    say(f"  matcher run {made.inbox} -w {made.root} --as-at DATE")


COMMANDS = (init,)
