"""Workbooks: protected, marked, and without anything that a spreadsheet would run."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from pathlib import Path

import msoffcrypto
import msoffcrypto.exceptions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from matcher.disclosures.workbooks import Sheet, guarded, plain_workbook, protected_workbook
from tests.conftest import SHIPPED
from tests.disclosures.opened import OLE_HEADER, decrypted, sheets_of, xml_of

SHEET = Sheet("People", ["Name", "Born", "Number", "Share"], [["ZEBEDIAH", dt.date(1999, 2, 3), -7, 0.5]], ["A note."])


def test_a_protected_workbook_opens_with_its_password_alone() -> None:
    content = protected_workbook([SHEET], "OFFICIAL-SENSITIVE", "List", "right horse")
    assert content.startswith(OLE_HEADER)
    assert b"ZEBEDIAH" not in content and "ZEBEDIAH".encode("utf-16-le") not in content
    rows = sheets_of(decrypted(content, "right horse"))["People"]
    assert rows[0][0] == "OFFICIAL-SENSITIVE"
    assert rows[1][0] == "A note."
    assert rows[3] == ["ZEBEDIAH", dt.date(1999, 2, 3), -7, 0.5]
    with pytest.raises(msoffcrypto.exceptions.InvalidKeyError):
        decrypted(content, "wrong horse")


def test_each_guess_at_a_password_costs_a_hundred_thousand_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ECMA376Agile.encrypt, "__defaults__", SHIPPED)
    content = protected_workbook([SHEET], "OFFICIAL-SENSITIVE", "List", "right horse")
    assert msoffcrypto.OfficeFile(io.BytesIO(content)).info["spinValue"] == 100_000


def test_without_a_password_nothing_is_protected_and_nothing_is_written() -> None:
    with pytest.raises(ValueError, match="needs a password"):
        protected_workbook([SHEET], "OFFICIAL-SENSITIVE", "List", "")


def test_nothing_reaches_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    protected_workbook([SHEET], "M", "List", "p")
    assert list(tmp_path.iterdir()) == []


def test_every_page_carries_the_marking_and_repeats_its_head() -> None:
    xml = xml_of(plain_workbook([SHEET, Sheet("More", ["A"], [])], "SECRET & MORE", "Q&A"))
    assert xml.count("<oddHeader>&amp;C&amp;BSECRET &amp;&amp; MORE</oddHeader>") == 2
    assert xml.count("SECRET &amp;&amp; MORE&amp;RPage") == 2
    assert xml.count('state="frozen"') == 2
    assert 'orientation="landscape"' in xml and "_xlnm.Print_Titles" in xml


def test_text_that_looks_like_a_formula_stays_text() -> None:
    bad = ["=1+1", "+SUM(A1)", "-cmd", "@x", "\tx", "\rx", "http://example.invalid", "00123", "=1"]
    plain = plain_workbook([Sheet("S", ["A"], [[text] for text in bad])], "M", "T")
    xml = xml_of(plain)
    assert "<f>" not in xml and "<hyperlink" not in xml
    shown = [row[0] for row in sheets_of(plain)["S"][2:]]
    assert shown[0] == "'=1+1" and shown[6] == "http://example.invalid" and shown[7] == "00123"


def test_an_early_date_and_blanks_are_kept() -> None:
    rows = [[dt.date(1890, 2, 3), None, True, "x"], [dt.date(1900, 3, 1), "", False, "x"]]
    shown = sheets_of(plain_workbook([Sheet("S", ["A", "B", "C", "D"], rows)], "M", "T"))["S"][2:]
    assert shown == [["03/02/1890", "", "yes", "x"], [dt.date(1900, 3, 1), "", "no", "x"]]


def test_the_same_sheets_give_the_same_bytes() -> None:
    assert plain_workbook([SHEET], "M", "T") == plain_workbook([SHEET], "M", "T")


@pytest.mark.parametrize("number", ["-7", "+44", "-0.5", "12"])
def test_numbers_are_not_guarded(number: str) -> None:
    assert guarded(number) == number


@pytest.mark.parametrize("text", ["-1e5x", "+44 116", "-1_0", "-", "+", "-.5", "=7", "@7", "-٣"])
def test_what_only_looks_like_a_number_is_guarded(text: str) -> None:
    assert guarded(text) == "'" + text


@settings(max_examples=200)
@given(st.text())
def test_no_guarded_text_starts_a_formula(text: str) -> None:
    shown = guarded(text)
    assert shown.endswith(text)
    assert not shown.startswith(("=", "@", "\t", "\r"))
    if shown.startswith(("+", "-")):
        float(shown)
