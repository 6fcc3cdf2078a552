"""Training: the parameters of the classes of pairs, estimated from one month's records without any truth.

Takes counts of patterns of levels among candidate pairs, levels of randomly drawn pairs and exact totals of agreement;
gives a `TrainedModel`. EM runs on counts of patterns, a few thousand numbers, not on pairs. It looks only at patterns with
two comparisons in agreement (names, date of birth, place), where blocking loses nothing, and adds what its classes must have
outside these by their own chances. The model's starting values count as a number of pairs already seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from matcher.pairs import gaps
from matcher.pairs.layout import Layout
from matcher.pairs.model import CLASSES, LinkageModel, TrainedModel
from matcher.pairs.sources import nothing

Floats = npt.NDArray[np.float64]
Chance = TypeVar("Chance", float, npt.NDArray[np.float64])
WRITTEN = ("given", "family")
PERSON, HOUSEHOLD = ("match", "exchanged"), ("relative", "junior")  # classes that lack values alike
# What tells a class from strangers, by role; all else is as random.
OWN = {
    "relative": ("given", "family", "birth", "place"),
    "junior": ("given", "family", "birth", "place"),
    "namesake": WRITTEN,
}
NEVER = 1e-12
CONVERGED = 1e-5  # relative change of the number of matches
NEARLY_CONVERGED = 1e-4  # the same, where gaps are learned next and all changes once more
GAP_ROUNDS = 2  # times that what pairs lack is learned anew
UNSEEN = 10.0  # pairs of strangers by which their agreement leans on the starting values


@dataclass(frozen=True)
class Agreement:
    """How often strangers agree: random pairs' level counts by comparison, and known totals of pairs at certain levels.

    `drawn[comparison]` counts levels (0 = missing first) among `random` drawn pairs; `totals[(comparison, level)]` is the
    exact number of pairs of records at that level; `pairs` the number of all pairs of records. `masks` counts what random
    pairs lack (gaps.py); None where that is not to be read.
    """

    drawn: dict[str, npt.NDArray[np.int64]]
    totals: dict[tuple[str, int], float]
    pairs: float
    masks: npt.NDArray[np.int64] | None = None


def _starting(model: LinkageModel) -> dict[str, dict[str, Floats]]:
    """The model's chances of levels by class and comparison, each summing to 1."""
    start: dict[str, dict[str, Floats]] = {kind: {} for kind in CLASSES}
    for comparison in model.comparison:
        values = comparison.level.values()
        match, random = np.array([v.match for v in values]), np.array([v.random for v in values])
        relative = np.array([v.random if v.relative is None else v.relative for v in values])
        chances = {"match": match, "relative": relative, "junior": random, "namesake": random, "random": random}
        # Exchanged names compare as strangers' do. A junior bears the name of a relative in the household: named as a match
        # is, of the same sex, housed as a relative is.
        chances["exchanged"] = random if comparison.role in WRITTEN else match
        if comparison.role in ("given", "sex"):
            chances["junior"] = match
        elif comparison.role in ("family", "place"):
            chances["junior"] = relative
        elif comparison.role == "birth":
            chances["junior"] = np.array([v.random if v.junior is None else v.junior for v in values])
        if comparison.role in OWN["namesake"]:
            chances["namesake"] = np.array([1.0 if v.agrees else NEVER for v in values])
        for kind, of in chances.items():
            start[kind][comparison.name] = of / of.sum()
    return start


def _none_or_one(flags: Iterable[Chance]) -> tuple[Any, Any]:
    """Chances that none, and that exactly one of independent events happens; of arrays, place by place."""
    none: Any = 1.0
    one: Any = 0.0
    for chance in flags:
        none, one = none * (1 - chance), one * (1 - chance) + none * chance
    return none, one


def _at_least_two(flags: Iterable[float]) -> float:
    """Chance that at least two of independent events happen."""
    return max(1.0 - sum(_none_or_one(flags)), 1e-9)


def _logs(
    sizes: Mapping[str, float],
    chances: Mapping[str, Mapping[str, Sequence[float] | Floats]],
    lacking: Mapping[str, Sequence[float] | Floats],
    layout: Layout,
    levels: npt.NDArray[np.uint8],
) -> Floats:
    """log(size x chance) of each class for patterns of levels, shape (classes, patterns)."""
    out = np.zeros((len(CLASSES), len(levels)))
    mask = gaps.masks(layout, levels)
    for row, kind in enumerate(CLASSES):
        out[row] = np.log(max(sizes[kind], 1e-300))
        for place, name in enumerate(layout.names):
            out[row] += np.concatenate([[0.0], np.log(chances[kind][name])])[levels[:, place]]
        if kind in lacking:
            out[row] += np.asarray(lacking[kind])[mask]
    return out


class _Estimate:
    """The running estimate: sizes and chances of the classes in `believed`; the others have no pairs."""

    def __init__(self, model: LinkageModel, agreement: Agreement, records: int, believed: Collection[str]) -> None:
        self.model, self.agreement = model, agreement
        self.names = model.layout.names
        self.roles = dict(zip(self.names, model.layout.roles, strict=True))
        self.start = _starting(model)
        self.chances = {kind: {n: c.copy() for n, c in of.items()} for kind, of in self.start.items()}
        self.levels = {c.name: tuple(c.level.values()) for c in model.comparison}
        self.bounds = {
            name: (np.array([v.least for v in of]), np.array([v.most for v in of])) for name, of in self.levels.items()
        }
        self.agreeing = {
            name: np.array([v.agrees for v in of]) for name, of in self.levels.items() if any(v.agrees for v in of)
        }
        self.believed = tuple(kind for kind in CLASSES[:-1] if kind in believed)
        self.sizes = dict.fromkeys(CLASSES, 0.0)
        self.sizes |= {kind: model.classes[kind].per_record * records for kind in self.believed}
        self.sizes["random"] = max(agreement.pairs, 1.0)
        self.missing: dict[str, float] = {}
        for name in self.names:
            drawn = agreement.drawn[name].astype(float)
            held = drawn[1:].sum()
            self.missing[name] = float((drawn[0] + 0.5) / (drawn.sum() + 1.0))
            trust = 200.0 + 0.001 * held  # starting values only matter where few random pairs could be compared
            self.chances["random"][name] = (drawn[1:] + trust * self.start["random"][name]) / (held + trust)
        # Shares of what pairs lack: of strangers as counted; of the others they are learned once the classes stand.
        drawn = np.ones(gaps.MASKS) if agreement.masks is None else agreement.masks + 0.01
        self.strangers: Floats = drawn / drawn.sum()
        self.shares: dict[str, Floats] = {}
        self._share_random()
        # Relatives start with forenames as strangers have them; training finds by how much rarer they share one.
        for name in self._of("given"):
            self.start["relative"][name] = self.chances["random"][name].copy()
            self.chances["relative"][name] = self.chances["random"][name].copy()

    def _of(self, *roles: str) -> list[str]:
        return [name for name, role in self.roles.items() if role in roles]

    def lacking(self) -> dict[str, Floats]:
        """log of how much oftener a class's pairs lack values than strangers', by class and mask."""
        return {kind: np.log(shares / self.strangers) for kind, shares in self.shares.items()}

    def _held(self, kind: str, name: str) -> float:
        """The share of a class's pairs that can be compared by a comparison."""
        if kind in self.shares and self.roles[name] in gaps.ROLES:
            return max(gaps.held(self.shares[kind], self.roles[name]), 1e-6)
        return 1 - self.missing[name]

    def _by_gaps(self, kind: str, seen: Floats, agree: Mapping[str, float]) -> tuple[float, Floats]:
        """The size of a class of which `seen` pairs lack each mask, and how many of all its pairs do; `agree`: the chances of its
        comparisons to agree where both values are held."""
        roles = {name: self.roles[name] for name in agree}
        none, one = _none_or_one(
            gaps.by_mask(chance if roles[name] in gaps.ROLES else chance * self._held(kind, name), roles[name])
            for name, chance in agree.items()
        )
        two = np.maximum(1 - none - one, 0.0)
        size = float(seen.sum() / max(two @ self.shares[kind], 1e-9)) + 0.5
        return size, seen + size * self.shares[kind] * (1 - two)

    def _share_random(self) -> None:
        """Strangers' agreement at levels with a known total: the total less what the other classes hold of it."""
        random = self.chances["random"]
        for name in self.names:
            for (comparison, at), total in self.agreement.totals.items():
                if comparison != name:
                    continue
                others = sum(
                    self.sizes[kind] * self.chances[kind][name][at - 1] for kind in CLASSES[:-1]
                ) * (1 - self.missing[name])  # fmt: skip
                held = max(self.agreement.pairs * (1 - self.missing[name]), 1.0)
                # In a table of a few records nearly all agreement is that of matches: the starting value stands in.
                start = self.start["random"][name][at - 1]
                random[name][at - 1] = (max(total - others, 0.03 * total) + UNSEEN * start) / (held + UNSEEN)
            random[name] = np.clip(random[name], 1e-9, None)
            random[name] /= random[name].sum()
        for name in self.names:
            as_written = random if self.roles[name] in WRITTEN else self.chances["match"]
            self.chances["exchanged"][name] = as_written[name].copy()
        for kind, own in OWN.items():
            for name in self.names:
                if self.roles[name] not in own:
                    self.chances[kind][name] = random[name].copy()
        for name in self._of("family", "place"):
            self.chances["junior"][name] = self.chances["relative"][name].copy()
        for name in self._of("given", "sex"):
            self.chances["junior"][name] = self.chances["match"][name].copy()

    def selected(self, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Patterns that agree in two comparisons at least: blocking loses none of their pairs."""
        agreeing = np.zeros(len(levels), dtype=np.int8)
        for name, at in self.agreeing.items():
            agreeing += np.concatenate([[False], at])[levels[:, self.names.index(name)]]
        return agreeing >= 2

    def _clear(self, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Patterns that show two people by a value of their own, as dates of birth do."""
        clear = np.zeros(len(levels), dtype=bool)
        for place, name in enumerate(self.names):
            clear |= np.array([False, *(v.apart for v in self.levels[name])])[levels[:, place]]
        return clear

    def apart(self, kind: str) -> float:
        """The share of a class's pairs that show two people by a value of their own; 1 where the model has no such value."""
        shares = [
            float(self.chances[kind][name][[v.apart for v in of]].sum())
            for name, of in self.levels.items()
            if any(v.apart for v in of)
        ]
        return max(shares, default=1.0)

    def learn_gaps(self, levels: npt.NDArray[np.uint8], counts: Floats) -> None:
        """What the pairs of classes lack, as these stand. Not learned with all else in each step: of millions of namesakes without a
        date of birth each step would take some more for matches."""
        self.shares = self.shares or dict.fromkeys((*PERSON, *HOUSEHOLD), self.strangers)
        self.step(levels, counts, learning=True)

    def step(self, levels: npt.NDArray[np.uint8], counts: Floats, *, learning: bool = False) -> float:
        """One round of EM over the selected patterns; gives the relative change of the number of matches."""
        layout = self.model.layout
        mask = gaps.masks(layout, levels)
        logs = _logs(self.sizes, self.chances, self.lacking(), layout, levels)
        logs -= logs.max(axis=0)
        share = np.exp(logs)
        share /= share.sum(axis=0)
        clear = self._clear(levels)
        before = self.sizes["match"]
        lacked: dict[str, Floats] = dict.fromkeys(self.shares, self.model.training.strength * self.strangers)
        for kind in self.believed:
            weight = share[CLASSES.index(kind)] * counts
            agree = {name: float(self.chances[kind][name][at].sum()) for name, at in self.agreeing.items()}
            flags = {name: self._held(kind, name) * chance for name, chance in agree.items()}
            if kind in self.shares:
                seen = np.bincount(mask, weights=weight, minlength=gaps.MASKS).astype(float)
                size, every = self._by_gaps(kind, seen, agree)
                lacked[kind] = lacked[kind] + every
            else:
                size = weight.sum() / _at_least_two(flags.values()) + 0.5
            if kind in ("match", "relative"):
                for place, name in enumerate(self.names):
                    # Identifiers are not trained: the pairs that would teach it share a reference already.
                    if self.roles[name] in OWN[kind] if kind in OWN else self.roles[name] != "identifier":
                        self._estimate(kind, name, levels[:, place], weight, clear, size, flags)
            self.sizes[kind] = float(size)
        for kinds in (PERSON, HOUSEHOLD) if learning else ():
            every = np.add(*(lacked[kind] for kind in kinds))
            self.shares |= dict.fromkeys(kinds, every / every.sum())
        self.sizes["random"] = max(self.agreement.pairs - sum(self.sizes[k] for k in CLASSES[:-1]), 1.0)
        self._share_random()
        return abs(self.sizes["match"] - before) / before

    def _estimate(
        self, kind: str, name: str, levels: npt.NDArray[np.uint8], weight: Floats, clear: npt.NDArray[np.bool_], size: float,
        flags: dict[str, float],
    ) -> None:  # fmt: skip
        """Chances of one comparison's levels in one class, from weighted patterns and what the class has outside them."""
        old = self.chances[kind][name]
        if kind == "relative" and self.roles[name] == "given":
            # Read only where another value tells relatives from matches; relatives of one name are juniors: beyond
            # chance they are not counted here.
            seen = np.bincount(levels, weights=weight * clear, minlength=len(old) + 1)[1:]
            counted = seen + self.model.training.strength * self.start[kind][name]
            found = np.clip(counted / counted.sum(), 1e-6, None)
            if name in self.agreeing:
                agrees = self.agreeing[name]
                found[agrees] = np.minimum(found[agrees], self.chances["random"][name][agrees])
            self.chances[kind][name] = found / found.sum()
            return
        seen = np.bincount(levels, weights=weight, minlength=len(old) + 1)[1:]
        none, one = _none_or_one(chance for other, chance in flags.items() if other != name)
        fewer = np.where(self.agreeing[name], none, none + one) if name in self.agreeing else none + one
        unseen = size * self._held(kind, name) * old * np.minimum(fewer, 1 - 1e-9)
        counted = seen + unseen + self.model.training.strength * self.start[kind][name]
        found = np.clip(counted / counted.sum(), 1e-6, None)
        if kind == "match" and "relative" in self.believed:  # else there is nobody to take a mistyped match for
            found = np.clip(found, *self.bounds[name])
        self.chances[kind][name] = found / found.sum()


def _fitted(
    model: LinkageModel, levels: npt.NDArray[np.uint8], counts: Floats, agreement: Agreement, records: int,
    believed: Collection[str],
) -> _Estimate:  # fmt: skip
    estimate = _Estimate(model, agreement, records, believed)
    selected = estimate.selected(levels)
    if not selected.any():
        return estimate
    levels, counts = levels[selected], counts[selected]
    rounds = 1 if agreement.masks is None else 1 + GAP_ROUNDS
    for number in range(rounds):
        if number:
            estimate.learn_gaps(levels, counts)
        enough = CONVERGED if number + 1 == rounds else NEARLY_CONVERGED
        for _ in range(model.training.iterations):
            if estimate.step(levels, counts) < enough:
                break
    return estimate


def train(
    model: LinkageModel,
    patterns: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    agreement: Agreement,
    records: int,
) -> TrainedModel:
    """Parameters from counts of patterns of candidate pairs (pairs of one reference left out by the caller).

    A class of which the records show fewer pairs a match than the model asks is switched off, and the rest fitted again.
    """
    levels, many = model.layout.unpack(patterns), counts.astype(float)
    estimate = _fitted(model, levels, many, agreement, records, tuple(model.classes))
    scarce = {
        kind
        for kind, of in model.classes.items()
        if estimate.sizes[kind] < of.per_match * estimate.sizes["match"] or estimate.apart(kind) < of.apart
    }
    if "relative" in scarce or "relative" not in model.classes:
        # A match's own chances hold then whatever happens to names.
        scarce |= {"junior", "exchanged"}
    if scarce:
        estimate = _fitted(model, levels, many, agreement, records, set(model.classes) - scarce)
    return TrainedModel(
        model=model.id,
        records=records,
        sizes=estimate.sizes,
        chances={kind: {n: [float(x) for x in c] for n, c in of.items()} for kind, of in estimate.chances.items()},
        missing=estimate.missing,
        sources=nothing(),
        lacking={kind: [float(x) for x in of] for kind, of in estimate.lacking().items()},
    )


def class_logs(trained: TrainedModel, layout: Layout, patterns: npt.NDArray[np.int32]) -> Floats:
    """log(size x chance) of each class for patterns, shape (classes, patterns), from trained parameters."""
    return _logs(trained.sizes, trained.chances, trained.lacking, layout, layout.unpack(patterns))
