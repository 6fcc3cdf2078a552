"""Answers refine weights: a few hardly, many that disagree clearly, and never those that a reference decided."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from matcher.pairs import load_model, score_pairs
from matcher.pairs.calibration import Calibration, calibrate, refined
from specs.tables import PAIRS, check
from tests.pairs.towns import town


def drawn(count: int, slope: float, shift: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Weights and answers that would be right had the line been applied."""
    random = np.random.default_rng(3)
    stated = random.uniform(-6, 6, count)
    return stated, random.random(count) < 1 / (1 + np.exp2(-(slope * stated + shift)))


def test_without_answers_weights_mean_what_they_say() -> None:
    nothing = np.zeros(0)
    assert calibrate(nothing, nothing.astype(bool)) == Calibration()


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.6, 0.0), (1.0, -1.5), (1.3, 1.0)])
def test_many_answers_find_the_line(slope: float, shift: float) -> None:
    found = calibrate(*drawn(3000, slope, shift))
    assert found.slope == pytest.approx(slope, abs=0.12)
    assert found.shift == pytest.approx(shift, abs=0.25)


def test_two_surprising_answers_hardly_move_it() -> None:
    found = calibrate(np.array([3.0, 3.5]), np.array([False, False]))
    assert -2.0 < found.shift < 0
    assert 0.7 < found.slope < 1


def test_answers_that_turn_everything_around_keep_the_order_of_pairs() -> None:
    stated = np.linspace(-6, 6, 500)
    found = calibrate(stated, stated < 0)
    assert found.slope == pytest.approx(0.25)
    assert (np.diff(found.weights(stated)) > 0).all()


def test_pairs_that_a_reference_decided_stay() -> None:
    assert Calibration(1.0, -3.0).weights(np.array([24.0, 2.0, -16.0])).tolist() == [24.0, -1.0, -16.0]


def test_refined_pairs_are_pairs_and_unscored_answers_say_nothing() -> None:
    pairs = pa.table([[0, 1], [1, 2], [3.0, 24.0], [8 / 9, 1.0]], schema=PAIRS.schema)
    check(refined(pairs, {(1, 0): False}), PAIRS)
    assert refined(pairs, {(1, 0): False})["match_weight"].to_pylist()[0] < 3
    assert refined(pairs, {(7, 9): False})["match_weight"].equals(pairs["match_weight"])
    assert refined(PAIRS.empty(), {(0, 1): True}).num_rows == 0


def test_scoring_takes_answers() -> None:
    table, _ = town(60)
    scored = score_pairs(table, load_model()).pairs
    doubted = {
        (a, b): False
        for a, b, w in zip(*(scored[name].to_pylist() for name in scored.column_names[:3]), strict=True)
        if 1 < w < 12
    }
    answered = score_pairs(table, load_model(), answers=doubted).pairs
    assert answered.equals(refined(scored, doubted))
    assert answered["match_weight"].to_numpy().mean() < scored["match_weight"].to_numpy().mean()
