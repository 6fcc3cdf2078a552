"""When a source last used an address."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from matcher.records import build
from tests.records.supplies import AS_AT, SPECS, delivered, on


def seen(dataset: str, metadata: dict[str, Any] | None = None, **cells: Any) -> dt.date | None:
    found = build([delivered(dataset, "", cells, metadata=metadata)], SPECS, AS_AT)
    value: dt.date | None = found.records["seen_on"][0].as_py()
    return value


def test_a_register_speaks_for_the_batch_date() -> None:
    assert seen("residents", **{"from": on("2001-01-01")}) == AS_AT


def test_a_register_that_says_until_speaks_until_then() -> None:
    assert seen("residents", to=on("2013-03-01")) == on("2013-03-01")
    assert seen("residents", to=on("2014-03-01")) == AS_AT


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("30/09/2013", "2013-09-30"),
        ("2013-09-30", "2013-09-30"),
        ("30/11/2013", "2013-10-31"),
        ("soon", "2013-10-31"),
        (None, "2013-10-31"),
    ],
)
def test_the_sidecar_says_up_to_when_a_supply_tells(told: str | None, expected: str) -> None:
    assert seen("residents", {"period_to": told}) == on(expected)


def test_a_running_claim_is_current_and_its_start_proves_nothing() -> None:
    assert seen("dwp", benefit="JSA", claim_start=on("2009-01-01")) == AS_AT


def test_an_ended_claim_was_in_touch_until_it_ended() -> None:
    assert seen("dwp", benefit="JSA", claim_start=on("2009-01-01"), claim_end=on("2012-01-01")) == on("2012-01-01")


def test_an_offence_was_seen_at_its_outcome() -> None:
    assert seen("yos", outcome="NFA", offence_date=on("2013-01-01"), outcome_date=on("2013-02-01")) == on("2013-02-01")


def test_a_date_after_the_batch_date_is_no_sighting() -> None:
    assert seen("yos", offence_date=on("2013-01-01"), outcome_date=on("2013-12-01")) == on("2013-01-01")


def test_an_expiry_is_no_sighting() -> None:
    cells = {"intervention": "NOSP", "intervention_date": on("2013-01-01"), "expiry_date": on("2013-06-01")}
    assert seen("housing", **cells) == on("2013-01-01")


def test_an_event_source_without_a_date_does_not_tell() -> None:
    assert seen("yos", full_name="Kai Tolley") is None


def test_counts_tell_the_latest_month_with_any() -> None:
    assert seen("police_monthly", measure="CALLOUT", m01=0, m03=2, m09=1) == on("2013-08-31")


def test_a_term_tells_its_last_day() -> None:
    assert seen("education", term="2012/13 Spring") == on("2013-04-30")


def test_a_caseload_without_dates_speaks_for_the_batch_date() -> None:
    assert seen("probation", full_name="Kai Tolley") == AS_AT
