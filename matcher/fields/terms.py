"""School terms. Takes "2012/13 Autumn", gives its label and its first and last day; refuses anything without both years."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_FORM = re.compile(
    r"(?:([0-9]{4}) ?[/\-] ?([0-9]{2}|[0-9]{4}) ?[,-]? ?(autumn|spring|summer)(?: term)?"
    r"|(autumn|spring|summer)(?: term)? ?[,-]? ?([0-9]{4}) ?[/\-] ?([0-9]{2}|[0-9]{4}))",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Term:
    """A term of a school year: "2012/13 Spring" runs from 1 January to 30 April 2013. Terms sort by time."""

    begun: dt.date
    ended: dt.date
    label: str


def parse_term(text: str) -> Term | None:
    """The term that `text` names, either way round; None where it names none."""
    found = _FORM.fullmatch(text.strip())
    if not found:
        return None
    first, second, name = (found[1], found[2], found[3]) if found[1] else (found[5], found[6], found[4])
    year, name = int(first), name.capitalize()
    if not 1900 <= year < 2200 or int(second) != (year + 1) % 10 ** len(second):
        return None
    begun, ended = {
        "Autumn": (dt.date(year, 9, 1), dt.date(year, 12, 31)),
        "Spring": (dt.date(year + 1, 1, 1), dt.date(year + 1, 4, 30)),
        "Summer": (dt.date(year + 1, 5, 1), dt.date(year + 1, 8, 31)),
    }[name]
    return Term(begun, ended, f"{year}/{(year + 1) % 100:02d} {name}")
