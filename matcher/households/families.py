"""Who behind one door is one family: takes the people of one door (ages, sexes, surnames, roles, ties), gives a group each.

Blood and paper first: a shared surname part, a shared case or joint tenancy, an earlier door in common make a nucleus.
Then nuclei are joined where they look like one family: children without an adult join adults of an age to be their
parents; a lone adult joins a lone parent; grandparents join their children's family. At an ordinary door whatever is
left is one household unless there are two families each complete in itself. At an unnumbered door (flats
without numbers, more than EIGHT people) and in a shared place (hostel, house in multiple occupation) adults without a tie live alone. Two people whom a
register calls tenant are two households. Work is bounded: pairs of nuclei are looked at only up to MANY nuclei, and where MOST
people meet, ages and roles tell nothing any more: there only paper and uncommon surnames tie.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import NamedTuple

from rapidfuzz.distance import OSA

EIGHT = 8  # more people than this behind one ordinary door are not taken for one family without ties
MANY = 40  # above so many nuclei behind one door only children are still joined to adults
MOST = 1_000  # more people than this of one name, or nuclei behind one door: an office or a default value, no families
CHANCE = 0.25  # a surname of which so many strangers are expected behind a door ties nobody there by itself
PARENT_GAP = (15, 50)
PARTNER_GAP = 16
GRANDPARENT_GAP = (17, 45)
ORDINARY, UNNUMBERED, SHARED = range(3)
HEAD, PARTNER, CHILD, ELDER, LODGER = 1, 2, 3, 4, 5

_ROLES = (
    (LODGER, ("LODGER", "BOARDER", "FLATMATE", "HOUSEMATE", "SUBTENANT", "SUB TENANT", "FRIEND")),
    (PARTNER, ("PARTNER", "WIFE", "HUSBAND", "SPOUSE", "GIRLFRIEND", "BOYFRIEND", "COHABIT", "FIANCE", "JOINT", "CO TENANT")),
    (ELDER, ("GRANDM", "GRANDF", "GRANDP", "NAN", "GRAN", "MOTHER", "FATHER", "PARENT", "MUM", "DAD", "STEPM", "STEPF")),
    (CHILD, ("SON", "DAUGHTER", "CHILD", "BABY", "STEP", "GRANDSON", "GRANDDAUGHTER", "GRANDCHILD", "NEPHEW", "NIECE", "DEPENDANT")),
    (HEAD, ("TENANT", "HEAD", "OWNER", "OCCUPIER", "HOUSEHOLDER", "LEASEHOLDER", "LICENSEE", "APPLICANT", "SELF", "MAIN")),
)  # fmt: skip


def role_of(text: str) -> int:
    """The role that a register's free text names: 0 where it names none we know."""
    tidy = text.upper().replace("-", " ").strip()
    words = tidy.split()
    if any(word.startswith(("GRANDS", "GRANDD", "GRANDC")) for word in words):
        return CHILD
    for role, names in _ROLES:
        if any(name in tidy if " " in name else any(word.startswith(name) for word in words) for name in names):
            return role
    return 0


class Occupant(NamedTuple):
    """One person behind the door. `age` None where unknown; `parts`: surname parts, without those that tie nobody."""

    place: int  # position among the door's people
    age: float | None
    sex: str | None
    child: bool
    role: int
    parts: tuple[str, ...]
    shares: tuple[float, ...]  # how common each part is this month
    forename: str | None


class _Sets:
    """Disjoint sets over 0..n-1; the smallest member names its set."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, item: int) -> int:
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        one, other = self.find(one), self.find(other)
        self.parent[max(one, other)] = min(one, other)


class _Nucleus:
    """People tied by surname or paper, with what decides whether two nuclei are one family."""

    __slots__ = ("adults", "children", "family", "heads", "members", "unknown")

    def __init__(self, members: list[Occupant]) -> None:
        self.members = members
        self.children: list[Occupant] = []
        self.adults: list[Occupant] = []
        self.unknown: list[Occupant] = []
        for person in members:
            kind = self.children if person.child else self.unknown if person.age is None else self.adults
            kind.append(person)
        self.heads = sum([person.role == HEAD for person in members])
        # complete in itself: an adult with a child of an age to be theirs, or two adults who may be a couple
        self.family = self.couple or any(
            _may_be_parent(adult, child) for adult in (*self.adults, *self.unknown) for child in self.children
        )

    @property
    def grown(self) -> int:
        return len(self.adults) + len(self.unknown)

    @property
    def couple(self) -> bool:
        if len(self.adults) < 2:
            return False
        by_age = sorted(self.adults, key=lambda person: person.age or 0.0)
        return any(  # of two sexes within the gap, some two that stand beside each other are too
            (other.age or 0.0) - (one.age or 0.0) <= PARTNER_GAP and one.sex != other.sex
            for one, other in itertools.pairwise(by_age)
        )

    def unpaired(self) -> list[Occupant]:
        """Adults without somebody of the other sex and their generation in the nucleus."""
        return [
            one
            for one in self.adults
            if not any(
                one is not other and abs(one.age - other.age) <= PARTNER_GAP and one.sex != other.sex  # type: ignore[operator]
                for other in self.adults
            )
        ]


def families(people: list[Occupant], ties: list[tuple[int, int]], *, door: int) -> list[int]:
    """A group number for each of `people` (equal = one household).

    `ties`: positions tied by paper or an earlier door. `door`: ORDINARY, UNNUMBERED or SHARED.
    """
    sets = _Sets(len(people))
    for one, other in ties:
        sets.join(one, other)
    if door == ORDINARY and len(people) > EIGHT:
        door = UNNUMBERED
    _tie_surnames(people, sets, door > ORDINARY, _on_their_own(people))
    if any(map(sets.find, range(len(people)))):
        _join_nuclei(people, sets, door)
    return [sets.find(place) for place in range(len(people))]


def _on_their_own(people: list[Occupant]) -> set[int]:
    """Grown children whom a register calls tenant or owner beside a parent who is one too: households of their own."""
    heads = [person for person in people if person.role == HEAD and person.age is not None]
    found: set[int] = set()
    for young in heads if len(people) <= MOST else ():
        if any(other.child and _may_be_parent(young, other) for other in people):
            continue
        if any(set(old.parts) & set(young.parts) and _may_be_parent(old, young) for old in heads):
            found.add(young.place)
    return found


def _tie_surnames(people: list[Occupant], sets: _Sets, crowded: bool, apart: set[int]) -> None:
    holders: dict[str, list[Occupant]] = defaultdict(list)
    share: dict[str, float] = {}
    for person in people:
        if person.place in apart:
            continue
        for part, common in zip(person.parts, person.shares, strict=True):
            holders[part].append(person)
            share[part] = common
    for part in sorted(holders):
        bearers = holders[part]
        if crowded and share[part] * (len(people) - 1) > CHANCE:
            _tie_by_age(bearers, sets)
            continue
        for person in bearers[1:]:
            if not (crowded and LODGER in (person.role, bearers[0].role)):
                sets.join(bearers[0].place, person.place)
    if 1 < len(holders) <= MANY:
        names = sorted(holders)
        for number, one in enumerate(names):
            for other in names[number + 1 :]:
                if min(len(one), len(other)) > 3 and OSA.distance(one, other, score_cutoff=1) <= 1:
                    sets.join(holders[one][0].place, holders[other][0].place)
    for person in people:  # forename and surname swapped in the only record
        if (
            person.forename in holders
            and person.place not in apart
            and not any(len(holders[part]) > 1 for part in person.parts)
        ):
            sets.join(holders[person.forename][0].place, person.place)


def _tie_by_age(bearers: list[Occupant], sets: _Sets) -> None:
    """A surname too common for the door: children join the bearer whose age fits a parent best, a partner the one tenant.

    The other adults stay apart; so does everybody where MOST people have it.
    """
    if len(bearers) > MOST:
        return
    grown = [person for person in bearers if not person.child]
    heads = [person for person in grown if person.role == HEAD]
    for person in grown:
        if person.role == PARTNER and len(heads) == 1:
            sets.join(heads[0].place, person.place)
    for child in bearers:
        if child.child:
            fits = [person for person in grown if _may_be_parent(person, child)]
            if fits:
                best = min(fits, key=lambda person: (abs((person.age or 99) - (child.age or 8) - 28), person.place))
                sets.join(best.place, child.place)
    orphans = [person for person in bearers if person.child and not grown]
    for person in orphans[1:]:
        sets.join(orphans[0].place, person.place)


def _may_be_parent(adult: Occupant, child: Occupant) -> bool:
    if adult.age is None or child.age is None:
        return True
    return PARENT_GAP[0] <= adult.age - child.age <= PARENT_GAP[1]


def _nuclei(people: list[Occupant], sets: _Sets) -> list[_Nucleus]:
    groups: dict[int, list[Occupant]] = defaultdict(list)
    for person in people:
        groups[sets.find(person.place)].append(person)
    return [_Nucleus(members) for _, members in sorted(groups.items())]


def _join_nuclei(people: list[Occupant], sets: _Sets, door: int) -> None:
    nuclei = _nuclei(people, sets)
    if len(nuclei) == 1 or len(nuclei) > MOST:
        return
    if len(nuclei) <= MANY and _join_families(nuclei, sets, door):
        nuclei = _nuclei(people, sets)
    if door > ORDINARY and len(nuclei) <= MANY and _join_by_role(nuclei, sets):
        nuclei = _nuclei(people, sets)
    anchors = [nucleus for nucleus in nuclei if nucleus.heads or nucleus.family]
    loose = [nucleus for nucleus in nuclei if not (nucleus.heads or nucleus.family)]
    if door == ORDINARY and len(anchors) <= 1:
        if anchors or len(loose) <= 3 or any(nucleus.grown == 0 for nucleus in loose):
            if not anchors and _sharers(loose):
                return
            for nucleus in nuclei[1:]:
                sets.join(nuclei[0].members[0].place, nucleus.members[0].place)
        return
    few = len(nuclei) <= MANY
    for nucleus in loose:
        home = _best_home(nucleus, anchors, loose, few=few, door=door)
        if home is not None:
            sets.join(nucleus.members[0].place, home.members[0].place)


def _sharers(loose: list[_Nucleus]) -> bool:
    """Three or more single adults of one generation with different surnames and no child: a shared house."""
    singles = [nucleus for nucleus in loose if nucleus.grown == 1 and len(nucleus.members) == 1 and nucleus.adults]
    if len(singles) < 3 or len(singles) < len(loose):
        return False
    ages = sorted(nucleus.adults[0].age or 0 for nucleus in singles)
    return ages[-1] - ages[0] < 30 or len(singles) > 3


def _join_families(nuclei: list[_Nucleus], sets: _Sets, door: int) -> bool:
    """Join complete nuclei that are one family all the same: a step-family, or grandparents with their children's family."""
    complete = [nucleus for nucleus in nuclei if nucleus.family]
    joined = False
    for number, one in enumerate(complete):
        for other in complete[number + 1 :]:
            if one.heads and other.heads:
                continue
            if (
                _step_family(one, other, door)
                or _generations(one, other, door)
                or _generations(other, one, door)
                or (door == ORDINARY and (_grown_children(one, other) or _grown_children(other, one)))
            ):
                sets.join(one.members[0].place, other.members[0].place)
                joined = True
    return joined


def _join_by_role(nuclei: list[_Nucleus], sets: _Sets) -> bool:
    """A nucleus whose register roles tell of a tenant, but holds none, joins the one tenant's nucleus that fits them all."""
    headed = [nucleus for nucleus in nuclei if nucleus.heads]
    joined = False
    for nucleus in nuclei:
        if nucleus.heads or not any(person.role in (PARTNER, CHILD, ELDER) for person in nucleus.members):
            continue
        fits = [other for other in headed if all(_fits(person, other) for person in nucleus.members)]
        if len(fits) == 1:
            sets.join(fits[0].members[0].place, nucleus.members[0].place)
            joined = True
    return joined


def _fits(person: Occupant, nucleus: _Nucleus) -> bool:
    """Whether the nucleus holds a tenant of whom `person` may be what the register says."""
    heads = [head for head in nucleus.members if head.role == HEAD]
    if person.role == LODGER:
        return False
    if person.role == ELDER:
        return any(_may_be_parent(person, head) for head in heads)
    if person.role == CHILD or person.child:
        return any(_may_be_parent(adult, person) for adult in (*nucleus.adults, *nucleus.unknown))
    if person.role == PARTNER:
        if any(other.role == PARTNER for other in nucleus.members):
            return False
        unpaired = nucleus.unpaired()
        free = [head for head in heads if head.age is None or head in unpaired]
        return any(_may_be_partners(person, head) for head in free)
    return True


def _step_family(one: _Nucleus, other: _Nucleus, door: int) -> bool:
    if door == SHARED or (
        door == UNNUMBERED and not _opposite(one.adults[0] if one.adults else one.members[0], other.adults)
    ):
        return False
    if one.grown != 1 or other.grown != 1 or not (one.adults and other.adults):
        return False
    return _may_be_partners(one.adults[0], other.adults[0])


def _grown_children(old: _Nucleus, young: _Nucleus) -> bool:
    """All of `young` are of an age to be children of somebody in `old`, and none of them is a tenant or a parent."""
    if young.heads or young.unknown or not old.adults:
        return False
    if any(_may_be_parent(adult, child) for adult in young.adults for child in young.children):
        return False
    return any(all(_may_be_parent(adult, child) for child in young.members) for adult in old.adults)


def _generations(old: _Nucleus, young: _Nucleus, door: int) -> bool:
    """A couple without young children, old enough to be parents of the other nucleus's adults."""
    if door > ORDINARY and not any(person.role == ELDER for person in old.members):
        return False
    if old.children or not young.children or not old.adults or not young.adults:
        return False
    eldest = max(person.age or 0 for person in young.adults)
    youngest = min(person.age or 0 for person in old.adults)
    return len(old.adults) <= 2 and GRANDPARENT_GAP[0] <= youngest - eldest <= GRANDPARENT_GAP[1]


def _may_be_partners(one: Occupant, other: Occupant) -> bool:
    if one.sex is not None and one.sex == other.sex:
        return False
    return one.age is None or other.age is None or abs(one.age - other.age) <= PARTNER_GAP


def _opposite(one: Occupant, others: list[Occupant]) -> bool:
    """Somebody among `others` is known to be of the other sex."""
    return any(one.sex is not None and other.sex is not None and one.sex != other.sex for other in others)


def _best_home(
    loose: _Nucleus, anchors: list[_Nucleus], others: list[_Nucleus], *, few: bool, door: int
) -> _Nucleus | None:
    """The one nucleus that a loose nucleus belongs to, or None: children to parents, a partner to a lone adult."""
    if any(person.role == LODGER for person in loose.members):
        return None
    if loose.grown == 0:
        child = loose.members[0]
        options = [n for n in anchors if any(_may_be_parent(a, child) for a in (*n.adults, *n.unknown))]
        if door > ORDINARY:  # strangers' children are likelier than children of another name beside the family's own
            options = [n for n in options if not n.children]
        if not options:
            options = [
                n for n in others if n is not loose and any(_may_be_parent(a, child) for a in (*n.adults, *n.unknown))
            ]
        lone = [n for n in options if n.grown == 1]
        if len(options) == 1:
            return options[0]
        return lone[0] if len(lone) == 1 else None
    if not few:
        return None
    said = any(person.role == PARTNER for person in loose.members)
    if loose.grown == 1 and len(loose.members) == 1:
        one = loose.members[0]
        options = [n for n in anchors if any(_may_be_partners(one, a) for a in (*n.unpaired(), *n.unknown))]
        if said:
            options = [n for n in options if n.heads] or options
            return options[0] if len(options) == 1 else None
        if door < SHARED and len(options) == 1 and _opposite(one, options[0].unpaired()):
            return options[0]
        if one.role == ELDER or one.role == CHILD:
            options = [n for n in anchors if n.heads]
            return options[0] if len(options) == 1 else None
    return None
