"""A made-up list of families and figures for the tests of this folder. Nobody here exists."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from matcher.disclosures.inputs import (
    FAMILIES,
    MEMBERS,
    REASONS,
    AreaClaim,
    Batch,
    ClaimFigures,
    FamilyList,
    Fee,
    PublishedFigures,
    Rate,
    ReadingFigures,
    RunFigures,
    SupplyFigures,
)  # fmt: skip

TITLES = {"crime_asb": "crime or anti-social behaviour", "education": "education", "work": "adult out of work"}
CONCERNS = {"drugs": "a member has a problem of drug misuse", "plan": "a child is on a plan"}
BATCH = Batch(
    id="2013-10-31-1",
    as_at=dt.date(2013, 10, 31),
    workspace="Supporting families",
    controller="Shire Council",
    agreement="information sharing agreement of October 2013",
    titles=TITLES | CONCERNS,
    made_up=True,
)
DAY = dt.date


def table(declared: Any, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=declared.schema)


def reason(family: str, person: str | None, criterion: str, kind: str, dataset: str, **fact: Any) -> dict[str, Any]:
    empty = {"code": None, "begun": None, "ended": None, "quantity": None, "supplier": ""}
    return (
        {"family_id": family, "person_id": person, "criterion": criterion, "kind": kind, "dataset": dataset}
        | empty
        | fact
    )


def family_list(batch: Batch = BATCH) -> FamilyList:
    families = [
        {
            "family_id": "F-AAAAAAAA", "area": "city", "route": "automatic", "address": "1 ZZ STREET", "postcode": "LE1 1AA",
            "criteria": ["crime_asb", "education", "work"], "concerns": [],
        },
        {
            "family_id": "F-BBBBBBBB", "area": "county", "route": "discretion", "address": "2 YY LANE", "postcode": "LE9 9ZZ",
            "criteria": ["crime_asb", "work"], "concerns": ["drugs", "plan"],
        },
    ]  # fmt: skip
    members = [
        {"family_id": "F-AAAAAAAA", "person_id": "P-AAAAAAA2", "forenames": "QUILLON", "surname": "TESTERBY", "date_of_birth": DAY(1999, 5, 1)},
        {"family_id": "F-AAAAAAAA", "person_id": "P-AAAAAAA1", "forenames": "=HYPERLINK(1)", "surname": "TESTERBY", "date_of_birth": DAY(1890, 2, 3)},
        {"family_id": "F-BBBBBBBB", "person_id": "P-BBBBBBB1", "forenames": "ORLA", "surname": "MOCKSON", "date_of_birth": None},
    ]  # fmt: skip
    boy, mother = "P-AAAAAAA2", "P-BBBBBBB1"
    offence = {"begun": DAY(2013, 8, 1), "ended": DAY(2013, 9, 3), "supplier": "city"}
    reasons = [
        reason("F-AAAAAAAA", boy, "crime_asb", "proven_offence", "yos", code="RO", **offence),
        reason("F-AAAAAAAA", boy, "crime_asb", "proven_offence", "yos", code="YC", **offence | {"ended": DAY(2013, 1, 11)}),
        reason("F-AAAAAAAA", None, "crime_asb", "housing_intervention", "housing", code="NOSP", begun=DAY(2013, 4, 1)),
        *(
            reason("F-AAAAAAAA", boy, "education", "sessions_unauthorised", "education", begun=begun, ended=begun, quantity=count)
            for begun, count in [(DAY(2012, 9, 1), 20), (DAY(2013, 1, 1), 25), (DAY(2013, 5, 1), 0)]
        ),
        reason("F-BBBBBBBB", mother, "work", "benefit_out_of_work", "dwp", code="JSA", begun=DAY(2012, 1, 2)),
        reason("F-BBBBBBBB", mother, "plan", "protection_plan", "social_care", code="CPP", begun=DAY(2013, 2, 4)),
        reason("F-BBBBBBBB", mother, "drugs", "health_concern", "health", code="DRUG", begun=DAY(2013, 3, 4)),
    ]  # fmt: skip
    return FamilyList.of(batch, table(FAMILIES, families), table(MEMBERS, members), table(REASONS, reasons))


RATE = Rate(
    financial_year="2013-14",
    fees=(
        Fee("attachment", "Attachment fee", 240000, percent=60),
        Fee("route_a", "Result: crime, anti-social behaviour and education", 150000, derived=True),
    ),
    cap=400000,
    document="Financial framework",
    confirmed=False,
)
CLAIM = ClaimFigures(BATCH, "Phase 1, from 2012-04-01", RATE, (AreaClaim("city", 12, 3), AreaClaim("county", 7, 0)))


def published_figures(city: int = 40, small: int = 2) -> PublishedFigures:
    """Families by area; `small` in Rutland by discretion."""
    routes = {
        ("city", "automatic"): city,
        ("city", "discretion"): 31,
        ("county", "automatic"): 22,
        ("county", "discretion"): 18,
    }
    routes |= {("rutland", "automatic"): 6, ("rutland", "discretion"): small}
    criteria = {}
    for area in ("city", "county", "rutland"):
        automatic, discretion = routes[area, "automatic"], routes[area, "discretion"]
        criteria |= {(area, "crime_asb"): automatic + discretion, (area, "education"): automatic + discretion // 2}
        criteria[area, "work"] = automatic + discretion - discretion // 2
    return PublishedFigures(BATCH, "Phase 1, from 2012-04-01", routes, criteria, tuple(TITLES))


def run_figures() -> RunFigures:
    routes = {
        (area, route): count
        for area, counts in {"city": (44, 31, 5210), "county": (22, 18, 7410), "rutland": (3, 1, 730)}.items()
        for route, count in zip(("automatic", "discretion", "no"), counts, strict=True)
    }
    criteria = {("city", "crime_asb"): 310, ("city", "education"): 402, ("city", "work"): 1100}
    criteria |= {("county", "crime_asb"): 212, ("county", "education"): 300, ("county", "work"): 800}
    criteria |= {("rutland", "crime_asb"): 9, ("rutland", "education"): 8, ("rutland", "work"): 60}
    supplies = (
        SupplyFigures("yos", "city", "city_yos", "accepted", 812, 810, 2, 5, 14),
        SupplyFigures("education", "county", "county_education", "accepted", 24110, 24110, 0, 31, 0),
        SupplyFigures("health", "", "nhs_trust", "rejected", 300, 0, 300, 1, 0),
    )
    return RunFigures(
        batch=BATCH, framework="Phase 1, from 2012-04-01", policy="local discretion of 2013-10-01", supplies=supplies,
        records=24920, candidate_pairs=93111, persons=20011, persons_by_records={1: 14000, 2: 4000, 3: 2000, 9: 11},
        households=13469, households_by_people={1: 7000, 2: 4000, 4: 2400, 11: 69},
        places={"dwelling": 13300, "hostel": 9, "none": 160}, routes=routes, criteria=criteria,
        concerns={"health": 21, "custody": 3},
        readings=(
            ReadingFigures("offence_age", "A proven offence counts where the member was under 18 at the offence.", "Appendix D, 1", 17),
            ReadingFigures("home_education", "Elective home education is not off roll.", "Appendix D, 2", 2),
        ),
        one_short_not_assessable=4, records_kept=402, records_deleted=24518, files_destroyed=3, uncertain=17,
        seconds={"intake": 0.61, "pairs": 1.24, "decisions": 0.2}, peak_rss_mb=612.3,
        warnings=("gazetteer: no supply; kinds of place are told by addresses alone",),
        outputs={"outbox/2013-10-31-1/key-worker/city.xlsx": "families of the City, for its key-worker team"},
        name_forms={
            "all": (24920, 9300, 120), "a hyphen in the name": (640, 212, 9), "an apostrophe in the name": (31, 12, 2),
            "a surname of up to 3 letters": (3, 1, 0), "a forename of one letter": (0, 0, 0), "none of these": (24246, 9075, 109),
        },
    )  # fmt: skip
