"""Which family is which from month to month, one scenario a sentence."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.registry import Assigned, Known
from matcher.registry.continuity import EVENTS
from tests.registry.months import House, Month, Someone, count_ids

# Known: family F-OLD (2012) of ANN, BOB and child CAT in county; family F-NEW (2013) of DAN and child EVE in city.
MEMBERS = {"F-OLD": ("P-ANN", "P-BOB", "P-CAT"), "F-NEW": ("P-DAN", "P-EVE")}
BORN = {"ANN": 1975, "BOB": 1974, "CAT": 2003, "DAN": 1980, "EVE": 2005}


def known() -> Known:
    empty = Known.nothing()
    families = [
        {"family_id": "F-OLD", "area": "county", "identified_on": dt.date(2012, 10, 31)},
        {"family_id": "F-NEW", "area": "city", "identified_on": dt.date(2013, 9, 30)},
    ]
    members = [
        {"family_id": family, "person_id": person, "joined_on": dt.date(2012, 10, 31)}
        for family, people in MEMBERS.items()
        for person in people
    ]
    return Known(
        pa.Table.from_pylist(families, schema=empty.families.schema),
        pa.Table.from_pylist(members, schema=empty.members.schema),
    )


def people(*names: str) -> list[Someone]:
    """By forename; a name of the known ones is that known person."""
    return [Someone("X", name, BORN.get(name, 1990), f"P-{name}" if name in BORN else None) for name in names]


def run(*houses: House, unplaced: tuple[str, ...] = ()) -> Assigned:
    return Month(list(houses), unplaced=people(*unplaced)).assign(known(), make_id=count_ids())


def families(assigned: Assigned) -> dict[int, tuple[str, bool, bool]]:
    return {f.household_id: (f.family_id, f.continues, f.meets) for f in assigned.families}


def events(assigned: Assigned, family: str) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(e.event, e.person_id, e.other_family, e.detail) for e in assigned.events if e.family_id == family]


def test_a_household_that_holds_known_members_keeps_the_familys_id() -> None:
    found = run(House(people("ANN", "BOB", "CAT")))
    assert families(found) == {0: ("F-OLD", True, True)}
    assert events(found, "F-OLD") == [("confirmed", None, None, None)]
    assert [(p.person_id, p.known, p.joined) for p in found.people] == [(p, True, False) for p in MEMBERS["F-OLD"]]
    assert not found.left and not found.merged


def test_a_household_of_strangers_that_qualifies_is_a_new_family() -> None:
    found = run(House(people("ZED")))
    (family,) = found.families
    assert family.family_id.startswith("F-0") and not family.continues
    assert events(found, family.family_id) == [("identified", None, None, None)]


def test_a_household_of_strangers_that_does_not_qualify_leaves_nothing() -> None:
    found = run(House(people("ZED"), route="no"))
    assert found == Assigned()


def test_a_family_that_no_longer_meets_the_criteria_stays() -> None:
    found = run(House(people("ANN", "BOB", "CAT"), route="no"))
    assert families(found) == {0: ("F-OLD", True, False)}
    assert found.families[0].route is None
    assert events(found, "F-OLD") == [("not_met", None, None, None)]


def test_a_newcomer_joins_and_gets_an_id_that_was_not_there() -> None:
    found = run(House(people("ANN", "BOB", "CAT", "ZED")))
    (newcomer,) = [p for p in found.people if p.joined]
    assert newcomer.person_id == "P-00000001" and not newcomer.known
    assert ("member_joined", "P-00000001", None, None) in events(found, "F-OLD")


def test_a_move_between_areas_keeps_the_id() -> None:
    found = run(House(people("ANN", "BOB", "CAT"), area="rutland"))
    assert found.families[0].family_id == "F-OLD" and found.families[0].area == "rutland"
    assert ("moved_area", None, None, "county > rutland") in events(found, "F-OLD")


def test_a_split_leaves_the_id_with_most_members_and_makes_a_new_family_of_a_part_that_qualifies() -> None:
    found = run(House(people("BOB", "ZED")), House(people("ANN", "CAT")))
    assert families(found)[1] == ("F-OLD", True, True)
    new = families(found)[0][0]
    assert new != "F-OLD" and not families(found)[0][1]
    assert ("split_from", None, "F-OLD", None) in events(found, new)
    assert ("member_joined", "P-BOB", "F-OLD", None) in events(found, new)
    assert ("member_left", "P-BOB", new, None) in events(found, "F-OLD")
    assert found.left == [("F-OLD", "P-BOB")]


def test_a_part_that_does_not_qualify_has_left() -> None:
    found = run(House(people("BOB", "ZED"), route="no"), House(people("ANN", "CAT")))
    assert families(found) == {1: ("F-OLD", True, True)}
    assert found.left == [("F-OLD", "P-BOB")] and ("member_left", "P-BOB", None, None) in events(found, "F-OLD")


def test_on_a_tie_the_part_with_the_child_keeps_the_id() -> None:
    found = run(House(people("DAN")), House(people("EVE")))
    assert families(found)[1][0] == "F-NEW" and families(found)[0][0] != "F-NEW"


def test_on_a_tie_without_children_the_longest_standing_member_decides() -> None:
    found = run(House(people("BOB")), House(people("ANN")))
    assert families(found)[1][0] == "F-OLD", "P-ANN stands before P-BOB"


def test_two_known_families_in_one_household_become_the_older_one() -> None:
    found = run(House(people("DAN", "EVE", "ANN", "BOB", "CAT")))
    assert families(found) == {0: ("F-OLD", True, True)}
    assert found.merged == {"F-NEW": "F-OLD"}
    assert ("merged_into", None, "F-OLD", None) in events(found, "F-NEW")
    assert ("absorbed", None, "F-NEW", None) in events(found, "F-OLD")
    assert ("member_joined", "P-DAN", "F-NEW", None) in events(found, "F-OLD")
    assert found.left == [("F-NEW", "P-DAN"), ("F-NEW", "P-EVE")]


def test_a_member_who_moves_to_another_known_family_changes_family() -> None:
    found = run(House(people("ANN", "CAT")), House(people("DAN", "EVE", "BOB")))
    assert families(found) == {0: ("F-OLD", True, True), 1: ("F-NEW", True, True)}
    assert found.left == [("F-OLD", "P-BOB")]
    assert ("member_joined", "P-BOB", "F-OLD", None) in events(found, "F-NEW")


def test_who_could_not_be_placed_stays_a_member() -> None:
    found = run(House(people("ANN", "CAT")), unplaced=("BOB",))
    assert families(found) == {0: ("F-OLD", True, True)} and not found.left


def test_who_could_not_be_placed_follows_a_family_that_merged() -> None:
    found = run(House(people("DAN", "ANN", "BOB", "CAT")), unplaced=("EVE",))
    assert found.merged == {"F-NEW": "F-OLD"} and found.followers == [("F-OLD", "P-EVE")]
    assert ("F-NEW", "P-EVE") in found.left


def test_a_family_not_seen_at_all_is_left_as_it_is() -> None:
    found = run(House(people("ANN", "BOB", "CAT")))
    assert events(found, "F-NEW") == [] and all(family == "F-OLD" for family, _ in found.left)


def test_two_known_persons_who_prove_to_be_one_keep_the_longer_standing_id() -> None:
    both = Someone("X", "BOB", 1974, "P-BOB", also=("P-ANN",))
    found = run(House([both, *people("CAT")]))
    assert [p.person_id for p in found.people] == ["P-ANN", "P-CAT"]
    assert found.left == [("F-OLD", "P-BOB")]
    assert ("person_merged", "P-BOB", None, "P-ANN") in events(found, "F-OLD")


def test_a_known_person_found_as_two_people_stays_one_of_them() -> None:
    twice = [Someone("X", "BOB", 1974, "P-BOB"), Someone("X", "BOBBY", 1974, "P-BOB", rows=3)]
    found = run(House([*people("ANN", "CAT"), *twice]))
    ids = [p.person_id for p in found.people]
    assert ids.count("P-BOB") == 1 and found.people[ids.index("P-BOB")].person == 3, "the one with more rows"


def test_a_former_member_keeps_the_person_id() -> None:
    former = Someone("X", "OLDIE", 1970, "P-OLDIE")  # known, but a member of no open family
    found = run(House([former]))
    assert [(p.person_id, p.known, p.joined) for p in found.people] == [("P-OLDIE", True, True)]


def test_every_event_has_its_sentence() -> None:
    found = [
        run(House(people("BOB", "ZED")), House(people("ANN", "CAT"), area="city")),
        run(House(people("DAN", "EVE", "ANN", "BOB", "CAT"))),
        run(House(people("ANN", "BOB", "CAT"), route="no")),
        run(House([Someone("X", "BOB", 1974, "P-BOB", also=("P-ANN",)), *people("CAT")])),
    ]
    by_people = {"panel_approved", "member_erased"}  # written by the seal and by an erasure, not by continuity
    assert {event.event for assigned in found for event in assigned.events} == set(EVENTS) - by_people


NAMES = [*BORN, "ZED", "YAN"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=len(NAMES), max_size=len(NAMES)),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_however_they_live_nobody_is_in_two_families_and_no_id_is_used_twice(
    homes: list[int], meets: list[bool]
) -> None:
    """Home 4 is nowhere."""
    houses = [House(people(*(n for n, h in zip(NAMES, homes, strict=True) if h == k)), "automatic" if m else "no")
              for k, m in enumerate(meets)]  # fmt: skip
    nowhere = tuple(n for n, h in zip(NAMES, homes, strict=True) if h == 4)
    found = run(*houses, unplaced=nowhere)
    ids = [p.person_id for p in found.people]
    assert len(set(ids)) == len(ids)
    assert len({f.family_id for f in found.families}) == len(found.families)
    assert not {f.family_id for f in found.families} & set(found.merged)
    members = {(family, person) for family, persons in MEMBERS.items() for person in persons}
    after = (members - set(found.left)) | {(p.family_id, p.person_id) for p in found.people} | set(found.followers)
    people_after = [person for _, person in after]
    assert len(set(people_after)) == len(people_after), "each in one family"
    assert all(family not in found.merged for family, _ in after), "none in a family that is closed"
    assert {(p.family_id, p.person_id) for p in found.people if not p.joined} <= members
