"""National identifiers (NINO, UPN, NHS number): the level at which two records agree in any kind that both hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level
from matcher.pairs.comparators.addresses import one_character

if TYPE_CHECKING:
    from matcher.pairs.encode import Encoded

Ints = npt.NDArray[np.signedinteger]


def identifier_levels(encoded: Encoded, left: Ints, right: Ints) -> npt.NDArray[np.uint8]:
    """Best level over the kinds; 0 where no kind is held by both."""
    out = np.zeros(len(left), dtype=np.uint8)
    same, close, different = (level("identifier", name) for name in ("same", "close", "different"))
    for kind, code in encoded.identifiers.items():
        a, b = code.take(left), code.take(right)
        both = np.flatnonzero((a | b) >= 0)
        if not len(both):
            continue
        a, b = a[both], b[both]
        found = np.full(len(both), different, dtype=np.uint8)
        found[one_character(encoded.identifier_text[kind], a, b)] = close
        found[a == b] = same
        out[both] = np.where(out[both] == 0, found, np.minimum(out[both], found))
    return out
