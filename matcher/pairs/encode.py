"""Records as integers: every compared value a code, so that comparing a pair is comparing numbers.

Takes a RECORDS table (missing columns count as empty); gives `Encoded`, arrays of one value a record. Codes are given in
order of falling frequency, then of the value, so that they do not depend on the order of rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import RLock
from typing import Any, Generic, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.comparators.dates import parts
from matcher.pairs.comparators.names import Vocabulary
from specs.tables import RECORDS

Ints = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Letters = npt.NDArray[np.uint8]
Column: TypeAlias = Any  # a pyarrow Array or ChunkedArray

THREADS = min(os.cpu_count() or 1, 8)
PORTION = 1 << 15  # rows mixed at once
NO_ADDRESS = ("none", "no_fixed_abode", "po_box", "abroad")
GROWN = ("MR", "MRS", "MS", "DR", "REV", "PROF", "SIR", "LADY", "DAME")
SEXES = {"M": 0, "F": 1}
SEX_OF_ROLE = {
    **dict.fromkeys(("SON", "FATHER", "HUSBAND", "BROTHER", "GRANDSON", "GRANDFATHER", "UNCLE", "NEPHEW", "STEPSON"), 0),
    **dict.fromkeys(("DAUGHTER", "MOTHER", "WIFE", "SISTER", "GRANDDAUGHTER", "GRANDMOTHER", "AUNT", "NIECE", "STEPDAUGHTER"), 1),
}  # fmt: skip
# Roles in a household whose holders data sets hold more or less often. Kept numbers go by their places: new ones come last.
HOUSEHOLD_ROLES = ("OWNER", "TENANT", "LODGER", "PARTNER", "HEAD", *SEX_OF_ROLE)
BANDS = (5, 11, 16, 17, 18, 19, 20, 22, 25, 30, 45, 55, 65, 75)  # years of age
# The largest alone: what pairs of data sets tell is a table of their square, and rarer ones tell next to nothing.
DATASETS = 200
BEARERS, DECISIVE = 4, 0.97  # of a forename: how many, and the share of one sex, from which it tells the sex
IDENTIFIERS = ("nino", "upn", "nhs")


def whole(records: pa.Table, fields: Sequence[str] = ()) -> pa.Table:
    """The table with every column of RECORDS that the engine reads, and those of `fields`; those not delivered are empty.

    `record_id` counts from 0, `names_person` is true, `part` 0, texts null, where they are absent.
    """
    size = records.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for field in RECORDS.schema:
        if field.name in records.column_names:
            columns[field.name] = records.column(field.name).cast(field.type)
        elif field.name == "record_id":
            columns[field.name] = pa.array(np.arange(size), field.type)
        elif field.name == "names_person":
            columns[field.name] = pa.array(np.ones(size, dtype=bool))
        elif field.name in ("name_order_sure", "beyond"):
            columns[field.name] = pa.array(np.zeros(size, dtype=bool))
        elif field.name in ("part", "row"):
            columns[field.name] = pa.array(np.zeros(size, dtype=np.int8), field.type)
        elif field.name == "address_kind":
            columns[field.name] = pa.repeat(pa.scalar("dwelling"), size)
        elif field.name in ("dataset", "supplier"):
            columns[field.name] = pa.repeat(pa.scalar(""), size)
        else:
            columns[field.name] = pa.nulls(size, field.type)
    for name in fields:
        if name not in columns:
            held = name in records.column_names
            columns[name] = records.column(name).cast(pa.string()) if held else pa.nulls(size, pa.string())
    return pa.table(columns)


def distinct(column: Column) -> tuple[Ints, pa.Array]:
    """Places of values in the array of distinct values (-1 for null), in no order that may be relied on."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # too long for one array of its type
        array = array.unify_dictionaries().combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    encoded = array.dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False), encoded.dictionary


def ranked(index: Ints, values: pa.Array) -> tuple[Ints, pa.Array]:
    """What `distinct` gives, in order of falling frequency, then of the value; empty texts and unused values go."""
    counts = np.bincount(index + 1, minlength=len(values) + 1)[1:]
    held = counts > 0
    if pa.types.is_string(values.type):
        held &= ~pc.equal(values, "").to_numpy(zero_copy_only=False)
    order = pc.array_sort_indices(values).to_numpy()
    order = order[held[order]]
    order = order[np.argsort(-counts[order], kind="stable")]
    rank = np.full(len(values) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[index], values.take(pa.array(order))


def codes(column: Column) -> tuple[Ints, list[Any]]:
    """Codes of values by falling frequency (-1 for null and for empty text) and the values by code."""
    index, values = ranked(*distinct(column))
    return index, values.to_pylist()


def text_keys(column: Column) -> Keys:
    """A 64-bit key of each text, the same in every table (null and empty: 0)."""
    index, values = distinct(column)
    texts = values.to_numpy(zero_copy_only=False)
    keys = (
        np.append(pd.util.hash_array(texts, categorize=False), np.uint64(0)) if len(texts) else np.zeros(1, np.uint64)
    )
    keys[:-1][texts == ""] = 0
    return keys[index]


def mix(*columns: npt.NDArray[np.integer | np.bool_]) -> Keys:
    """One 64-bit key of several integer columns; equal rows give equal keys, different ones different keys but by chance."""
    out = np.full(len(columns[0]), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for start in range(0, len(out), PORTION):  # small enough to stay near the processor
        key = out[start : start + PORTION]
        for column in columns:
            key ^= column[start : start + PORTION].astype(np.uint64)
            key ^= key >> np.uint64(30)
            key *= np.uint64(0xBF58476D1CE4E5B9)
            key ^= key >> np.uint64(27)
            key *= np.uint64(0x94D049BB133111EB)
            key ^= key >> np.uint64(31)
    return out


def firsts(keys: Keys | npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Where each key stands first, in order."""
    return np.flatnonzero(~pd.Series(keys).duplicated().to_numpy())


def key_where(present: npt.NDArray[np.bool_], *columns: npt.NDArray[np.signedinteger] | Keys) -> Keys:
    """`mix`, and 0 where a part is missing."""
    key = mix(*columns)
    key[key == 0] = 1
    key[~present] = 0
    return key


def characters(values: list[str], width: int) -> npt.NDArray[np.uint8]:
    """Texts as rows of bytes, cut or filled with zeros to `width`."""
    if not values:
        return np.zeros((0, width), dtype=np.uint8)
    return np.array(values, dtype=f"S{width}").view(np.uint8).reshape(len(values), width)


T = TypeVar("T")


class _once(Generic[T]):
    """An attribute computed when it is first asked for, once, whichever thread asks."""

    def __init__(self, compute: Callable[[Encoded], T]) -> None:
        self._compute, self._name, self.__doc__ = compute, compute.__name__, compute.__doc__

    @overload
    def __get__(self, encoded: None, owner: type) -> _once[T]: ...
    @overload
    def __get__(self, encoded: Encoded, owner: type) -> T: ...
    def __get__(self, encoded: Encoded | None, owner: type) -> T | _once[T]:
        if encoded is None:
            return self
        with encoded.lock:
            if self._name not in encoded.__dict__:
                encoded.__dict__[self._name] = self._compute(encoded)
        found: T = encoded.__dict__[self._name]
        return found


class Encoded:
    """Codes of one table of records; -1 = missing, but where a field says otherwise. Length of each array: the records'.

    Each is computed when it is first asked for: a model that reads five columns pays for five.
    """

    def __init__(self, records: pa.Table, fields: Sequence[str] = ()) -> None:
        self.size: int = records.num_rows
        self.lock = RLock()
        self._table = records
        with ThreadPoolExecutor(max_workers=THREADS) as pool:  # columns as they stand: codes, texts by code
            self.values = dict(zip(fields, pool.map(self._as_it_stands, fields), strict=True))

    def _as_it_stands(self, name: str) -> tuple[Ints, list[str]]:
        if name not in self._table.column_names:
            return self._none, []
        index, values = distinct(self._table[name])
        index, values = ranked(index, values.cast(pa.string()))
        return index, values.to_pylist()

    @_once
    def order(self) -> npt.NDArray[np.int64]:
        """Rows in an order that depends on what they say, not on where they stand."""
        said = [code for code, _ in self.values.values()] or [
            self.forename, self.middle, self.given, self.surname, self.part_1, self.part_2, self.dob, self.year, self.sex,
            self.postcode, self.number, self.flat, self.building, self.street, self.uprn, *self.identifiers.values(),
            self.system, self._ref, self.dataset,
        ]  # fmt: skip
        return np.argsort(mix(*said))  # rows that say the same may change places

    @_once
    def _refers(self) -> bool:
        return bool(self.ref.any())

    @_once
    def tells(self) -> bool:
        """Whether any record holds a reference, or is a person of the registry."""
        return self._refers or bool((self.known >= 0).any())

    def same_ref(self, left: Ints, right: Ints) -> Flags:
        """Pairs of rows of one reference."""
        if not self._refers:
            return np.zeros(len(left), dtype=bool)
        return (self.ref[left] != 0) & (self.ref[left] == self.ref[right])

    def told(self, left: Ints, right: Ints) -> Flags:
        """Pairs of rows that share a reference, or that the registry holds as one person."""
        return self.same_ref(left, right) | ((self.known[left] >= 0) & (self.known[left] == self.known[right]))

    @_once
    def _none(self) -> Ints:
        none = np.full(self.size, -1, dtype=np.int32)
        none.flags.writeable = False
        return none

    def _column(self, name: str) -> pa.ChunkedArray | None:
        """A column of RECORDS; None where the table holds nothing in it."""
        if name not in self._table.column_names:
            return None
        column = self._table[name]
        return None if column.null_count == self.size else column.cast(RECORDS.schema.field(name).type)

    def _coded(self, name: str) -> Ints:
        column = self._column(name)
        return self._none if column is None else codes(column)[0]

    @_once
    def _named(self) -> tuple[list[Ints], Vocabulary]:
        columns = {name: self._column(name) for name in ("forename", "middle", "surname", "surname_parts")}
        return _words(self.size, columns)

    @property
    def words(self) -> Vocabulary:
        """All names: forenames, middle names, surnames, their parts and forenames glued to middle names."""
        return self._named[1]

    @property
    def forename(self) -> Ints:
        return self._named[0][0]

    @property
    def middle(self) -> Ints:
        """First word of the middle names."""
        return self._named[0][1]

    @property
    def given(self) -> Ints:
        """Forename and middle names as one word."""
        return self._named[0][2]

    @property
    def surname(self) -> Ints:
        """Its parts joined."""
        return self._named[0][3]

    @property
    def part_1(self) -> Ints:
        """First part of a double surname."""
        return self._named[0][4]

    @property
    def part_2(self) -> Ints:
        """Last part of a double surname."""
        return self._named[0][5]

    @_once
    def sounds(self) -> tuple[Keys, Keys]:
        """Of each record's forename, and of its other names, the sounds of whole names: each sound is one of 64 bits."""
        bit = np.uint64(1) << (mix(self.words.sound) & np.uint64(63))
        bits = np.append(np.where(self.words.single, np.uint64(0), bit), np.uint64(0))
        others = bits[self.surname] | bits[self.middle] | bits[self.part_1] | bits[self.part_2]
        return bits[self.forename], others

    @_once
    def has_dob(self) -> Flags:
        dates = self._column("dob")
        return np.zeros(self.size, dtype=bool) if dates is None else dates.is_valid().to_numpy()

    @_once
    def dob(self) -> Ints:
        """Days since 1970, 0 where there is none."""
        dates = self._column("dob")
        if dates is None:
            return np.zeros(self.size, dtype=np.int32)
        return dates.cast(pa.int32()).fill_null(0).to_numpy()

    @_once
    def year(self) -> Ints:
        first = int(self.dob.min(initial=0))
        days = np.arange(first, int(self.dob.max(initial=0)) + 1, dtype=np.int32)
        return np.where(self.has_dob, parts(days)[0][self.dob - first], np.int32(-1))

    @_once
    def sex(self) -> Ints:
        """0 male, 1 female, as delivered or as the role in a household tells; 2 male, 3 female by a name alone."""
        share, enough = self._share_of_women
        by_name = np.where(enough & ~self.of_both_sexes, 2 + (share > 0.5), -1)
        return np.where(self._told_sex >= 0, self._told_sex, np.append(by_name, -1).astype(np.int32)[self.forename])

    @_once
    def _told_sex(self) -> Ints:
        sex = self._read_as("sex", SEXES)
        sex = np.where(sex >= 0, sex, self._read_as("relationship", SEX_OF_ROLE))
        by_name = np.append(np.where(self.words.sex >= 0, self.words.sex + 2, -1), -1).astype(np.int32)
        for name in (self.middle, self.surname):
            sex = np.where(sex >= 0, sex, by_name[name])
        return sex

    @_once
    def _share_of_women(self) -> tuple[npt.NDArray[np.float64], Flags]:
        """Of all whose sex is delivered or told by another name or a role, by forename: the share of women, and whether
        enough bear it to tell."""
        told = np.flatnonzero((self._told_sex >= 0) & (self.forename >= 0))
        size = len(self.words.values)
        bearers = np.bincount(self.forename[told], minlength=size)
        women = np.bincount(self.forename[told], weights=self._told_sex[told] & 1, minlength=size)
        return women / np.maximum(bearers, 1), bearers >= BEARERS

    @_once
    def of_both_sexes(self) -> Flags:
        """By name of the vocabulary: a forename that women and men bear, as Harpreet."""
        share, enough = self._share_of_women
        return enough & (np.abs(share - 0.5) < DECISIVE - 0.5)

    def _read_as(self, name: str, meaning: Mapping[str, int]) -> Ints:
        """What a column's texts mean, -1 where they say nothing of it."""
        column = self._column(name)
        if column is None:
            return self._none
        index, values = distinct(column)
        return np.array([*(meaning.get(text, -1) for text in values.to_pylist()), -1], dtype=np.int32)[index]

    @_once
    def _placed(self) -> pa.ChunkedArray | None:
        """Whether an address is one at which somebody lives; None where all are."""
        kind = self._column("address_kind")
        return None if kind is None else pc.invert(pc.is_in(kind, value_set=pa.array(NO_ADDRESS)))

    def _where_placed(self, name: str) -> tuple[Ints, list[str]]:
        column = self._column(name)
        if column is None:
            return self._none, []
        if self._placed is not None:
            column = pc.if_else(self._placed, column, pa.scalar(None, pa.string()))
        return codes(column)

    @_once
    def _postcode(self) -> tuple[Ints, list[str]]:
        return self._where_placed("postcode")

    @property
    def postcode(self) -> Ints:
        return self._postcode[0]

    @_once
    def postcodes(self) -> Letters:
        """Characters of each postcode code, without the space."""
        return characters([text.replace(" ", "") for text in self._postcode[1]], 7)

    @_once
    def district(self) -> Ints:
        seen: dict[str, int] = {}
        outward = [seen.setdefault(text.split(" ")[0], len(seen)) for text in self._postcode[1]]
        return np.array([*outward, -1], dtype=np.int32)[self.postcode]

    @_once
    def number(self) -> Ints:
        return self._where_placed("number")[0]

    @_once
    def flat(self) -> Ints:
        return self._where_placed("flat")[0]

    @_once
    def building(self) -> Ints:
        return self._where_placed("building")[0]

    @_once
    def street(self) -> Ints:
        return self._where_placed("street")[0]

    @_once
    def uprn(self) -> Ints:
        return self._where_placed("uprn")[0]

    @_once
    def home(self) -> Keys:
        """0 = not told to the door."""
        told = (self.postcode >= 0) & ((self.number >= 0) | (self.building >= 0))
        building = np.where(self.number >= 0, np.int32(-1), self.building)
        return key_where(told, self.postcode, self.number, self.flat, building)

    @_once
    def _identifiers(self) -> dict[str, tuple[Ints, list[str]]]:
        found = {name: self._column(name) for name in IDENTIFIERS}
        return {name: (self._none, []) if column is None else codes(column) for name, column in found.items()}

    @_once
    def identifiers(self) -> dict[str, Ints]:
        return {name: found[0] for name, found in self._identifiers.items()}

    @_once
    def identifier_text(self) -> dict[str, Letters]:
        """Characters of each identifier code, by kind."""
        return {name: characters(found[1], 13) for name, found in self._identifiers.items()}

    @_once
    def system(self) -> Ints:
        return self._coded("ref_system")

    @_once
    def _ref(self) -> Ints:
        column = self._column("ref")
        return self._none if column is None else codes(column)[0]

    @_once
    def ref(self) -> Keys:
        """0 = none."""
        if self._ref is self._none or self.system is self._none:
            return np.zeros(self.size, dtype=np.uint64)
        return key_where((self.system >= 0) & (self._ref >= 0), self.system, self._ref)

    @_once
    def case(self) -> Keys:
        """The reference as the supply delivers it, whichever person of a joint name; 0 = none."""
        return key_where(self._ref >= 0, self._coded("dataset"), self._coded("supplier"), self._ref)

    @_once
    def part(self) -> Ints:
        """Person of a joint name."""
        column = self._column("part")
        return np.zeros(self.size, dtype=np.int32) if column is None else column.to_numpy().astype(np.int32)

    @_once
    def known(self) -> Ints:
        return self._coded("known_person")

    @_once
    def _dataset(self) -> tuple[Ints, list[str]]:
        column = self._column("dataset")
        if column is None:
            return self._none, []
        found, names = codes(column)
        return np.where(found < DATASETS, found, -1).astype(np.int32), names[:DATASETS]

    @property
    def dataset(self) -> Ints:
        return self._dataset[0]

    @property
    def datasets(self) -> list[str]:
        return self._dataset[1]

    @_once
    def titled(self) -> Flags:
        """A title that children do not bear."""
        column = self._column("title")
        if column is None:
            return np.zeros(self.size, dtype=bool)
        return pc.fill_null(pc.is_in(column, value_set=pa.array(GROWN)), False).to_numpy()

    @_once
    def role(self) -> Ints:
        """The role in a household that the record tells, as it is written."""
        return self._coded("relationship")

    @_once
    def known_role(self) -> Ints:
        """The role in a household, by its place in HOUSEHOLD_ROLES; -1 where the record tells none of these."""
        return self._read_as("relationship", {name: number for number, name in enumerate(HOUSEHOLD_ROLES)})

    @_once
    def age_band(self) -> npt.NDArray[np.int64]:
        """The age at the table's latest date, by its place between BANDS; of no meaning without a date of birth."""
        return np.digitize((self.latest - self.dob) / 365.25, BANDS)

    @_once
    def latest(self) -> int:
        """The latest date in the table, days since 1970: about the batch's."""
        columns = [self._column(name) for name in ("seen_on", "address_from", "dob")]
        found = [pc.max(column.cast(pa.int32())).as_py() for column in columns if column is not None]
        return max((day for day in found if day is not None), default=0)


def _words(size: int, columns: Mapping[str, pa.ChunkedArray | None]) -> tuple[list[Ints], Vocabulary]:
    """Codes of forename, middle, given, surname and its parts in one vocabulary; each distinct text is looked at once."""

    def places(column: pa.ChunkedArray | None) -> tuple[Ints, pa.Array]:
        return distinct(pa.nulls(size, pa.string()) if column is None else column)

    def glued(texts: pa.Array) -> pa.Array:
        return pc.replace_substring_regex(texts, "[^A-Z]", "")

    (forename, forenames), (middle, middles) = places(columns["forename"]), places(columns["middle"])
    (surname, surnames) = places(columns["surname"])
    forenames, surnames = glued(forenames), glued(surnames)
    first = glued(pc.replace_substring_regex(pc.utf8_trim_whitespace(middles), " .*", ""))
    both = np.flatnonzero((forename >= 0) & (middle >= 0))
    pair, pairs = distinct(pa.array(forename[both].astype(np.int64) << 32 | middle[both]))
    pairs = pairs.to_numpy()
    longer = pc.binary_join_element_wise(
        forenames.take(pa.array(pairs >> 32)), glued(middles).take(pa.array(pairs & 0xFFFFFFFF)), ""
    )
    given = forename.copy()
    given[both] = len(forenames) + pair
    found = [
        (forename, forenames),
        (middle, first),
        (given, pa.concat_arrays([forenames, longer])),
        (surname, surnames),
    ]
    ends: list[tuple[Ints, pa.Array]] = []
    if columns["surname_parts"] is not None:
        lists = columns["surname_parts"].combine_chunks()
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        double = np.flatnonzero(lengths >= 2)
        offsets = lists.offsets.to_numpy()
        for take in (offsets[:-1][double], offsets[1:][double] - 1) if len(double) else ():
            index, texts = distinct(lists.values.take(pa.array(take)))
            place = np.full(size, -1, dtype=np.int32)
            place[double] = index
            ends.append((place, glued(texts)))
    found += ends or [(np.full(size, -1, dtype=np.int32), pa.array([], pa.string()))] * 2
    at, words = distinct(pa.concat_arrays([texts.cast(pa.string()) for _, texts in found]))
    out, done = [], 0
    for place, texts in found:
        out.append(np.append(at[done : done + len(texts)], np.int32(-1))[place])
        done += len(texts)
    together, words = ranked(np.concatenate(out), words)
    return [together[n * size : (n + 1) * size] for n in range(len(out))], Vocabulary(words.to_pylist())


def encode(records: pa.Table, fields: Sequence[str] = ()) -> Encoded:
    """Codes of a table of records (RECORDS, or some of its columns); of `fields` (any columns) at once."""
    return Encoded(records, fields)
