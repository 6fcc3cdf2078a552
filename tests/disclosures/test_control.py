"""No small count can be worked out from what is published, by whoever reads exactly and remembers every month."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.disclosures.control import (
    ALL,
    Cell,
    ControlPolicy,
    Counts,
    Relation,
    Released,
    dumps,
    grid,
    possible,
    protect,
)
from matcher.errors import UserError

POLICY = ControlPolicy()


def solutions(released: Released, most: int) -> Iterator[dict[Cell, int]]:
    """Every way to fill the withheld cells with 0..most that keeps all relations: an attacker with patience."""
    unknown = sorted(cell for cell, count in released.cells.items() if count is None)
    order = {cell: n for n, cell in enumerate(unknown)}
    due: dict[int, list[Relation]] = {}
    for relation in released.relations:
        last = max((order[cell] for cell, _ in relation.terms if cell in order), default=-1)
        due.setdefault(last, []).append(relation)
    filled: dict[Cell, int] = {cell: count for cell, count in released.cells.items() if count is not None}

    def fill(n: int) -> Iterator[dict[Cell, int]]:
        if n == len(unknown):
            yield dict(filled)
            return
        for value in range(most + 1):
            filled[unknown[n]] = value
            if all(relation.holds(filled) for relation in due.get(n, ())):
                yield from fill(n + 1)
        del filled[unknown[n]]

    assert all(relation.holds(filled) for relation in due.get(-1, ()))
    yield from fill(0)


def seen_range(released: Released, cell: Cell, most: int) -> tuple[int, int]:
    """Lowest and highest count by trying, stopping as soon as both ends are wide enough apart."""
    low, high = most + 1, -1
    for solution in solutions(released, most):
        low, high = min(low, solution[cell]), max(high, solution[cell])
        if high - low >= POLICY.smallest_count:
            break
    return low, high


def table(rows: int, columns: int, values: list[int]) -> Counts:
    names = ([f"r{n}" for n in range(rows)], [f"c{n}" for n in range(columns)])
    leaves = {(r, c): values[i * columns + j] for i, r in enumerate(names[0]) for j, c in enumerate(names[1])}
    return grid("t", [{ALL: names[0]}, {ALL: names[1]}], leaves)


def test_a_grid_knows_its_margins_and_hierarchies() -> None:
    counts = grid(
        "t",
        [{ALL: ("city", "county"), "county": ("blaby", "melton")}, {ALL: ("x", "y")}],
        {("city", "x"): 1, ("blaby", "x"): 2, ("melton", "y"): 4},
    )
    assert counts.cells["t", ALL, ALL] == 7
    assert counts.cells["t", "county", ALL] == 6
    assert counts.cells["t", "county", "x"] == 2
    assert all(relation.holds(counts.cells) for relation in counts.relations)
    assert counts.worth["t", ALL, ALL] == 2 and counts.worth["t", "blaby", "x"] == 0


def test_a_dimension_may_have_no_total() -> None:
    counts = grid("t", [{"": ("a", "b")}], {("a",): 3})
    assert counts.cells == {("t", "a"): 3, ("t", "b"): 0}
    assert counts.relations == ()


def test_an_unknown_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cell"):
        grid("t", [{ALL: ("a",)}], {("b",): 1})


def test_nothing_is_withheld_where_nothing_is_small() -> None:
    counts = table(2, 2, [5, 60, 0, 8])
    assert protect(counts, POLICY).cells == counts.cells


def test_a_small_cell_takes_others_with_it() -> None:
    released = protect(table(2, 2, [3, 60, 50, 40]), POLICY)
    assert {cell for cell, count in released.cells.items() if count is None} == {
        ("t", "r0", "c0"), ("t", "r0", "c1"), ("t", "r1", "c0"), ("t", "r1", "c1"),
    }  # fmt: skip


def test_without_complementary_cells_only_the_small_ones_go() -> None:
    released = protect(table(2, 2, [3, 60, 50, 40]), ControlPolicy(complementary=False))
    assert [cell for cell, count in released.cells.items() if count is None] == [("t", "r0", "c0")]


def test_zero_is_published_unless_the_policy_says_otherwise() -> None:
    counts = table(1, 2, [0, 90])
    assert protect(counts, POLICY).cells["t", "r0", "c0"] == 0
    assert protect(counts, ControlPolicy(suppress_zero=True)).cells["t", "r0", "c0"] is None


def test_a_threshold_is_on_its_line() -> None:
    counts = grid("t", [{"": ("a", "b")}], {("a",): 4, ("b",): 5})
    assert protect(counts, POLICY).cells == {("t", "a"): None, ("t", "b"): 5}


def test_a_part_that_is_the_whole_is_withheld_with_it() -> None:
    """The only part of a total equals it: withholding one alone would hide nothing."""
    released = protect(table(1, 1, [3]), POLICY)
    assert set(released.cells.values()) == {None}


def test_a_knowable_inequality_is_used_against_the_cells() -> None:
    """Eleven parts of a whole of 12 and one of 2: told that the small one is the difference, it must not be one."""
    counts = Counts({("a",): 12, ("b",): 10, ("c",): 2}).knowing(
        [Relation(((("a",), -1), (("b",), 1), (("c",), 1))), Relation(((("b",), 1), (("a",), -1)), at_most=True)]
    )
    released = protect(counts, POLICY)
    low, high = possible(released, ("c",))
    assert high - low >= 5


def test_only_true_relations_are_assumed() -> None:
    counts = Counts({("a",): 2, ("b",): 1})
    assert counts.knowing([Relation(((("a",), 1), (("b",), -1)))]).relations == ()


def test_contradictory_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="contradict"):
        protect(Counts({("a",): 2, ("b",): 1}, (Relation(((("a",), 1), (("b",), -1))),)), POLICY)
    with pytest.raises(ValueError, match="contradict"):
        protect(Counts({("a",): -2}), POLICY)
    with pytest.raises(ValueError, match="publication contradicts"):
        possible(Released({("a",): 7, ("b",): None}, (Relation(((("a",), 1), (("b",), 1))),)), ("b",))


def test_the_difference_of_two_months_gives_no_cell_back() -> None:
    first = protect(table(2, 2, [30, 60, 50, 40]), POLICY)
    second = table(2, 2, [32, 60, 50, 40])
    released = protect(second, POLICY, [first])
    for cell in [("t", "r0", "c0"), ("t", "r0", ALL), ("t", ALL, "c0"), ("t", ALL, ALL)]:
        assert released.cells[cell] is None
    assert released.cells["t", "r1", "c1"] == 40
    assert protect(second, ControlPolicy(compare_with_earlier=False), [first]).cells == second.cells


def test_a_large_or_no_change_is_published() -> None:
    first = protect(table(1, 2, [30, 60]), POLICY)
    second = table(1, 2, [37, 60])
    assert protect(second, POLICY, [first]).cells == second.cells


def test_what_can_be_subtracted_is_protected_though_never_shown() -> None:
    """Of 40 families 38 meet a criterion: both counts together would tell of the 2 that do not."""
    counts = Counts({("all",): 40, ("met",): 38}).less(("missed",), ("all",), ("met",))
    released = protect(counts, POLICY)
    assert released.cells["missed",] is None
    assert [released.cells["all",], released.cells["met",]].count(None) >= 1
    low, high = possible(released, ("missed",))
    assert high - low >= 5
    roomy = Counts({("all",): 40, ("met",): 30}).less(("missed",), ("all",), ("met",))
    assert protect(roomy, POLICY).cells == {("all",): 40, ("met",): 30, ("missed",): None}


def test_totals_may_be_shown_in_any_case() -> None:
    counts = table(1, 3, [27, 3, 0])
    total = ("t", "r0", ALL)
    released = protect(counts, POLICY, always=[total, ("t", ALL, ALL)])
    assert released.cells[total] == 30
    low, high = possible(released, ("t", "r0", "c1"))
    assert high - low >= 5


def test_where_a_small_total_is_shown_its_parts_stay_as_wide_as_they_can() -> None:
    counts = table(1, 3, [0, 3, 0])
    released = protect(counts, POLICY, always=[("t", "r0", ALL), ("t", ALL, ALL)])
    assert released.cells["t", "r0", ALL] == 3
    assert possible(released, ("t", "r0", "c1")) == (0, 3)


def test_months_further_back_are_remembered() -> None:
    """Two more each month: the third month is small against the first, although the second was withheld."""
    months: list[Released] = []
    for n in range(4):
        months.append(protect(table(1, 2, [30 + 2 * n, 60]), POLICY, months))
    told = [month.cells["t", "r0", "c0"] for month in months]
    assert told == [30, None, None, 36]


def test_a_release_is_read_back_as_it_was() -> None:
    released = protect(table(2, 2, [3, 60, 50, 40]), POLICY)
    assert Released.from_json(released.to_json()) == Released(dict(sorted(released.cells.items())), released.relations)
    assert dumps(released) == dumps(Released.from_json(released.to_json()))


@pytest.mark.parametrize(
    "raw", [{}, {"cells": 3, "relations": []}, {"cells": [{"cell": ["a"], "count": -1}], "relations": []}]
)
def test_something_else_is_no_release(raw: dict[str, object]) -> None:
    with pytest.raises(UserError, match="earlier publication cannot be read"):
        Released.from_json(raw)


def test_a_policy_is_read_from_its_file_and_faults_are_told_without_values() -> None:
    assert ControlPolicy.from_toml("smallest_count = 10").smallest_count == 10
    with pytest.raises(UserError, match="not TOML"):
        ControlPolicy.from_toml("smallest count = 10")
    with pytest.raises(UserError) as caught:
        ControlPolicy.from_toml('smallest_count = -77123\nsecret = "x"')
    assert "smallest_count" in str(caught.value) and "secret" in str(caught.value) and "77123" not in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(2, 3), st.data())
def test_no_small_cell_of_a_table_can_be_worked_out(rows: int, columns: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 14), min_size=rows * columns, max_size=rows * columns))
    counts = table(rows, columns, values)
    released = protect(counts, POLICY)
    withheld = [cell for cell, count in released.cells.items() if count is None]
    assert {cell for cell, count in counts.cells.items() if 0 < count < 5} <= set(withheld)
    for cell in withheld:
        low, high = possible(released, cell)
        assert low <= counts.cells[cell] <= high
        assert low < high, "a withheld cell that is known is no protection"
        if 0 < counts.cells[cell] < 5:
            assert high - low >= 5
    published = [cell for cell, count in released.cells.items() if count is not None]
    assert all(released.cells[cell] == counts.cells[cell] for cell in published)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_the_range_of_a_cell_is_what_trying_all_numbers_finds(values: list[int]) -> None:
    released = protect(table(2, 2, values), POLICY)
    for cell, count in released.cells.items():
        if count is None:
            low, high = possible(released, cell)
            tried = seen_range(released, cell, 18)
            if tried[1] - tried[0] >= 5:
                assert high - low >= 5
            else:
                assert (low, high) == tried


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), min_size=4, max_size=4), min_size=2, max_size=4))
def test_no_small_difference_between_months_can_be_worked_out(months: list[list[int]]) -> None:
    counts = [table(2, 2, values) for values in months]
    released: list[Released] = []
    for each in counts:
        released.append(protect(each, POLICY, released))
    for (before, was), (after, now) in pairwise(zip(released, counts, strict=True)):
        for cell in now.cells:
            if 0 < abs(now.cells[cell] - was.cells[cell]) < 5:
                low, high = possible(before, cell)
                lowest, highest = possible(after, cell)
                assert (highest - low) - (lowest - high) >= 5
