"""Why a person is where we put them: a code for tables, plain English for people. Codes never change their meaning."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "all_agree": "Every source that gives an address gives this one.",
    "only_address": "One source gives an address, and it is this one.",
    "most_agree": "Sources disagree; more of them, or the more trusted and later ones, give this address.",
    "most_trusted": "Sources disagree; the most trusted or latest of them gives this address.",
    "uncertain": "Sources disagree and none clearly outweighs the others; this address is the likeliest.",
    "follows_family": "The only address known is one the rest of the family has left; the person is taken to have moved with them.",
    "known_family": "No address this month; placed with the family that the registry knows the person to belong to.",
    "shared_case": "No address this month; placed with the people on the same case or in the same row.",
    "left": "The only address known is one that a register says was left; where the person lives now is not known.",
    "street_only": "Only a street is given, without a number; placed with family in that street where there is one, else alone.",
    "institution": "The only address known is an institution.",
    "no_address": "No usable address is known; treated as a household of one.",
    "whole_dwelling": "Everybody at this address is taken to be one household.",
    "one_household": "One household lives at the dwelling that the row is about.",
    "same_case": "Several households share the door; the row has the same case reference as a row that names one of them.",
    "only_tenant": "Several households share the door; one of them holds the tenancy there.",
    "household_then": "Another household lived at the dwelling on the row's date.",
    "shared_door": "Several households share the door and nothing tells which one the row is about; it is counted for none of them.",
    "nobody_known": "Nobody is known to live at the dwelling that the row is about.",
    "no_dwelling": "The row names neither a person nor a usable address.",
}
_CODES = {name: number for number, name in enumerate(REASONS)}
NAMES = tuple(REASONS)


def code(name: str) -> int:
    """The small number of a reason inside a run. Raises KeyError for a name that does not exist."""
    return _CODES[name]


def wording(name: str) -> str:
    """The sentence that `matcher explain` and the review pages show."""
    return REASONS[name]
