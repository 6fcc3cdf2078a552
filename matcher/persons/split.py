"""One chain of links -> persons, so that a wrong bridge does not merge two people.

Takes the records of a chain with the match weights of their pairs; gives a group number for each. Groups grow from the
strongest link; two groups become one only if the best of their pairs, less what the worst says against it, is strong
enough, no pair of them is refused, and no rival group has nearly as good a claim (a record that fits two people equally stays with neither).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

Pair = tuple[int, int]
Floats = npt.NDArray[np.float64]
AGAINST = 0.4  # how much the pair that speaks against a link most counts against the one that speaks for it most


def standing(best: float, worst: float, refuse: float) -> float:
    """What is left of the pair that speaks most for a link, once the one that speaks most against it is counted."""
    if worst <= refuse:
        return min(worst, -1.0)
    return best + AGAINST * min(worst, 0.0)


def split(
    size: int,
    weights: Mapping[Pair, float],
    *,
    link: float,
    refuse: float,
    joined: Collection[Pair] = (),
    apart: Collection[Pair] = (),
) -> list[int]:
    """Group numbers of records 0..size-1.

    `weights` are log2 odds by (low, high); a pair that is not listed says nothing. `link` and `refuse` are weights; `joined`
    are pairs known to be one person, `apart` pairs known not to be; `joined` wins.
    """
    group = list(range(size))
    members = {n: [n] for n in range(size)}

    def merge(a: int, b: int) -> None:
        for record in members[b]:
            group[record] = a
        members[a] += members.pop(b)

    for a, b in sorted(joined):
        low, high = sorted((group[a], group[b]))
        if low != high:
            merge(low, high)
    known: dict[int, dict[int, tuple[float, float]]] = {n: {} for n in members}  # group -> group -> best, worst

    def add(a: int, b: int, best: float, worst: float) -> None:
        for x, y in ((a, b), (b, a)):
            old = known[x].get(y)
            known[x][y] = (best, worst) if old is None else (max(best, old[0]), min(worst, old[1]))

    found: dict[Pair, float] = {}  # the rows of one reference are one witness: what speaks for it best counts
    for (a, b), weight in weights.items():
        x, y = sorted((group[a], group[b]))
        if x != y:
            found[x, y] = max(weight, found.get((x, y), weight))
    for (x, y), weight in found.items():
        add(x, y, weight, weight)
    for a, b in apart:
        if group[a] != group[b]:
            add(group[a], group[b], float("-inf"), float("-inf"))

    stands = {a: {b: standing(*pair, refuse) for b, pair in others.items()} for a, others in known.items()}

    def rivals(a: int, b: int, weight: float) -> set[int]:
        """Groups that could not join the two as well and together leave the link too weak; none where it is strong enough."""
        against, found = 0.0, set()
        for x, y in ((a, b), (b, a)):
            beside = stands[y]
            for z, rival in stands[x].items():
                if z != y and rival > 0 and z in beside and rival + beside[z] < 0:
                    against += 2.0 ** min(rival - weight, 60.0)
                    found.add(z)
                    if against > 2.0**-link:
                        return found
        return set()

    # Pairs strong enough to join wait in order of weight; one that rivals hold back waits until one of these groups changes.
    waiting = [
        (-weight, a, b) for a, others in stands.items() for b, weight in others.items() if a < b and weight >= link
    ]
    heapify(waiting)
    held_back: dict[int, set[Pair]] = {n: set() for n in members}
    while waiting:
        negative, a, b = heappop(waiting)
        if stands.get(a, {}).get(b) != -negative:
            continue  # one of them is of another group by now, or stands otherwise
        in_the_way = rivals(a, b, -negative)
        if in_the_way:
            for n in (a, b, *in_the_way):
                held_back[n].add((a, b))
            continue
        merge(a, b)
        freed = held_back.pop(b) | held_back[a]
        held_back[a] = set()
        del stands[b]
        for z, (most, least) in known.pop(b).items():
            del known[z][b], stands[z][b]
            if z != a:
                add(a, z, most, least)
                stands[a][z] = stands[z][a] = standing(*known[a][z], refuse)
                freed.add((min(a, z), max(a, z)))
        for x, y in freed:
            again = stands.get(x, {}).get(y)
            if again is not None and again >= link:
                heappush(waiting, (-again, x, y))
    return group


THREE = ((0, 1), (0, 2), (1, 2))
"""The pairs of three records, in the order of the weights that `split_threes` takes."""


def _standings(best: Floats, worst: Floats, refuse: float) -> Floats:
    """`standing` of many; NaN where nothing is known."""
    return np.where(worst <= refuse, np.minimum(worst, -1.0), best + AGAINST * np.minimum(worst, 0.0))


def split_threes(weights: Floats, *, link: float, refuse: float) -> npt.NDArray[np.int64]:
    """What `split` gives of many chains of at most three records at once: group numbers, shape (chains, 3).

    `weights`, shape (chains, 3), are those of the pairs of `THREE`, NaN where a pair is not listed.
    """
    stands = _standings(weights, weights, refuse)
    free = np.full(weights.shape, -np.inf)  # standing of the pairs that may join, as no rival holds them back
    for pair in range(3):
        rivals = np.zeros(len(weights))
        for one, other in ((pair - 2, pair - 1), (pair - 1, pair - 2)):
            rival = (stands[:, one] > 0) & (stands[:, one] + stands[:, other] < 0)
            rivals += rival * np.exp2(
                np.minimum(stands[:, one] - stands[:, pair], 60.0), where=rival, out=np.zeros(len(rival))
            )
        joins = (stands[:, pair] >= link) & (rivals <= 2.0**-link)
        free[joins, pair] = stands[joins, pair]
    out = np.tile(np.arange(3), (len(weights), 1))
    first = np.argmax(free, axis=1)
    for pair, (low, high) in enumerate(THREE):
        rows = np.flatnonzero((first == pair) & (free[:, pair] > -np.inf))
        out[rows, high] = low
        beside = weights[rows][:, [pair - 2, pair - 1]]
        best, worst = np.fmax(*beside.T), np.fmin(*beside.T)
        out[rows[_standings(best, worst, refuse) >= link]] = 0
    return out
