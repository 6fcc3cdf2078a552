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

_VARYING = re.compile(r"\b([1-9][0-9]{0,2}(?=[A-Z]?\b)|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}(?=[ ,]*$))")
_DIGITS = re.compile(r"[0-9]+")
_STAND_INS = tuple(
    str(number) for number in range(701, 713)
)  # read once for all; no number word or floor is among them
_PLACES = {number: f"{{{place}}}" for place, number in enumerate(_STAND_INS)}
_UNPLACED = "?"
_POSTCODE = "LE1 1AA"


class Masked(NamedTuple):
    """A text without its numbers and its postcode: `fixed` stands around them."""

    fixed: list[str]
    numbers: list[str]
    postcode: str | None

    @property
    def form(self) -> str:
        return "#".join(self.fixed)

    @property
    def repeats(self) -> bool:
        return len(self.numbers) > 1 and len(set(self.numbers)) < len(self.numbers)


class Pattern(NamedTuple):
    """What a form is read into. `varying`: place of a part that holds numbers, its text with "{0}" for the first of them."""

    parts: Sequence[str | None]
    varying: Sequence[tuple[int, str]]


def mask(text: str) -> Masked:
    pieces = _VARYING.split(text)
    numbers = pieces[1::2]
    postcode = numbers.pop() if numbers and numbers[-1][0] > "9" else None
    return Masked(pieces[::2], numbers, postcode)


def specimen(masked: Masked) -> str | None:
    """An address of that form; None where the form holds a digit, or more numbers than an address has."""
    if len(masked.numbers) > len(_STAND_INS) or _DIGITS.search("".join(masked.fixed)):
        return None
    varying = [*_STAND_INS[: len(masked.numbers)], _POSTCODE if masked.postcode else "", ""]
    return "".join(fixed + value for fixed, value in zip(masked.fixed, varying, strict=False))


def pattern(parts: Sequence[str | None]) -> Pattern | None:
    """What every address of a form is read into, from the parts of its specimen; None if a digit came from elsewhere."""
    templates = [(place, part, _DIGITS.sub(_placed, part)) for place, part in enumerate(parts) if part]
    if any(_UNPLACED in template for _, _, template in templates):
        return None
    return Pattern(parts, [(place, template) for place, part, template in templates if template != part])


def _placed(found: re.Match[str]) -> str:
    return _PLACES.get(found[0], _UNPLACED)
