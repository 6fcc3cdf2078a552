from __future__ import annotations

import datetime as dt
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.fields.at_once import dates
from matcher.fields.dates import parse_date, read_date, read_date_of_birth
from matcher.fields.months import month_range

AS_AT = dt.date(2013, 10, 31)


@pytest.mark.parametrize(
    "text",
    ["01/02/2003", "1/2/2003", "2003-02-01", "01-Feb-2003", "1 February 2003", "01.02.2003", "01022003", "1-FEB-2003",
     "01-02-2003", "2003-02-01 00:00:00", "2003-02-01T00:00:00Z", "01/02/2003 00:00", "1st Feb 2003", " 01/02/2003 ",
     "2003/02/01", "01/Feb/2003"],
)  # fmt: skip
def test_the_agreed_forms_are_read_day_first(text: str) -> None:
    assert parse_date(text) == dt.date(2003, 2, 1)


@pytest.mark.parametrize(
    "text",
    ["12/25/2003", "25/13/2003", "29/02/2003", "00/01/2003", "01/02/03", "010203", "2003", "20030201", "1/2-2003",
     "Feb 2003", "31/12/9999", "01/01/0001", "", "yesterday", "01/02/2003x", "١/٢/٢٠٠٣", "32 Feb 2003", "01/Foo/2003"],
)  # fmt: skip
def test_anything_else_is_no_date(text: str) -> None:
    assert parse_date(text) is None


@settings(deadline=None)
@given(st.dates(dt.date(1800, 1, 1), dt.date(2200, 12, 31)))
def test_every_form_of_every_day_comes_back_as_that_day(day: dt.date) -> None:
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[day.month - 1]
    d, m, y = day.day, day.month, day.year
    for text in (f"{d:02}/{m:02}/{y}", f"{d}/{m}/{y}", day.isoformat(), f"{d:02}-{month}-{y}", f"{d:02}.{m:02}.{y}",
                 f"{d:02}{m:02}{y}"):  # fmt: skip
        assert parse_date(text) == day


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    found, rule = read_date(text)
    assert (found is None) or (rule is None)


@pytest.mark.parametrize("text", ["01/01/1900", "1901-01-01"])
def test_unknown_dates_are_blank_without_a_problem(text: str) -> None:
    assert read_date(text) == (None, None)
    assert read_date_of_birth(text, AS_AT) == (None, None)


@pytest.mark.parametrize("text", ["01/02/98", "1-Feb-98", "010298", "1/2/98 00:00"])
def test_a_two_digit_year_is_refused_by_its_own_rule(text: str) -> None:
    assert read_date(text) == (None, "two_digit_year")


def test_a_date_of_birth_is_not_after_as_at_nor_over_120_years_before() -> None:
    assert read_date_of_birth("31/10/2013", AS_AT) == (AS_AT, None)
    assert read_date_of_birth("01/11/2013", AS_AT) == (None, "dob_future")
    assert read_date_of_birth("31/10/1893", AS_AT) == (dt.date(1893, 10, 31), None)
    assert read_date_of_birth("30/10/1893", AS_AT) == (None, "dob_too_old")
    assert read_date_of_birth("01/03/1892", dt.date(2012, 2, 29))[1] is None
    assert read_date_of_birth("x", AS_AT) == (None, "date")


def test_the_latest_month_is_that_of_as_at_only_on_its_last_day() -> None:
    assert month_range(dt.date(2013, 10, 31), 1) == (dt.date(2013, 10, 1), dt.date(2013, 10, 31))
    assert month_range(dt.date(2013, 10, 30), 1) == (dt.date(2013, 9, 1), dt.date(2013, 9, 30))
    assert month_range(dt.date(2012, 2, 29), 12) == (dt.date(2011, 3, 1), dt.date(2011, 3, 31))
    assert month_range(dt.date(2013, 2, 28), 2) == (dt.date(2013, 1, 1), dt.date(2013, 1, 31))
    with pytest.raises(ValueError, match="from 1"):
        month_range(AS_AT, 0)


@settings(deadline=None)
@given(st.dates(dt.date(1990, 1, 1), dt.date(2030, 12, 31)), st.integers(1, 40))
def test_months_follow_each_other_without_a_gap(as_at: dt.date, m: int) -> None:
    later, earlier = month_range(as_at, m), month_range(as_at, m + 1)
    assert earlier[1] + dt.timedelta(days=1) == later[0]
    assert later[1] <= as_at


_WRITTEN = (
    st.from_regex(r"[0-3][0-9]/[01][0-9]/(18|19|20|22)[0-9]{2}", fullmatch=True)
    | st.from_regex(r"(18|19|20|22)[0-9]{2}-[01][0-9]-[0-3][0-9]", fullmatch=True)
    | st.text(max_size=10)
)


@given(st.lists(_WRITTEN))
def test_dates_of_a_column_at_once_are_those_read_one_by_one(texts: list[str]) -> None:
    column = pa.array([*texts, None, "01/01/1900", "2012-02-29", "29/02/2013", "30/04/2013"], pa.string())
    for read, born_by in ((read_date, None), (partial(read_date_of_birth, as_at=AS_AT), AS_AT)):
        found, sure = dates(column, born_by)
        for text, day, known in zip(column.to_pylist(), found.to_pylist(), sure, strict=True):
            assert not known or read(text) == (day, None)
        assert sure[-5:].tolist() == [False, False, True, False, True]
