"""What Spark is given: blocks that make the same candidate pairs, and texts that Java counts as Python does."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engines.spark.columns import one_unit, table
from matcher.engines.spark.levels import columns_of, sql_of
from matcher.pairs import load_model
from matcher.pairs.block import Blocks
from matcher.pairs.encode import encode
from tests.engines.test_engines_agree import row, table_of
from tests.pairs.towns import town


@given(st.lists(row, min_size=2, max_size=30), st.integers(5, 100))
@settings(max_examples=30, deadline=None)
def test_rows_of_one_block_are_the_candidate_pairs_also_where_a_block_is_cut(
    rows: list[dict[str, object]], most: int
) -> None:
    model = load_model()
    limits = model.limits.model_copy(update={"pairs_per_record": 1, "pairs_at_least": most})
    e = encode(table_of(rows))
    blocks = Blocks(e, model.model_copy(update={"limits": limits}))
    members = defaultdict(list)
    for who, number in zip(*blocks.members(), strict=True):
        members[int(number)].append(int(who))
    together = {(min(a, b), max(a, b)) for block in members.values() for a in block for b in block if a != b}
    assert together == set(zip(*map(np.ndarray.tolist, blocks.pairs(0, e.size)), strict=True))


def test_spark_is_given_no_name() -> None:
    people, _ = town(4)
    for name in ("default", "plain"):
        model = load_model(name)
        e = encode(people, model.fields)
        read = columns_of(sql_of(model, comparison, "names_") for comparison in model.comparison)
        given_to_spark = str(table(e, model, Blocks(e, model), read).to_pydict())
        for column in ("forename", "surname"):
            assert not [value for value in set(people[column].drop_null().to_pylist()) if value in given_to_spark]


@given(st.lists(st.text(), max_size=6))
@settings(deadline=None)
def test_characters_that_java_counts_twice_are_replaced_one_by_one(texts: list[str]) -> None:
    given_to_java = one_unit(texts)
    assert [len(text.encode("utf-16-le", "surrogatepass")) // 2 for text in given_to_java] == list(map(len, texts))
    assert len(set(given_to_java)) == len(set(texts))
