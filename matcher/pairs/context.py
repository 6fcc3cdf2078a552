"""Context of the household: two people of one name at two addresses are likelier one person who moved, where another pair
of names also agrees between the same two addresses.

Takes encoded records and candidate pairs with their levels; gives bits to add to match weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import LEVELS, level
from matcher.pairs.encode import Encoded, mix
from matcher.pairs.frequency import groups

Ints = npt.NDArray[np.int32]
PLACE = {name: at for at, name in enumerate(LEVELS)}
MOST = 7.0  # bits
LARGEST = 15  # records at an address above which it says nothing of a family
CHANCES = 4.0  # pairs of other residents between two homes that might agree by chance


def _at(levels: npt.NDArray[np.uint8], comparison: str, *names: str) -> npt.NDArray[np.bool_]:
    return np.isin(levels[:, PLACE[comparison]], [level(comparison, name) for name in names])


def moved_together(e: Encoded, left: Ints, right: Ints, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Bits for each pair; above 0 only where names agree, dates of birth do not clash and the homes differ."""
    bits = np.zeros(len(left))
    home, sizes = groups(e.home)
    named = _at(levels, "forename", "exact", "family", "close")
    named &= _at(levels, "surname", "exact", "family", "close", "part")
    named &= _at(levels, "dob", "missing", "exact", "swapped", "one_digit")
    named &= _at(levels, "address", "neighbour", "district", "different")
    named &= (home[left] >= 0) & (home[right] >= 0)
    rows = np.flatnonzero(named)
    rows = rows[(sizes[home[left[rows]]] <= LARGEST) & (sizes[home[right[rows]]] <= LARGEST)]
    if not len(rows):
        return bits
    a, b = home[left[rows]], home[right[rows]]
    between = mix(np.minimum(a, b), np.maximum(a, b))
    sound = e.words.sound[e.forename[left[rows]]]
    held = e.forename[e.forename >= 0]
    share = np.bincount(e.words.sound[held], minlength=int(sound.max()) + 1) / len(held)
    worth = np.clip(-np.log2(CHANCES * share[sound]), 0.0, MOST)
    # The two best different forenames between two homes: a pair is supported by the best one that is not its own.
    order = np.lexsort((sound, -worth, between))
    where, name, value = between[order], sound[order], worth[order]
    fresh = np.concatenate([[True], (where[1:] != where[:-1]) | (name[1:] != name[:-1])])
    where, name, value = where[fresh], name[fresh], value[fresh]
    start = np.searchsorted(where, between)
    following = np.minimum(start + 1, len(where) - 1)
    second = np.where((following > start) & (where[following] == between), value[following], 0.0)
    bits[rows] = np.where(name[start] != sound, value[start], second)
    return bits
