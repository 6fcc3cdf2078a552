"""The questions as rows of a workbook, and a filled-in workbook back as answers.

Takes `Asked`, gives columns and rows with empty cells for answer, role and reason; takes the bytes of a workbook, gives the
answers in it. Refuses with all faults at once, by row and column, never with what stands there. Decrypts in memory alone.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError
from python_calamine import CalamineError, CalamineWorkbook

from matcher.errors import UserError
from matcher.review.answers import Answer, faults_of, parse
from matcher.review.sides import Asked, Household, Side, cells, day

ID, ANSWER, BY, REASON = "Question", "Answer (yes, no, defer)", "By (role)", "Reason (code)"
_PART = {"answer": ANSWER, "by": BY, "reason": REASON}
_HEAD = [ID, "Asked", "Hangs on it", "Without an answer", "Match probability"]
_SIDE = ("Name", "Date of birth", "Sex", "Address", "Postcode", "Identifiers", "Source")
_IDENTIFIERS = ("National Insurance", "Pupil number (UPN)", "NHS number", "Property (UPRN)", "Reference")
COLUMNS = [*_HEAD, *(f"{label}, {side}" for label in _SIDE for side in ("first", "second")), ANSWER, BY, REASON]
NOTE = (
    "Fill in the last three columns of the rows that you can answer, save under the same password, then: matcher review import. "
    "Names and addresses of people who may not qualify: destroy this file when it is read in."
)


def rows_of(questions: Sequence[Asked]) -> list[list[str | float | None]]:
    """One row a question, in the order of COLUMNS."""
    return [
        [
            one.id, one.asks, one.hangs_on_it, one.default, one.question.probability,
            *(text for pair in zip(_left(one), _right(one), strict=True) for text in pair),
            one.answer, one.by, one.reason,
        ]
        for one in questions
    ]  # fmt: skip


def _left(one: Asked) -> list[str | None]:
    return _of_household(one.household) if one.household else _of_side(one.left)


def _right(one: Asked) -> list[str | None]:
    return _of_side(one.right)


def _of_side(side: Side | None) -> list[str | None]:
    if side is None:
        return [None] * len(_SIDE)
    told = cells(side)
    identifiers = "; ".join(f"{label}: {told[label]}" for label in _IDENTIFIERS if told[label])
    return [identifiers if label == "Identifiers" else told[label] for label in _SIDE]


def _of_household(home: Household) -> list[str | None]:
    people = "; ".join(f"{name} ({day(born) or 'date of birth unknown'})" for name, born in home.people)
    about = "; ".join((f"Meets: {', '.join(home.criteria)}", f"Concerns: {' '.join(home.concerns)}"))
    return [people, None, None, home.address, home.postcode, None, about]


@dataclass(frozen=True)
class Filled:
    """What a workbook held: answers by question id, how many rows were left open, whether the file was protected."""

    answers: dict[str, Answer]
    left_open: int
    protected: bool


def read_back(content: bytes, password: str, known: Collection[str]) -> Filled:
    """The answers of a filled-in workbook. `known`: ids of the batch's questions. Raises UserError with all faults."""
    plain, protected = _decrypted(content, password)
    try:
        grid = CalamineWorkbook.from_filelike(io.BytesIO(plain)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, IndexError, ValueError):
        raise _unreadable() from None
    head, column = _head(grid)
    answers: dict[str, Answer] = {}
    faults: list[str] = []
    left_open = 0
    for number, row in enumerate(grid[head + 1 :], head + 2):
        id, given, by, reason = (_text(row, column[name]) for name in (ID, ANSWER, BY, REASON))
        if not any((id, given, by, reason)):
            continue
        if id not in known:
            faults.append(f"row {number}, column {ID}: is no question of the held batch")
        elif id in answers:
            faults.append(f"row {number}, column {ID}: stands in a row above too")
        if not given and not by and not reason:
            left_open += 1
            continue
        found = faults_of(given, by, reason)
        faults += [f"row {number}, column {_PART[fault.part]}: {fault.rule}" for fault in found]
        if not found:
            answers.setdefault(id, parse(given, by, reason))
    if faults:
        raise UserError(
            f"The workbook has {len(faults)} fault(s); no answer was taken from it.",
            where=faults,
            todo="mend these cells and import it again",
        )
    return Filled(answers, left_open, protected)


def _decrypted(content: bytes, password: str) -> tuple[bytes, bool]:
    try:
        book = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not book.is_encrypted():
            return content, False
        book.load_key(password=password)
        plain = io.BytesIO()
        book.decrypt(plain)
    except (InvalidKeyError, DecryptionError):
        raise UserError(
            "The workbook does not open with the password of review.",
            todo="save it under that password (matcher passwords show review), or export it anew",
        ) from None
    except (FileFormatError, OSError, ValueError):
        raise _unreadable() from None
    return plain.getvalue(), True


def _unreadable() -> UserError:
    return UserError("This is no workbook of questions.", todo="give the .xlsx file that `matcher review export` wrote")


def _head(grid: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int]]:
    """Which row heads the table (from 0), and where each column that is needed stands."""
    for number, row in enumerate(grid):
        texts = [str(cell).strip() for cell in row]
        if ID in texts and ANSWER in texts:
            missing = [name for name in (ID, ANSWER, BY, REASON) if name not in texts]
            if missing:
                raise UserError(f"The workbook lacks the column(s) {', '.join(missing)}.", todo="export it anew")
            return number, {name: texts.index(name) for name in (ID, ANSWER, BY, REASON)}
    raise _unreadable()


def _text(row: Sequence[Any], place: int) -> str:
    value = row[place] if place < len(row) else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip().lstrip("'") if value is not None else ""
