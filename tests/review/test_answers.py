"""What is taken for an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import Exit, UserError
from matcher.review.answers import REASONS, Answer, faults_of, parse


@pytest.mark.parametrize("reason", [*REASONS, "twins", "checked-by-phone", "x1"])
def test_listed_reasons_and_other_short_codes_are_taken(reason: str) -> None:
    assert parse(" Yes ", " panel ", reason.upper()) == Answer("yes", "panel", reason)


@pytest.mark.parametrize("typed", ["y", "n", "d"])
def test_first_letters_are_answers(typed: str) -> None:
    assert parse(typed, "panel", "twins").given[0] == typed


def test_every_fault_is_told_at_once_and_no_value() -> None:
    with pytest.raises(UserError) as refused:
        parse("perhaps Alice", "", "She told me so")
    told = str(refused.value)
    assert refused.value.code == Exit.USAGE
    assert "answer is not yes, no or defer" in told and "by is empty" in told and "reason is not a short code" in told
    assert "Alice" not in told and "She" not in told


@pytest.mark.parametrize(
    ("by", "reason", "part"),
    [("p" * 61, "x", "by"), ("a\nb", "x", "by"), ("p", "", "reason"), ("p", "r" * 41, "reason")],
)
def test_too_long_or_missing_parts_are_refused(by: str, reason: str, part: str) -> None:
    assert [fault.part for fault in faults_of("no", by, reason)] == [part]


@given(st.text(), st.text(), st.text())
def test_no_faults_means_that_it_is_taken(typed: str, by: str, reason: str) -> None:
    if faults_of(typed, by, reason):
        with pytest.raises(UserError):
            parse(typed, by, reason)
    else:
        taken = parse(typed, by, reason)
        assert taken.given in ("yes", "no", "defer") and taken.by and taken.reason == taken.reason.lower()
