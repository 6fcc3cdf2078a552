"""How the match weight of a pair came about: one step a comparison, then how common the values are, ages, references, context.

Takes the `Basis` of a scoring and pairs of record ids; gives steps (what, level, bits) whose bits sum to the weight. It asks the
scorer itself for the weight with the first comparisons alone, then with one more, and so on: classes of pairs are mixed, so that
what a comparison is worth hangs on those before it. Steps hold names of levels and numbers, no value of a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.pairs.compare import Comparer
from matcher.pairs.score import CERTAIN, Basis, Terms
from matcher.pairs.train import class_logs

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
PLACES = 4  # decimals of bits that are kept
NOTHING = 1e-10  # bits that are rounding

START, SAME_ROW = "start", "same_row"
FREQUENCIES = (
    "forename", "surname", "local", "name", "middle", "sex", "dob", "home", "household", "kin", "nearly", "exchanged",
)  # fmt: skip
"""Kinds of `Terms.ratios`, in the order of their steps."""
CONTEXT = ("moved_together", "unrivalled")
"""Kinds of context of which `Basis` holds the bits, in the order of their steps."""


@dataclass(frozen=True)
class Step:
    """What one thing adds. `what`: "start", "comparison.<name>", "lacking", "common.<kind>", "ages", "sources", "reference.<rule>",
    "context.<which>" or "same_row"; `level`: of a comparison its level or "missing", else empty."""

    what: str
    level: str
    bits: float


@dataclass(frozen=True)
class Waterfall:
    """The steps of one pair of records, left id below right id."""

    left: int
    right: int
    steps: tuple[Step, ...]

    @property
    def weight(self) -> float:
        return sum(step.bits for step in self.steps)


def waterfalls(basis: Basis, left: Iterable[int], right: Iterable[int]) -> list[Waterfall]:
    """The waterfall of each pair of record ids, in their order; steps that add nothing are left out but for comparisons."""
    a, b = (np.fromiter(ids, dtype=np.int64) for ids in (left, right))
    low, high = np.minimum(a, b), np.maximum(a, b)
    first, second = (basis.row[np.searchsorted(basis.ids, ids)] for ids in (low, high))
    i, j = np.minimum(first, second).astype(np.int32), np.maximum(first, second).astype(np.int32)
    names, levels, weights = _cumulative(basis, i, j)
    bits = np.diff(weights, axis=0, prepend=0.0).T.tolist()
    known = [("missing", *of) for of in basis.model.layout.levels]
    same = (Step(SAME_ROW, "", CERTAIN),)  # rows of one reference that say the same
    found = []
    for a, b, of, at, one in zip(low.tolist(), high.tolist(), bits, levels.tolist(), (i == j).tolist(), strict=True):
        if one:
            found.append(Waterfall(a, b, same))
            continue
        told = [known[place][number] for place, number in enumerate(at)]
        compared = slice(1, len(told) + 1)
        steps = [Step(names[0], "", of[0]), *map(Step, names[compared], told, of[compared])]
        rest = zip(names[len(steps) :], of[len(steps) :], strict=True)
        steps += [Step(name, "", more) for name, more in rest if abs(more) > NOTHING]
        found.append(Waterfall(a, b, tuple(steps)))
    return found


def _cumulative(basis: Basis, left: Ints, right: Ints) -> tuple[list[str], npt.NDArray[np.uint8], Floats]:
    """Names of all steps, the levels of the pairs, and the weight after each step, shape (steps, pairs)."""
    layout, scorer = basis.model.layout, basis.scorer
    patterns = Comparer(basis.encoded, basis.model).patterns(left, right)
    levels = layout.unpack(patterns)
    whole = scorer.terms(left, right, levels, class_logs(basis.trained, layout, patterns))
    nothing = {kind: np.zeros(len(left)) for kind in whole.ratios}
    names, weights = [START], []
    partly = np.zeros_like(levels)
    compared = replace(basis.trained, lacking={})  # what is missing tells only once all is compared
    for place in range(len(layout.names) + 1):
        logs = class_logs(compared, layout, layout.pack(partly))
        weights.append(Terms(logs, nothing).weight())
        if place < len(layout.names):
            names.append(f"comparison.{layout.names[place]}")
            partly[:, place] = levels[:, place]
    told, ratios = Terms(whole.logs, nothing), dict(nothing)
    names.append("lacking")
    weights.append(told.weight())
    for kind in FREQUENCIES:
        ratios = ratios | {kind: whole.ratios[kind]}
        told = replace(told, ratios=ratios)
        names.append(f"common.{kind}")
        weights.append(told.weight())
    for name, terms in (("ages", replace(told, ages=whole.ages)), ("sources", whole)):
        names.append(name)
        weights.append(terms.weight())
    for rule, after in scorer.by_reference(left, right, levels, weights[-1]):
        names.append(f"reference.{rule}")
        weights.append(after)
    for name, more in zip(CONTEXT, _context(basis, left, right), strict=True):
        names.append(f"context.{name}")
        weights.append(weights[-1] + more)
    if basis.references is not None:
        names.append("context.one_reference")
        weights.append(weights[-1] + basis.references.bits(left, right, weights[-1]))
    return names, levels, np.array(weights)


def _context(basis: Basis, left: Ints, right: Ints) -> list[Floats]:
    """Bits of context of pairs of rows by kind, as they were counted when all pairs were scored."""
    packed = left.astype(np.int64) << 32 | right
    if not len(basis.pairs):
        return [np.zeros(len(packed)) for _ in CONTEXT]
    place = np.minimum(np.searchsorted(basis.pairs, packed), len(basis.pairs) - 1)
    has = basis.pairs[place] == packed
    return [np.where(has, getattr(basis, kind)[place], 0.0) for kind in CONTEXT]


def to_json(steps: Sequence[Step]) -> str:
    """Steps as they are kept: [[what, level, bits], ...]."""
    return json.dumps([[step.what, step.level, round(step.bits, PLACES)] for step in steps], separators=(",", ":"))


def of_stored(steps: Iterable[Sequence[object]]) -> tuple[Step, ...]:
    """The reverse of `to_json`, of what it holds."""
    return tuple(Step(str(what), str(level), float(str(bits))) for what, level, bits in steps)
