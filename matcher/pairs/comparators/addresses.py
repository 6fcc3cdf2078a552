"""Addresses: the level at which two agree, from codes of their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level

if TYPE_CHECKING:
    from matcher.pairs.encode import Encoded

Ints = npt.NDArray[np.signedinteger]
Flags = npt.NDArray[np.bool_]


def _held(column: Ints, left: Ints, right: Ints) -> tuple[Flags, Flags]:
    """Whether both records hold the same value, and whether either holds none."""
    a, b = column.take(left), column.take(right)
    none = (a | b) < 0
    return (a == b) & ~none, none


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
    postcode, no_postcode = _held(e.postcode, left, right)
    number, no_number = _held(e.number, left, right)
    street, no_street = _held(e.street, left, right)
    uprn, _ = _held(e.uprn, left, right)
    flat, no_flat = _held(e.flat, left, right)
    flats_clash = ~flat & ~no_flat
    named, _ = _held(e.building, left, right)
    district, _ = _held(e.district, left, right)
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
    home = e.home[left]
    homes = (home != 0) & (home == e.home[right])
    out[homes | uprn] = level("address", "home")
    return out
