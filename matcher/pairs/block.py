"""Blocking: which pairs of records are compared at all.

Takes encoded records and the model's rules; gives each candidate pair once, in order, a range of rows at a time. A rule
whose blocks would give too many pairs skips its largest ones and says so, with counts only.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from matcher.pairs.encode import PORTION, THREADS, Encoded, Keys, key_where, mix
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


def _of_codes(code: Ints) -> Keys:
    """Codes as a key: -1, missing, becomes 0."""
    return (code.astype(np.int64) + 1).view(np.uint64)


def _plain_key(e: Encoded, name: str) -> Keys:
    """A column as it stands (`exact.surname`), or the first character of its values (`first.forename`)."""
    kind, _, column = name.partition(".")
    code, values = e.values[column]
    if kind == "first":
        letters = np.array([*(ord(value[0]) for value in values), 0], dtype=np.uint64)
        return letters[code]
    return _of_codes(code)


def keys_of(e: Encoded, name: str) -> list[Keys]:
    """The columns of a blocking key: one, or several for a key of which any value may agree; 0 = missing."""
    if "." in name:
        return [_plain_key(e, name)]
    if name == "names":
        columns: list[Keys] = []
        for code in (e.forename, e.middle, e.surname, e.part_1, e.part_2):
            column = _sounds(e, code)
            for earlier in columns:
                column[column == earlier] = 0
            columns.append(column)
        return [columns[0], *(column for column in columns[1:] if column.any())]
    if name in ("forename", "surname"):
        return [_sounds(e, e.forename if name == "forename" else e.surname)]
    if name == "full_name":
        a, b = _sounds(e, e.forename), _sounds(e, e.surname)
        return [np.where((a > 0) & (b > 0), np.minimum(a, b) << np.uint64(32) | np.maximum(a, b), np.uint64(0))]
    if name in ("initial", "surname_initial"):
        return [_initials(e, e.forename if name == "initial" else e.surname)]
    if name == "dob":
        return [np.where(e.has_dob, (e.dob.astype(np.int64) + (1 << 32)).view(np.uint64), np.uint64(0))]
    if name == "home":
        return [e.home, _of_codes(e.uprn)]
    if name == "street_door":
        return [key_where((e.street >= 0) & (e.number >= 0), e.street, e.number)]
    if name == "ref":
        return [e.ref]
    return [_of_codes({"birth_year": e.year, "postcode": e.postcode, "known_person": e.known, **e.identifiers}[name])]


def rule_keys(e: Encoded, rule: Blocking) -> list[Keys]:
    """The columns of a rule: its keys' columns combined in every way. Their upper bits tell keys apart, the lowest is set."""
    out = []
    # Odd numbers without a pattern: sums of products with them are the same in their upper bits only by chance.
    factors = mix(np.arange(len(rule.keys))) | np.uint64(1)
    for columns in product(*(keys_of(e, name) for name in rule.keys)):
        together = np.zeros(e.size, dtype=np.uint64)
        for start in range(0, e.size, PORTION):  # small enough to stay near the processor
            part = slice(start, start + PORTION)
            key, present = together[part], np.ones(len(together[part]), dtype=bool)
            for column, factor in zip(columns, factors, strict=True):
                key += column[part] * factor
                present &= column[part] != 0
            key |= np.uint64(1)
            key *= present
        out.append(together)
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


@dataclass(frozen=True)
class _Rule:
    """The blocks of one rule, and of every row that later rows share a block with, where these stand."""

    order: Ints  # rows of all blocks of two or more, block by block, rising within a block
    row: Ints  # rows with partners, rising; a row stands here once for each of its blocks
    start: Ints  # where in `order` its first partner is
    partners: Ints  # how many there are


@dataclass(frozen=True)
class _Skipped:
    """What the cap left out of one rule: blocks, the rows in them, pairs."""

    blocks: int
    rows: Ints
    pairs: int
    neighbours: int = 0  # entries at the end of the rule's `order` that stand for neighbours in such blocks


NOTHING_SKIPPED = _Skipped(0, np.zeros(0, dtype=np.int32), 0)
TOGETHER = 3  # times what one rule may give that all rules together may


def _allowed(e: Encoded, limits: Limits) -> int:
    """Pairs that one rule may give."""
    return max(limits.pairs_per_record * e.size, limits.pairs_at_least)


def _level(pairs: list[int], together: int) -> int:
    """What each rule may give so that all give `together`: the rules that give less leave the rest to the others."""
    rest, others = together, len(pairs)
    for few in sorted(pairs):
        if few * others > rest:
            break
        rest, others = rest - few, others - 1
    return rest // max(others, 1)


def _blocks_of(e: Encoded, columns: list[Keys], allowed: int) -> tuple[_Rule, _Skipped]:
    """The blocks of one rule: entries of key and row, sorted once, rows told by their low bits."""
    bits = np.uint64(max(int(e.size - 1).bit_length(), 1))
    low = (np.uint64(1) << bits) - np.uint64(1)
    entries = []
    for column in columns:
        rows = np.flatnonzero(column)
        entries.append((column[rows] & ~low) | rows.astype(np.uint64))
    packed = entries[0] if len(entries) == 1 else np.concatenate(entries)
    del entries
    packed.sort()
    if len(columns) > 1 and len(packed):
        packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])]
    block = packed >> bits
    together = block[1:] == block[:-1]
    none = np.zeros(0, dtype=np.int32)
    if not together.any():
        return _Rule(none, none, none, none), NOTHING_SKIPPED
    shared = np.zeros(len(packed), dtype=bool)
    shared[1:] = together
    shared[:-1] |= together
    block = block[shared]
    order: Ints = (packed[shared] & low).astype(np.int32)
    del packed
    starts = np.flatnonzero(np.concatenate([[True], block[1:] != block[:-1]]))
    sizes = np.diff(np.append(starts, len(order)))
    partners: Ints = (np.repeat(starts + sizes, sizes) - np.arange(1, len(order) + 1)).astype(np.int32)
    skipped = sizes > _cap(sizes, allowed)
    left_out = NOTHING_SKIPPED
    if skipped.any():
        hardly = np.repeat(skipped, sizes)
        large = sizes[skipped]
        missed = int((large * (large - 1) // 2 - (large - 1)).sum())
        chain, ends = _chains(e, order[hardly], large)
        left_out = _Skipped(len(large), np.unique(order[hardly]), missed, len(chain))
        order = np.concatenate([order[~hardly], chain])
        partners = np.concatenate([partners[~hardly], ends])
    at: Ints = np.flatnonzero(partners).astype(np.int32)
    row = order[at]
    place = np.full(e.size, -1, dtype=np.int32)
    place[row] = at
    if np.array_equal(place[row], at):  # no row stands in two blocks: nothing needs sorting
        row = np.flatnonzero(place >= 0).astype(np.int32)
        at = place[row]
    else:
        by_row = (row.astype(np.uint64) << np.uint64(32)) | at.astype(np.uint64)
        by_row.sort()
        row, at = (by_row >> np.uint64(32)).astype(np.int32), (by_row & np.uint64(0xFFFFFFFF)).astype(np.int32)
    return _Rule(order, row, at + np.int32(1), partners[at]), left_out


def _chains(e: Encoded, rows: Ints, sizes: npt.NDArray[np.int64]) -> tuple[Ints, Ints]:
    """Of skipped blocks each record still meets the next one, so that the rows of one reference stay together. Which is the
    next depends on what records say. Gives the pairs' rows, lower before upper, and how many partners follow each."""
    rank = np.empty(e.size, dtype=np.int64)
    rank[e.order] = np.arange(e.size)
    chain = rows[np.lexsort((rank[rows], np.repeat(np.arange(len(sizes)), sizes)))]
    inside = np.ones(len(chain), dtype=bool)
    inside[np.cumsum(sizes) - 1] = False
    first, second = chain[:-1][inside[:-1]], chain[1:][inside[:-1]]
    ends = np.tile(np.array([1, 0], dtype=np.int32), len(first))
    return np.column_stack([np.minimum(first, second), np.maximum(first, second)]).ravel(), ends


def _warning(name: str, skipped: _Skipped, elsewhere: int) -> str:
    """What a rule left out, in plain words and numbers."""
    rows = len(skipped.rows)
    shared = "1 value is" if skipped.blocks == 1 else f"{skipped.blocks:,} values are each"
    return (
        f"blocking rule {name}: {shared} shared by too many records to compare all of them with one another, so that each was "
        f"compared with its neighbours only ({rows:,} records; up to {skipped.pairs:,} pairs left out). By what else they say, "
        f"other rules compare {elsewhere:,} of these records in full; two records of one person that agree by this rule alone "
        "may not have been found to be one"
    )


class Blocks:
    """The candidate pairs of encoded records by a model's blocking rules, given in ranges of rows.

    Holds some bytes a record and rule, never a pair. `pairs` has no state: threads may call it at the same time. `total`
    counts a pair once for each rule that finds it. `warnings` name the rules that skipped blocks.
    """

    def __init__(self, e: Encoded, model: LinkageModel) -> None:
        self._size = e.size

        allowed = _allowed(e, model.limits)

        def of(rule: Blocking, most: int = allowed) -> tuple[str, _Rule, _Skipped]:
            return rule.name, *_blocks_of(e, rule_keys(e, rule), most)

        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            found = list(pool.map(of, model.blocking)) if e.size > 1 else []
        given = [int(blocks.partners.sum(dtype=np.int64)) for _, blocks, _ in found]
        if sum(given) > TOGETHER * allowed:
            level = max(_level(given, TOGETHER * allowed), model.limits.pairs_at_least)
            found = [
                of(rule, level) if pairs > level else blocks
                for rule, blocks, pairs in zip(model.blocking, found, given, strict=True)
            ]
        self._rules = [blocks for _, blocks, _ in found if len(blocks.row)]
        partners = np.zeros(self._size, dtype=np.int64)
        for rule in self._rules:
            partners += np.bincount(rule.row, weights=rule.partners, minlength=self._size).astype(np.int64)
        self._until = np.cumsum(partners)
        self.total = int(self._until[-1]) if self._size else 0
        self.warnings: tuple[str, ...] = ()
        if any(skipped.blocks for _, _, skipped in found):
            # By rule, the rows that it compares with all that share a value with them.
            in_full = np.zeros((len(found), self._size), dtype=bool)
            for at, (_, blocks, skipped) in enumerate(found):
                in_full[at, blocks.order[: len(blocks.order) - skipped.neighbours]] = True
            rules = in_full.sum(axis=0, dtype=np.int16)
            self.warnings = tuple(
                _warning(name, skipped, int((rules > in_full[at])[skipped.rows].sum()))
                for at, (name, _, skipped) in enumerate(found)
                if skipped.blocks
            )

    def members(self) -> tuple[Ints, npt.NDArray[np.int64]]:
        """Rows and numbers of blocks over all rules, an entry for each row of a block: rows of one number are a candidate pair.

        A block that was cut to neighbours stands as a block for each two neighbours.
        """
        rows, numbers, last = [], [], 0
        for rule in self._rules:
            partners = np.zeros(len(rule.order), dtype=np.int32)
            partners[rule.start - 1] = rule.partners
            block = np.cumsum(np.concatenate([[0], partners[:-1] == 0]), dtype=np.int64)
            rows.append(rule.order)
            numbers.append(last + block)
            last += int(block[-1]) + 1
        none = np.zeros(0, dtype=np.int32)
        return np.concatenate([none, *rows]), np.concatenate([none.astype(np.int64), *numbers])

    def chunks(self, pairs: int = 1 << 18) -> list[tuple[int, int]]:
        """Ranges of rows (first, and last not included) that give about `pairs` pairs each, found twice counted twice.

        Rows are not divided: one with more partners is a range of its own. How many it has the cap bounds.
        """
        edges = np.searchsorted(self._until, np.arange(pairs, self.total, pairs)) + 1
        bounds = np.unique(np.concatenate([[0], edges, [self._size]])).tolist()
        return list(pairwise(bounds))

    def pairs(self, first: int, last: int) -> tuple[Ints, Ints]:
        """Candidate pairs whose lower row is from `first` to before `last`: ordered by left, then right, each once."""
        before = int(self._until[first - 1]) if first else 0
        packed = np.empty(int(self._until[last - 1]) - before if last > first else 0, dtype=np.uint64)
        filled = 0
        for rule in self._rules:
            low, high = np.searchsorted(rule.row, np.array([first, last], dtype=np.int32))
            partners = rule.partners[low:high]
            ends = np.cumsum(partners, dtype=np.int64)
            count = int(ends[-1]) if len(ends) else 0
            if not count:
                continue
            place = np.repeat(rule.start[low:high] - (ends - partners), partners)
            place += np.arange(count)
            part = packed[filled : filled + count]
            part[:] = np.repeat(rule.row[low:high].astype(np.uint64) << np.uint64(32), partners)
            part |= rule.order.take(place).astype(np.uint64)
            filled += count
        packed.sort(kind="stable")  # as rules give them in order, it is a merge
        if len(packed):
            packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])]
        return (packed >> np.uint64(32)).astype(np.int32), (packed & np.uint64(0xFFFFFFFF)).astype(np.int32)
