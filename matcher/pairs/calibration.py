"""What people's answers tell of match weights: a line from the weight that was stated to the weight that was meant.

Takes the weights of answered pairs and their answers; gives a `Calibration`, the likeliest slope and shift of log odds when it is
believed beforehand that weights mean what they say. A few answers hardly move it, a hundred that disagree do. Answers are
about doubtful pairs: weights of more than `LEARNT` bits either way are changed less and less, those of `UNDECIDED` not at all,
so that what a reference decided or refused stays. Refuses nothing: without answers weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from specs.tables import PAIRS

Floats = npt.NDArray[np.float64]

LEARNT, UNDECIDED = 6.0, 12.0  # bits
SLOPE, SHIFT = (
    0.3,
    1.0,
)  # how far slope (from 1) and shift (from 0, natural log) are believed to be off: standard deviations
LEAST = 0.25  # the order of pairs is kept
STEPS = 50


@dataclass(frozen=True)
class Calibration:
    """meant = slope x stated + shift, in bits."""

    slope: float = 1.0
    shift: float = 0.0

    def weights(self, stated: Floats) -> Floats:
        """The weights that were meant."""
        share = np.clip((UNDECIDED - np.abs(stated)) / (UNDECIDED - LEARNT), 0.0, 1.0)
        return stated + share * ((self.slope - 1.0) * stated + self.shift)


def calibrate(stated: Floats, same: npt.NDArray[np.bool_]) -> Calibration:
    """The likeliest line for answered pairs (Newton's method on the penalised logistic likelihood)."""
    use = np.abs(stated) < LEARNT
    odds, yes = stated[use] * np.log(2.0), same[use].astype(float)
    x = np.column_stack([odds, np.ones(len(odds))])
    believed, firmness = np.array([1.0, 0.0]), np.diag([SLOPE**-2, SHIFT**-2])
    line = believed.copy()
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ line, -50, 50)))
        gradient = x.T @ (yes - chance) - firmness @ (line - believed)
        step = np.linalg.solve(x.T @ (x * (chance * (1 - chance))[:, None]) + firmness, gradient)
        line = line + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(max(float(line[0]), LEAST), float(line[1] / np.log(2.0)))


def refined(pairs: pa.Table, answers: Mapping[tuple[int, int], bool]) -> pa.Table:
    """PAIRS with the weights and probabilities that answers (pairs of record ids -> one person or not) say were meant."""
    left, right = (pairs[name].to_numpy() for name in ("record_id_l", "record_id_r"))
    stated = pairs["match_weight"].to_numpy().astype(np.float64)
    asked = {(min(pair), max(pair)): yes for pair, yes in answers.items()}
    keys = np.array([low << 32 | high for low, high in asked], dtype=np.int64)
    packed = left << 32 | right
    order = np.argsort(packed)
    place = (
        order[np.minimum(np.searchsorted(packed, keys, sorter=order), max(len(packed) - 1, 0))] if len(packed) else keys
    )
    scored = packed[place] == keys if len(packed) else np.zeros(len(keys), dtype=bool)
    said = np.array(list(asked.values()), dtype=bool)
    meant = calibrate(stated[place[scored]], said[scored]).weights(stated)
    chance = (1 / (1 + np.exp2(-meant))).astype(np.float32)
    columns = [pairs["record_id_l"], pairs["record_id_r"], pa.array(meant.astype(np.float32)), pa.array(chance)]
    return pa.table(columns, schema=PAIRS.schema)
