"""All data sets load, hold exactly the agreed columns, and give evidence that the rest of the flow knows."""

from __future__ import annotations

import re

import pytest

from specs.load import load_disclosure_specs, load_extract_specs
from specs.tables import EVIDENCE_KINDS

SPECS = load_extract_specs()
MONTHS = [f"M{month:02d}*" for month in range(1, 13)]

# heading, * = required; the order is the order in which partners send them
AGREED: dict[str, list[str]] = {
    "police_iom": ["Nominal Ref*", "Full Name*", "DOB*", "Address*", "Flag*", "Flag Date"],
    "police_asb": [
        "Sentinel Ref*", "Full Name*", "DOB*", "Address*", "Disposal", "Disposal Date", "Expiry Date", *MONTHS,
    ],
    "police_monthly": ["Nominal Ref*", "Full Name*", "DOB*", "Address*", "Measure*", *MONTHS],
    "probation": ["CRN*", "Full Name*", "DOB*", "Address*", "Class A Parent*"],
    "yos": [
        "YOS ID*", "Full Name*", "DOB*", "Address*", "Offence*", "Offence Date*", "Outcome*", "Outcome Date*",
        "Panel Decision", "PPO/IOM",
    ],
    "education": [
        "UPN*", "Forename*", "Surname*", "DOB*", "Sex", "Address 1*", "Address 2", "Town", "Postcode*", "Estab*", "Term*",
        "Sessions Possible*", "Unauthorised Sessions*", "Fixed Exclusions*", "Permanent Exclusion*", "Provision*",
        "Previously Excluded",
    ],
    "dwp": [
        "NINO", "Forename*", "Surname*", "DOB*", "Sex", "Address*", "Postcode*", "Benefit*", "Claim Start*", "Claim End",
        "Sanction", "Training", "Work Programme Start", "ESF Start", "Employment Start", "Employment End",
    ],
    "housing": [
        "Case Ref*", "District*", "Name*", "DOB", "Address*", "Postcode*", "UPRN", "Intervention*", "Intervention Date*",
        "Expiry Date", "Complaints",
    ],
    "social_care": ["Case ID*", "Forename*", "Surname*", "DOB*", "Address*", "Postcode*", "Status*", "Start*", "End"],
    "health": ["Client Ref*", "Forename*", "Surname*", "DOB*", "Address*", "Postcode*", "Concern*", "Date*"],
    "local_concerns": [
        "Ref*", "Forename*", "Surname*", "DOB*", "Address*", "Postcode*", "Concern*", "Date*", "Asserted By*",
    ],
    "residents": [
        "Resident Ref*", "Forename*", "Surname*", "DOB", "Address*", "Postcode*", "UPRN", "From", "To", "Relationship",
    ],
    "gazetteer": ["UPRN*", "Address*", "Postcode*", "District*", "Class", "Easting", "Northing"],
}  # fmt: skip

CODES: dict[str, set[str]] = {
    "police_iom.flag": {"PPO", "IOM", "RED", "AMBER", "DVR"},
    "police_asb.disposal": {"ASBO", "ASBI", "ABC", "NOSP", "HINJ", "DEMO", "EVICT", "WARN"},
    "police_monthly.measure": {"PROVEN", "ARREST", "CALLOUT", "CUSTODY"},
    "yos.outcome": {
        "REP",
        "FW",
        "YC",
        "YCC",
        "CAU",
        "PND",
        "FINE",
        "DISCH",
        "RO",
        "REPO",
        "YRO",
        "DTO",
        "CUST",
        "COMM",
        "RJ",
        "CR",
        "YRD",
        "NFA",
        "PEND",
        "WD",
        "ACQ",
    },
    "education.provision": {"MAIN", "PRU", "AP", "NOR", "EHE"},
    "dwp.benefit": {"ESA", "IB", "CA", "IS", "JSA", "SDA", "HB", "CTB", "DLA", "PIP", "WTC", "CTC", "BB", "NONE"},
    "housing.intervention": {"ASBO", "ASBI", "ABC", "NOSP", "NOSPRENT", "HINJ", "DEMO", "EVICT", "WARN", "NONE"},
    "social_care.status": {"CPP", "LACC", "LAC", "CIN"},
    "health.concern": {"EMH", "DRUG", "ALC", "LTC", "DAH", "U18C"},
    "local_concerns.concern": {"GANG", "HIGH_COST", "OTHER"},
    "gazetteer.class": {"RD", "RH", "RI", "C"},
}


def kinds_of(dataset: str, **cells: str) -> set[str]:
    """Kinds of the rules that a row with these codes would fire (a column not given is filled with something)."""

    def holds(codes: tuple[str, ...], cell: str) -> bool:
        return ("*" in codes and cell != "") or cell in codes

    return {
        rule.kind
        for rule in SPECS[dataset].evidence
        if all(holds(codes, cells.get(column, "")) for column, codes in rule.when.items())
    }


def test_there_are_exactly_the_agreed_data_sets() -> None:
    assert set(SPECS) == set(AGREED)


@pytest.mark.parametrize("dataset", AGREED)
def test_columns_are_the_agreed_ones_and_the_starred_ones_are_required(dataset: str) -> None:
    headings = [column.name + ("*" if column.required else "") for column in SPECS[dataset].column]
    assert headings == AGREED[dataset]


@pytest.mark.parametrize("column", CODES)
def test_codes_are_the_agreed_ones(column: str) -> None:
    dataset, name = column.split(".")
    found = next(each for each in SPECS[dataset].column if each.id == name)
    assert found.type == "code"
    assert set(found.codes) == CODES[column]


def test_every_code_column_is_listed_here() -> None:
    assert {f"{s.id}.{c.id}" for s in SPECS.values() for c in s.column if c.type == "code"} == set(CODES)


def test_column_ids_are_the_headings_in_snake_case() -> None:
    for spec in SPECS.values():
        for column in spec.column:
            assert column.id == re.sub(r"[ /]", "_", column.name.lower())


def test_every_evidence_kind_of_the_vocabulary_is_given_by_some_data_set_and_no_other() -> None:
    assert {rule.kind for spec in SPECS.values() for rule in spec.evidence} == set(EVIDENCE_KINDS)


@pytest.mark.parametrize(
    ("dataset", "cells", "kinds"),
    [
        ("police_iom", {"flag": "AMBER"}, {"managed_offender"}),
        ("police_iom", {"flag": "DVR"}, {"domestic_violence_perpetrator"}),
        ("police_asb", {"disposal": "WARN"}, {"asb_incidents"}),
        ("police_asb", {"disposal": ""}, {"asb_incidents"}),
        ("police_asb", {"disposal": "ABC"}, {"asb_incidents", "asb_contract"}),
        ("police_asb", {"disposal": "ASBI"}, {"asb_incidents", "asb_order"}),
        ("police_asb", {"disposal": "EVICT"}, {"asb_incidents", "housing_intervention"}),
        ("police_monthly", {"measure": "PROVEN"}, {"police_proven"}),
        ("police_monthly", {"measure": "ARREST"}, {"police_arrests"}),
        ("police_monthly", {"measure": "CALLOUT"}, {"police_callouts"}),
        ("police_monthly", {"measure": "CUSTODY"}, {"custody"}),
        ("probation", {"class_a_parent": "Y"}, {"class_a_parent"}),
        ("probation", {"class_a_parent": "N"}, set()),
        ("yos", {"outcome": "REP"}, {"proven_offence"}),
        ("yos", {"outcome": "DTO"}, {"proven_offence", "custody"}),
        ("yos", {"outcome": "RJ"}, set()),
        ("yos", {"outcome": "PEND"}, set()),
        ("yos", {"outcome": "ACQ", "ppo_iom": "Y"}, {"managed_offender"}),
        ("education", {"provision": "PRU", "previously_excluded": "Y"}, {"excluded_provision", "on_roll"}),
        ("education", {"provision": "PRU", "previously_excluded": "N"}, {"on_roll"}),
        ("education", {"provision": "MAIN", "sessions_possible": "0"}, {"on_roll", "sessions_possible"}),
        ("education", {"provision": "EHE"}, {"home_educated"}),
        ("education", {"provision": "NOR"}, {"not_on_roll"}),
        ("education", {"permanent_exclusion": "Y"}, {"permanent_exclusion"}),
        ("dwp", {"benefit": "CA"}, {"benefit_out_of_work"}),
        ("dwp", {"benefit": "HB", "esf_start": "x"}, {"benefit_other", "esf_provision"}),
        ("dwp", {"benefit": "NONE"}, set()),
        ("housing", {"intervention": "NOSP", "complaints": "0"}, {"housing_intervention", "asb_complaints"}),
        ("housing", {"intervention": "NOSPRENT"}, set()),
        ("housing", {"intervention": "WARN"}, set()),
        ("housing", {"intervention": "ABC"}, {"asb_contract"}),
        ("social_care", {"status": "LACC"}, {"considered_for_care"}),
        ("social_care", {"status": "CIN"}, {"child_in_need"}),
        ("health", {"concern": "LTC"}, {"long_term_condition"}),
        ("health", {"concern": "U18C"}, {"health_concern"}),
        ("local_concerns", {"concern": "GANG", "asserted_by": "x"}, {"local_concern"}),
        ("local_concerns", {"concern": "GANG"}, set()),
    ],
)
def test_a_row_gives_the_evidence_that_its_codes_mean(dataset: str, cells: dict[str, str], kinds: set[str]) -> None:
    assert kinds_of(dataset, **cells) == kinds


def test_no_count_by_month_of_the_police_is_a_proven_offence_or_an_order() -> None:
    assert {rule.kind for rule in SPECS["police_monthly"].evidence} == {
        "police_proven", "police_arrests", "police_callouts", "custody",
    }  # fmt: skip


def test_what_is_more_than_agreed_is_told_as_such() -> None:
    whole = {(spec.id, c) for spec in SPECS.values() for b in spec.beyond if b.whole_row for (c,) in b.when.values()}
    assert whole == {("dwp", "NONE"), ("housing", "NOSPRENT"), ("housing", "NONE")}
    (informal,) = SPECS["yos"].beyond
    assert informal.when == {"outcome": ("RJ", "CR", "YRD")}
    assert {"offence", "offence_date", "outcome", "outcome_date"} <= set(informal.drop)


def test_facts_without_a_window_have_none() -> None:
    windows = {(spec.id, rule.kind): rule.window_months for spec in SPECS.values() for rule in spec.evidence}
    dated = {place for place, months in windows.items() if months}
    assert dated == {
        ("yos", "proven_offence"), ("yos", "custody"), ("police_iom", "domestic_violence_perpetrator"),
        ("police_asb", "housing_intervention"), ("housing", "housing_intervention"), ("health", "health_concern"),
    }  # fmt: skip
    assert {windows[place] for place in dated} == {12}


def test_references_join_only_where_the_partner_says_so() -> None:
    assert {spec.id: spec.ref_system for spec in SPECS.values() if spec.ref_system} == {
        "police_iom": "police_nominal",
        "police_monthly": "police_nominal",
    }
    assert {spec.id for spec in SPECS.values() if spec.by_role("ref") is None} == {"education", "dwp", "gazetteer"}


def test_a_housing_row_may_name_nobody_but_then_tells_its_place() -> None:
    assert not any(column.needed_in_row for column in SPECS["housing"].column)
    assert SPECS["housing"].needs_one_of == (("name", "address", "uprn"),)


@pytest.mark.parametrize("dataset", sorted(set(AGREED) - {"gazetteer", "housing"}))
def test_a_row_about_people_is_nothing_without_a_name(dataset: str) -> None:
    spec = SPECS[dataset]
    needed = [column.id for column in spec.column if column.needed_in_row]
    assert needed == (["full_name"] if spec.by_role("full_name") else [])
    assert spec.needs_one_of == (() if spec.by_role("full_name") else (("forename", "surname"),))


def test_every_column_of_evidence_is_dropped_once_evidence_is_made_and_who_and_where_are_not() -> None:
    for spec in SPECS.values():
        for column in spec.column:
            assert column.is_evidence == (column.role is None), f"{spec.id}.{column.id}"


def test_appendix_b_recipients() -> None:
    """City offending goes to the City only, the County's and the districts' to the County only."""
    yos, housing = SPECS["yos"], SPECS["housing"]
    assert yos.flow_for("city").recipients == ("city",)
    assert yos.flow_for("county").recipients == ("county",)
    assert yos.flow_for("county").purposes == ("identification",)
    assert SPECS["probation"].flow_for("").purposes == ("identification",)
    districts = ["blaby", "charnwood", "harborough", "hinckley_bosworth", "melton", "nwl", "oadby_wigston"]
    assert {housing.flow_for(name).recipients for name in districts} == {("county",)}
    for spec in SPECS.values():
        for flow in spec.flow:
            if flow.source == "appendix_b":
                assert "rutland" not in flow.recipients


def test_whatever_lies_beyond_appendix_b_cites_a_dated_amendment_and_says_that_it_is_made_up() -> None:
    beyond = {spec.id for spec in SPECS.values() if all(f.source == "beyond_appendix_b" for f in spec.flow)}
    assert beyond == {"police_monthly", "education", "dwp", "social_care", "health", "local_concerns", "residents"}
    for spec in SPECS.values():
        for flow in spec.flow:
            assert bool(flow.amendment) == flow.amendment_made_up == (flow.source == "beyond_appendix_b")
            assert flow.amendment is None or re.search(r"of \d+ \w+ 2013 under section 4\.3", flow.amendment)


def test_partner_ids_are_safe_as_file_names_and_belong_to_one_owner() -> None:
    owners: dict[str, set[str]] = {}
    for spec in SPECS.values():
        for flow in spec.flow:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", flow.partner) and len(flow.partner) <= 40
            owners.setdefault(flow.partner, set()).add(flow.owner.split(",")[0])
    assert all(len(owner) == 1 for owner in owners.values()), owners


def test_a_supplier_that_is_not_listed_still_has_a_flow() -> None:
    for spec in SPECS.values():
        assert spec.flow_for("").supplier in ("", "*")
        assert spec.flow_for("somebody_else").supplier == "*"


@pytest.mark.parametrize("dataset", ["housing", "residents"])
def test_a_district_is_known_by_its_whole_name_too(dataset: str) -> None:
    spec = SPECS[dataset]
    for short, whole in [
        ("hinckley_bosworth", "hinckley_and_bosworth"),
        ("nwl", "north_west_leicestershire"),
        ("oadby_wigston", "oadby_and_wigston"),
    ]:
        assert spec.flow_for(short) is spec.flow_for(whole) is not spec.flow_for("*")
        assert spec.flow_for(whole).area == "county"


def test_trust_is_highest_where_dates_of_birth_and_addresses_are_checked() -> None:
    trust = sorted(AGREED, key=lambda name: -SPECS[name].trust)
    assert set(trust[:2]) == {"dwp", "education"}
    people = [name for name in AGREED if name != "gazetteer"]
    assert min(people, key=lambda name: SPECS[name].trust) == "police_asb"
    assert set(sorted(people, key=lambda name: -SPECS[name].address_trust)[:4]) == {
        "residents", "dwp", "education", "social_care",
    }  # fmt: skip


def test_disclosures_name_no_more_than_their_row_of_the_agreement() -> None:
    disclosures = load_disclosure_specs()
    partner_lists = {name: spec for name, spec in disclosures.items() if spec.output == "partner_list"}
    assert set(partner_lists) == {"iom_disclosure_team", "dwp", "esf_provider", "nhs_trust"}
    assert all(spec.fields == ("full_name", "date_of_birth", "address") for spec in partner_lists.values())
    assert partner_lists["dwp"].areas == partner_lists["esf_provider"].areas == ("city",)
    assert partner_lists["nhs_trust"].areas == ("city", "county")
    assert partner_lists["iom_disclosure_team"].areas == ("city", "county", "rutland")
    for name in ("claim_summary", "published_summary", "partner_feedback"):
        assert not disclosures[name].holds_people
    for area in ("city", "county", "rutland"):
        assert disclosures[f"key_worker_{area}"].areas == (area,)
    sensitive = {"health_concern", "long_term_condition", "class_a_parent", "domestic_violence_perpetrator"}
    assert not any(sensitive & set(spec.evidence) for spec in disclosures.values())
