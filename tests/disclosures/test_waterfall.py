"""Why two records are one person or not, as people see it: 80 columns, and a page that names nobody."""

from __future__ import annotations

import re

import pytest

from matcher.disclosures.waterfall import Line, LinkTold, Waterfalls, in_sum, page, text
from tests.disclosures.pages import check_page

LINES = (
    Line("before anything is compared", "how likely any two records are one person", -14.9),
    Line("forename", "the same forename", 8.8),
    Line("surname", "another spelling of the same name & <so on>, as it is written elsewhere", 7.9),
    Line("middle name", "not told by both", 0.0, compared=False),
    Line("sex", "the other sex", -4.25),
    Line("address", "the same", 0.04),
    Line("how common", "a rare surname", 0.03),
)


def link(lines: tuple[Line, ...] = LINES, **changed: object) -> LinkTold:
    values = {
        "left": "yos.city, row 3",
        "right": "dwp, row 77",
        "verdict": "weak",
        "says": "Not one person.",
        "link": 3.17,
    }
    return LinkTold(**(values | {"lines": lines, "weight": sum(line.bits for line in lines)} | changed))


def told(*links: LinkTold) -> Waterfalls:
    return Waterfalls("OFFICIAL-SENSITIVE", "Question Q-AAAAAAAA", ("A note.",), ("   Name   ORLA MOCKSON",), links)


def test_text_keeps_to_80_columns_and_tells_each_step_with_its_bits() -> None:
    lines = text(told(link()))
    assert max(map(len, lines)) <= 80
    said = "\n".join(lines)
    for words in ("yos.city, row 3 and dwp, row 77", "Not one person.", "+8.8 ", "-4.2", "Name   ORLA MOCKSON", "smaller steps together",
                  "so not compared: middle name.", "linked from here", "A note."):  # fmt: skip
        assert words in said
    assert "address: the same" not in said


def test_bars_begin_where_the_one_before_ended() -> None:
    lines = text(told(link()))
    bars = [line[50:] for line in lines if re.search(r" [+-]\d+\.\d [ :]*[-+=]", line)]
    spans = [
        (min(i for i, c in enumerate(bar) if c in "+-="), max(i for i, c in enumerate(bar) if c in "+-="))
        for bar in bars
    ]
    minus, forename, surname, sex, *_ = spans
    assert minus[0] == forename[0] == 0 and forename[1] + 1 == surname[0]
    assert sex[1] == surname[1] and "+" in bars[1] and "-" in bars[3]


@pytest.mark.parametrize("weights", [(-40.0, 2.0), (60.0,), (0.01, 0.0), (-3.0, 30.0)])
def test_any_weights_fit(weights: tuple[float, ...]) -> None:
    lines = (*(Line(f"comparison {n}", "found " * 9, bits) for n, bits in enumerate(weights)), Line("x", "y", 0.2))
    assert max(map(len, text(told(link(lines))))) <= 80
    assert check_page(page(told(link(lines))))


def test_the_weight_in_words() -> None:
    assert in_sum(link(weight=10.0)).startswith(
        "The odds are 1,000 to 1 that the two are one person: match probability 0.9990."
    )
    assert in_sum(link(weight=-2.0)).startswith("The odds are 4.0 to 1 against it: match probability 0.2000.")
    assert "above 0.9999" in in_sum(link(weight=90.0)) and "from 0.90 (+3.2 bits)" in in_sum(link())


def test_several_links_are_numbered_and_equal_rows_are_told_in_a_sentence() -> None:
    same = link((Line("reference", "rows of one reference that say the same", 24.0),), alike=7)
    said = "\n".join(text(told(same, link())))
    assert "1. yos.city, row 3" in said and "2. yos.city" in said and "7 more row(s)" in said
    assert said.count("linked from here") == 1, "what was not compared has no bars"


def test_the_pair_that_speaks_most_against_is_told_after_the_strongest_with_bars_of_its_own() -> None:
    against = link(
        (LINES[0], Line("date of birth", "wholly different", -15.61234)), objecting=True, left="dwp:4", batch="B"
    )
    made = told(link(), against)
    said = " ".join(" ".join(text(made)).split())
    assert "2. What speaks against it most: dwp:4 and dwp, row 77, batch B" in said
    assert said.count("linked from here") == 2 and "-15.6" in said and "against it: match probability" in said
    assert "What speaks against it most: dwp:4" in check_page(page(made))
    one = made.to_dict()["links"][1]
    assert one["objecting"] and one["lines"][1]["bits"] == -15.6123 and one["weight"] == -30.5123


def test_json_holds_the_sides_and_no_text_in_columns() -> None:
    side = {"label": "Name", "left": "A", "right": "B", "same": False}
    made = Waterfalls("M", "T", (), ("   Name #   A   B",), (), (side,)).to_dict()
    assert made["names"] == [] and list(made["sides"]) == [side] and told().to_dict()["names"]


def test_the_page_has_a_chart_and_a_table_and_no_value_of_a_record() -> None:
    made = check_page(page(told(link(), link())))
    assert made.count("<svg") == 2 and made.count("<table>") == 2 and "ORLA" not in made
    assert "&lt;so on&gt;" in made and "the same forename" in made and "OFFICIAL-SENSITIVE" in made


def test_json_holds_steps_and_probability() -> None:
    one = told(link()).to_dict()["links"][0]
    assert one["lines"][1] == {"title": "forename", "says": "the same forename", "bits": 8.8, "compared": True}
    assert one["probability"] == pytest.approx(1 / (1 + 2 ** -one["weight"]))
