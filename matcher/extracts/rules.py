"""The rules that a supply, a row or a cell can break, each with the words that tell a partner what to mend.

Takes a rule's name, gives its words; holds no value and takes none but the headings of the specification and counts.
"""

from __future__ import annotations

from matcher.extracts.supplies import Problem

ROW_REJECTED: dict[str, str] = {
    "blank_row": "the row is blank; take blank rows out of the middle of the file",
    "too_few_cells": "the row has fewer cells than the header; check for a broken line or a missing delimiter",
    "too_many_cells": "the row has more cells than the header; put cells that hold the delimiter in double quotes",
    "quotes": "the row's quotation marks do not pair; double every quotation mark inside a quoted cell",
    "repeated_header": "the row repeats the header; send each file with one header row",
    "needed": "blank, and without it the row means nothing",
    "needs_one_of": "blank, and so is what could stand in its place; the row means nothing without either",
}
"""A row that breaks one of these is left out."""

ROW_KEPT: dict[str, str] = {
    "date": "not a date; write dd/mm/yyyy",
    "two_digit_year": "the year has two digits; write dd/mm/yyyy",
    "dob_future": "date of birth after the date of the match",
    "dob_too_old": "date of birth more than 120 years ago",
    "count": "not a whole number from 0",
    "number": "not a number",
    "yes_no": "not one of Y, N, Yes, No, 1, 0, TRUE, FALSE",
    "code": "not one of the agreed codes",
    "term": 'not a term; write "2012/13 Autumn"',
    "sex": "not M or F",
    "postcode": "not a UK postcode",
    "nino": "not a National Insurance number",
    "upn": "not a Unique Pupil Number, or its check letter is wrong",
    "nhs": "not an NHS number, or its check digit is wrong",
    "uprn": "not a UPRN; write up to 12 digits",
    "estab": "not an establishment number; write 7 digits",
    "characters": "holds control characters, a spreadsheet's error, or what cannot be read; save the file as CSV UTF-8",
    "invisible": "holds characters that nobody sees and that turn or split text; taken out",
    "too_long": "longer than 4,000 characters; left out",
    "duplicate": "the same facts as an earlier row of this file",
}
"""A cell or row that breaks one of these is reported; the row is kept (a cell that cannot be read counts as blank)."""

NOTES: dict[str, str] = {
    "no_rows": "the file has a header and no rows; if nothing was to be sent this is right, else send it again",
    "unlisted_column": "not in the specification; dropped unread, as more than agreed. Leave it out of the next supply",
    "more_than_agreed": "more than agreed; leave it out of the next supply",
}
"""Said of a supply that is accepted all the same."""

REJECTION_RULES = frozenset(
    {
        "unreadable",
        "empty",
        "too_big",
        "password",
        "no_header",
        "missing_column",
        "column_twice",
        "two_files",
        "sidecar",
    }
)
"""A supply that breaks one of these is rejected whole; its message says what to mend."""


def words(rule: str) -> str:
    """What a rule of rows and cells says."""
    return ROW_REJECTED.get(rule) or ROW_KEPT.get(rule) or NOTES[rule]


def of_row(row: int, column: str | None, rule: str) -> Problem:
    """The problem of a row or of one of its cells."""
    where = f"row {row}" + (f", column {column}" if column else "")
    return Problem(row, column, rule, f"{where}: {words(rule)}")


def of_more_rows(rows: int, column: str | None, rule: str) -> Problem:
    """The problem of rows that are counted only, beyond those of the same rule and column that are listed."""
    where = f"{rows:,} more rows" + (f", column {column}" if column else "")
    return Problem(None, column, rule, f"{where}: {words(rule)}", more=rows)
