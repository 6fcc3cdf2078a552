"""Counts, numbers, Y/N, codes and sex. Each takes one cell's text, gives (value or None, broken rule or None)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_COUNT = re.compile(r"\+?([0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,15})?|[+-]?\.[0-9]{1,15}")
_YES, _NO = frozenset({"y", "yes", "1", "true"}), frozenset({"n", "no", "0", "false"})
_SEXES = frozenset({"m", "f", "male", "female", "u", "unknown", "x", "i", "not known", "not specified"})
_PUNCTUATION = re.compile(r"[\W_]+")


def read_count(text: str) -> tuple[int | None, str | None]:
    """A whole number from 0, up to nine digits; "3.0" and "1,200" too."""
    found = _COUNT.fullmatch(text)
    return (int(found[1].replace(",", "")), None) if found else (None, "count")


def read_number(text: str) -> tuple[float | None, str | None]:
    """A decimal number, as of eastings and northings."""
    return (float(text), None) if _NUMBER.fullmatch(text) else (None, "number")


def read_yes_no(text: str) -> tuple[bool | None, str | None]:
    """Y, N, Yes, No, 1, 0, TRUE, FALSE in any case. A blank never comes here: it is No."""
    folded = text.casefold()
    if folded in _YES:
        return True, None
    return (False, None) if folded in _NO else (None, "yes_no")


def read_sex(text: str) -> tuple[str, str | None]:
    """The text as delivered; the rule is broken where it is none of the usual words."""
    return text, None if text.casefold() in _SEXES else "sex"


def bare(text: str) -> str:
    """Upper case without spaces, underscores and punctuation: how header names and codes are compared."""
    return _PUNCTUATION.sub("", text).upper()


def code_table(codes: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Bare form of each code and alias -> the code; a code wins over an alias."""
    return {bare(alias): code for alias, code in aliases.items()} | {bare(code): code for code in codes}


def read_code(text: str, table: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The agreed code that `text` writes, whatever its case and punctuation; none where a character is lost (U+FFFD)."""
    found = None if "\ufffd" in text else table.get(bare(text))
    return found, None if found is not None else "code"
