"""Blocking: every candidate pair once, in order, range by range; what the cap leaves out is said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.pairs import load_model
from matcher.pairs.block import Blocks, rule_keys
from matcher.pairs.encode import encode
from matcher.pairs.model import Blocking, LinkageModel
from tests.pairs.towns import town

MODEL = load_model()
NAMES = ["ANNA", "ANNE", "BEN", "A", "HILL", "HALL", None]
DATES = ["1980-01-02", "1981-03-04", None]


def limited(pairs: int, *rules: Blocking) -> LinkageModel:
    """The default model with a cap of `pairs` a rule, and only these rules where any are given."""
    limits = MODEL.limits.model_copy(update={"pairs_per_record": 1, "pairs_at_least": pairs})
    return MODEL.model_copy(update={"limits": limits, "blocking": rules or MODEL.blocking})


def in_chunks(blocks: Blocks, size: int) -> npt.NDArray[np.int32]:
    found = [np.column_stack(blocks.pairs(*chunk)) for chunk in blocks.chunks(size)]
    return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int32)


def people(rows: Sequence[tuple[str | None, ...]]) -> pa.Table:
    forename, middle, surname, dob, postcode = zip(*rows, strict=True) if rows else [()] * 5
    fields = {"forename": forename, "middle": middle, "surname": surname, "postcode": postcode}
    texts = {name: pa.array(values, pa.string()) for name, values in fields.items()}
    return pa.table({**texts, "dob": pa.array(dob, pa.string()).cast(pa.date32())})


person = st.tuples(*map(st.sampled_from, [NAMES, NAMES, NAMES, DATES, ["LE1 1AA", "LE1 1AB", None]]))


@given(st.lists(person, max_size=25), st.integers(1, 40))
@settings(deadline=None)
def test_chunks_hold_every_pair_that_shares_a_key_once_and_in_order(
    rows: list[tuple[str | None, ...]], size: int
) -> None:
    e = encode(people(rows))
    shared = set()
    for rule in MODEL.blocking:
        held = [{int(key) for key in keys if key} for keys in zip(*rule_keys(e, rule), strict=True)]
        shared |= {(a, b) for b in range(e.size) for a in range(b) if held[a] & held[b]}
    blocks = Blocks(e, MODEL)
    assert in_chunks(blocks, size).tolist() == sorted(map(list, shared))
    assert len(shared) <= blocks.total
    assert not blocks.warnings


def test_chunks_are_of_about_the_wanted_size_and_cover_all_rows() -> None:
    table, _ = town(60)
    blocks = Blocks(encode(table), MODEL)
    chunks = blocks.chunks(500)
    assert len(chunks) > 3
    assert [first for first, _ in chunks[1:]] == [last for _, last in chunks[:-1]]
    assert (chunks[0][0], chunks[-1][1]) == (0, table.num_rows)
    assert max(len(blocks.pairs(*chunk)[0]) for chunk in chunks) < 700


def test_a_cap_is_told_by_rule_and_counts_with_what_it_missed() -> None:
    rules = Blocking(name="by_postcode", keys=("postcode",)), Blocking(name="by_birth", keys=("dob",))
    rows = [("ANNA", None, "HILL", DATES[n // 20], "LE1 1AA") for n in range(40)]
    blocks = Blocks(encode(people(rows)), limited(400, *rules))
    assert blocks.warnings == (
        "blocking rule by_postcode: 1 value is shared by too many records to compare all of them with one another, so that each "
        "was compared with its neighbours only (40 records; up to 741 pairs left out). By what else they say, other rules "
        "compare 40 of these records in full; two records of one person that agree by this rule alone may not have been found "
        "to be one",
    )
    assert blocks.total == 39 + 2 * 190
    assert len(in_chunks(blocks, 50)) == 1 + 2 * 190  # each record still meets the next one


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_tables_have_no_pairs(size: int) -> None:
    blocks = Blocks(encode(people([("ANNA", None, "HILL", None, None)] * size)), MODEL)
    assert blocks.total == 0
    assert len(in_chunks(blocks, 10)) == 0


def test_whom_a_record_of_a_skipped_block_meets_does_not_depend_on_the_order_of_rows() -> None:
    model = limited(10, Blocking(name="by_postcode", keys=("postcode",)))
    rows = [(f"{a}{b}STER", None, "HILL", None, "LE1 1AA") for a in "BCDFG" for b in "AEIOU"]
    met = []
    for order in (list(range(25)), np.random.default_rng(1).permutation(25).tolist()):
        shuffled = [rows[n] for n in order]
        pairs = in_chunks(Blocks(encode(people(shuffled)), model), 100)
        met.append({frozenset((shuffled[a][0], shuffled[b][0])) for a, b in pairs.tolist()})
    assert met[0] == met[1]
    assert len(met[0]) == 24
