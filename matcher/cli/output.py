"""How commands print: one JSON object on stdout, messages on stderr, dates as ISO text.

Whatever came from outside (a file's name, a value in a list) reaches a terminal with its control characters written out.
"""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from typing import IO, Any

import click

from matcher.fields.characters import visible

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def echo_json(value: dict[str, Any]) -> None:
    """Print one JSON object and nothing else on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say(message: str) -> None:
    """A message for the person at the keyboard, on stderr."""
    click.echo(visible(message), err=True)


def wrapped(line: str) -> str:
    """A line at most 79 columns wide, what is folded indented two further; paths are left whole."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(line, 79, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or line


class Visible:
    """A text stream that writes control characters out: what stdout is while a command runs."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(visible(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


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
