"""Splitting a chain: one wrong bridge does not merge two people."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.persons.split import THREE, split, split_threes

LINK, REFUSE = 3.17, -9.0


def groups(size: int, weights: dict[tuple[int, int], float], **more: list[tuple[int, int]]) -> list[set[int]]:
    found = split(size, weights, link=LINK, refuse=REFUSE, **more)
    return sorted(({n for n in range(size) if found[n] == g} for g in set(found)), key=min)


def test_a_chain_without_objection_is_one_person() -> None:
    assert groups(3, {(0, 1): 9.0, (1, 2): 5.0, (0, 2): -1.0}) == [{0, 1, 2}]


def test_a_bridge_between_refused_records_is_cut_at_its_weaker_side() -> None:
    assert groups(3, {(0, 1): 9.0, (1, 2): 5.0, (0, 2): -14.0}) == [{0, 1}, {2}]


def test_a_record_that_fits_twins_equally_stays_with_neither() -> None:
    twins = {(0, 1): -12.0, (0, 2): 5.0, (1, 2): 5.0}
    assert groups(3, twins) == [{0}, {1}, {2}]


def test_a_record_that_fits_one_twin_far_better_goes_there() -> None:
    assert groups(3, {(0, 1): -12.0, (0, 2): 14.0, (1, 2): 5.0}) == [{0, 2}, {1}]


def test_rows_of_one_reference_speak_with_their_best_voice() -> None:
    weights = {(0, 2): -11.0, (1, 2): 13.0}
    assert groups(3, weights, joined=[(0, 1)]) == [{0, 1, 2}]


def test_answers_force_and_forbid() -> None:
    assert groups(2, {(0, 1): -20.0}, joined=[(0, 1)]) == [{0, 1}]
    assert groups(3, {(0, 1): 30.0, (1, 2): 20.0}, apart=[(0, 2)]) == [{0, 1}, {2}]


@given(st.integers(2, 7), st.data())
@settings(deadline=None)
def test_no_refused_pair_is_ever_in_one_group_and_numbering_does_not_matter(size: int, data: st.DataObject) -> None:
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    values = data.draw(st.lists(st.integers(-160, 200), min_size=len(pairs), max_size=len(pairs), unique=True))
    # No two pairs stand alike, also when one counts in part against another: their numbers would decide.
    weights = {
        pair: value / 10 + Random(n).random() / 1e4 for n, (pair, value) in enumerate(zip(pairs, values, strict=True))
    }
    found = split(size, weights, link=LINK, refuse=REFUSE)
    assert not any(found[a] == found[b] for (a, b), weight in weights.items() if weight <= REFUSE)
    order = data.draw(st.permutations(range(size)))
    turned = {tuple(sorted((order[a], order[b]))): weight for (a, b), weight in weights.items()}
    again = split(size, turned, link=LINK, refuse=REFUSE)
    assert all((found[a] == found[b]) == (again[order[a]] == again[order[b]]) for a, b in pairs)


weight = st.one_of(st.none(), st.integers(-30, 30).map(lambda n: n / 2), st.floats(-15, 24))


@given(st.lists(st.tuples(weight, weight, weight), min_size=1, max_size=20))
@settings(max_examples=1000, deadline=None)
def test_chains_of_three_at_once_are_split_as_one_by_one(chains: list[tuple[float | None, ...]]) -> None:
    table = np.array(chains, dtype=float)
    at_once = split_threes(table, link=LINK, refuse=REFUSE).tolist()
    for chain, found in zip(chains, at_once, strict=True):
        weights = {pair: weight for pair, weight in zip(THREE, chain, strict=True) if weight is not None}
        assert found == split(3, weights, link=LINK, refuse=REFUSE)


@given(st.integers(2, 7), st.data())
@settings(deadline=None)
def test_a_chain_in_which_no_pair_objects_is_one_person_whatever_the_order(size: int, data: st.DataObject) -> None:
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    weights = {pair: data.draw(st.one_of(st.none(), st.floats(0, 30))) for pair in pairs}
    weights |= {(at, at + 1): data.draw(st.floats(LINK, 30)) for at in range(size - 1)}
    known = {pair: weight for pair, weight in weights.items() if weight is not None}
    assert len(set(split(size, known, link=LINK, refuse=REFUSE))) == 1
