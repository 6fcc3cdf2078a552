"""Which family a household is: the ids that continue from month to month. A pure function on tables.

Takes this month's persons, households and decisions and what the registry knows; gives families, people, who left, which
families merged, and the events of the history. The rules:

- a household that holds known members keeps their family's id;
- a family whose members now live in several households: the id stays with the part that holds most known members (on a
  tie the part with more children, then the one with the longest-standing member). Another part that qualifies is a new
  family, `split_from` the old one; from a part that does not qualify its members have left;
- several known families in one household: all become the one identified first, `merged_into` it;
- a family keeps its id when it moves between areas (`moved_area`), and stays when it no longer meets the criteria
  (`not_met`) until it is reviewed or closed;
- a person who could not be placed this month stays where the registry has him.

Refuses nothing: what it is given has passed the seam checks.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.registry.ids import NewId, new_id

MEMBER_ERASED = "member_erased"
EVENTS = {
    "identified": "Met the criteria for the first time.",
    "confirmed": "Met the criteria again.",
    "not_met": "Did not meet the criteria in this batch; stays until reviewed or closed.",
    "panel_approved": "A panel approved the family by local discretion. detail: reason; role.",
    "member_joined": "A person joined the household. other_family: the family he or she came from.",
    "member_left": "A person left the household. other_family: the family he or she went to.",
    "person_merged": "Two known persons proved to be one. detail: the id that is kept.",
    "moved_area": "Moved. detail: from area > to area.",
    "split_from": "Became a family of its own. other_family: the family it came from.",
    "merged_into": "Became part of other_family; closed.",
    "absorbed": "Took in other_family.",
    MEMBER_ERASED: "A person was erased, who is not named. batch: the last that found the family.",
}

CHILD_UNTIL = 18  # years; who counts as a child when a family's parts are compared


@dataclass(frozen=True)
class Known:
    """What the registry knows: open families (family_id, area, identified_on) and current members (family_id, person_id,
    joined_on; ids of the registry)."""

    families: pa.Table
    members: pa.Table

    @classmethod
    def nothing(cls) -> Known:
        text, date = pa.string(), pa.date32()
        return cls(
            pa.schema([("family_id", text), ("area", text), ("identified_on", date)]).empty_table(),
            pa.schema([("family_id", text), ("person_id", text), ("joined_on", date)]).empty_table(),
        )


@dataclass(frozen=True)
class FamilyNow:
    """A family as this month found it."""

    family_id: str
    household_id: int
    area: str
    continues: bool  # the registry knew it
    meets: bool
    route: str | None  # null where it does not meet the criteria this month
    criteria: tuple[str, ...]
    concerns: tuple[str, ...]


@dataclass(frozen=True)
class PersonNow:
    """A member of a family. `person` is the run's person, `person_id` the registry's."""

    person: int
    person_id: str
    family_id: str
    known: bool
    joined: bool


@dataclass(frozen=True)
class Event:
    """One line of a family's history; `event` is a name of EVENTS."""

    family_id: str
    event: str
    person_id: str | None = None
    other_family: str | None = None
    detail: str | None = None


@dataclass
class Assigned:
    """What continuity found. `left` holds (family, person) whose membership ends, `merged` family -> family, `followers`
    (family, person) who join unseen because their family merged."""

    families: list[FamilyNow] = field(default_factory=list)
    people: list[PersonNow] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    followers: list[tuple[str, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def households(self) -> np.ndarray:
        """Household ids (int64) of all families here."""
        return np.array([f.household_id for f in self.families], dtype=np.int64)


def known_links(records: pa.Table, members: pa.Table) -> pa.Table:
    """Which known persons each of the run's persons holds: person_id, known_person (pairs, each once)."""
    by_record = dict(zip(members["record_id"].to_pylist(), members["person_id"].to_pylist(), strict=True))
    named = records["known_person"].is_valid().to_numpy(zero_copy_only=False)
    known = records.filter(pa.array(named)).select(["record_id", "known_person"]).to_pylist()
    pairs = sorted(
        {(by_record[row["record_id"]], row["known_person"]) for row in known if row["record_id"] in by_record}
    )
    return pa.table(
        {
            "person_id": pa.array([p for p, _ in pairs], pa.int64()),
            "known_person": pa.array([k for _, k in pairs], pa.string()),
        }
    )


def assign(
    persons: pa.Table,
    household_members: pa.Table,
    households: pa.Table,
    decisions: pa.Table,
    known: Known,
    *,
    as_at: dt.date,
    links: pa.Table | None = None,
    make_id: NewId = new_id,
) -> Assigned:
    """Continue, split, merge and begin families. `links` (from `known_links`) tells of persons that hold several known ones."""
    return _Assignment(persons, household_members, households, decisions, known, as_at, links, make_id).run()


class _Assignment:
    def __init__(
        self,
        persons: pa.Table,
        household_members: pa.Table,
        households: pa.Table,
        decisions: pa.Table,
        known: Known,
        as_at: dt.date,
        links: pa.Table | None,
        make_id: NewId,
    ) -> None:
        self.out, self.make_id = Assigned(), make_id
        self.home: dict[int, int] = dict(
            zip(household_members["person_id"].to_pylist(), household_members["household_id"].to_pylist(), strict=True)
        )
        self.area: dict[int, str] = dict(
            zip(households["household_id"].to_pylist(), households["area"].to_pylist(), strict=True)
        )
        meets = decisions.filter(pc.not_equal(decisions["route"], "no"))
        self.decision = {row["household_id"]: row for row in meets.to_pylist()}
        self.known_area = dict(
            zip(known.families["family_id"].to_pylist(), known.families["area"].to_pylist(), strict=True)
        )
        found_on = zip(
            known.families["family_id"].to_pylist(), known.families["identified_on"].to_pylist(), strict=True
        )
        self.age_of_family = {family: (on, family) for family, on in found_on}
        members = sorted(known.members.to_pylist(), key=lambda row: (row["joined_on"], row["person_id"]))
        self.family_of = {row["person_id"]: row["family_id"] for row in members}
        self.standing = {row["person_id"]: place for place, row in enumerate(members)}
        self._who_is_known(persons, links)
        child_born_after = _years_before(as_at, CHILD_UNTIL)
        born = dict(zip(persons["person_id"].to_pylist(), persons["dob"].to_pylist(), strict=True))
        self.children = {person for person in self.home if (b := born.get(person)) is not None and b > child_born_after}

    def _who_is_known(self, persons: pa.Table, links: pa.Table | None) -> None:
        """For each of the run's persons the registry's ids, the one to keep first; each registry id for one person only."""
        named = (
            persons.filter(persons["known_person"].is_valid())
            .select(["person_id", "known_person", "records"])
            .to_pylist()
        )
        first = {row["person_id"]: row["known_person"] for row in named}
        size = dict(zip(persons["person_id"].to_pylist(), persons["records"].to_pylist(), strict=True))
        pairs = set(first.items())
        if links is not None:
            pairs |= set(zip(links["person_id"].to_pylist(), links["known_person"].to_pylist(), strict=True))
        holder: dict[str, int] = {}
        for person, known in sorted(
            pairs, key=lambda pair: (first.get(pair[0]) != pair[1], -size[pair[0]], pair[0], pair[1])
        ):
            holder.setdefault(known, person)
        held: dict[int, list[str]] = defaultdict(list)
        for known, person in holder.items():
            held[person].append(known)
        last = len(self.standing)
        self.known_ids = {
            person: sorted(ids, key=lambda k: (self.standing.get(k, last), k != first.get(person), k))
            for person, ids in held.items()
        }

    def run(self) -> Assigned:
        parts: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for person, ids in self.known_ids.items():
            home = self.home.get(person)
            for known in ids:
                if home is not None and known in self.family_of:
                    parts[self.family_of[known]][home].add(person)
        main = {
            family: max(by_home, key=lambda h: self._claim(by_home[h], family, h)) for family, by_home in parts.items()
        }
        claims: dict[int, list[str]] = defaultdict(list)
        for family in sorted(main, key=lambda f: self.age_of_family[f]):
            claims[main[family]].append(family)
        for families in claims.values():
            for absorbed in families[1:]:
                self.out.merged[absorbed] = families[0]
        inhabitants: dict[int, list[int]] = defaultdict(list)
        wanted = set(claims) | set(self.decision)
        for person, home in self.home.items():
            if home in wanted:
                inhabitants[home].append(person)
        now: dict[str, str] = {}  # registry person -> family after this month
        for home in sorted(wanted):
            self._family(home, claims.get(home), sorted(inhabitants[home]), now)
        self._leavers(now)
        self.out.left.sort()
        return self.out

    def _claim(self, part: set[int], family: str, home: int) -> tuple[int, int, int, int]:
        oldest = min(
            self.standing[known] for p in part for known in self.known_ids[p] if self.family_of.get(known) == family
        )
        return len(part), len(part & self.children), -oldest, -home

    def _family(self, home: int, claimed_by: list[str] | None, people: list[int], now: dict[str, str]) -> None:
        decision, area = self.decision.get(home), self.area[home]
        family = claimed_by[0] if claimed_by else self.make_id("F")
        event = self._event
        came_from: Counter[str] = Counter()
        joined: list[tuple[str, str | None]] = []
        for person in people:
            ids = self.known_ids.get(person, [])
            person_id = ids[0] if ids else self.make_id("P")
            before = self.family_of.get(person_id)
            now[person_id] = family
            for superseded in ids[1:]:
                if superseded in self.family_of:
                    now[superseded] = ""
                    self.out.left.append((self.family_of[superseded], superseded))
                    event(self.family_of[superseded], "person_merged", superseded, detail=person_id)
            self.out.people.append(PersonNow(person, person_id, family, bool(ids), before != family))
            if before != family:
                joined.append((person_id, before))
                if before is not None:
                    came_from[before] += 1
        if not claimed_by:
            event(family, "identified")
            if came_from:
                source = min(came_from, key=lambda f: (-came_from[f], self.age_of_family[f]))
                event(family, "split_from", other=source)
        else:
            event(family, "confirmed" if decision else "not_met")
            if self.known_area[family] != area:
                event(family, "moved_area", detail=f"{self.known_area[family]} > {area}")
            for absorbed in claimed_by[1:]:
                event(absorbed, "merged_into", other=family)
                event(family, "absorbed", other=absorbed)
        for person_id, before in joined:
            if claimed_by or before is not None:
                event(family, "member_joined", person_id, other=before)
        self.out.families.append(
            FamilyNow(
                family,
                home,
                area,
                bool(claimed_by),
                decision is not None,
                decision["route"] if decision else None,
                tuple(decision["criteria"]) if decision else (),
                tuple(decision["concerns"]) if decision else (),
            )
        )

    def _leavers(self, now: dict[str, str]) -> None:
        """Known members who live elsewhere now, or whose family is merged away."""
        for person, ids in sorted(self.known_ids.items()):
            home = self.home.get(person)
            for known in ids:
                before = self.family_of.get(known)
                if before is None or home is None or (known in now and now[known] in ("", before)):
                    continue
                self.out.left.append((before, known))
                self._event(before, "member_left", known, other=now.get(known))
        placed = {known for person, ids in self.known_ids.items() if person in self.home for known in ids}
        for known, family in sorted(self.family_of.items()):
            if family in self.out.merged and known not in placed:  # not placed this month: goes where the family goes
                self.out.left.append((family, known))
                self._event(family, "member_left", known, other=self.out.merged[family])
                self.out.followers.append((self.out.merged[family], known))
                self._event(self.out.merged[family], "member_joined", known, other=family)

    def _event(
        self, family: str, event: str, person: str | None = None, other: str | None = None, detail: str | None = None
    ) -> None:
        self.out.events.append(Event(family, event, person, other, detail))


def _years_before(day: dt.date, years: int) -> dt.date:
    """Who was born after that day is under that age at `day`; born on 29 February counts from 1 March."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
