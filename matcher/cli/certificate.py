"""`matcher certificate`: check a certificate of deletion with the public key alone, and read it in plain English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.output import echo_json, json_option, say, wrapped
from matcher.errors import Exit, UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_LARGEST = 1 << 24  # bytes: no certificate is near it


@click.command("certificate", short_help="Check a certificate of deletion, and read it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--public-key",
    required=True,
    type=click.Path(path_type=Path),
    help="signing_key.pub.pem of the workspace it came from.",
)
@json_option
@click.pass_context
def certificate(context: click.Context, file: Path, public_key: Path, as_json: bool) -> None:
    """Check that FILE is whole and signed with the key, and print what it says in plain English.

    Needs no workspace: anybody may check. Compare the key's fingerprint with the one that the programme office tells you. Exit
    code 6 where the certificate was changed, or signed with another key.

    Example: matcher certificate deletion_certificate.json --public-key signing_key.pub.pem
    """
    from matcher.purge.certificate import fingerprint, verify_certificate
    from matcher.purge.reading import reading

    found = _certificate(file)
    key = public_key_of(public_key)
    genuine = verify_certificate(found, key)
    lines = reading(found)
    if as_json:
        echo_json(
            {"genuine": genuine, "public_key_fingerprint": fingerprint(key), "certificate": found, "reading": lines}
        )
    else:
        if genuine:
            for line in lines:
                click.echo(wrapped(line))
        verdict = (
            "It is whole and signed with this key" if genuine else "NOT GENUINE: changed, or signed with another key"
        )
        say(wrapped(f"{verdict} (fingerprint {fingerprint(key)})."))
    if not genuine:
        context.exit(int(Exit.RESIDUE))


def public_key_of(path: Path) -> Ed25519PublicKey:
    """The public key in a file that a workspace's office handed out. Raises UserError."""
    from matcher.purge.certificate import read_public_key

    try:
        return read_public_key(_bytes(path, "public key"))
    except ValueError as error:
        raise UserError(
            "That file is no public key of a workspace.", where=str(path), todo="name its signing_key.pub.pem"
        ) from error


def _bytes(path: Path, what: str) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise UserError(f"The {what} is far too large to be one.", where=str(path), todo="name the right file")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"The {what} cannot be read.", where=str(path), todo="name a file that exists") from error


def _certificate(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(path, "certificate"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError("That file is no certificate.", where=str(path), todo="name a deletion_certificate.json")
    return found


COMMANDS = (certificate,)
