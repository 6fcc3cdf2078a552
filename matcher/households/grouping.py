"""Who behind one door is one household: takes homes, gives a household number per person.

Doors with one surname, or too few grown-ups to be two families, are one household without further look; only the others
go through `families`. People who have left a door are grouped by their ties alone; people without any address are
placed with those on the same case, in the same row or in the same family of the registry, else alone.
Refuses nothing. The result does not depend on the order of records or persons.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from matcher.households.coding import distinct, ranges
from matcher.households.dwellings import Dwellings
from matcher.households.families import (
    CHILD,
    EIGHT,
    HEAD,
    LODGER,
    ORDINARY,
    SHARED,
    UNNUMBERED,
    Occupant,
    families,
    role_of,
)
from matcher.households.residence import Residence
from matcher.households.surnames import Surnames
from specs.tables import supplies_of

BEARERS, NEARLY_ALL = 4, 0.9  # a forename tells the sex if so many bearers are known, and so many of them agree
DEFAULT_DATE, FEW_MOVES = (
    0.02,
    30,
)  # a date of more than so large a share of a register's moves (and of so many) is a default
CASE_SIZE = 12  # a reference shared by more people than this is no family's
PUPIL_DATASETS = ("education",)


@dataclass(frozen=True)
class Traits:
    """By person: age in years (NaN unknown), child, role in a register (0 unknown), sex and forename (None unknown)."""

    age: np.ndarray
    child: np.ndarray
    role: np.ndarray
    sex: np.ndarray
    forename: np.ndarray


@dataclass(frozen=True)
class Grouped:
    """By person: household number (dense); by household: crowded door or not; and who was placed by a tie alone."""

    household: np.ndarray
    tied: np.ndarray  # int8: 0 no, 1 shared case or row, 2 known family
    crowded: np.ndarray  # bool by person: the home is behind a crowded door


def traits(records: pa.Table, person: np.ndarray, persons: pa.Table, as_at: np.datetime64, pupil: np.ndarray) -> Traits:
    """What families are told by. `pupil`: by person, bool: has a school record (a pupil of unknown age is a child)."""
    born = persons["dob"].to_numpy().astype("datetime64[D]")
    age = (as_at - born).astype("timedelta64[D]").astype(float) / 365.25
    age[np.isnat(born)] = np.nan
    relation = records["relationship"].combine_chunks().dictionary_encode()
    roles = np.array([role_of(text) if text else 0 for text in relation.dictionary.to_pylist()] + [0], dtype=np.int64)
    of_record = roles[relation.indices.fill_null(len(roles) - 1).to_numpy(zero_copy_only=False)]
    role = np.zeros(len(age), dtype=np.int64)
    said = np.flatnonzero((of_record > 0) & (person >= 0))
    ended = records["address_to"].to_numpy().astype("datetime64[D]")[said]
    current = np.isnat(ended) | (ended >= as_at)
    said = said[np.lexsort((-of_record[said], current))]
    role[person[said]] = of_record[said]
    child = (age < 18) | (np.isnan(age) & ((role == CHILD) | pupil))
    forename = persons["forename"].to_numpy()
    return Traits(age, child, role, _sexes(persons["sex"], forename), forename)


def _sexes(given: pa.ChunkedArray, forename: np.ndarray) -> np.ndarray:
    """Sex, where no record gives it by what this month's other bearers of the forename are, if they nearly all agree."""
    sex = given.to_numpy()
    names, values = pd.factorize(forename)
    if not len(values):
        return sex
    known = [pc.fill_null(pc.equal(given, letter), False).to_numpy() for letter in ("F", "M")]
    women, men = (np.bincount(names[(names >= 0) & side], minlength=len(values)) for side in known)
    told = np.full(len(values) + 1, None, dtype=object)  # the last entry is for people without a forename
    for letter, side in (("F", women), ("M", men)):
        told[np.flatnonzero((women + men >= BEARERS) & (side >= NEARLY_ALL * (women + men)))] = letter
    guess = told[names]
    return np.where(known[0] | known[1], sex, guess)


def pupils(records: pa.Table, person: np.ndarray, people: int) -> np.ndarray:
    """By person: whether any school record names them."""
    found = np.zeros(people, dtype=bool)
    school = pc.is_in(records["dataset"], value_set=pa.array(PUPIL_DATASETS)).to_numpy(zero_copy_only=False)
    found[person[school & (person >= 0)]] = True
    return found


def paper_ties(
    records: pa.Table, person: np.ndarray, references: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of persons who stand in one row (a joint tenancy) or share a reference within one system (`references_of`)."""
    frame = pd.DataFrame({"person": person})
    frame["system"], frame["ref"] = references
    frame["source"] = supplies_of(records).indices.to_numpy()
    frame["row"] = records["row"].to_numpy()
    left, right = [], []
    for keys, good in (
        (["system", "ref"], (frame["ref"] >= 0) & (frame["system"] >= 0)),
        (["source", "row"], frame["row"] > 0),
    ):
        rows = frame[good & (frame["person"] >= 0)]
        one, two = (rows[name].to_numpy().astype(np.int64) for name in keys)
        people = int(person.max(initial=0)) + 1
        key = one * (int(two.max(initial=0)) + 1) + two
        key, other = np.divmod(distinct(key * people + rows["person"].to_numpy()), people)  # by key, then by person
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
        size = np.diff(np.r_[starts, len(key)])
        first = np.repeat(other[starts], size)
        pairs = np.repeat(size <= CASE_SIZE, size) & (first != other)
        left.append(first[pairs])
        right.append(other[pairs])
    return np.concatenate(left), np.concatenate(right)


def arrival_ties(records: pa.Table, person: np.ndarray, dwellings: Dwellings) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of persons who by a register came to one door, or left it, on one day: they moved together.

    A date that very many rows share is a default of the register, not a move, and ties nobody.
    """
    left, right = [], []
    for column in ("address_from", "address_to"):
        day = records[column].to_numpy().astype("datetime64[D]")
        rows = np.flatnonzero((person >= 0) & (dwellings.of_record >= 0) & ~np.isnat(day))
        if not len(rows):
            continue
        codes, _days = pd.factorize(day[rows])
        common = np.bincount(codes)
        rows = rows[(common <= max(DEFAULT_DATE * len(rows), FEW_MOVES))[codes]]
        moves = pd.DataFrame({"door": dwellings.of_record[rows], "day": day[rows], "person": person[rows]})
        moves = moves.drop_duplicates().sort_values(["door", "day", "person"])
        same = (moves["door"].to_numpy()[1:] == moves["door"].to_numpy()[:-1]) & (
            moves["day"].to_numpy()[1:] == moves["day"].to_numpy()[:-1]
        )
        left.append(moves["person"].to_numpy()[:-1][same])
        right.append(moves["person"].to_numpy()[1:][same])
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *left]), np.concatenate([none, *right])


def family_ties(persons: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of persons whom the registry knows as one family."""
    known = (
        persons["known_family"]
        .combine_chunks()
        .dictionary_encode()
        .indices.fill_null(-1)
        .to_numpy(zero_copy_only=False)
    )
    rows = np.flatnonzero(known >= 0)
    rows = rows[np.argsort(known[rows], kind="stable")]
    same = known[rows][1:] == known[rows][:-1] if len(rows) else np.zeros(0, dtype=bool)
    return rows[:-1][same], rows[1:][same]


def earlier_ties(residence: Residence, dwellings: Dwellings) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of persons of one home whom a source also puts together behind another, ordinary door."""
    known = residence.candidates[["person", "dwelling"]]
    home = residence.home[known["person"]]
    good = (known["dwelling"].to_numpy() != home) & (home >= 0)
    ordinary = (dwellings.place == 0) & ~dwellings.vague & ~(dwellings.has_siblings & ~dwellings.has_unit)
    good &= ordinary[known["dwelling"]]
    rows = known[good].assign(home=home[good]).sort_values(["home", "dwelling", "person"])
    same = (rows["home"].to_numpy()[1:] == rows["home"].to_numpy()[:-1]) & (
        rows["dwelling"].to_numpy()[1:] == rows["dwelling"].to_numpy()[:-1]
    )
    who = rows["person"].to_numpy()
    return who[:-1][same], who[1:][same]


def group(
    residence: Residence,
    dwellings: Dwellings,
    surnames: Surnames,
    about: Traits,
    paper: tuple[np.ndarray, np.ndarray],
    known: tuple[np.ndarray, np.ndarray],
    moved: tuple[np.ndarray, np.ndarray],
) -> Grouped:
    """A household number for each person; see the module's head."""
    people = len(residence.home)
    placed = np.flatnonzero(residence.home >= 0)
    room = residence.home * 2 + residence.left
    room[residence.home < 0] = -1
    order = placed[np.argsort(room[placed], kind="stable")]
    rooms = room[order]
    starts = np.flatnonzero(np.r_[True, rooms[1:] != rooms[:-1]]) if len(rooms) else np.zeros(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(rooms)])
    label = np.full(people, -1, dtype=np.int64)
    label[order] = np.repeat(starts, sizes)  # one household a room, until looked at more closely
    home = rooms[starts] // 2 if len(starts) else starts
    shared = (dwellings.place[home] > 0) | dwellings.vague[home] | (rooms[starts] % 2 == 1)
    crowded = shared | (sizes > EIGHT) | (dwellings.has_siblings[home] & ~dwellings.has_unit[home])
    door = np.where(shared, SHARED, np.where(crowded, UNNUMBERED, ORDINARY))
    look = _worth_a_look(order, starts, sizes, crowded, about, surnames)
    members = order[np.repeat(look, sizes)]
    members = members[_content_order(members, room, about, surnames)]
    one, other = (np.concatenate([paper[side], known[side], moved[side]]).astype(np.int64) for side in (0, 1))
    label[members] += _told_apart(members, sizes[look], door[look], (one, other), about, surnames)
    tied = _without_address(label, residence, paper, known)
    by_person = np.zeros(people, dtype=bool)
    by_person[order] = np.repeat(crowded, sizes)
    return Grouped(pd.factorize(label)[0].astype(np.int64), tied, by_person)


def _told_apart(
    members: np.ndarray,
    sizes: np.ndarray,
    door: np.ndarray,
    ties: tuple[np.ndarray, np.ndarray],
    about: Traits,
    surnames: Surnames,
) -> np.ndarray:
    """For each of `members`, who stand room by room, its family by `families`. `sizes` and `door` are of the rooms."""
    bounds = np.r_[0, np.cumsum(sizes)]
    places = np.arange(len(members)) - np.repeat(bounds[:-1], sizes)
    room, place = np.full((2, len(about.age)), -1, dtype=np.int64)
    room[members], place[members] = np.repeat(np.arange(len(sizes)), sizes), places
    one, other = ties
    together = (room[one] == room[other]) & (room[one] >= 0)
    together &= (about.role[one] != LODGER) | (about.role[other] != LODGER)  # two lodgers are two households
    tied: list[list[tuple[int, int]]] = [[] for _ in sizes]
    pairs = (column.tolist() for column in (room[one[together]], place[one[together]], place[other[together]]))
    for where, first, second in zip(*pairs, strict=True):
        tied[where].append((first, second))
    occupants = _occupants(members, places, about, surnames)
    found: list[int] = []
    for pair, kind, (start, end) in zip(tied, door.tolist(), itertools.pairwise(bounds.tolist()), strict=True):
        found += families(occupants[start:end], pair, door=kind)
    return np.array(found, dtype=np.int64)


def _content_order(members: np.ndarray, room: np.ndarray, about: Traits, surnames: Surnames) -> np.ndarray:
    """An order of people by room that does not depend on how persons are numbered, but for people who look alike."""
    names = pd.factorize(pd.Series(about.forename[members]).fillna(""), sort=True)[0]
    age = np.nan_to_num(about.age[members], nan=-1.0)
    return np.lexsort((surnames.main[members], names, -age, room[members]))


def _worth_a_look(
    order: np.ndarray, starts: np.ndarray, sizes: np.ndarray, crowded: np.ndarray, about: Traits, surnames: Surnames
) -> np.ndarray:
    """Doors that may hold more than one family: several surnames, and enough grown-ups for two families."""
    if not len(starts):
        return np.zeros(0, dtype=bool)
    main = surnames.main[order]
    several = np.maximum.reduceat(main, starts) != np.minimum.reduceat(main, starts)
    grown = np.add.reduceat((~about.child[order]).astype(np.int64), starts)
    heads = np.add.reduceat((about.role[order] == HEAD).astype(np.int64), starts)
    two_families = (grown > 2) | (heads > 1) | ((grown == 2) & (sizes >= 4))
    return (sizes > 1) & (crowded | (several & two_families) | (heads > 1))


def _occupants(members: np.ndarray, places: np.ndarray, about: Traits, surnames: Surnames) -> list[Occupant]:
    """These people as occupants of their doors, with the surname parts that may tie."""
    kept = ~surnames.neutral[surnames.part] if len(surnames.part) else np.zeros(0, dtype=bool)
    start, part = np.r_[0, np.cumsum(kept)][surnames.start], surnames.part[kept]
    first, last = start[members], start[members + 1]
    codes = part[ranges(first, last - first)]
    values, shares = [surnames.values[code] for code in codes.tolist()], surnames.share[codes].tolist()
    ends = np.cumsum(last - first)
    named = zip((ends - last + first).tolist(), ends.tolist(), strict=True)
    columns = [column[members].tolist() for column in (about.age, about.sex, about.child, about.role, about.forename)]
    return [
        Occupant(place, None if age != age else age, sex, child, role, tuple(values[a:b]), tuple(shares[a:b]), forename)
        for place, age, sex, child, role, forename, (a, b) in zip(places.tolist(), *columns, named, strict=True)
    ]


def _without_address(
    label: np.ndarray, residence: Residence, paper: tuple[np.ndarray, np.ndarray], known: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Give people without a home a household: that of the people they are tied to, if it is one, else their own."""
    tied = np.zeros(len(label), dtype=np.int8)
    homeless = residence.home < 0
    base = int(label.max(initial=-1)) + 1
    for kind, (one, other) in ((2, known), (1, paper)):
        for here, there in ((one, other), (other, one)):
            rows = homeless[here] & (label[here] < 0) & (label[there] >= 0)
            offers = pd.DataFrame({"person": here[rows], "label": label[there[rows]]}).drop_duplicates()
            offers = offers[~offers.duplicated("person", keep=False)]
            label[offers["person"]] = offers["label"]
            tied[offers["person"]] = kind
    rest = np.flatnonzero(label < 0)
    if len(rest):
        place = np.full(len(label), -1, dtype=np.int64)
        place[rest] = np.arange(len(rest))
        one, other = (np.concatenate([paper[side], known[side]]).astype(np.int64) for side in (0, 1))
        both = (place[one] >= 0) & (place[other] >= 0)
        graph = coo_matrix((np.ones(both.sum()), (place[one[both]], place[other[both]])), shape=(len(rest), len(rest)))
        component = connected_components(graph, directed=False)[1]
        label[rest] = base + component
        tied[rest[np.bincount(component)[component] > 1]] = 1
    return tied
