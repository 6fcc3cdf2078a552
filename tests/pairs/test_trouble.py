"""Tables that would be quadratic: how many pairs are compared, kept and weighed stays in proportion to the records.

What is counted are operations, not seconds: candidate pairs, scored pairs and steps of splitting at a size and at four times it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from matcher.pairs import LinkageModel, load_model, score_pairs
from matcher.pairs.block import TOGETHER, Blocks
from matcher.pairs.encode import encode, whole
from matcher.persons import Thresholds, cluster, split
from specs.tables import PAIRS, RECORDS

PER_RECORD, AT_LEAST = 5, 500


def small(name: str) -> LinkageModel:
    """A shipped model with caps that tables of hundreds reach."""
    model = load_model(name)
    limits = model.limits.model_copy(update={"pairs_per_record": PER_RECORD, "pairs_at_least": AT_LEAST})
    return model.model_copy(update={"limits": limits})


def texts(size: int, *values: str) -> pa.Array:
    return pa.array([values[n % len(values)] for n in range(size)], pa.string())


def names(size: int, step: int) -> pa.Array:
    """Names of which hardly two are alike."""
    parts = [a + b for a in "BDFGKLMNPRST" for b in "AEIOU"]
    return pa.array(
        [parts[n * step % 60] + parts[n * step // 60 % 60] + parts[n * 7 % 60] for n in range(size)], pa.string()
    )


def days(size: int, step: int = 37) -> pa.Array:
    return pa.array([dt.date(1940, 1, 1) + dt.timedelta(n * step % 25_000) for n in range(size)])


def various(size: int, **columns: Any) -> dict[str, Any]:
    postcodes = [f"LE{a} {b}AA" for a in range(1, 10) for b in range(1, 10)]
    return {
        "forename": names(size, 1), "surname": names(size, 11), "dob": days(size), "sex": texts(size, "M", "F"),
        "postcode": texts(size, *postcodes), "number": pa.array([str(n % 200 + 1) for n in range(size)]), **columns,
    }  # fmt: skip


def one_reference(size: int) -> dict[str, Any]:
    return {"ref_system": texts(size, "asb"), "dataset": texts(size, "asb"), "ref": texts(size, "S1")}


TABLES: dict[str, Callable[[int], dict[str, Any]]] = {
    "one value everywhere": lambda n: {
        "forename": texts(n, "ANN"), "surname": texts(n, "SHEEP"), "dob": days(n, 0), "sex": texts(n, "F"),
        "postcode": texts(n, "LE1 1AA"), "number": texts(n, "1"),
    },
    "one full name": lambda n: various(n, forename=texts(n, "ANN"), surname=texts(n, "SHEEP")),
    "one full name, never a date": lambda n: various(
        n, forename=texts(n, "ANN"), surname=texts(n, "SHEEP"), dob=pa.nulls(n, pa.date32())
    ),
    "one date of birth": lambda n: various(n, dob=days(n, 0)),
    "one house": lambda n: various(n, postcode=texts(n, "LE1 1AA"), number=texts(n, "1"), street=texts(n, "HIGH STREET")),
    "one family of one house": lambda n: various(
        n, surname=texts(n, "SHEEP"), postcode=texts(n, "LE1 1AA"), number=texts(n, "1")
    ),
    "one reference": lambda n: various(n, **one_reference(n)),
    "one reference and birthday": lambda n: various(n, dob=days(n, 0), **one_reference(n)),
    "one number": lambda n: various(n, nino=texts(n, "AB123456C")),
    "one known person": lambda n: various(n, known_person=texts(n, "P-AAAAAAAA")),
    "a few of everything": lambda n: various(
        n, forename=texts(n, "ANN", "BEN", "CARL"), surname=texts(n, "SHEEP", "HILL"), dob=days(n, 9000),
        postcode=texts(n, "LE1 1AA", "LE1 1AB"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("model", ["default", "plain"])
@pytest.mark.parametrize("table", TABLES)
def test_what_is_compared_kept_and_warned_is_bounded_by_the_number_of_records(table: str, model: str) -> None:
    limited = small(model)
    for size in (120, 360):
        records = whole(pa.table(TABLES[table](size)))
        scored = score_pairs(records, limited)
        rules = len(limited.blocking)
        most = max(TOGETHER * PER_RECORD * size, rules * AT_LEAST) + rules * size * 5
        assert scored.candidate_pairs <= most
        assert scored.pairs.num_rows <= most + size * limited.limits.component_limit
        found = cluster(records, scored.pairs, thresholds=Thresholds())
        assert found.members.num_rows == size
        told = " ".join(scored.warnings)
        assert not any(value in told for value in ("ANN", "SHEEP", "LE1", "S1", "AB123456C", "P-A"))


def test_rules_share_what_all_may_give_and_say_so() -> None:
    size = 400
    table = pa.table(TABLES["one family of one house"](size))
    blocks = Blocks(encode(table), small("default"))
    assert blocks.total <= max(TOGETHER * PER_RECORD * size, 13 * AT_LEAST) + 13 * size * 5
    named = {warning.split(":")[0].removeprefix("blocking rule ") for warning in blocks.warnings}
    assert "postcode_and_a_name" in named
    assert all("may not have been found" in warning for warning in blocks.warnings)


@pytest.mark.parametrize("size", [40, 160])
def test_steps_of_splitting_are_a_few_a_pair(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, steps = np.random.default_rng(size), 0
    weights = {(a, b): float(draw.uniform(-5, 20)) for a in range(size) for b in range(a + 1, size)}
    standing = split.standing

    def counted(best: float, worst: float, refuse: float) -> float:
        nonlocal steps
        steps += 1
        return standing(best, worst, refuse)

    monkeypatch.setattr(split, "standing", counted)
    split.split(size, weights, link=3.17, refuse=-9.0)
    assert len(weights) < steps < 4 * len(weights)


def test_a_thousand_rows_of_one_certain_group_are_one_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 1000
    left, right = np.arange(size - 1), np.arange(1, size)
    weight = np.full(size - 1, 24.0)
    weight[size // 2] = -12.0  # what one pair in the middle says against it
    left, right, weight = (
        np.append(left, [0, 1]),
        np.append(right, [size - 1, size - 2]),
        np.append(weight, [24.0, 5.0]),
    )
    order = np.lexsort((right, left))
    columns = [
        left[order],
        right[order],
        weight[order].astype(np.float32),
        (1 / (1 + np.exp2(-weight[order]))).astype(np.float32),
    ]
    pairs = pa.table([pa.array(column) for column in columns], schema=PAIRS.schema)
    weighed: list[Any] = []

    def watched(weights: split.Floats, **more: Any) -> Any:
        weighed.append(weights.tolist())
        return split.split_threes(weights, **more)

    monkeypatch.setattr(import_module("matcher.persons.cluster"), "split_threes", watched)
    monkeypatch.delattr(import_module("matcher.persons.cluster"), "split")
    records = whole(pa.table({"record_id": pa.array(np.arange(size)), "forename": texts(size, "ANN")}))
    assert cluster(records, pairs, thresholds=Thresholds()).persons.num_rows == 1
    assert np.isnan(weighed).all() and np.shape(weighed) == (1, 1, 3), "one chain, of one witness and no open pair"


@pytest.mark.parametrize("model", ["default", "plain"])
@pytest.mark.parametrize("size", [0, 1, 2, 50])
def test_nothing_known_of_anybody_gives_as_many_people_as_records(size: int, model: str) -> None:
    kinds = {name: RECORDS.schema.field(name).type for name in ("forename", "surname", "dob", "postcode", "sex")}
    records = whole(pa.table({name: pa.nulls(size, kind) for name, kind in kinds.items()}))
    scored = score_pairs(records, load_model(model))
    assert (scored.pairs.num_rows, scored.warnings) == (0, ())
    assert cluster(records, scored.pairs, thresholds=Thresholds()).persons.num_rows == size
