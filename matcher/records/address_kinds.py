"""What kind of address a text is: a dwelling, an institution, abroad, a box, or none. Takes cleaned text, gives the kind.

A prison, hospital, barracks or care home is an institution; a hostel or refuge is a dwelling, where people live as families.
"Hospital Lane" and "The Old Prison" are dwellings. Abroad: a country comes last and there is no UK postcode.
"""

from __future__ import annotations

import re

from matcher.records.address_words import COUNTRIES, KIND_WORDS

_NO_ABODE = re.compile(
    r"\bNFA\b|\bN F A\b|\bNO FIXED (?:ABODE|ADDRESS|ADD)\b|\bOF NO FIXED\b|\bHOMELESS\b(?! (?:ROAD|STREET|LANE))|"
    r"\bROUGH SLEEP|\bSLEEPING ROUGH\b|\bSOFA SURF"
)
_PO_BOX = re.compile(r"\bP ?O ?BOX\b|\bBFPO\b|\bPOBOX\b")
_NOT_A_STREET = (
    r"\b(?! (?:STREET|ST|ROAD|RD|LANE|LN|CLOSE|CL|SQUARE|SQ|DRIVE|DR|WAY|AVENUE|AVE|HILL|GARDENS|COTTAGES?|ROW|COURT|FIELD|"
    r"TERRACE|WALK|PLACE|VIEW|MEWS|GATE|YARD)\b)"
)
_INSTITUTION = re.compile(
    r"\b(?:HMP|HMPYOI|HMYOI|HM PRISON|HER MAJESTYS PRISON|HIS MAJESTYS PRISON|YOI|YOUNG OFFENDERS? INSTITUT(?:ION|E)|"
    r"SECURE (?:TRAINING CENTRE|CHILDRENS HOME|UNIT)|REMAND CENTRE|IN CUSTODY|(?:IMMIGRATION )?REMOVAL CENTRE|"
    r"DETENTION CENTRE|(?:BAIL|PROBATION) HOSTEL|APPROVED PREMISES|(?:NURSING|RESIDENTIAL|CARE|CHILDRENS) HOME|"
    r"RESIDENTIAL CARE|RESIDENTIAL UNIT)\b|(?<!OLD )\b(?:PRISON|HOSPITAL|INFIRMARY|HOSPICE|BARRACKS)" + _NOT_A_STREET
)
_NO_ADDRESS = re.compile(
    r"(?:ADDRESS |ADD |THE |NO |NOT |CURRENT |CURRENTLY |LAST |UN|IS |WAS |AT |PRESENT |SEE |AS )*"
    r"(?:NONE|UNKNOWN|UNK|KNOWN|GIVEN|SUPPLIED|RECORDED|AVAILABLE|PROVIDED|ADDRESS|REFUSED|WITHHELD|CONFIDENTIAL|PROTECTED|"
    r"TBC|TBA|NIL|N/A|NA|N A|NK|N K|NULL|ABOVE|REDACTED|DISCLOSED|STATED|APPLICABLE|RESTRICTED|X+)"
)


def kind_of(text: str, segments: list[str], code: str | None) -> str:
    """The kind of a non-empty address: its text, the same in segments, and the postcode found."""
    words = set(text.replace(",", " ").split())
    if not KIND_WORDS.isdisjoint(words) or "N/A" in words:
        plain = text.replace(",", "")
        if _NO_ABODE.search(plain):
            return "no_fixed_abode"
        if _PO_BOX.search(plain):
            return "po_box"
        if _NO_ADDRESS.fullmatch(plain) or all(_NO_ADDRESS.fullmatch(segment) for segment in segments):
            return "none"
        if any(_INSTITUTION.search(segment) for segment in segments):
            return "institution"
    elif set(text) <= set("X ,-/"):
        return "none"
    if code is None and segments[-1] in COUNTRIES:
        return "abroad"
    return "dwelling"
