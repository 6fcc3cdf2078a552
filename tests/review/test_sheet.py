"""Questions as a workbook and back."""

from __future__ import annotations

import io
from typing import Any

import pytest
import xlsxwriter

from matcher.disclosures.workbooks import Sheet, plain_workbook, protected_workbook
from matcher.errors import UserError
from matcher.review.answers import Answer
from matcher.review.sheet import ANSWER, BY, COLUMNS, ID, NOTE, REASON, read_back, rows_of
from tests.review.made_up import ALL, LINK, OTHER_LINK

KNOWN = {one.id for one in ALL}


def book(answers: list[tuple[Any, ...]], password: str = "secret") -> bytes:
    """The exported workbook with answers written into its last columns; an answer may begin with another id."""
    rows = rows_of(ALL)
    for row, given in zip(rows, answers, strict=False):
        row[-3:] = given[-3:]
        if len(given) == 4:
            row[0] = given[0]
    sheets = [Sheet("Questions", COLUMNS, rows, ("a head", NOTE))]
    return protected_workbook(sheets, "MARKED", "Open", password) if password else plain_workbook(sheets, "MARKED", "O")


def test_answers_come_back_and_empty_rows_stay_open() -> None:
    filled = read_back(
        book([("Yes", "panel", "twins"), (None, None, None), ("defer", "panel", "cannot_tell")]), "secret", KNOWN
    )
    assert filled.answers == {
        LINK.id: Answer("yes", "panel", "twins"), ALL[2].id: Answer("defer", "panel", "cannot_tell"),
    }  # fmt: skip
    assert filled.left_open == 1 and filled.protected


def test_a_truth_value_of_the_spreadsheet_is_yes_or_no() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as made:
        page = made.add_worksheet()
        for column, (name, value) in enumerate(
            zip((ID, ANSWER, BY, REASON), (LINK.id, False, "panel", "twins"), strict=True)
        ):
            page.write(3, column, name)
            page.write(4, column, value)
    filled = read_back(content.getvalue(), "secret", KNOWN)
    assert filled.answers[LINK.id].given == "no" and not filled.protected


def test_all_faults_are_told_by_row_and_column_without_values() -> None:
    answers = [
        ("perhaps Alice", "panel", "twins"), ("Q-AAAAAAAA", "yes", "", ""), ("Q-ZZZZZZZZ", "no", "panel", "Because she said"),
    ]  # fmt: skip
    with pytest.raises(UserError, match="5 fault") as refused:
        read_back(book(answers), "secret", KNOWN)
    told = str(refused.value)
    for line in (
        f"row 5, column {ANSWER}: is not yes, no or defer", f"row 6, column {BY}: is empty", f"row 6, column {REASON}: is empty",
        f"row 7, column {ID}: is no question of the held batch", f"row 7, column {REASON}: is not a short code",
    ):  # fmt: skip
        assert line in told, line
    assert "Alice" not in told and "Because" not in told and "ZZZZ" not in told


def test_a_question_twice_is_a_fault() -> None:
    answers = [("yes", "panel", "twins"), (LINK.id, "no", "panel", "twins")]
    with pytest.raises(UserError, match="1 fault") as refused:
        read_back(book(answers), "secret", KNOWN)
    assert f"row 6, column {ID}: stands in a row above too" in str(refused.value)


def test_another_password_is_told_as_such() -> None:
    with pytest.raises(UserError, match="password of review"):
        read_back(book([]), "other", KNOWN)


@pytest.mark.parametrize("content", [b"", b"not a workbook", plain_workbook([Sheet("X", ["a"], [])], "M", "t")])
def test_something_else_is_no_workbook_of_questions(content: bytes) -> None:
    with pytest.raises(UserError, match="no workbook of questions"):
        read_back(content, "secret", KNOWN)


def test_a_missing_column_is_named() -> None:
    columns = [name for name in COLUMNS if name != REASON]
    content = plain_workbook([Sheet("Q", columns, [row[:-1] for row in rows_of([OTHER_LINK])])], "M", "t")
    with pytest.raises(UserError, match=r"lacks the column\(s\) Reason"):
        read_back(content, "secret", KNOWN)
