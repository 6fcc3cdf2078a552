"""Why two records are one person or not, on chains small enough to see."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from matcher.persons import Thresholds, cluster
from matcher.persons.verdicts import Verdicts, spanning
from specs.tables import PAIRS, RECORDS

Weights = dict[tuple[int, int], float]


def verdicts(size: int, weights: Weights) -> Verdicts:
    blank = dict.fromkeys(RECORDS.schema.names)
    rows = [
        {**blank, "record_id": n, "dataset": "yos", "supplier": "", "row": n + 1, "part": 0, "names_person": True,
         "name_order_sure": True, "address_kind": "none", "beyond": False, "surname": "X"}
        for n in range(size)
    ]  # fmt: skip
    left, right = (np.array([pair[n] for pair in weights]) for n in (0, 1))
    weight = np.array(list(weights.values()))
    pairs = pa.table(
        [left, right, weight.astype(np.float32), (1 / (1 + 2.0**-weight)).astype(np.float32)], schema=PAIRS.schema
    )
    thresholds = Thresholds.model_validate({})
    made = cluster(pa.Table.from_pylist(rows, schema=RECORDS.schema), pairs, thresholds=thresholds)
    person = made.members["person_id"].to_numpy()
    return Verdicts(person, left, right, weight, thresholds)


@pytest.mark.parametrize(
    ("weights", "pair", "code"),
    [
        ({(0, 1): 9.0}, (0, 1), "linked"),
        ({(0, 1): 9.0, (1, 2): 9.0, (0, 2): 1.0}, (0, 2), "through_others"),
        ({(0, 1): 2.0}, (0, 1), "weak"),
        ({(0, 1): 9.0, (2, 3): 9.0, (1, 2): 5.0, (0, 3): -20.0}, (1, 2), "refused"),
        ({(0, 1): 9.0, (2, 3): 9.0, (1, 2): 5.0, (0, 3): -8.0}, (1, 2), "objection"),
        ({(0, 2): 6.0, (1, 2): 6.0, (0, 1): -30.0}, (0, 2), "rival"),
    ],
)  # fmt: skip
def test_each_reason_is_told_where_it_is_the_reason(weights: Weights, pair: tuple[int, int], code: str) -> None:
    made = verdicts(4, weights)
    found = made.of(*pair, weights[pair])
    assert found.code == code
    assert found.best >= found.worst


def test_a_pair_that_was_never_scored_is_judged_by_its_own_weight() -> None:
    made = verdicts(3, {(0, 1): 9.0})
    assert made.of(0, 2, -30.0).code == "weak" and made.of(0, 2, -30.0).worst == -30.0


def test_the_pair_that_keeps_two_people_apart_is_named_where_it_does() -> None:
    apart = verdicts(4, {(0, 1): 9.0, (2, 3): 9.0, (1, 2): 5.0, (0, 3): -20.0})
    assert apart.of(1, 2, 5.0).worst == -20.0 and apart.objecting(1, 2) == (0, 3)
    weak = verdicts(4, {(0, 1): 9.0, (2, 3): 9.0, (1, 2): 2.0, (0, 3): -20.0})
    assert weak.objecting(1, 2) is None and weak.objecting(0, 1) is None


def test_rivals_are_the_others_that_fit_strongest_first() -> None:
    made = verdicts(4, {(0, 2): 6.0, (1, 2): 6.5, (2, 3): 0.5, (0, 1): -30.0, (1, 3): -30.0, (0, 3): -30.0})
    assert made.rivals(0, 2) == [1, 3]


def test_the_strongest_links_hold_each_chain_together() -> None:
    left, right = np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4])
    assert set(spanning(5, left, right, np.array([5.0, 9.0, 7.0, 4.0]), np.zeros(4, int))) == {(0, 2), (1, 2), (3, 4)}
