"""Addresses that differ in house numbers and postcode alone are read alike. Takes cleaned text, gives its form and what it
holds there; makes patterns of the parts that a form was read into. Refuses nothing.

A number of a form has one to three digits, no leading zero, and may have a letter behind it, which stays in the form. How
an address is read depends on where such numbers stand and on whether they are alike, never on which they are. A postcode
belongs to no form unless it stands last. Any other digit ("1ST", "A50", "1004") keeps an address out of this.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# a digit first, then what stands before it: a pattern that begins with digits finds its places many times as fast
_NUMBER = re.compile(r"([1-9](?<![A-Z0-9].)[0-9]{0,2})(?![0-9]|[A-Z][A-Z0-9])")
_WHOLE_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}$")
_LONGEST_POSTCODE = 8
_DIGITS = re.compile(r"[0-9]+")
_STAND_INS = tuple(map(str, range(701, 713)))  # no number that a word is read as ("Flat One") is among them
_PLACES = {number: f"{{{place}}}" for place, number in enumerate(_STAND_INS)}
_UNPLACED = "?"
_POSTCODE = "LE1 1AA"


class Pattern(NamedTuple):
    """What a form is read into. `varying`: place of a part that holds numbers, its text with "{0}" for the first of them."""

    parts: Sequence[str | None]
    varying: Sequence[tuple[int, str]]


def mask(text: str) -> tuple[list[str], list[str], str | None]:
    """(what stands around the numbers and before the postcode, the numbers, the postcode)."""
    text = text.rstrip(" ,")
    postcode = None
    if text[-3:-2].isdigit() and (found := _WHOLE_POSTCODE.search(text, max(0, len(text) - _LONGEST_POSTCODE))):
        postcode = found[0]
        text = text[: found.start()]
    pieces = _NUMBER.split(text)
    return pieces[::2], pieces[1::2], postcode


def specimen(fixed: Sequence[str], numbers: int, postcode: bool) -> str | None:
    """An address of that form; None where the form holds a digit, or more numbers than an address has."""
    if numbers > len(_STAND_INS) or _DIGITS.search("".join(fixed)):
        return None
    values = (*_STAND_INS[:numbers], _POSTCODE if postcode else "")
    return "".join(map("".join, zip(fixed, values, strict=True)))


def pattern(parts: Sequence[str | None]) -> Pattern | None:
    """What every address of a form is read into, from the parts of its specimen; None if a digit came from elsewhere."""
    templates = _DIGITS.sub(_placed, "\n".join([part or "" for part in parts]))
    if _UNPLACED in templates:
        return None
    return Pattern(parts, [(place, part) for place, part in enumerate(templates.split("\n")) if "{" in part])


def _placed(found: re.Match[str]) -> str:
    return _PLACES.get(found[0], _UNPLACED)
