"""Evidence in plain English."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from matcher.disclosures.evidence_words import evidence_words
from specs.load import load_extract_specs
from specs.tables import EVIDENCE_KINDS

SPECS = load_extract_specs()
D = dt.date


def fact(**given: Any) -> dict[str, Any]:
    return {"code": None, "begun": None, "ended": None, "quantity": None} | given


@pytest.mark.parametrize(
    ("kind", "dataset", "facts", "words"),
    [
        (
            "benefit_out_of_work", "dwp", [fact(code="IS", begun=D(2012, 1, 2), ended=D(2014, 1, 1))],
            "1 out-of-work benefit: Income Support, from 02/01/2012 to 01/01/2014",
        ),
        (
            "asb_order", "housing", [fact(code="ASBO", begun=D(2012, 1, 2)), fact(code="ASBI")],
            "2 anti-social behaviour orders or injunctions: anti-social behaviour order, from 02/01/2012; "
            "anti-social behaviour injunction, undated",
        ),
        ("fixed_exclusions", "education", [fact(quantity=2, begun=D(2013, 1, 1)), fact(quantity=1)],
         "3 fixed-period exclusions: 2012/13 Spring"),
        ("permanent_exclusion", "education", [fact(begun=D(2013, 5, 1))], "permanently excluded: 2012/13 Summer"),
        ("not_on_roll", "education", [fact()], "not on a school roll: term not told"),
        (
            "proven_offence", "yos", [fact(code="FINE", begun=D(2013, 1, 1))],
            "1 proven offence: fine, outcome undated, offence 01/01/2013",
        ),
        ("protection_plan", "none", [fact(code="CPP", begun=D(2013, 1, 1))], "1 child protection plan: CPP, from 01/01/2013"),
        (
            "police_callouts", "police_monthly",
            [fact(begun=D(2013, 6, 1), ended=D(2013, 6, 30), quantity=1), fact(begun=D(2013, 7, 1), quantity=2)],
            "3 police call-outs: 2 in July 2013, 1 in June 2013",
        ),
        (
            "custody", "none", [fact(code="DTO", begun=D(2013, 2, 1), ended=D(2013, 2, 28))],
            "1 time in prison or detention: DTO, in February 2013",
        ),
    ],
)  # fmt: skip
def test_evidence_is_told_in_words(kind: str, dataset: str, facts: list[dict[str, Any]], words: str) -> None:
    assert evidence_words(kind, facts, SPECS.get(dataset)) == words


def test_the_same_fact_from_two_rows_is_told_once() -> None:
    twice = [fact(code="IS", begun=D(2012, 1, 2))] * 2
    assert evidence_words("benefit_out_of_work", twice, SPECS["dwp"]).startswith("1 out-of-work benefit:")


@pytest.mark.parametrize("kind", EVIDENCE_KINDS)
def test_every_kind_has_words(kind: str) -> None:
    assert evidence_words(kind, [fact(begun=D(2013, 9, 1), ended=D(2013, 12, 31), quantity=3)], None)
