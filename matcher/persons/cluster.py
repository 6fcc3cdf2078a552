"""Scored pairs -> persons.

Takes RECORDS and PAIRS; gives MEMBERS, PERSONS and UNCERTAIN. Chains of links are persons, but where a pair within a chain
speaks against it or the chain's records clash: such a chain is split (split.py). Answers of a person force a link or its
absence. The result does not depend on the order of rows, but for the numbering.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.pairs.context import components
from matcher.persons.attributes import persons
from matcher.persons.split import split, split_threes
from matcher.persons.thresholds import Thresholds
from matcher.persons.uncertain import uncertain
from specs.tables import MEMBERS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CERTAIN = 23.9  # log2 odds from which two records are one person before anything else is weighed
LARGEST = 150  # groups of a chain that are weighed against one another; a longer chain is first cut at its weaker links


@dataclass(frozen=True)
class Clustered:
    """MEMBERS, PERSONS and UNCERTAIN of one table of records."""

    members: pa.Table
    persons: pa.Table
    uncertain: pa.Table


def _numbered(group: Ints) -> Ints:
    """Group numbers 0.. in the order of each group's first record."""
    every = np.arange(len(group))
    first = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.int64)
    first[group[::-1]] = every[::-1]  # the last to write is the first record
    leads = first[group] == every
    return (np.cumsum(leads) - 1)[first[group]]


def _cut(size: int, left: Ints, right: Ints, weight: Floats, link: float) -> Ints:
    """Components of the links, cut at rising weights until no component has more than LARGEST certain groups."""
    certain = weight >= CERTAIN
    base = components(size, left[certain], right[certain])
    strong = weight >= link
    component = components(size, left[strong], right[strong])
    floor = link
    while floor < CERTAIN - 1:
        long = np.bincount(component, minlength=1) > LARGEST
        if long.any():
            rows = np.flatnonzero(long[component])
            groups = np.unique(np.column_stack([component[rows], base[rows]]), axis=0)[:, 0]
            long = np.bincount(groups, minlength=len(long)) > LARGEST
        if not long.any():
            break
        floor += 2.0
        strong &= (weight >= floor) | ~long[component[left]]
        component = components(size, left[strong], right[strong])
    return component


def _suspicious(component: Ints, left: Ints, right: Ints, weight: Floats, link: float) -> npt.NDArray[np.bool_]:
    """Components in which a pair speaks against the chain: a chain of which none does is one person, however it is split."""
    out = np.zeros(int(component.max(initial=-1)) + 1, dtype=bool)
    against = np.flatnonzero(weight < min(link, 0.0))
    against = against[component[left[against]] == component[right[against]]]
    out[component[left[against]]] = True
    return out


def _witnesses(
    size: int, left: Ints, right: Ints, certain: npt.NDArray[np.bool_], joined: Ints, apart: Ints
) -> tuple[Ints, Ints]:
    """Number of each record's certain group, in the order of their first records, and these records. Answers decide first."""
    low, high = left[certain], right[certain]
    if len(joined) or len(apart):
        both = np.concatenate([np.column_stack([low, high]), joined])
        both = both[~np.isin(both[:, 0] << 32 | both[:, 1], apart[:, 0] << 32 | apart[:, 1])]
        low, high = both.T
    witness = _numbered(components(size, low, high))
    torn = witness[apart[:, 0]] == witness[apart[:, 1]]
    if torn.any():  # a third record joins two that are not one: its links are weighed like any others
        open_links = np.isin(witness[low], witness[apart[torn, 0]])
        open_links[len(open_links) - len(joined) :] = False  # but what a person joined stays
        witness = _numbered(components(size, low[~open_links], high[~open_links]))
    return witness, np.flatnonzero(np.diff(np.maximum.accumulate(witness), prepend=-1))


def _split_all(
    component: Ints, chosen: npt.NDArray[np.bool_], left: Ints, right: Ints, weight: Floats, joined: set[tuple[int, int]],
    apart: set[tuple[int, int]], thresholds: Thresholds, link: float,
) -> Ints:  # fmt: skip
    """Group of each record: its component, or its part of a component that is split. The records of a certain group are one
    witness: of the pairs between two of them the one that speaks most for a link counts."""
    if not chosen.any():
        return component
    inside = (component[left] == component[right]) & chosen[component[left]]
    left, right, weight = left[inside], right[inside], weight[inside]
    answers = [np.array(sorted(of), dtype=np.int64).reshape(-1, 2) for of in (joined, apart)]
    witness, first = _witnesses(len(component), left, right, weight >= CERTAIN, *answers)
    open_pairs = np.flatnonzero(witness[left] != witness[right])
    a, b = witness[left[open_pairs]], witness[right[open_pairs]]
    packed = np.minimum(a, b) << 32 | np.maximum(a, b)
    order = np.lexsort((-weight[open_pairs], packed))
    packed = packed[order]
    order = order[np.diff(packed, prepend=-1) != 0]
    a, b, w = np.minimum(a, b)[order], np.maximum(a, b)[order], weight[open_pairs][order]
    chain = component[first]  # of each certain group
    members = np.flatnonzero(chosen[chain])
    members = members[np.argsort(chain[members], kind="stable")]
    sizes = np.bincount(chain[members], minlength=len(chosen))
    starts = np.cumsum(sizes) - sizes
    place = np.zeros(len(first), dtype=np.int64)
    place[members] = np.arange(len(members)) - starts[chain[members]]
    order = np.argsort(chain[a], kind="stable")
    a, b, w = a[order], b[order], w[order]
    not_one: dict[int, list[tuple[int, int]]] = {}
    for x, y in answers[1].tolist():
        if component[x] == component[y]:
            not_one.setdefault(int(component[x]), []).append((int(place[witness[x]]), int(place[witness[y]])))
    refuse = thresholds.refuse_weight
    group = np.zeros(len(first), dtype=np.int64)  # within its chain
    few = (sizes > 0) & (sizes <= 3)
    few[list(not_one)] = False
    of_pair, number = chain[a], np.cumsum(few) - 1
    small, those = few[of_pair], members[few[chain[members]]]
    threes = np.full((int(few.sum()), 3), np.nan)
    threes[number[of_pair[small]], place[a[small]] + place[b[small]] - 1] = w[small]
    group[those] = split_threes(threes, link=link, refuse=refuse)[number[chain[those]], place[those]]
    for kind in np.flatnonzero((sizes > 0) & ~few).tolist():
        within = slice(*np.searchsorted(of_pair, [kind, kind + 1]))
        keys = zip(place[a[within]].tolist(), place[b[within]].tolist(), strict=True)
        weights = dict(zip(keys, w[within].tolist(), strict=True))
        part = members[starts[kind] : starts[kind] + sizes[kind]]
        group[part] = split(len(part), weights, link=link, refuse=refuse, apart=not_one.get(kind, ()))
    found = len(chosen) + starts[chain] + group
    return np.where(chosen[component], found[witness], component)


def _strength(
    size: int, person: Ints, left: Ints, right: Ints, probability: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    strength = np.zeros(size, dtype=np.float32)
    inside = person[left] == person[right]
    for end in (left, right):
        np.maximum.at(strength, end[inside], probability[inside])
    alone = np.bincount(person, minlength=1)[person] == 1 if size else np.zeros(0, dtype=bool)
    strength[alone] = 1.0
    return strength


@dataclass(frozen=True)
class _Chains:
    """Records (by place in `ids`) with the pairs between them and the person of each."""

    ids: Ints
    left: Ints
    right: Ints
    probability: npt.NDArray[np.float32]
    person: Ints
    answered: dict[tuple[int, int], bool]

    def members(self) -> pa.Table:
        strength = _strength(len(self.ids), self.person, self.left, self.right, self.probability)
        return pa.table([pa.array(self.ids), pa.array(self.person), pa.array(strength)], schema=MEMBERS.schema)


def _chains(
    ids: Ints,
    pairs: pa.Table,
    thresholds: Thresholds,
    answers: Mapping[tuple[int, int], bool] | None,
    households: bool = True,
) -> _Chains:
    size = len(ids)
    where = np.full(int(ids.max(initial=-1)) + 1, -1, dtype=np.int64)
    where[ids] = np.arange(size)
    left, right = where[pairs["record_id_l"].to_numpy()], where[pairs["record_id_r"].to_numpy()]
    weight = pairs["match_weight"].to_numpy().astype(np.float64)
    link = float(np.log2(thresholds.link / (1 - thresholds.link)))
    joined: set[tuple[int, int]] = set()
    apart: set[tuple[int, int]] = set()
    for (a, b), yes in sorted((answers or {}).items()):
        if max(a, b) < len(where) and where[a] >= 0 and where[b] >= 0:
            (joined if yes else apart).add((int(where[min(a, b)]), int(where[max(a, b)])))
    forced_left, forced_right = (np.array([p[n] for p in sorted(joined)], dtype=np.int64) for n in (0, 1))
    component = _cut(
        size, np.concatenate([left, forced_left]), np.concatenate([right, forced_right]),
        np.concatenate([weight, np.full(len(forced_left), 99.0)]), link,
    )  # fmt: skip
    chosen = _suspicious(component, left, right, weight, link)
    chosen &= households  # else there is nobody for whom a weak pair could speak
    for a, b in apart:
        if component[a] == component[b]:
            chosen[component[a]] = True
    person = _numbered(_split_all(component, chosen, left, right, weight, joined, apart, thresholds, link))
    answered = {**dict.fromkeys(joined, True), **dict.fromkeys(apart, False)}
    return _Chains(ids, left, right, pairs["match_probability"].to_numpy(), person, answered)


def members(
    ids: Ints,
    pairs: pa.Table,
    thresholds: Thresholds,
    answers: Mapping[tuple[int, int], bool] | None = None,
    *,
    households: bool = True,
) -> pa.Table:
    """MEMBERS of the records of `ids` by their scored pairs: who is whom, and nothing else about them.

    Without `households` chains are persons as they stand: two records of one chain that differ are then one person's, badly
    written, and not two relatives whom a bridge joined.
    """
    return _chains(ids, pairs, thresholds, answers, households).members()


def cluster(
    records: pa.Table,
    pairs: pa.Table,
    *,
    thresholds: Thresholds,
    answers: Mapping[tuple[int, int], bool] | None = None,
    trust: Mapping[str, int] | None = None,
) -> Clustered:
    """Persons of the records that name one. `answers` maps pairs of record ids to yes or no; `trust` data sets to 0..100."""
    people = records.filter(records["names_person"])
    found = _chains(people["record_id"].to_numpy(), pairs, thresholds, answers)
    count = int(found.person.max(initial=-1)) + 1
    asked = uncertain(
        people, found.person, found.left, found.right, found.probability, thresholds, found.answered
    )  # fmt: skip
    return Clustered(found.members(), persons(people, found.person, count, trust or {}), asked)
