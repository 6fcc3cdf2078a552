"""Columns of written addresses -> columns of their parts. Takes address line, second line, town and postcode as Arrow columns,
gives the address columns of RECORDS. Cleans and masks whole columns at once; each form is read once (`address_forms`), and
what has no form is read by itself (`addresses`). Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.records.address_forms import (
    MOST_NUMBERS,
    NUMBER,
    PLAIN_TOWNS,
    Form,
    Pattern,
    Template,
    pattern_of,
    without_town,
)
from matcher.records.address_open import opened
from matcher.records.addresses import LONGEST, MARKS, Address, AddressParser, plain
from matcher.records.people import canonical

PARTS = tuple("address_kind" if name == "kind" else name for name in Address._fields)
_UNUSUAL = r"[^\x00-\x7f]|[-&'`\"]|\b[Tt][Oo]\b"  # in a line that takes more than another case and other marks
_CLEANED = np.array([ord(MARKS.get(code) or chr(code).upper()) for code in range(128)] + [0] * 128, np.uint8)
_POSTCODE_LAST = r"^(?P<rest>(?:.*?[A-Z0-9][ ,]|)[ ,]*)(?P<code>[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})[ ,]*$"
_END, _SPACE, _COMMA = ord("\n"), ord(" "), ord(",")
_VALUES = ("", *map(str, range(1, 1000)), *PLAIN_TOWNS)
"""What a template is filled with: nothing, a number at its own place, a town; the words that were met follow."""
_TOWNS_AT = 1000


def read_addresses(address: pa.Array, line_2: pa.Array, town: pa.Array, postcode: pa.Array) -> dict[str, pa.Array]:
    """The parts of each row's address, by the names of PARTS."""
    parser = AddressParser()
    lines = [_filled(column) for column in (address, line_2, town)]
    text = pc.binary_join_element_wise(*map(_plain, lines), ",", null_handling="replace", null_replacement="")
    text, written = _without_postcode(text)
    inline = canonical(written, parser.repair, "postcode")
    code = pc.coalesce(canonical(_filled(postcode), parser.repair, "postcode"), inline)
    masked, numbers, regular = _masked(text)
    regular &= ~(_valid(written) & ~_valid(inline))
    found = _patterns(masked, _valid(lines[2]), _valid(code), regular, parser)
    quick, which = _filled_in(found, numbers), found.which
    quick["postcode"] = code
    rows = np.flatnonzero(which < 0)
    return quick if not len(rows) else _with_others(quick, rows, (address, line_2, town, postcode), parser)


def _filled(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), None, column)


def _valid(column: pa.Array) -> np.ndarray:
    return column.is_valid().to_numpy(zero_copy_only=False)


def _plain(lines: pa.Array) -> pa.Array:
    """`addresses.plain` of each line."""
    unusual = pc.fill_null(
        pc.or_(pc.match_substring_regex(lines, _UNUSUAL), pc.greater(pc.binary_length(lines), LONGEST)), False
    )
    usual = pc.if_else(unusual, "", lines)
    _, offsets, data = usual.buffers()
    cleaned = _CLEANED[np.frombuffer(data, np.uint8)] if data else np.empty(0, np.uint8)
    done = pa.StringArray.from_buffers(len(usual), offsets, pa.py_buffer(cleaned))
    others = pa.array([plain(line) for line in lines.filter(unusual).to_pylist()], pa.string())
    return pc.if_else(lines.is_valid(), pc.replace_with_mask(done, unusual, others), None)


def _without_postcode(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(texts without the postcode that stands last, those postcodes)."""
    ends = pc.match_substring_regex(text, "[0-9][A-Z][A-Z][ ,]*$")
    found = pc.extract_regex(text.filter(ends), _POSTCODE_LAST)
    rest = pc.coalesce(pc.struct_field(found, "rest"), text.filter(ends))
    code = pc.replace_with_mask(pa.nulls(len(text), pa.string()), ends, pc.struct_field(found, "code"))
    return pc.replace_with_mask(text, ends, rest), code


def _masked(text: pa.Array) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """(texts with single spaces and commas and with numbers masked; the numbers of each; which of them may have a form)."""
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(text)], text), "\n")[0].as_py() if len(text) else ""
    data = np.frombuffer(f"\n{joined}\n".encode("ascii"), np.uint8)
    gap = (data == _SPACE) | (data == _COMMA)
    gaps = np.flatnonzero(gap)
    firsts = np.flatnonzero(np.diff(gaps, prepend=-1) > 1)
    begins = gaps[firsts]
    ends = gaps[np.append(firsts[1:], len(gaps))[: len(firsts)] - 1]
    shown = np.maximum.reduceat(data[gaps], firsts) if len(firsts) else data[:0]  # a comma is more than a space
    outer = (data[begins - 1] == _END) | (data[ends + 1] == _END)
    keep = ~gap
    keep[begins[~outer]] = True
    data = data.copy()
    data[begins] = shown
    data = data[keep]
    digit = (data >= ord("0")) & (data <= ord("9"))
    letter = (data >= ord("A")) & (data <= ord("Z"))
    word = digit | letter
    begins = np.flatnonzero(digit & ~np.roll(word, 1) & (data != ord("0")))
    second = digit[begins + 1]
    third = second & digit[begins + 1 + second]
    length = 1 + second + third.astype(np.int64)
    after = begins + length
    begins_word = letter[after] & word[np.minimum(after + 1, len(data) - 1)]
    taken = ~digit[after] & ~begins_word
    begins, length = begins[taken], length[taken]
    value = (data[begins] - ord("0")).astype(np.int64)
    keep = data != _END
    for place in (1, 2):
        more = length > place
        value[more] = value[more] * 10 + data[begins[more] + place] - ord("0")
        keep[begins[more] + place] = False
    line_ends = np.flatnonzero(data == _END)
    row = np.searchsorted(line_ends, begins) - 1
    order = np.arange(len(row)) - np.searchsorted(row, row)
    numbers = np.zeros((len(text), MOST_NUMBERS), np.int32)
    inside = order < MOST_NUMBERS
    numbers[row[inside], order[inside]] = value[inside]
    regular = np.ones(len(text), bool)
    regular[row[~inside]] = False
    ordered = np.sort(numbers, axis=1)
    regular &= ~((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] > 0)).any(axis=1)
    data[begins] = ord(NUMBER)
    sizes = np.diff(line_ends) - 1 - np.bincount(row, length - 1, len(text)).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    masked = pa.StringArray.from_buffers(len(text), pa.py_buffer(offsets), pa.py_buffer(data[keep]))
    return masked, numbers, regular


class _Found(NamedTuple):
    """`which`: the pattern of each row, -1 where there is none. `open`: its town, names and types, as places in `values`."""

    patterns: list[Pattern]
    which: np.ndarray
    open: np.ndarray
    values: pa.Array


def _patterns(
    masked: pa.Array, town: np.ndarray, postcode: np.ndarray, regular: np.ndarray, parser: AddressParser
) -> _Found:
    """The pattern of each row, and what it leaves open. Each form is read once."""
    texts = masked.dictionary_encode()
    text = texts.indices.to_numpy()
    found = opened(texts.dictionary)
    distinct = found.texts.dictionary_encode()
    without = [without_town(of_form) for of_form in distinct.dictionary.to_pylist()]
    heads: dict[tuple[str, bool], int] = {}
    head = np.array([heads.setdefault((rest, there is not None), len(heads)) for rest, there in without], np.int64)
    at = np.array([0 if there is None else _TOWNS_AT + PLAIN_TOWNS[there] for _, there in without], np.int64)
    of_text = distinct.indices.to_numpy()
    key = head[of_text][text] * 4 + town * 2 + (postcode | ~found.foreign[text])
    key[~regular] = -1
    met, codes = pd.factorize(key)
    of_head = list(heads)
    patterns: list[Pattern] = []
    which = np.full(len(codes), -1, np.int64)
    for place, code in enumerate(codes.tolist()):
        if code < 0:
            continue
        rest, town_open = of_head[code >> 2]
        made = pattern_of(Form(rest, town_open, bool(code & 2), bool(code & 1)), parser.read)
        if made is not None:
            which[place] = len(patterns)
            patterns.append(made)
    left_open = np.column_stack([at[of_text], np.where(found.places < 0, 0, len(_VALUES) + found.places)])
    values = pa.concat_arrays([pa.array(_VALUES, pa.string()), found.words])
    return _Found(patterns, which[met], left_open.astype(np.int32)[text], values)


def _filled_in(found: _Found, numbers: np.ndarray) -> dict[str, pa.Array]:
    """Each row's pattern filled with its numbers, town, names and types; null where it has none."""
    values = np.column_stack([numbers, found.open])
    parts = {
        name: _joined([*(pattern.templates[place] for pattern in found.patterns), None], found, values)
        for place, name in enumerate(name for name in PARTS if name not in ("postcode", "address_kind"))
    }
    kinds = pa.array([*(pattern.kind for pattern in found.patterns), None], pa.string())
    return parts | {"address_kind": kinds.take(pa.array(found.which % len(kinds)))}


def _joined(templates: Sequence[Template | None], found: _Found, values: np.ndarray) -> pa.Array:
    """The template of each row (the last where it has no pattern) with its `values`, places in `found.values`, in the gaps.

    Pieces that stand one behind the other are joined by leaving out where each but the first begins.
    """
    fixed: dict[str, int] = {}
    pieces = np.array([
        piece if isinstance(piece, int) else ~fixed.setdefault(piece, len(fixed))
        for template in templates for piece in template or ()
    ], np.int64)  # fmt: skip
    sizes = np.array([len(template or ()) for template in templates], np.int64)
    begins = np.cumsum(sizes) - sizes
    size = sizes[found.which]
    ends = np.cumsum(size)
    row = np.repeat(np.arange(len(size)), size)
    piece = pieces[np.arange(len(row)) + np.repeat(begins[found.which] - ends + size, size)]
    chosen = np.where(piece < 0, len(found.values) + ~piece, values[row, np.maximum(piece, 0)])
    texts = pa.concat_arrays([found.values, pa.array(list(fixed), pa.string())]).take(pa.array(chosen))
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[np.append(0, ends)]
    joined = pa.StringArray.from_buffers(len(size), pa.py_buffer(offsets), texts.buffers()[2])
    there = np.array([template is not None for template in templates])[found.which]
    return pc.if_else(pa.array(there), joined, None)


def _with_others(
    quick: dict[str, pa.Array], rows: np.ndarray, columns: Sequence[pa.Array], parser: AddressParser
) -> dict[str, pa.Array]:
    """The same with the addresses of `rows` read one by one."""
    chosen = pa.array(rows)
    read = [
        parser.parse(*texts) for texts in zip(*(column.take(chosen).to_pylist() for column in columns), strict=True)
    ]
    place = np.arange(len(columns[0]))
    place[rows] = len(place) + np.arange(len(rows))
    taken = pa.array(place)
    return {
        name: pa.concat_arrays([quick[name], pa.array(values, pa.string())]).take(taken)
        for name, values in zip(PARTS, zip(*read, strict=True), strict=True)
    }
