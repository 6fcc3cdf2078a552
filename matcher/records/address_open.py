"""Texts of addresses -> their forms' texts. Takes a column of cleaned texts in which numbers are masked, gives the same with a
letter for each name and each type of street, and which words those are. Looks at whole columns at once; refuses nothing.

A name is a word of three letters or more that no table holds. How an address is read does not depend on which of two such words
stands in a place, nor on which type of street, of those whose words mean nothing else: only on which of them are alike. A type is
left as it is where the address abbreviates one: the two could be the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.records.address_words import ABBREVIATIONS, COUNTRIES, KIND_WORDS, MEANINGFUL, STREET_TYPES, TYPES_ALONE

NAMES, TYPES = "abcdefgh", "stuv"
"""Letters that stand for the names and the types of an address, in the order in which they are met."""
TOO_MANY = "z"
_LETTERS = NAMES + TYPES + TOO_MANY
_NAME = re.compile(r"[A-Z]{3,}")
_ABBREVIATED = {short for short, full in ABBREVIATIONS.items() if full in STREET_TYPES} | {"ST", "LA"}
_OF_COUNTRIES = frozenset(word for country in COUNTRIES for word in country.split())


class Opened(NamedTuple):
    """`words`: all that were met. `places`: for each text which of them its letters stand for, -1 for none. `foreign`: whether a
    text may name a country."""

    texts: pa.Array
    words: pa.Array
    places: np.ndarray
    foreign: np.ndarray


def opened(texts: pa.Array) -> Opened:
    """The texts of forms, a town still in them."""
    split = pc.split_pattern(pc.replace_substring(texts, ",", " , "), " ")
    encoded = split.flatten().dictionary_encode()
    code, words = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    row = np.repeat(np.arange(len(texts)), np.diff(split.offsets.to_numpy()))

    def which(asked: Callable[[str], bool]) -> np.ndarray:
        return np.array([asked(word) for word in words], bool)[code]

    def rows(asked: Callable[[str], bool]) -> np.ndarray:
        return np.bincount(row[which(asked)], minlength=len(texts)) > 0

    fixed = rows(KIND_WORDS.__contains__)
    named = which(_is_name) & ~fixed[row]
    typed = which(TYPES_ALONE.__contains__) & ~(fixed | rows(_ABBREVIATED.__contains__))[row]
    shown = code.astype(np.int64)
    places = np.full((len(texts), len(NAMES) + len(TYPES)), -1, np.int64)
    for those, begin, letters in ((named, 0, NAMES), (typed, len(NAMES), TYPES)):
        order = _order(row[those], code[those].astype(np.int64), len(words))
        inside = order < len(letters)
        shown[those] = len(words) + np.where(inside, begin + order, _LETTERS.index(TOO_MANY))
        places[row[those][inside], begin + order[inside]] = code[those][inside]
    of_form = pa.array([*words, *_LETTERS], pa.string()).take(pa.array(shown))
    joined = pc.binary_join(pa.ListArray.from_arrays(split.offsets, of_form), " ")
    return Opened(
        pc.replace_substring(joined, " , ", ","), encoded.dictionary, places, rows(_OF_COUNTRIES.__contains__)
    )


def _is_name(word: str) -> bool:
    return word not in MEANINGFUL and bool(_NAME.fullmatch(word)) and bool(word.strip("X"))


def _order(row: np.ndarray, code: np.ndarray, size: int) -> np.ndarray:
    """For each word how many other ones its row has before it."""
    met, distinct = pd.factorize(row * size + code)
    of_row = distinct // size
    return (np.arange(len(distinct)) - np.searchsorted(of_row, of_row))[met]
