"""Dates as partners write them. Takes one cell's text, gives a date or None; refuses month first and two-digit years.

Forms: dd/mm/yyyy first, then yyyy-mm-dd, dd-Mon-yyyy, dd.mm.yyyy, ddmmyyyy, each with one-digit days and months where a
separator stands, and with a time of day behind it (database exports), which is dropped.
"""

from __future__ import annotations

import datetime as dt
import re

UNKNOWN = frozenset({dt.date(1900, 1, 1), dt.date(1901, 1, 1)})
"""What systems store for "unknown": read as blank, without a problem."""

_EARLIEST, _LATEST = 1800, 2200  # a year beyond is a slip or a system's "never"
_OLDEST_YEARS = 120
_MONTHS = {
    name[:length]: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
         "november", "december"), 1,
    )
    for length in {3, len(name)}
} | {"sept": 9}  # fmt: skip

_TIME = re.compile(r"[T ]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?( ?[AaPp][Mm])?(Z|[+-][0-9]{2}:?[0-9]{2})?$")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.\-])([0-9]{1,2})\2([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([/.\-])([0-9]{1,2})\2([0-9]{1,2})")
_NAMED = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[-/. ]+([A-Za-z]{3,9})[-/., ]+([0-9]{4})")
_EIGHT = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}[-/. ]([0-9]{1,2}|[A-Za-z]{3,9})[-/. ][0-9]{2}|[0-9]{6}")


def parse_date(text: str) -> dt.date | None:
    """The date that `text` writes, day first; None where it is no date of the agreed forms."""
    text = _without_time(text)
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
    if not _EARLIEST <= year <= _LATEST:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def read_date(text: str) -> tuple[dt.date | None, str | None]:
    """(date or None, broken rule or None): `date`, `two_digit_year`; an unknown date is None without a rule."""
    found = parse_date(text)
    if found is None:
        short = _SHORT_YEAR.fullmatch(_without_time(text))
        return None, "two_digit_year" if short else "date"
    return (None if found in UNKNOWN else found), None


def read_date_of_birth(text: str, as_at: dt.date) -> tuple[dt.date | None, str | None]:
    """As `read_date`, and `dob_future` after `as_at`, `dob_too_old` where over 120 years before it."""
    found, rule = read_date(text)
    if found is None:
        return None, rule
    if found > as_at:
        return None, "dob_future"
    if found < _years_before(as_at, _OLDEST_YEARS):
        return None, "dob_too_old"
    return found, None


def _without_time(text: str) -> str:
    text = text.strip()
    return _TIME.sub("", text) if ":" in text else text


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
