"""Calibration, against pairs made to a known probability and cases counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from matcher.evaluation.reliability import reliability, true_pairs
from specs.tables import PAIRS, RECORDS


def test_a_calibrated_score_has_a_small_error_and_a_boasting_one_a_large_one() -> None:
    random = np.random.default_rng(5)
    p = random.uniform(0.01, 0.99, 40_000)
    same = random.random(len(p)) < p
    assert reliability(p, same)["expected_calibration_error"] < 0.01
    boasting = reliability(np.sqrt(p).clip(0, 0.99), same)
    assert boasting["expected_calibration_error"] > 0.1
    assert all(b["seen"] < b["expected"] for b in boasting["bins"] if b["pairs"] > 500)


def test_bins_hold_what_is_unclear_and_the_rest_stands_beside_them() -> None:
    told = reliability(np.array([0.001, 0.25, 0.27, 0.95, 0.999]), np.array([False, True, False, True, True]))
    assert [b["pairs"] for b in told["bins"]] == [0, 0, 2, 0, 0, 0, 0, 0, 0, 1]
    assert told["bins"][2]["expected"] == 0.26 and told["bins"][2]["seen"] == 0.5
    assert told["expected_calibration_error"] == pytest.approx((abs(0.52 - 1) + abs(0.95 - 1)) / 3, abs=1e-4)
    assert told["above"] == {"pairs": 1, "expected": 0.999, "seen": 1.0}
    assert told["below"]["pairs"] == 1 and told["bins"][0]["seen"] is None


def test_nothing_to_measure_is_no_error() -> None:
    told = reliability(np.zeros(0), np.zeros(0, dtype=bool))
    assert told["pairs"] == 0 and told["expected_calibration_error"] == 0.0


def test_second_persons_of_joint_names_and_rows_without_a_true_person_are_left_out() -> None:
    blank = dict.fromkeys(RECORDS.schema.names)
    rows = [
        {**blank, "record_id": n, "dataset": "yos", "supplier": "", "row": row, "part": part, "names_person": True,
         "name_order_sure": True, "address_kind": "none", "beyond": False}
        for n, (row, part) in enumerate([(1, 0), (2, 0), (2, 1), (3, 0)])
    ]  # fmt: skip
    records = pa.Table.from_pylist(rows, schema=RECORDS.schema)
    ends = [(0, 1), (0, 2), (1, 3)]
    pairs = pa.table([[a for a, _ in ends], [b for _, b in ends], [1.0, 2.0, 3.0], [0.5, 0.8, 0.9]],
                     schema=PAIRS.schema)  # fmt: skip
    truth = pd.DataFrame({"dataset": "yos", "supplier": "", "row": [1, 2, 3], "person_id": ["a", "a", ""]})
    probability, same = true_pairs(records, pairs, truth)
    assert probability.tolist() == [0.5] and same.tolist() == [True]
