"""Which door each record names: takes RECORDS and the gazetteer, gives a dwelling number per record, with how sure and why.

A dwelling is (postcode, street, number or building, unit). Parts that are missing or wrong are mended only where this
month's other records or the gazetteer leave one answer. Nothing is refused: a record without a usable address gets -1,
and so do post-office boxes, no fixed abode and addresses abroad.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.households import doors
from matcher.households.coding import (
    Coded,
    chunks,
    coded_column,
    column_of,
    dense_ids,
    first_places,
    last_places,
    pack,
    texts_of,
)
from matcher.households.mending import GAZETTEER_SUPPORT, NO_NUMBER, mend

CONFIDENCE = np.array([1.0, 0.99, 0.98, 0.93, 0.93, 0.6, 0.0], dtype=np.float32)
PARTS = ("postcode", "street", "base", "unit", "building", "town", "uprn", "text", "usable", "listed")
PLACES = ("dwelling", "shared_house", "hostel", "institution")


@dataclass(frozen=True)
class Dwellings:
    """Doors of one month. Arrays of the first group run over records, of the second over dwellings."""

    of_record: np.ndarray  # int64, -1 = no dwelling
    how: np.ndarray  # int8, index of HOW
    never_home: np.ndarray  # bool: prison, hospital, court: an address, but nobody's home

    door: np.ndarray  # int64: dwellings behind one street door share it
    has_unit: np.ndarray  # bool: the key names a flat or room
    has_siblings: np.ndarray  # bool: other records name flats or rooms behind the same door
    vague: np.ndarray  # bool: a street without number: no door at all
    place: np.ndarray  # int8, index of PLACES
    key: list[str]
    postcode: np.ndarray  # object: text or None
    uprn: np.ndarray
    district: np.ndarray


def find_dwellings(records: pa.Table, gazetteer: pa.Table, person: np.ndarray | None = None) -> Dwellings:
    """The door of every record. RECORDS and a gazetteer (may have no rows) in, `Dwellings` out.

    `person`: each record's person or -1: a spelling counts by the people who have it, not by their rows.
    """
    count = records.num_rows
    frame, coded = _unique_addresses(records, gazetteer)
    first = first_places(frame["address"].to_numpy())
    addresses = pd.DataFrame({name: frame[name].to_numpy()[first] for name in (*PARTS, "address")}, copy=False)
    weight = np.where(frame["listed"], GAZETTEER_SUPPORT, 1.0)
    if person is not None:
        rows = np.bincount(person[person >= 0], minlength=1)
        weight[:count][person >= 0] = 1.0 / rows[person[person >= 0]]
    frame["weight"] = weight
    addresses["support"] = np.bincount(frame["address"], weights=weight, minlength=len(addresses))
    mend(addresses, coded)
    return _assemble(frame, addresses, coded, records, gazetteer, count)


def _unique_addresses(records: pa.Table, gazetteer: pa.Table) -> tuple[pd.DataFrame, dict[str, Coded]]:
    """One row a record or gazetteer row with codes of the tidy parts and the number of its distinct address."""
    both = [records, gazetteer]
    coded = {
        "flat": coded_column([column_of(t, "flat") for t in both], doors.flat),
        "number": coded_column([column_of(t, "number") for t in both], doors.number),
        "building": coded_column([column_of(t, "building") for t in both], doors.words),
        "street": coded_column([column_of(t, "street") for t in both], doors.words),
        "town": coded_column([column_of(t, "town") for t in both], doors.words),
        "postcode": coded_column([column_of(t, "postcode") for t in both], lambda text: text.strip().upper() or None),
        "uprn": coded_column([column_of(t, "uprn") for t in both], lambda text: text.strip().lstrip("0") or None),
    }
    size, listed = records.num_rows, gazetteer.num_rows
    kind = np.concatenate([_kinds(records, size), np.zeros(listed, dtype=np.int8)])
    frame = pd.DataFrame({name: column.codes for name, column in coded.items()})
    frame["base"], frame["unit"] = _bases(frame, coded)
    nothing_else = pa.array(((frame["base"] < 0) & (frame["street"] < 0)).to_numpy())
    shown = pa.chunked_array([chunk for t in both for chunk in column_of(t, "address").chunks], pa.string())
    coded["text"] = coded_column([pc.if_else(nothing_else, shown, None)], doors.words)
    frame["text"] = coded["text"].codes
    bare = frame["text"] >= 0
    frame["usable"] = (kind <= 1) & ((frame["base"] >= 0) | (frame["street"] >= 0) | bare)
    frame["usable"] |= (kind <= 2) & (frame["uprn"] >= 0)
    frame["usable"] &= (frame["postcode"] >= 0) | (frame["base"] >= 0) | (frame["uprn"] >= 0)
    frame["listed"] = np.arange(size + listed) >= size
    frame["address"] = pack(*(frame[name].to_numpy() for name in PARTS))
    return frame, coded


def _kinds(records: pa.Table, size: int) -> np.ndarray:
    """0 dwelling, 1 institution, 2 none written (a UPRN may still tell), 3 nothing that a household could live at."""
    kinds = pa.array(["dwelling", "institution", "none"])
    return pc.index_in(records["address_kind"], value_set=kinds).fill_null(3).to_numpy().astype(np.int8)


def _bases(frame: pd.DataFrame, coded: dict[str, Coded]) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the number (or building, where there is none) at the street door and of the unit behind it."""
    triple = pack(frame["flat"].to_numpy(), frame["number"].to_numpy(), frame["building"].to_numpy())
    head = last_places(triple)
    bases: list[str | None] = []
    units: list[str | None] = []
    for flat, number, building in frame[["flat", "number", "building"]].to_numpy()[head]:
        flat_text, number_text = coded["flat"].at(flat), coded["number"].at(number)
        named = number_text is None and building >= 0
        pair = (
            (f"={coded['building'].at(building)}", flat_text) if named else doors.base_and_unit(flat_text, number_text)
        )
        bases.append(pair[0])
        units.append(pair[1])
    codes = []
    for name, texts in (("base", bases), ("unit", units)):
        values = sorted({text for text in texts if text})
        place = {value: code for code, value in enumerate(values)}
        table = np.array([place[text] if text else -1 for text in texts], dtype=np.int64)
        coded[name] = Coded(table[triple] if len(table) else triple, values)
        codes.append(coded[name].codes)
    return codes[0], codes[1]


def _assemble(
    frame: pd.DataFrame,
    addresses: pd.DataFrame,
    coded: dict[str, Coded],
    records: pa.Table,
    gazetteer: pa.Table,
    count: int,
) -> Dwellings:
    """Number the doors and dwellings, and gather what is known of each."""
    usable = addresses["usable"].to_numpy(dtype=bool)
    town = np.where(addresses["postcode"] < 0, addresses["town"], -1)
    vague = (addresses[["base", "text", "bare_uprn"]] < 0).all(axis=1)
    addresses.loc[vague & usable, "how"] = NO_NUMBER
    parts = [addresses[name].to_numpy() for name in ("postcode", "street", "base", "block", "text", "bare_uprn")]
    door = pack(usable.astype(np.int64), town, *parts)
    dwelling = pack(usable.astype(np.int64), door, addresses["unit"].to_numpy())
    dwelling = np.where(usable, dwelling, -1)
    dense = dense_ids(dwelling[usable])
    dwelling[usable] = dense
    first = np.flatnonzero(usable)[first_places(dense)]
    heads = addresses.iloc[first].reset_index(drop=True)
    of_row = dwelling[frame["address"].to_numpy()]
    door_of = dense_ids(door[first])
    has_unit = (heads["unit"] >= 0).to_numpy()
    units_at = np.bincount(door_of[has_unit], minlength=int(door_of.max(initial=-1)) + 1)
    never_home, place = _places(frame, coded, records, gazetteer, of_row, door_of, count)
    uprn, district = _references(frame, coded, gazetteer, of_row, len(first), count)
    return Dwellings(
        of_record=of_row[:count],
        how=addresses["how"].to_numpy(dtype=np.int8)[frame["address"].to_numpy()[:count]],
        never_home=never_home,
        door=door_of,
        has_unit=has_unit,
        has_siblings=units_at[door_of] > has_unit,
        vague=vague.to_numpy()[first],
        place=place,
        key=_key_texts(heads, coded),
        postcode=texts_of(heads["postcode"].to_numpy(), coded["postcode"]),
        uprn=uprn,
        district=district,
    )


def _key_texts(heads: pd.DataFrame, coded: dict[str, Coded]) -> list[str]:
    columns = [
        texts_of(heads[name].to_numpy(), coded[name]) for name in ("postcode", "street", "base", "unit", "text", "town")
    ]
    blocks = texts_of(heads["block"].to_numpy(), coded["building"])
    return [
        "|".join(
            [postcode or town or "", street or text or "", f"{base or ''}{' ' + block if block else ''}", unit or ""]
        )
        for postcode, street, base, unit, text, town, block in zip(*columns, blocks, strict=True)
    ]


def _place_words(streets: Coded) -> list[str]:
    """Streets as place words: HOSPITAL ROAD is a road, so it tells nothing; ABBEY HOSTEL in the street's place does."""
    return ["" if doors.split_street(text)[1] else text for text in streets.values]


def _places(
    frame: pd.DataFrame,
    coded: dict[str, Coded],
    records: pa.Table,
    gazetteer: pa.Table,
    of_row: np.ndarray,
    door_of: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """(never a home, by record) and the kind of place by dwelling, from the gazetteer's class and the address words."""
    building = pa.chunked_array(
        [*chunks(column_of(records, "building")), *chunks(column_of(gazetteer, "building"))], type=pa.string()
    )
    street, texts = frame["street"].to_numpy(), pa.array([*_place_words(coded["street"]), ""])
    named = np.flatnonzero(building.is_valid().to_numpy())  # the others are told by their street alone
    whole = pc.binary_join_element_wise(
        building.take(pa.array(named)), texts.take(pa.array(street[named] % len(texts))), " "
    )
    alone = pc.binary_join_element_wise("", texts, " ")

    def holds(words: re.Pattern[str]) -> np.ndarray:
        of_street, of_both = (
            pc.match_substring_regex(part, words.pattern).to_numpy(zero_copy_only=False) for part in (alone, whole)
        )
        found = of_street[street]
        found[named] = of_both
        return found

    hostel, institution, never = (
        holds(words) for words in (doors.HOSTEL_WORDS, doors.INSTITUTION_WORDS, doors.NEVER_HOME_WORDS)
    )
    kind = records["address_kind"]
    said = np.zeros(len(street), dtype=bool)
    said[:count] = pc.equal(kind, "institution").to_numpy(zero_copy_only=False)
    classes = np.array(column_of(gazetteer, "place_class").to_pylist() or [], dtype=object)
    shared = np.zeros(len(street), dtype=bool)
    if len(classes):
        shared[count:] = np.isin(classes.astype(str), ["RH", "C"])
        institution[count:] |= classes.astype(str) == "RI"
    live = of_row >= 0
    doors_of_rows = door_of[of_row[live]]
    size = int(door_of.max(initial=-1)) + 1
    weight = np.where(frame["listed"], GAZETTEER_SUPPORT, 1.0)[live]
    total = np.maximum(np.bincount(doors_of_rows, weights=weight, minlength=size), 1)
    place = np.zeros(size, dtype=np.int8)
    for code, flagged in ((1, shared), (3, institution | said), (2, hostel)):
        share = np.bincount(doors_of_rows, weights=weight * flagged[live], minlength=size) / total
        place[share >= 0.34] = code
    return never[:count], place[door_of] if len(door_of) else np.zeros(0, dtype=np.int8)


def _references(
    frame: pd.DataFrame, coded: dict[str, Coded], gazetteer: pa.Table, of_row: np.ndarray, size: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """UPRN and district of each dwelling: the gazetteer's, else the UPRN that records give most often."""
    uprn, district = np.full(size, None, dtype=object), np.full(size, None, dtype=object)
    given = frame["uprn"].to_numpy()
    rows = np.flatnonzero((given >= 0) & (of_row >= 0))
    if len(rows):
        seen = pd.DataFrame({"dwelling": of_row[rows], "uprn": given[rows], "weight": frame["weight"].to_numpy()[rows]})
        seen = seen.groupby(["dwelling", "uprn"], as_index=False, sort=False)["weight"].sum()
        seen = seen.iloc[np.lexsort((seen["uprn"], -seen["weight"]))].drop_duplicates("dwelling")
        uprn[seen["dwelling"]] = texts_of(seen["uprn"].to_numpy(), coded["uprn"])
    if gazetteer.num_rows:
        districts = np.array(column_of(gazetteer, "district").to_pylist(), dtype=object)
        listed = of_row[count:]
        rows = np.flatnonzero(listed >= 0)[::-1]  # of several rows the first is written last
        district[listed[rows]] = districts[rows]
    return uprn, district
