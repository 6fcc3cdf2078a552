"""Words between two commas of an address -> flat, number, street or building. Takes cleaned words, gives parts; refuses nothing."""

from __future__ import annotations

import re
from typing import NamedTuple

from matcher.records.address_words import (
    ABBREVIATIONS,
    BUILDINGS,
    DIRECTIONS,
    FIRST_ABBREVIATIONS,
    FLATS,
    FLOORS,
    LAST_ABBREVIATIONS,
    NUMBER_WORDS,
    STREET_TYPES,
    TOWNS,
)


class Phrase(NamedTuple):
    """Words with abbreviations spelt out; `building` stands before the phrase in one run of words, `rest` follows it."""

    building: str
    phrase: str
    kind: str  # "street", "building", "court" (either of them) or ""
    rest: str


class Run(NamedTuple):
    """A house number and what it numbers, or either; `flat` as in "2/12"."""

    number: str | None
    flat: str | None
    phrase: Phrase | None


class Segment(NamedTuple):
    """What stands between two commas."""

    flat: str | None
    runs: tuple[Run, ...]


_NUMBER = re.compile(r"\d{1,5}[A-Z]?(?:-\d{1,5}[A-Z]?)?")
_SLASHED = re.compile(r"(\d{1,4}[A-Z]?|[A-Z])/(\d{1,5}[A-Z]?)")
_FLAT_ID = re.compile(r"\d{1,4}[A-Z]?|[A-Z]\d{0,3}|\d{1,3}[/-]\d{1,3}")
_BEFORE_NUMBER = STREET_TYPES | DIRECTIONS | ABBREVIATIONS.keys() | {"ST"}


def read_segment(text: str, has_flat: bool, alone: bool) -> Segment:
    """`has_flat`: an earlier segment has named one. `alone`: the whole address is this segment."""
    flat, words = _take_flat(text.split())
    has_flat = has_flat or flat is not None
    found: list[Run] = []
    for run in _runs(words):
        number, other, left = _take_number(run, has_flat)
        has_flat = has_flat or other is not None
        found.append(Run(number, other, _read_phrase(left, alone) if left else None))
    return Segment(flat, tuple(found))


def _take_flat(words: list[str]) -> tuple[str | None, list[str]]:
    """The flat that a segment names, and its other words."""
    if words[0] in FLOORS:
        size = 0
        while size < len(words) and (words[size] in FLOORS or words[size] in ("FLOOR", "FLR", "LEVEL")):
            size += 1
        label = " ".join(dict.fromkeys(FLOORS[word] for word in words[:size] if word in FLOORS))
        after = words[size:]
        if after and after[0] in FLATS:
            if len(after) > 1 and _FLAT_ID.fullmatch(after[1]) and (len(after) == 2 or not after[2].isalpha()):
                return after[1], after[2:]
            return label, after[1:]
        if not after or "FLOOR" in words[:size] or "FLR" in words[:size] or words[0] in ("BASEMENT", "GFF", "FFF"):
            return label, after[1:] if after[:1] == ["OF"] else after
        return None, words
    if FLATS.isdisjoint(words):
        return None, words
    place = next(i for i, word in enumerate(words) if word in FLATS)
    after = words[place + 1 :]
    if after and after[0] in ("NO", "NUMBER"):
        after = after[1:]
    before = words[:place]
    if before[-1:] == ["THE"]:
        before = before[:-1]
    if after and after[0] in NUMBER_WORDS:
        return NUMBER_WORDS[after[0]], before + after[1:]
    if after and _FLAT_ID.fullmatch(after[0]):
        if "/" in after[0] and len(after) > 1 and after[1].isalpha() and not before:
            flat, _, number = after[0].partition("/")
            return flat, [number, *after[1:]]
        return after[0], before + after[1:]
    if place == 0 and (not after or after[0] in ("ABOVE", "AT", "OVER", "REAR", "BEHIND")):
        return "FLAT", after[1:]
    if not before and after and after[0][0].isdigit():
        return "FLAT", after
    return (None, words) if before else ("FLAT", after)


def _runs(words: list[str]) -> list[list[str]]:
    """A segment parted before a house number that stands inside it ("ROSE COURT 5 HIGH STREET")."""
    for place in range(1, len(words) - 1):
        if words[place][0].isdigit() and _NUMBER.fullmatch(words[place]) and words[place - 1].isalpha():
            if words[place - 1] in ("NO", "NUMBER", "PLOT", "BLOCK"):
                continue
            if len(words[place - 1]) > 1 and words[place + 1].isalpha():
                return [words[:place], words[place:]]
    return [words] if words else []


def _take_number(words: list[str], has_flat: bool) -> tuple[str | None, str | None, list[str]]:
    """(house number, flat, other words) of a segment without its "Flat 2"."""
    if words[0] in ("NO", "NUMBER") and len(words) > 1 and words[1][0].isdigit():
        words = words[1:]
    if not words[0][0].isdigit():
        slashed = _SLASHED.fullmatch(words[0]) if "/" in words[0] else None
        if slashed:
            return slashed[2], slashed[1], words[1:]
        if len(words) > 1 and _NUMBER.fullmatch(words[-1]) and words[-2] in _BEFORE_NUMBER:
            return words[-1], None, words[:-1]
        if len(words) == 1 and _FLAT_ID.fullmatch(words[0]) and words[0][-1].isdigit():
            return None, words[0], []
        return None, None, words
    slashed = _SLASHED.fullmatch(words[0])
    if slashed:
        first, second = slashed[1], slashed[2]
        if has_flat:
            return f"{_bare(first)}-{_bare(second)}", None, words[1:]
        return _bare(second), _bare(first), words[1:]
    if not _NUMBER.fullmatch(words[0]):
        return None, None, words
    number = _bare(words[0])
    if len(words) > 1 and _NUMBER.fullmatch(words[1]) and not has_flat:
        return _bare(words[1]), number, words[2:]
    if len(words) > 2 and len(words[1]) == 1 and words[1] in "ABCDEFGH" and number.isdigit():
        return number + words[1], None, words[2:]
    if len(words) == 2 and len(words[1]) == 1 and words[1].isalpha():
        return number + words[1], None, []
    return number, None, words[1:]


def _bare(number: str) -> str:
    """A number without leading zeros."""
    return number.lstrip("0") or "0"


def _spelt_out(words: list[str]) -> list[str]:
    out: list[str] = []
    for place, word in enumerate(words):
        last = place == len(words) - 1
        if place == 0 and len(words) > 1:
            out.append(FIRST_ABBREVIATIONS.get(word, word))
        elif place == 0:
            out.append(word)
        elif word == "ST":
            later = words[place + 1 :]
            named = any(ABBREVIATIONS.get(name, name) in STREET_TYPES for name in later) or later[-1:] == ["ST"]
            out.append("SAINT" if later and (named or out[-1] == "STREET") else "STREET")
        elif last and word in LAST_ABBREVIATIONS and (word == "LA" or out[-1] in STREET_TYPES):
            out.append(LAST_ABBREVIATIONS[word])
        else:
            out.append(ABBREVIATIONS.get(word, word))
    return out


def _town_at_end(words: list[str]) -> int:
    """How many words at the end are a known town, leaving at least one; 0 if none."""
    return next((size for size in (4, 3, 2, 1) if len(words) > size and " ".join(words[-size:]) in TOWNS), 0)


def town_of(place: str) -> str:
    """The known town at the end of a place, else the place."""
    words = place.split()
    size = 0 if place in TOWNS else _town_at_end(words)
    return " ".join(words[-size:]) if size else place


def _what(words: list[str]) -> str:
    last = words[-1]
    if last in DIRECTIONS and len(words) > 2 and words[-2] in STREET_TYPES:
        return "street"
    if len(words) > 1 and last in STREET_TYPES:
        return "court" if last in BUILDINGS else "street"
    return "building" if last in BUILDINGS or last.rstrip("0123456789") in BUILDINGS else ""


def _read_phrase(words: list[str], alone: bool) -> Phrase:
    spelt = _spelt_out(words)
    what = _what(spelt)
    rest: list[str] = []
    if what == "":
        size = _town_at_end(spelt)
        head, rest = (spelt[: len(spelt) - size], spelt[len(spelt) - size :]) if size else (spelt, [])
        what = _what(head)
        first = next((i for i, word in enumerate(head) if i and word in STREET_TYPES), None)
        if what == "" and first is None and (not alone or head[0] in ("HMP", "HMYOI", "YOI")):
            head, rest = spelt, []
        elif what == "" and first is not None and (alone or size):
            end = first + 1
            while end < len(head) and (head[end] in STREET_TYPES or head[end] in DIRECTIONS):
                end += 1
            head, rest = head[:end], head[end:] + rest
            what = _what(head)
        spelt = head
    if alone and what in ("street", "court"):
        for place in range(1, len(spelt) - 2):
            if spelt[place] in BUILDINGS:
                return Phrase(" ".join(spelt[: place + 1]), " ".join(spelt[place + 1 :]), what, " ".join(rest))
    return Phrase("", " ".join(spelt), what, " ".join(rest))
