"""Records -> scored pairs: block, compare, train on this month, score.

Takes a RECORDS table and a linkage model; gives PAIRS with the trained parameters. Only records that name a person are
compared. Rows of one reference with the same content are compared once. Refuses nothing: an empty table gives no pairs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.engines import Engine, open_engine
from matcher.pairs.calibration import refined
from matcher.pairs.context import MOST, components, moved_together, of_homes, unrivalled, witnesses
from matcher.pairs.encode import Encoded, encode
from matcher.pairs.frequency import AGES, Ages, Frequencies
from matcher.pairs.gaps import MASKS, masks
from matcher.pairs.layout import Layout
from matcher.pairs.model import LinkageModel, TrainedModel
from matcher.pairs.sources import LEAST_KIN, Sources, Told, nothing
from matcher.pairs.sources import MOST as MOST_OF_SOURCES
from matcher.pairs.systems import OneReference
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
MOST_CONTEXT = MOST + 2.0  # bits that context can add
SURE = 10.0  # match weight from which a pair with one date of birth and one name teaches what sources have in common
SLICE = 1 << 16  # pairs scored at once


@dataclass(frozen=True)
class Scored:
    """What scoring gives: `pairs` (PAIRS), the parameters, how many pairs were compared, warnings with counts only; where
    it was asked for, what explains a pair."""

    pairs: pa.Table
    trained: TrainedModel
    candidate_pairs: int
    warnings: tuple[str, ...]
    basis: Basis | None = None


@dataclass(frozen=True)
class Terms:
    """What weights are made of, an entry a pair: `logs` by class, log `ratios` of the values, of ages and of sources."""

    logs: Floats
    ratios: dict[str, Floats]
    ages: Floats | float = 0.0
    sources: Floats | float = 0.0

    def weight(self) -> Floats:
        """log2 odds of match against all other classes together."""
        match = np.logaddexp(self.logs[0], self.logs[1] + self.ratios["exchanged"]) + self.ages + self.sources
        return np.asarray((match - _others(self.logs, self.ratios)) / np.log(2.0))


@dataclass(frozen=True)
class Basis:
    """What it takes to say how the weight of any pair came about (waterfall.py).

    `row` of each record of `ids`: which of the encoded rows stands for it. Context is kept of pairs that have any, packed.
    """

    encoded: Encoded
    model: LinkageModel
    trained: TrainedModel
    scorer: Scorer
    ids: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.int64]
    moved_together: Floats
    unrivalled: Floats
    references: OneReference | None


def _agreement(engine: Engine, e: Encoded, model: LinkageModel, frequencies: Frequencies, draws: int) -> Agreement:
    """How often strangers agree, from randomly drawn pairs and exact totals (seeded: same records, same draws)."""
    layout = model.layout
    random = np.random.default_rng(20131031)
    first = random.integers(0, e.size, draws)
    second = (first + 1 + random.integers(0, e.size - 1, draws)) % e.size
    left, right = e.order[first].astype(np.int32), e.order[second].astype(np.int32)
    found = np.bincount(engine.patterns(left, right), minlength=layout.patterns)
    present = np.flatnonzero(found).astype(np.int32)
    levels, many = layout.unpack(present), found[present]
    drawn = {
        name: np.bincount(levels[:, at], weights=many, minlength=radix).astype(np.int64)
        for at, (name, radix) in enumerate(zip(layout.names, layout.radix, strict=True))
    }
    # Where there are references, sources tell of what is lacking (sources.py).
    gap_counts = None if e.tells else np.bincount(masks(layout, levels), weights=many, minlength=MASKS).astype(np.int64)
    totals = frequencies.totals()
    place = layout.place("place")
    near_by = [n for n in ("building", "postcode", "neighbour") if place is not None and n in layout.levels[place]]
    if place is not None and near_by:
        left, right = frequencies.within_postcode(min(draws, 50_000), random)
        near = layout.unpack(engine.patterns(left, right))[:, place]
        for name in near_by if len(left) else ():
            at = layout.levels[place].index(name) + 1
            totals[layout.names[place], at] = float((near == at).mean()) * frequencies.postcode_pairs()
    return Agreement(drawn, totals, e.size * (e.size - 1) / 2, gap_counts)


class Scorer:
    """Scores pairs of rows by trained parameters, the commonness of their values and their references."""

    def __init__(self, e: Encoded, model: LinkageModel, trained: TrainedModel, frequencies: Frequencies) -> None:
        self._e, self._layout, self._trained, self._frequencies = e, model.layout, trained, frequencies
        self._ages, self._sources = Ages(e), Sources(e, model.layout, trained.sources)
        people = trained.sizes["match"] + trained.sizes["exchanged"]
        self._exchanged = trained.sizes["exchanged"] / people if people else 0.0
        joint = np.flatnonzero(e.part > 0)
        self._joint = np.unique(e.case[joint][e.case[joint] != 0]) if len(joint) else np.zeros(0, dtype=np.uint64)

    def weights(self, left: Ints, right: Ints, patterns: Ints) -> Floats:
        """Match weights, log2 odds of match against not match; in slices, to bound memory."""
        out = np.zeros(len(left))
        present = self._layout.present(patterns)
        place = np.zeros(self._layout.patterns, dtype=np.int32)
        place[present] = np.arange(len(present))
        logs, levels = class_logs(self._trained, self._layout, present), self._layout.unpack(present).T

        def part(start: int) -> None:
            at = slice(start, start + SLICE)
            which = place[patterns[at]]
            of = np.stack([level[which] for level in levels]).T
            out[at] = self._weights(left[at], right[at], of, logs[:, which])

        with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
            for _ in pool.map(part, range(0, len(left), SLICE)):
                pass
        return out

    def most(self, patterns: Ints) -> Floats:
        """The highest weight that a pattern can reach, whatever the values: before references and context."""
        levels = self._layout.unpack(patterns)
        logs = class_logs(self._trained, self._layout, patterns)
        more = AGES + MOST_OF_SOURCES if self._sources.told else 0.0
        r = self._frequencies.least(levels) | {"kin": np.full(len(levels), LEAST_KIN if self._sources.told else 0.0)}
        return (np.logaddexp(logs[0], logs[1] + r["exchanged"]) + more - _others(logs, r)) / np.log(2.0)

    def _weights(self, left: Ints, right: Ints, levels: Levels, logs: Floats) -> Floats:
        weight = self.terms(left, right, levels, logs).weight()
        for _, after in self.by_reference(left, right, levels, weight):
            weight = after
        return weight

    def terms(self, left: Ints, right: Ints, levels: Levels, logs: Floats) -> Terms:
        """What the weights of pairs are made of, before references; `logs`: `class_logs` of the pairs' patterns."""
        ratios = self._frequencies.ratios(left, right, levels)
        own = ratios["exchanged"]  # the names of one of two strangers may be exchanged as well
        ratios["exchanged"] = own - np.log1p(self._exchanged * np.expm1(own))
        sources, ratios["kin"] = self._sources.ratios(left, right, levels)
        return Terms(logs, ratios, self._ages.ratio(left, right), sources)

    def by_reference(self, left: Ints, right: Ints, levels: Levels, weight: Floats) -> Iterator[tuple[str, Floats]]:
        """What references, identifiers and the registry decide, whatever else agrees: each rule and the weights after it."""
        e, at = self._e, self._layout.at
        other_name = at(levels, "given", "different")
        other_name |= at(levels, "given", "similar", "prefix") & at(levels, "family", "different")
        other_dob = at(levels, "birth", "two_parts", "year_near", "different", "generation")
        one = at(levels, "identifier", "same")
        if e.tells:
            ref = e.same_ref(left, right)
            joint = ref & (np.isin(e.case[left], self._joint) | (e.part[left] != e.part[right]))
            same = ref & ~(other_name & other_dob) & ~(joint & other_name) & ~(joint & at(levels, "given", "missing"))
            known = (e.known[left] >= 0) & (e.known[right] >= 0)
            alike = e.known[left] == e.known[right]
            weight = np.where(known & ~alike, weight - OTHER_KNOWN, weight)
            yield "known_as_two", weight
            weight = np.where(known & alike, CERTAIN, weight)
            yield "known_as_one", weight
            weight = np.where(same, CERTAIN, weight)
            yield "same_reference", weight
            one, other_dob = one | ref, other_dob | joint
        yield "two_people", np.where(one & other_name & other_dob, np.minimum(weight, TWO_PEOPLE), weight)

    def second(self, left: Ints, right: Ints) -> Floats:
        """How much rarer (log) matches are, were each second row a second reference of its system for the first's person."""
        return self._sources.second(left, right)

    def sources(self, left: Ints, right: Ints, patterns: Ints) -> Told:
        """What the pairs that are certainly one person by their values tell of the sources."""
        if not self._sources.told:
            return nothing()
        rows = np.flatnonzero(~self._e.same_ref(left, right))
        left, right, patterns = left[rows], right[rows], patterns[rows]
        levels, at = self._layout.unpack(patterns), self._layout.at
        sure = (self.weights(left, right, patterns) > SURE) & at(levels, "birth", "exact")
        sure &= at(levels, "given", "exact", "family", "close", "swapped", "initial", "near")
        return self._sources.learn(left[sure], right[sure], levels[sure])


def _others(logs: Floats, r: dict[str, Floats]) -> Floats:
    """log of all classes but match together, with the ratios of a pair's own values."""
    _, _, relative, junior, namesake, random = logs
    household = r["household"] + r["kin"]
    strangers = np.logaddexp(relative + household, random + r["surname"] + r["local"]) + r["forename"]
    other = np.logaddexp(np.logaddexp(strangers, junior + household), namesake + r["name"] + r["local"])
    return np.asarray(other + r["home"] + r["dob"] + r["middle"] + r["nearly"] + r["sex"])


def _hopeful(scorer: Scorer, layout: Layout, patterns: Ints, floor: float) -> npt.NDArray[np.bool_]:
    """One flag a pattern: its pairs may reach `floor` by their values and context, or bear on the context of others."""
    levels = layout.unpack(patterns)
    chosen = layout.at(levels, "identifier", "same")
    if of_homes(layout):
        floor -= MOST_CONTEXT
        chosen |= witnesses(layout, levels)
    chosen |= scorer.most(patterns) >= floor
    out = np.zeros(layout.patterns, dtype=bool)
    out[patterns[chosen]] = True
    return out


def _unscored_within(size: int, left: Ints, right: Ints, links: npt.NDArray[np.bool_], limit: int) -> tuple[Ints, Ints]:
    """Pairs of rows that chains of `links`, of at most `limit` rows, join and that are not among the given pairs; in order."""
    component = components(size, left[links], right[links])
    sizes = np.bincount(component, minlength=1)
    within = component[left]
    within = within[within == component[right]]
    wanting = (sizes > 2) & (sizes <= limit) & (np.bincount(within, minlength=len(sizes)) < sizes * (sizes - 1) // 2)
    rows = np.flatnonzero(wanting[component])
    rows = rows[np.argsort(component[rows], kind="stable")]
    fresh = np.flatnonzero(np.diff(component[rows], prepend=-1))
    lengths = np.diff(np.append(fresh, len(rows)))
    partners = np.repeat(fresh + lengths, lengths) - np.arange(len(rows)) - 1
    a = np.repeat(np.arange(len(rows)), partners)
    b = a + 1 + (np.arange(len(a)) - (np.cumsum(partners) - partners)[a])
    every = np.sort(rows[a] << 32 | rows[b])
    given = np.flatnonzero(wanting[component[left]])
    known = left[given].astype(np.int64) << 32 | right[given]
    if len(known):
        every = every[known[np.minimum(np.searchsorted(known, every), len(known) - 1)] != every]
    return (every >> 32).astype(np.int32), (every & 0xFFFFFFFF).astype(np.int32)


def score_pairs(
    records: pa.Table,
    model: LinkageModel,
    *,
    trained: TrainedModel | None = None,
    engine: str = "in_process",
    stage: Stage | None = None,
    explain: bool = False,
    answers: Mapping[tuple[int, int], bool] | None = None,
    link: float = 1.0,
) -> Scored:
    """Scored pairs of a table of records; `explain` keeps what it takes to explain them, as they were before answers.

    `answers` (pairs of record ids -> one person or not, from review) refine all weights (calibration.py).

    Pairs above the model's `keep_probability` are kept, and below it those whose records a chain of pairs above its
    `chain_probability` joins, or above `link` where records are linked from less, so that clustering sees what speaks against a
    chain. `trained` skips training. Raises UserError for an unknown engine.
    """
    table = records
    if "names_person" in table.column_names and not pc.all(table["names_person"]).as_py():
        table = table.filter(table["names_person"])
    rows, variant = variants(table)
    ids = np.arange(table.num_rows)
    if "record_id" in table.column_names:
        ids = table["record_id"].to_numpy().astype(np.int64, copy=False)
    distinct = table if len(rows) == len(ids) else table.take(pa.array(rows))
    del table
    e = encode(distinct, model.fields)
    with ThreadPoolExecutor(max_workers=1) as beside:
        shares = beside.submit(Frequencies, e, model)
        beside.submit(lambda: e.order)  # the order in which random pairs are drawn next
        run = open_engine(engine, distinct, e, model)
        del distinct
        _done(stage, 0.1)
        patterns, counts = run.counts()
        _done(stage, 0.6)
        frequencies = shares.result()
    layout, floor = model.layout, _log2_odds(model.limits.keep_probability)
    first = trained or _trained(run, e, model, frequencies, patterns, counts)
    scorer = Scorer(e, model, first, frequencies)
    left, right, pattern = run.pairs(_hopeful(scorer, layout, patterns, floor))
    if trained is None:
        trained = replace(first, sources=scorer.sources(left, right, pattern))
        scorer = Scorer(e, model, trained, frequencies)
    _done(stage, 0.75)
    weight = scorer.weights(left, right, pattern)
    moved = alone = np.zeros(len(left))
    references: OneReference | None = None
    if of_homes(layout):
        levels = layout.unpack(pattern)
        moved = moved_together(e, layout, left, right, levels)
        weight += moved
        alone = unrivalled(e, layout, left, right, levels, weight)
        weight += alone
        references = OneReference(e, layout, left, right, levels, weight, scorer.second)
        weight += references.bits(left, right, weight)
        del levels
    has = np.flatnonzero((moved != 0) | (alone != 0))
    in_context = left[has].astype(np.int64) << 32 | right[has]  # ascending, as pairs come
    moved, alone = moved[has], alone[has]
    one_number = layout.at(layout.unpack(np.arange(layout.patterns, dtype=np.int32)), "identifier", "same")
    kept = np.flatnonzero((weight >= floor) | one_number[pattern] | e.same_ref(left, right))
    left, right, weight = left[kept], right[kept], weight[kept]
    basis = Basis(e, model, trained, scorer, ids, variant, in_context, moved, alone, references) if explain else None
    if len(left):
        links = weight >= _log2_odds(min(model.limits.chain_probability, link))
        more_left, more_right = _unscored_within(e.size, left, right, links, model.limits.component_limit)
        more = scorer.weights(more_left, more_right, run.patterns(more_left, more_right))
        if len(in_context):
            packed = more_left.astype(np.int64) << 32 | more_right
            place = np.minimum(np.searchsorted(in_context, packed), len(in_context) - 1)
            more += np.where(in_context[place] == packed, (moved + alone)[place], 0.0)
        if references is not None:
            more += references.bits(more_left, more_right, more)
        left, right = np.concatenate([left, more_left]), np.concatenate([right, more_right])
        weight = np.concatenate([weight, more])
    pairs = _table(ids[rows], left, right, weight, ids, ids[rows][variant])
    if answers:
        pairs = refined(pairs, answers)
    _done(stage, 1.0)
    return Scored(pairs, trained, run.candidate_pairs, run.warnings, basis)


def _trained(
    run: Engine, e: Encoded, model: LinkageModel, frequencies: Frequencies, patterns: Ints, counts: npt.NDArray[np.int64]
) -> TrainedModel:  # fmt: skip
    """Parameters of these records but for `sources`; of fewer than two, those of the model."""
    if e.size < 2:
        nothing = {
            name: np.zeros(radix, dtype=np.int64)
            for name, radix in zip(model.layout.names, model.layout.radix, strict=True)
        }
        return train(model, patterns, counts, Agreement(nothing, {}, 0.0), e.size)
    agreement = _agreement(run, e, model, frequencies, min(model.training.random_pairs, 50 * e.size))
    given, layout = model.layout.place("given"), model.layout
    if given is not None and "swapped" in layout.levels[given]:
        at = layout.levels[given].index("swapped") + 1
        agreement.totals[layout.names[given], at] = float(
            counts[layout.at(layout.unpack(patterns), "given", "swapped")].sum()
        )
    return train(model, patterns, counts, agreement, e.size)


def _log2_odds(probability: float) -> float:
    return float(np.log2(probability / (1 - probability)))


def _done(stage: Stage | None, share: float) -> None:
    if stage is not None:
        stage.done(share)


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
    a, b = at[left], at[right]
    if len(others):
        a, b = np.concatenate([a, first[others]]), np.concatenate([b, ids[others]])
        weight = np.concatenate([weight, np.full(len(others), CERTAIN)])
    packed = np.minimum(a, b) << 32 | np.maximum(a, b)
    del a, b
    if (packed[1:] < packed[:-1]).any():
        order = np.argsort(packed, kind="stable")  # of a few runs in order
        packed, weight = packed[order], weight[order]
    odds = np.clip(weight, -100, 100)
    columns = [
        packed >> 32,
        packed & 0xFFFFFFFF,
        odds.astype(np.float32),
        (1 / (1 + np.exp2(-odds))).astype(np.float32),
    ]
    return pa.table([pa.array(c) for c in columns], schema=PAIRS.schema)
