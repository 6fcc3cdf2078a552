"""Records as integers: every compared value a code, so that comparing a pair is comparing numbers.

Takes a RECORDS table (missing columns count as empty); gives `Encoded`, arrays of one value a record. Codes are given in
order of falling frequency, then of the value, so that they do not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matcher.pairs.comparators.dates import parts
from matcher.pairs.comparators.names import Vocabulary
from specs.tables import RECORDS

Ints = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

NO_ADDRESS = ("none", "no_fixed_abode", "po_box", "abroad")
GROWN = ("MR", "MRS", "MS", "DR", "REV", "PROF", "SIR", "LADY", "DAME")
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


def codes(column: pa.Array | pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Codes of texts by falling frequency (-1 for null or empty) and the texts by code."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = pc.dictionary_encode(array)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    values = encoded.dictionary.to_pylist()
    counts = np.bincount(index[index >= 0], minlength=len(values))
    order = sorted((c for c in range(len(values)) if values[c]), key=lambda c: (-counts[c], values[c]))
    rank = np.full(len(values) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[index], [values[c] for c in order]


def text_keys(column: pa.ChunkedArray) -> Keys:
    """A 64-bit key of each text, the same in every table (null and empty: 0)."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    digests = [
        int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") if text else 0
        for text in encoded.dictionary.to_pylist()
    ]
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.array([*digests, 0], dtype=np.uint64)[index]


def mix(*columns: npt.NDArray[np.signedinteger] | Keys) -> Keys:
    """One 64-bit key of several integer columns; equal rows give equal keys, different ones different keys but by chance."""
    key = np.full(len(columns[0]), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for column in columns:
        key = key ^ column.astype(np.uint64)
        key = (key ^ key >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ key >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        key = key ^ key >> np.uint64(31)
    return key


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


@dataclass
class Encoded:
    """Codes of one table of records; -1 = missing, but where a field says otherwise. Length of each array: the records'."""

    size: int
    words: Vocabulary
    forename: Ints
    middle: Ints  # first word of the middle names
    given: Ints  # forename and middle names as one word
    surname: Ints  # parts joined
    part_1: Ints  # first and last part of a double surname
    part_2: Ints
    dob: Ints  # days since 1970
    has_dob: npt.NDArray[np.bool_]
    year: Ints
    sex: Ints
    postcode: Ints
    postcodes: npt.NDArray[np.uint8]  # characters of each postcode code, without the space
    district: Ints
    number: Ints
    flat: Ints
    building: Ints
    street: Ints
    uprn: Ints
    home: Keys  # 0 = not told to the door
    identifiers: dict[str, Ints]
    identifier_text: dict[str, npt.NDArray[np.uint8]]
    system: Ints
    ref: Keys  # 0 = none
    case: Keys  # the reference as the supply delivers it, whichever person of a joint name; 0 = none
    part: Ints  # person of a joint name
    known: Ints
    dataset: Ints
    datasets: list[str]
    titled: npt.NDArray[np.bool_]  # a title that children do not bear
    latest: int  # the latest date in the table, days since 1970: about the batch's
    values: dict[str, tuple[Ints, list[str]]]  # columns as they stand: codes and the texts by code

    @property
    def tells(self) -> bool:
        """Whether any record holds a reference, or is a person of the registry."""
        return bool(self.ref.any() or (self.known >= 0).any())

    def same_ref(self, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
        """Pairs of rows of one reference."""
        return (self.ref[left] != 0) & (self.ref[left] == self.ref[right])

    def told(self, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
        """Pairs of rows that share a reference, or that the registry holds as one person."""
        return self.same_ref(left, right) | ((self.known[left] >= 0) & (self.known[left] == self.known[right]))


def _words(table: pa.Table) -> tuple[list[Ints], Vocabulary]:
    """Codes of forename, middle, given, surname and its parts in one vocabulary."""
    size = table.num_rows

    def glued(column: pa.ChunkedArray) -> pa.Array:
        text = pc.replace_substring_regex(column, "[^A-Z]", "").combine_chunks()
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)

    forename, surname = glued(table["forename"]), glued(table["surname"])
    first = glued(pc.replace_substring_regex(pc.utf8_trim_whitespace(table["middle"]), " .*", ""))
    given = pc.binary_join_element_wise(forename, pc.fill_null(glued(table["middle"]), ""), "")
    columns = [forename, first, given, surname]
    lists = table["surname_parts"].combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    double = np.flatnonzero(lengths >= 2)
    offsets = lists.offsets.to_numpy()
    if isinstance(lists, pa.ListArray) and len(double):
        values = lists.values
        for take in (offsets[:-1][double], offsets[1:][double] - 1):
            part = np.full(size, None, dtype=object)
            part[double] = values.take(pa.array(take)).to_pylist()
            columns.append(glued(pa.chunked_array([pa.array(part, pa.string())])))
    else:
        columns += [pa.nulls(size, pa.string())] * 2
    together, values = codes(pa.chunked_array([c.cast(pa.string()) for c in columns]))
    return [together[n * size : (n + 1) * size] for n in range(len(columns))], Vocabulary(values)


def _latest(table: pa.Table) -> int:
    found = [pc.max(table[name].cast(pa.int32())).as_py() for name in ("seen_on", "address_from", "dob")]
    return max((day for day in found if day is not None), default=0)


def encode(records: pa.Table, fields: Sequence[str] = ()) -> Encoded:
    """Codes of a table of records (RECORDS, or some of its columns), and of `fields` as they stand."""
    table = whole(records, fields)
    (forename, middle, given, surname, part_1, part_2), words = _words(table)
    dates = table["dob"].combine_chunks().cast(pa.int32())
    has_dob = ~dates.is_null().to_numpy(zero_copy_only=False)
    dob = dates.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int32)
    year = np.where(has_dob, parts(dob)[0], -1).astype(np.int32)
    sex = codes(table["sex"])[0]
    usable = pc.invert(pc.is_in(table["address_kind"], value_set=pa.array(NO_ADDRESS)))

    def placed(name: str) -> tuple[Ints, list[str]]:
        return codes(pc.if_else(usable, table[name], pa.scalar(None, pa.string())))

    postcode, postcodes = placed("postcode")
    outward = {text: n for n, text in enumerate(sorted({text.split(" ")[0] for text in postcodes}))}
    by_code = np.array([outward[text.split(" ")[0]] for text in postcodes] + [-1], dtype=np.int32)
    number, flat, building, street, uprn = (placed(n)[0] for n in ("number", "flat", "building", "street", "uprn"))
    told = (postcode >= 0) & ((number >= 0) | (building >= 0))
    home = key_where(told, postcode, number, flat, np.where(number >= 0, np.int32(-1), building))
    numbers = {name: codes(table[name]) for name in IDENTIFIERS}
    system, ref = codes(table["ref_system"])[0], codes(table["ref"])[0]
    dataset, datasets = codes(table["dataset"])
    return Encoded(
        size=table.num_rows, words=words, forename=forename, middle=middle, given=given, surname=surname,
        part_1=part_1, part_2=part_2, dob=dob, has_dob=has_dob, year=year, sex=sex, postcode=postcode,
        postcodes=characters([text.replace(" ", "") for text in postcodes], 7), district=by_code[postcode],
        number=number, flat=flat, building=building, street=street, uprn=uprn, home=home,
        identifiers={name: found[0] for name, found in numbers.items()},
        identifier_text={name: characters(found[1], 13) for name, found in numbers.items()},
        system=system, ref=key_where((system >= 0) & (ref >= 0), system, ref),
        case=key_where(ref >= 0, dataset, codes(table["supplier"])[0], ref),
        part=table["part"].to_numpy().astype(np.int32), known=codes(table["known_person"])[0],
        dataset=dataset, datasets=datasets,
        titled=pc.fill_null(pc.is_in(table["title"], value_set=pa.array(GROWN)), False).to_numpy(),
        latest=_latest(table),
        values={name: codes(table[name].cast(pa.string())) for name in fields},
    )  # fmt: skip
