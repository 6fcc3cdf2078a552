"""What surnames say about kinship: takes records with their persons, gives coded surname parts by person.

A person has every part of every surname that any record gives ("SMITH JONES" is both; a maiden and a married name are
both). SINGH and KAUR are one custom, so they count as one part; a name given by custom to most women of a community
(BEGUM, BIBI ...) ties nobody to anybody and sets nobody apart. How common a part is this month tells what sharing it
is worth. Refuses nothing; a person without a surname has no parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CUSTOM = {"SINGH": "SINGH/KAUR", "KAUR": "SINGH/KAUR"}
NEUTRAL = frozenset(
    [
        "BEGUM", "BEGAM", "BIBI", "KHATUN", "KHATOON", "KHANAM", "KHANUM", "AKHTAR", "AKTAR", "AKTER", "AKHTER", "PARVEEN",
        "PARVIN", "PERVEEN", "SULTANA", "BANO", "BANU", "NESSA", "NISSA", "NAHAR", "JAHAN", "KAUSAR", "KOUSAR", "KAUSER", "KOUSER", "PERVIN", "AKTHER", "NAHER",
    ]
)  # fmt: skip


def family_form(part: str) -> str:
    """The form that a family shares: SINGH and KAUR are one, so are -SKI and -SKA, -OV and -OVA."""
    if len(part) > 5:
        for woman, man in (("SKA", "SKI"), ("CKA", "CKI"), ("DZKA", "DZKI"), ("OVA", "OV"), ("EVA", "EV")):
            if part.endswith(woman):
                return part[: -len(woman)] + man
    return CUSTOM.get(part, part)


@dataclass(frozen=True)
class Surnames:
    """Long table sorted by person: `person[i]` has part `part[i]`; `start[p]:start[p+1]` are the rows of person p."""

    person: np.ndarray
    part: np.ndarray
    start: np.ndarray
    values: list[str]
    share: np.ndarray  # by part: share of all persons who have it
    neutral: np.ndarray  # by part: bool
    main: np.ndarray  # by person: the part most records give, -1 = none

    def of(self, person: int) -> np.ndarray:
        return self.part[self.start[person] : self.start[person + 1]]


def find_surnames(records: pa.Table, person: np.ndarray, people: int) -> Surnames:
    """`person` gives each record's person, -1 for none; `people` is how many persons there are."""
    lists = records["surname_parts"].combine_chunks()
    owner = pc.list_parent_indices(lists).to_numpy()
    encoded = pc.list_flatten(lists).dictionary_encode()
    raw = [family_form(value) if value else None for value in encoded.dictionary.to_pylist()]
    values = sorted({value for value in raw if value and len(value) > 1})
    place = {value: code for code, value in enumerate(values)}
    table = np.array([place.get(value, -1) if value else -1 for value in raw] + [-1], dtype=np.int64)
    part = table[encoded.indices.fill_null(len(raw)).to_numpy(zero_copy_only=False)]
    who = person[owner]
    good = (part >= 0) & (who >= 0)
    width = max(len(values), 1)
    keys, times = np.unique(who[good] * width + part[good], return_counts=True)
    people_of, parts = keys // width, keys % width
    main = np.full(people, -1, dtype=np.int64)
    most = np.zeros(people, dtype=np.int64)
    np.maximum.at(most, people_of, times)
    best = np.flatnonzero(times == most[people_of])[::-1]  # of several the first is written last
    main[people_of[best]] = parts[best]
    return Surnames(
        person=people_of,
        part=parts,
        start=np.searchsorted(people_of, np.arange(people + 1)),
        values=values,
        share=np.bincount(parts, minlength=width) / max(people, 1),
        neutral=np.array([value in NEUTRAL for value in values], dtype=bool),
        main=main,
    )
