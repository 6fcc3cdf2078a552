"""By when a request is answered: the law of the day it was received, to the day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from matcher.errors import UserError
from matcher.rights.clocks import KINDS, due
from matcher.rights.working_days import WorkingDays

DAYS = WorkingDays.of()


@pytest.mark.parametrize(
    ("kind", "received", "last"),
    [
        ("access", "2014-03-03", "2014-04-11"),  # forty days, the day of receipt being the first
        ("access", "2018-05-24", "2018-07-02"),  # the last day of the 1998 Act
        ("access", "2018-05-25", "2018-06-25"),  # the first of the UK GDPR: a month
        ("access", "2019-01-31", "2019-02-28"),  # no 31 February
        ("access", "2020-01-29", "2020-03-02"),  # 29 February 2020 was a Saturday
        ("access", "2023-11-25", "2023-12-27"),  # Christmas and Boxing Day
        ("objection", "2014-03-03", "2014-03-24"),
        ("erasure", "2014-03-03", "2014-03-24"),
        ("correction", "2014-03-03", "2014-04-11"),
        ("restriction", "2019-03-04", "2019-04-04"),
        (
            "freedom-of-information",
            "2013-11-04",
            "2013-12-03",
        ),  # St Andrew's Day was a Saturday: 2 December, in Scotland
        (
            "freedom-of-information",
            "2013-12-02",
            "2014-01-03",
        ),  # 2 January is a holiday in Scotland, so nowhere a working day
        ("freedom-of-information", "2022-09-01", "2022-09-30"),  # the day of the Queen's funeral
    ],
)
def test_the_last_day_for_an_answer(kind: str, received: str, last: str) -> None:
    assert due(kind, dt.date.fromisoformat(received), DAYS).on == dt.date.fromisoformat(last)


def test_every_kind_has_a_period_and_a_citation_in_every_law() -> None:
    for kind in KINDS:
        for day in (dt.date(2013, 6, 3), dt.date(2024, 6, 3)):
            found = due(kind, day, DAYS)
            assert found.on > day and found.law


def test_a_period_past_the_dated_holidays_is_refused() -> None:
    with pytest.raises(UserError, match="bank holidays of 2028 are not known") as refused:
        due("freedom-of-information", dt.date(2027, 12, 20), DAYS)
    assert "policy/bank_holidays.2028.toml" in refused.value.todo
    with pytest.raises(UserError, match="No law"):
        due("access", dt.date(1999, 1, 1), DAYS)


def test_a_workspace_adds_a_year_and_is_told_of_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "bank_holidays.2028.toml"
    file.write_text('[2028]\nengland_and_wales = ["2028-01-03"]\nelsewhere = ["2028-01-04"]\n')
    days = WorkingDays.of(tmp_path)
    assert days.after(dt.date(2027, 12, 31), 1, "united_kingdom") == dt.date(2028, 1, 5)
    assert days.after(dt.date(2027, 12, 31), 1, "england_and_wales") == dt.date(2028, 1, 4)
    for wrong in ("[2028]\n", '[2028]\nengland_and_wales = ["2027-01-03"]\nelsewhere = []\n', "[[", "x = 1"):
        file.write_text(wrong)
        with pytest.raises(UserError, match="has a fault"):
            WorkingDays.of(tmp_path)


def test_every_dated_holiday_is_a_weekday_of_its_year_and_told_once() -> None:
    for year, parts in DAYS._years.items():
        assert len(parts["england_and_wales"]) >= 8 and not parts["england_and_wales"] & parts["elsewhere"]
        for day in parts["england_and_wales"] | parts["elsewhere"]:
            assert day.year == year and day.weekday() < 5, day
