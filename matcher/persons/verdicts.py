"""Why two records are one person or not, after clustering.

Takes the person of each record, the scored pairs and thresholds; gives, for pairs of records, a code of `VERDICTS` and the pairs
that speak most for it and most against. It asks what `split.py` asks, of the two persons as they came out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.persons.cluster import CERTAIN, components
from matcher.persons.split import standing
from matcher.persons.thresholds import Thresholds
from specs.tables import OBJECTED

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_Voice = tuple[float, tuple[int, int]]  # a weight and the pair of records that it is of


@dataclass(frozen=True)
class Verdict:
    """A code of `specs.tables.VERDICTS`, and the strongest and the weakest pair (weights) of the person or between the two."""

    code: str
    best: float
    worst: float


class Verdicts:
    """Verdicts on one clustering. `person`: of each record, -1 for none; `left`, `right`, `weight`: PAIRS."""

    def __init__(self, person: Ints, left: Ints, right: Ints, weight: Floats, thresholds: Thresholds) -> None:
        self._person, self._refuse = person, thresholds.refuse_weight
        self.link = float(np.log2(thresholds.link / (1 - thresholds.link)))
        certain = (weight >= CERTAIN) & (person[left] == person[right])
        witness = components(len(person), left[certain], right[certain])
        # rows that are one witness speak with their best voice
        best: dict[tuple[int, int], _Voice] = {}
        ends = (witness[left].tolist(), witness[right].tolist(), weight.tolist(), left.tolist(), right.tolist())
        for a, b, w, first, second in zip(*ends, strict=True):
            key = (min(a, b), max(a, b))
            if key not in best or w > best[key][0]:
                best[key] = (w, (min(first, second), max(first, second)))
        self._between: dict[tuple[int, int], list[_Voice]] = {}
        of = np.full(len(person), -1, dtype=np.int64)
        of[witness] = person
        for (a, b), voice in best.items():
            x, y = int(of[a]), int(of[b])
            self._between.setdefault((min(x, y), max(x, y)), []).append(voice)

    def of(self, left: int, right: int, weight: float) -> Verdict:
        """The verdict on two records whose own weight is `weight`, whether or not it is among PAIRS."""
        x, y = sorted((int(self._person[left]), int(self._person[right])))
        weights = [w for w, _ in self._between.get((x, y), [])] or [weight]
        best, worst = max(weights), min(weights)
        if x == y and x >= 0:
            return Verdict("linked" if weight >= self.link else "through_others", best, worst)
        if best < self.link:
            return Verdict("weak", best, worst)
        if worst <= self._refuse:
            return Verdict("refused", best, worst)
        return Verdict("objection" if standing(best, worst, self._refuse) < self.link else "rival", best, worst)

    def objecting(self, left: int, right: int) -> tuple[int, int] | None:
        """The pair of records that keeps the persons of two records apart; None where none does."""
        x, y = sorted((int(self._person[left]), int(self._person[right])))
        voices = self._between.get((x, y), [])
        if not voices or self.of(left, right, 0.0).code not in OBJECTED:
            return None
        return min(voices)[1]

    def rivals(self, left: int, right: int) -> list[int]:
        """Persons that fit one of the two records' persons, strongest first, but are neither."""
        x, y = int(self._person[left]), int(self._person[right])
        found: dict[int, float] = {}
        for (a, b), voices in self._between.items():
            other = b if a in (x, y) else a if b in (x, y) else -1
            strongest = max(w for w, _ in voices)
            if other >= 0 and other not in (x, y) and strongest > 0:
                found[other] = max(strongest, found.get(other, 0.0))
        return sorted(found, key=lambda who: (-found[who], who))


def spanning(size: int, left: Ints, right: Ints, weight: Floats, tier: Ints) -> Iterable[tuple[int, int]]:
    """The strongest links that hold each chain together: one fewer than it has records. Links of a lower tier are taken first, so
    that what is left of a chain without the higher tiers is held together as well as it can be."""
    group = list(range(size))

    def head(record: int) -> int:
        while group[record] != record:
            group[record] = group[group[record]]
            record = group[record]
        return record

    for at in np.lexsort((right, left, -weight, tier)).tolist():
        a, b = head(int(left[at])), head(int(right[at]))
        if a != b:
            group[b] = a
            yield int(left[at]), int(right[at])
