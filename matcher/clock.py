"""Calendar dates of the programme: today in London, and the month end that a match is usually as at."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

PLACE = ZoneInfo("Europe/London")


def today() -> dt.date:
    """The calendar date in London, by which batches expire and reviews fall due."""
    return dt.datetime.now(PLACE).date()


def month_end(day: dt.date) -> dt.date:
    """The last day of `day`'s month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def last_month_end(today: dt.date) -> dt.date:
    """The last day of the month before `today`'s."""
    return today.replace(day=1) - dt.timedelta(days=1)
