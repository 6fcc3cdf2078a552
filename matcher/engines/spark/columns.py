"""The records as Spark has them: row numbers, codes and blocks, and the few texts that it compares itself. No name.

Takes encoded records, their blocks and the columns that a model's conditions read (levels.py); gives one Arrow table, a row
a record, null where a record does not hold a value. Names stay on the driver and go to the workers' function alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.engines.spark.levels import value_column
from matcher.pairs.block import Blocks
from matcher.pairs.comparators.dates import parts
from matcher.pairs.encode import IDENTIFIERS, Encoded
from matcher.pairs.model import LinkageModel

Ints = npt.NDArray[np.int32]
EPOCH = dt.date(1970, 1, 1)
FULL_NAME = ("forename", "middle", "surname", "part_1", "part_2")
CODES = (*FULL_NAME, "given", "sex", "postcode", "number", "flat", "building", "street", "uprn", "district", "known")


def table(e: Encoded, model: LinkageModel, blocks: Blocks, columns: Iterable[str]) -> pa.Table:
    """Row numbers, the blocks of each row, what tells that rows are one person, and `columns`."""
    known = _columns(e, model)
    wanted = dict.fromkeys(("ref", "known", *columns))
    found = {"row": pa.array(np.arange(e.size, dtype=np.int32)), "block": _blocks_of_rows(blocks, e.size)}
    return pa.table(found | {name: known[name]() for name in wanted})


def _columns(e: Encoded, model: LinkageModel) -> dict[str, Callable[[], pa.Array]]:
    """Every column by name, made when it is asked for."""
    found: dict[str, Callable[[], pa.Array]] = {name: partial(_code, e, name) for name in CODES}
    found |= {name: partial(_key, e, name) for name in ("ref", "home")}
    for name in FULL_NAME:
        for of in ("sound", "single", "initial", "prefix"):
            found[f"{name}_{of}"] = partial(_of_name, e, name, of)
    found["surname_words"] = partial(_surname_words, e)
    found["dob"] = lambda: pa.array(e.dob, mask=~e.has_dob)
    for place, part in enumerate(("year", "month", "day")):
        found[f"dob_{part}"] = partial(_dob_part, e, place)
    found["dob_digits"] = partial(_dob_digits, e)
    found["postcode_text"] = lambda: _padded(e.postcodes, e.postcode)
    for kind in IDENTIFIERS:
        found[kind] = partial(_identifier, e, kind)
        found[f"{kind}_text"] = partial(_identifier_text, e, kind)
    for field in model.fields:
        for ending, by_value in BY_VALUE.items():
            found[value_column(model, field) + ending] = partial(_value, e, field, by_value)
    return found


def _blocks_of_rows(blocks: Blocks, size: int) -> pa.Array:
    """For each row the numbers of its blocks by any rule: rows that share a number are a candidate pair."""
    rows, numbers = blocks.members()
    order = np.argsort(rows, kind="stable")
    ends = np.cumsum(np.bincount(rows, minlength=size))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(numbers[order]))


def _held(code: npt.NDArray[np.signedinteger]) -> pa.Array:
    return pa.array(code, mask=code < 0)


def _code(e: Encoded, name: str) -> pa.Array:
    return _held(getattr(e, name))


def _key(e: Encoded, name: str) -> pa.Array:
    key: npt.NDArray[np.uint64] = getattr(e, name)
    return pa.array(key.view(np.int64), mask=key == 0)


def _of_name(e: Encoded, name: str, of: str) -> pa.Array:
    """What the vocabulary says of each record's name; an initial has no sound."""
    code, known = getattr(e, name), getattr(e.words, of)
    if not len(known):
        return pa.nulls(len(code), pa.from_numpy_dtype(known.dtype))
    at = np.maximum(code, 0)
    return pa.array(known[at], mask=(code < 0) | (e.words.single[at] & (of == "sound")))


def _surname_words(e: Encoded) -> pa.Array:
    """Codes of the surname and of the parts of a double one."""
    words = np.column_stack([e.surname, e.part_1, e.part_2])
    present = words >= 0
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(words[present]))


def _dob_part(e: Encoded, place: int) -> pa.Array:
    return pa.array(parts(e.dob)[place], mask=~e.has_dob)


def _dob_digits(e: Encoded) -> pa.Array:
    """DDMMYYYY."""
    days, code = np.unique(e.dob, return_inverse=True)
    dates = (EPOCH + dt.timedelta(int(day)) for day in days)
    digits = np.array([f"{date.day:02}{date.month:02}{date.year:04}" for date in dates], dtype=object)
    return pa.array(digits[code], pa.string(), mask=~e.has_dob)


def _padded(characters: npt.NDArray[np.uint8], code: Ints) -> pa.Array:
    """Texts of one length by code, filled with NUL."""
    texts = np.array([*(row.tobytes().decode("latin-1") for row in characters), ""], dtype=object)
    return pa.array(texts[code], pa.string(), mask=code < 0)


def _identifier(e: Encoded, kind: str) -> pa.Array:
    return _held(e.identifiers[kind])


def _identifier_text(e: Encoded, kind: str) -> pa.Array:
    return _padded(e.identifier_text[kind], e.identifiers[kind])


# ---- columns as they stand: from each distinct value to what Spark compares


def one_unit(texts: list[str]) -> list[str]:
    """The texts with each character beyond the first 65,536 replaced by one that none of them uses: Java counts it as two."""
    used = set("".join(texts))
    beyond = sorted(character for character in used if ord(character) > 0xFFFF)
    if not beyond:
        return texts
    free = (chr(number) for number in range(0xE000, 0xF900) if chr(number) not in used)
    replaced = str.maketrans(dict(zip(beyond, free, strict=False)))
    return [text.translate(replaced) for text in texts]


def _districts(texts: list[str]) -> list[int]:
    seen: dict[str, int] = {}
    return [seen.setdefault(text.split(" ", 1)[0], len(seen)) for text in texts]


BY_VALUE: dict[str, Callable[[list[str]], list[str] | list[int]]] = {
    "": lambda texts: list(range(len(texts))),
    "_text": one_unit,
    "_district": _districts,
    "_digits": lambda texts: [text.replace("-", "") for text in texts],
    "_year": lambda texts: [dt.date.fromisoformat(text).year for text in texts],
    "_month": lambda texts: [dt.date.fromisoformat(text).month for text in texts],
    "_day": lambda texts: [dt.date.fromisoformat(text).day for text in texts],
}


def _value(e: Encoded, field: str, by_value: Callable[[list[str]], list[str] | list[int]]) -> pa.Array:
    code, texts = e.values[field]
    values = by_value(texts)
    whole = all(isinstance(value, int) for value in values[:1])
    return pa.array(values, pa.int32() if whole else pa.string()).take(_held(code))
