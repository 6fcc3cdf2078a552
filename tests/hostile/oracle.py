"""What a date's text may be read as, written independently of the reader that it judges: by strptime, form by form.

`reading` gives the one date that the contract allows for a text, or None where it allows none. Day first, never month first, no
two-digit years; a time of day behind the date changes nothing unless its zone moves the day by the clock of London.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

DAYS = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")
NAMED = ("%d-%b-%Y", "%d-%B-%Y")
TIMES = (
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%I:%M%p",
    "%I:%M:%S%p",
    "%I:%M:%S.%f %p",
    "%I:%M:%S.%f%p",
)
_ORDINAL = re.compile(r"^([0-9]{1,2})(st|nd|rd|th)(?=[-/. ])")
_ZONE = re.compile(r"^(.*?)( ?Z|[+-][0-9]{2}:?[0-9]{2})$", re.IGNORECASE)
_FAR = range(1800, 2201)


def reading(text: str) -> dt.date | None:
    """The one date, or None."""
    text = text.strip()
    if not text.isascii():
        return None
    day, separator, time = _split(text)
    found = _day(day)
    if found is None or found.year not in _FAR:
        return None
    if separator and not _same_in_london(found, time):
        return None
    return found


def _split(text: str) -> tuple[str, str, str]:
    if ":" not in text:
        return text, "", ""
    before = text[: text.index(":")]
    place = max(before.rfind(" "), before.rfind("T"))
    return text[: max(place, 0)].rstrip(), text[place : place + 1] or ":", text[place + 1 :]


def _day(text: str) -> dt.date | None:
    if re.fullmatch("[0-9]{8}", text):
        return _try(text, "%d%m%Y")
    text = _ORDINAL.sub(r"\1", text)
    forms = DAYS
    if re.search("[A-Za-z]", text):
        text, forms = re.sub(r"[-/., ]+", "-", re.sub(r"(?i)sept(?!e)", "Sep", text)), NAMED
    if not re.search(r"[0-9]{4}", text):
        return None
    found = {day for form in forms if (day := _try(text, form))}
    return found.pop() if len(found) == 1 else None


def _try(text: str, form: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return None


def _same_in_london(day: dt.date, time: str) -> bool:
    zoned = _ZONE.match(time)
    clock = (zoned[1] if zoned else time).strip()
    clock = re.sub(r"[.,]([0-9]{1,6})[0-9]*", r".\1", clock)
    for form in TIMES:
        try:
            at = dt.datetime.strptime(clock.upper(), form)  # noqa: DTZ007
        except ValueError:
            continue
        if not zoned:
            return True
        zone = zoned[2].strip().upper()
        minutes = 0 if zone == "Z" else int(zone[1:3]) * 60 + int(zone[-2:])
        utc = dt.datetime.combine(day, at.time(), dt.UTC) - dt.timedelta(
            minutes=-minutes if zone[0] == "-" else minutes
        )
        return utc.astimezone(ZoneInfo("Europe/London")).date() == day
    return False
