"""Records -> scored pairs: block, compare, train on this month, score.

Takes a RECORDS table and a linkage model; gives PAIRS with the trained parameters. Only records that name a person are
compared. Rows of one reference with the same content are compared once. Refuses nothing: an empty table gives no pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.engines import Engine, open_engine
from matcher.pairs.comparators import LEVELS, level
from matcher.pairs.compare import PATTERNS, pack
from matcher.pairs.context import joined, moved_together, unrivalled
from matcher.pairs.encode import Encoded, encode, whole
from matcher.pairs.frequency import Ages, Frequencies
from matcher.pairs.model import LinkageModel, TrainedModel
from matcher.pairs.train import Agreement, class_logs, train
from matcher.pairs.variants import variants
from specs.tables import PAIRS

if TYPE_CHECKING:
    from matcher.progress import Stage

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.uint8]

CERTAIN = 24.0  # match weight (log2 odds) of rows that one reference makes the same person
OTHER_KNOWN = 8.0  # bits against a link of two people whom the registry holds as two
TWO_PEOPLE = -16.0  # at most this, where one reference or identifier is on two people
SLICE = 1 << 19  # pairs scored at once
PLACE = {name: at for at, name in enumerate(LEVELS)}


@dataclass(frozen=True)
class Scored:
    """What scoring gives: `pairs` (PAIRS), the parameters, how many pairs were compared, warnings with counts only."""

    pairs: pa.Table
    trained: TrainedModel
    candidate_pairs: int
    warnings: tuple[str, ...]


def _agreement(engine: Engine, e: Encoded, frequencies: Frequencies, draws: int) -> Agreement:
    """How often strangers agree, from randomly drawn pairs and exact totals (seeded: same records, same draws)."""
    random = np.random.default_rng(20131031)
    left = random.integers(0, e.size, draws).astype(np.int32)
    right = ((left + 1 + random.integers(0, e.size - 1, draws)) % e.size).astype(np.int32)
    levels = engine.levels(left, right)
    drawn = {name: np.bincount(levels[:, at], minlength=len(LEVELS[name]) + 1) for name, at in PLACE.items()}
    totals = frequencies.totals()
    left, right = frequencies.within_postcode(min(draws, 50_000), random)
    if len(left):
        near = np.bincount(engine.levels(left, right)[:, PLACE["address"]], minlength=len(LEVELS["address"]) + 1)
        for name in ("building", "postcode", "neighbour"):
            at = level("address", name)
            totals["address", at] = float(near[at]) / len(left) * frequencies.postcode_pairs()
    return Agreement(drawn, totals, e.size * (e.size - 1) / 2)


class _Scorer:
    """Scores pairs of rows by trained parameters, the commonness of their values and their references."""

    def __init__(self, e: Encoded, trained: TrainedModel, frequencies: Frequencies) -> None:
        self._e, self._trained, self._frequencies = e, trained, frequencies
        self._ages = Ages(e)
        self._joint = np.unique(e.case[(e.part > 0) & (e.case != 0)])

    def same_ref(self, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
        return (self._e.ref[left] != 0) & (self._e.ref[left] == self._e.ref[right])

    def weights(self, left: Ints, right: Ints, levels: Levels) -> Floats:
        """Match weights, log2 odds of match against not match; in slices, to bound memory."""
        out = np.zeros(len(left))
        for start in range(0, len(left), SLICE):
            part = slice(start, start + SLICE)
            out[part] = self._weights(left[part], right[part], levels[part])
        return out

    def _weights(self, left: Ints, right: Ints, levels: Levels) -> Floats:
        packed = pack(levels)
        patterns = np.flatnonzero(np.bincount(packed, minlength=PATTERNS)).astype(np.int32)
        place = np.zeros(PATTERNS, dtype=np.int32)
        place[patterns] = np.arange(len(patterns))
        match, relative, junior, namesake, random = class_logs(self._trained, patterns)[:, place[packed]]
        r = self._frequencies.ratios(left, right, levels)
        common = r["home"] + r["dob"] + r["middle"]
        strangers = np.logaddexp(relative, random + r["surname"]) + r["forename"]
        other = np.logaddexp(np.logaddexp(strangers, junior), namesake + r["name"]) + common
        e = self._e
        two_refs = (e.system[left] >= 0) & (e.system[left] == e.system[right]) & (e.ref[left] != e.ref[right])
        two_refs &= levels[:, PLACE["identifier"]] == 0  # their numbers have spoken already
        two_refs &= (e.ref[left] != 0) & (e.ref[right] != 0)
        match = match + np.where(two_refs, np.log(self._trained.same_system), 0.0)
        match = match + self._ages.ratio(left, right)
        return self._by_reference(left, right, levels, (match - other) / np.log(2.0))

    def _by_reference(self, left: Ints, right: Ints, levels: Levels, weight: Floats) -> Floats:
        """What a shared reference or identifier decides, whatever else agrees."""
        forename, dob = levels[:, PLACE["forename"]], levels[:, PLACE["dob"]]
        other_name = forename == level("forename", "different")
        other_dob = np.isin(dob, [level("dob", n) for n in ("two_parts", "year_near", "different", "generation")])
        ref = self.same_ref(left, right)
        joint = ref & (np.isin(self._e.case[left], self._joint) | (self._e.part[left] != self._e.part[right]))
        same = ref & ~(other_name & other_dob) & ~(joint & other_name) & ~(joint & (forename == 0))
        known = (self._e.known[left] >= 0) & (self._e.known[right] >= 0)
        alike = self._e.known[left] == self._e.known[right]
        weight = np.where(known & ~alike, weight - OTHER_KNOWN, weight)
        weight = np.where(same | (known & alike), CERTAIN, weight)
        number = levels[:, PLACE["identifier"]] == level("identifier", "same")
        return np.where((ref | number) & other_name & (other_dob | joint), np.minimum(weight, TWO_PEOPLE), weight)

    def same_system(self, left: Ints, right: Ints, levels: Levels, weight: Floats) -> float:
        """By how much rarer certain matches are between two references of one system than between systems (0..1)."""
        e = self._e
        sure = (weight > 10) & (levels[:, PLACE["dob"]] == level("dob", "exact"))
        sure &= np.isin(levels[:, PLACE["forename"]], [level("forename", "exact"), level("forename", "close")])
        known = (e.system[left] >= 0) & (e.system[right] >= 0) & (e.ref[left] != 0) & (e.ref[right] != 0)
        sure &= known & ~self.same_ref(left, right)
        within = sure & (e.system[left] == e.system[right])
        references = np.unique(np.column_stack([e.system[e.ref != 0], e.ref[e.ref != 0]]).astype(np.uint64), axis=0)
        sizes = np.bincount(references[:, 0].astype(np.int64)).astype(float) if len(references) else np.zeros(1)
        inside = float((sizes * (sizes - 1)).sum()) / 2
        across = (float(sizes.sum()) ** 2 - float((sizes**2).sum())) / 2
        if inside <= 0 or across <= 0:
            return 0.05
        rate = (float((sure & ~within).sum()) + 1.0) / across
        return float(np.clip((float(within.sum()) + 0.05 * 20) / (rate * inside + 20), 0.002, 1.0))


def _trained(
    engine: Engine, e: Encoded, model: LinkageModel, frequencies: Frequencies, left: Ints, right: Ints, levels: Levels
) -> TrainedModel:
    """Parameters of this month's records."""
    agreement = _agreement(engine, e, frequencies, min(model.training.random_pairs, 50 * e.size))
    useful = (e.ref[left] == 0) | (e.ref[left] != e.ref[right])
    seen = np.bincount(pack(levels)[useful], minlength=PATTERNS)
    patterns = np.flatnonzero(seen).astype(np.int32)
    counts = seen[patterns]
    first = train(model, patterns, counts, agreement, e.size)
    scorer = _Scorer(e, first, frequencies)
    ratio = scorer.same_system(left, right, levels, scorer.weights(left, right, levels))
    return replace(first, same_system=ratio)


def _links_within(e: Encoded, left: Ints, right: Ints, limit: int) -> tuple[Ints, Ints]:
    """All pairs of rows that chains of the given links join, chains of at most `limit` rows."""
    component = joined(e.size, left, right)
    order = np.argsort(component, kind="stable")
    sizes = np.bincount(component)
    starts = np.cumsum(sizes) - sizes
    position = np.arange(e.size) - starts[component[order]]
    size = sizes[component[order]]
    partners = np.where((size > 2) & (size <= limit), size - position - 1, 0)
    a = np.repeat(np.arange(e.size), partners)
    first = np.cumsum(partners) - partners
    b = a + 1 + (np.arange(len(a)) - first[a])
    return order[a].astype(np.int32), order[b].astype(np.int32)


def score_pairs(
    records: pa.Table,
    model: LinkageModel,
    *,
    trained: TrainedModel | None = None,
    engine: str = "in_process",
    stage: Stage | None = None,
) -> Scored:
    """Scored pairs of a table of records.

    Pairs above the model's `keep_probability` are kept, and below it those whose records a chain of kept pairs joins, so
    that clustering sees what speaks against a chain. `trained` skips training. Raises UserError for an unknown engine.
    """
    table = whole(records)
    people = np.flatnonzero(table["names_person"].to_numpy(zero_copy_only=False))
    table = table.take(pa.array(people))
    rows, variant = variants(table)
    distinct = table.take(pa.array(rows))
    ids = table["record_id"].to_numpy()
    e = encode(distinct)
    run = open_engine(engine, distinct, e, model)
    left, right = run.candidates()
    _done(stage, 0.2)
    levels = run.levels(left, right)
    _done(stage, 0.6)
    compared = len(left)
    frequencies = Frequencies(e)
    if trained is None:
        trained = _untrained(model, e) if e.size < 2 else _trained(run, e, model, frequencies, left, right, levels)
    _done(stage, 0.75)
    scorer = _Scorer(e, trained, frequencies)
    weight = scorer.weights(left, right, levels) + moved_together(e, left, right, levels)
    weight = weight + unrivalled(e, left, right, levels, weight)
    floor = np.log2(model.limits.keep_probability / (1 - model.limits.keep_probability))
    conflict = (levels[:, PLACE["identifier"]] == level("identifier", "same")) | scorer.same_ref(left, right)
    kept = (weight >= floor) | conflict
    left, right, weight = left[kept], right[kept], weight[kept]
    if len(left):
        more_left, more_right = _links_within(
            e, left[weight >= floor], right[weight >= floor], model.limits.component_limit
        )
        packed = left.astype(np.int64) << 32 | right
        added = ~np.isin(more_left.astype(np.int64) << 32 | more_right, packed)
        more_left, more_right = more_left[added], more_right[added]
        more = scorer.weights(more_left, more_right, run.levels(more_left, more_right))
        left, right = np.concatenate([left, more_left]), np.concatenate([right, more_right])
        weight = np.concatenate([weight, more])
    pairs = _table(ids[rows], left, right, weight, ids, ids[rows][variant])
    _done(stage, 1.0)
    return Scored(pairs, trained, compared, run.warnings)


def _done(stage: Stage | None, share: float) -> None:
    if stage is not None:
        stage.done(share)


def _untrained(model: LinkageModel, e: Encoded) -> TrainedModel:
    nothing = {name: np.zeros(len(of) + 1, dtype=np.int64) for name, of in LEVELS.items()}
    none = np.zeros(0, dtype=np.int32)
    return train(model, none, none.astype(np.int64), Agreement(nothing, {}, 0.0), e.size)


def _table(
    at: npt.NDArray[np.int64],
    left: Ints,
    right: Ints,
    weight: Floats,
    ids: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
) -> pa.Table:
    """PAIRS of the variants' first records, and of every other record with its variant's first."""
    others = np.flatnonzero(ids != first)
    a = np.concatenate([at[left], first[others]])
    b = np.concatenate([at[right], ids[others]])
    together = np.concatenate([weight, np.full(len(others), CERTAIN)])
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((high, low))
    odds = np.clip(together[order], -100, 100)
    columns = [low[order], high[order], odds.astype(np.float32), (1 / (1 + np.exp2(-odds))).astype(np.float32)]
    return pa.table([pa.array(c) for c in columns], schema=PAIRS.schema)
