"""Windows, birthdays and terms, against the plain calendar."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from criteria.calendar import (
    NO_TERM,
    add_months,
    birthdays,
    last_ended_term,
    oldest_within,
    school_year_starts,
    term_numbers,
    window_start,
)
from tests.criteria.reference import birthday, term_end, term_of, two_years_on
from tests.criteria.scenario_text import Fact

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("as_at", "months", "first"),
    [
        ("2013-10-31", 12, "2012-11-01"), ("2013-02-28", 12, "2012-03-01"), ("2012-02-29", 12, "2011-03-01"),
        ("2012-02-28", 12, "2011-03-01"), ("2013-04-30", 12, "2012-05-01"), ("2013-10-15", 12, "2012-10-16"),
        ("2013-02-28", 6, "2012-09-01"), ("2013-08-31", 6, "2013-03-01"), ("2013-08-30", 6, "2013-03-01"),
        ("2013-03-31", 1, "2013-03-01"),
    ],
)  # fmt: skip
def test_windows_are_inclusive_and_hold_whole_months(as_at: str, months: int, first: str) -> None:
    assert window_start(date.fromisoformat(as_at), months) == date.fromisoformat(first)


@given(days, st.integers(1, 36))
def test_a_window_of_a_month_end_is_made_of_whole_months(day: date, months: int) -> None:
    end = add_months(day.replace(day=1), 1) - timedelta(days=1)
    first = window_start(end, months)
    assert first.day == 1
    assert (end.year - first.year) * 12 + end.month - first.month == months - 1


@given(days, st.integers(1, 36))
def test_consecutive_days_have_windows_that_never_go_back(day: date, months: int) -> None:
    assert window_start(day, months) <= window_start(day + timedelta(days=1), months)


@given(days)
def test_oldest_within_is_the_first_day_whose_anniversary_has_not_passed(day: date) -> None:
    oldest = oldest_within(day, 24)
    assert two_years_on(oldest) >= day
    assert two_years_on(oldest - timedelta(days=1)) < day


@given(days, st.integers(1, 30))
def test_birthdays(born: date, age: int) -> None:
    assert birthdays(np.array([born], dtype="datetime64[D]"), age)[0].item() == birthday(born, age)


def test_an_unknown_date_of_birth_has_no_birthday() -> None:
    assert np.isnat(birthdays(np.array(["NaT"], dtype="datetime64[D]"), 18)[0])


@given(days)
def test_terms(day: date) -> None:
    number = int(term_numbers(np.array([day], dtype="datetime64[D]"))[0])
    first = term_of(Fact("", "", day, None))
    assert first is not None
    assert last_ended_term(day) == (number if term_end(first) == day else number - 1)
    assert last_ended_term(term_end(first)) == number
    begins = first.year if first.month == 9 else first.year - 1
    assert school_year_starts(np.array([number]))[0].item() == date(begins, 9, 1)


def test_terms_follow_one_another_and_missing_dates_have_none() -> None:
    numbers = term_numbers(np.array(["2012-09-01", "2013-01-01", "2013-05-01", "NaT"], dtype="datetime64[D]"))
    assert numbers[:3].tolist() == [int(numbers[0]) + step for step in range(3)]
    assert numbers[3] == NO_TERM
    assert np.isnat(school_year_starts(numbers)[3])
