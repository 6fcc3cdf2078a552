"""What the lack of a value tells: a register without dates of birth that holds somebody twice shows more matches without one
than two records drawn at random lack it.

Takes levels of pairs; gives, by which of three values cannot be compared (`ROLES`, together a mask), shares of pairs and the
chance that a pair of a class agrees in two comparisons. Names are left out: too few pairs that lack one can be told apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.pairs.layout import Layout

Floats = npt.NDArray[np.float64]

ROLES = ("birth", "place", "sex")
MASKS = 1 << len(ROLES)
_LACKS = {role: np.arange(MASKS) >> bit & 1 == 1 for bit, role in enumerate(ROLES)}


def masks(layout: Layout, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The mask of each pair: a bit for each role whose value one of the two lacks; none where the model has no such role."""
    out = np.zeros(len(levels), dtype=np.int64)
    for bit, role in enumerate(ROLES):
        place = layout.place(role)
        if place is not None:
            out |= (levels[:, place] == 0).astype(np.int64) << bit
    return out


def held(shares: Floats, role: str) -> float:
    """The share of pairs that can be compared by the value of a role."""
    return float(shares.sum() - shares[_LACKS[role]].sum())


def by_mask(chance: float, role: str) -> Floats:
    """By mask the chance of a comparison to agree; `chance`: where its value is held."""
    return np.where(_LACKS[role], 0.0, chance) if role in ROLES else np.full(MASKS, chance)
