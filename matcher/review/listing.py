"""The questions as text of at most 80 columns, the two sides beside each other. Takes `Asked`, gives lines."""

from __future__ import annotations

import datetime as dt
import textwrap

from matcher.review.sides import Asked, Household, day

WIDTH = 80
_LABEL, _GAP = 20, 2
_CELL = (WIDTH - _LABEL - 2 * _GAP - 2) // 2
_MARK = {True: "=", False: "#", None: " "}


def heading(
    batch: str, as_at: dt.date, waits_for: str | None, until: dt.date | None, left: int, all_of_them: int, marking: str
) -> list[str]:
    """The lines above the questions."""
    waits = f"waits for {waits_for}" if waits_for else "waits"
    told = [marking, f"Batch {batch}, as at {as_at:%d/%m/%Y}: {left} of {all_of_them} question(s) open."]
    told.append(f"It {waits}{f' until {until:%d/%m/%Y}' if until else ''}.")
    if left:
        told.append("Beside what two records say: = the same, # different; no mark where one of them does not say it.")
    if all_of_them and not left:
        told.append("All questions are answered. Go on with: matcher resume")
    return [line for text in told for line in textwrap.wrap(text, WIDTH)]


def lines(one: Asked, number: int) -> list[str]:
    """One question: what is asked, what hangs on it, and the two records (= the same, # different) or the household."""
    told = ["", f"{number}. {one.id}  {one.kind_title}"]
    told += _wrapped(f"{one.asks} It decides {one.hangs_on_it}.", "   ")
    chance = f" Match probability {one.question.probability:.4f}." if one.question.probability is not None else ""
    why = f" But {one.why}." if one.why else ""
    told += _wrapped(f"Without an answer: {one.default}.{chance}{why}", "   ")
    if one.answer is not None:
        told += _wrapped(f"Answered: {one.answer}, by {one.by}, reason {one.reason}.", "   ")
    if one.household is not None:
        return told + _household(one.household)
    return told + sides(one)


def sides(one: Asked) -> list[str]:
    """The two records beside each other (= the same, # different); nothing of a household."""
    told = []
    for line in one.lines():
        left, right = (textwrap.wrap(text, _CELL) or [""] for text in (line.left, line.right))
        for row in range(max(len(left), len(right))):
            label = f"{line.label} {_MARK[line.same]}" if row == 0 else ""
            cells = (side[row] if row < len(side) else "" for side in (left, right))
            first, second = cells
            told.append(f"   {label:<{_LABEL}} {first:<{_CELL}} {second}".rstrip())
    return told


def _household(home: Household) -> list[str]:
    told = [
        f"   Lives at: {', '.join(filter(None, (home.address, home.postcode))) or 'no address known'} ({home.area})"
    ]
    told += [f"   {name}, born {day(born) or 'unknown'}" for name, born in home.people]
    told += [f"   Meets: {title}" for title in home.criteria]
    told += [f"   Cause for concern: {says}" for says in home.concerns]
    return [part for line in told for part in _wrapped(line.strip(), "   ")]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
