"""Names: spelling families, sound codes and the level at which two names agree.

Takes upper-case ASCII names (records/ makes them so); gives codes by name and levels by pair of names. The table of
families and the rules of sound are data, in `names.toml`. Refuses nothing: an odd name is its own family.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jellyfish
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, DamerauLevenshtein
from rapidfuzz.process import cpdist

from matcher.pairs.comparators import level
from matcher.pairs.comparators.plain import Letters, similarities

EDITED = 0.7  # similarity below which names are not looked at for edits or short forms
SLOTS = 4  # families that one name may belong to
Ints = npt.NDArray[np.signedinteger]
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Rule:
    """Replace `plain` text, or where that is empty a `pattern`, by `to`, in lines of one name each."""

    plain: str
    pattern: re.Pattern[str]
    to: str

    def __call__(self, lines: str) -> str:
        return lines.replace(self.plain, self.to) if self.plain else self.pattern.sub(self.to, lines)


def _rule(text: str, to: str) -> Rule:
    # "^" and "$" are the ends of a line, and no set of letters holds the line's end.
    return Rule(text if text.isalpha() else "", re.compile(text.replace("[^", "[^\n"), re.MULTILINE), to)


@dataclass(frozen=True)
class Table:
    """`given` and `family`: name -> numbers of its families; `heads`: number -> the family's first name; rules of sound."""

    given: dict[str, tuple[int, ...]]
    family: dict[str, tuple[int, ...]]
    heads: tuple[str, ...]
    prefixes: frozenset[str]  # with every spelling of their families
    sexes: dict[str, int]  # religious names, with every spelling, that tell a sex: 0 male, 1 female
    endings: tuple[str, ...]  # of pet forms
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
    rules = {kind: tuple(_rule(text, to) for text, to in raw["sound"][kind]) for kind in ("replace", "spelling")}
    spelt = {number for name in raw["prefixes"]["names"] for number in family.get(name, ())}
    prefixes = {name for name, numbers in family.items() if spelt & set(numbers)} | set(raw["prefixes"]["names"])
    sexes: dict[str, int] = {}
    for sex, kind in enumerate(("male", "female")):
        spelt = {number for name in raw["sexes"][kind] for number in family.get(name, ()) if heads[number] == name}
        sexes |= dict.fromkeys((name for name, numbers in family.items() if spelt & set(numbers)), sex)
        sexes |= dict.fromkeys(raw["sexes"][kind], sex)
    endings = tuple(raw["short_forms"]["endings"])
    return Table(given, family, tuple(heads), frozenset(prefixes), sexes, endings, rules["replace"], rules["spelling"])


def _reduced(names: Sequence[str], rules: Sequence[Rule]) -> str:
    """Lines of names after rules, doubled letters made one: each rule passes over all names at once."""
    lines = "\n".join(names)
    for rule in rules:
        lines = rule(lines)
    return re.sub(r"(.)\1+", r"\1", lines)


def skeletons(names: Sequence[str]) -> list[str]:
    """What is left of names' sound: first letter and consonants, transliterations levelled. "" for an empty name."""
    return re.sub("(?<=.)[AEIOU]", "", _reduced(names, table().replace)).split("\n") if names else []


def sounds(names: Sequence[str]) -> list[str]:
    """Codes by which names that stand for one another meet: the skeleton of the head of a name's first family."""
    known = table()
    heads = []
    for name in names:
        numbers = known.family.get(name) or known.given.get(name)
        heads.append(known.heads[numbers[0]] if numbers else name)
    return skeletons(heads)


def spellings(names: Sequence[str]) -> list[str]:
    """A gentle reduction: long and short vowels, doubled letters and silent h made alike."""
    return _reduced(names, table().spelling).split("\n") if names else []


def sound(name: str) -> str:
    """`sounds` of one name."""
    return sounds([name])[0]


def spelling(name: str) -> str:
    """`spellings` of one name."""
    return spellings([name])[0]


def one_edit(a: str, b: str) -> bool:
    """One letter more, less, other or exchanged with its neighbour, in names of at least four letters."""
    return min(len(a), len(b)) >= 4 and OSA.distance(a, b, score_cutoff=1) <= 1


def shortened(a: str, b: str) -> bool:
    """One name is the beginning of the other, of three letters or more, as it stands or with the ending of a pet form."""
    short, long = sorted((a, b), key=lambda name: (len(name), name))
    stems = [short, *(short[: -len(ending)] for ending in table().endings if short.endswith(ending))]
    return any(len(stem) >= 3 and long.startswith(stem) for stem in stems)


class Vocabulary:
    """The distinct names of a table of records, with their codes. Position in `values` is a name's code."""

    def __init__(self, values: list[str]) -> None:
        known = table()
        self.values = np.array([*values, ""], dtype=object)[:-1]
        self.given, self.family = _slots(values, known.given), _slots(values, known.family)
        self.sound, self.spelling = number(sounds(values)), number(spellings(values))
        self.phone = number([jellyfish.metaphone(name) or name for name in values])
        self.letters = Letters(values)
        self.initial = np.array([ord(name[0]) if name else 0 for name in values], dtype=np.int32)
        self.prefix = np.array([name in known.prefixes for name in values], dtype=bool)
        self.beginning = number([name[:3] for name in values])
        self.sex = np.array([known.sexes.get(name, -1) for name in values], dtype=np.int32)
        self.single = np.array([len(name) == 1 for name in values], dtype=bool)


def _slots(values: list[str], families: Mapping[str, tuple[int, ...]]) -> Ints:
    out = np.full((len(values), SLOTS), -1, dtype=np.int32)
    for code, name in enumerate(values):
        if name in families:
            out[code, : len(families[name])] = families[name]
    return out


def number(texts: list[str]) -> Ints:
    """Codes of texts from 1, equal texts alike."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(text, len(seen) + 1) for text in texts], dtype=np.int32)


def _share_a_family(slots: Ints, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(left), dtype=bool)
    rows = np.flatnonzero((slots[left, 0] >= 0) & (slots[right, 0] >= 0))
    a, b = slots[left[rows]], slots[right[rows]]
    shared = np.zeros(len(rows), dtype=bool)
    for one in range(SLOTS):
        for other in range(SLOTS):
            shared |= (a[:, one] >= 0) & (a[:, one] == b[:, other])
    found[rows] = shared
    return found


def name_levels(words: Vocabulary, left: Ints, right: Ints, comparison: str) -> Levels:
    """Levels of pairs of names by code; a code below 0 is a missing name.

    `comparison` is "forename" (families of given names, initials) or "surname". Swaps, parts and middle names are not
    this function's: it compares one name with one name.
    """
    at = {name: level(comparison, name) for name in ("exact", "family", "close", "near", "similar", "different")}
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
    a, b = left[rest], right[rest]
    found = np.full(len(a), at["different"], dtype=np.uint8)
    single = words.single[a] | words.single[b]
    same_initial = np.flatnonzero(single)
    same_initial = same_initial[words.initial[a[same_initial]] == words.initial[b[same_initial]]]
    found[same_initial] = level("forename", "initial") if comparison == "forename" else at["similar"]
    whole = np.flatnonzero(~single)
    if len(whole):
        x, y = a[whole], b[whole]
        score = similarities(words.letters, words.values, x, y, EDITED) + 1e-9
        here = np.full(len(whole), at["different"], dtype=np.uint8)
        alike = (score >= 0.8) | (words.sound[x] == words.sound[y]) | (words.phone[x] == words.phone[y])
        here[alike] = at["similar"]
        maybe = np.flatnonzero((score >= EDITED) & (score < 0.92))
        here[maybe[_near(words, x[maybe], y[maybe], comparison)]] = at["near"]
        here[score >= 0.92] = at["close"]
        here[maybe[_edited(words, x[maybe], y[maybe])]] = at["close"]
        slots = words.given if comparison == "forename" else words.family
        here[_share_a_family(slots, x, y) | (words.spelling[x] == words.spelling[y])] = at["family"]
        found[whole] = here
    out[rest] = found
    return out


def _edited(words: Vocabulary, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Pairs of names of at least four letters that differ by one letter more, less, other or exchanged with its neighbour."""
    x, y = words.values[left], words.values[right]
    edits = cpdist(x, y, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    return (np.minimum(words.letters.lengths[left], words.letters.lengths[right]) >= 4) & (edits <= 1)


def _near(words: Vocabulary, left: Ints, right: Ints, comparison: str) -> npt.NDArray[np.bool_]:
    """Pairs of names of at least five letters that two such edits make alike; of forenames also short forms."""
    edits = cpdist(
        words.values[left], words.values[right], scorer=DamerauLevenshtein.distance, score_cutoff=2, dtype=np.int32
    )
    near = (np.minimum(words.letters.lengths[left], words.letters.lengths[right]) >= 5) & (edits <= 2)
    if comparison == "forename":
        alike = np.flatnonzero(~near & (words.beginning[left] == words.beginning[right]))
        packed, back = np.unique(left[alike].astype(np.int64) << 32 | right[alike], return_inverse=True)
        names = zip(words.values[packed >> 32], words.values[packed & 0xFFFFFFFF], strict=True)
        near[alike] = np.array([shortened(a, b) for a, b in names], dtype=bool)[back]
    return near
