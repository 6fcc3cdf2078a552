"""Forms of addresses: those that differ in house numbers, names, types of streets, postcode and town alone are read alike. Takes a
text in which all but the town is open ("FLAT #,# a s,OADBY", see `address_open`), gives its form; makes the pattern that all
addresses of a form are read into, or None where they have to be read one by one. Refuses nothing.

A number of a form has one to three digits, no leading zero, and may have a letter behind it, which stays in the form. How an
address is read depends on where numbers, names and types stand and on which are alike, never on which they are; nor on which town
it is, of those that a list knows and whose words mean nothing else. A form is learned from stand-ins, never from a person's
address. Any other digit ("1ST", "A50", "1004") keeps an address out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matcher.records import address_open as opening
from matcher.records.address_parts import Phrase, Run, Segment, read_segment
from matcher.records.address_words import COUNTIES, COUNTY_WORDS, TOWNS

NUMBER = "#"
"""Stands in a form where a number stood."""
MOST_NUMBERS = 8


def _is_plain(town: str) -> bool:
    """Whether a segment that holds it is read as that town alone, whatever stands before it."""
    alone = Segment(None, (Run(None, None, Phrase("", town, "", "")),))
    county = town in COUNTIES or town.split()[-1] in COUNTY_WORDS
    return not county and all(read_segment(town, flat, one) == alone for flat in (True, False) for one in (True, False))


PLAIN_TOWNS = {town: place for place, town in enumerate(sorted(filter(_is_plain, TOWNS)))}
"""Towns that forms leave open, and their places."""

_NUMBERS = tuple(
    map(str, range(701, 701 + MOST_NUMBERS))
)  # no number that a word is read as ("Flat One") is among them
_TOWN = "LOUGHBOROUGH"
_NAMES = tuple(f"Q{letter.upper() * 3}Q" for letter in opening.NAMES)
_TYPES = ("LOKE", "WEND", "WYND", "TURNPIKE")  # no abbreviation is read as one of them
_OF_LETTERS = dict(zip(opening.NAMES + opening.TYPES, _NAMES + _TYPES, strict=True))
_PLACES = {text: place for place, text in enumerate((*_NUMBERS, _TOWN, *_NAMES, *_TYPES))}
_DIGITS = re.compile(r"[0-9]")
_OPEN = re.compile(r"[a-z]")
_VARYING = re.compile(rf"([0-9]+|\b(?:{'|'.join((_TOWN, *_NAMES, *_TYPES))})\b)")
_ANY_TOWN = re.compile("|".join(sorted(TOWNS, key=len, reverse=True)))
_POSTCODE = "LE1 1AA"


Template = Sequence[str | int]
"""A part: texts, and in between the places of what varies: the numbers, the town, the names, the types."""


class Pattern(NamedTuple):
    """What a form is read into. `templates`: one for each part but kind and postcode; None where there is no such part."""

    templates: Sequence[Template | None]
    kind: str


class Form(NamedTuple):
    """`text` without a town that is left open; `town`: whether one is. `town_column`: whether it has such a part; `postcode`:
    False where it matters that there is none: where a country may stand last."""

    text: str
    town: bool
    town_column: bool
    postcode: bool


def without_town(text: str) -> tuple[str, str | None]:
    """The text of a form and the town that it leaves open."""
    head, _, last = text.rpartition(",")
    return (head, last) if head and last in PLAIN_TOWNS and not _ANY_TOWN.search(head) else (text, None)


def pattern_of(form: Form, read: Callable[[str, bool, str | None], Sequence[str | None]]) -> Pattern | None:
    """What the addresses of a form are read into. `read` gives the parts of a cleaned text (with postcode and kind as the
    last two), told whether a town column is part of it and which postcode goes with it."""
    fixed = form.text.split(NUMBER)
    if len(fixed) > MOST_NUMBERS + 1 or opening.TOO_MANY in form.text or _DIGITS.search(form.text):
        return None
    if any(word in form.text for word in _NAMES + _TYPES):
        return None
    example = "".join(map("".join, zip(fixed, (*_NUMBERS[: len(fixed) - 1], ""), strict=True)))
    example = _OPEN.sub(lambda letter: _OF_LETTERS[letter[0]], example)
    *parts, _, kind = read(
        f"{example},{_TOWN}" if form.town else example, form.town_column, _POSTCODE if form.postcode else None
    )
    if form.town and any(part in TOWNS and part != _TOWN for part in (parts[0] or "").split(", ")):
        return None  # a town that is named twice is shown once
    templates = [None if part is None else _template(part, form.town) for part in parts]
    if any(template is not None and -1 in template for template in templates):
        return None  # a number that stood for none of the address
    return Pattern(templates, str(kind))


def _template(part: str, town: bool) -> Template:
    """The template of a part; a town that the form itself holds does not vary."""
    return [
        _PLACES.get(piece, -1) if piece.isdigit() or (piece in _PLACES and (piece != _TOWN or town)) else piece
        for piece in _VARYING.split(part)
        if piece
    ]
