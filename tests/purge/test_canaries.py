"""Canaries: the same seed the same people, whatever the seed the same shape, no value that a real row could hold."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

import pytest

from matcher.fields import identifiers
from matcher.purge.canaries import DWELLING, PERSON, PLACE, TWO_PEOPLE, Canary, canaries_of, values_of
from specs.load import Column, ExtractSpec, load_extract_specs

SPECS = load_extract_specs()
ONE, OTHER = bytes(range(32)), bytes(32)


def shape(canary: Canary) -> dict[str, Any]:
    """Which columns are filled, and the form of each value."""
    return {
        name: re.sub("[A-Z]", "A", re.sub("[a-z]", "a", re.sub("[0-9]", "0", str(value))))
        for name, value in canary.cells.items()
    }


@pytest.mark.parametrize("dataset", SPECS)
def test_every_data_set_has_canaries_the_same_for_the_same_seed(dataset: str) -> None:
    made = canaries_of(ONE, SPECS[dataset], "city")
    assert made
    assert made == canaries_of(ONE, SPECS[dataset], "city")
    other = canaries_of(OTHER, SPECS[dataset], "city")
    assert [shape(canary) for canary in made] == [shape(canary) for canary in other]
    for canary, elsewhere in zip(made, other, strict=True):
        assert set(canary.values).isdisjoint(elsewhere.values)
        assert len(canary.values) >= 2
        assert all(len(value) >= 8 for value in canary.values)
    assert set(made[0].values).isdisjoint(canaries_of(ONE, SPECS[dataset], "county")[0].values)


@pytest.mark.parametrize("dataset", SPECS)
def test_every_column_that_tells_of_a_person_is_filled_and_none_that_evidence_reads(dataset: str) -> None:
    spec = SPECS[dataset]
    canary = canaries_of(ONE, spec, "")[0]
    roles = {column.id: column.role for column in spec.column}
    telling = {"ref", "full_name", "forename", "surname", "dob", "address", "nino", "upn", "nhs", "uprn"}
    assert {name for name, role in roles.items() if role in telling} <= set(canary.cells)
    for rule in spec.evidence:
        for name in (rule.code, rule.begun, rule.ended, *rule.when):
            assert not name or not canary.cells.get(name), name


def test_a_supply_with_free_names_has_two_people_in_one_name_and_a_dwelling_without_one() -> None:
    assert [canary.shape for canary in canaries_of(ONE, SPECS["housing"], "")] == [PERSON, TWO_PEOPLE, DWELLING]
    assert [canary.shape for canary in canaries_of(ONE, SPECS["gazetteer"], "")] == [PLACE]
    assert "name" not in canaries_of(ONE, SPECS["housing"], "")[2].cells


def test_no_value_is_one_that_anybody_real_could_have() -> None:
    cells = {name: value for dataset in SPECS for name, value in canaries_of(ONE, SPECS[dataset], "")[0].cells.items()}
    assert cells["dob"] < dt.date(1850, 1, 1)
    assert identifiers.nino(cells["nino"]) is None, "a prefix that is never allocated"
    assert identifiers.upn(cells["upn"]) == cells["upn"]
    assert cells["upn"][1:4] == "000", "of no authority"
    assert not set("aeiouy") & set(cells["surname"].lower())


def test_a_data_set_with_nhs_numbers_gets_valid_ones_of_the_test_range() -> None:
    health = SPECS["health"]
    column = Column(id="nhs", name="NHS Number", type="nhs", role="nhs", meaning="NHS number")
    spec = ExtractSpec.model_validate({**health.model_dump(), "column": [*(c.model_dump() for c in health.column), column.model_dump()]})  # fmt: skip
    for number in range(40):
        (canary,) = canaries_of(bytes([number]) * 32, spec, "")
        assert identifiers.nhs(canary.cells["nhs"]) == canary.cells["nhs"]
        assert canary.cells["nhs"].startswith("999")


def test_the_values_of_a_batch_are_those_of_its_supplies() -> None:
    values, people = values_of(ONE, SPECS, ["housing.blaby", "yos.city", "no_such_data_set"])
    assert people == 4
    assert set(values) >= {v for c in canaries_of(ONE, SPECS["housing"], "blaby") for v in c.values}
    assert all(count == 1 for count in Counter(values).values())
