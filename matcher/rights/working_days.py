"""Working days and bank holidays, from dated files. Takes dates, gives dates; refuses days after the last dated year.

`bank_holidays.toml` is shipped; a workspace adds a year as `policy/bank_holidays.<year>.toml` of the same shape. Two
calendars: England and Wales, and any part of the United Kingdom, as the Freedom of Information Act counts.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any, Literal

from matcher.errors import UserError

Calendar = Literal["england_and_wales", "united_kingdom"]
SHIPPED = Path(__file__).with_name("bank_holidays.toml")
ADDED = "bank_holidays.*.toml"


class WorkingDays:
    """The bank holidays of the dated years. Make with `WorkingDays.of`."""

    def __init__(self, years: dict[int, dict[str, frozenset[dt.date]]]) -> None:
        self._years = years

    @classmethod
    def of(cls, policy: Path | None = None) -> WorkingDays:
        """The shipped years, and those that the folder `policy` adds or replaces. Raises UserError for a file with faults."""
        years: dict[int, dict[str, frozenset[dt.date]]] = {}
        for path in (SHIPPED, *(sorted(policy.glob(ADDED)) if policy else ())):
            try:
                years |= _years(tomllib.loads(path.read_text(encoding="utf-8")))
            except (
                tomllib.TOMLDecodeError,
                UnicodeDecodeError,
                KeyError,
                TypeError,
                ValueError,
                AttributeError,
            ) as error:
                raise UserError(
                    "A file of bank holidays has a fault.",
                    where=path.name,
                    todo='write: [2028], then england_and_wales = ["2028-01-03"] and elsewhere = ["2028-01-04"]',
                ) from error
        return cls(years)

    def is_working_day(self, day: dt.date, calendar: Calendar) -> bool:
        """Neither a Saturday, a Sunday nor a bank holiday. Raises UserError for a year that no file dates."""
        year = self._years.get(day.year)
        if year is None:
            raise UserError(
                f"The bank holidays of {day.year} are not known, so that this period cannot be counted.",
                where=f"known: {min(self._years)} to {max(self._years)}",
                todo=f"put policy/bank_holidays.{day.year}.toml into the workspace, from the government's list",
            )
        closed = (
            year["england_and_wales"]
            if calendar == "england_and_wales"
            else year["england_and_wales"] | year["elsewhere"]
        )
        return day.weekday() < 5 and day not in closed

    def next_working_day(self, day: dt.date, calendar: Calendar) -> dt.date:
        """The day itself where it is a working day, else the first after it."""
        while not self.is_working_day(day, calendar):
            day += dt.timedelta(days=1)
        return day

    def after(self, day: dt.date, working_days: int, calendar: Calendar) -> dt.date:
        """The day that comes so many working days after `day`, which itself does not count."""
        while working_days > 0:
            day += dt.timedelta(days=1)
            working_days -= self.is_working_day(day, calendar)
        return day


def _years(raw: dict[str, Any]) -> dict[int, dict[str, frozenset[dt.date]]]:
    found = {}
    for name, year in raw.items():
        days = {part: frozenset(map(dt.date.fromisoformat, year[part])) for part in ("england_and_wales", "elsewhere")}
        if any(day.year != int(name) for part in days.values() for day in part):
            raise ValueError(name)
        found[int(name)] = days
    return found
