"""Who moved on with the family: takes homes and what was seen where, moves people whom only a stale source still shows behind.

Refuses nothing. Changes `home` and `left` in place and gives who was moved, so that the reason can say so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from matcher.households.dwellings import Dwellings
from matcher.households.surnames import Surnames

SURE = 0.6  # how likely a home must be before others follow there
PEER, PARENT = 14, 15  # years: a grown-up follows nobody so much younger, a child nobody who is not so much older


def follow(
    home: np.ndarray,
    left: np.ndarray,
    seen: pd.DataFrame,
    candidates: pd.DataFrame,
    surnames: Surnames,
    age: np.ndarray,
    adult: np.ndarray,
    dwellings: Dwellings,
    people: int,
) -> np.ndarray:
    """Move on people who are known only at a door that their family has left for one other. Changes `home`; gives who moved.

    Who left a door on the day that somebody else did, and is known nowhere else, is where that other now lives. Who is known by
    one source at a door that kin (a surname part) have left follows them: if a register dates the move, unless seen there after
    it; else a child follows an adult where no other adult stays, and a grown-up two kin. A family that stays is never outvoted;
    nobody follows kin into a shared house, no parent a grown child, no child anybody too young to be its parent.
    """
    moved = _with_leavers(home, left, seen, candidates, dwellings, people)
    at_home = candidates["dwelling"].to_numpy() == home[candidates["person"].to_numpy()]
    sure = candidates[at_home & (candidates["probability"] > SURE)]["person"]
    old = candidates[~at_home & ~dwellings.vague[candidates["dwelling"]] & candidates["person"].isin(sure)]
    if old.empty or not len(surnames.part):
        return moved
    parts = pd.DataFrame({"person": surnames.person, "part": surnames.part})
    parts = parts[~surnames.neutral[parts["part"]]]
    by = ["person", "dwelling"]
    dated = seen[seen["gone"]].groupby(by, as_index=False)["until"].max()
    movers = old[by].merge(dated, on=by, how="left").merge(parts, on="person")
    movers["to"] = home[movers["person"]]
    movers["grown"] = adult[movers["person"]]
    gone = movers.groupby(["dwelling", "part"], as_index=False).agg(
        to=("to", "min"),
        last=("to", "max"),
        movers=("person", "nunique"),
        elders=("grown", "sum"),
        day=("until", "max"),
    )
    gone = gone[(gone["to"] == gone["last"]) & (dwellings.place[gone["to"]] == 0)]
    asked = np.zeros(len(dwellings.place) + 1, dtype=bool)  # nobody's home reads the last place
    asked[gone["to"]] = True
    there = parts[asked[home[parts["person"]]]]
    there = there.assign(to=home[there["person"]]).groupby(["to", "part"], as_index=False)["person"].nunique()
    gone = gone.merge(there.rename(columns={"person": "kin_there"}), on=["to", "part"], how="left")
    stay = candidates[at_home & candidates["dwelling"].isin(gone["dwelling"])][[*by, "sources"]]
    stay = stay[~left[stay["person"]]]
    stays = np.zeros(people, dtype=bool)
    stays[stay["person"]] = True
    stay = stay.merge(parts[stays[parts["person"]]], on="person").merge(gone, on=["dwelling", "part"])
    if stay.empty:
        return moved
    last_seen = (
        seen[~seen["gone"] & ~seen["open_ended"] & stays[seen["person"]]].groupby(by, as_index=False)["day"].max()
    )
    stay = stay.merge(last_seen.rename(columns={"day": "last_seen"}), on=by, how="left")
    stay["grown"] = adult[stay["person"]]
    group = ["dwelling", "part"]
    stay["kin_left"] = stay.groupby(group, sort=False)["person"].transform("nunique")
    stay["strongest"] = stay.groupby(group, sort=False)["sources"].transform("max")
    stay["elder_stays"] = stay.groupby(group, sort=False)["grown"].transform("sum") - stay["grown"]
    stay["seen_after"] = (
        (stay["last_seen"] > stay["day"]).groupby([stay[name] for name in group], sort=False).transform("any")
    )
    led = stay[[*by, "part"]].merge(movers[[*group, "person"]], on=group, suffixes=("", "_leader"))
    gap = age[led["person_leader"]] - age[led["person"]]
    leads = np.where(adult[led["person"]], np.isnan(gap) | (gap >= -PEER), np.isnan(gap) | (gap >= PARENT))
    led = led[leads & adult[led["person_leader"]]]
    leaders = pd.MultiIndex.from_frame(led[[*by, "part"]].drop_duplicates())
    weak = (stay["sources"] <= 1) & (stay["strongest"] <= 1)
    told = stay["day"].notna() & ~stay["seen_after"] & (stay["kin_left"] <= stay["kin_there"])
    child = ~stay["grown"] & (stay["elders"] >= 1) & (stay["elder_stays"] == 0)
    grown = stay["grown"] & (stay["movers"] >= 2)
    untold = stay["day"].isna() & (stay["kin_left"] <= stay["movers"]) & (child | grown)
    chosen = stay[weak & (told | untold) & pd.MultiIndex.from_frame(stay[[*by, "part"]]).isin(leaders)]
    offers = chosen[["person", "to"]].drop_duplicates()
    chosen = offers[~offers.duplicated("person", keep=False)]
    home[chosen["person"]] = chosen["to"]
    moved[chosen["person"]] = True
    return moved


def _with_leavers(
    home: np.ndarray, left: np.ndarray, seen: pd.DataFrame, candidates: pd.DataFrame, dwellings: Dwellings, people: int
) -> np.ndarray:
    """People who have left every door they are known at: to the one door where those live who left with them on the day."""
    moved = np.zeros(people, dtype=bool)
    exits = seen[seen["gone"]][["person", "dwelling", "until"]].drop_duplicates()
    exits = exits[dwellings.place[exits["dwelling"]] == 0]
    lost = exits[left[exits["person"]] & (home[exits["person"]] == exits["dwelling"])]
    if lost.empty:
        return moved
    settled = exits[~left[exits["person"]]].assign(to=home[exits.loc[~left[exits["person"]], "person"]])
    offers = lost.merge(settled[["dwelling", "until", "to"]].drop_duplicates(), on=["dwelling", "until"])
    offers = offers[offers["to"] != offers["dwelling"]][["person", "to"]].drop_duplicates()
    offers = offers[~offers.duplicated("person", keep=False)]
    home[offers["person"]] = offers["to"]
    left[offers["person"]] = False
    moved[offers["person"]] = True
    return moved
