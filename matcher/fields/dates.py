"""Dates as partners write them. Takes one cell's text, gives a date or None; refuses month first and two-digit years.

Forms: dd/mm/yyyy first, then yyyy-mm-dd, dd-Mon-yyyy, dd.mm.yyyy, ddmmyyyy, each with one-digit days and months where a
separator stands, and with a time of day behind it (database exports), which is checked and dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from zoneinfo import ZoneInfo

UNKNOWN = frozenset({dt.date(1900, 1, 1), dt.date(1901, 1, 1)})
"""What systems store for "unknown": read as blank, without a problem."""

EARLIEST, LATEST = 1800, 2200  # a year beyond is a slip or a system's "never"
_OLDEST_YEARS = 120
_MONTHS = {
    name[:length]: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
         "november", "december"), 1,
    )
    for length in {3, len(name)}
} | {"sept": 9}  # fmt: skip

_TIME = re.compile(
    r"(?:T| +)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?( ?[AaPp][Mm])?( ?Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_LONDON = ZoneInfo("Europe/London")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.\-])([0-9]{1,2})\2([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([/.\-])([0-9]{1,2})\2([0-9]{1,2})")
_NAMED = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[-/. ]+([A-Za-z]{3,9})[-/., ]+([0-9]{4})")
_EIGHT = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")
_SHORT_YEAR = re.compile(r"(?:[0-9]{1,2}[-/. ](?:[0-9]{1,2}|[A-Za-z]{3,9})[-/. ][0-9]{2}|[0-9]{6})(?:[T ].*:.*)?$")


def parse_date(text: str) -> dt.date | None:
    """The date that `text` writes, day first; None where it is no date of the agreed forms.

    A time of day behind it must be one, and where it names a zone, the day must be the same by the clock of London: a system
    that writes midnight of 1 July as 23:00 of 30 June UTC has written another day.
    """
    text = text.strip()
    time = None
    if ":" in text:
        head, separator, _ = _head_and_time(text)
        time = _TIME.fullmatch(text, len(head)) if separator else None
        if time is None:
            return None
        text = head
    found = _day(text)
    if found is None or time is None:
        return found
    return found if _is_time(time) and (not time[5] or _in_london(found, time) == found) else None


def _head_and_time(text: str) -> tuple[str, str, str]:
    """The text before the last T or spaces that stand before the first colon, and what follows."""
    place = max(text.rfind("T", 0, text.index(":")), text.rfind(" ", 0, text.index(":")))
    head = text[: max(place, 0)].rstrip(" ")
    return head, text[len(head) : len(head) + 1], text[len(head) :]


def _is_time(time: re.Match[str]) -> bool:
    hour = int(time[1])
    of_day = 1 <= hour <= 12 if time[4] else hour < 24
    return of_day and int(time[2]) < 60 and int(time[3] or 0) < 60


def _in_london(day: dt.date, time: re.Match[str]) -> dt.date:
    hour = int(time[1])
    if time[4]:
        hour = hour % 12 + (12 if time[4].strip().upper() == "PM" else 0)
    zone = time[5].strip()
    minutes = 0 if zone == "Z" else (int(zone[1:3]) * 60 + int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    utc = dt.datetime(day.year, day.month, day.day, hour, int(time[2]), tzinfo=dt.UTC) - dt.timedelta(minutes=minutes)
    return utc.astimezone(_LONDON).date()


def _day(text: str) -> dt.date | None:
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := _NAMED.fullmatch(text):
        day, month, year = int(found[1]), _MONTHS.get(found[2].lower(), 0), int(found[3])
    elif found := _EIGHT.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    else:
        return None
    if not EARLIEST <= year <= LATEST:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def read_date(text: str) -> tuple[dt.date | None, str | None]:
    """(date or None, broken rule or None): `date`, `two_digit_year`; an unknown date is None without a rule."""
    found = parse_date(text)
    if found is None:
        short = _SHORT_YEAR.match(text.strip())
        return None, "two_digit_year" if short else "date"
    return (None if found in UNKNOWN else found), None


def read_date_of_birth(text: str, as_at: dt.date) -> tuple[dt.date | None, str | None]:
    """As `read_date`, and `dob_future` after `as_at`, `dob_too_old` where over 120 years before it."""
    found, rule = read_date(text)
    if found is None:
        return None, rule
    if found > as_at:
        return None, "dob_future"
    if found < oldest_birth(as_at):
        return None, "dob_too_old"
    return found, None


@cache
def oldest_birth(as_at: dt.date) -> dt.date:
    """The first day on which somebody who lives can be born."""
    try:
        return as_at.replace(year=as_at.year - _OLDEST_YEARS)
    except ValueError:  # 29 February
        return as_at.replace(year=as_at.year - _OLDEST_YEARS, day=28)
