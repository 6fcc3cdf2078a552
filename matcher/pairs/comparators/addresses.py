"""Addresses: the level at which two agree, from codes of their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level

if TYPE_CHECKING:
    from matcher.pairs.encode import Encoded

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


def _same(column: Ints, left: Ints, right: Ints) -> Flags:
    return (column[left] >= 0) & (column[left] == column[right])


def _either_missing(column: Ints, left: Ints, right: Ints) -> Flags:
    return (column[left] < 0) | (column[right] < 0)


def one_character(text: npt.NDArray[np.uint8], left: Ints, right: Ints) -> Flags:
    """Whether two texts of a character table (codes, none missing) differ in one character or in two neighbours exchanged."""
    a, b = text[left], text[right]
    differ = a != b
    count = differ.sum(axis=1)
    exchanged = (differ[:, :-1] & differ[:, 1:] & (a[:, :-1] == b[:, 1:]) & (a[:, 1:] == b[:, :-1])).any(axis=1)
    return (count == 1) | ((count == 2) & exchanged)


def address_levels(encoded: Encoded, left: Ints, right: Ints) -> npt.NDArray[np.uint8]:
    """Levels of pairs of records by their addresses."""
    e = encoded
    postcode, no_postcode = _same(e.postcode, left, right), _either_missing(e.postcode, left, right)
    number, no_number = _same(e.number, left, right), _either_missing(e.number, left, right)
    street, no_street = _same(e.street, left, right), _either_missing(e.street, left, right)
    uprn = _same(e.uprn, left, right)
    flat = e.flat[left] == e.flat[right]
    flats_clash = ~flat & ~_either_missing(e.flat, left, right)
    named = _same(e.building, left, right)
    district = _same(e.district, left, right)
    typo = np.zeros(len(left), dtype=bool)
    check = np.flatnonzero(~no_postcode & ~postcode & number)
    typo[check] = one_character(e.postcodes, e.postcode[left[check]], e.postcode[right[check]])

    comparable = ~no_postcode | uprn | (~no_street & ~no_number)
    out = np.zeros(len(left), dtype=np.uint8)
    out[comparable] = level("address", "different")
    out[district] = level("address", "district")
    out[(postcode & ~no_number & ~number) | (street & district)] = level("address", "neighbour")
    out[postcode & no_number] = level("address", "postcode")
    elsewhere = ~no_postcode & ~postcode & ~typo & ~district
    out[number & ~flats_clash & ((street & ~elsewhere) | typo)] = level("address", "door")
    out[postcode & (number | (no_number & named))] = level("address", "building")
    homes = (e.home[left] != 0) & (e.home[left] == e.home[right])
    out[homes | uprn] = level("address", "home")
    return out
