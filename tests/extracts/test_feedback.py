from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

from matcher.extracts import feedback, feedback_html
from matcher.extracts.feedback import MOST_LISTED, problems_by_rule
from tests.extracts.cases import AS_AT, HEADER, ROW, SPECS, csv_bytes, read_bytes, read_folder, row


class _WellFormed(HTMLParser):
    """Counts open tags, so that a page that does not nest is noticed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pages(told: dict) -> dict[str, str]:
    found = {partner: feedback_html(content) for partner, content in told.items()}
    for page in found.values():
        parser = _WellFormed()
        parser.feed(page)
        assert parser.open == []
    return found


def test_each_partner_gets_its_own_supplies_by_digest(tmp_path: Path) -> None:
    (tmp_path / "sheep.city.csv").write_bytes(csv_bytes([ROW, row(full_name="Canary", dob="Canary", outcome_date="")]))
    (tmp_path / "goats.csv").write_bytes(csv_bytes([[*row(outcome="RJ"), "Canary"]], [*HEADER, "Canary"]))
    (tmp_path / "sheep.county.csv").write_bytes(b"Canary")
    (tmp_path / "sheep.canary.csv").write_bytes(csv_bytes([]))
    intake = read_folder(tmp_path, without=frozenset({"sheep.canary"}))
    told = feedback(intake, SPECS, AS_AT, {("sheep", "city"): 0.51234})
    assert list(told) == ["city_yard", "county_yard", "other_yard"]
    goats, sheep = told["city_yard"]["supplies"]
    assert goats["more_than_agreed"] == {"informal outcomes": 1, "column 10 (J): not in the specification": 1}
    assert goats["matched_share"] is None
    assert sheep["matched_share"] == 0.5123
    assert sheep["not_assessable"] == [
        {"fact": "ASB order or injunction", "kind": "asb_order", "count": 1},
        {"fact": "A formal out-of-court or court disposal", "kind": "proven_offence", "count": 1},
    ]
    assert sheep["columns"][2] == {
        "column": "DOB", "required": True, "sent": True, "filled": 2, "valid": 1, "filled_share": 1.0, "valid_share": 0.5,
    }  # fmt: skip
    text = json.dumps(told)
    html = pages(told)
    assert sheep["digest"] in html["city_yard"]
    assert "51.2 %" in html["city_yard"]
    assert "rejected whole" in html["county_yard"]
    assert "left out of this match" in html["other_yard"]
    for everything in (text, *html.values()):
        assert "canary" not in everything.replace("sheep.canary.csv", "").replace('"supplier": "canary"', "").lower()


def test_the_json_is_whole_and_the_page_is_capped(tmp_path: Path) -> None:
    read_bytes(tmp_path, csv_bytes([row(ref=str(number), dob="x") for number in range(MOST_LISTED + 7)]))
    told = feedback(read_folder(tmp_path), SPECS, AS_AT)
    (supply,) = told["other_yard"]["supplies"]
    assert len(supply["problems"]) == MOST_LISTED + 7
    page = feedback_html(told["other_yard"])
    assert "and 7 more" in page
    assert page.count("<td>date</td>") == MOST_LISTED


def test_a_perfect_supply_says_so(tmp_path: Path) -> None:
    read_bytes(tmp_path, csv_bytes([ROW]))
    assert "Nothing to mend" in feedback_html(feedback(read_folder(tmp_path), SPECS, AS_AT)["other_yard"])


def test_problems_are_grouped_by_rule_those_that_cost_rows_first(tmp_path: Path) -> None:
    bad = [row(ref=str(number), dob="x") for number in range(7)]
    supply = read_bytes(tmp_path, csv_bytes([*bad, row(full_name=""), ROW[:2]]))
    assert [(one["rule"], one["column"], one["count"], one["rows"]) for one in problems_by_rule(supply)] == [
        ("needed", "Full Name", 1, [8]),
        ("too_few_cells", None, 1, [9]),
        ("date", "DOB", 7, [1, 2, 3, 4, 5]),
    ]


def test_the_page_escapes_what_it_shows() -> None:
    page = feedback_html({"partner": "a&b", "owner": "<script>", "as_at": "", "supplies": []})
    assert "<script>" not in page
    assert "&lt;script&gt; (a&amp;b)" in page
