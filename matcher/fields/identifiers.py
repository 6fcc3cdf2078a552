"""NINO, UPN, NHS number, UPRN, establishment. Takes one cell's text, gives the canonical form, or None where it is none.

A check letter or digit is tested where the number has one (UPN, NHS); a NINO has none, so only its form is.
"""

from __future__ import annotations

import re

from stdnum.gb import nhs as _nhs
from stdnum.gb import upn as _upn

_SPACING = re.compile(r"[\s./\-]+")
NINO = "[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z][0-9]{6}[A-D]?"
NEVER_ALLOCATED = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
UPN = "[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]"
_NINO, _UPN = re.compile(NINO), re.compile(UPN)


def _compact(text: str) -> str:
    return text.upper() if text.isalnum() else _SPACING.sub("", text).upper()


def nino(text: str) -> str | None:
    """ "QQ 12 34 56 C" without spaces, upper case. The suffix letter may be absent; prefixes never allocated are refused."""
    found = _compact(text)
    return found if _NINO.fullmatch(found) and found[:2] not in NEVER_ALLOCATED else None


def upn(text: str) -> str | None:
    """Thirteen characters with the right check letter; a temporary one ends in a letter.

    The authority's number is not held against a list: authorities come and go, and a pupil keeps the number.
    """
    found = _compact(text)
    return found if _UPN.fullmatch(found) and _upn.calc_check_digit(found[1:]) == found[0] else None


def nhs(text: str) -> str | None:
    """Ten digits with the right check digit."""
    found = _compact(text)
    return found if found.isascii() and _nhs.is_valid(found) else None


def uprn(text: str) -> str | None:
    """One to twelve digits, leading zeros taken off."""
    found = _compact(text)
    if not (found.isascii() and found.isdigit()):
        return None
    found = found.lstrip("0")
    return found if 1 <= len(found) <= 12 else None


def estab(text: str) -> str | None:
    """Seven digits: authority and establishment, also written "855/4001"."""
    found = _compact(text)
    return found if found.isascii() and found.isdigit() and len(found) == 7 else None
