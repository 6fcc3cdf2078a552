"""Calendar dates of the programme: today in London, and the month end that a match is usually as at."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

PLACE = ZoneInfo("Europe/London")


def today() -> dt.date:
    """The calendar date in London, by which batches expire and reviews fall due."""
    return dt.datetime.now(PLACE).date()


def last_month_end(today: dt.date) -> dt.date:
    """The last day of the month before `today`'s."""
    year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
    return dt.date(year, month, calendar.monthrange(year, month)[1])
