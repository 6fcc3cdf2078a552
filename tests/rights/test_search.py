"""Who could be meant: misspelt, swapped and turned round, and nobody who is merely like."""

from __future__ import annotations

import datetime as dt

import pytest

from matcher.errors import UserError
from matcher.rights.search import Wanted, candidates

BORN = dt.date(1975, 3, 9)
HELD = [
    {"person_id": "P-1", "forename": "MOHAMMED", "middle": "ALI", "surname": "RAHMAN", "dob": BORN, "postcode": "LE1 1AA",
     "nino": "AB123456C", "ref": "N-204"},
    {"person_id": "P-1", "forename": "MOHAMED", "surname": "RAHMAN", "dob": None, "postcode": "LE2 2BB"},
    {"person_id": "P-2", "forename": "JOAN", "surname": "SMITH JONES", "dob": dt.date(1980, 12, 24), "postcode": "LE3 3CC"},
    {"person_id": "P-3", "forename": None, "surname": None, "dob": None, "postcode": None},
]  # fmt: skip


def found(**given: str) -> list[str]:
    return [one.key for one in candidates(Wanted.of(given), HELD)]


@pytest.mark.parametrize(
    "given",
    [
        {"forename": "Mohammed", "surname": "Rahman", "date_of_birth": "09/03/1975"},
        {"forename": "Muhammad", "surname": "Rehman", "date_of_birth": "09/03/1975"},
        {"forename": "Rahman", "surname": "Mohammed", "date_of_birth": "09/03/1975"},  # swapped
        {"forename": "Mohammed", "surname": "Rahman", "date_of_birth": "03/09/1975"},  # day and month turned round
        {"forename": "Mohammed", "surname": "Rahman", "date_of_birth": "09/03/1976"},  # one part wrong
        {"forename": "Mohammed", "surname": "Rahamn"},  # letters exchanged
        {"surname": "Rahman", "date_of_birth": "09/03/1975"},
        {"nino": "ab 12 34 56 c"},
        {"reference": "n204"},
        {"forename": "Mohammed", "date_of_birth": "09/03/1975"},  # another surname now
        {"forename": "Ali", "surname": "Rahman", "date_of_birth": "9.3.1975"},
    ],
)
def test_the_person_is_among_the_candidates(given: dict[str, str]) -> None:
    assert found(**given) == ["P-1"]


@pytest.mark.parametrize(
    "given",
    [
        {"forename": "Mohammed", "surname": "Patel", "date_of_birth": "11/11/1990"},
        {"forename": "Zebedee", "surname": "Quillfeather", "date_of_birth": "01/02/1970"},
        {"forename": "Mohammed", "surname": "Rahman", "date_of_birth": "30/07/2001"},  # a namesake
        {"nino": "AB123456D"},
    ],
)
def test_who_is_merely_like_is_not(given: dict[str, str]) -> None:
    assert found(**given) == []


def test_half_a_double_surname_is_enough() -> None:
    assert found(forename="Joan", surname="Jones") == ["P-2"]
    assert found(forename="Joan", surname="Smith", postcode="le33cc") == ["P-2"]


def test_the_likeliest_comes_first_and_it_is_said_in_what() -> None:
    held = [*HELD, {**HELD[0], "person_id": "P-0", "dob": dt.date(1975, 9, 3), "nino": None, "ref": None}]
    first, second = candidates(
        Wanted.of({"forename": "Mohammed", "surname": "Rahman", "date_of_birth": "09/03/1975"}), held
    )
    assert (first.key, first.share, first.alike) == ("P-1", 1.0, ("dob", "forename", "surname"))
    assert second.key == "P-0" and second.share == 0.9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "too little"),
        ({"postcode": "LE1 1AA"}, "too little"),
        ({"date_of_birth": "SECRET"}, "is no date"),
        ({"SECRET": "x"}, "a field that is not known"),
    ],
)
def test_what_cannot_be_searched_by_is_said_without_its_value(given: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        Wanted.of(given)
    assert "SECRET" not in str(refused.value)
