"""A waterfall's steps sum to the weight that scoring gave, each is what the scorer says of it, and none holds a value."""

from __future__ import annotations

import json

import numpy as np
import pytest

from matcher.pairs.compare import Comparer
from matcher.pairs.model import load_model
from matcher.pairs.score import CERTAIN, Basis, Scored, score_pairs
from matcher.pairs.train import PERSON
from matcher.pairs.waterfall import CONTEXT, NOTHING, Step, of_stored, waterfalls
from matcher.pairs.words import words_of
from tests.pairs.towns import town


@pytest.fixture(scope="module", params=["default", "plain", "plain without references"])
def scored(request: pytest.FixtureRequest) -> tuple[Scored, Basis]:
    records, _ = town(300, seed=4)
    model, _, without = request.param.partition(" ")
    if without:
        records = records.drop_columns(["ref"])
    found = score_pairs(records, load_model(model), explain=True)
    assert bool(without) == bool(found.trained.lacking), "only where no reference tells of sources"
    assert found.basis is not None
    return found, found.basis


def ends(found: Scored) -> tuple[np.ndarray, np.ndarray]:
    return found.pairs["record_id_l"].to_numpy(), found.pairs["record_id_r"].to_numpy()


def test_the_steps_sum_to_the_weight_of_every_scored_pair(scored: tuple[Scored, Basis]) -> None:
    found, basis = scored
    told = waterfalls(basis, *ends(found))
    given = found.pairs["match_weight"].to_numpy()
    assert len(told) == len(given) > 200
    assert np.abs(np.clip([one.weight for one in told], -100, 100) - given).max() < 1e-5  # PAIRS holds 4 bytes a weight


def test_they_sum_to_the_scorers_own_weight_and_context_exactly(scored: tuple[Scored, Basis]) -> None:
    found, basis = scored
    left, right = ends(found)
    rows = [basis.row[np.searchsorted(basis.ids, ids)] for ids in (left, right)]
    i, j = np.minimum(*rows).astype(np.int32), np.maximum(*rows).astype(np.int32)
    weight = basis.scorer.weights(i, j, Comparer(basis.encoded, basis.model).patterns(i, j))
    context = dict(zip(basis.pairs.tolist(), sum(getattr(basis, kind) for kind in CONTEXT).tolist(), strict=True))
    weight += [context.get(a << 32 | b, 0.0) for a, b in zip(i.tolist(), j.tolist(), strict=True)]
    if basis.references is not None:
        weight += basis.references.bits(i, j, weight)
    for one, a, b, w in zip(waterfalls(basis, left, right), i.tolist(), j.tolist(), weight.tolist(), strict=True):
        expected = CERTAIN if a == b else w
        assert abs(one.weight - expected) < 1e-9


def test_each_comparison_adds_what_the_chain_rule_gives(scored: tuple[Scored, Basis]) -> None:
    """log2 of match over the sum of all other classes, from the trained numbers alone, comparison by comparison."""
    found, basis = scored
    trained, layout = basis.trained, basis.model.layout
    for one in waterfalls(basis, *ends(found))[:: max(found.pairs.num_rows // 40, 1)]:
        if one.steps[0].what != "start":
            continue
        product = dict(trained.sizes)
        reached = one.steps[0].bits
        others = sum(chance for kind, chance in product.items() if kind not in PERSON)
        assert reached == pytest.approx(np.log2(sum(product[kind] for kind in PERSON) / others), abs=1e-9)
        for step, names in zip(one.steps[1 : len(layout.names) + 1], layout.levels, strict=True):
            if step.level != "missing":
                at = names.index(step.level)
                product = {
                    k: p * trained.chances[k][step.what.removeprefix("comparison.")][at] for k, p in product.items()
                }
            reached += step.bits
            others = sum(chance for kind, chance in product.items() if kind not in PERSON)
            assert reached == pytest.approx(np.log2(sum(product[kind] for kind in PERSON) / others), abs=1e-9)


def test_the_order_of_the_two_records_does_not_matter_and_missing_adds_nothing(scored: tuple[Scored, Basis]) -> None:
    found, basis = scored
    left, right = ends(found)
    assert waterfalls(basis, right[:50], left[:50]) == waterfalls(basis, left[:50], right[:50])
    for one in waterfalls(basis, left, right):
        assert all(abs(step.bits) < NOTHING for step in one.steps if step.level == "missing")


def test_what_is_kept_of_steps_is_names_of_levels_and_numbers(scored: tuple[Scored, Basis]) -> None:
    found, basis = scored
    known = {"missing", ""}.union(*basis.model.layout.levels)
    for one in waterfalls(basis, *ends(found)):
        kept = json.loads(one.kept)
        assert all(level in known and isinstance(bits, float) for _, level, bits in kept)
        assert {what.partition(".")[0] for what, _, _ in kept} <= {
            "start", "comparison", "lacking", "common", "ages", "sources", "reference", "context", "same_row",
        }  # fmt: skip
        assert sum(step.bits for step in of_stored(kept)) == pytest.approx(one.weight, abs=0.002)


def test_every_step_has_words_that_say_which_way_it_speaks(scored: tuple[Scored, Basis]) -> None:
    found, basis = scored
    for one in waterfalls(basis, *ends(found)):
        for step in one.steps:
            title, says = words_of(step, basis.model)
            assert title and says and "_" not in title + says, step.what


def test_words_of_levels_are_the_models_and_of_what_it_forgot_the_names() -> None:
    model = load_model("default")
    assert words_of(Step("comparison.surname", "exact", 9.0), model) == ("surname", "the same surname")
    assert words_of(Step("comparison.surname", "different", -3.0), model) == ("surname", "different")
    assert words_of(Step("comparison.dob", "missing", 0.0), model) == ("date of birth", "not told by both")
    assert words_of(Step("comparison.shoe_size", "very_close", 1.0), model) == ("shoe size", "very close")
    assert words_of(Step("common.surname", "", 2.0), model)[1] == "a rare surname"
    assert words_of(Step("common.surname", "", -2.0), model)[1] == "a common surname"
    assert words_of(Step("reference.two_people", "", -20.0), model)[1].startswith("one reference or number")
    assert words_of(Step("context.new_rule", "", 1.0), model) == ("context.new rule", "new rule")
