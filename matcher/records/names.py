"""Written names -> parts. Takes a name as a partner writes it and the form of its column, gives one or two people.

`parse_full` reads one column holding the whole name, `parse_columns` a forename and a surname column. Both give a tuple of
`Person`: empty where the text names nobody ("Occupier", "Not known"), two for a joint name. No text is refused. Parts come
in upper-case ASCII letters; particles and apostrophes are joined to their word ("O'Brien" -> OBRIEN, "de la Cruz" ->
DELACRUZ), a double surname keeps its words apart, an alias or maiden surname becomes a further surname part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from matcher.records.name_words import (
    BABY_WORDS,
    CONNECTORS,
    FIRST_BY_CUSTOM,
    IBERIAN,
    LOWER_PARTICLES,
    NO_NAMES,
    ONE_LETTER,
    ORGANISATIONS,
    PARTICLES,
    PHRASES,
    RELIGIOUS,
    SUFFIXES,
    TITLES,
    TRAILING_TITLES,
    VIETNAMESE,
    WITH_BABY,
)
from matcher.records.scripts import is_han, to_ascii
from specs.load import NameForm

LONGEST = 200  # characters of a cell that are read: no name is longer

_BRACKETS = re.compile(r"[(\[{<]([^)\]}>]*)[)\]}>]?|\"([^\"]*)\"?|(?<![A-Za-z])'([A-Za-z][A-Za-z ]+)'(?![A-Za-z])")
_MAIDEN = re.compile(r"\s(?:nee|formerly|previously|prev|maiden name|born)\b[\s:.]*", re.I)
_ALIAS = re.compile(r"\s(?:a\s?[./]\s?k\s?[./]\s?a\b\.?|aka|alias|also known as|known as|k/a|now)\b[\s:.]*", re.I)
_MARKER = re.compile(
    r"^(?:nee|formerly|previously|prev|maiden name|born|aka|alias|also known as|known as|now)\b[\s:.]*", re.I
)
_CARE_OF = re.compile(r"\s(?:c/o|c\.o\.|care of)\b.*$", re.I)
_BABY_OF = re.compile(r"^(?:baby|unborn|infant)(?:\s+(?:boy|girl|child))?\s+of\b|^b\s?/\s?o\b", re.I)
_ZERO = re.compile(r"(?<=[A-Za-z'])0|0(?=['A-Za-z])")
_IRISH = re.compile(r"\b[Óó]\s+(?=\w)")
_NOT_WORD = re.compile(r"[^A-Za-z',&+ -]+")
_SPACED_HYPHEN = re.compile(r"\s*-[\s-]*")
_PHRASE = re.compile(PHRASES)
_JOINT = re.compile(r"\s*(?:[&+]|(?<=\s)and(?=\s))\s*", re.I)
_SLASHED_TITLES = re.compile(r"(?<=[A-Za-z])\s*/\s*(?=(?:mr|mrs|ms|miss|dr)\b)", re.I)


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a written name. `order_sure`: whether the form tells which word is the surname."""

    title: str | None = None
    forename: str | None = None
    middle: str | None = None
    surname: str | None = None
    surname_parts: tuple[str, ...] = ()
    order_sure: bool = True
    sex: str | None = None  # as the title tells it

    @property
    def named(self) -> bool:
        return bool(self.forename or self.surname)


def parse_full(text: str | None, form: NameForm) -> tuple[Person, ...]:
    """The people of a whole name in one cell. A second person is given for the form "mixed" alone."""
    if not text:
        return ()
    text = text[:LONGEST].strip()
    if is_han(text):
        whole = (_letters(to_ascii(text[0])), _letters(to_ascii(text[1:])))
        return (Person(forename=whole[1], surname=whole[0], surname_parts=(whole[0],)),)
    text, maiden, nicknames = _asides(_plain(text))
    if _names_nobody(text):
        return ()
    if "&" in text or "+" in text or " and " in text.lower():
        people = _joint(text, form)[: 2 if form == "mixed" else 1]
    else:
        people = [_one(text, form)]
    if people and (maiden or nicknames):
        people[0] = _with_asides(people[0], maiden, nicknames)
    return tuple(person for person in people if person.named)


def parse_columns(forename: str | None, surname: str | None) -> tuple[Person, ...]:
    """The person of a forename and a surname column; a whole name in one of them, the other blank, is read as such."""
    first, last = (forename or "")[:LONGEST].strip(), (surname or "")[:LONGEST].strip()
    if first and not last and " " in first:
        return parse_full(first, "forename_first")[:1]
    if last and not first and "," in last:
        return parse_full(last, "surname_first")[:1]
    first, maiden, nicknames = _asides(_plain(first))
    last, more_maiden, last_asides = _asides(_plain(last))
    given = [] if _names_nobody(first) else first.replace(",", " ").replace("-", "").split()
    family = [] if _names_nobody(last) else last.replace(",", " ").split()
    title, sex, given = _without_title(given)
    other_title, other_sex, family = _without_title(family)
    given = _without_no_names(given)
    parts = _surname_parts(_without_no_names(family))
    person = Person(
        title=title or other_title,
        forename=_letters(given[0]) if given else None,
        middle=" ".join(_letters(word) for word in given[1:]) or None,
        surname=" ".join(parts) or None,
        surname_parts=parts,
        sex=sex or other_sex,
    )
    person = _with_asides(person, maiden + more_maiden + last_asides, nicknames)
    return (person,) if person.named else ()


def _plain(text: str) -> str:
    """ASCII, with "0" for "O" put right and what is neither letter nor mark of a name turned into a space; brackets stay."""
    if not text.isascii():
        text = to_ascii(_IRISH.sub("O'", text))
    if "0" in text:
        text = _ZERO.sub("O", text)
    return text.replace("`", "'")


def _asides(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
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
    words = [_letters(word) for word in text.replace("-", " ").split()]
    return [word for word in words if word and word not in TITLES and word not in SUFFIXES and word not in NO_NAMES]


def _with_asides(person: Person, surnames: tuple[str, ...], forenames: tuple[str, ...]) -> Person:
    parts = person.surname_parts + tuple(
        name for name in dict.fromkeys(_letters(name) for name in surnames) if name and name not in person.surname_parts
    )
    known = {person.forename, *(person.middle or "").split()}
    middle = [name for name in dict.fromkeys(_letters(name) for name in forenames) if name and name not in known]
    whole = person.surname or (parts[0] if parts else None)
    forename = person.forename or (middle.pop(0) if middle else None)
    return replace(
        person,
        forename=forename,
        middle=" ".join(([person.middle] if person.middle else []) + middle) or None,
        surname=whole,
        surname_parts=parts,
    )


def _letters(word: str) -> str:
    return word.upper() if word.isalpha() and word.isascii() else "".join(c for c in word.upper() if "A" <= c <= "Z")


def _names_nobody(text: str) -> bool:
    letters = " ".join(_letters(word) for word in text.replace("-", " ").split())
    return not letters or bool(_PHRASE.fullmatch(letters)) or not ORGANISATIONS.isdisjoint(letters.split())


def _without_title(words: list[str]) -> tuple[str | None, str | None, list[str]]:
    """(title, sex, the other words); a title stands first, some last; suffixes go too."""
    title: str | None = None
    sex: str | None = None
    start, end = 0, len(words)
    while start < end:
        word = _letters(words[start])
        if word not in TITLES or (end - start == 1 and word not in TRAILING_TITLES):
            break
        title, sex = title or TITLES[word][0], sex or TITLES[word][1]
        start += 1
    while end > start:
        word = _letters(words[end - 1])
        if word in TRAILING_TITLES:
            title, sex = title or TITLES[word][0], sex or TITLES[word][1]
        elif word not in SUFFIXES and word:
            break
        end -= 1
    return title, sex, words[start:end]


def _without_no_names(words: list[str]) -> list[str]:
    upper = [_letters(word) for word in words]
    baby = not BABY_WORDS.isdisjoint(upper)
    return [
        word
        for word, letters in zip(words, upper, strict=True)
        if letters and letters not in NO_NAMES and not (baby and (letters in WITH_BABY or len(letters) == 1))
    ]


def _joined(words: list[str]) -> list[str]:
    """Words in upper case with particles joined to the word that follows; connectors such as "bin" left out."""
    upper = [_letters(word) for word in words]
    lower_means = any(word[:1].isupper() and not word.isupper() for word in words)
    vietnamese = not VIETNAMESE.isdisjoint(upper)
    chinese = not FIRST_BY_CUSTOM.isdisjoint(upper)
    out: list[str] = []
    held = ""
    for place, (word, letters) in enumerate(zip(words, upper, strict=True)):
        if not letters:
            continue
        last = place == len(words) - 1
        if not last and letters in CONNECTORS and not chinese and (not lower_means or word.islower()):
            continue
        particle = (letters in PARTICLES and not (vietnamese and letters in ("VAN", "LE"))) or (
            lower_means and word in LOWER_PARTICLES
        )
        if not particle and letters in ONE_LETTER and not last:
            particle = upper[place + 1] in ONE_LETTER[letters]
        if particle and not last:
            held += "ST" if letters == "SAINT" else letters
            continue
        out.append(held + letters)
        held = ""
    return out + ([held] if held else [])


def _surname_parts(words: list[str]) -> tuple[str, ...]:
    """The words of a surname: hyphens part a double surname, particles join, "y" and "e" between two are left out."""
    if len(words) == 1 and words[0].isalpha():
        return (words[0].upper(),)
    pieces = [piece for word in words for piece in word.split("-") if _letters(piece)]
    pieces = [piece for i, piece in enumerate(pieces) if not (0 < i < len(pieces) - 1 and piece in ("y", "e"))]
    if len(pieces) > 1 and len(_letters(pieces[0])) == 1 and _letters(pieces[0]) in "OD":
        pieces = [pieces[0] + pieces[1], *pieces[2:]]
    joined = _joined(pieces)
    while len(joined) > 1 and (again := _joined(joined)) != joined:
        joined = again
    return tuple(dict.fromkeys(joined))


def _person(title: tuple[str | None, str | None], given: list[str], family: list[str], *, sure: bool = True) -> Person:
    names = [name for word in given if (name := _letters(word.replace("-", "")))]
    parts = _surname_parts(family)
    return Person(
        title=title[0],
        forename=names[0] if names else None,
        middle=" ".join(names[1:]) or None,
        surname=" ".join(parts) or None,
        surname_parts=parts,
        order_sure=sure,
        sex=title[1],
    )


def _is_initials(word: str, mixed_case: bool) -> bool:
    """One letter, or two or three that are initials run together: all consonants, or capitals among ordinary words."""
    letters = _letters(word)
    if len(letters) == 1:
        return True
    if len(letters) > 3 or letters == "NG" or letters in PARTICLES or not word.isalpha():
        return False
    return letters.isupper() and ((mixed_case and word.isupper()) or not set(letters) & set("AEIOUY"))


def _spread(words: list[str], mixed_case: bool) -> list[str]:
    """Run-together initials as single letters."""
    return [letter for word in words for letter in (word if _is_initials(word, mixed_case) else [word])]


def _one(text: str, form: NameForm) -> Person:
    """One person of a text without brackets, aliases and joint signs."""
    baby_of = bool(_BABY_OF.match(text))
    if "," in text:
        head, _, tail = text.partition(",")
        rest = [word for word in tail.replace(",", " ").split()]
        title, sex, family = _without_title(head.split())
        second_title, second_sex, given = _without_title(rest)
        if family and (given or form == "surname_first" or second_title):
            given = _without_no_names(given)
            mixed_case = not text.isupper() and not text.islower()
            if form == "mixed":
                given = _spread(given, mixed_case)
            return _person((title or second_title, sex or second_sex), given, _without_no_names(family))
        if given and form == "surname_first":
            return _person((title or second_title, sex or second_sex), _without_no_names(given), [])
        text = text.replace(",", " ")
    title, sex, words = _without_title(text.split())
    inside = next((i for i, word in enumerate(words) if i and word.upper() in ("MR", "MRS", "MISS")), 0)
    if inside:  # "Smith Mr J"
        title, sex = TITLES[words[inside].upper()]
        return _person((title, sex), _without_no_names(words[inside + 1 :]), _without_no_names(words[:inside]))
    words = _without_no_names(words)
    if baby_of:
        return _person((None, None), [], words[-1:])
    return _ordered((title, sex), words, form, mixed_case=not text.isupper() and not text.islower())


def _ordered(title: tuple[str | None, str | None], words: list[str], form: NameForm, *, mixed_case: bool) -> Person:
    """Words without a comma: which are the surname, and does their form tell?"""
    if len(words) < 2:
        return _person(title, [], words, sure=title[0] is not None)
    capitals = [mixed_case and word.isupper() and (len(word) > 2 or word in PARTICLES) for word in words]
    if any(capitals) and not all(capitals):
        leading = capitals.index(False)
        trailing = capitals[::-1].index(False)
        if leading and not any(capitals[leading:]):
            return _person(title, _spread(words[leading:], form == "mixed"), words[:leading])
        if trailing and not any(capitals[: len(words) - trailing]):
            return _person(
                title, _spread(words[: len(words) - trailing], form == "mixed"), words[len(words) - trailing :]
            )
    initials = [_is_initials(word, mixed_case and form == "mixed") for word in words]
    if form == "surname_first":
        family, given = _leading_surname(words)
        return _person(title, given, family, sure=all(initials[len(family) :]) and not any(initials[: len(family)]))
    if all(initials[1:]) and not initials[0] and len(_letters(words[0])) > 1:
        if form == "mixed" or all(len(_letters(word)) == 1 for word in words[1:]):
            return _person(title, _spread(words[1:], mixed_case), words[:1])
    if form == "mixed" and initials[0]:
        words = _spread(words[:-1], mixed_case) + words[-1:]
    given, family = _trailing_surname(words)
    first = _letters(words[0])
    sure = form == "forename_first" or title[0] is not None or initials[0]
    if first in FIRST_BY_CUSTOM or (first in RELIGIOUS and len(words) == 2):
        sure = False
    return _person(title, given, family, sure=sure)


def _leading_surname(words: list[str]) -> tuple[list[str], list[str]]:
    """(surname, the rest): the first word, with the particles before it."""
    size = 1
    while size < len(words) - 1 and _letters(words[size - 1]) in PARTICLES:
        size += 1
    return words[:size], words[size:]


def _trailing_surname(words: list[str]) -> tuple[list[str], list[str]]:
    """(the rest, surname): the last word with its particles; two where both are Iberian or joined by "y" or "e"."""
    if len(words) > 3 and words[-2] in ("y", "e"):
        return words[:-3], words[-3:]
    rest = words[1:]
    if words[0].upper() in VIETNAMESE or not any(
        word.upper() in PARTICLES or word in LOWER_PARTICLES or _letters(word) in CONNECTORS or len(word) == 1
        for word in rest
    ):
        tail = rest
    else:
        hyphenated = [word for word in rest if "-" in word]
        tail = rest if hyphenated and rest[-1] in hyphenated else _joined(rest)
    if len(tail) > 1 and _letters(tail[-1]) in IBERIAN and _letters(tail[-2]) in IBERIAN:
        return [words[0], *tail[:-2]], tail[-2:]
    if "-" in (tail[-1] if tail else "") and len(tail) > 1:
        start = len(tail) - 1
        while start > 0 and _letters(tail[start - 1]) in PARTICLES:
            start -= 1
        return [words[0], *tail[:start]], tail[start:]
    return [words[0], *tail[:-1]], tail[-1:]


def _joint(text: str, form: NameForm) -> list[Person]:
    """Two people written as one name: what one leaves out (the surname, mostly), the other lends."""
    pieces = [piece.strip() for piece in _JOINT.split(text) if piece and piece.strip(" ,-")]
    if len(pieces) < 2:
        return [_one(text.replace("&", " ").replace("+", " "), form)]
    left, right = pieces[0], pieces[1]
    left_title, left_sex, left_words = _without_title(left.replace(",", " ").split())
    right_title, right_sex, right_words = _without_title(right.replace(",", " ").split())
    left_words, right_words = _without_no_names(left_words), _without_no_names(right_words)
    if not left_words and not right_words:
        return []
    first, second = _one(left, form), _one(right, form)
    if not left_words:
        if left_title is None:
            return [second]
        both = replace(second, title=left_title, sex=left_sex)
        return [
            both,
            Person(title=right_title, sex=right_sex, surname=second.surname, surname_parts=second.surname_parts),
        ]
    if not right_words:
        if right_title is None:
            return [first]
        return [
            first,
            Person(title=right_title, sex=right_sex, surname=first.surname, surname_parts=first.surname_parts),
        ]
    left_full, right_full = len(left_words) > 1, len(right_words) > 1
    if not left_full and (right_full or not _is_initials(right_words[0], False)):
        parallel = not right_full or (_is_initials(right_words[0], True) and right_title is not None)
        initial = _is_initials(left_words[0], True)
        if initial or (right_full and not (parallel and left_title)):
            first = _person((left_title, left_sex), _spread(left_words, True), [])
            first = replace(first, surname=second.surname, surname_parts=second.surname_parts)
    elif left_full and not right_full:
        if right_title is None or _is_initials(right_words[0], True):
            second = _person((right_title, right_sex), _spread(right_words, True), [])
            second = replace(second, surname=first.surname, surname_parts=first.surname_parts)
    elif not left_full:
        second = _person((right_title, right_sex), right_words, list(first.surname_parts))
    return [first, second]
