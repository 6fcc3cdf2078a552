"""Where each person lives at as_at: takes records with their persons and doors, gives one home (or none) per person, and why.

Every source votes for the door it names. A vote weighs the log odds that the source is right; how often it is wrong is
estimated from this month's data (how often it disagrees with what the others agree on), starting from the trust its
specification gives it. Old sightings weigh less, a door that a register says was left before as_at nothing, and
prisons, hospitals and care homes give way to any other door. Where votes are close, kin at the door decide. Last,
people known only from a stale source follow the family with which they lived. Refuses nothing; a person without any door gets -1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.households.coding import dense_ids, pack, ranges
from matcher.households.dwellings import CONFIDENCE, Dwellings
from matcher.households.following import follow
from matcher.households.reasons import code
from matcher.households.surnames import Surnames
from specs.tables import REGISTRY_DATASET

DEFAULT_TRUST = 50
REGISTRY_TRUST = 20  # a record of the programme's own registry is last month's news
PRIOR_CASES = 40.0  # how many cases the trust of a specification is worth against this month's counts
ROUNDS = 4
MOVES_A_YEAR = 0.07  # share of people who leave an address within a year: what age does to a sighting
OLDEST_YEARS = 4.0
UNDATED = np.iinfo(np.int64).min  # NaT as a number
SUPERSEDED = 0.12  # the same source later gave another door
BEFORE_ARRIVAL = 0.35  # seen there before a register says the person arrived elsewhere
LEFT = 0.02  # a register says the person left that door
VAGUE = 0.3
INSTITUTION = 0.3
NEVER_HOME = 0.01
KIN, CHILD_KIN, CHILD_ALONE = (
    1.2,
    0.8,
    -1.5,
)  # log odds that kin at a door add, more for a child, less where no adult lives


@dataclass(frozen=True)
class Residence:
    """By person: home (dwelling or -1), reason code, the record believed (-1 none), probability, and who has left a door."""

    home: np.ndarray
    reason: np.ndarray  # int8, see reasons.py
    record: np.ndarray
    probability: np.ndarray
    left: np.ndarray  # bool: the only doors known are doors the person has left
    candidates: pd.DataFrame  # person, dwelling, score, probability: sorted by person
    error: dict[str, float]  # by source: estimated share of wrong addresses (counts only, for warnings and tests)


def settle(
    records: pa.Table,
    person: np.ndarray,
    people: int,
    dwellings: Dwellings,
    surnames: Surnames,
    child: np.ndarray,
    age: np.ndarray,
    as_at: np.datetime64,
    trust: Mapping[str, int],
    wording: np.ndarray,
) -> Residence:
    """`person`: each record's person or -1; `child`: bool and `age`: years (NaN unknown) by person; `wording`: each record's
    `wording_rank`."""
    seen, source_names, source_trust = _sightings(records, person, dwellings, trust, as_at, wording)
    if seen.empty:
        return _nowhere(people)
    seen = _find_units(seen, dwellings, surnames)
    votes = _votes(seen, dwellings)
    error, candidates = _estimate(votes, source_trust, len(source_names))
    adult = ~child
    candidates = _with_kin(candidates, surnames, adult, people)
    home, left = _best(candidates, people)
    followed = follow(home, left, seen, candidates, surnames, age, adult, dwellings, people)
    return _explain(
        home, followed, left, seen, candidates, dwellings, people, dict(zip(source_names, error, strict=True))
    )


def _best(candidates: pd.DataFrame, people: int) -> tuple[np.ndarray, np.ndarray]:
    """The home of each person, of two doors that are as good the first; and who is known only at doors that were left."""
    score, person = candidates["score"].to_numpy(), candidates["person"].to_numpy()
    head, of_person = _runs(person)
    best = np.flatnonzero(score == np.maximum.reduceat(score, head)[of_person])[::-1]  # the first is written last
    home, left = np.full(people, -1, dtype=np.int64), np.zeros(people, dtype=bool)
    home[person[best]] = candidates["dwelling"].to_numpy()[best]
    left[person[best]] = candidates["only_left"].to_numpy()[best]
    return home, left


def _nowhere(people: int) -> Residence:
    empty = pd.DataFrame({"person": np.zeros(0, np.int64), "dwelling": np.zeros(0, np.int64)})
    empty["score"] = empty["probability"] = np.zeros(0)
    return Residence(
        np.full(people, -1, dtype=np.int64),
        np.full(people, code("no_address"), dtype=np.int8),
        np.full(people, -1, dtype=np.int64),
        np.ones(people, dtype=np.float32),
        np.zeros(people, dtype=bool),
        empty,
        {},
    )


def _days(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy().astype("datetime64[D]")


def _sightings(
    records: pa.Table,
    person: np.ndarray,
    dwellings: Dwellings,
    trust: Mapping[str, int],
    as_at: np.datetime64,
    wording: np.ndarray,
) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """One row a record that names a person and a door: person, dwelling, source, days, whether the source says "left"."""
    live = np.flatnonzero((person >= 0) & (dwellings.of_record >= 0))
    names = pc.binary_join_element_wise(records["dataset"], records["supplier"], ".").combine_chunks()
    encoded = names.take(pa.array(live)).dictionary_encode()
    listed = sorted(encoded.dictionary.to_pylist())
    place = {name: code for code, name in enumerate(listed)}
    source = np.array([place[name] for name in encoded.dictionary.to_pylist()], np.int64)[encoded.indices.to_numpy()]
    datasets = [name.partition(".")[0] for name in listed]
    given = np.array(
        [REGISTRY_TRUST if d == REGISTRY_DATASET else trust.get(d, DEFAULT_TRUST) for d in datasets], dtype=float
    )
    since, until, on = (_days(records[name])[live] for name in ("address_from", "address_to", "seen_on"))
    frame = pd.DataFrame(
        {
            "person": person[live],
            "dwelling": dwellings.of_record[live],
            "source": source,
            "record": records["record_id"].to_numpy()[live],
            "row": live,
            "wording": wording[live],
            "never_home": dwellings.never_home[live],
        }
    )
    frame["gone"] = (until < as_at) & ~np.isnat(until)
    frame["since"], frame["until"] = since, until
    current = ~np.isnat(since) & ~frame["gone"].to_numpy() & (since <= as_at)
    register = np.zeros(len(listed), dtype=bool)
    register[source[~np.isnat(since) | ~np.isnat(until)]] = True
    frame["open_ended"] = register[source] & ~frame["gone"].to_numpy()  # says nothing of when the person was seen
    frame["arrived"] = np.where(current, since, np.datetime64("NaT"))
    future = ~np.isnat(since) & (since > as_at)
    frame["gone"] |= future
    day = np.where(current, as_at, np.where(np.isnat(on), np.where(frame["gone"], until, on), on))
    frame["day"] = np.minimum(day.astype("datetime64[D]"), as_at)
    years = (as_at - frame["day"].to_numpy().astype("datetime64[D]")).astype("timedelta64[D]").astype(float) / 365.25
    frame["age"] = np.where(np.isnat(day.astype("datetime64[D]")), 0.0, np.clip(years, 0, OLDEST_YEARS))
    return frame, listed, given


def _find_units(seen: pd.DataFrame, dwellings: Dwellings, surnames: Surnames) -> pd.DataFrame:
    """A door without flat, where flats are known behind it: the person's own flat there, else the only kin's."""
    door = dwellings.door[seen["dwelling"]]
    open_door = (dwellings.has_siblings & ~dwellings.has_unit)[seen["dwelling"]]
    if not open_door.any():
        return seen
    units = pd.DataFrame({"person": seen["person"], "door": door, "dwelling": seen["dwelling"]})
    units = units[dwellings.has_unit[seen["dwelling"]]].drop_duplicates()
    own = units[~units.duplicated(["person", "door"], keep=False)]
    wanted = pd.DataFrame({"person": seen["person"].to_numpy()[open_door], "door": door[open_door]})
    found = wanted.merge(own, on=["person", "door"], how="left")["dwelling"].to_numpy()
    parts = pd.DataFrame({"person": surnames.person, "part": surnames.part})
    parts = parts[~surnames.neutral[parts["part"]] & (surnames.share[parts["part"]] < 0.01)] if len(parts) else parts
    kin = units.merge(parts, on="person")[["door", "part", "dwelling"]].drop_duplicates()
    kin = kin[~kin.duplicated(["door", "part"], keep=False)]
    asked = wanted.assign(place=np.arange(len(wanted))).merge(parts, on="person").merge(kin, on=["door", "part"])
    asked = asked[["place", "dwelling"]].drop_duplicates()
    asked = asked[~asked.duplicated("place", keep=False)]
    by_kin = np.full(len(wanted), np.nan)
    by_kin[asked["place"]] = asked["dwelling"]
    chosen = np.where(np.isnan(found), by_kin, found)
    rows = np.flatnonzero(open_door)[~np.isnan(chosen)]
    dwelling = seen["dwelling"].to_numpy().copy()
    dwelling[rows] = chosen[~np.isnan(chosen)].astype(np.int64)
    return seen.assign(dwelling=dwelling)


def _votes(seen: pd.DataFrame, dwellings: Dwellings) -> pd.DataFrame:
    """One row a person, door and source, in their order: how old, and how much less than whole the vote is."""
    person, dwelling, source = (seen[name].to_numpy() for name in ("person", "dwelling", "source"))
    vote, by_source = pack(person, dwelling, source), pack(person, source)
    rows = np.bincount(vote)
    head = np.empty(len(rows), dtype=np.int64)
    head[vote] = np.arange(len(vote))
    until, arrived, day = (_numbers(seen[name]) for name in ("until", "arrived", "day"))
    dated, gone = day != UNDATED, seen["gone"].to_numpy()
    factor = np.ones(len(seen))
    factor[dwellings.vague[dwelling]] *= VAGUE
    factor[dwellings.place[dwelling] == 3] *= INSTITUTION
    factor[seen["never_home"]] = NEVER_HOME
    # who left a door has left it for every source that does not say otherwise later
    at_door = np.cumsum(np.r_[True, (np.diff(person[head]) != 0) | (np.diff(dwelling[head]) != 0)])[vote]
    left_on = _latest(at_door, np.where(gone, until, UNDATED))
    said_left = gone | ((left_on != UNDATED) & ~(dated & (day > left_on)))
    factor[said_left] = LEFT
    # seen elsewhere before the register's arrival
    factor[dated & (day < _latest(person, arrived))] *= BEFORE_ARRIVAL
    # the same source gave another door later
    latest = _latest(by_source, day)
    factor[dated & (day < latest) & (_latest(vote, day) < latest)] *= SUPERSEDED
    age, most = np.full(len(rows), np.inf), np.zeros(len(rows))
    np.minimum.at(age, vote, seen["age"].to_numpy())
    np.maximum.at(most, vote, factor)
    # undated rows of one source that disagree share its vote
    whole = np.bincount(by_source[head], weights=rows)[by_source[head]]
    most *= np.where(most > SUPERSEDED, rows / whole, 1.0) ** 0.5
    left = np.bincount(vote, weights=~said_left) == 0
    return pd.DataFrame(
        {
            "person": person[head],
            "dwelling": dwelling[head],
            "source": source[head],
            "age": age,
            "factor": most,
            "left": left,
        }
    )


def _numbers(days: pd.Series) -> np.ndarray:
    """Days as whole numbers, UNDATED below all others."""
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)


def _latest(group: np.ndarray, day: np.ndarray) -> np.ndarray:
    """For each row the latest day of its group."""
    latest = np.full(int(group.max()) + 1, UNDATED)
    np.maximum.at(latest, group, day)
    return latest[group]


def _estimate(votes: pd.DataFrame, trust: np.ndarray, sources: int) -> tuple[np.ndarray, pd.DataFrame]:
    """The share of wrong addresses of each source, and each person's doors with score and probability."""
    prior = 0.17 - 0.0014 * trust
    error = prior.copy()
    person = votes["person"].to_numpy()
    fresh = (votes[["person", "dwelling"]].diff() != 0).any(axis=1).to_numpy()
    place, persons = np.cumsum(fresh) - 1, person[fresh]
    source, factor = votes["source"].to_numpy(), votes["factor"].to_numpy()
    recent = np.exp(-MOVES_A_YEAR * votes["age"].to_numpy())
    head, of_person = _runs(persons)
    first, of_vote = _runs(person)
    asked = (np.minimum.reduceat(source, first) != np.maximum.reduceat(source, first))[of_vote]
    asked &= factor > SUPERSEDED
    probability = np.ones(len(persons))
    for _ in range(ROUNDS):
        right = np.clip((1 - error[source]) * recent, 0.05, 0.995)
        vote = np.log(right / (1 - right)) * factor
        score = np.bincount(place, weights=np.maximum(vote, 0.02 * factor), minlength=len(persons))
        top = np.maximum.reduceat(score, head)
        odds = np.exp(score - top[of_person])
        probability = odds / np.add.reduceat(odds, head)[of_person]
        wrong = np.bincount(source[asked], weights=1 - probability[place[asked]], minlength=sources)
        cases = np.bincount(source[asked], minlength=sources)
        error = np.clip((wrong + prior * PRIOR_CASES) / (cases + PRIOR_CASES), 0.005, 0.4)
    left = np.bincount(place, weights=~votes["left"].to_numpy(), minlength=len(persons)) == 0
    candidates = pd.DataFrame({"person": persons, "dwelling": votes["dwelling"].to_numpy()[fresh], "score": score})
    candidates["only_left"] = left
    candidates["probability"] = probability
    candidates["sources"] = np.bincount(place, weights=factor > SUPERSEDED, minlength=len(persons)).astype(np.int64)
    return error, candidates


def _runs(sorted_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of one id starts, and the number of its run for each row."""
    fresh = np.r_[True, sorted_ids[1:] != sorted_ids[:-1]]
    return np.flatnonzero(fresh), np.cumsum(fresh) - 1


def _rated(candidates: pd.DataFrame) -> pd.DataFrame:
    score, persons = candidates["score"].to_numpy(), candidates["person"].to_numpy()
    head, of_person = _runs(persons)
    odds = np.exp(score - np.maximum.reduceat(score, head)[of_person])
    return candidates.assign(probability=odds / np.add.reduceat(odds, head)[of_person])


def _with_kin(candidates: pd.DataFrame, surnames: Surnames, adult: np.ndarray, people: int) -> pd.DataFrame:
    """Kin who are at a door for sure draw those of their name whose votes are close; a child is not left alone."""
    base = candidates["score"].to_numpy()
    persons, homes = candidates["person"].to_numpy(), candidates["dwelling"].to_numpy()
    several = np.bincount(persons, minlength=people)[persons] > 1
    if not several.any():
        return candidates
    asked = np.flatnonzero(several)
    per_row = surnames.start[persons + 1] - surnames.start[persons]
    rows = np.repeat(np.arange(len(candidates)), per_row)
    parts = surnames.part[ranges(surnames.start[persons], per_row)]
    keep = ~surnames.neutral[parts] if len(parts) else np.zeros(0, dtype=bool)
    rows, parts = rows[keep], parts[keep]
    key = homes[rows] * (len(surnames.values) + 1) + parts
    group = dense_ids(key)
    grown = adult[persons]
    for _ in range(2):
        weight = candidates["probability"].to_numpy()
        own = weight[rows]
        total = np.bincount(group, weights=own)[group] - own if len(rows) else own
        elders = np.bincount(group, weights=own * grown[rows])[group] - own * grown[rows] if len(rows) else own
        kin, kin_adults = np.zeros(len(candidates)), np.zeros(len(candidates))
        np.maximum.at(kin, rows, total)
        np.maximum.at(kin_adults, rows, elders)
        adults = np.bincount(homes, weights=weight * grown)[homes] - weight * grown
        bonus = KIN * np.minimum(kin, 1) + KIN * 0.25 * np.clip(kin - 1, 0, 2)
        bonus += np.where(~grown, CHILD_KIN * np.minimum(kin_adults, 1) + CHILD_ALONE * (adults < 0.3), 0.0)
        score = base.copy()
        score[asked] += bonus[asked]
        candidates = _rated(candidates.assign(score=score))
    return candidates


def _explain(
    home: np.ndarray,
    followed: np.ndarray,
    left: np.ndarray,
    seen: pd.DataFrame,
    candidates: pd.DataFrame,
    dwellings: Dwellings,
    people: int,
    error: dict[str, float],
) -> Residence:
    """Reason, believed record and probability of each home."""
    reason = np.full(people, code("no_address"), dtype=np.int8)
    record = np.full(people, -1, dtype=np.int64)
    probability = np.ones(people, dtype=np.float32)
    doors_known = np.bincount(candidates["person"], minlength=people)
    here = candidates[candidates["dwelling"].to_numpy() == home[candidates["person"].to_numpy()]]
    who = here["person"].to_numpy()
    sources = here["sources"].to_numpy()
    given = here["probability"].to_numpy()
    alone = doors_known[who] == 1
    choice = np.where(alone & (sources > 1), code("all_agree"), code("only_address"))
    choice = np.where(~alone, np.where(sources > 1, code("most_agree"), code("most_trusted")), choice)
    choice = np.where(~alone & (given < 0.7), code("uncertain"), choice)
    choice = np.where(dwellings.vague[here["dwelling"]], code("street_only"), choice)
    choice = np.where(dwellings.place[here["dwelling"]] == 3, code("institution"), choice)
    reason[who] = choice
    probability[who] = given
    reason[left & (home >= 0)] = code("left")
    reason[followed] = code("follows_family")
    probability[followed] = 0.7
    rows = np.flatnonzero(seen["dwelling"].to_numpy() == home[seen["person"].to_numpy()])
    who, number, wording, age, gone, row = (
        seen[name].to_numpy()[rows] for name in ("person", "record", "wording", "age", "gone", "row")
    )
    sure = CONFIDENCE[dwellings.how[row]]
    best = np.arange(len(rows))
    # Fewer are left each time, and the last tells all apart.
    for key in (gone.astype(np.int64), -sure, age, wording, number):
        least = np.full(people, key.max(initial=0))
        np.minimum.at(least, who[best], key[best])
        best = best[key[best] == least[who[best]]]
    record[who[best]] = number[best]
    probability[who[best]] *= sure[best]
    return Residence(home, reason, record, probability, left, candidates, error)
