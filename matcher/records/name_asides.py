"""What stands beside a name: nicknames and maiden names in brackets, quotes, behind "nee" or "aka". Takes a cell's text, gives
the name itself and the others; refuses nothing.
"""

from __future__ import annotations

import re

from matcher.records.name_parts import Person, letters_of
from matcher.records.name_words import NO_NAMES, SUFFIXES, TITLES
from matcher.records.scripts import to_ascii

_BRACKETS = re.compile(r"[(\[{<]([^)\]}>]*)[)\]}>]?|\"([^\"]*)\"?|(?<![A-Za-z])'([A-Za-z][A-Za-z ]+)'(?![A-Za-z])")
_MAIDEN = re.compile(r"\s(?:nee|formerly|previously|prev|maiden name|born)\b[\s:.]*", re.I)
_ALIAS = re.compile(r"\s(?:a\s?[./]\s?k\s?[./]\s?a\b\.?|aka|alias|also known as|known as|k/a|now)\b[\s:.]*", re.I)
_MARKER = re.compile(
    r"^(?:nee|formerly|previously|prev|maiden name|born|aka|alias|also known as|known as|now)\b[\s:.]*", re.I
)
_CARE_OF = re.compile(r"\s(?:c/o|c\.o\.|care of)\b.*$", re.I)
_DIGIT_INSIDE = re.compile(r"(?<=[A-Za-z'])[0-9]+(?=[A-Za-z'])")
_ZERO = re.compile(r"(?<=[A-Za-z'])0|0(?=['A-Za-z])")
_IRISH = re.compile(r"\b[Óó]\s+(?=\w)")
_NOT_WORD = re.compile(r"[^A-Za-z',&+ -]+")
_SPACED_HYPHEN = re.compile(r"\s*-[\s-]*")
_SLASHED_TITLES = re.compile(r"(?<=[A-Za-z])\s*/\s*(?=(?:mr|mrs|ms|miss|dr)\b)", re.I)


def plain(text: str) -> str:
    """ASCII, with "0" for "O" put right and what is neither letter nor mark of a name turned into a space; brackets stay."""
    if not text.isascii():
        text = to_ascii(_IRISH.sub("O'", text))
    if any(map(str.isdigit, text)):
        text = _DIGIT_INSIDE.sub("", _ZERO.sub("O", text))
    return text.replace("`", "'")


def asides(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """(the name itself, other surnames, other forenames): what stands in brackets or behind "nee" or "aka"."""
    if text.isalpha():
        return text, (), ()
    surnames: list[str] = []
    forenames: list[str] = []
    if any(mark in text for mark in "([{<\"'"):
        for found in _BRACKETS.finditer(text):
            inside = next((group for group in found.groups() if group), "").strip()
            marker = _MARKER.match(inside)
            words = _clean_words(inside[marker.end() :] if marker else inside)
            maiden = bool(marker and marker[0].lower().startswith(("nee", "former", "prev", "maiden", "born")))
            if maiden or (marker and len(words) > 1):
                surnames += words[-1:] if len(words) > 1 else words
            elif len(words) == 1 and found.end() <= text.find(","):
                surnames += words
            elif len(words) == 1:
                forenames += words
        text = _BRACKETS.sub(" ", text)
    lowered = text.lower()
    if any(mark in lowered for mark in (" nee", " aka", "a.k", "a/k", "alias", "known as", "k/a", " former", " prev", " maiden", " born", " now", "c/o", "care of")):  # fmt: skip
        text = _CARE_OF.sub("", text)
        for pattern, maiden in ((_MAIDEN, True), (_ALIAS, False)):
            head, found_at, tail = _split_at(pattern, text)
            if found_at and head.strip(" ,-") and tail.strip():
                words = _clean_words(tail)
                if maiden or len(words) > 1:
                    surnames += words[-1:]
                else:
                    forenames += words
                text = head
    text = _SLASHED_TITLES.sub(" & ", text).replace(".", " ").replace("/", "-").replace("_", " ").replace("\\", "-")
    return _SPACED_HYPHEN.sub("-", _NOT_WORD.sub(" ", text)).strip(" -"), tuple(surnames), tuple(forenames)


def _split_at(pattern: re.Pattern[str], text: str) -> tuple[str, bool, str]:
    found = pattern.search(text)
    return (text[: found.start()], True, text[found.end() :]) if found else (text, False, "")


def _clean_words(text: str) -> list[str]:
    words = [letters_of(word) for word in text.replace("-", " ").split()]
    return [word for word in words if word and word not in TITLES and word not in SUFFIXES and word not in NO_NAMES]


def with_asides(person: Person, surnames: tuple[str, ...], forenames: tuple[str, ...]) -> Person:
    parts = person.surname_parts + tuple(
        name
        for name in dict.fromkeys(letters_of(name) for name in surnames)
        if name and name not in person.surname_parts
    )
    known = {person.forename, *(person.middle or "").split()}
    middle = [name for name in dict.fromkeys(letters_of(name) for name in forenames) if name and name not in known]
    whole = person.surname or (parts[0] if parts else None)
    forename = person.forename or (middle.pop(0) if middle else None)
    return person._replace(
        forename=forename,
        middle=" ".join(([person.middle] if person.middle else []) + middle) or None,
        surname=whole,
        surname_parts=parts,
    )
