"""By when a request must be answered, and under which law. Takes its kind and the day it was received; gives the last day.

The periods are data, `laws.toml`: the Data Protection Act 1998 before 25 May 2018, the UK GDPR and the 2018 Act from then.
Refuses a day that no law of the file covers, and a period that runs past the dated bank holidays.
"""

from __future__ import annotations

import calendar
import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from matcher.errors import UserError
from matcher.rights.working_days import WorkingDays

KINDS = ("access", "freedom-of-information", "objection", "correction", "restriction", "erasure")


@dataclass(frozen=True)
class Due:
    """The last day for an answer, and the provision that says so."""

    on: dt.date
    law: str


def due(kind: str, received: dt.date, days: WorkingDays) -> Due:
    """When a request of that kind, received then, must be answered at the latest. Raises UserError."""
    in_force = [law for law in _laws() if law["from"] <= received]
    if not in_force:
        raise UserError(
            "No law of the file covers a request received then.", where="laws.toml", todo="check the date of receipt"
        )
    period = max(in_force, key=lambda law: law["from"])[kind]
    if "working_days" in period:
        last = days.after(received, period["working_days"], "united_kingdom")
    elif "months" in period:
        last = days.next_working_day(_months_later(received, period["months"]), "england_and_wales")
    else:
        last = received + dt.timedelta(days=period["days"] - bool(period.get("day_of_receipt")))
    return Due(last, period["citation"])


def _months_later(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@cache
def _laws() -> tuple[dict[str, Any], ...]:
    raw = tomllib.loads(Path(__file__).with_name("laws.toml").read_text(encoding="utf-8"))
    return tuple({**law, "from": dt.date.fromisoformat(law["from"])} for law in raw["law"])
