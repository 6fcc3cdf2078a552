"""Passphrases of backups: typed, twice where one is chosen, or from MATCHER_BACKUP_PASSPHRASE; never an argument."""

from __future__ import annotations

import os

import click

from matcher.errors import UserError

VARIABLE = "MATCHER_BACKUP_PASSPHRASE"


def ask_new() -> str:
    """A passphrase for a file that is made now."""
    return os.environ.get(VARIABLE) or _typed("Passphrase for the keys", again="The same again")


def ask_old() -> str:
    """The passphrase of a file that is there."""
    return os.environ.get(VARIABLE) or _typed("Passphrase of the keys", again=False)


def _typed(prompt: str, *, again: str | bool) -> str:
    try:
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True))
    except click.Abort:
        raise UserError(
            "No passphrase was given.", todo=f"type it, or set {VARIABLE} where nobody sits at the keyboard"
        ) from None
