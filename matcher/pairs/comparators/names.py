"""Names: spelling families, sound codes and the level at which two names agree.

Takes upper-case ASCII names (records/ makes them so); gives codes by name and levels by pair of names. The table of
families and the rules of sound are data, in `names.toml`. Refuses nothing: an odd name is its own family.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jellyfish
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from matcher.pairs.comparators import level

SLOTS = 4  # families that one name may belong to
Ints = npt.NDArray[np.int32]
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Rule:
    """Replace `plain` text, or where that is empty a `pattern`, by `to`."""

    plain: str
    pattern: re.Pattern[str]
    to: str

    def __call__(self, name: str) -> str:
        return name.replace(self.plain, self.to) if self.plain else self.pattern.sub(self.to, name)


@dataclass(frozen=True)
class Table:
    """`given` and `family`: name -> numbers of its families; `heads`: number -> the family's first name; rules of sound."""

    given: dict[str, tuple[int, ...]]
    family: dict[str, tuple[int, ...]]
    heads: tuple[str, ...]
    prefixes: frozenset[str]  # with every spelling of their families
    replace: tuple[Rule, ...]
    spelling: tuple[Rule, ...]


@cache
def table() -> Table:
    """The shipped table of names, `names.toml`."""
    raw = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
    given: dict[str, tuple[int, ...]] = {}
    family: dict[str, tuple[int, ...]] = {}
    heads: list[str] = []
    for group in raw["families"]:
        for line in group["names"]:
            for name in dict.fromkeys(line.split()):
                for kind, found in (("given", given), ("family", family)):
                    if group["kind"] in (kind, "any") and len(found.get(name, ())) < SLOTS:
                        found[name] = (*found.get(name, ()), len(heads))
            heads.append(line.split()[0])
    rules = {
        kind: tuple(Rule(text if text.isalpha() else "", re.compile(text), to) for text, to in raw["sound"][kind])
        for kind in ("replace", "spelling")
    }
    spelt = {number for name in raw["prefixes"]["names"] for number in family.get(name, ())}
    prefixes = {name for name, numbers in family.items() if spelt & set(numbers)} | set(raw["prefixes"]["names"])
    return Table(given, family, tuple(heads), frozenset(prefixes), rules["replace"], rules["spelling"])


@cache
def skeleton(name: str) -> str:
    """What is left of a name's sound: first letter and consonants, transliterations levelled. "" for an empty name."""
    for rule in table().replace:
        name = rule(name)
    name = re.sub(r"(.)\1+", r"\1", name)
    return name[:1] + re.sub(r"[AEIOU]", "", name[1:])


def sound(name: str) -> str:
    """The code by which names that stand for one another meet: the skeleton of the head of its first family."""
    known = table()
    numbers = known.family.get(name) or known.given.get(name)
    return skeleton(known.heads[numbers[0]] if numbers else name)


def spelling(name: str) -> str:
    """A gentle reduction: long and short vowels, doubled letters and silent h made alike."""
    for rule in table().spelling:
        name = rule(name)
    return re.sub(r"(.)\1+", r"\1", name)


def one_edit(a: str, b: str) -> bool:
    """One letter more, less, other or exchanged with its neighbour, in names of at least four letters."""
    return min(len(a), len(b)) >= 4 and OSA.distance(a, b, score_cutoff=1) <= 1


class Vocabulary:
    """The distinct names of a table of records, with their codes. Position in `values` is a name's code."""

    def __init__(self, values: list[str]) -> None:
        known = table()
        self.values = np.array(values, dtype=object)
        size = len(values)
        self.given = np.full((size, SLOTS), -1, dtype=np.int32)
        self.family = np.full((size, SLOTS), -1, dtype=np.int32)
        sounds, spellings, phones = [], [], []
        for code, name in enumerate(values):
            for found, into in ((known.given, self.given), (known.family, self.family)):
                numbers = found.get(name)
                if numbers:
                    into[code, : len(numbers)] = numbers
            sounds.append(sound(name))
            spellings.append(spelling(name))
            phones.append(jellyfish.metaphone(name) or name)
        self.sound = number(sounds)
        self.spelling = number(spellings)
        self.phone = number(phones)
        self.initial = np.array([ord(name[0]) if name else 0 for name in values], dtype=np.int32)
        self.prefix = np.array([name in known.prefixes for name in values], dtype=bool)
        self.single = np.array([len(name) == 1 for name in values], dtype=bool)


def number(texts: list[str]) -> Ints:
    """Codes of texts from 1, equal texts alike."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(text, len(seen) + 1) for text in texts], dtype=np.int32)


def _share_a_family(slots: Ints, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(left), dtype=bool)
    for a in range(SLOTS):
        column = slots[left, a]
        for b in range(SLOTS):
            found |= (column >= 0) & (column == slots[right, b])
    return found


def name_levels(words: Vocabulary, left: Ints, right: Ints, comparison: str) -> Levels:
    """Levels of pairs of names by code; a code below 0 is a missing name.

    `comparison` is "forename" (families of given names, initials) or "surname". Swaps, parts and middle names are not
    this function's: it compares one name with one name.
    """
    at = {name: level(comparison, name) for name in ("exact", "family", "close", "similar", "different")}
    out = np.zeros(len(left), dtype=np.uint8)
    present = (left >= 0) & (right >= 0)
    equal = present & (left == right)
    out[equal] = at["exact"]
    only_initials = np.flatnonzero(equal)
    only_initials = only_initials[words.single[left[only_initials]]]
    out[only_initials] = level("forename", "initial") if comparison == "forename" else at["similar"]
    rest = np.flatnonzero(present & ~equal)
    if not len(rest):
        return out
    packed = np.minimum(left[rest], right[rest]).astype(np.int64) << 32 | np.maximum(left[rest], right[rest])
    distinct, back = np.unique(packed, return_inverse=True)
    a, b = (distinct >> 32).astype(np.int32), (distinct & 0xFFFFFFFF).astype(np.int32)
    found = np.full(len(a), at["different"], dtype=np.uint8)
    single = words.single[a] | words.single[b]
    same_initial = words.initial[a] == words.initial[b]
    if comparison == "forename":
        found[single & same_initial] = level("forename", "initial")
    else:
        found[single & same_initial] = at["similar"]
    whole = np.flatnonzero(~single)
    if len(whole):
        x, y = a[whole], b[whole]
        score = cpdist(words.values[x], words.values[y], scorer=JaroWinkler.similarity, dtype=np.float64)
        here = np.full(len(whole), at["different"], dtype=np.uint8)
        alike = (score + 1e-9 >= 0.8) | (words.sound[x] == words.sound[y]) | (words.phone[x] == words.phone[y])
        here[alike] = at["similar"]
        maybe = np.flatnonzero((score + 1e-9 >= 0.7) & (score < 0.92))
        edited = np.array(
            [one_edit(m, n) for m, n in zip(words.values[x[maybe]], words.values[y[maybe]], strict=True)], dtype=bool
        )
        here[score + 1e-9 >= 0.92] = at["close"]
        here[maybe[edited]] = at["close"]
        slots = words.given if comparison == "forename" else words.family
        here[_share_a_family(slots, x, y) | (words.spelling[x] == words.spelling[y])] = at["family"]
        found[whole] = here
    out[rest] = found[back]
    return out
