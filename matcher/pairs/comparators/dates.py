"""Dates of birth: the level at which two agree, from days since 1970.

Takes int32 days with a mask of missing ones; gives levels. A date's digits are packed, one a nibble, so that a mistyped
digit is one differing nibble.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level

GENERATION = 13  # years between a parent and a child, at least

DAYS = (-51_000, 33_000)  # 1830 to 2060

Ints = npt.NDArray[np.signedinteger]
Packed = npt.NDArray[np.uint32]


def parts(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month (1-12) and day (1-31) of days since 1970-01-01."""
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]").astype(np.int64)
    years = months // 12 + 1970
    day = (stamps - stamps.astype("datetime64[M]")).astype(np.int64) + 1
    return years.astype(np.int32), (months % 12 + 1).astype(np.int32), day.astype(np.int32)


def pack(days: Ints) -> Packed:
    """The eight digits of DDMMYYYY, one a nibble."""
    year, month, day = parts(days)
    packed = np.zeros(len(days), dtype=np.uint32)
    for value, divisors in ((day, (10, 1)), (month, (10, 1)), (year, (1000, 100, 10, 1))):
        for divisor in divisors:
            packed = packed << np.uint32(4) | (value // divisor % 10).astype(np.uint32)
    return packed


@cache
def _calendar() -> tuple[npt.NDArray[np.int16], Packed]:
    """Years and packed digits of the days that nearly all dates of birth are among."""
    days = np.arange(*DAYS, dtype=np.int32)
    return parts(days)[0].astype(np.int16), pack(days)


def _read(days: Ints) -> tuple[npt.NDArray[np.signedinteger], Packed]:
    """Years and packed digits of days."""
    if len(days) and (days.min() < DAYS[0] or days.max() >= DAYS[1]):
        return parts(days)[0], pack(days)
    years, digits = _calendar()
    place = days - DAYS[0]
    return years[place], digits[place]


def one_digit(x: Packed, y: Packed) -> npt.NDArray[np.bool_]:
    """Whether numbers of one digit a nibble differ in one digit, or by two neighbouring digits exchanged."""
    differ = x ^ y
    places = differ | differ >> np.uint32(2)
    places = (places | places >> np.uint32(1)) & np.uint32(0x11111111)
    count = np.bitwise_count(places)
    out = count == 1
    two = np.flatnonzero((count == 2) & (places & places >> np.uint32(4) != 0))
    # The lower of the two places that differ, by which both are moved down to be held against each other.
    low = places[two] & (~places[two] + np.uint32(1))
    p, q = x[two] // low, y[two] // low
    out[two] = (p & 15 == q >> np.uint32(4) & 15) & (q & 15 == p >> np.uint32(4) & 15)
    return out


def dob_levels(left: Ints, right: Ints, missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Levels of pairs of dates of birth (days since 1970); `missing` pairs get level 0."""
    out = np.zeros(len(left), dtype=np.uint8)
    out[~missing] = level("dob", "exact")
    rest = np.flatnonzero(~missing & (left != right))
    if not len(rest):
        return out
    (ya, x), (yb, y) = _read(left[rest]), _read(right[rest])
    differ = x ^ y
    year, month, day = (differ & np.uint32(mask) == 0 for mask in (0xFFFF, 0xFF0000, 0xFF000000))
    found = np.full(len(rest), level("dob", "different"), dtype=np.uint8)
    gap = np.abs(ya - yb)
    found[gap >= GENERATION] = level("dob", "generation")
    found[gap <= 1] = level("dob", "year_near")
    new_year = np.uint32(0x0101)
    first = year & ((x >> np.uint32(16) == new_year) | (y >> np.uint32(16) == new_year))
    found[first] = level("dob", "new_year")
    # 1 January stands for a day not known, father's and son's alike
    unknown = (gap >= GENERATION) & (x >> np.uint32(16) == new_year)
    agree = year.view(np.uint8) + month.view(np.uint8) + day.view(np.uint8)
    found[(agree == 2) & ~first & ~unknown] = level("dob", "two_parts")
    found[one_digit(x, y)] = level("dob", "one_digit")
    eight = np.uint32(8)
    exchanged = (x & 0xFFFF) | (x & np.uint32(0xFF0000)) << eight | (x & np.uint32(0xFF000000)) >> eight
    found[exchanged == y] = level("dob", "swapped")
    out[rest] = found
    return out
