"""Blocking: which pairs of records are compared at all.

Takes encoded records and the model's rules; gives each candidate pair once, packed in one integer, in order. A rule whose
blocks would give too many pairs skips its largest ones and says so, with counts only.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from matcher.pairs.encode import Encoded, Keys, key_where, mix
from matcher.pairs.model import Blocking, Limits, LinkageModel

Ints = npt.NDArray[np.int32]


def _sounds(e: Encoded, code: Ints) -> Keys:
    """Sound codes of names; 0 for a missing name or an initial."""
    known = np.maximum(code, 0)
    if not len(e.words.values):
        return np.zeros(len(code), dtype=np.uint64)
    return np.where((code >= 0) & ~e.words.single[known], e.words.sound[known], 0).astype(np.uint64)


def _initials(e: Encoded, code: Ints) -> Keys:
    if not len(e.words.values):
        return np.zeros(len(code), dtype=np.uint64)
    return np.where(code >= 0, e.words.initial[np.maximum(code, 0)], 0).astype(np.uint64)


def keys_of(e: Encoded, name: str) -> list[Keys]:
    """The columns of a blocking key: one, or several for a key of which any value may agree; 0 = missing."""
    if name == "names":
        columns: list[Keys] = []
        for code in (e.forename, e.middle, e.surname, e.part_1, e.part_2):
            column = _sounds(e, code)
            for earlier in columns:
                column[column == earlier] = 0
            columns.append(column)
        return columns
    if name in ("forename", "surname"):
        return [_sounds(e, e.forename if name == "forename" else e.surname)]
    if name == "full_name":
        a, b = _sounds(e, e.forename), _sounds(e, e.surname)
        return [key_where((a > 0) & (b > 0), np.minimum(a, b), np.maximum(a, b))]
    if name in ("initial", "surname_initial"):
        return [_initials(e, e.forename if name == "initial" else e.surname)]
    if name == "dob":
        return [key_where(e.has_dob, e.dob)]
    if name == "home":
        return [e.home, key_where(e.uprn >= 0, e.uprn)]
    if name == "street_door":
        return [key_where((e.street >= 0) & (e.number >= 0), e.street, e.number)]
    if name == "ref":
        return [e.ref]
    single = {"birth_year": e.year, "postcode": e.postcode, "known_person": e.known, **e.identifiers}[name]
    return [key_where(single >= 0, single)]


def rule_keys(e: Encoded, rule: Blocking) -> list[Keys]:
    """The columns of a rule: its keys' columns combined in every way."""
    out = []
    for columns in product(*(keys_of(e, name) for name in rule.keys)):
        present = np.logical_and.reduce([column != 0 for column in columns])
        out.append(key_where(present, *columns))
    return out


def _cap(sizes: npt.NDArray[np.int64], allowed: int) -> int:
    """The largest block size such that all blocks up to it give no more than `allowed` pairs."""
    order = np.sort(sizes)
    total = np.cumsum(order * (order - 1) // 2)
    kept = int(np.searchsorted(total, allowed, side="right"))
    if kept == len(order):
        return int(order[-1])
    refused = int(order[kept])
    return int(order[np.searchsorted(order, refused) - 1]) if order[0] < refused else 1


def _pairs_of(columns: list[Keys], size: int, limits: Limits) -> tuple[Keys, int, int]:
    """Packed pairs of one rule, with the number of blocks and of records in blocks that were skipped."""
    bits = max(int(size - 1).bit_length(), 1)
    low = np.uint64((1 << bits) - 1)
    entries = []
    for column in columns:
        rows = np.flatnonzero(column)
        entries.append((mix(column[rows]) & ~low) | rows.astype(np.uint64))
    packed = np.concatenate(entries)
    packed.sort()
    if len(entries) > 1 and len(packed):
        packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])]
    empty = np.zeros(0, dtype=np.uint64)
    if len(packed) < 2:
        return empty, 0, 0
    block = packed >> np.uint64(bits)
    starts = np.flatnonzero(np.concatenate([[True], block[1:] != block[:-1]]))
    sizes = np.diff(np.append(starts, len(packed)))
    cap = _cap(sizes, max(limits.pairs_per_record * size, limits.pairs_at_least))
    skipped = sizes > cap
    kept = (sizes > 1) & ~skipped
    row = (packed & low).astype(np.int64)
    ends = np.repeat(np.where(sizes > 1, starts + sizes, 0), sizes)
    partners = np.maximum(ends - np.arange(len(packed)) - 1, 0)
    # Of a skipped block each record still meets the next one, so that the rows of one reference stay together.
    partners = np.where(np.repeat(kept, sizes), partners, np.minimum(partners, 1))
    left = np.repeat(np.arange(len(packed)), partners)
    first = np.cumsum(partners) - partners
    right = left + 1 + (np.arange(len(left)) - first[left])
    a, b = row[left], row[right]
    pairs = np.minimum(a, b).astype(np.uint64) << np.uint64(32) | np.maximum(a, b).astype(np.uint64)
    return pairs, int(skipped.sum()), int(sizes[skipped].sum())


def candidates(e: Encoded, model: LinkageModel) -> tuple[Ints, Ints, tuple[str, ...]]:
    """All candidate pairs (left row < right row, in order, each once) and warnings about rules that skipped blocks."""
    warnings: list[str] = []
    found: list[Keys] = []
    for rule in model.blocking:
        pairs, blocks, records = (
            _pairs_of(rule_keys(e, rule), e.size, model.limits) if e.size > 1 else (e.ref[:0], 0, 0)
        )
        if blocks:
            warnings.append(
                f"blocking rule {rule.name}: {blocks} value(s) shared by too many records were hardly compared by this rule "
                f"({records} records)"
            )
        found.append(pairs)
        if len(found) > 1 and sum(map(len, found)) > 20_000_000:
            found = [_distinct(found)]
    together = _distinct(found)
    return (
        (together >> np.uint64(32)).astype(np.int32),
        (together & np.uint64(0xFFFFFFFF)).astype(np.int32),
        tuple(warnings),
    )


def _distinct(found: list[Keys]) -> Keys:
    together = np.concatenate(found)
    together.sort()
    if len(together):
        together = together[np.concatenate([[True], together[1:] != together[:-1]])]
    return together
