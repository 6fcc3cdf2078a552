"""Lists of families: each recipient gets its own area and its own fields, and no more."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from matcher.disclosures.family_lists import ASK, HELD, SOME_CONCERN, disclosed_to, key_worker_lists, partner_lists
from matcher.disclosures.inputs import FAMILIES, MEMBERS, REASONS, FamilyList
from specs.load import load_disclosure_specs, load_extract_specs
from specs.tables import SeamError
from tests.disclosures.made_up import BATCH, family_list
from tests.disclosures.opened import decrypted, sheets_of, table_of, xml_of

DISCLOSURES, SPECS = load_disclosure_specs(), load_extract_specs()


def password(recipient: str) -> str:
    return f"password of {recipient}"


@pytest.fixture(scope="module")
def key_worker() -> dict[str, bytes]:
    return key_worker_lists(family_list(), DISCLOSURES, SPECS, password)


@pytest.fixture(scope="module")
def partners() -> dict[str, bytes]:
    return partner_lists(family_list(), DISCLOSURES, password)


def test_there_is_one_list_an_area_and_one_a_partner(key_worker: dict[str, bytes], partners: dict[str, bytes]) -> None:
    assert list(key_worker) == ["key-worker/city.xlsx", "key-worker/county.xlsx", "key-worker/rutland.xlsx"]
    # the ESF provider is told on allocation of a key worker, which the match does not know
    assert set(partners) == {"partners/dwp.xlsx", "partners/iom_disclosure_team.xlsx", "partners/nhs_trust.xlsx"}


def test_a_key_worker_team_gets_its_own_area_only(key_worker: dict[str, bytes]) -> None:
    plain = decrypted(key_worker["key-worker/city.xlsx"], password("key_worker_city"))
    sheets = sheets_of(plain)
    assert list(sheets) == ["Families", "Members", "Reasons"]
    (family,) = table_of(sheets["Families"], "Family")
    assert family == {
        "Family": "F-AAAAAAAA", "Area": "City", "Route": "all three criteria", "Address": "1 ZZ STREET", "Postcode": "LE1 1AA",
        "People": 2, "Criteria met": "crime or anti-social behaviour; education; adult out of work", "Causes for concern": "",
    }  # fmt: skip
    members = table_of(sheets["Members"], "Family")
    assert [member["Forenames"] for member in members] == ["'=HYPERLINK(1)", "QUILLON"]
    assert members[1]["Date of birth"] == dt.date(1999, 5, 1)
    assert "MOCKSON" not in xml_of(plain) and "F-BBBBBBBB" not in xml_of(plain)
    empty = sheets_of(decrypted(key_worker["key-worker/rutland.xlsx"], password("key_worker_rutland")))
    assert table_of(empty["Families"], "Family") == []
    assert "0 families, 0 people" in empty["Families"][1][0]


def test_reasons_tell_evidence_source_and_to_ask_it(key_worker: dict[str, bytes]) -> None:
    sheets = sheets_of(decrypted(key_worker["key-worker/city.xlsx"], password("key_worker_city")))
    reasons = {(r["Person"], r["Criterion or concern"]): r for r in table_of(sheets["Reasons"], "Family")}
    offences = reasons["QUILLON TESTERBY", "crime or anti-social behaviour"]
    assert offences["Evidence"] == (
        "2 proven offences: referral order, outcome 03/09/2013, offence 01/08/2013; "
        "youth caution, outcome 11/01/2013, offence 01/08/2013"
    )
    assert offences["Source"] == "Youth offending: Leicester City Youth Offending Service"
    assert {row["Before acting"] for row in reasons.values()} == {ASK}
    home = reasons["the household at this address", "crime or anti-social behaviour"]
    assert home["Evidence"].startswith("1 housing intervention: notice of seeking possession")
    school = reasons["QUILLON TESTERBY", "education"]["Evidence"]
    assert school == "45 sessions of unauthorised absence: 2012/13 Autumn, 2012/13 Spring, 2012/13 Summer"


def test_health_is_named_by_its_source_alone(key_worker: dict[str, bytes]) -> None:
    """Neither the evidence nor the name of the concern tells what it is."""
    plain = decrypted(key_worker["key-worker/county.xlsx"], password("key_worker_county"))
    sheets = sheets_of(plain)
    (held,) = [row for row in table_of(sheets["Reasons"], "Family") if row["Evidence"] == HELD]
    assert held["Criterion or concern"] == SOME_CONCERN and "NHS" in held["Source"]
    (family,) = table_of(sheets["Families"], "Family")
    assert family["Causes for concern"].startswith("a child is on a plan; A cause for concern: ask Health concerns: ")
    assert "drug" not in xml_of(plain).lower()


def test_a_partner_is_told_names_dates_of_birth_and_addresses_and_nothing_else(partners: dict[str, bytes]) -> None:
    plain = decrypted(partners["partners/iom_disclosure_team.xlsx"], password("iom_disclosure_team"))
    sheets = sheets_of(plain)
    assert list(sheets) == ["City", "County", "Rutland"]
    (county,) = table_of(sheets["County"], "Surname")
    assert county == {
        "Surname": "MOCKSON", "Forenames": "ORLA", "Date of birth": "", "Address": "2 YY LANE", "Postcode": "LE9 9ZZ",
    }  # fmt: skip
    told = xml_of(plain)
    for other in ("F-AAAAAAAA", "P-AAAAAAA1", "crime", "education", "health", "JSA", "discretion", "proven"):
        assert other not in told
    dwp = sheets_of(decrypted(partners["partners/dwp.xlsx"], password("dwp")))
    assert list(dwp) == ["City"] and len(table_of(dwp["City"], "Surname")) == 2


def test_lists_are_marked_with_the_workspaces_own_label() -> None:
    batch = dataclasses.replace(BATCH, marking="RESTRICTED", made_up=False)
    content = partner_lists(family_list(batch), {"dwp": DISCLOSURES["dwp"]}, password)["partners/dwp.xlsx"]
    plain = decrypted(content, password("dwp"))
    assert sheets_of(plain)["City"][0][0] == "RESTRICTED"
    assert "MADE-UP" not in xml_of(plain)


def test_what_was_disclosed_is_told_for_the_register() -> None:
    told = {spec: families for spec, _, families in disclosed_to(family_list(), DISCLOSURES)}
    assert told == {
        "dwp": ("F-AAAAAAAA",),
        "iom_disclosure_team": ("F-AAAAAAAA", "F-BBBBBBBB"),
        "key_worker_city": ("F-AAAAAAAA",),
        "key_worker_county": ("F-BBBBBBBB",),
        "key_worker_rutland": (),
        "nhs_trust": ("F-AAAAAAAA", "F-BBBBBBBB"),
    }


def test_the_order_of_rows_does_not_matter() -> None:
    listed = family_list()
    turned = FamilyList.of(
        BATCH,
        listed.families.take(list(range(listed.families.num_rows))[::-1]),
        listed.members.take(list(range(listed.members.num_rows))[::-1]),
        listed.reasons.take(list(range(listed.reasons.num_rows))[::-1]),
    )
    assert turned == listed


def test_the_same_evidence_twice_is_allowed_but_unknown_families_are_not() -> None:
    listed = family_list()
    twice = listed.reasons.take([0, 0])
    assert FamilyList.of(BATCH, listed.families, listed.members, twice).reasons.num_rows == 2
    with pytest.raises(SeamError, match="unknown"):
        FamilyList.of(BATCH, FAMILIES.empty(), listed.members, REASONS.empty())
    with pytest.raises(SeamError, match="unknown"):
        FamilyList.of(BATCH, FAMILIES.empty(), MEMBERS.empty(), listed.reasons)
    with pytest.raises(SeamError):
        FamilyList.of(BATCH, listed.families.drop(["area"]), listed.members, listed.reasons)
