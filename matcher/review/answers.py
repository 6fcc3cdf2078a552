"""What counts as an answer: yes, no or defer, by whom (a role), for which reason (a code).

Takes what somebody typed; gives an `Answer`. Refuses with every fault at once, never repeating what was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from matcher.errors import Exit, UserError

ANSWERS = ("yes", "no", "defer")
REASONS = {
    "same_person_confirmed": "The sources were asked, or the details leave no doubt: the same person.",
    "different_people": "The sources were asked, or the details leave no doubt: two people.",
    "twins_or_relatives": "Two people of one family who are easily taken for one.",
    "source_corrected": "The source has corrected its record.",
    "identifier_wrong": "The identifier that both carry is a mistake in one of them.",
    "panel_decision": "The panel for local discretion has decided.",
    "cannot_tell": "Nobody can tell; the thresholds decide.",
}
"""The reasons to choose from. Another short lower-case code is taken too."""

_REASON = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_ROLE_LENGTH = 60
_SHORT = {"y": "yes", "n": "no", "d": "defer"}


@dataclass(frozen=True)
class Answer:
    """One answer. `by` is a role, `reason` a code."""

    given: str
    by: str
    reason: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with one part of an answer: `part` is answer, by or reason."""

    part: str
    rule: str


def faults_of(given: str, by: str, reason: str) -> list[Fault]:
    """Every fault of an answer as typed, spaces around it and capitals of answer and reason aside."""
    found = []
    if _answer(given) not in ANSWERS:
        found.append(Fault("answer", "is not yes, no or defer"))
    if not by.strip():
        found.append(Fault("by", "is empty: say in which role you answer"))
    elif len(by.strip()) > _ROLE_LENGTH or not by.strip().isprintable():
        found.append(Fault("by", f"is not a role of up to {_ROLE_LENGTH} letters"))
    if not reason.strip():
        found.append(Fault("reason", f"is empty: give a code, such as {', '.join(REASONS)}"))
    elif not _REASON.fullmatch(reason.strip().lower()):
        found.append(Fault("reason", f"is not a short code in lower-case letters, such as {', '.join(REASONS)}"))
    return found


def parse(given: str, by: str, reason: str) -> Answer:
    """An answer from what was typed. Raises UserError with all its faults."""
    faults = faults_of(given, by, reason)
    if faults:
        raise UserError(
            "That answer cannot be taken.",
            where=(f"{fault.part} {fault.rule}" for fault in faults),
            todo="give: yes, no or defer; a role; a reason code",
            code=Exit.USAGE,
        )
    return Answer(_answer(given), by.strip(), reason.strip().lower())


def _answer(given: str) -> str:
    plain = given.strip().lower()
    return _SHORT.get(plain, plain)
