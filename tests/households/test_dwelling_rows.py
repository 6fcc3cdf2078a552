"""Rows that name nobody: which household each is about."""

from __future__ import annotations

import pytest

from matcher.households.reasons import NAMES, code, wording
from tests.households.world import placed_of

HOME = "12 High Street, LE1 1AA"
SHARED = f"""
    Ann Smith | 1980-03-01 | residents | {HOME} | as=tenant
    Dan Jones | 1978-05-01 | residents | {HOME} | as=tenant
"""


def about(table: str) -> list[tuple[str, tuple[str, ...]]]:
    """(reason, the people of the household) of each row that names nobody."""
    placed, names, _ = placed_of(table)
    members: dict[int, list[str]] = {}
    for row in placed.household_members.to_pylist():
        members.setdefault(row["household_id"], []).append(names[row["person_id"]])
    people = dict(
        zip(placed.households["household_id"].to_pylist(), placed.households["people"].to_pylist(), strict=True)
    )
    found = []
    for row in placed.dwelling_rows.to_pylist():
        assert people[row["household_id"]] == len(members.get(row["household_id"], []))
        found.append((row["reason"], tuple(sorted(members.get(row["household_id"], [])))))
    return found


@pytest.mark.parametrize(
    ("title", "table", "reason", "people"),
    [
        (
            "one household at the door",
            f"Ann Smith | | dwp | {HOME}\n- | | housing.x | {HOME}",
            "one_household",
            ("Ann Smith",),
        ),
        (
            "a door nobody is known at",
            f"Ann Smith | | dwp | {HOME}\n- | | housing.x | 3 Far Lane, LE1 1AB",
            "nobody_known",
            (),
        ),
        ("no usable address", f"Ann Smith | | dwp | {HOME}\n- | | housing.x | none", "no_dwelling", ()),
        ("several households share the door", f"{SHARED}\n- | | housing.x | {HOME}", "shared_door", ()),
        (
            "the same case names somebody",
            f"{SHARED}\nAnn Smith | 1980-03-01 | housing.x | {HOME} | ref=7\n- | | housing.x | {HOME} | ref=7",
            "same_case",
            ("Ann Smith",),
        ),
        (
            "one of them holds the tenancy",
            f"""
            Ann Smith | 1980-03-01 | dwp       | =Abbey Hostel, {HOME} |
            Dan Jones | 1978-05-01 | residents | =Abbey Hostel, {HOME} | as=tenant
            -         |            | housing.x | =Abbey Hostel, {HOME} |
            """,
            "only_tenant",
            ("Dan Jones",),
        ),
        (
            "another household lived there then",
            f"""
            Ann Smith | 1980-03-01 | residents | {HOME} | to=2013-05-01
            Ann Smith | 1980-03-01 | residents | 3 Far Lane, LE1 1AB | from=2013-05-02
            Dan Jones | 1978-05-01 | residents | {HOME} | from=2013-05-10
            -         |            | housing.x | {HOME} | seen=2013-02-01
            """,
            "household_then",
            ("Ann Smith",),
        ),
        (
            "the household of now, where the row is dated after the change",
            f"""
            Ann Smith | 1980-03-01 | residents | {HOME} | to=2013-05-01
            Ann Smith | 1980-03-01 | residents | 3 Far Lane, LE1 1AB | from=2013-05-02
            Dan Jones | 1978-05-01 | residents | {HOME} | from=2013-05-10
            -         |            | housing.x | {HOME} | seen=2013-06-01
            """,
            "one_household",
            ("Dan Jones",),
        ),
    ],
)
def test_a_row_that_names_nobody(title: str, table: str, reason: str, people: tuple[str, ...]) -> None:
    assert about(table) == [(reason, people)], title


def test_rows_about_one_shared_door_stay_together() -> None:
    placed, _, _ = placed_of(f"{SHARED}\n- | | housing.x | {HOME}\n- | | housing.x | {HOME}\n- | | housing.x | none")
    first, second, third = placed.dwelling_rows["household_id"].to_pylist()
    assert first == second != third
    assert any("name nobody" in warning for warning in placed.warnings)


def test_every_reason_has_a_sentence() -> None:
    assert all(wording(name).endswith(".") and NAMES[code(name)] == name for name in NAMES)
