"""Written names -> parts. Takes a name as a partner writes it and the form of its column, gives one or two people.

`parse_full` reads one column holding the whole name, `parse_columns` a forename and a surname column. Both give a tuple of
`Person`: empty where the text names nobody ("Occupier", "Not known"), two for a joint name. No text is refused. Parts come
in upper-case ASCII letters; particles and apostrophes are joined to their word ("O'Brien" -> OBRIEN, "de la Cruz" ->
DELACRUZ), a double surname keeps its words apart, an alias or maiden surname becomes a further surname part.
"""

from __future__ import annotations

import re

from matcher.records.name_asides import asides, plain, with_asides
from matcher.records.name_parts import (
    Person,
    is_initials,
    joined,
    letters_of,
    person_of,
    spread,
    surname_parts_of,
    without_no_names,
    without_title,
)
from matcher.records.name_words import (
    CONNECTORS,
    FIRST_BY_CUSTOM,
    IBERIAN,
    LOWER_PARTICLES,
    MEANINGFUL,
    ORGANISATIONS,
    PARTICLES,
    PHRASES,
    RELIGIOUS,
    TITLES,
    VIETNAMESE,
)
from matcher.records.scripts import is_han, to_ascii
from specs.load import NameForm

LONGEST = 200  # characters of a cell that are read: no name is longer
_BABY_OF = re.compile(r"^(?:baby|unborn|infant)(?:\s+(?:boy|girl|child))?\s+of\b|^b\s?/\s?o\b", re.I)
_PHRASE = re.compile(PHRASES)
_JOINT = re.compile(r"\s*(?:[&+]|(?<=\s)and(?=\s))\s*", re.I)


def parse_full(text: str | None, form: NameForm) -> tuple[Person, ...]:
    """The people of a whole name in one cell. A second person is given for the form "mixed" alone."""
    if not text:
        return ()
    if plain_name := _plain_full(text, form):
        return (plain_name,)
    text = text[:LONGEST].strip()
    if is_han(text):
        whole = (letters_of(to_ascii(text[0])), letters_of(to_ascii(text[1:])))
        return (Person(forename=whole[1], surname=whole[0], surname_parts=(whole[0],)),)
    text, maiden, nicknames = asides(plain(text))
    if _names_nobody(text):
        return ()
    if "&" in text or "+" in text or " and " in text.lower():
        people = _joint(text, form)[: 2 if form == "mixed" else 1]
    else:
        people = [_one(text, form)]
    if people and (maiden or nicknames):
        people[0] = with_asides(people[0], maiden, nicknames)
    return tuple(person for person in people if person.named)


def parse_columns(forename: str | None, surname: str | None) -> tuple[Person, ...]:
    """The person of a forename and a surname column; a whole name in one of them, the other blank, is read as such."""
    if plain_name := forename and surname and _plain_words(forename, surname):
        return (plain_name,)
    first, last = (forename or "")[:LONGEST].strip(), (surname or "")[:LONGEST].strip()
    if first and not last and " " in first:
        return parse_full(first, "forename_first")[:1]
    if last and not first and "," in last:
        return parse_full(last, "surname_first")[:1]
    first, maiden, nicknames = asides(plain(first))
    last, more_maiden, last_asides = asides(plain(last))
    given = [] if _names_nobody(first) else first.replace(",", " ").replace("-", "").split()
    family = [] if _names_nobody(last) else last.replace(",", " ").split()
    title, sex, given = without_title(given)
    other_title, other_sex, family = without_title(family)
    given = without_no_names(given)
    parts = surname_parts_of(without_no_names(family))
    person = Person(
        title=title or other_title,
        forename=letters_of(given[0]) if given else None,
        middle=" ".join(letters_of(word) for word in given[1:]) or None,
        surname=" ".join(parts) or None,
        surname_parts=parts,
        sex=sex or other_sex,
    )
    if maiden or more_maiden or last_asides or nicknames:
        person = with_asides(person, maiden + more_maiden + last_asides, nicknames)
    return (person,) if person.named else ()


def _plain_words(given: str, family: str) -> Person | None:
    """The person of ordinary words that need no closer look (most names, and many times as fast); None for others."""
    first, surname = plain_given(given), plain_family(family)
    return None if first is None or surname is None else Person(None, *first, surname, (surname,))


def plain_given(text: str) -> tuple[str, str | None] | None:
    """(forename, middle names) of one to four ordinary words; None for others."""
    words = text.upper().split()
    if not (0 < len(words) < 5 and text.isascii() and "".join(words).isalpha() and MEANINGFUL.isdisjoint(words)):
        return None
    return (words[0], " ".join(words[1:]) or None) if len(text) < LONGEST // 2 else None


def plain_family(text: str) -> str | None:
    """The surname of one ordinary word; None for others."""
    word = text.strip().upper()
    if not (1 < len(word) < LONGEST // 2 and word.isascii() and word.isalpha()):
        return None
    return None if word in MEANINGFUL else word


def _plain_full(text: str, form: NameForm) -> Person | None:
    """As `_plain_words`, of a whole name whose form leaves no doubt."""
    if form == "surname_first":
        family, comma, given = text.partition(",")
        return _plain_words(given, family) if comma else None
    if form == "mixed" or not (text.istitle() or text.isupper() or text.islower()):
        return None
    given, _, family = text.strip().rpartition(" ")
    found = _plain_words(given, family)
    if found is None or found.forename in FIRST_BY_CUSTOM or (found.forename in RELIGIOUS and not found.middle):
        return None
    return None if found.surname in IBERIAN and found.middle else found


def _names_nobody(text: str) -> bool:
    letters = " ".join(letters_of(word) for word in text.replace("-", " ").split())
    return not letters or bool(_PHRASE.fullmatch(letters)) or not ORGANISATIONS.isdisjoint(letters.split())


def _one(text: str, form: NameForm) -> Person:
    """One person of a text without brackets, aliases and joint signs."""
    baby_of = bool(_BABY_OF.match(text))
    if "," in text:
        head, _, tail = text.partition(",")
        rest = tail.replace(",", " ").split()
        title, sex, family = without_title(head.split())
        second_title, second_sex, given = without_title(rest)
        if family and (given or form == "surname_first" or second_title):
            given = without_no_names(given)
            mixed_case = not text.isupper() and not text.islower()
            if form == "mixed":
                given = spread(given, mixed_case)
            return person_of((title or second_title, sex or second_sex), given, without_no_names(family))
        if given and form == "surname_first":
            return person_of((title or second_title, sex or second_sex), without_no_names(given), [])
        text = text.replace(",", " ")
    title, sex, words = without_title(text.split())
    inside = next((i for i, word in enumerate(words) if i and word.upper() in ("MR", "MRS", "MISS")), 0)
    if inside:  # "Smith Mr J"
        title, sex = TITLES[words[inside].upper()]
        return person_of((title, sex), without_no_names(words[inside + 1 :]), without_no_names(words[:inside]))
    words = without_no_names(words)
    if baby_of:
        return person_of((None, None), [], words[-1:])
    return _ordered((title, sex), words, form, mixed_case=not text.isupper() and not text.islower())


def _ordered(title: tuple[str | None, str | None], words: list[str], form: NameForm, *, mixed_case: bool) -> Person:
    """Words without a comma: which are the surname, and does their form tell?"""
    if len(words) < 2:
        return person_of(title, [], words, sure=title[0] is not None)
    capitals = [mixed_case and word.isupper() and (len(word) > 2 or word in PARTICLES) for word in words]
    if any(capitals) and not all(capitals):
        leading = capitals.index(False)
        trailing = capitals[::-1].index(False)
        if leading and not any(capitals[leading:]):
            return person_of(title, spread(words[leading:], form == "mixed"), words[:leading])
        if trailing and not any(capitals[: len(words) - trailing]):
            return person_of(
                title, spread(words[: len(words) - trailing], form == "mixed"), words[len(words) - trailing :]
            )
    initials = [is_initials(word, mixed_case and form == "mixed") for word in words]
    if form == "surname_first":
        family, given = _leading_surname(words)
        return person_of(title, given, family, sure=all(initials[len(family) :]) and not any(initials[: len(family)]))
    told = form == "mixed" or all(len(letters_of(word)) == 1 for word in words[1:])
    if told and all(initials[1:]) and not initials[0] and len(letters_of(words[0])) > 1:
        return person_of(title, spread(words[1:], mixed_case), words[:1])
    if form == "mixed" and initials[0]:
        words = spread(words[:-1], mixed_case) + words[-1:]
    given, family = _trailing_surname(words)
    first = letters_of(words[0])
    sure = form == "forename_first" or title[0] is not None or initials[0]
    if first in FIRST_BY_CUSTOM or (first in RELIGIOUS and len(words) == 2):
        sure = False
    return person_of(title, given, family, sure=sure)


def _leading_surname(words: list[str]) -> tuple[list[str], list[str]]:
    """(surname, the rest): the first word, with the particles before it."""
    size = 1
    while size < len(words) - 1 and letters_of(words[size - 1]) in PARTICLES:
        size += 1
    return words[:size], words[size:]


def _trailing_surname(words: list[str]) -> tuple[list[str], list[str]]:
    """(the rest, surname): the last word with its particles; two where both are Iberian or joined by "y" or "e"."""
    if len(words) > 3 and words[-2] in ("y", "e"):
        return words[:-3], words[-3:]
    rest = words[1:]
    if words[0].upper() in VIETNAMESE or not any(
        word.upper() in PARTICLES or word in LOWER_PARTICLES or letters_of(word) in CONNECTORS or len(word) == 1
        for word in rest
    ):
        tail = rest
    else:
        hyphenated = [word for word in rest if "-" in word]
        tail = rest if hyphenated and rest[-1] in hyphenated else joined(rest)
    if len(tail) > 1 and letters_of(tail[-1]) in IBERIAN and letters_of(tail[-2]) in IBERIAN:
        return [words[0], *tail[:-2]], tail[-2:]
    if "-" in (tail[-1] if tail else "") and len(tail) > 1:
        start = len(tail) - 1
        while start > 0 and letters_of(tail[start - 1]) in PARTICLES:
            start -= 1
        return [words[0], *tail[:start]], tail[start:]
    return [words[0], *tail[:-1]], tail[-1:]


def _joint(text: str, form: NameForm) -> list[Person]:
    """Two people written as one name: what one leaves out (the surname, mostly), the other lends."""
    pieces = [piece.strip() for piece in _JOINT.split(text) if piece and piece.strip(" ,-")]
    if len(pieces) < 2:
        return [_one(text.replace("&", " ").replace("+", " "), form)]
    left, right = pieces[0], pieces[1]
    left_title, left_sex, left_words = without_title(left.replace(",", " ").split())
    right_title, right_sex, right_words = without_title(right.replace(",", " ").split())
    left_words, right_words = without_no_names(left_words), without_no_names(right_words)
    if not left_words and not right_words:
        return []
    first, second = _one(left, form), _one(right, form)
    if not left_words:
        if left_title is None:
            return [second]
        both = second._replace(title=left_title, sex=left_sex)
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
    if not left_full and (right_full or not is_initials(right_words[0], False)):
        parallel = not right_full or (is_initials(right_words[0], True) and right_title is not None)
        initial = is_initials(left_words[0], True)
        if initial or (right_full and not (parallel and left_title)):
            first = person_of((left_title, left_sex), spread(left_words, True), [])
            first = first._replace(surname=second.surname, surname_parts=second.surname_parts)
    elif left_full and not right_full:
        if right_title is None or is_initials(right_words[0], True):
            second = person_of((right_title, right_sex), spread(right_words, True), [])
            second = second._replace(surname=first.surname, surname_parts=first.surname_parts)
    elif not left_full:
        second = person_of((right_title, right_sex), right_words, list(first.surname_parts))
    return [first, second]
