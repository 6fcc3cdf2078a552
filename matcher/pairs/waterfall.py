"""How the match weight of a pair came about: one step a comparison, then how common the values are, ages, references, context.

Takes the `Basis` of a scoring and pairs of record ids; gives steps (what, level, bits) whose bits sum to the weight. It asks the
scorer itself for the weight with the first comparisons alone, then with one more, and so on: classes of pairs are mixed, so that
what a comparison is worth hangs on those before it. Steps hold names of levels and numbers, no value of a record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.pairs.compare import Comparer
from matcher.pairs.frequency import KINDS
from matcher.pairs.score import CERTAIN, Basis, Terms
from matcher.pairs.train import class_logs

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
PLACES = 4  # decimals of bits that are kept
NOTHING = 1e-10  # bits that are rounding
_ENCODER = json.JSONEncoder(separators=(",", ":"))

START, SAME_ROW = "start", "same_row"
RATIOS = (*KINDS, "kin")
"""Kinds of `Terms.ratios`, in the order of their steps."""
CONTEXT = ("moved_together", "unrivalled")
"""Kinds of context of which `Basis` holds the bits, in the order of their steps."""


class Step(NamedTuple):
    """What one thing adds. `what`: "start", "comparison.<name>", "lacking", "common.<kind>", "ages", "sources", "reference.<rule>",
    "context.<which>" or "same_row"; `level`: of a comparison its level or "missing", else empty."""

    what: str
    level: str
    bits: float


@dataclass(frozen=True)
class Waterfall:
    """The steps of one pair of records, left id below right id; `kept`: as JSON, [[what, level, bits], ...]."""

    left: int
    right: int
    steps: tuple[Step, ...]
    kept: str

    @property
    def weight(self) -> float:
        return sum([bits for _, _, bits in self.steps])


def waterfalls(basis: Basis, left: Iterable[int], right: Iterable[int]) -> list[Waterfall]:
    """The waterfall of each pair of record ids, in their order; steps that add nothing are left out but for comparisons."""
    a, b = (np.fromiter(ids, dtype=np.int64) for ids in (left, right))
    low, high = np.minimum(a, b), np.maximum(a, b)
    first, second = (basis.row[np.searchsorted(basis.ids, ids)] for ids in (low, high))
    i, j = np.minimum(first, second).astype(np.int32), np.maximum(first, second).astype(np.int32)
    patterns = Comparer(basis.encoded, basis.model).patterns(i, j)
    heads, of_pattern, compared = _compared(basis, patterns)
    names, weights = _beyond(basis, i, j, patterns, compared)
    bits = np.diff(weights, axis=0).T
    same = (Step(SAME_ROW, "", CERTAIN),)  # rows of one reference that say the same
    alike = same, _to_json(same)
    found = []
    pairs = zip(low.tolist(), high.tolist(), (i == j).tolist(), of_pattern.tolist(), bits.tolist(), strict=True)
    for a, b, one, head, of in pairs:
        if one:
            found.append(Waterfall(a, b, *alike))
            continue
        steps, kept = heads[head]
        rest = tuple([Step(name, "", more) for name, more in zip(names, of, strict=True) if abs(more) > NOTHING])
        found.append(Waterfall(a, b, steps + rest, f"{kept[:-1]},{_to_json(rest)[1:]}" if rest else kept))
    return found


def _compared(basis: Basis, patterns: Ints) -> tuple[list[tuple[tuple[Step, ...], str]], npt.NDArray[np.intp], Floats]:
    """Start and comparisons of each distinct pattern, also as JSON; which pattern each pair has, and its weight after these.

    A few hundred patterns stand for all pairs.
    """
    layout = basis.model.layout
    distinct, of_pattern = np.unique(patterns, return_inverse=True)
    levels = layout.unpack(distinct)
    nothing = dict.fromkeys(RATIOS, np.zeros(len(distinct)))
    names, weights = [START], []
    partly = np.zeros_like(levels)
    trained = replace(basis.trained, lacking={})  # what is missing tells only once all is compared
    for place in range(len(layout.names) + 1):
        logs = class_logs(trained, layout, layout.pack(partly))
        weights.append(Terms(logs, nothing).weight())
        if place < len(layout.names):
            names.append(f"comparison.{layout.names[place]}")
            partly[:, place] = levels[:, place]
    known = [("missing", *of) for of in layout.levels]
    told = [["", *(known[place][number] for place, number in enumerate(at))] for at in levels.tolist()]
    bits = np.diff(np.array(weights), axis=0, prepend=0.0).T.tolist()
    heads = [tuple(map(Step, names, texts, of)) for texts, of in zip(told, bits, strict=True)]
    return [(steps, _to_json(steps)) for steps in heads], of_pattern, weights[-1][of_pattern]


def _beyond(basis: Basis, left: Ints, right: Ints, patterns: Ints, compared: Floats) -> tuple[list[str], Floats]:
    """Names of the steps after the comparisons; the weight `compared` and after each of these, shape (1 + steps, pairs)."""
    layout, scorer = basis.model.layout, basis.scorer
    levels = layout.unpack(patterns)
    whole = scorer.terms(left, right, levels, class_logs(basis.trained, layout, patterns))
    nothing = {kind: np.zeros(len(left)) for kind in whole.ratios}
    told, ratios = Terms(whole.logs, nothing), dict(nothing)
    names, weights = ["lacking"], [compared, told.weight()]
    for kind in RATIOS:
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
    return names, np.array(weights)


def _context(basis: Basis, left: Ints, right: Ints) -> list[Floats]:
    """Bits of context of pairs of rows by kind, as they were counted when all pairs were scored."""
    packed = left.astype(np.int64) << 32 | right
    if not len(basis.pairs):
        return [np.zeros(len(packed)) for _ in CONTEXT]
    place = np.minimum(np.searchsorted(basis.pairs, packed), len(basis.pairs) - 1)
    has = basis.pairs[place] == packed
    return [np.where(has, getattr(basis, kind)[place], 0.0) for kind in CONTEXT]


def _to_json(steps: tuple[Step, ...]) -> str:
    return _ENCODER.encode([(what, level, round(bits, PLACES)) for what, level, bits in steps])


def of_stored(steps: Iterable[Sequence[object]]) -> tuple[Step, ...]:
    """The reverse of `Waterfall.kept`, of what it holds."""
    return tuple(Step(str(what), str(level), float(str(bits))) for what, level, bits in steps)
