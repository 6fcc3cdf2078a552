"""Training: the parameters of the classes of pairs, estimated from one month's records without any truth.

Takes counts of patterns of levels among candidate pairs, levels of randomly drawn pairs and exact totals of agreement;
gives a `TrainedModel`. EM runs on counts of patterns, a few thousand numbers, not on pairs. It looks only at patterns with
two of {forename, surname, date of birth, place} equal, where blocking loses nothing, and adds what its classes must have
outside these by their own chances. The model's starting values count as a number of pairs already seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import LEVELS, level
from matcher.pairs.compare import unpack
from matcher.pairs.model import CLASSES, LinkageModel, TrainedModel

Floats = npt.NDArray[np.float64]
NAMES = tuple(LEVELS)
# What tells a class from strangers; all else is as random.
OWN = {
    "relative": ("forename", "surname", "dob", "address"),
    "junior": ("forename", "surname", "dob", "address"),
    "namesake": ("forename", "surname"),
}
ESTIMATED = {"match": NAMES, "relative": OWN["relative"], "junior": (), "namesake": ()}
ELSEWHERE = {("relative", "forename")}  # read only where dates of birth tell relatives from matches
# When a junior was born against the elder: a generation apart, seldom less; day and month agree by chance.
JUNIOR_BORN = {
    "exact": 1e-6, "swapped": 1e-6, "one_digit": 0.0005, "two_parts": 0.003, "new_year": 1e-6, "year_near": 0.002,
    "different": 0.06, "generation": 0.93,
}  # fmt: skip
FLAGS: dict[str, tuple[int, ...]] = {
    "forename": (level("forename", "exact"),),
    "surname": (level("surname", "exact"),),
    "dob": (level("dob", "exact"),),
    "address": (level("address", "home"), level("address", "building"), level("address", "postcode")),
}


@dataclass(frozen=True)
class Agreement:
    """How often strangers agree: random pairs' level counts by comparison, and known totals of pairs at certain levels.

    `drawn[comparison]` counts levels (0 = missing first) among `random` drawn pairs; `totals[(comparison, level)]` is the
    exact number of pairs of records at that level; `pairs` the number of all pairs of records.
    """

    drawn: dict[str, npt.NDArray[np.int64]]
    totals: dict[tuple[str, int], float]
    pairs: float


def _starting(model: LinkageModel) -> dict[str, dict[str, Floats]]:
    start: dict[str, dict[str, Floats]] = {name: {} for name in CLASSES}
    for comparison in model.comparison:
        values = comparison.level.values()
        random = np.array([v.random for v in values])
        match = np.array([v.match for v in values])
        relative = np.array([v.random if v.relative is None else v.relative for v in values])
        for kind, chances in (
            ("match", match),
            ("relative", relative),
            ("junior", random),
            ("namesake", random),
            ("random", random),
        ):
            start[kind][comparison.name] = chances / chances.sum()
    # A junior bears the name of a relative in the household: named as a match is, born as a relative is, and not in the same year.
    born = np.array([JUNIOR_BORN[name] for name in LEVELS["dob"]])
    start["junior"] |= {
        "forename": start["match"]["forename"].copy(), "surname": start["relative"]["surname"].copy(),
        "dob": born / born.sum(), "address": start["relative"]["address"].copy(),
    }  # fmt: skip
    for name in ("forename", "surname"):
        start["namesake"][name] = np.full(len(LEVELS[name]), 1e-12)
        start["namesake"][name][0] = 1.0
    return start


def _at_least_two(flags: dict[str, float]) -> float:
    """Chance that at least two of independent events happen."""
    none = float(np.prod([1 - p for p in flags.values()]))
    one = sum(p * float(np.prod([1 - q for m, q in flags.items() if m != n])) for n, p in flags.items())
    return max(1.0 - none - one, 1e-9)


def _logs(
    sizes: Mapping[str, float],
    chances: Mapping[str, Mapping[str, Sequence[float] | Floats]],
    levels: npt.NDArray[np.uint8],
) -> Floats:
    """log(size x chance) of each class for patterns of levels, shape (classes, patterns)."""
    out = np.zeros((len(CLASSES), len(levels)))
    for row, kind in enumerate(CLASSES):
        out[row] = np.log(max(sizes[kind], 1e-9))
        for place, name in enumerate(NAMES):
            out[row] += np.concatenate([[0.0], np.log(chances[kind][name])])[levels[:, place]]
    return out


class _Estimate:
    """The running estimate: sizes and chances of the classes."""

    def __init__(self, model: LinkageModel, agreement: Agreement, records: int) -> None:
        self.start = _starting(model)
        self.chances = {kind: {n: c.copy() for n, c in of.items()} for kind, of in self.start.items()}
        self.bounds = {
            c.name: (np.array([v.least for v in c.level.values()]), np.array([v.most for v in c.level.values()]))
            for c in model.comparison
        }
        self.strength, self.agreement = model.training.strength, agreement
        t = model.training
        self.sizes = {
            "match": t.matches_per_record * records, "relative": t.relatives_per_record * records,
            "junior": t.juniors_per_record * records, "namesake": t.namesakes_per_record * records, "random": max(agreement.pairs, 1.0),
        }  # fmt: skip
        self.missing: dict[str, float] = {}
        for name in NAMES:
            drawn = agreement.drawn[name].astype(float)
            held = drawn[1:].sum()
            self.missing[name] = float((drawn[0] + 0.5) / (drawn.sum() + 1.0))
            trust = 200.0 + 0.001 * held  # starting values only matter where few random pairs could be compared
            self.chances["random"][name] = (drawn[1:] + trust * self.start["random"][name]) / (held + trust)
        self._share_random()
        # Relatives start with forenames as strangers have them; training finds by how much rarer they share one.
        self.start["relative"]["forename"] = self.chances["random"]["forename"].copy()
        self.chances["relative"]["forename"] = self.chances["random"]["forename"].copy()

    def _share_random(self) -> None:
        """Strangers' agreement at levels with a known total: the total less what the other classes hold of it."""
        random = self.chances["random"]
        for name in NAMES:
            for (comparison, at), total in self.agreement.totals.items():
                if comparison != name:
                    continue
                others = sum(
                    self.sizes[kind] * self.chances[kind][name][at - 1] for kind in CLASSES[:-1]
                ) * (1 - self.missing[name])  # fmt: skip
                held = max(self.agreement.pairs * (1 - self.missing[name]), 1.0)
                random[name][at - 1] = max(total - others, 0.03 * total, 0.2) / held
            random[name] = np.clip(random[name], 1e-9, None)
            random[name] /= random[name].sum()
        for kind, own in OWN.items():
            for name in NAMES:
                if name not in own:
                    self.chances[kind][name] = random[name].copy()
        for name in ("surname", "address"):
            self.chances["junior"][name] = self.chances["relative"][name].copy()
        self.chances["junior"]["forename"] = self.chances["match"]["forename"].copy()

    def logs(self, levels: npt.NDArray[np.uint8]) -> Floats:
        """log(size x chance) of each class for patterns of levels, shape (classes, patterns)."""
        return _logs(self.sizes, self.chances, levels)

    @staticmethod
    def _clear(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Patterns in which the dates of birth are two people's."""
        apart = [level("dob", name) for name in ("year_near", "different", "generation")]
        return np.isin(levels[:, NAMES.index("dob")], apart)

    def step(self, levels: npt.NDArray[np.uint8], counts: Floats) -> float:
        """One round of EM over the selected patterns; gives the relative change of the number of matches."""
        logs = self.logs(levels)
        logs -= logs.max(axis=0)
        share = np.exp(logs)
        share /= share.sum(axis=0)
        before = self.sizes["match"]
        for row, kind in enumerate(CLASSES[:-1]):
            weight = share[row] * counts
            flags = {
                name: (1 - self.missing[name]) * float(self.chances[kind][name][np.array(at) - 1].sum())
                for name, at in FLAGS.items()
            }
            seen = _at_least_two(flags)
            size = weight.sum() / seen + 0.5
            for place, name in enumerate(NAMES):
                if name in ESTIMATED[kind]:
                    old = self.chances[kind][name]
                    counting = weight * self._clear(levels) if (kind, name) in ELSEWHERE else weight
                    seen_counts = np.bincount(levels[:, place], weights=counting, minlength=len(old) + 1)[1:]
                    unseen = np.zeros_like(old)
                    for at in range(1, len(old) + 1):
                        if (kind, name) in ELSEWHERE:
                            break
                        given = {**flags, name: float(at in FLAGS[name])} if name in FLAGS else flags
                        unseen[at - 1] = size * (1 - self.missing[name]) * old[at - 1] * (1 - _at_least_two(given))
                    counted = seen_counts + unseen + self.strength * self.start[kind][name]
                    self.chances[kind][name] = np.clip(counted / counted.sum(), 1e-6, None)
                    if (
                        kind,
                        name,
                    ) in ELSEWHERE:  # relatives of one name are juniors: beyond chance they are not counted here
                        exact = level(name, "exact") - 1
                        by_chance = self.chances["random"][name][exact]
                        self.chances[kind][name][exact] = min(self.chances[kind][name][exact], by_chance)
                        self.chances[kind][name] /= self.chances[kind][name].sum()
                    if kind == "match":
                        bounded = np.clip(self.chances[kind][name], *self.bounds[name])
                        self.chances[kind][name] = bounded / bounded.sum()
            self.sizes[kind] = float(size)
        self.sizes["random"] = max(self.agreement.pairs - sum(self.sizes[k] for k in CLASSES[:-1]), 1.0)
        self._share_random()
        return abs(self.sizes["match"] - before) / before


def train(
    model: LinkageModel,
    patterns: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    agreement: Agreement,
    records: int,
) -> TrainedModel:
    """Parameters from counts of patterns of candidate pairs (pairs of one reference left out by the caller)."""
    levels = unpack(patterns)
    agreeing = np.zeros(len(levels), dtype=np.int8)
    for name, at in FLAGS.items():
        agreeing += np.isin(levels[:, NAMES.index(name)], at)
    selected = agreeing >= 2
    estimate = _Estimate(model, agreement, records)
    if selected.any():
        for _ in range(model.training.iterations):
            if estimate.step(levels[selected], counts[selected].astype(float)) < 1e-5:
                break
    return TrainedModel(
        model=model.id,
        records=records,
        sizes=estimate.sizes,
        chances={kind: {n: [float(x) for x in c] for n, c in of.items()} for kind, of in estimate.chances.items()},
        missing=estimate.missing,
        same_system=1.0,
    )


def class_logs(trained: TrainedModel, patterns: npt.NDArray[np.int32]) -> Floats:
    """log(size x chance) of each class for patterns, shape (classes, patterns), from trained parameters."""
    return _logs(trained.sizes, trained.chances, unpack(patterns))
