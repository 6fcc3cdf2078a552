"""Who may use what: evidence by recipient and purpose, and what nobody supplied."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from matcher.facts import unsupplied, usable
from specs.load import AREAS, load_extract_specs

SPECS = load_extract_specs()


def records(*supplies: tuple[str, str]) -> pa.Table:
    return pa.table({"dataset": [d for d, _ in supplies], "supplier": [s for _, s in supplies]})


def allowed(area: str, *supplies: tuple[str, str], joint: bool) -> list[bool]:
    table = records(*supplies)
    return usable(table, np.full(len(supplies), AREAS.index(area)), SPECS, joint_match=joint).tolist()


def test_city_youth_offending_evidence_counts_for_the_city_alone() -> None:
    assert allowed("city", ("yos", "city"), ("yos", "county"), joint=False) == [True, False]
    assert allowed("county", ("yos", "city"), ("yos", "county"), joint=False) == [False, True]


def test_rutland_receives_no_identification_extract() -> None:
    assert allowed("rutland", ("yos", "city"), ("police_iom", ""), ("probation", ""), joint=False) == [False] * 3


def test_a_joint_match_uses_the_evidence_for_every_area() -> None:
    assert allowed("rutland", ("yos", "city"), ("police_iom", ""), joint=True) == [True, True]


def test_evidence_without_the_purpose_of_identification_is_never_used() -> None:
    assert allowed("city", ("residents", ""), joint=True) == [False]


def test_registry_records_bring_no_evidence() -> None:
    assert allowed("city", ("registry", ""), joint=True) == [False]


def test_what_nobody_supplied_is_lacking_everywhere() -> None:
    lacking = unsupplied({("yos", "city")}, (), SPECS)
    assert ("county", "benefit_out_of_work") in lacking
    assert ("city", "proven_offence") not in lacking


def test_an_expected_supply_that_is_absent_leaves_only_its_own_area_without_its_evidence() -> None:
    lacking = unsupplied({("yos", "city"), ("dwp", "")}, ("yos.city", "yos.county", "dwp"), SPECS)
    assert ("county", "proven_offence") in lacking
    assert ("city", "proven_offence") not in lacking
    assert ("county", "benefit_out_of_work") not in lacking
