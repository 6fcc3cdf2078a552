"""The independent judge, on rows made by hand: each edge of the rules once on either side."""

from __future__ import annotations

import datetime as dt

import pytest

from matcher.synthetic.delivered import HEADERS, Cell, Supply
from matcher.synthetic.truth import CRIME, EDUCATION, WORK, Judge

AS_AT = dt.date(2013, 10, 31)
CHILD, ADULT, HOME = 1, 2, 9
BORN = {CHILD: dt.date(1999, 5, 1), ADULT: dt.date(1975, 5, 1)}


def supply(dataset: str, person: int, *rows: dict[str, Cell]) -> Supply:
    blank: dict[str, Cell] = dict.fromkeys(HEADERS[dataset])
    made = Supply(dataset, "")
    for row in rows:
        cells = {**blank, "DOB": BORN.get(person), **row}
        made.rows.append(tuple(cells[name] for name in HEADERS[dataset]))
        made.behind.append((person, HOME))
    return made


def met(*supplies: Supply) -> int:
    return Judge(supplies, AS_AT).met[HOME]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("offence", "outcome", "decided", "expected"),
    [
        ("2012-09-01", "RO", "2012-11-01", CRIME),
        ("2012-09-01", "RO", "2012-10-31", 0),
        ("2012-09-01", "RO", "2013-10-31", CRIME),
        ("2013-09-01", "RJ", "2013-10-01", 0),
        ("2013-09-01", "NFA", "2013-10-01", 0),
        ("2017-05-01", "RO", "2013-10-01", 0),  # at 18
    ],
)
def test_a_young_persons_proven_offence_within_the_window(
    offence: str, outcome: str, decided: str, expected: int
) -> None:
    row: dict[str, Cell] = {"Offence Date": day(offence), "Outcome": outcome, "Outcome Date": day(decided)}
    assert met(supply("yos", CHILD, row)) == expected


def test_an_offence_without_its_date_counts_for_nothing() -> None:
    row: dict[str, Cell] = {"Offence Date": None, "Outcome": "RO", "Outcome Date": AS_AT}
    assert met(supply("yos", CHILD, row)) == 0


@pytest.mark.parametrize(
    ("code", "begun", "expiry", "expected"),
    [
        ("ASBO", "2009-01-01", None, CRIME),
        ("ASBO", "2009-01-01", "2013-10-31", CRIME),
        ("ASBO", "2009-01-01", "2013-10-30", 0),
        ("ASBI", None, "2014-10-30", 0),
        ("ABC", "2011-10-31", None, CRIME),
        ("ABC", "2011-10-30", None, 0),
        ("NOSP", "2012-11-01", None, CRIME),
        ("NOSP", "2012-10-31", "2014-01-01", 0),
        ("WARN", "2013-10-01", None, 0),
    ],
)
def test_orders_in_force_and_interventions_of_the_year(
    code: str, begun: str | None, expiry: str | None, expected: int
) -> None:
    dates: dict[str, Cell] = {"Expiry Date": day(expiry) if expiry else None}
    row: dict[str, Cell] = {"Disposal": code, "Disposal Date": day(begun) if begun else None, **dates}
    assert met(supply("police_asb", ADULT, row)) == expected


def term(label: str, possible: int, missed: int, fixed: int = 0, **more: Cell) -> dict[str, Cell]:
    return {
        "Estab": "8564001", "Term": label, "Sessions Possible": possible, "Unauthorised Sessions": missed, "Fixed Exclusions": fixed,
        "Permanent Exclusion": "N", "Provision": "MAIN", "Previously Excluded": "N", **more,
    }  # fmt: skip


def test_absence_is_the_ratio_of_sums_and_fifteen_per_cent_counts() -> None:
    two = (term("2012/13 Spring", 100, 0), term("2012/13 Summer", 100, 30))
    assert met(supply("education", CHILD, *two)) == EDUCATION
    assert met(supply("education", CHILD, two[0], term("2012/13 Summer", 101, 30))) == 0


def test_one_enrolment_in_two_supplies_counts_once() -> None:
    rows = (term("2012/13 Summer", 100, 0, fixed=2),)
    assert met(supply("education", CHILD, *rows), supply("education", CHILD, *rows)) == 0
    assert met(supply("education", CHILD, *rows, term("2012/13 Spring", 100, 0, fixed=1))) == EDUCATION


@pytest.mark.parametrize(
    ("provision", "previously", "expected"),
    [("PRU", "Y", EDUCATION), ("PRU", "N", 0), ("NOR", "N", EDUCATION), ("EHE", "N", 0), ("MAIN", "Y", 0)],
)
def test_where_a_child_is_taught_in_its_latest_term(provision: str, previously: str, expected: int) -> None:
    row = term("2012/13 Summer", 0, 0, Provision=provision, **{"Previously Excluded": previously})
    assert met(supply("education", CHILD, row)) == expected


@pytest.mark.parametrize(
    ("benefit", "start", "end", "expected"),
    [("JSA", "2013-10-31", None, WORK), ("JSA", "2013-01-01", "2013-10-31", WORK), ("JSA", "2013-01-01", "2013-10-30", 0),
     ("HB", "2013-01-01", None, 0), ("JSA", None, None, 0)],
)  # fmt: skip
def test_an_adult_on_a_benefit_on_the_day(benefit: str, start: str | None, end: str | None, expected: int) -> None:
    row: dict[str, Cell] = {
        "Benefit": benefit, "Claim Start": day(start) if start else None, "Claim End": day(end) if end else None,
    }  # fmt: skip
    assert met(supply("dwp", ADULT, row)) == expected
    assert met(supply("dwp", CHILD, row)) == 0


def test_two_criteria_qualify_only_with_a_concern() -> None:
    two = (
        supply("dwp", ADULT, {"Benefit": "JSA", "Claim Start": day("2013-01-01")}),
        supply("police_asb", ADULT, {"Disposal": "ASBO", "Disposal Date": day("2013-01-01")}),
    )
    calls = {"Measure": "CALLOUT", **{f"M{month:02d}": 0 for month in range(1, 13)}}
    assert Judge(two, AS_AT).decision(HOME) == "no"
    assert Judge((*two, supply("police_monthly", ADULT, {**calls, "M01": 3})), AS_AT).decision(HOME) == "no"
    assert (
        Judge((*two, supply("police_monthly", ADULT, {**calls, "M01": 3, "M12": 1})), AS_AT).decision(HOME)
        == "discretion"
    )
    third = supply("education", CHILD, term("2012/13 Summer", 100, 15))
    assert Judge((*two, third), AS_AT).decision(HOME) == "automatic"


def test_the_date_of_birth_delivered_most_often_decides() -> None:
    claim = supply("dwp", ADULT, {"Benefit": "JSA", "Claim Start": day("2013-01-01"), "DOB": day("2000-01-01")})
    others = [supply("health", ADULT, {"Concern": "LTC"}), supply("yos", ADULT, {"Outcome": "RJ"})]
    assert met(claim) == 0
    assert met(claim, *others) == WORK
