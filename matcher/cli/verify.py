"""`matcher verify`: search every byte under the workspace for what should be gone; check certificates and audit chain."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.cli.output import echo_json, json_option, say, wrapped
from matcher.cli.workspaces import open_workspace, workspace_option
from matcher.errors import Exit, UserError

_MOST_LINES = 200


@click.command("verify", short_help="Search every byte for what should be gone; check the proofs.")
@workspace_option
@click.argument("batch", required=False)
@click.option(
    "--canaries", type=click.Path(path_type=Path), help="Search also for the values of this text file, one a line."
)
@json_option
@click.pass_context
def verify(context: click.Context, workspace: Path, batch: str | None, canaries: Path | None, as_json: bool) -> None:
    """Search every byte under the workspace for what should be gone, and check certificates and the audit chain.

    Searched for are the made-up people (canaries) whom each run had among the rows, and what --canaries lists. With BATCH only
    that batch's canaries and proofs are taken. A finding names file and offset, never the value. Exit code 6 where anything is
    found.

    Example: matcher verify -w workspace
    """
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.verification import verify as check

    lines = _lines(canaries) if canaries else []
    place = open_workspace(workspace)
    with Registry.open(place) as registry:
        result = check(place, registry, batch_id=batch, values=[value for _, value in lines], listed=canaries)
    searched = result.searched
    findings = [
        {"file": found.file, "offset": found.offset, **_which(found.value, lines, result.canaries_of)}
        for found in (searched.findings if searched else [])
    ]
    Audit(place).append(
        "verified", batch=batch, values=len(lines), canaries=len(result.canaries_of), findings=len(findings), faults=len(result.faults),
        files=searched.files if searched else 0,
    )  # fmt: skip
    if as_json:
        echo_json(
            {
                "workspace": place.id,
                "batch": batch,
                "clean": result.clean,
                "certificates": result.certificates,
                "audit_entries": result.audit_entries,
                "faults": [{"check": f.check, "file": f.file, "what": f.what} for f in result.faults],
                "searched": None
                if searched is None
                else {
                    "values": searched.values - len(searched.too_short),
                    "canaries": len(result.canaries_of),
                    "batches_without_canaries": result.without_canaries,
                    "files": searched.files,
                    "bytes": searched.bytes,
                    "too_short": [lines[n][0] for n in searched.too_short],
                    "not_opened": searched.not_opened,
                },
                "findings": findings,
            }
        )
    else:
        say(
            f"Certificates whole and signed: {result.certificates}. Entries of the audit chain: {result.audit_entries}."
        )
        if searched is None:
            say(
                "There was nothing to search for: no batch has canaries. Name values, one a line, with --canaries FILE."
            )
        else:
            looked_for = (
                f"Searched {searched.files} files ({searched.bytes:,} bytes opened) for {len(result.canaries_of)} values of "
                f"canaries of {len(set(result.canaries_of))} batch(es), and {len(lines)} of the list."
            )
            say(wrapped(looked_for))
            for name in result.without_canaries:
                say(f"not searched for: canaries of batch {name}, whose seed is not in the key store")
            for line in searched.not_opened:
                say(f"not opened: {line}")
            for number in searched.too_short:
                say(f"not searched for: canary in line {lines[number][0]} is shorter than 3 characters")
        for fault in result.faults:
            say(f"{fault.check}: {fault.file}: {fault.what}")
        for found in findings[:_MOST_LINES]:
            where = "in its name" if found["offset"] == -1 else f"at byte {found['offset']}"
            which = f"canary of batch {found['batch']}" if "batch" in found else f"canary of line {found['canary']}"
            say(f"found: {which} in {found['file']} {where}")
        if len(findings) > _MOST_LINES:
            say(f"... and {len(findings) - _MOST_LINES} more; --json lists all")
        say("Nothing was found." if result.clean else "Something was found: see above.")
    if not result.clean:
        context.exit(int(Exit.RESIDUE))


def _which(value: int, lines: list[tuple[int, str]], canaries_of: list[str]) -> dict[str, int | str]:
    """Which value was found, without saying it: its line in the list, or the batch whose canary it is."""
    return {"canary": lines[value][0]} if value < len(lines) else {"batch": canaries_of[value - len(lines)]}


def _lines(path: Path) -> list[tuple[int, str]]:
    """(line, value) of every filled line. Raises UserError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError("The list of canaries cannot be read.", where=str(path), todo="name a text file") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    found = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not found:
        raise UserError("The list of canaries is empty.", where=str(path), todo="write one value a line")
    return found


COMMANDS = (verify,)
