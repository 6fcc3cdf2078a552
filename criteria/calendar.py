"""Windows, birthdays and school terms. Takes dates, gives dates and numbers; refuses nothing.

Windows are inclusive at both ends: the 12 months to 31 October 2013 run from 1 November 2012. Where `as_at` is the last
day of its month, a window holds whole months. A term is numbered 3 x year + 0 (Spring), 1 (Summer) or 2 (Autumn).
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.datetime64]
Ints = npt.NDArray[np.int64]

NO_TERM = -1
_TERM_ENDS = ((4, 30), (8, 31), (12, 31))


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, _last_day(year, month + 1)))


def window_start(as_at: date, months: int) -> date:
    """First day of the `months` that end on `as_at`."""
    back = add_months(as_at, -months)
    if as_at.day == _last_day(as_at.year, as_at.month):
        back = date(back.year, back.month, _last_day(back.year, back.month))
    return back + timedelta(days=1)


def oldest_within(as_at: date, months: int) -> date:
    """The earliest day that is, on `as_at`, not more than `months` ago (the anniversary itself still counts)."""
    day = add_months(as_at, -months)
    while add_months(day, months) < as_at:
        day += timedelta(days=1)
    return day


def birthdays(born: Days, age: int) -> Days:
    """The day each reaches `age`; born on 29 February: 1 March where that year has no such day. NaT stays NaT."""
    months = born.astype("datetime64[M]")
    days = (born - months.astype("datetime64[D]")).astype("timedelta64[D]")
    return (months + np.timedelta64(12 * age, "M")).astype("datetime64[D]") + days


def term_numbers(begun: Days) -> Ints:
    """The number of the term that holds each date; NO_TERM for NaT."""
    missing = np.isnat(begun)
    months = begun.astype("datetime64[M]").astype(np.int64)  # months since January 1970
    numbers = (1970 + months // 12) * 3 + months % 12 // 4
    return np.where(missing, NO_TERM, numbers).astype(np.int64)


def last_ended_term(as_at: date) -> int:
    """The number of the latest term that ended on or before `as_at`."""
    number = as_at.year * 3 + (as_at.month - 1) // 4
    month, day = _TERM_ENDS[number % 3]
    return number if (as_at.month, as_at.day) == (month, day) else number - 1


def school_year_starts(terms: Ints) -> Days:
    """1 September of the school year of each term; NaT for NO_TERM."""
    years = terms // 3 - (terms % 3 != 2)
    starts = ((years - 1970) * 12 + 8).astype("datetime64[M]").astype("datetime64[D]")
    return np.where(terms == NO_TERM, np.datetime64("NaT"), starts).astype("datetime64[D]")
