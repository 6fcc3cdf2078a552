"""Tidy the parts of an address: takes dictionary values (each distinct text once), gives canonical ones or None.

"12B", "Flat B, 12" and "B/12" are one door; "FLAT 02" and "APARTMENT 2" are one flat. Refuses nothing: a part that
means nothing becomes None. Also tells alike streets from different ones, and what kind of place the words name.
"""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA

_FLAT_WORDS = {"FLAT", "FLT", "APARTMENT", "APT", "UNIT", "MAISONETTE", "NUMBER", "NO", "STUDIO", "SUITE"}
_FLOORS = {
    "GROUND": "GF", "BASEMENT": "BF", "LOWER": "BF", "TOP": "TF", "ATTIC": "TF", "UPPER": "TF",
    "FIRST": "1F", "1ST": "1F", "SECOND": "2F", "2ND": "2F", "THIRD": "3F", "3RD": "3F", "FOURTH": "4F", "4TH": "4F",
}  # fmt: skip
_STREET_TYPES = {
    "ROAD", "STREET", "AVENUE", "CLOSE", "DRIVE", "LANE", "WAY", "COURT", "CRESCENT", "GROVE", "PLACE", "GARDENS",
    "TERRACE", "SQUARE", "WALK", "HILL", "RISE", "GREEN", "ROW", "PARK", "VIEW", "MEWS", "YARD", "GATE", "END",
    "FIELDS", "CROFT", "MEADOW", "VALE", "MOUNT", "PARADE", "BOULEVARD", "PASSAGE", "HEIGHTS",
}  # fmt: skip
_NUMBER_LETTER = re.compile(r"^0*(\d+) *([A-Z])$")
_FLAT_SLASH = re.compile(r"^0*(\d+|[A-Z]) */ *0*(\d+)([A-Z]?)$")
_RANGE = re.compile(r"^0*(\d+) *[-–] *0*(\d+)$")

HOSTEL_WORDS = re.compile(
    r"\b(HOSTEL|REFUGE|NIGHT ?SHELTER|FOYER|YMCA|YWCA|HALFWAY HOUSE|SHELTER|BED AND BREAKFAST|B AND B)\b"
)
INSTITUTION_WORDS = re.compile(
    r"\b(HMP|HMYOI|YOI|PRISON|CARE HOME|NURSING HOME|RESIDENTIAL HOME|RESIDENTIAL CARE|REST HOME|HOSPITAL|CHILDRENS HOME"
    r"|SECURE UNIT|BARRACKS|HALLS? OF RESIDENCE|STUDENT HALLS?)\b"
)
NEVER_HOME_WORDS = re.compile(
    r"\b(HMP|HMYOI|YOI|PRISON|HOSPITAL|POLICE STATION|MAGISTRATES COURT|CROWN COURT|CUSTODY)\b"
)
ROOM_WORDS = re.compile(r"\b(ROOM|RM|BEDSIT|BED SIT)\b")


def flat(text: str) -> str | None:
    """ "FLAT 02" -> "2", "ROOM 3" -> "RM3", "GROUND FLOOR FLAT" -> "GF", "2 A" -> "2A"."""
    words = text.upper().replace(",", " ").replace(".", " ").split()
    floors = [_FLOORS[word] for word in words if word in _FLOORS]
    if floors and not any(word.isdigit() for word in words):
        return floors[0]
    room = any(ROOM_WORDS.fullmatch(word) for word in words)
    kept = [
        word
        for word in words
        if word not in _FLAT_WORDS and word not in _FLOORS and word != "FLOOR" and not ROOM_WORDS.fullmatch(word)
    ]
    tidy = "".join(word.lstrip("0") or "0" for word in kept)
    if not tidy:
        return None
    return f"RM{tidy}" if room else tidy


def number(text: str) -> str | None:
    """ "012" -> "12", "12 b" -> "12B", "12 - 14" -> "12-14", "NO 7" -> "7"."""
    tidy = " ".join(
        word for word in text.upper().replace(",", " ").replace(".", " ").split() if word not in _FLAT_WORDS
    )
    if not tidy:
        return None
    found = _NUMBER_LETTER.match(tidy)
    if found:
        return found.group(1) + found.group(2)
    found = _RANGE.match(tidy)
    if found:
        return f"{found.group(1)}-{found.group(2)}"
    return tidy.replace(" ", "").lstrip("0") or None


def words(text: str) -> str | None:
    """A street, building or town: upper case, single spaces, no leading THE, "&" spelt out."""
    tidy = " ".join(text.upper().replace("&", " AND ").replace("'", "").replace(".", " ").replace(",", " ").split())
    return tidy.removeprefix("THE ") or None


def base_and_unit(flat_text: str | None, number_text: str | None) -> tuple[str | None, str | None]:
    """The number behind one street door and the unit behind it, from the tidy flat and number.

    ("B", "12"), (None, "12B"), (None, "B/12") -> ("12", "B"); ("2", "12B") -> ("12B", "2"); ("12B", None) -> ("12", "B").
    """
    if number_text is None:
        if flat_text is None or not flat_text[0].isdigit():
            return None, flat_text
        return base_and_unit(None, flat_text)
    slash = _FLAT_SLASH.match(number_text)
    if slash:
        return slash.group(2) + slash.group(3), flat_text or slash.group(1)
    if flat_text is None:
        letter = _NUMBER_LETTER.match(number_text)
        if letter:
            return letter.group(1), letter.group(2)
    return number_text, flat_text


def split_street(text: str) -> tuple[str, str]:
    """Name and type of a street: "HIGH STREET" -> ("HIGH", "STREET"); a type that is missing is ""."""
    parts = text.split(" ")
    if len(parts) > 1 and parts[-1] in _STREET_TYPES:
        return " ".join(parts[:-1]), parts[-1]
    return text, ""


def same_street(one: str, other: str) -> bool:
    """Whether two texts in one postcode are one street misspelt or cut short: ASH ROAD and ASH CLOSE are not."""
    name_l, type_l = split_street(one)
    name_r, type_r = split_street(other)
    if type_l and type_r and type_l != type_r:
        return False
    if bool(type_l) != bool(type_r) and _alike(one, other):  # the type itself is misspelt
        return True
    if _alike(name_l, name_r):
        return True
    # a street with a further line behind it ("ASH ROAD OADBY"), or cut short by a narrow column
    short, long = sorted((one, other), key=len)
    return len(short) >= 5 and long.startswith(short)


def _alike(one: str, other: str) -> bool:
    longest = max(len(one), len(other))
    allowed = 0 if longest < 4 else 1 if longest < 7 else 2 if longest < 12 else 3
    return OSA.distance(one.replace(" ", ""), other.replace(" ", ""), score_cutoff=allowed) <= allowed


def near_postcode(one: str, other: str) -> bool:
    """Whether one postcode is the other with one key wrong, or two neighbours swapped."""
    return OSA.distance(one.replace(" ", ""), other.replace(" ", ""), score_cutoff=1) <= 1
