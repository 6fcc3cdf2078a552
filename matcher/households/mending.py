"""Mend the parts of written addresses: takes distinct addresses as codes with the number of people behind each, changes them.

Every rule needs one answer in this month's other records or the gazetteer; where two would do, the address stays as it is. In
order: UPRN, misspelt streets, missing streets, doubtful postcodes, flat and number that changed places, missing postcodes,
buildings and their numbers. Refuses nothing. Work is bounded by postcode and by street.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from matcher.households import doors
from matcher.households.coding import Coded, distinct, last_places, pack

HOW = ("as_delivered", "uprn", "street_mended", "postcode_filled", "postcode_mended", "no_number", "none")
AS_DELIVERED, UPRN, STREET_MENDED, POSTCODE_FILLED, POSTCODE_MENDED, NO_NUMBER, NO_ADDRESS = range(7)
GAZETTEER_SUPPORT = 1_000  # one gazetteer row outweighs any number of records that disagree with it
ONE_PERSON = 1.05
STREETS_COMPARED = 12  # per postcode: bounds the work where one postcode holds hundreds of spellings
UNKNOWN_STREETS = 1_500  # bounds the search for misspelt streets without a postcode


def mend(addresses: pd.DataFrame, coded: dict[str, Coded]) -> None:
    """Mend `addresses` in place: one row an address, code columns, `support`, `listed`, `usable`; `how` says what was done."""
    addresses["how"] = np.where(addresses["usable"], AS_DELIVERED, NO_ADDRESS)
    commonest_first = np.argsort(-addresses["support"].to_numpy(), kind="stable")
    _use_uprn(addresses, commonest_first)
    _mend_streets(addresses, coded)
    _fill_streets(addresses)
    _mend_postcodes(addresses, coded, commonest_first)
    _unswap_flats(addresses, coded)
    _mend_by_number(addresses, coded, commonest_first)
    _fill_postcodes(addresses, coded)
    _number_buildings(addresses, coded)
    _unswap_flats(addresses, coded)
    _settle_buildings(addresses)


def _use_uprn(addresses: pd.DataFrame, commonest_first: np.ndarray) -> None:
    """A UPRN gives the whole address (the gazetteer's, else the commonest), unless number and postcode both contradict it."""
    whole = (addresses[["uprn", "base", "postcode"]] >= 0).all(axis=1).to_numpy()
    addresses["bare_uprn"] = -1
    if not whole.any():
        addresses["bare_uprn"] = _bare_uprn(addresses)
        return
    uprn = addresses["uprn"].to_numpy()
    at = np.full(int(uprn.max()) + 2, -1, dtype=np.int64)  # an address without UPRN reads the last place
    commonest_last = commonest_first[whole[commonest_first]][::-1]  # what is written last stays
    at[uprn[commonest_last]] = commonest_last
    row = at[uprn]
    names = ("postcode", "street", "base", "building", "town", "unit")
    found = {name: np.append(addresses[name].to_numpy(), -1)[row] for name in names}
    same_postcode = (addresses["postcode"] < 0) | (addresses["postcode"] == found["postcode"])
    same_base = (addresses["base"] < 0) | (addresses["base"] == found["base"])
    trusted = (row >= 0) & (same_postcode | same_base) & ~addresses["listed"]
    for name in names:
        given = trusted & (found[name] >= 0) if name == "unit" else trusted
        addresses[name] = np.where(given, found[name], addresses[name])
    addresses.loc[trusted, "how"] = UPRN
    addresses["bare_uprn"] = _bare_uprn(addresses)


def _bare_uprn(addresses: pd.DataFrame) -> np.ndarray:
    """The UPRN of an address that is nothing else: it alone names the door."""
    bare = (addresses[["street", "base", "text"]] < 0).all(axis=1)
    return np.where(bare, addresses["uprn"], -1)


def _mend_streets(addresses: pd.DataFrame, coded: dict[str, Coded]) -> None:
    """Within a postcode the rarer spelling of a street becomes the commoner one."""
    has = np.flatnonzero((addresses[["postcode", "street"]] >= 0).all(axis=1))
    pairs = _supported(addresses, has, ["postcode", "street"])
    pairs = pairs[pairs.groupby("postcode", sort=False)["street"].transform("size") > 1]
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


def _supported(addresses: pd.DataFrame, rows: np.ndarray, by: list[str]) -> pd.DataFrame:
    """The combinations of `by` among these rows, sorted: the support of each, whether any is listed, and the town first named.

    Support is added up in the order of `rows`.
    """
    columns = {name: addresses[name].to_numpy()[rows] for name in by}
    key = pack(*columns.values())
    head = last_places(key)
    support = addresses["support"].iloc[rows].groupby(key).sum().to_numpy()
    found = pd.DataFrame({**{name: column[head] for name, column in columns.items()}, "support": support})
    for name, unknown in (("town", -1), ("listed", False)):
        told = addresses[name].to_numpy()[rows]
        has = np.flatnonzero(told != unknown)[::-1]  # of several the first is written last
        first = np.full(len(head), unknown)
        first[key[has]] = told[has]
        found[name] = first
    return found


def _two_towns(pairs: pd.DataFrame) -> pd.Series:
    """Whether the two sides of each pair name towns, and not the same."""
    return (pairs["town"] >= 0) & (pairs["town_other"] >= 0) & (pairs["town"] != pairs["town_other"])


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: pd.Series | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(found?, value) of each wanted key among sorted distinct keys."""
    wanted = np.asarray(wanted)
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool), np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[at] == wanted, values[at]


def _fill(addresses: pd.DataFrame, lacking: pd.Series, by: list[str], value: str, known: pd.DataFrame) -> np.ndarray:
    """Fill `value` where `lacking` from the one value that `known` rows have for `by`; gives which rows were filled."""
    wanted = np.flatnonzero(lacking & (addresses[by] >= 0).all(axis=1))
    filled = np.zeros(len(addresses), dtype=bool)
    if not len(wanted):
        return filled
    widths = [int(addresses[name].max()) + 1 for name in by]
    asked = np.zeros(widths[0] + 1, dtype=bool)
    asked[addresses[by[0]].to_numpy()[wanted]] = True  # most of what is known is asked for by nobody
    rows = np.flatnonzero(asked[known[by[0]]] & (known[[*by, value]] >= 0).all(axis=1))
    mine, theirs = np.zeros(len(wanted), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    for name, width in zip(by, widths, strict=True):
        mine = mine * width + addresses[name].to_numpy()[wanted]
        theirs = theirs * width + known[name].to_numpy()[rows]
    keys = distinct(mine)
    hit, place = _look_up(keys, np.arange(len(keys)), theirs)
    values = known[value].to_numpy()[rows[hit]]
    least, most = np.full(len(keys), np.iinfo(np.int64).max), np.full(len(keys), -1)
    np.minimum.at(least, place[hit], values)
    np.maximum.at(most, place[hit], values)
    found = np.where(least == most, most, -1)[np.searchsorted(keys, mine)]
    told = wanted[found >= 0]
    addresses.loc[told, value] = found[found >= 0]
    filled[told] = True
    return filled


def _fill_streets(addresses: pd.DataFrame) -> None:
    """A missing street, where the postcode holds one street with that number, or one street at all."""
    for by in (["postcode", "base"], ["postcode"]):
        lacking = addresses["usable"] & (addresses["street"] < 0) & (addresses["base"] >= 0)
        filled = _fill(addresses, lacking, by, "street", addresses)
        addresses.loc[filled & (addresses["how"] == AS_DELIVERED), "how"] = STREET_MENDED


def _fill_postcodes(addresses: pd.DataFrame, coded: dict[str, Coded]) -> None:
    """A missing postcode, where street, number and town (else street and number, else the street) have one only."""
    lacking = addresses["usable"] & (addresses["postcode"] < 0) & (addresses["street"] >= 0)
    if not lacking.any():
        return
    known = addresses.loc[(addresses["postcode"] >= 0) & addresses["usable"], ["street", "base", "town", "postcode"]]
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


def _spell_streets(addresses: pd.DataFrame, lacking: pd.Series, known: pd.DataFrame, coded: dict[str, Coded]) -> None:
    """Streets of addresses without postcode that no other address knows: the nearest known spelling, if one is near."""
    there, asked = np.zeros((2, len(coded["street"].values) + 1), dtype=bool)
    there[known["street"]], asked[addresses.loc[lacking, "street"]] = True, True
    there[-1] = False  # where addresses without street are ticked off
    known_streets, unknown = np.flatnonzero(there), np.flatnonzero(asked & ~there)[:UNKNOWN_STREETS]
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


def _mend_postcodes(addresses: pd.DataFrame, coded: dict[str, Coded], commonest_first: np.ndarray) -> None:
    """A postcode in which nobody else has that street, one key away from one of that town in which others have it."""
    has = (addresses["usable"] & (addresses["postcode"] >= 0) & (addresses["street"] >= 0)).to_numpy()
    known = _supported(addresses, commonest_first[has[commonest_first]], ["postcode", "street"])
    known["total"] = known.groupby("street", sort=False)["support"].transform("sum")
    doubtful = known[(known["support"] <= 2) & (known["total"] > known["support"])]
    if doubtful.empty:
        return
    offered = doubtful.merge(known, on="street", suffixes=("", "_other"))
    offered = offered[
        (offered["support_other"] > offered["support"]) & (offered["postcode_other"] != offered["postcode"])
    ]
    offered = offered[~_two_towns(offered)]
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
    concerned = np.zeros(len(coded["street"].values) + 1, dtype=bool)  # an address without street reads the last place
    concerned[offered["street"]] = True
    named = addresses.loc[has & concerned[addresses["street"]], ["street", "postcode", "base"]]
    numbers = named.drop_duplicates()
    rows = named.reset_index().merge(
        offered[["street", "postcode", "postcode_other"]], on=["street", "postcode"], how="inner"
    )
    there = rows[["street", "postcode_other", "base"]].merge(
        numbers.rename(columns={"postcode": "postcode_other"}), how="left", indicator="seen"
    )
    rows["seen"] = (there["seen"] == "both").to_numpy()
    rows = rows[rows["seen"] | ~rows.groupby("index", sort=False)["seen"].transform("any")]
    rows = rows[~rows.duplicated("index", keep=False)]
    addresses.loc[rows["index"], "postcode"] = rows["postcode_other"].to_numpy()
    addresses.loc[rows["index"], "how"] = POSTCODE_MENDED


def _mend_by_number(addresses: pd.DataFrame, coded: dict[str, Coded], commonest_first: np.ndarray) -> None:
    """One street and number in two postcodes of a sector (or one key apart): the doubtful one becomes the other.

    Doubtful: not in the gazetteer where the other is, or one person's where at least twice as many people have the other
    and no two towns speak against it (villages of one sector share street names).
    """
    whole = ((addresses[["postcode", "street", "base"]] >= 0).all(axis=1) & addresses["usable"]).to_numpy()
    by = ["street", "base", "postcode"]
    known = _supported(addresses, commonest_first[whole[commonest_first]], by)
    number = pack(known["street"].to_numpy(), known["base"].to_numpy())
    postcodes = np.bincount(number, minlength=1)[number]
    known = known[(postcodes >= 2) & (postcodes <= 60)]
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
    two_towns = _two_towns(pairs).to_numpy()
    listed = pairs["listed_other"].to_numpy(dtype=bool)
    lone = (pairs["support"] <= ONE_PERSON).to_numpy() & (pairs["support_other"] >= 2 * pairs["support"]).to_numpy()
    good = close & ((listed & (near | ~two_towns)) | (near & lone & ~two_towns))
    chosen = pairs[good].assign(near=near[good]).sort_values([*by, "near"], ascending=[True, True, True, False])
    chosen = chosen[chosen["near"] | ~chosen.groupby(by, sort=False)["near"].transform("any")]
    chosen = chosen[~chosen.duplicated(by, keep=False)]
    concerned = np.zeros(len(coded["street"].values) + 1, dtype=bool)  # an address without street reads the last place
    concerned[chosen["street"]] = True
    asked = addresses.loc[whole & concerned[addresses["street"]], by].reset_index()
    mended = asked.merge(chosen[[*by, "postcode_other"]], on=by)
    addresses.loc[mended["index"], "postcode"] = mended["postcode_other"].to_numpy()
    addresses.loc[mended["index"], "how"] = POSTCODE_MENDED


def _unswap_flats(addresses: pd.DataFrame, coded: dict[str, Coded]) -> None:
    """ "Flat 51, 6 Road" is flat 6 of number 51, where more people (or the gazetteer) have that, or that house has flats."""
    both = (addresses[["street", "base", "unit"]] >= 0).all(axis=1) & addresses["usable"]
    base_of = {text: code for code, text in enumerate(coded["base"].values)}
    unit_of = {text: code for code, text in enumerate(coded["unit"].values)}
    as_base = np.array([base_of.get(text, -1) for text in coded["unit"].values] + [-1], dtype=np.int64)
    as_unit = np.array([unit_of.get(text, -1) for text in coded["base"].values] + [-1], dtype=np.int64)
    new_base, new_unit = as_base[addresses["unit"]], as_unit[addresses["base"]]
    both, turns = both.to_numpy(), (new_base >= 0) & (new_unit >= 0) & (new_base != addresses["base"].to_numpy())
    turned = addresses.loc[both & turns, ["postcode", "street", "base", "unit"]]
    turned = turned.assign(new_base=new_base[both & turns], new_unit=new_unit[both & turns])
    if turned.empty:
        return
    near = addresses.loc[
        both & addresses["postcode"].isin(turned["postcode"]) & addresses["street"].isin(turned["street"]),
        ["postcode", "street", "base", "unit", "support"],
    ]
    flats = near.groupby(["postcode", "street", "base"])["unit"].nunique()
    support = near.groupby(["postcode", "street", "base", "unit"])["support"].sum()

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


def _number_buildings(addresses: pd.DataFrame, coded: dict[str, Coded]) -> None:
    """ "3 Abbey Court" and "Flat 3, Abbey Court" become flat 3 of the number that Abbey Court has in that postcode.

    Only where other addresses of the postcode give the building one street and number.
    """
    whole = (addresses["building"] >= 0) & (addresses["base"] >= 0) & (addresses["postcode"] >= 0)
    numbered = np.array([not text.startswith("=") for text in coded["base"].values] + [False])
    whole &= numbered[addresses["base"]]
    known = addresses[whole].groupby(["postcode", "building", "street", "base"], as_index=False)["support"].sum()
    known = known[
        known["support"] >= 0.75 * known.groupby(["postcode", "building"], sort=False)["support"].transform("sum")
    ]
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
