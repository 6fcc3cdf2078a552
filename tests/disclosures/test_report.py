"""The report of a run: complete, readable anywhere, nobody in it."""

from __future__ import annotations

import dataclasses
import re

import pytest

from matcher.disclosures.charts import bars
from matcher.disclosures.control import ControlPolicy
from matcher.disclosures.report import few, report
from tests.disclosures.made_up import run_figures
from tests.disclosures.pages import check_page


@pytest.fixture(scope="module")
def page() -> str:
    return check_page(report(run_figures())["report.html"])


def section(page: str, title: str) -> str:
    return page.split(f"<h2>{title}</h2>")[1].split("<h2>")[0]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("What came in", ["yos.city", "city_yos", "24,110", "rejected", "nhs_trust"]),
        ("How well it linked", ["93,111 candidate pairs", "14,000 (70.0 %)", "6 or more", "17."]),
        ("Forms of names", ["A hyphen in the name", "640", "33.1 %", "1.4 %", "37.3 %", "matcher evaluate"]),
        ("Households", ["8 or more", "7,000"]),
        ("Kinds of place", ["Hostel or refuge", "13,300"]),
        ("Decisions", ["City", "County", "Rutland", "13,350", "under 5 households"]),
        ("Criteria", ["Crime or anti-social behaviour", "1,960"]),
        ("Causes for concern", ["Health", "21", "under 5", "local discretion of 2013-10-01"]),
        ("Readings in force", ["under 18 at the offence", "Appendix D, 1", "17", "under 5"]),
        ("What was deleted", ["402", "24,518", "3"]),
        ("How long it took", ["Pairs", "1.2", "2.1", "612 MB"]),
        ("Where the outputs lie", ["outbox/2013-10-31-1/key-worker/city.xlsx"]),
        ("Warnings", ["gazetteer: no supply"]),
    ],
)  # fmt: skip
def test_each_section_holds_its_figures(page: str, title: str, words: list[str]) -> None:
    text = section(page, title)
    for each in words:
        assert each in text


def test_every_chart_stands_by_its_table(page: str) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    charted = [title for title in titles if "<svg" in section(page, title)]
    assert len(charted) == 9
    assert all("<table>" in section(page, title) for title in charted)


def test_small_counts_about_decisions_are_not_shown(page: str) -> None:
    decisions = section(page, "Decisions")
    rutland = re.search(r"<th>Rutland</th>(.*?)</tr>", decisions, re.S)
    assert rutland and re.findall(r">([^<>]+)</td>", rutland[1])[:2] == ["withheld", "withheld"]
    assert ">3<" not in section(page, "Causes for concern")
    every = re.search(r"<th>All areas</th>(.*?)</tr>", decisions, re.S)
    assert every and re.findall(r">([^<>]+)</td>", every[1]) == ["69", "50", "119", "13,350", "13,469"]


def cells_of(page: str, title: str) -> list[str]:
    row = re.search(rf"<th>{title}</th>(.*?)</tr>", section(page, "Forms of names"), re.S)
    assert row
    return re.findall(r">([^<>]+)</td>", row[1])


def test_small_counts_by_form_of_the_name_are_not_shown(page: str) -> None:
    assert cells_of(page, "An apostrophe in the name") == ["31", "38.7 %", "withheld"], "two in doubt"
    assert cells_of(page, "A surname of up to 3 letters") == ["withheld"] * 3
    assert cells_of(page, "A forename of one letter") == ["0", "none", "none"]
    assert cells_of(page, "All records") == ["24,920", "37.3 %", "0.5 %"]


def test_a_run_of_an_earlier_version_has_no_forms_of_names() -> None:
    figures = dataclasses.replace(run_figures(), name_forms={})
    assert "Forms of names" not in check_page(report(figures)["report.html"])


def test_totals_are_told_however_small() -> None:
    figures = dataclasses.replace(run_figures(), routes={("city", "automatic"): 2, ("city", "no"): 900}, criteria={})
    page = check_page(report(figures)["report.html"])
    assert "<b>2</b>families that qualify" in page
    assert re.findall(r">([^<>]+)</td>", page.split("<th>City</th>")[1].split("</tr>")[0])[0] == "withheld"


def test_long_labels_go_on_a_second_line() -> None:
    chart = bars(["a member of the household is known to somebody for some reason"], {"n": [1]}, what="x")
    assert "a member of the household is known to" in chart and "known to somebody" not in chart


def test_a_run_without_anybody_still_reports() -> None:
    figures = dataclasses.replace(
        run_figures(), supplies=(), records=0, candidate_pairs=0, persons=0, persons_by_records={}, households=0,
        households_by_people={}, places={}, routes={}, criteria={}, concerns={}, readings=(), seconds={}, warnings=(), outputs={},
    )  # fmt: skip
    page = check_page(report(figures)["report.html"])
    assert "None." in page and "<h2>Warnings</h2>" not in page


def test_the_same_figures_give_the_same_page() -> None:
    assert report(run_figures()) == report(run_figures())


def test_text_is_escaped() -> None:
    figures = dataclasses.replace(run_figures(), warnings=("<b>bold</b>",))
    assert "&lt;b&gt;bold" in report(figures)["report.html"].decode("utf-8")
    assert "&lt;i> &amp; &quot;x&quot;" in bars(["a"], {"n": [1]}, what='<i> & "x"')


def test_few_is_under_the_threshold_and_zero_is_told() -> None:
    assert [few(count, ControlPolicy()) for count in (0, 1, 4, 5, 5000)] == ["0", "under 5", "under 5", "5", "5,000"]
    assert few(9, ControlPolicy(smallest_count=10)) == "under 10"


def test_a_chart_without_bars_is_no_chart() -> None:
    assert bars([], {"n": []}, what="nothing") == ""


def test_a_chart_tells_withheld_from_zero() -> None:
    chart = bars(["a", "b"], {"n": [None, 0]}, what="x")
    assert "withheld" in chart and ">0<" in chart.replace("</text>", "<")


def test_counts_that_the_solver_calls_impossible_at_first_are_protected_all_the_same() -> None:
    """A small month whose counts HiGHS' presolve took for contradictory: the report could not be written."""
    routes = {("city", "automatic"): 1, ("city", "discretion"): 1, ("city", "no"): 72, ("county", "automatic"): 0,
              ("county", "discretion"): 4, ("county", "no"): 165, ("rutland", "automatic"): 0,
              ("rutland", "discretion"): 0, ("rutland", "no"): 3}  # fmt: skip
    met = {("city", "crime_asb"): 6, ("city", "education"): 2, ("city", "work"): 9, ("county", "crime_asb"): 8,
           ("county", "education"): 10, ("county", "work"): 28, ("rutland", "work"): 1}  # fmt: skip
    figures = dataclasses.replace(run_figures(), routes=routes, criteria=met)
    assert report(figures, ControlPolicy())
