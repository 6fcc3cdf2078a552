"""Whether a match probability means what it says: of pairs that were given 0.8, about 80 of 100 should be one person.

Takes match probabilities of pairs and whether each is truly one person; gives a table of ten bins (expected, seen, pairs) and
the expected calibration error, both over the pairs that are not clear by themselves (0.01 to 0.99). Lists no pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from matcher.evaluation.metrics import KEYS

BINS = 10
UNCLEAR = (0.01, 0.99)


def true_people(records: pa.Table, truth: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The number of the true person behind each record, -1 where the truth names none."""
    told = truth[truth["person_id"] != ""]
    person = pd.Series(pd.factorize(told["person_id"])[0], index=pd.MultiIndex.from_frame(told[KEYS]))
    keys = pd.MultiIndex.from_frame(records.select(KEYS).to_pandas())
    who = person.reindex(keys).fillna(-1).to_numpy(dtype=np.int64)
    who[records["part"].to_numpy() != 0] = -1
    return who


def true_pairs(records: pa.Table, pairs: pa.Table, truth: pd.DataFrame) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(match probability, whether truly one person) of the scored pairs whose both rows the truth names a person for.

    Second persons of joint names stand in no truth and are left out, as are records of the registry.
    """
    who = true_people(records, truth)
    left, right = who[pairs["record_id_l"].to_numpy()], who[pairs["record_id_r"].to_numpy()]
    known = (left >= 0) & (right >= 0)
    return pairs["match_probability"].to_numpy()[known].astype(float), (left == right)[known]


def reliability(probability: npt.NDArray[Any], same: npt.NDArray[Any]) -> dict[str, Any]:
    """`bins`, `pairs`, `expected_calibration_error` over unclear pairs; `above`, `below`: pairs that are clear by themselves."""
    low, high = UNCLEAR
    unclear = (probability >= low) & (probability <= high)
    p, true = probability[unclear], same[unclear].astype(float)
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    expected, seen = (np.bincount(place, weights=values, minlength=BINS) for values in (p, true))
    held = np.maximum(count, 1)
    apart = np.abs(expected - seen).sum() / max(len(p), 1)
    return {
        "bins": [
            {
                "from": at / BINS, "to": (at + 1) / BINS, "pairs": int(count[at]),
                "expected": round(float(expected[at] / held[at]), 4) if count[at] else None,
                "seen": round(float(seen[at] / held[at]), 4) if count[at] else None,
            }
            for at in range(BINS)
        ],
        "pairs": len(p),
        "expected_calibration_error": round(float(apart), 4),
        "above": _clear(probability > high, probability, same),
        "below": _clear(probability < low, probability, same),
    }  # fmt: skip


def _clear(
    chosen: npt.NDArray[np.bool_], probability: npt.NDArray[Any], same: npt.NDArray[Any]
) -> dict[str, float | int | None]:
    some = bool(chosen.any())
    return {
        "pairs": int(chosen.sum()),
        "expected": round(float(probability[chosen].mean()), 4) if some else None,
        "seen": round(float(same[chosen].mean()), 4) if some else None,
    }
