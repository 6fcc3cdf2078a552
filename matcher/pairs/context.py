"""Context of the household. Two people of one name at two addresses are likelier one person who moved, where another pair
of names also agrees between the same two addresses; and a record is likelier the resident that it fits, where nobody else
of that household fits.

Takes encoded records and candidate pairs with their levels; gives bits to add to match weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from matcher.pairs.encode import Encoded
from matcher.pairs.frequency import groups
from matcher.pairs.layout import Layout

Ints = npt.NDArray[np.int32]
MOST = 7.0  # bits
LARGEST = 15  # records at an address above which it says nothing of a family
LEAN = 50.0  # homes by which a forename's share in one surname leans on its share in all
CHANCES = 4.0  # pairs of other residents between two homes that might agree by chance


def of_homes(layout: Layout) -> bool:
    """Whether a model compares addresses to the door: without homes there is no household to look at."""
    place = layout.place("place")
    return place is not None and "home" in layout.levels[place]


def witnesses(layout: Layout, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Levels at which two records may be one person who moved: the names agree, dates of birth do not clash, homes differ."""
    return (
        layout.at(levels, "given", "exact", "family", "close")
        & layout.at(levels, "family", "exact", "family", "close", "part")
        & layout.at(levels, "birth", "missing", "exact", "swapped", "one_digit")
        & layout.at(levels, "place", "neighbour", "district", "different")
    )


def moved_together(
    e: Encoded, layout: Layout, left: Ints, right: Ints, levels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """Bits for each pair; above 0 only where names agree, dates of birth do not clash and the homes differ."""
    bits = np.zeros(len(left))
    home, sizes = groups(e.home)
    if not len(sizes):
        return bits
    named = witnesses(layout, levels) & (home[left] >= 0) & (home[right] >= 0)
    rows = np.flatnonzero(named)
    rows = rows[(sizes[home[left[rows]]] <= LARGEST) & (sizes[home[right[rows]]] <= LARGEST)]
    if not len(rows):
        return bits
    a, b = home[left[rows]], home[right[rows]]
    between, _ = groups((np.minimum(a, b) << 32 | np.maximum(a, b)) + 1)
    # Forenames that a pair between two homes takes for one are one there: nobody's slip of the pen is another of the family.
    ends = [between << 32 | e.words.sound[e.forename[of[rows]]] for of in (left, right)]
    at, spellings = pd.factorize(np.concatenate(ends))
    names = components(len(spellings), at[: len(rows)], at[len(rows) :])[at[: len(rows)]]
    shares = _shares(e, home)
    often = np.maximum(shares[left[rows]], shares[right[rows]])
    worth = np.clip(-np.log2(CHANCES * np.maximum(often, 1e-9)), 0.0, MOST)
    # The two best different forenames between two homes: a pair is supported by the best one that is not its own.
    order = np.lexsort((worth, names, between))
    order = order[np.diff(between[order] << 32 | names[order], prepend=-1) != 0]
    order = order[np.lexsort((names[order], -worth[order], between[order]))]
    where, name, value = between[order], names[order], worth[order]
    start = np.flatnonzero(np.diff(where, prepend=-1))[between]
    following = np.minimum(start + 1, len(where) - 1)
    second = np.where((following > start) & (where[following] == between), value[following], 0.0)
    bits[rows] = np.where(name[start] != names, value[start], second)
    return bits


def _shares(e: Encoded, home: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Of each record's forename, by sound: in which share of the homes of its surname somebody else bears it; of rare surnames,
    in all homes. Communities share forenames as they share Singh and Kaur."""
    rows = np.flatnonzero((home >= 0) & (e.forename >= 0) & (e.surname >= 0))
    first, last = (e.words.sound[code[rows]].astype(np.int64) for code in (e.forename, e.surname))
    out = np.zeros(e.size)
    counts = []
    for key in (first, last, first << 32 | last):
        of = pd.factorize(key)[0].astype(np.int64)
        at = pd.unique(of << 32 | home[rows])
        counts.append(np.bincount(at >> 32)[of].astype(float))
    overall = counts[0] / max(len(pd.unique(home[rows])), 1)
    out[rows] = (np.maximum(counts[2] - 2.0, 0.0) + LEAN * overall) / (counts[1] + LEAN)
    return out


def unrivalled(
    e: Encoded, layout: Layout, left: Ints, right: Ints, levels: npt.NDArray[np.uint8], weight: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Bits for each pair at one address of which a date of birth is missing, where nobody else there fits as well.

    Were the record another member of the household, that person would likely be seen in some record too. How likely is
    read from the records with a date of birth: the share that a record of another source certainly matches.
    """
    bits = np.zeros(len(left))
    dated = ~layout.at(levels, "birth", "missing")
    certain = dated & (weight > 8) & (e.system[left] != e.system[right])
    seen = np.zeros(e.size, dtype=bool)
    seen[left[certain]] = seen[right[certain]] = True
    held = int(e.has_dob.sum())
    coverage = float((seen & e.has_dob).sum()) / held if held else 0.0
    near = layout.at(levels, "place", "home", "building", "door") & ~dated & (weight > -2.0)
    if not near.any():
        return bits
    known = components(e.size, left[dated & (weight > 3)], right[dated & (weight > 3)])
    ends, others = np.concatenate([left[near], right[near]]), np.concatenate([right[near], left[near]])
    fits = e.has_dob[others] & ~e.has_dob[ends]
    claims = np.sort(ends[fits].astype(np.int64) << 32 | known[others[fits]])
    count = np.bincount(claims[np.diff(claims, prepend=-1) != 0] >> 32, minlength=e.size)
    alone = near & (count[left] <= 1) & (count[right] <= 1)
    bits[alone] = min(-np.log2(max(1.0 - coverage, 0.25)), 2.0)
    return bits


def components(
    size: int, left: npt.NDArray[np.signedinteger], right: npt.NDArray[np.signedinteger]
) -> npt.NDArray[np.int64]:
    """Number of the chain of links that each row belongs to."""
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64) if size else np.zeros(0, dtype=np.int64)
