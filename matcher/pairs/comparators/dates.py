"""Dates of birth: the level at which two agree, from days since 1970.

Takes int32 days with a mask of missing ones; gives levels. A date's digits are packed, one a nibble, so that a mistyped
digit is one differing nibble.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.pairs.comparators import level

GENERATION = 13  # years between a parent and a child, at least

Ints = npt.NDArray[np.int32]


def parts(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month (1-12) and day (1-31) of days since 1970-01-01."""
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]").astype(np.int64)
    years = months // 12 + 1970
    day = (stamps - stamps.astype("datetime64[M]")).astype(np.int64) + 1
    return years.astype(np.int32), (months % 12 + 1).astype(np.int32), day.astype(np.int32)


def pack(days: Ints) -> npt.NDArray[np.uint32]:
    """The eight digits of DDMMYYYY, one a nibble."""
    year, month, day = parts(days)
    packed = np.zeros(len(days), dtype=np.uint32)
    for value, divisors in ((day, (10, 1)), (month, (10, 1)), (year, (1000, 100, 10, 1))):
        for divisor in divisors:
            packed = packed << np.uint32(4) | (value // divisor % 10).astype(np.uint32)
    return packed


def dob_levels(left: Ints, right: Ints, missing: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Levels of pairs of dates of birth (days since 1970); `missing` pairs get level 0."""
    out = np.zeros(len(left), dtype=np.uint8)
    out[~missing] = level("dob", "exact")
    rest = np.flatnonzero(~missing & (left != right))
    if not len(rest):
        return out
    a, b = left[rest], right[rest]
    (ya, ma, da), (yb, mb, db) = parts(a), parts(b)
    x, y = pack(a), pack(b)
    differ = x ^ y
    nibbles = np.zeros(len(a), dtype=np.uint8)
    exchanged = np.zeros(len(a), dtype=bool)
    for shift in range(0, 32, 4):
        nibbles += (differ >> np.uint32(shift) & np.uint32(15)) != 0
    for shift in range(0, 28, 4):
        low, high = np.uint32(shift), np.uint32(shift + 4)
        crossed = (x >> low & 15 == y >> high & 15) & (x >> high & 15 == y >> low & 15)
        exchanged |= (nibbles == 2) & crossed & (differ >> low & 15 != 0)
    found = np.full(len(a), level("dob", "different"), dtype=np.uint8)
    gap = np.abs(ya - yb)
    found[gap >= GENERATION] = level("dob", "generation")
    found[gap <= 1] = level("dob", "year_near")
    first = ((ma == 1) & (da == 1)) | ((mb == 1) & (db == 1))
    found[(ya == yb) & first] = level("dob", "new_year")
    agree = (ya == yb).astype(np.int8) + (ma == mb) + (da == db)
    # 1 January stands for a day not known, father's and son's alike
    unknown = (gap >= GENERATION) & (ma == 1) & (da == 1)
    found[(agree == 2) & ~((ya == yb) & first) & ~unknown] = level("dob", "two_parts")
    found[(nibbles == 1) | exchanged] = level("dob", "one_digit")
    found[(ya == yb) & (ma == db) & (da == mb)] = level("dob", "swapped")
    out[rest] = found
    return out
