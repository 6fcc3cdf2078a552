"""The short words that decisions are recorded with. Takes what a user gave; refuses what is no code of its list.

Reasons are codes so that nobody writes a name into a log that outlives the person.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from matcher.errors import UserError
from matcher.settings import Settings

KEEP = {
    "still_supported": "the family is being supported",
    "further_risk": "there is indication of further risk",
    "claim_pending": "a claim or its audit needs it",
    "evaluation": "the evaluation needs it until the programme's end",
    "legal_hold": "a legal claim, request or inquiry needs it",
}
DELETE = {
    "no_further_risk": "no indication of further risk (agreement, section 10)",
    "support_ended": "support has ended and nothing else needs it",
    "programme_ended": "the programme has ended",
    "not_a_family": "it should not have been on the programme",
    "erasure_right": "a person's right to erasure, or an upheld objection",
}
IDENTITY = {
    "documents_seen": "documents were seen",
    "known_in_person": "a worker knows the person",
    "representative": "a representative with written authority",
    "not_needed": "the request is about no person",
    "not_yet": "not checked yet: the period runs, nothing is handed over",
}
VIEWS = {
    "disclose": "may be disclosed",
    "withhold": "should be withheld",
    "part": "may be disclosed in part",
    "no_view": "left to the controller",
    "no_answer": "asked, no answer",
}
DECISIONS = {
    "granted": "granted",
    "part": "granted in part",
    "refused": "refused",
    "nothing_held": "nothing is held",
    "withdrawn": "the asker withdrew it",
}
RESTRICTIONS = {
    "accuracy_contested": "its accuracy is contested, until that is checked",
    "unlawful": "the processing is unlawful and the person wants no erasure",
    "needed_for_claim": "the person needs it for a legal claim",
    "objection_pending": "an objection is being decided",
    "safety": "somebody could come to harm",
}
EXEMPTIONS = {
    "crime_and_taxation": "crime and taxation",
    "health_education_social_work": "health, education or social work data",
    "child_abuse_data": "child abuse data",
    "third_party": "another person's data that cannot be parted from it",
    "legal_privilege": "legal professional privilege",
    "manifestly_excessive": "manifestly unfounded or excessive",
    "personal_information": "personal information (freedom of information)",
    "future_publication": "intended for publication (freedom of information)",
    "other": "another, as cited",
}
_REFERENCE = re.compile(r"[A-Za-z]{0,6}[-/]?[0-9][0-9/-]{0,24}")


def one_of(codes: Mapping[str, str], given: str, what: str) -> str:
    """The code, or UserError that lists those there are."""
    if given not in codes:
        listed = [f"{code}: {says}" for code, says in codes.items()]
        raise UserError(f"That is no {what}.", where=listed, todo="give one of these codes")
    return given


def role_of(settings: Settings, given: str) -> str:
    """A role that may decide: of `[review] roles`, or the operator's. Never a person's name."""
    allowed = dict.fromkeys([settings.legal.operator_role, *settings.review.roles])
    if given not in allowed:
        raise UserError(
            "That role decides nothing in this workspace.", where=list(allowed),
            todo="give one of these roles, or add it to [review] roles in matcher.toml; a role, never a name",
        )  # fmt: skip
    return given


def reference_of(given: str | None) -> str | None:
    """The case's number in the controller's own register: a few letters, then digits, so that no name fits in."""
    if given is not None and not _REFERENCE.fullmatch(given):
        raise UserError(
            "A reference is a number, such as SAR-2014/031.", todo="give the case's number, or leave it out"
        )
    return given


def not_in_future(day: dt.date, today: dt.date, what: str) -> dt.date:
    """A day that something happened on. Raises UserError for one that has not come."""
    if day > today:
        raise UserError(f"The date of {what} lies in the future.", todo="check the year and month")
    return day
