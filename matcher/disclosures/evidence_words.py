"""Evidence of one kind, person and source in one line of plain English.

Takes evidence rows as dicts (code, begun, ended, quantity) and the data set's specification; gives text: how many, of what,
when. Codes are told by their meaning. Refuses nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from specs.load import ExtractSpec

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TERMS = ("Spring", "Summer", "Autumn")
_NAMES = {
    "proven_offence": ("proven offence", "proven offences"),
    "asb_order": ("anti-social behaviour order or injunction", "anti-social behaviour orders or injunctions"),
    "asb_contract": ("acceptable behaviour contract", "acceptable behaviour contracts"),
    "housing_intervention": ("housing intervention", "housing interventions"),
    "permanent_exclusion": ("permanent exclusion", "permanent exclusions"),
    "asb_complaints": ("complaint of anti-social behaviour", "complaints of anti-social behaviour"),
    "benefit_out_of_work": ("out-of-work benefit", "out-of-work benefits"),
    "benefit_other": ("other benefit", "other benefits"),
    "benefit_sanction": ("benefit sanction", "benefit sanctions"),
    "training": ("training course", "training courses"),
    "work_programme": ("start on the Work Programme", "starts on the Work Programme"),
    "esf_provision": ("start with European Social Fund provision", "starts with European Social Fund provision"),
    "employment": ("employment", "employments"),
    "custody": ("time in prison or detention", "times in prison or detention"),
    "managed_offender": ("flag as a managed offender", "flags as a managed offender"),
    "domestic_violence_perpetrator": (
        "flag as a repeat perpetrator of domestic violence",
        "flags as a repeat perpetrator of domestic violence",
    ),
    "class_a_parent": ("flag as a parent who uses Class A drugs", "flags as a parent who uses Class A drugs"),
    "protection_plan": ("child protection plan", "child protection plans"),
    "considered_for_care": ("consideration for accommodation", "considerations for accommodation"),
    "looked_after": ("time as a looked-after child", "times as a looked-after child"),
    "child_in_need": ("time as a child in need", "times as a child in need"),
    "health_concern": ("health concern", "health concerns"),
    "long_term_condition": ("long-term health condition", "long-term health conditions"),
    "local_concern": ("local concern", "local concerns"),
}
_BY_MONTH = {
    "police_callouts": ("police call-out", "police call-outs"),
    "police_arrests": ("arrest", "arrests"),
    "police_proven": ("proven offence counted by the police", "proven offences counted by the police"),
    "asb_incidents": ("incident of anti-social behaviour", "incidents of anti-social behaviour"),
}
_IN_TERMS = {
    "permanent_exclusion": "permanently excluded",
    "excluded_provision": "in a pupil referral unit or alternative provision, previously excluded",
    "not_on_roll": "not on a school roll",
    "on_roll": "on a school roll",
    "home_educated": "electively home educated",
}
_TOTALS = {
    "fixed_exclusions": "{} fixed-period exclusions",
    "sessions_possible": "{} possible sessions",
    "sessions_unauthorised": "{} sessions of unauthorised absence",
}


def evidence_words(kind: str, facts: Sequence[Mapping[str, Any]], spec: ExtractSpec | None) -> str:
    """One line, e.g. "2 proven offences: referral order, 03/09/2013; youth caution, 11/01/2013"."""
    if kind in _IN_TERMS:
        return f"{_IN_TERMS[kind]}: {_terms(facts)}"
    if kind in _TOTALS:
        total = sum(fact["quantity"] or 0 for fact in facts)
        return f"{_TOTALS[kind].format(total)}: {_terms(facts)}"
    if kind in _BY_MONTH:
        return _counts(*_BY_MONTH[kind], facts)
    one, many = _NAMES.get(kind, (kind.replace("_", " "),) * 2)
    meanings = _meanings(spec)
    told = sorted(
        {(_when(kind, fact), meanings.get(fact["code"] or "", fact["code"] or "")) for fact in facts}, reverse=True
    )
    lines = [", ".join(filter(None, (meaning, when[1]))) for when, meaning in told]
    return f"{len(told)} {one if len(told) == 1 else many}: {'; '.join(lines)}"


def _counts(one: str, many: str, facts: Sequence[Mapping[str, Any]]) -> str:
    """Counts of months, the latest month first."""
    latest_first = sorted(facts, key=lambda fact: _iso(fact["begun"]), reverse=True)
    total = sum(fact["quantity"] or 0 for fact in facts)
    told = [f"{fact['quantity'] or 0} in {_month(fact['begun'])}" for fact in latest_first]
    return f"{total} {one if total == 1 else many}: {', '.join(told)}"


def _when(kind: str, fact: Mapping[str, Any]) -> tuple[str, str]:
    """A key to sort by, and the words: the outcome's date of an offence, else from ... to ..."""
    begun, ended = fact["begun"], fact["ended"]
    if kind == "proven_offence":
        return _iso(ended), f"outcome {_day(ended)}, offence {_day(begun)}"
    if begun is not None and _whole_month(begun, ended):
        return _iso(begun), f"in {_month(begun)}"
    if ended is not None and ended != begun:
        return _iso(begun), f"from {_day(begun)} to {_day(ended)}"
    return _iso(begun), f"from {_day(begun)}" if begun else "undated"


def _terms(facts: Sequence[Mapping[str, Any]]) -> str:
    """The school terms of the facts, in order; a term is told by the month in which it begins."""
    begun = sorted({fact["begun"] for fact in facts if fact["begun"]})
    return ", ".join(_term(day) for day in begun) or "term not told"


def _term(begun: dt.date) -> str:
    season = _TERMS[0] if begun.month < 5 else _TERMS[1] if begun.month < 9 else _TERMS[2]
    first = begun.year if season == "Autumn" else begun.year - 1
    return f"{first}/{(first + 1) % 100:02d} {season}"


def _meanings(spec: ExtractSpec | None) -> dict[str, str]:
    return {code: meaning for column in spec.column for code, meaning in column.codes.items()} if spec else {}


def _whole_month(begun: dt.date, ended: dt.date | None) -> bool:
    return (
        ended is not None and begun.day == 1 and (ended + dt.timedelta(days=1)).day == 1 and ended.month == begun.month
    )


def _month(day: dt.date | None) -> str:
    """In English whatever the computer's language."""
    return f"{_MONTHS[day.month - 1]} {day.year}" if day else "a month not told"


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _day(day: dt.date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else "undated"
