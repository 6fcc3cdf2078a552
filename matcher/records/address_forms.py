"""Forms of addresses: those that differ in house numbers, names, postcode and town alone are read alike. Takes a cleaned text in
which numbers are masked ("FLAT #,# WALNUT STREET,OADBY"), gives its form and what that leaves open; makes the pattern that all
addresses of a form are read into, or None where they have to be read one by one. Refuses nothing.

A number of a form has one to three digits, no leading zero, and may have a letter behind it, which stays in the form. A name is
a word of three letters or more that no table holds. How an address is read depends on where numbers and names stand and on
which are alike, never on which they are; nor on which town it is, of those that a list knows and whose words mean nothing else.
A form is learned from stand-ins, never from a person's address. Any other digit ("1ST", "A50", "1004") keeps an address out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matcher.records.address_parts import Phrase, Run, Segment, read_segment
from matcher.records.address_words import COUNTIES, COUNTRIES, COUNTY_WORDS, KIND_WORDS, MEANINGFUL, TOWNS

NUMBER = "#"
"""Stands in a form where a number stood."""
MOST_NUMBERS = MOST_NAMES = 8
TOWN = MOST_NUMBERS
"""In a pattern 0 stands for the first number, TOWN for the town, NAMES for the first name."""
NAMES = TOWN + 1


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
_NAMES = tuple(f"Q{chr(65 + place) * 3}Q" for place in range(MOST_NAMES))
_PLACES = {text: place for place, text in enumerate((*_NUMBERS, _TOWN, *_NAMES))}
_DIGITS = re.compile(r"[0-9]")
_WORD = re.compile(r"(?<![^ ,])[A-Z]{3,}(?![^ ,])")
_OPEN = re.compile(r"[a-z]")
_VARYING = re.compile(rf"([0-9]+|\b(?:{'|'.join((_TOWN, *_NAMES))})\b)")
_ANY_TOWN = re.compile("|".join(sorted(TOWNS, key=len, reverse=True)))
_OF_COUNTRIES = frozenset(word for country in COUNTRIES for word in country.split())
_POSTCODE = "LE1 1AA"


class Pattern(NamedTuple):
    """What a form is read into. `templates`: for each part but kind and postcode, its texts and between them the places of
    what varies; None where there is no such part."""

    templates: Sequence[tuple[Sequence[str], Sequence[int]] | None]
    kind: str


class Form(NamedTuple):
    """`text` with names as "a", "b", without a town that is left open; `town`: whether one is. `town_column`: whether it
    has such a part; `postcode`: False where it matters that there is none."""

    text: str
    town: bool
    town_column: bool
    postcode: bool


def form_of(text: str, town_column: bool, postcode: bool) -> tuple[Form, str | None, Sequence[str]]:
    """The form of a text in which numbers are masked, and the town and the names that it leaves open."""
    names: dict[str, str] = {}
    words = text.replace(",", " ").split()
    postcode = postcode or _OF_COUNTRIES.isdisjoint(words)  # it tells where a country stands last, and nowhere else
    if KIND_WORDS.isdisjoint(words):

        def named(found: re.Match[str]) -> str:
            word = found[0]
            if word in MEANINGFUL or not word.strip("X"):
                return word
            return names.setdefault(word, chr(ord("a") + min(len(names), 25)))

        text = _WORD.sub(named, text)
    head, _, last = text.rpartition(",")
    if head and last in PLAIN_TOWNS and not _ANY_TOWN.search(head):
        return Form(head, True, town_column, postcode), last, tuple(names)
    return Form(text, False, town_column, postcode), None, tuple(names)


def pattern_of(form: Form, read: Callable[[str, bool, str | None], Sequence[str | None]]) -> Pattern | None:
    """What the addresses of a form are read into. `read` gives the parts of a cleaned text (with postcode and kind as the
    last two), told whether a town column is part of it and which postcode goes with it."""
    fixed = form.text.split(NUMBER)
    names = max((ord(name) - ord("a") + 1 for name in _OPEN.findall(form.text)), default=0)
    if len(fixed) > MOST_NUMBERS + 1 or names > MOST_NAMES or _DIGITS.search(form.text):
        return None
    if any(name in form.text for name in _NAMES):
        return None
    example = "".join(map("".join, zip(fixed, (*_NUMBERS[: len(fixed) - 1], ""), strict=True)))
    example = _OPEN.sub(lambda name: _NAMES[ord(name[0]) - ord("a")], example)
    *parts, _, kind = read(
        f"{example},{_TOWN}" if form.town else example, form.town_column, _POSTCODE if form.postcode else None
    )
    if form.town and any(part in TOWNS and part != _TOWN for part in (parts[0] or "").split(", ")):
        return None  # a town that is named twice is shown once
    templates = [None if part is None else _template(part, form.town) for part in parts]
    if any(template is not None and -1 in template[1] for template in templates):
        return None  # a number that stood for none of the address
    return Pattern(templates, str(kind))


def _template(part: str, town: bool) -> tuple[Sequence[str], Sequence[int]]:
    """The texts of a part and the places of what varies between them; a town that the form itself holds does not vary."""
    texts, places = [""], []
    for piece in _VARYING.split(part):
        if not piece.isdigit() and (piece not in _PLACES or (piece == _TOWN and not town)):
            texts[-1] += piece
        else:
            texts.append("")
            places.append(_PLACES.get(piece, -1))
    return texts, places
