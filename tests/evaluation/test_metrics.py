"""The measures, against small cases counted by hand and a slow listing of pairs."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.evaluation.metrics import families, join, measure, pairwise


def rows(*lines: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`dataset row true_person true_household true_decision | found_person found_household found_decision`, "-" for none."""
    truth, found = [], []
    for line in lines:
        left, right = line.split("|")
        dataset, row, person, household, decision, origin = left.split()
        key = {"dataset": dataset, "supplier": "", "row": int(row)}
        person = "" if person == "-" else person
        truth.append(key | {"person_id": person, "household_id": household, "decision": decision, "origin": origin})
        if right.strip():
            person, household, decision = right.split()
            found.append(
                key | {"person_id": "" if person == "-" else person, "household_id": household, "decision": decision}
            )
    columns = ["dataset", "supplier", "row", "person_id", "household_id", "decision"]
    return pd.DataFrame(truth), pd.DataFrame(found, columns=columns)


def test_repeated_rows_of_one_supply_do_not_flatter_the_measure_across_supplies() -> None:
    lines = [f"yos {n} a H no x | p 1 no" for n in range(1, 11)] + ["dwp 1 a H no x | q 1 no"]
    result = measure(*rows(*lines))
    assert result["persons"]["pairwise"]["recall"] == pytest.approx(45 / 55, abs=1e-6)
    assert result["persons"]["across_supplies"]["recall"] == 0.0


def test_a_false_merge_is_counted_by_found_person_per_thousand_true_persons() -> None:
    result = measure(*rows("yos 1 a H no x | p 1 no", "yos 2 b H no y | p 1 no", "yos 3 c H no y | q 1 no"))
    assert result["false_merges_per_1000"] == pytest.approx(1000 / 3, abs=1e-3)
    assert result["by_origin"]["x"]["false_merges_per_1000"] == 1000.0


def test_each_person_counts_once_in_the_household_with_most_of_its_rows() -> None:
    result = measure(
        *rows(
            "yos 1 a H no x | p 1 no", "yos 2 a H no x | p 1 no", "dwp 1 a H no x | q 2 no", "dwp 2 b H no x | r 1 no"
        )
    )
    assert result["households"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_a_rejected_row_counts_as_not_kept() -> None:
    result = measure(*rows("yos 1 a H automatic x |", "yos 2 a H automatic x | p 1 automatic"))
    assert result["decisions"]["recall"] == 0.5


def test_families_need_four_fifths_of_their_rows_and_a_majority_of_one_true_family() -> None:
    truth, found = rows(
        *[f"yos {n} a H automatic x | p 1 automatic" for n in range(1, 5)],
        "yos 5 a H automatic x | q 2 no",
        "dwp 1 b K discretion x | r 3 discretion",
        "dwp 2 c L no x | s 3 discretion",
    )
    got = families(join(truth, found))
    assert got["recall"] == 1.0
    assert got["precision"] == 0.5  # household 3 holds one row of K and one of L: no majority


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=1, max_size=25))
def test_pair_counts_from_cluster_sizes_equal_listing_all_pairs(items: list[tuple[int, int, bool]]) -> None:
    frame = pd.DataFrame(items, columns=["t", "f", "g"])
    pairs = [(a, b) for a, b in itertools.combinations(items, 2) if a[2] or b[2]]
    same_true = sum(a[0] == b[0] for a, b in pairs)
    same_found = sum(a[1] == b[1] for a, b in pairs)
    both = sum(a[0] == b[0] and a[1] == b[1] for a, b in pairs)
    got = pairwise(frame, "t", "f", frame["g"])
    assert got["precision"] == pytest.approx(both / same_found if same_found else 1.0, abs=1e-6)
    assert got["recall"] == pytest.approx(both / same_true if same_true else 1.0, abs=1e-6)
