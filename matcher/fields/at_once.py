"""Whole columns at once: identifiers, postcodes, dates and numbers that are written as agreed. Takes distinct texts, gives what is
sure of them; says nothing of the others, which are read one by one. A test holds both ways to the same answer.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.fields import identifiers, postcodes
from matcher.fields.dates import EARLIEST, LATEST, UNKNOWN, oldest_birth

_FORMS = {
    "nino": f"^{identifiers.NINO}$",
    "upn": f"^{identifiers.UPN}$",
    "nhs": "^[0-9]{10}$",
    "uprn": "^[1-9][0-9]{0,11}$",
    "bare": "^[0-9A-Z]+$",
    "postcode": f"^(?:{'|'.join(sorted(postcodes.AREAS))}){postcodes.DISTRICT} {postcodes.INWARD}$",
}
_DATES = (("^[0-9]{2}/[0-9]{2}/[0-9]{4}$", 0, 3, 6), ("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 8, 5, 0))
"""Forms of dates, and where day, month and year begin in them."""
_NUMBER = r"^[0-9]{1,15}(?:\.[0-9]{1,15})?$"
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_UPN_VALUES = np.zeros(128, np.int64)  # of each character, in the sum that makes the check letter
_UPN_VALUES[[ord(character) for character in _LETTERS + "0123456789"]] = np.arange(len(_LETTERS) + 10)


def canonical_already(kind: str, texts: pa.Array) -> np.ndarray:
    """Which texts are the canonical form of their kind as they stand: bool a text.

    Kinds: identifiers, `postcode`, `bare` (capitals and digits alone); of any other, none is.
    """
    if kind not in _FORMS:
        return np.zeros(len(texts), dtype=bool)
    sure = _matching(texts, _FORMS[kind])
    rows = np.flatnonzero(sure)
    if kind == "nino":
        never = pc.is_in(pc.utf8_slice_codeunits(texts, 0, 2), value_set=pa.array(sorted(identifiers.NEVER_ALLOCATED)))
        sure &= ~never.to_numpy(zero_copy_only=False)
    elif kind == "upn":
        values = _UPN_VALUES[_characters(texts, rows, 13)]
        sure[rows] = values[:, 1:] @ np.arange(2, 14) % len(_LETTERS) == values[:, 0]
    elif kind == "nhs":
        sure[rows] = (_characters(texts, rows, 10) - ord("0")) @ np.arange(10, 0, -1) % 11 == 0
    return sure


def dates(texts: pa.Array, born_by: dt.date | None = None) -> tuple[pa.Array, np.ndarray]:
    """(date32 of each text dd/mm/yyyy or yyyy-mm-dd, which are sure). `born_by`: only days on which one who lives can be born."""
    days, sure = np.zeros(len(texts), "M8[D]"), np.zeros(len(texts), dtype=bool)
    for form, day_at, month_at, year_at in _DATES:
        rows = np.flatnonzero(_matching(texts, form))
        digits = _characters(texts, rows, 10) - ord("0")
        day, month = (digits[:, at : at + 2] @ (10, 1) for at in (day_at, month_at))
        year = digits[:, year_at : year_at + 4] @ (1000, 100, 10, 1)
        begins = (year * 12 + month - (1970 * 12 + 1)).astype("M8[M]")
        found = begins.astype("M8[D]") + (day - 1)
        exists = (month >= 1) & (month <= 12) & (day >= 1) & (found.astype("M8[M]") == begins)
        exists &= (year >= EARLIEST) & (year <= LATEST) & ~np.isin(found, np.array(sorted(UNKNOWN), "M8[D]"))
        if born_by is not None:
            exists &= (found >= np.datetime64(oldest_birth(born_by))) & (found <= np.datetime64(born_by))
        days[rows], sure[rows] = found, exists
    return pa.array(days), sure


def numbers(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """(float64 of each text of digits, with a decimal point or without, which are sure)."""
    sure = _matching(texts, _NUMBER)
    return pc.if_else(pa.array(sure), texts, "0").cast(pa.float64()), sure


def _matching(texts: pa.Array, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(zero_copy_only=False).copy()


def _characters(texts: pa.Array, rows: np.ndarray, width: int) -> np.ndarray:
    """The ASCII codes of the texts at `rows`, each `width` long: a row a text."""
    joined = "".join(texts.take(pa.array(rows)).to_pylist())
    return np.frombuffer(joined.encode("ascii"), np.uint8).astype(np.int64).reshape(len(rows), width)
