"""Made-up people in households, by the million, with names of their origin's customs; and how a text is mistyped.

Takes a generator of random numbers and how many people; gives `People`, one value a person in whole columns. Names come from
the lists of `matcher.synthetic`, which share nothing with the matcher's own tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.synthetic import names

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TODAY = int(np.datetime64("2013-10-31", "D").astype(np.int64))
HOUSEHOLD = 2.52  # people
SHARES = {"british": 0.76, "hindu": 0.075, "muslim_south_asian": 0.075, "sikh": 0.03, "eastern_european": 0.06}
HEADS, TAIL, TAIL_SHARE = 0.78, 60_000, 0.37  # British surnames: how fast the common ones fall, the rare, their share


class Words:
    """A growing vocabulary: columns of texts are codes in it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        if text not in self._codes:
            self._codes[text] = len(self.texts)
            self.texts.append(text)
        return self._codes[text]

    def codes(self, texts: list[str]) -> Ints:
        return np.fromiter((self.code(text) for text in texts), dtype=np.int64, count=len(texts))

    def column(self, codes: Ints) -> pa.Array:
        """Texts of codes; -1 is null."""
        index = pa.array(codes.astype(np.int32), mask=codes < 0)
        return pa.DictionaryArray.from_arrays(index, pa.array(self.texts, pa.string())).dictionary_decode()


def plain(name: str) -> str:
    """Upper-case ASCII letters, as records hold names."""
    return "".join(letter for letter in name.translate(names.PLAIN).replace("ł", "l").upper() if "A" <= letter <= "Z")


def drawn(random: np.random.Generator, codes: Ints, size: int, slope: float = 0.78) -> Ints:
    """Codes drawn by falling frequency."""
    weight = 1.0 / (np.arange(len(codes)) + 4.0) ** slope
    ends = np.cumsum(weight)
    return codes[np.searchsorted(ends, random.random(size) * ends[-1])]


class Namer:
    """Forenames and surnames of people by origin, cohort and sex, as codes."""

    def __init__(self, random: np.random.Generator, words: Words) -> None:
        self._random, self._words = random, words
        self._lists = {
            (origin, section): words.codes([plain(value) for value in values])
            for origin in SHARES
            for section, values in names.sections(origin).items()
        }
        sections = names.sections("british")
        prefixes, suffixes = sections["prefixes"], sections["suffixes"]
        a, b = random.integers(0, len(prefixes), TAIL), random.integers(0, len(suffixes), TAIL)
        self._tail = words.codes([plain(prefixes[i] + suffixes[j]) for i, j in zip(a, b, strict=True)])

    def surnames(self, origin: str, size: int) -> Ints:
        sections = [codes for (of, section), codes in self._lists.items() if of == origin and "surname" in section]
        found = drawn(self._random, np.concatenate(sections), size, HEADS if origin == "british" else 0.78)
        if origin == "british":
            rare = self._random.random(size) < TAIL_SHARE
            found[rare] = drawn(self._random, self._tail, int(rare.sum()), 0.5)
        return found

    def forenames(self, origin: str, male: Flags, old: Flags) -> Ints:
        out = np.zeros(len(male), dtype=np.int64)
        for sex, of_sex in (("male", male), ("female", ~male)):
            for cohort, of_cohort in (("old", old), ("young", ~old)):
                wanted = of_sex & of_cohort
                out[wanted] = drawn(self._random, self._lists[origin, f"{sex}_{cohort}"], int(wanted.sum()))
        return out


@dataclass
class People:
    """Everybody, one value a person; codes of `words`."""

    words: Words
    household: Ints
    adult: Flags
    male: Flags
    born: Ints
    forename: Ints
    surname: Ints
    maiden: Ints


def people(random: np.random.Generator, count: int) -> People:
    """About `count` people in households, with names and dates of birth."""
    words = Words()
    namer = Namer(random, words)
    homes = max(int(count / HOUSEHOLD), 1)
    origin = random.choice(len(SHARES), homes, p=np.array(list(SHARES.values())))
    adults = random.choice([1, 2, 3], homes, p=[0.36, 0.56, 0.08])
    larger = (origin > 0) & (origin < 4)
    children = np.where(random.random(homes) < np.where(larger, 0.58, 0.42), 1 + random.poisson(0.85, homes), 0)
    size = adults + children
    household = np.repeat(np.arange(homes), size)
    place = np.arange(len(household)) - np.repeat(np.cumsum(size) - size, size)
    of = origin[household]
    adult = place < adults[household]
    male = random.random(len(household)) < 0.5
    first_male = (random.random(homes) < 0.7)[household]
    male = np.where(adult & (place == 0), first_male, np.where(adult & (place == 1), ~first_male, male))
    parent = np.where(children > 0, random.normal(37, 8, homes), random.normal(52, 18, homes)).clip(19, 95)[household]
    age = np.where(place == 0, parent, np.where(place == 1, parent + random.normal(-1, 4, len(place)), parent + 28))
    child = (random.random(len(place)) * 20).clip(0.1, np.maximum(parent - 17, 0.5))
    age = np.where(adult, age.clip(18, 99), child)
    born = (TODAY - age * 365.25).astype(np.int64)
    second = np.flatnonzero(~adult[1:] & ~adult[:-1]) + 1
    twin = second[random.random(len(second)) < 0.03]
    born[twin] = born[twin - 1]
    old = age > 38
    shared = np.zeros(homes, dtype=np.int64)
    surname, forename, maiden = (np.zeros(len(place), dtype=np.int64) for _ in range(3))
    singh, kaur = words.code("SINGH"), words.code("KAUR")
    for number, name in enumerate(SHARES):
        shared[origin == number] = namer.surnames(name, int((origin == number).sum()))
        here = of == number
        forename[here] = namer.forenames(name, male[here], old[here])
        maiden[here] = namer.surnames(name, int(here.sum()))
        surname[here] = shared[household[here]]
        apart = {"muslim_south_asian": 0.5, "sikh": 0.2}.get(name, 0.22)
        other = here & (adult & (place > 0) | ~adult & (random.random(len(place)) < 0.3))
        other &= random.random(len(place)) < apart
        surname[other] = maiden[other]
        if name == "sikh":
            pious = here & (random.random(len(place)) < 0.45)
            surname[pious] = np.where(male[pious], singh, kaur)
    fathers = np.flatnonzero((place == 0) & male)
    father = np.full(homes, -1)
    father[household[fathers]] = forename[fathers]
    named = (~adult | (place > 1)) & male & (father[household] >= 0) & (random.random(len(place)) < 0.03)
    forename[named] = father[household[named]]
    order = random.permutation(homes)  # so that neighbours in the table are no neighbours in the street
    return People(words, order[household], adult, male, born, forename, surname, maiden)


def others_of(words: Words, table: dict[str, tuple[str, ...]]) -> tuple[Ints, Ints]:
    """For every code how many other forms its name has, and these (code, form) as a rectangle."""
    known = {plain(name): [plain(form) for form in forms] for name, forms in table.items()}
    found = [(code, words.codes(known[text])) for code, text in enumerate(list(words.texts)) if text in known]
    count = np.zeros(len(words.texts), dtype=np.int64)
    forms = np.zeros((len(words.texts), max((len(codes) for _, codes in found), default=1)), dtype=np.int64)
    for code, codes in found:
        count[code], forms[code, : len(codes)] = len(codes), codes
    return count, forms


def otherwise(random: np.random.Generator, code: Ints, forms: tuple[Ints, Ints], chance: float) -> Ints:
    """Some names in another form, where they have one."""
    count, rectangle = forms
    code_known = np.minimum(code, len(count) - 1)  # words added since have no other form
    some = (code < len(count)) & (count[code_known] > 0) & (random.random(len(code)) < chance)
    pick = (random.random(int(some.sum())) * count[code[some]]).astype(np.int64)
    out = code.copy()
    out[some] = rectangle[code[some], pick]
    return out


def mistyped(random: np.random.Generator, words: Words, code: Ints, chance: Any, letters: str) -> Ints:
    """Some texts with one letter changed, dropped, added or exchanged with the next."""
    some = np.flatnonzero((code >= 0) & (random.random(len(code)) < chance))
    if not len(some):
        return code
    vocabulary = np.array(words.texts, dtype="S24")
    text = vocabulary[code[some]].view(np.uint8).reshape(len(some), -1)
    text = np.pad(text, ((0, 0), (1, 1)))
    length = (text > 0).sum(axis=1)
    at = 1 + (random.random(len(some)) * length).astype(np.int64)
    kind, column = random.integers(0, 4, len(some)), np.arange(text.shape[1])
    letter = np.frombuffer(letters.encode(), dtype=np.uint8)[random.integers(0, len(letters), len(some))]
    last = text.shape[1] - 1
    a, k = at[:, None], kind[:, None]
    source = np.where((k == 1) & (column >= a), column + 1, np.where((k == 2) & (column > a), column - 1, column)).clip(
        0, last
    )  # 1 drops the letter, 2 doubles the place for a new one
    exchange = (kind == 3) & (at < length)
    rows = np.flatnonzero(exchange)
    source[rows, at[rows]], source[rows, at[rows] + 1] = at[rows] + 1, at[rows]
    typed = np.take_along_axis(text, source, axis=1)
    changed = (kind == 0) | (kind == 2)
    typed[changed, at[changed]] = letter[changed]
    made = np.ascontiguousarray(typed[:, 1:]).view(f"S{last}").ravel()
    out = code.copy()
    out[some] = words.codes([text.decode() for text in made.tolist()])
    out[out == words.code("")] = -1
    return out
