"""How commands print: one JSON object on stdout, messages on stderr, dates as ISO text."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import click


def echo_json(value: dict[str, Any]) -> None:
    """Print one JSON object and nothing else on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(message: str) -> None:
    """A message for the person at the keyboard, on stderr."""
    click.echo(message, err=True)


class AsAt(click.ParamType):
    """A calendar date, yyyy-mm-dd or dd/mm/yyyy."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        if isinstance(value, dt.date):
            return value
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return dt.datetime.strptime(str(value), form).replace(tzinfo=dt.UTC).date()
            except ValueError:
                continue
        self.fail("give a date as yyyy-mm-dd", param, ctx)


AS_AT = AsAt()
