"""The ceiling: what nobody could tell from the records is not asked of a matcher."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd
import pyarrow as pa

from matcher.evaluation.ceiling import ceiling
from matcher.pairs import load_model
from specs.tables import PAIRS
from tests.pairs.test_score import records

BORN = dt.date(1980, 5, 6)


def measured(*people: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """The ceiling of people, each a list of rows of one data set after the other; every two rows are a scored pair."""
    rows: list[dict[str, object]] = [
        {"surname": "HARBOTTLE", "row": who + 1, "dataset": f"set_{at}", "person": str(who), **row}
        for who, own in enumerate(people)
        for at, row in enumerate(own)
    ]
    table = records(*[{k: v for k, v in row.items() if k != "person"} for row in rows])
    truth = pd.DataFrame(rows)[["dataset", "row", "person"]].assign(supplier="").rename(columns={"person": "person_id"})
    every = [
        {"record_id_l": a, "record_id_r": b, "match_weight": 0.0, "match_probability": 0.5}
        for a, b in combinations(range(len(rows)), 2)
    ]
    return ceiling(table, pa.Table.from_pylist(every, schema=PAIRS.schema), truth, load_model())


def test_people_who_share_dates_of_birth_with_nobody_else_can_all_be_told() -> None:
    names = ("ANNA", "PETER", "ROSALIND")
    found = measured(*[[{"forename": name, "dob": BORN.replace(year=1970 + n)}] * 3 for n, name in enumerate(names)])
    assert found == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "true_pairs": 9, "too_little": 0}


def test_namesakes_who_all_moved_and_have_no_date_of_birth_share_too_little() -> None:
    homes = [
        [{"postcode": f"LE{n} 1AA", "number": "3"}, {"postcode": f"LE{n + 10} 1AA", "number": "5"}] for n in range(1, 5)
    ]
    found = measured(*[[{"forename": "ANNA", **home} for home in both] for both in homes])
    assert found["true_pairs"] == found["too_little"] == 4


def test_what_two_records_do_not_tell_a_third_may() -> None:
    told: dict[str, object] = {"forename": "ANNA", "dob": BORN}
    homes = [{"postcode": "LE1 1AA", "number": "3"}, {"postcode": "LE2 1AA", "number": "5"}]
    bridge: list[dict[str, object]] = [{"forename": "ANNA", **homes[0]}, {**told, **homes[0]}, {**told, **homes[1]}]
    found = measured(bridge, *[[{"forename": "PETER", "postcode": f"LE{n} 9ZZ", "number": "1"}] for n in range(1, 9)])
    assert found["true_pairs"] == 3 and found["too_little"] == 0
