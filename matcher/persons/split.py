"""One chain of links -> persons, so that a wrong bridge does not merge two people.

Takes the records of a chain with the match weights of their pairs; gives a group number for each. Groups grow from the
strongest link; two groups become one only if on average their pairs speak for it strongly enough, no pair of them is
refused, and no rival group has nearly as good a claim (a record that fits two people equally stays with neither).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

Pair = tuple[int, int]


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
    total: dict[int, dict[int, list[float]]] = {n: {} for n in members}  # group -> group -> [sum, pairs, least]

    def add(a: int, b: int, weight: float, pairs: float, least: float) -> None:
        for x, y in ((a, b), (b, a)):
            known = total[x].get(y)
            if known is None:
                total[x][y] = [weight, pairs, least]
            else:
                known[0] += weight
                known[1] += pairs
                known[2] = min(known[2], least)

    for (a, b), weight in weights.items():
        if group[a] != group[b]:
            add(group[a], group[b], weight, 1.0, weight)
    for a, b in apart:
        if group[a] != group[b]:
            add(group[a], group[b], 0.0, 0.0, float("-inf"))

    def mean(known: list[float]) -> float:
        if known[2] <= refuse:
            return min(known[2], -1.0)
        return known[0] / known[1] if known[1] else -1.0

    def claim(a: int, b: int, weight: float) -> bool:
        """Whether rivals of either group leave the link strong enough."""
        against = 0.0
        for x, y in ((a, b), (b, a)):
            for z, known in total[x].items():
                rival = mean(known)
                if z != y and rival > 0 and z in total[y] and mean(total[y][z]) < 0:
                    against += 2.0 ** min(rival - weight, 60.0)
        return against <= 2.0**-link

    while True:
        best: tuple[float, int, int] | None = None
        for a, others in total.items():
            for b, known in others.items():
                if a < b:
                    weight = mean(known)
                    if weight >= link and (best is None or (-weight, a, b) < best) and claim(a, b, weight):
                        best = (-weight, a, b)
        if best is None:
            return group
        _, a, b = best
        merge(a, b)
        for z, (weight_sum, pairs, least) in total.pop(b).items():
            del total[z][b]
            if z != a:
                add(a, z, weight_sum, pairs, least)
