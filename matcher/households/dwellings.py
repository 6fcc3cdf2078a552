"""Which door each record names: takes RECORDS and the gazetteer, gives a dwelling number per record, with how sure and why.

A dwelling is (postcode, street, number or building, unit). Parts that are missing or wrong are mended only where this
month's other records or the gazetteer leave one answer. Nothing is refused: a record without a usable address gets -1,
and so do post-office boxes, no fixed abode and addresses abroad.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import process
from rapidfuzz.distance import OSA

from matcher.households import doors

HOW = ("as_delivered", "uprn", "street_mended", "postcode_filled", "postcode_mended", "no_number", "none")
CONFIDENCE = np.array([1.0, 0.99, 0.98, 0.93, 0.93, 0.6, 0.0], dtype=np.float32)
AS_DELIVERED, UPRN, STREET_MENDED, POSTCODE_FILLED, POSTCODE_MENDED, NO_NUMBER, NO_ADDRESS = range(7)
PLACES = ("dwelling", "shared_house", "hostel", "institution")
ONE_PERSON = 1.05
GAZETTEER_SUPPORT = 1_000  # one gazetteer row outweighs any number of records that disagree with it
STREETS_COMPARED = 12  # per postcode: bounds the work where one postcode holds hundreds of spellings
UNKNOWN_STREETS = 1_500  # bounds the search for misspelt streets without a postcode


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


@dataclass
class _Coded:
    """One column over records then gazetteer rows: codes into sorted distinct values, -1 = none."""

    codes: np.ndarray
    values: list[str]

    def at(self, code: int) -> str | None:
        return self.values[code] if code >= 0 else None


def _coded(parts: Sequence[pa.ChunkedArray | pa.Array], tidy: Callable[[str], str | None]) -> _Coded:
    whole = pa.chunked_array([chunk for part in parts for chunk in _chunks(part)], type=pa.string())
    encoded = whole.combine_chunks().dictionary_encode()
    tidied = [tidy(value) if value else None for value in encoded.dictionary.to_pylist()]
    values = sorted({value for value in tidied if value})
    place = {value: code for code, value in enumerate(values)}
    table = np.array([place[value] if value else -1 for value in tidied] + [-1], dtype=np.int64)
    return _Coded(table[encoded.indices.fill_null(len(tidied)).to_numpy(zero_copy_only=False)], values)


def _chunks(part: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return part.chunks if isinstance(part, pa.ChunkedArray) else [part]


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name].cast(pa.string())
    return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])


def pack(*codes: np.ndarray) -> np.ndarray:
    """Dense int64 ids of the distinct rows of several code columns, in the order of their values."""
    packed = np.zeros(len(codes[0]), dtype=np.int64)
    for column in codes:
        shifted = column.astype(np.int64) + 1
        packed = packed * (int(shifted.max(initial=0)) + 1) + shifted
        packed = _dense(packed)
    return packed


def _dense(values: np.ndarray) -> np.ndarray:
    codes, _ = pd.factorize(values, sort=True)
    return codes.astype(np.int64)


def find_dwellings(records: pa.Table, gazetteer: pa.Table, person: np.ndarray | None = None) -> Dwellings:
    """The door of every record. RECORDS and a gazetteer (may have no rows) in, `Dwellings` out.

    `person`: each record's person or -1: a spelling counts by the people who have it, not by their rows.
    """
    count = records.num_rows
    frame, coded = _unique_addresses(records, gazetteer)
    addresses = frame.drop_duplicates("address", ignore_index=True).sort_values("address", ignore_index=True)
    weight = np.where(frame["listed"], GAZETTEER_SUPPORT, 1.0)
    if person is not None:
        rows = np.bincount(person[person >= 0], minlength=1)
        weight[:count][person >= 0] = 1.0 / rows[person[person >= 0]]
    frame["weight"] = weight
    addresses["support"] = np.bincount(frame["address"], weights=weight, minlength=len(addresses))
    addresses["how"] = np.where(addresses["usable"], AS_DELIVERED, NO_ADDRESS)
    _use_uprn(addresses)
    _mend_streets(addresses, coded)
    _fill_streets(addresses)
    _mend_postcodes(addresses, coded)
    _unswap_flats(addresses, coded)
    _mend_by_number(addresses, coded)
    _fill_postcodes(addresses, coded)
    _number_buildings(addresses, coded)
    _unswap_flats(addresses, coded)
    _settle_buildings(addresses)
    return _assemble(frame, addresses, coded, records, gazetteer, count)


def _unique_addresses(records: pa.Table, gazetteer: pa.Table) -> tuple[pd.DataFrame, dict[str, _Coded]]:
    """One row a record or gazetteer row with codes of the tidy parts and the number of its distinct address."""
    both = [records, gazetteer]
    coded = {
        "flat": _coded([_column(t, "flat") for t in both], doors.flat),
        "number": _coded([_column(t, "number") for t in both], doors.number),
        "building": _coded([_column(t, "building") for t in both], doors.words),
        "street": _coded([_column(t, "street") for t in both], doors.words),
        "town": _coded([_column(t, "town") for t in both], doors.words),
        "postcode": _coded([_column(t, "postcode") for t in both], lambda text: text.strip().upper() or None),
        "uprn": _coded([_column(t, "uprn") for t in both], lambda text: text.strip().lstrip("0") or None),
        "text": _coded([_column(t, "address") for t in both], doors.words),
    }
    size, listed = records.num_rows, gazetteer.num_rows
    kind = np.concatenate([_kinds(records, size), np.zeros(listed, dtype=np.int8)])
    frame = pd.DataFrame({name: column.codes for name, column in coded.items()})
    frame["base"], frame["unit"] = _bases(frame, coded)
    bare = (frame["base"] < 0) & (frame["street"] < 0) & (frame["text"] >= 0)
    frame["text"] = np.where(bare, frame["text"], -1)
    frame["usable"] = (kind <= 1) & ((frame["base"] >= 0) | (frame["street"] >= 0) | bare)
    frame["usable"] |= (kind <= 2) & (frame["uprn"] >= 0)
    frame["usable"] &= (frame["postcode"] >= 0) | (frame["base"] >= 0) | (frame["uprn"] >= 0)
    frame["listed"] = np.arange(size + listed) >= size
    parts = ("postcode", "street", "base", "unit", "building", "town", "uprn", "text", "usable", "listed")
    frame["address"] = pack(*(frame[name].to_numpy() for name in parts))
    return frame, coded


def _kinds(records: pa.Table, size: int) -> np.ndarray:
    """0 dwelling, 1 institution, 2 none written (a UPRN may still tell), 3 nothing that a household could live at."""
    kinds = pa.array(["dwelling", "institution", "none"])
    return pc.index_in(records["address_kind"], value_set=kinds).fill_null(3).to_numpy().astype(np.int8)


def _bases(frame: pd.DataFrame, coded: dict[str, _Coded]) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the number (or building, where there is none) at the street door and of the unit behind it."""
    triple = pack(frame["flat"].to_numpy(), frame["number"].to_numpy(), frame["building"].to_numpy())
    first = np.unique(triple, return_index=True)[1]
    bases: list[str | None] = []
    units: list[str | None] = []
    for flat, number, building in frame[["flat", "number", "building"]].to_numpy()[first]:
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
        coded[name] = _Coded(table[triple] if len(table) else triple, values)
        codes.append(coded[name].codes)
    return codes[0], codes[1]


def _use_uprn(addresses: pd.DataFrame) -> None:
    """A UPRN gives the whole address (the gazetteer's, else the commonest), unless number and postcode both contradict it."""
    listed = addresses[(addresses["uprn"] >= 0) & (addresses["base"] >= 0) & (addresses["postcode"] >= 0)]
    listed = listed.sort_values(["support", "address"], ascending=[False, True]).drop_duplicates("uprn")
    addresses["bare_uprn"] = -1
    if listed.empty:
        addresses["bare_uprn"] = _bare_uprn(addresses)
        return
    found = addresses[["uprn"]].merge(listed, on="uprn", how="left")
    same_postcode = (addresses["postcode"] < 0) | (addresses["postcode"] == found["postcode"])
    same_base = (addresses["base"] < 0) | (addresses["base"] == found["base"])
    trusted = found["base"].notna() & (addresses["uprn"] >= 0) & (same_postcode | same_base) & ~addresses["listed"]
    for name in ("postcode", "street", "base", "building", "town"):
        addresses[name] = np.where(trusted, found[name].fillna(-1), addresses[name]).astype(np.int64)
    unit = np.where(found["unit"].fillna(-1) >= 0, found["unit"].fillna(-1), addresses["unit"])
    addresses["unit"] = np.where(trusted, unit, addresses["unit"]).astype(np.int64)
    addresses.loc[trusted, "how"] = UPRN
    addresses["bare_uprn"] = _bare_uprn(addresses)


def _bare_uprn(addresses: pd.DataFrame) -> np.ndarray:
    """The UPRN of an address that is nothing else: it alone names the door."""
    bare = (addresses[["street", "base", "text"]] < 0).all(axis=1)
    return np.where(bare, addresses["uprn"], -1)


def _mend_streets(addresses: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """Within a postcode the rarer spelling of a street becomes the commoner one."""
    has = addresses[(addresses["postcode"] >= 0) & (addresses["street"] >= 0)]
    pairs = has.groupby(["postcode", "street"], as_index=False)["support"].sum()
    pairs = pairs[pairs.groupby("postcode")["street"].transform("size") > 1]
    if pairs.empty:
        return
    pairs = pairs.sort_values(["postcode", "support", "street"], ascending=[True, False, True])
    texts = coded["street"].values
    change: dict[tuple[int, int], int] = {}
    for postcode, group in _groups(pairs, "postcode", ("street", "support")):
        kept: list[tuple[int, float]] = []
        for street, support in group:
            for better, weight in kept:
                if (support * 3 <= weight or support <= 3) and doors.same_street(texts[int(street)], texts[better]):
                    change[(postcode, int(street))] = better
                    break
            else:
                if len(kept) < STREETS_COMPARED:
                    kept.append((int(street), support))
    if change:
        width = len(texts)
        keys = np.array([postcode * width + street for postcode, street in change], dtype=np.int64)
        values = np.array(list(change.values()), dtype=np.int64)
        order = np.argsort(keys)
        hit, found = _look_up(keys[order], values[order], addresses["postcode"] * width + addresses["street"])
        hit &= ((addresses["postcode"] >= 0) & (addresses["street"] >= 0)).to_numpy()
        addresses["street"] = np.where(hit, found, addresses["street"])
        addresses.loc[hit & (addresses["how"] == AS_DELIVERED), "how"] = STREET_MENDED


def _groups(frame: pd.DataFrame, by: str, names: tuple[str, ...]) -> list[tuple[int, np.ndarray]]:
    """(value of `by`, rows of the other columns) for a frame already sorted by `by`; quicker than pandas' groups."""
    keys, rows = frame[by].to_numpy(), frame[list(names)].to_numpy()
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return [(int(keys[s]), rows[s:e]) for s, e in zip(starts, np.r_[starts[1:], len(keys)], strict=True)]


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: pd.Series | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(found?, value) of each wanted key among sorted distinct keys."""
    wanted = np.asarray(wanted)
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool), np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[at] == wanted, values[at]


def _only(frame: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """`by` -> the one `value` that goes with it; combinations with several values are left out."""
    seen = frame[[*by, value]].drop_duplicates()
    return seen[~seen.duplicated(by, keep=False)]


def _fill(addresses: pd.DataFrame, lacking: pd.Series, by: list[str], value: str, known: pd.DataFrame) -> np.ndarray:
    """Fill `value` where `lacking` from the one value that `known` rows have for `by`; gives which rows were filled."""
    wanted = lacking & (addresses[by] >= 0).all(axis=1)
    filled = np.zeros(len(addresses), dtype=bool)
    if not wanted.any():
        return filled
    table = _only(known[(known[by] >= 0).all(axis=1) & (known[value] >= 0)], by, value)
    found = addresses.loc[wanted, by].merge(table, on=by, how="left")[value].to_numpy()
    rows = np.flatnonzero(wanted)[~np.isnan(found)]
    addresses.loc[rows, value] = found[~np.isnan(found)].astype(np.int64)
    filled[rows] = True
    return filled


def _fill_streets(addresses: pd.DataFrame) -> None:
    """A missing street, where the postcode holds one street with that number, or one street at all."""
    for by in (["postcode", "base"], ["postcode"]):
        lacking = addresses["usable"] & (addresses["street"] < 0) & (addresses["base"] >= 0)
        filled = _fill(addresses, lacking, by, "street", addresses)
        addresses.loc[filled & (addresses["how"] == AS_DELIVERED), "how"] = STREET_MENDED


def _fill_postcodes(addresses: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """A missing postcode, where street, number and town (else street and number, else the street) have one only."""
    lacking = addresses["usable"] & (addresses["postcode"] < 0) & (addresses["street"] >= 0)
    if not lacking.any():
        return
    known = addresses[(addresses["postcode"] >= 0) & addresses["usable"]]
    _spell_streets(addresses, lacking, known, coded)
    ways = (["street", "base", "town"], ["street", "base"], ["street", "town"], ["street"])
    for by in ways:
        lacking = addresses["usable"] & (addresses["postcode"] < 0) & (addresses["street"] >= 0)
        if by == ["street", "base"]:  # another town than every known one: leave it
            lacking &= addresses["town"] < 0
        if by == ["street"]:
            lacking &= (addresses["base"] >= 0) & (addresses["town"] < 0)
        filled = _fill(addresses, lacking, by, "postcode", known)
        addresses.loc[filled, "how"] = POSTCODE_FILLED


def _spell_streets(addresses: pd.DataFrame, lacking: pd.Series, known: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """Streets of addresses without postcode that no other address knows: the nearest known spelling, if one is near."""
    known_streets = np.unique(known.loc[known["street"] >= 0, "street"])
    unknown = np.setdiff1d(np.unique(addresses.loc[lacking, "street"]), known_streets)[:UNKNOWN_STREETS]
    if not len(unknown) or not len(known_streets):
        return
    texts = coded["street"].values
    choices = [texts[code] for code in known_streets]
    mended = {}
    for code in unknown:
        offers = process.extract(texts[code], choices, scorer=OSA.distance, score_cutoff=2, limit=2)
        near = [(place, distance) for text, distance, place in offers if doors.same_street(texts[code], text)]
        if near and (len(near) == 1 or near[0][1] < near[1][1]):
            mended[int(code)] = int(known_streets[near[0][0]])
    if mended:
        rows = lacking & addresses["street"].isin(list(mended))
        addresses.loc[rows, "street"] = addresses.loc[rows, "street"].map(mended)


def _mend_postcodes(addresses: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """A postcode in which nobody else has that street, one key away from one of that town in which others have it."""
    has = addresses["usable"] & (addresses["postcode"] >= 0) & (addresses["street"] >= 0)
    named = addresses[has].sort_values(["support", "address"], ascending=[False, True])
    named = named.assign(named=named["town"].where(named["town"] >= 0))
    pairs = named.groupby(["postcode", "street"], as_index=False).agg(
        support=("support", "sum"), town=("named", "first")
    )
    known = pairs.assign(total=pairs.groupby("street")["support"].transform("sum"))
    doubtful = known[(known["support"] <= 2) & (known["total"] > known["support"])]
    if doubtful.empty:
        return
    offered = doubtful.merge(known, on="street", suffixes=("", "_other"))
    offered = offered[
        (offered["support_other"] > offered["support"]) & (offered["postcode_other"] != offered["postcode"])
    ]
    two_towns = offered["town"].notna() & offered["town_other"].notna() & (offered["town"] != offered["town_other"])
    offered = offered[~two_towns]
    offered = offered.sort_values(["street", "support_other", "postcode_other"], ascending=[True, False, True])
    offered = offered[offered.groupby(["street", "postcode"]).cumcount() < 40]
    texts = coded["postcode"].values
    near = [
        doors.near_postcode(texts[one], texts[other])
        for one, other in zip(offered["postcode"], offered["postcode_other"], strict=True)
    ]
    offered = offered[np.array(near, dtype=bool)]
    if offered.empty:
        return
    # the same number there tells between several near postcodes of one long street
    numbers = addresses.loc[has, ["street", "postcode", "base"]].drop_duplicates()
    rows = (
        addresses[has]
        .reset_index()
        .merge(offered[["street", "postcode", "postcode_other"]], on=["street", "postcode"], how="inner")
    )
    there = rows[["street", "postcode_other", "base"]].merge(
        numbers.rename(columns={"postcode": "postcode_other"}), how="left", indicator="seen"
    )
    rows["seen"] = (there["seen"] == "both").to_numpy()
    rows = rows[rows["seen"] | ~rows.groupby("index")["seen"].transform("any")]
    rows = rows[~rows.duplicated("index", keep=False)]
    addresses.loc[rows["index"], "postcode"] = rows["postcode_other"].to_numpy()
    addresses.loc[rows["index"], "how"] = POSTCODE_MENDED


def _mend_by_number(addresses: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """One street and number in two postcodes of a sector (or one key apart): the doubtful one becomes the other.

    Doubtful: not in the gazetteer where the other is, or one person's where at least twice as many people have the other
    and no two towns speak against it (villages of one sector share street names).
    """
    whole = (addresses[["postcode", "street", "base"]] >= 0).all(axis=1) & addresses["usable"]
    by = ["street", "base", "postcode"]
    known = addresses[whole].sort_values(["support", "address"], ascending=[False, True])
    known = known.assign(named=known["town"].where(known["town"] >= 0))
    known = known.groupby(by, as_index=False).agg(
        support=("support", "sum"), listed=("listed", "any"), town=("named", "first")
    )
    known = known[known.groupby(["street", "base"])["postcode"].transform("size").between(2, 60)]
    weak = known[~known["listed"]]
    if weak.empty:
        return
    pairs = weak.merge(known, on=["street", "base"], suffixes=("", "_other"))
    pairs = pairs[(pairs["postcode"] != pairs["postcode_other"]) & (pairs["support_other"] > pairs["support"])]
    texts = coded["postcode"].values
    sector = np.array([text[:-2] for text in texts], dtype=object)
    one, other = pairs["postcode"].to_numpy(), pairs["postcode_other"].to_numpy()
    near = np.array([doors.near_postcode(texts[a], texts[b]) for a, b in zip(one, other, strict=True)], dtype=bool)
    close = near | (sector[one] == sector[other])
    two_towns = (
        pairs["town"].notna() & pairs["town_other"].notna() & (pairs["town"] != pairs["town_other"])
    ).to_numpy()
    listed = pairs["listed_other"].to_numpy(dtype=bool)
    lone = (pairs["support"] <= ONE_PERSON).to_numpy() & (pairs["support_other"] >= 2 * pairs["support"]).to_numpy()
    good = close & ((listed & (near | ~two_towns)) | (near & lone & ~two_towns))
    chosen = pairs[good].assign(near=near[good]).sort_values([*by, "near"], ascending=[True, True, True, False])
    chosen = chosen[chosen["near"] | ~chosen.groupby(by)["near"].transform("any")]
    chosen = chosen[~chosen.duplicated(by, keep=False)]
    found = addresses[by].merge(chosen[[*by, "postcode_other"]], on=by, how="left")["postcode_other"].to_numpy()
    hit = whole.to_numpy() & ~np.isnan(found)
    addresses.loc[hit, "postcode"] = found[hit].astype(np.int64)
    addresses.loc[hit, "how"] = POSTCODE_MENDED


def _unswap_flats(addresses: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """ "Flat 51, 6 Road" is flat 6 of number 51, where more people (or the gazetteer) have that, or that house has flats."""
    both = (addresses[["street", "base", "unit"]] >= 0).all(axis=1) & addresses["usable"]
    base_of = {text: code for code, text in enumerate(coded["base"].values)}
    unit_of = {text: code for code, text in enumerate(coded["unit"].values)}
    as_base = np.array([base_of.get(text, -1) for text in coded["unit"].values] + [-1], dtype=np.int64)
    as_unit = np.array([unit_of.get(text, -1) for text in coded["base"].values] + [-1], dtype=np.int64)
    turned = addresses.assign(new_base=as_base[addresses["unit"]], new_unit=as_unit[addresses["base"]])
    turned = turned[
        both & (turned["new_base"] >= 0) & (turned["new_unit"] >= 0) & (turned["new_base"] != turned["base"])
    ]
    if turned.empty:
        return
    flats = addresses[both].groupby(["postcode", "street", "base"])["unit"].nunique()
    support = addresses[both].groupby(["postcode", "street", "base", "unit"])["support"].sum()

    def look_up(values: pd.Series, *names: str) -> np.ndarray:
        return values.reindex(pd.MultiIndex.from_frame(turned[list(names)])).fillna(0).to_numpy()

    here, there = (
        look_up(support, "postcode", "street", "base", "unit"),
        look_up(support, "postcode", "street", "new_base", "new_unit"),
    )
    flats_here, flats_there = (
        look_up(flats, "postcode", "street", "base"),
        look_up(flats, "postcode", "street", "new_base"),
    )
    turn = (here < GAZETTEER_SUPPORT) & ((there >= GAZETTEER_SUPPORT) | ((flats_there >= 3) & (flats_here == 1)))
    turn |= (here < GAZETTEER_SUPPORT) & (there > here) & (flats_there > flats_here)
    rows = turned.index[turn]
    addresses.loc[rows, "base"] = turned.loc[rows, "new_base"]
    addresses.loc[rows, "unit"] = turned.loc[rows, "new_unit"]


def _number_buildings(addresses: pd.DataFrame, coded: dict[str, _Coded]) -> None:
    """ "3 Abbey Court" and "Flat 3, Abbey Court" become flat 3 of the number that Abbey Court has in that postcode.

    Only where other addresses of the postcode give the building one street and number.
    """
    whole = (addresses["building"] >= 0) & (addresses["base"] >= 0) & (addresses["postcode"] >= 0)
    numbered = np.array([not text.startswith("=") for text in coded["base"].values] + [False])
    whole &= numbered[addresses["base"]]
    known = addresses[whole].groupby(["postcode", "building", "street", "base"], as_index=False)["support"].sum()
    known = known[known["support"] >= 0.75 * known.groupby(["postcode", "building"])["support"].transform("sum")]
    if known.empty:
        return
    building_of = {text: code for code, text in enumerate(coded["building"].values)}
    from_street = np.array([building_of.get(text, -1) for text in coded["street"].values] + [-1], dtype=np.int64)
    from_base = np.array(
        [building_of.get(text[1:], -1) if text.startswith("=") else -1 for text in coded["base"].values] + [-1],
        dtype=np.int64,
    )
    unit_of = {text: code for code, text in enumerate(coded["unit"].values)}
    as_unit = np.array([unit_of.get(text, -1) for text in coded["base"].values] + [-1], dtype=np.int64)
    bare = from_base[addresses["base"]]
    folded = np.where((bare < 0) & (addresses["unit"] < 0), from_street[addresses["street"]], -1)
    folded = np.where(as_unit[addresses["base"]] >= 0, folded, -1)
    asked = pd.DataFrame({"postcode": addresses["postcode"], "building": np.where(bare >= 0, bare, folded)})
    found = asked.merge(known, on=["postcode", "building"], how="left")
    hit = (found["base"].notna() & (asked["building"] >= 0) & (asked["postcode"] >= 0)).to_numpy()
    addresses["unit"] = np.where(hit & (bare < 0), as_unit[addresses["base"]], addresses["unit"])
    for name in ("street", "base"):
        addresses[name] = np.where(hit, found[name].fillna(-1), addresses[name]).astype(np.int64)
    addresses["building"] = np.where(hit, asked["building"], addresses["building"])


def _settle_buildings(addresses: pd.DataFrame) -> None:
    """A building stays in the key only where one number of a street has several; a named building takes its number."""
    numbered = addresses["base"] >= 0
    key = ["postcode", "street", "base", "unit"]
    named = addresses[numbered & (addresses["building"] >= 0)]
    several = named.drop_duplicates([*key, "building"]).groupby(key, as_index=False).size()
    several = several[several["size"] > 1]
    keep = addresses[key].merge(several, on=key, how="left")["size"].notna().to_numpy()
    addresses["block"] = np.where(keep, addresses["building"], -1)


def _assemble(
    frame: pd.DataFrame,
    addresses: pd.DataFrame,
    coded: dict[str, _Coded],
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
    live, dense = np.unique(dwelling[usable], return_inverse=True)
    dwelling[usable] = dense
    first = np.zeros(len(live), dtype=np.int64)
    first[dense[::-1]] = np.flatnonzero(usable)[::-1]
    heads = addresses.iloc[first].reset_index(drop=True)
    of_row = dwelling[frame["address"].to_numpy()]
    door_of = _dense(door[first])
    has_unit = (heads["unit"] >= 0).to_numpy()
    units_at = np.bincount(door_of[has_unit], minlength=int(door_of.max(initial=-1)) + 1)
    never_home, place = _places(frame, coded, records, gazetteer, of_row, door_of, count)
    uprn, district = _references(frame, coded, gazetteer, of_row, len(live), count)
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
        postcode=_texts(heads["postcode"].to_numpy(), coded["postcode"]),
        uprn=uprn,
        district=district,
    )


def _texts(codes: np.ndarray, coded: _Coded) -> np.ndarray:
    return np.array([*coded.values, None], dtype=object)[codes]


def _key_texts(heads: pd.DataFrame, coded: dict[str, _Coded]) -> list[str]:
    columns = [
        _texts(heads[name].to_numpy(), coded[name]) for name in ("postcode", "street", "base", "unit", "text", "town")
    ]
    blocks = _texts(heads["block"].to_numpy(), coded["building"])
    return [
        "|".join(
            [postcode or town or "", street or text or "", f"{base or ''}{' ' + block if block else ''}", unit or ""]
        )
        for postcode, street, base, unit, text, town, block in zip(*columns, blocks, strict=True)
    ]


def _untyped(streets: _Coded) -> _Coded:
    """Streets as place words: HOSPITAL ROAD is a road, so it tells nothing; ABBEY HOSTEL in the street's place does."""
    return _Coded(streets.codes, ["" if doors.split_street(text)[1] else text for text in streets.values])


def _places(
    frame: pd.DataFrame,
    coded: dict[str, _Coded],
    records: pa.Table,
    gazetteer: pa.Table,
    of_row: np.ndarray,
    door_of: np.ndarray,
    count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """(never a home, by record) and the kind of place by dwelling, from the gazetteer's class and the address words."""
    street = pa.array(_texts(frame["street"].to_numpy(), _untyped(coded["street"])), pa.string())
    building = pa.chunked_array(
        [*_chunks(_column(records, "building")), *_chunks(_column(gazetteer, "building"))], type=pa.string()
    )
    whole = pc.binary_join_element_wise(building, street, " ", null_handling="replace", null_replacement="")
    encoded = whole.combine_chunks().dictionary_encode()
    index = encoded.indices.to_numpy()
    hostel, institution, never = (
        pc.match_substring_regex(encoded.dictionary, words.pattern).to_numpy(zero_copy_only=False)[index]
        for words in (doors.HOSTEL_WORDS, doors.INSTITUTION_WORDS, doors.NEVER_HOME_WORDS)
    )
    kind = records["address_kind"]
    said = np.zeros(len(index), dtype=bool)
    said[:count] = pc.equal(kind, "institution").to_numpy(zero_copy_only=False)
    classes = np.array(_column(gazetteer, "place_class").to_pylist() or [], dtype=object)
    shared = np.zeros(len(index), dtype=bool)
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
    frame: pd.DataFrame, coded: dict[str, _Coded], gazetteer: pa.Table, of_row: np.ndarray, size: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """UPRN and district of each dwelling: the gazetteer's, else the UPRN that records give most often."""
    uprn, district = np.full(size, None, dtype=object), np.full(size, None, dtype=object)
    given = frame["uprn"].to_numpy()
    rows = np.flatnonzero((given >= 0) & (of_row >= 0))
    if len(rows):
        seen = pd.DataFrame({"dwelling": of_row[rows], "uprn": given[rows], "weight": frame["weight"].to_numpy()[rows]})
        seen = seen.groupby(["dwelling", "uprn"], as_index=False)["weight"].sum()
        seen = seen.sort_values(["dwelling", "weight", "uprn"], ascending=[True, False, True]).drop_duplicates(
            "dwelling"
        )
        uprn[seen["dwelling"]] = _texts(seen["uprn"].to_numpy(), coded["uprn"])
    if gazetteer.num_rows:
        districts = np.array(_column(gazetteer, "district").to_pylist(), dtype=object)
        listed = of_row[count:]
        for row in np.flatnonzero(listed >= 0)[::-1]:
            district[listed[row]] = districts[row]
    return uprn, district
