"""A person whom a system knows by one reference is hardly ever another reference's too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from matcher.pairs import load_model
from matcher.pairs.compare import Comparer
from matcher.pairs.encode import encode
from matcher.pairs.systems import MOST, OneReference
from tests.pairs.test_score import ANNA, records

RARE = -3.0


def bits(known: bool, wanted: dict[str, object]) -> float:
    """Of a claimant and a tenant without date of birth, where the tenants' register knows the claimant already, or not."""
    claimant = {**ANNA, "dataset": "dwp", "ref_system": "dwp", "ref": "C1"}
    first = {**ANNA, "dataset": "residents", "ref_system": "residents", "ref": "R1"}
    if not known:
        first |= {"forename": "PETER", "dob": None}
    table = records(claimant, first, {**claimant, "ref": "C2", "forename": "JOAN"}, {**first, **wanted})
    encoded, model = encode(table), load_model()
    left, right = np.array([0, 0], dtype=np.int32), np.array([1, 3], dtype=np.int32)
    levels = Comparer(encoded, model).levels(left, right)
    weight = np.array([20.0 if known else -20.0, 5.0])
    if not known:  # the register knows another claimant, so that it knows half of them
        left, right = np.array([0, 0, 2], dtype=np.int32), np.array([1, 3, 1], dtype=np.int32)
        levels = Comparer(encoded, model).levels(left, right)
        levels[2] = Comparer(encoded, model).levels(np.array([0], dtype=np.int32), np.array([2], dtype=np.int32))[0]
        weight = np.array([-20.0, 5.0, 20.0])

    def second(one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        return np.full(len(one), RARE)

    references = OneReference(encoded, model.layout, left, right, levels, weight, second)
    return float(references.bits(left, right, weight)[1])


def test_a_reference_in_place_speaks_against_another() -> None:
    assert bits(True, {"ref": "R2", "dob": None}) == pytest.approx(RARE / np.log(2.0))


def test_another_row_of_the_same_reference_is_no_second_one() -> None:
    assert bits(True, {"ref": "R1", "dob": None}) >= 0.0


def test_whom_the_system_does_not_know_yet_is_likelier_where_it_knows_many() -> None:
    expected = np.log2((1 - 0.5 * np.exp(RARE)) / 0.5)
    assert bits(False, {"ref": "R2", "dob": None}) == pytest.approx(expected)
    assert 0.0 < expected < MOST
