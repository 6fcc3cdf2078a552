"""Words of a name -> parts. Takes words in the order written, gives titles, surname parts and a `Person`; refuses nothing.

Particles and apostrophes are joined to their word ("O'Brien" -> OBRIEN, "de la Cruz" -> DELACRUZ), "bin" and its like left
out, a double surname keeps its words apart.
"""

from __future__ import annotations

from typing import NamedTuple

from matcher.records.name_words import (
    BABY_WORDS,
    CONNECTORS,
    FIRST_BY_CUSTOM,
    LOWER_PARTICLES,
    NO_NAMES,
    ONE_LETTER,
    PARTICLES,
    SUFFIXES,
    TITLES,
    TRAILING_TITLES,
    VIETNAMESE,
    WITH_BABY,
)


class Person(NamedTuple):
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


def letters_of(word: str) -> str:
    return word.upper() if word.isalpha() and word.isascii() else "".join(c for c in word.upper() if "A" <= c <= "Z")


def without_title(words: list[str]) -> tuple[str | None, str | None, list[str]]:
    """(title, sex, the other words); a title stands first, some last; suffixes go too."""
    title: str | None = None
    sex: str | None = None
    start, end = 0, len(words)
    while start < end:
        word = letters_of(words[start])
        if word not in TITLES or (end - start == 1 and word not in TRAILING_TITLES):
            break
        title, sex = title or TITLES[word][0], sex or TITLES[word][1]
        start += 1
    while end > start:
        word = letters_of(words[end - 1])
        if word in TRAILING_TITLES:
            title, sex = title or TITLES[word][0], sex or TITLES[word][1]
        elif word not in SUFFIXES and word:
            break
        end -= 1
    return title, sex, words[start:end]


def without_no_names(words: list[str]) -> list[str]:
    upper = [letters_of(word) for word in words]
    baby = not BABY_WORDS.isdisjoint(upper)
    return [
        word
        for word, letters in zip(words, upper, strict=True)
        if letters and letters not in NO_NAMES and not (baby and (letters in WITH_BABY or len(letters) == 1))
    ]


def joined(words: list[str]) -> list[str]:
    """Words in upper case with particles joined to the word that follows; connectors such as "bin" left out."""
    upper = [letters_of(word) for word in words]
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


def surname_parts_of(words: list[str]) -> tuple[str, ...]:
    """The words of a surname: hyphens part a double surname, particles join, "y" and "e" between two are left out."""
    if len(words) == 1 and words[0].isalpha():
        return (words[0].upper(),)
    pieces = [piece for word in words for piece in word.split("-") if letters_of(piece)]
    pieces = [piece for i, piece in enumerate(pieces) if not (0 < i < len(pieces) - 1 and piece in ("y", "e"))]
    if len(pieces) > 1 and len(letters_of(pieces[0])) == 1 and letters_of(pieces[0]) in "OD":
        pieces = [pieces[0] + pieces[1], *pieces[2:]]
    done = joined(pieces)
    while len(done) > 1 and (again := joined(done)) != done:
        done = again
    return tuple(dict.fromkeys(done))


def person_of(
    title: tuple[str | None, str | None], given: list[str], family: list[str], *, sure: bool = True
) -> Person:
    names = [name for word in given if (name := letters_of(word.replace("-", "")))]
    parts = surname_parts_of(family)
    return Person(
        title=title[0],
        forename=names[0] if names else None,
        middle=" ".join(names[1:]) or None,
        surname=" ".join(parts) or None,
        surname_parts=parts,
        order_sure=sure,
        sex=title[1],
    )


def is_initials(word: str, mixed_case: bool) -> bool:
    """One letter, or two or three that are initials run together: all consonants, or capitals among ordinary words."""
    letters = letters_of(word)
    if len(letters) == 1:
        return True
    if len(letters) > 3 or letters == "NG" or letters in PARTICLES or not word.isalpha():
        return False
    return letters.isupper() and ((mixed_case and word.isupper()) or not set(letters) & set("AEIOUY"))


def spread(words: list[str], mixed_case: bool) -> list[str]:
    """Run-together initials as single letters."""
    return [letter for word in words for letter in (word if is_initials(word, mixed_case) else [word])]
