"""Written UK addresses -> parts. Takes an address line (two, with a town and a postcode column, where there are), gives
an `Address`: flat, building, number, street, town, postcode, the kind of address, and one cleaned line for display.

Where the address and the postcode column disagree, the column wins. Counties and the country are left out. No text is
refused: what cannot be told apart stays in the street or building. A letter behind a house number stays with it ("12A");
a "Flat A" of number 12 is flat A: whether they are one dwelling is for the stage that forms households.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from matcher.fields import postcodes
from matcher.records.address_kinds import kind_of
from matcher.records.address_words import (
    ABBREVIATIONS,
    BUILDINGS,
    COUNTIES,
    COUNTY_WORDS,
    DIRECTIONS,
    FIRST_ABBREVIATIONS,
    FLATS,
    FLOORS,
    LAST_ABBREVIATIONS,
    NUMBER_WORDS,
    STREET_TYPES,
    TOWNS,
)
from matcher.records.scripts import to_ascii

LONGEST = 300  # characters of a cell that are read

_MARKS = {code: " " for code in range(128) if not chr(code).isalnum()}
_MARKS |= (
    {ord(mark): "," for mark in "\n\r;|,()[]"}
    | {ord(mark): "" for mark in "'`\""}
    | {ord(mark): mark for mark in "/&-"}
)
_POSTCODE_LAST = re.compile(r"(?:^|\s)((?:GIR|[A-Z]{1,2}[0-9OI][0-9A-Z]?|[A-Z0-9]{2,4})\s?[0-9OI][A-Z]{2})$")
_POSTCODE_ANYWHERE = re.compile(r"(?<![A-Z0-9])([A-Z]{1,2}[0-9][0-9A-Z]?\s?[0-9][A-Z]{2})(?![A-Z0-9])")
_OUTWARD_LAST = re.compile(r"(?<=\s)[A-Z]{1,2}[0-9]{1,2}[A-Z]?$")
_RANGE = re.compile(r"(?<=\d)([A-Z]?)\s*(?:-|&|\bTO\b)\s*(?=\d)")
_LETTERED = re.compile(r"(?<![A-Z0-9])([A-Z])-(?=\d)")
_NUMBER = re.compile(r"\d{1,5}[A-Z]?(?:-\d{1,5}[A-Z]?)?")
_SLASHED = re.compile(r"(\d{1,4}[A-Z]?|[A-Z])/(\d{1,5}[A-Z]?)")
_FLAT_ID = re.compile(r"\d{1,4}[A-Z]?|[A-Z]\d{0,3}|\d{1,3}[/-]\d{1,3}")
_CARE_OF = re.compile(r"(?:C/O|C O|CARE OF)\b")
_NAME_BEFORE_NUMBER = re.compile(r"^[^0-9]*")

_BEFORE_NUMBER = STREET_TYPES | DIRECTIONS | ABBREVIATIONS.keys() | {"ST"}


class Address(NamedTuple):
    """The parts of an address, upper-case ASCII; `kind` as the table of records declares it."""

    address: str | None = None
    flat: str | None = None
    building: str | None = None
    number: str | None = None
    street: str | None = None
    town: str | None = None
    postcode: str | None = None
    kind: str = "none"


class _Piece(NamedTuple):
    """What stands between two commas: a number, what it numbers, whether that is a street or building, and what follows."""

    number: str | None
    phrase: str
    kind: str  # "street", "building", "court" (either of them) or ""
    rest: str


class AddressParser:
    """Reads addresses; remembers the streets and postcodes it has met for as long as it lives, and nothing beyond."""

    def __init__(self) -> None:
        self._phrases: dict[tuple[str, bool], tuple[str, str, str, str]] = {}
        self._postcodes: dict[str, str | None] = {}

    def parse(
        self, address: str | None, line_2: str | None = None, town: str | None = None, postcode: str | None = None
    ) -> Address:
        """The parts of one address."""
        lines = [_plain(line) for line in (address, line_2, town) if line]
        segments = [segment for line in lines for part in line.split(",") if (segment := " ".join(part.split()))]
        segments = [segment for segment in segments if segment not in "/&-" and any(map(str.isalnum, segment))]
        code = self._repair(postcode) if postcode else None
        segments = _without_county(segments)
        inline, segments = self._take_postcode(segments)
        segments = _without_county(segments) if inline else segments
        code = code or inline
        if not segments:
            return Address(postcode=code)
        text = ", ".join(segments)
        kind = kind_of(text, segments, code)
        if kind in ("none", "no_fixed_abode", "po_box"):
            shown = {"none": None, "no_fixed_abode": "NO FIXED ABODE"}.get(kind, text)
            return Address(address=shown, postcode=code, kind=kind)
        return self._parts(segments, bool(town and len(segments) > 1), code, kind)

    def _repair(self, text: str) -> str | None:
        if text not in self._postcodes:
            self._postcodes[text] = postcodes.repair(to_ascii(text)[:LONGEST])
        return self._postcodes[text]

    def _take_postcode(self, segments: list[str]) -> tuple[str | None, list[str]]:
        """The postcode within the address (the last one) and the segments without it, or without a bare outward half."""
        for place in range(len(segments) - 1, max(-1, len(segments) - 3), -1):
            found = _POSTCODE_LAST.search(segments[place])
            code = self._repair(found[1]) if found and any(map(str.isdigit, found[1])) else None
            if found and code:
                left = segments[place][: found.start()].rstrip()
                return code, [*segments[:place], *([left] if left else []), *segments[place + 1 :]]
        for place in range(len(segments) - 1, -1, -1):
            if len(segments[place]) < 5:
                continue
            for found in reversed(list(_POSTCODE_ANYWHERE.finditer(segments[place]))):
                code = self._repair(found[1])
                if code:
                    left = " ".join((segments[place][: found.start()] + segments[place][found.end() :]).split())
                    return code, [*segments[:place], *([left] if left else []), *segments[place + 1 :]]
        if segments and FLATS.isdisjoint(segments[-1].split()):
            outward = _OUTWARD_LAST.search(segments[-1])
            if outward and segments[-1][: outward.start()].strip():
                return None, [*segments[:-1], segments[-1][: outward.start()].rstrip()]
            if len(segments) > 1 and _OUTWARD_LAST.search(" " + segments[-1]) and " " not in segments[-1]:
                return None, segments[:-1]
        return None, segments

    def _parts(self, segments: list[str], town_given: bool, code: str | None, kind: str) -> Address:
        town = segments.pop() if town_given else None
        flats: list[str] = []
        pieces: list[_Piece] = []
        waiting: str | None = None  # a number alone between commas: of the next segment, or a flat if that has its own
        alone = len(segments) == 1
        for segment in segments:
            if segment.startswith("C") and _CARE_OF.match(segment):
                segment = _NAME_BEFORE_NUMBER.sub("", segment)
                if not segment:
                    continue
            flat, words = _take_flat(segment.split())
            flats += [flat] if flat else []
            for run in _runs(words):
                number, flat, words_left = _take_number(run, bool(flats))
                flats += [flat] if flat else []
                if waiting and number:
                    flats.append(waiting)
                    waiting = None
                number, waiting = number or waiting, None
                if not words_left:
                    waiting = number
                    continue
                building, phrase, what, rest = self._phrase(" ".join(words_left), alone)
                if building:
                    pieces.append(_Piece(number, building, "building", ""))
                    number = None
                pieces.append(_Piece(number, phrase, what, rest))
        return _assembled(flats, pieces, waiting, town, code, kind)

    def _phrase(self, text: str, alone: bool) -> tuple[str, str, str, str]:
        """(building before it, phrase with abbreviations spelt out, its kind, what follows it)."""
        key = (text, alone)
        found = self._phrases.get(key)
        if found is None:
            found = self._phrases[key] = _read_phrase(text.split(), alone)
        return found


def _plain(text: str) -> str:
    text = text[:LONGEST] if text.isascii() else to_ascii(text[:LONGEST])[:LONGEST]
    text = text.upper().translate(_MARKS)
    if "-" in text or "&" in text or " TO " in text:
        text = _LETTERED.sub(r"\1", _RANGE.sub(r"\1-", text))
        text = re.sub(r"(?<!\d)(?<!\d[A-Z])-|-(?!\d)", " ", text)
        text = text.replace("&", " AND ")
    return text


def _without_county(segments: list[str]) -> list[str]:
    while len(segments) > 1 and segments[-1] in COUNTIES:
        segments = segments[:-1]
    if segments:
        words = segments[-1].split()
        while len(words) > 1 and words[-1] in COUNTY_WORDS and not words[-2][0].isdigit():
            words.pop()
        if len(words) > 2 and f"{words[-2]} {words[-1]}" in COUNTIES:
            words = words[:-2]
        segments = [*segments[:-1], " ".join(words)]
    return segments


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
        if first.isdigit() and second.isdigit() and int(second) - int(first) == 2:
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


def _what(words: list[str]) -> str:
    last = words[-1]
    if last in DIRECTIONS and len(words) > 2 and words[-2] in STREET_TYPES:
        return "street"
    if len(words) > 1 and last in STREET_TYPES:
        return "court" if last in BUILDINGS else "street"
    return "building" if last in BUILDINGS or last.rstrip("0123456789") in BUILDINGS else ""


def _read_phrase(words: list[str], alone: bool) -> tuple[str, str, str, str]:
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
                return " ".join(spelt[: place + 1]), " ".join(spelt[place + 1 :]), what, " ".join(rest)
    return "", " ".join(spelt), what, " ".join(rest)


def _flat_shown(flat: str | None) -> str | None:
    if flat is None or flat == "FLAT":
        return flat
    return f"{flat} FLAT" if flat.split()[0] in FLOORS else f"FLAT {flat}"


def _is_place(piece: _Piece, place: int, chosen: int | None, *, only: bool) -> bool:
    """Whether a piece that is not the street names a place (a village, a town) and no building."""
    if chosen is not None:
        return place > chosen and piece.kind != "building"
    if place > 0:
        return piece.kind in ("", "court") and piece.number is None
    return only and piece.phrase in TOWNS


def _assembled(
    flats: list[str], pieces: list[_Piece], waiting: str | None, town: str | None, code: str | None, kind: str
) -> Address:
    """Pieces in their order -> which is the building, which the street, which the town."""
    chosen = next((i for i, piece in enumerate(pieces) if piece.number and piece.kind == "street"), None)
    if chosen is None:
        chosen = next((i for i, piece in enumerate(pieces) if piece.number and not piece.kind), None)
    if chosen is None:
        chosen = next((i for i, piece in enumerate(pieces) if piece.kind == "street"), None)
    if chosen is None:
        chosen = next((i for i, piece in enumerate(pieces) if piece.kind == "court" and (piece.number or i)), None)
    if chosen is None:
        chosen = next((i for i, piece in enumerate(pieces) if piece.number), None)
    buildings: list[str] = []
    places: list[str] = []
    number = waiting
    street: str | None = None
    for place, piece in enumerate(pieces):
        if place == chosen:
            number, street = piece.number or waiting, piece.phrase
        elif _is_place(piece, place, chosen, only=len(pieces) == 1 and not flats):
            places.append(piece.phrase)
        else:
            buildings.append(piece.phrase)
            if piece.number:
                flats.append(piece.number)
        if piece.rest:
            places.append(piece.rest)
    flat = "/".join(dict.fromkeys(flats)) or None
    if number is None and street is None and flat and not buildings:
        number, flat = flat, None
    building = " ".join(dict.fromkeys(buildings)) or None
    if town is None and places:
        words = places[-1].split()
        size = 0 if places[-1] in TOWNS else _town_at_end(words)
        town = " ".join(words[-size:]) if size else places[-1]
    elif town is not None:
        places.append(town)
    shown = (
        _flat_shown(flat),
        building,
        " ".join(part for part in (number, street) if part) or None,
        *places,
    )
    return Address(
        ", ".join(dict.fromkeys(part for part in shown if part)) or None,
        flat,
        building,
        number,
        street,
        town,
        code,
        kind,
    )
