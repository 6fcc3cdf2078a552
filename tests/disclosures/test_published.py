"""The published summary: controlled, remembered, and a whole page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.disclosures.control import ALL, ControlPolicy, possible, protect, worked_out
from matcher.disclosures.inputs import PublishedFigures
from matcher.disclosures.published import counts_of, published, read_published
from matcher.errors import UserError
from tests.disclosures.made_up import BATCH, published_figures
from tests.disclosures.pages import check_page

POLICY = ControlPolicy()


def test_small_counts_and_what_tells_them_are_withheld() -> None:
    files, released = published(published_figures(), POLICY)
    summary = json.loads(files["published/summary.json"])
    assert summary["families"]["rutland"]["discretion"] is None
    assert summary["families"]["rutland"]["automatic"] is None, "it would give the other one back"
    assert summary["families"][ALL][ALL] == 119
    truth = counts_of(published_figures()).cells
    for cell, count in truth.items():
        if 0 < count < 5:
            low, high = possible(released, cell)
            assert high - low >= 5, cell


def test_the_page_shows_what_the_json_holds_and_nothing_withheld() -> None:
    files, _ = published(published_figures(), POLICY)
    page = check_page(files["published/summary.html"])
    assert "withheld" in page and "MADE-UP DATA" in page and "Rutland" in page
    assert '<td class="n">119</td>' in page


def test_next_month_does_not_give_a_change_away() -> None:
    first, _ = published(published_figures(city=40), POLICY)
    second, released = published(published_figures(city=42), POLICY, [first["published/summary.json"]])
    summary = json.loads(second["published/summary.json"])
    assert summary["families"]["city"]["automatic"] is None
    assert summary["families"][ALL][ALL] is None
    low, high = possible(released, ("families", "city", "automatic"))
    assert high - low >= 5


def test_a_publication_is_read_back() -> None:
    files, released = published(published_figures(), POLICY)
    assert dict(read_published(files["published/summary.json"]).cells) == dict(released.cells)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"release": 3}', b"\xff", b'{"release": {"cells": [{}], "relations": []}}']
)
def test_an_unreadable_publication_is_refused(content: bytes) -> None:
    with pytest.raises(UserError, match="earlier publication cannot be read"):
        published(published_figures(), POLICY, [content])


def test_no_family_at_all_is_published_as_zeros() -> None:
    files, _ = published(PublishedFigures(BATCH, "Phase 1", {}, {}, ("crime_asb", "education", "work")), POLICY)
    summary = json.loads(files["published/summary.json"])
    assert summary["families"][ALL] == {"automatic": 0, "discretion": 0, ALL: 0}


def test_a_rule_set_whose_first_route_needs_fewer_criteria_is_published_too() -> None:
    """Ten families by the first route, of which six meet one criterion and seven the other."""
    figures = PublishedFigures(
        BATCH, "Later", {("city", "automatic"): 10}, {("city", "a"): 6, ("city", "b"): 7}, ("a", "b")
    )
    _, released = published(figures, POLICY)
    narrow = worked_out(released, POLICY.smallest_count)
    truth = counts_of(figures).cells
    assert not any(0 < truth[cell] < 5 for cell in narrow)
    assert truth["missed", "city", "a"] == 4 and released.cells["criteria", "city", "a"] is None


@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=3
    )
)
def test_whatever_the_families_no_small_count_can_be_worked_out(areas: list[tuple[int, int, int, int]]) -> None:
    """Per area: families with all three criteria, and those of each pair of two."""
    routes, criteria = {}, {}
    for area, (every, first, second, third) in zip(("city", "county", "rutland"), areas, strict=True):
        routes |= {(area, "automatic"): every, (area, "discretion"): first + second + third}
        criteria |= {(area, "a"): every + first + second, (area, "b"): every + first + third}
        criteria[area, "c"] = every + second + third
    figures = PublishedFigures(BATCH, "Phase 1", routes, criteria, ("a", "b", "c"))
    truth = counts_of(figures)
    released = protect(truth, POLICY)
    told = {cell: (count, count) for cell, count in released.cells.items() if count is not None}
    for cell, (low, high) in (told | worked_out(released, POLICY.smallest_count)).items():
        assert low <= truth.cells[cell] <= high
        assert not 0 < truth.cells[cell] < 5, cell
