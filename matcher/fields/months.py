"""The twelve monthly columns `M01` ... `M12`. Takes as_at and a number, gives the month's first and last day."""

from __future__ import annotations

import calendar
import datetime as dt


def month_range(as_at: dt.date, m: int) -> tuple[dt.date, dt.date]:
    """First and last day of month `m` back, from 1: as_at's month where as_at is its last day, else the month before.

    Raises ValueError for m below 1.
    """
    if m < 1:
        raise ValueError("months count from 1")
    complete = as_at.day == calendar.monthrange(as_at.year, as_at.month)[1]
    index = as_at.year * 12 + as_at.month - 1 - (m - 1) - (0 if complete else 1)
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, 1), dt.date(year, month + 1, calendar.monthrange(year, month + 1)[1])
