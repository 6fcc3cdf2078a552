"""UK postcodes. Takes one cell's text, gives "LE1 1AA" or None; mends a missing space, lower case, O for 0 and I for 1.

A repair is made only where exactly one reading is a postcode of an area that exists.
"""

from __future__ import annotations

import itertools
import re

AREAS = frozenset(
    re.findall(
        r"[A-Z]+",
        """AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY
    G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL
    OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN
    WR WS WV YO ZE""",
    )
)
DISTRICT = "(?:[0-9]{1,2}|[0-9][ABCDEFGHJKMNPRSTUVWXY])"
INWARD = "[0-9][ABD-HJLNP-UW-Z]{2}"
_OUTWARD, _INWARD = re.compile(f"([A-Z]{{1,2}}){DISTRICT}"), re.compile(INWARD)
_OTHER = {"O": "0", "0": "O", "I": "1", "1": "I"}
_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")


def _is_outward(text: str) -> bool:
    found = _OUTWARD.fullmatch(text)
    return bool(found and found[1] in AREAS)


def repair(text: str) -> str | None:
    """The postcode that `text` holds, in its usual form; None where it holds none or could be two."""
    compact = _NOT_ALPHANUMERIC.sub("", text.upper())
    if compact == "GIR0AA":
        return "GIR 0AA"
    if not 5 <= len(compact) <= 7:
        return None
    outward, inward = compact[:-3], compact[-3:]
    if inward[0] in "OI":
        inward = _OTHER[inward[0]] + inward[1:]
    if not _INWARD.fullmatch(inward):
        return None
    if not _is_outward(outward):
        ways = itertools.product(*((letter, _OTHER[letter]) if letter in _OTHER else (letter,) for letter in outward))
        readings = [reading for reading in map("".join, ways) if _is_outward(reading)]
        if len(readings) != 1:
            return None
        outward = readings[0]
    return f"{outward} {inward}"
