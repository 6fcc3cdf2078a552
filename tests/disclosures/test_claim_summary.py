"""The claim summary: exact counts and pence, and no claim that nobody recorded."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest

from matcher.disclosures.claim_summary import claim_summary, pounds
from matcher.disclosures.inputs import AreaClaim
from tests.disclosures.made_up import CLAIM
from tests.disclosures.opened import sheets_of, table_of


def test_three_files_hold_the_same_exact_figures() -> None:
    files = claim_summary(CLAIM)
    assert list(files) == [f"finance/claim_summary.{kind}" for kind in ("json", "csv", "xlsx")]
    summary = json.loads(files["finance/claim_summary.json"])
    assert summary["total"]["identified"] == {"automatic": 19, "discretion": 3, "all": 22}
    assert summary["rates"]["fees"][0]["pence"] == 240000
    rows = list(csv.DictReader(io.StringIO(files["finance/claim_summary.csv"].decode("utf-8-sig"))))
    assert [row["area"] for row in rows] == ["city", "county", "total"]
    assert rows[2]["identified_all"] == "22" and rows[2]["claimed_pence"] == "0"
    sheets = sheets_of(files["finance/claim_summary.xlsx"])
    assert [row["Identified all"] for row in table_of(sheets["Families and money"], "Area")] == [15, 7, 22]
    rates = table_of(sheets["Rates 2013-14"], "Payment")
    assert [row["Pounds"] for row in rates] == ["2,400.00", "1,500.00", "4,000.00"]
    assert [row["Derived"] for row in rates] == ["no", "yes", ""]


def test_small_counts_are_exact_here_and_it_says_so() -> None:
    summary = json.loads(claim_summary(CLAIM)["finance/claim_summary.json"])
    assert summary["areas"][0]["identified"]["discretion"] == 3
    assert any("Not for publication" in line for line in summary["statement"])


def test_without_attachments_nothing_is_claimed_and_it_says_so() -> None:
    summary = json.loads(claim_summary(CLAIM)["finance/claim_summary.json"])
    assert summary["total"]["attached"] == summary["total"]["claimed_pence"] == 0
    assert summary["total"]["results"] == {"route_a": 0}
    assert any("no fee and no result is claimed" in line for line in summary["statement"])
    assert any("confirm them before a claim" in line for line in summary["statement"])


def test_recorded_attachments_and_claims_are_added_up() -> None:
    areas = (
        AreaClaim("city", 2, 0, attached=2, results={"route_a": 1}, claimed=630000),
        AreaClaim("county", 1, 0, attached=1, claimed=240000),
    )
    summary = json.loads(claim_summary(dataclasses.replace(CLAIM, areas=areas))["finance/claim_summary.json"])
    assert (summary["total"]["attached"], summary["total"]["claimed_pence"]) == (3, 870000)
    assert summary["total"]["results"] == {"route_a": 1}
    assert not any("no result is claimed" in line for line in summary["statement"])
    assert any("internal audit" in line for line in summary["statement"])


def test_outside_the_frameworks_years_there_are_no_rates() -> None:
    files = claim_summary(dataclasses.replace(CLAIM, rate=None))
    summary = json.loads(files["finance/claim_summary.json"])
    assert summary["rates"] is None and summary["financial_year"] is None
    assert any("nothing can be claimed by it" in line for line in summary["statement"])
    assert list(sheets_of(files["finance/claim_summary.xlsx"])) == ["Families and money"]


@pytest.mark.parametrize("claim", [AreaClaim("city", -1, 0), AreaClaim("city", 1, 0, claimed=1.5)])  # type: ignore[arg-type]
def test_money_and_counts_are_whole(claim: AreaClaim) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        claim_summary(dataclasses.replace(CLAIM, areas=(claim,)))


def test_pounds_are_exact() -> None:
    assert [pounds(pence) for pence in (0, 5, 240000, 123456789)] == ["0.00", "0.05", "2,400.00", "1,234,567.89"]


def test_no_family_and_no_person_is_in_it() -> None:
    for content in claim_summary(CLAIM).values():
        assert b"F-AAAA" not in content and b"TESTERBY" not in content
