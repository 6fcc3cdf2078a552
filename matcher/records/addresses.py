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
from matcher.records.address_parts import Segment, read_segment, town_of
from matcher.records.address_words import (
    COUNTIES,
    COUNTY_WORDS,
    FLATS,
    FLOORS,
    TOWNS,
)
from matcher.records.scripts import to_ascii

LONGEST = 300  # characters of a cell that are read

MARKS = {code: " " for code in range(128) if not chr(code).isalnum()}
MARKS |= (
    {ord(mark): "," for mark in "\n\r;|,()[]"}
    | {ord(mark): "" for mark in "'`\""}
    | {ord(mark): mark for mark in "/&-"}
)
_POSTCODE_LAST = re.compile(r"(?:^|\s)((?:GIR|[A-Z]{1,2}[0-9OI][0-9A-Z]?|[A-Z0-9]{2,4})\s?[0-9OI][A-Z]{2})$")
_POSTCODE_ANYWHERE = re.compile(r"(?<![A-Z0-9])([A-Z]{1,2}[0-9][0-9A-Z]?\s?[0-9][A-Z]{2})(?![A-Z0-9])")
_POSTCODE_TRACE = re.compile(r"[A-Z][0-9]|[0-9][A-Z]{2}")  # in every postcode, whole or half, and in few house numbers
_OUTWARD_LAST = re.compile(r"(?<=\s)[A-Z]{1,2}[0-9]{1,2}[A-Z]?$")
_RANGE = re.compile(r"(?<=\d)([A-Z]?)\s*(?:-|&|\bTO\b)\s*(?=\d)")
_LETTERED = re.compile(r"(?<![A-Z0-9])([A-Z])-(?=\d)")
_CARE_OF = re.compile(r"(?:C/O|C O|CARE OF)\b")
_ALPHANUMERIC = re.compile(r"[A-Z0-9]")
_NAME_BEFORE_NUMBER = re.compile(r"^[^0-9]*")


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
    """Reads addresses; remembers the segments and postcodes it has met for as long as it lives, and nothing beyond."""

    def __init__(self) -> None:
        self._segments: dict[tuple[str, bool, bool], Segment] = {}
        self._postcodes: dict[str, str | None] = {}

    def parse(
        self, address: str | None, line_2: str | None = None, town: str | None = None, postcode: str | None = None
    ) -> Address:
        """The parts of one address."""
        text = ",".join([plain(line) for line in (address, line_2, town) if line])
        return self.read(text, bool(town), self.repair(postcode) if postcode else None)

    def read(self, text: str, town_written: bool, code: str | None) -> Address:
        """The parts of a cleaned text, a town column at its end; `code`: of the postcode column."""
        pieces = (" ".join(part.split()) for part in text.split(","))
        segments = [segment for segment in pieces if _ALPHANUMERIC.search(segment)]
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
        return self._parts(segments, town_written and len(segments) > 1, code, kind)

    def repair(self, text: str) -> str | None:
        """The postcode that a text writes."""
        if text not in self._postcodes:
            self._postcodes[text] = postcodes.repair(to_ascii(text)[:LONGEST])
        return self._postcodes[text]

    def _take_postcode(self, segments: list[str]) -> tuple[str | None, list[str]]:
        """The postcode within the address (the last one) and the segments without it, or without a bare outward half."""
        if not any(map(_POSTCODE_TRACE.search, segments)):
            return None, segments
        for place in range(len(segments) - 1, max(-1, len(segments) - 3), -1):
            found = _POSTCODE_LAST.search(segments[place])
            code = self.repair(found[1]) if found and any(map(str.isdigit, found[1])) else None
            if found and code:
                left = segments[place][: found.start()].rstrip()
                return code, [*segments[:place], *([left] if left else []), *segments[place + 1 :]]
        for place in range(len(segments) - 1, -1, -1):
            if len(segments[place]) < 5:
                continue
            for found in reversed(list(_POSTCODE_ANYWHERE.finditer(segments[place]))):
                code = self.repair(found[1])
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
            flat, runs = self._segment(segment, bool(flats), alone)
            flats += [flat] if flat else []
            for number, flat, phrase in runs:
                flats += [flat] if flat else []
                if waiting and number:
                    flats.append(waiting)
                    waiting = None
                number, waiting = number or waiting, None
                if not phrase:
                    waiting = number
                    continue
                building, name, what, rest = phrase
                if building:
                    pieces.append(_Piece(number, building, "building", ""))
                    number = None
                pieces.append(_Piece(number, name, what, rest))
        return _assembled(flats, pieces, waiting, town, code, kind)

    def _segment(self, text: str, has_flat: bool, alone: bool) -> Segment:
        key = (text, has_flat, alone)
        found = self._segments.get(key)
        if found is None:
            found = self._segments[key] = read_segment(text, has_flat, alone)
        return found


def plain(text: str) -> str:
    """A line in upper-case ASCII, other marks than commas, slashes and hyphens of numbers turned into spaces."""
    text = text[:LONGEST] if text.isascii() else to_ascii(text[:LONGEST])[:LONGEST]
    text = text.upper().translate(MARKS)
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
        town = town_of(places[-1])
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
