"""Names: a table of forms and customs, and properties that hold for any text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.records import names
from matcher.records.name_words import MEANINGFUL
from matcher.records.names import Person, parse_columns, parse_full
from specs.load import NameForm

FORMS: dict[str, NameForm] = {"S": "surname_first", "F": "forename_first", "M": "mixed"}
TABLE = [
    tuple(cell.strip() for cell in line.split(" | "))
    for line in Path(__file__).with_name("names.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
WORDS = re.compile(r"[A-Z]+(?: [A-Z]+)*")
LETTERS = st.text(st.sampled_from("abcdefghijklmnoprstuwyzABCDEJKMOS '-.,&/()0éñłç王\u0939\u0940"), max_size=40)


def shown(people: tuple[Person, ...]) -> str:
    return (
        " && ".join(
            " / ".join(
                (
                    person.title or "",
                    person.forename or "",
                    person.middle or "",
                    "+".join(person.surname_parts),
                    "sure" if person.order_sure else "unsure",
                    person.sex or "",
                )
            )
            for person in people
        )
        or "-"
    )


@pytest.mark.parametrize(("form", "written", "expected"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
def test_name(form: str, written: str, expected: str) -> None:
    if form == "C":
        forename, _, surname = f" {written} ".partition(" / ") if " / " in f" {written} " else (written, "", "")
        people = parse_columns(forename.strip(), surname.strip())
    else:
        people = parse_full(written, FORMS[form])
    assert " ".join(shown(people).split()) == " ".join(expected.split())


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 120


def check(people: tuple[Person, ...]) -> None:
    assert len(people) <= 2
    for person in people:
        assert person.forename or person.surname
        words = tuple((person.surname or "").split())
        assert words == person.surname_parts[: len(words)]  # what follows is an alias
        assert bool(person.surname) == bool(person.surname_parts)
        assert person.sex in (None, "M", "F")
        for part in (person.title, person.forename, person.middle, person.surname, *person.surname_parts):
            assert part is None or WORDS.fullmatch(part)
        assert person.forename is None or " " not in person.forename
        assert all(" " not in part for part in person.surname_parts)


@given(st.one_of(st.text(max_size=60), LETTERS), st.sampled_from(get_args(NameForm)))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_declared_letters(text: str, form: NameForm) -> None:
    people = parse_full(text, form)
    check(people)
    assert form == "mixed" or len(people) < 2


@given(st.one_of(st.text(max_size=40), LETTERS), st.one_of(st.text(max_size=40), LETTERS))
@settings(max_examples=400, deadline=None)
def test_any_columns_give_declared_letters(forename: str, surname: str) -> None:
    people = parse_columns(forename, surname)
    check(people)
    assert len(people) < 2


_WRITTEN = "Tara Jane O'Hanlon Mc Bramwell-Tolley van der Meer al-Rashid St John José Łucja de la Kaur Singh D'Souza J"
NAME_WORD = st.sampled_from(_WRITTEN.split())


@given(st.lists(NAME_WORD, min_size=1, max_size=2), st.lists(NAME_WORD, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_parts_parse_to_themselves(forenames: list[str], surnames: list[str]) -> None:
    (person,) = parse_columns(" ".join(forenames), " ".join(surnames))
    given_names = " ".join(part for part in (person.forename, person.middle) if part)
    (again,) = parse_columns(given_names, person.surname)
    assert (again.forename, again.middle, again.surname, again.surname_parts) == (
        person.forename,
        person.middle,
        person.surname,
        person.surname_parts,
    )


@given(st.sampled_from(["Tara", "Balraj", "Łucja", "Maeve"]), st.sampled_from(["Bramwell", "O'Hanlon", "Wójtowicz"]))
def test_forms_of_one_name_agree(forename: str, surname: str) -> None:
    forms = {
        (person.forename, person.surname)
        for person in (
            parse_full(f"{surname.upper()}, {forename}", "surname_first")[0],
            parse_full(f"{forename} {surname}", "forename_first")[0],
            parse_full(f"{surname.upper()} {forename}", "mixed")[0],
            parse_full(f"Mr {forename} {surname}", "mixed")[0],
            parse_columns(forename, surname)[0],
        )
    }
    assert len(forms) == 1


def test_a_very_long_cell_is_read_as_far_as_a_name_goes() -> None:
    check(parse_full("ab " * 100_000, "forename_first"))


_ORDINARY = "Tara Jane Bramwell KAUR SINGH Garcia Lopez Chen J B Nguyen tara mcdonald BB SMYTH"
COMMON = st.sampled_from([*_ORDINARY.split() * 4, *sorted(MEANINGFUL)])


@given(
    st.lists(COMMON, min_size=1, max_size=4), st.sampled_from([" ", ", ", " / "]), st.sampled_from(get_args(NameForm))
)
@settings(max_examples=400, deadline=None)
def test_the_short_way_for_plain_names_gives_what_the_long_way_gives(
    words: list[str], mark: str, form: NameForm
) -> None:
    text = mark.join((words[0], " ".join(words[1:])))
    quick = parse_full(text, form), parse_columns(" ".join(words[1:]), words[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "_plain_words", lambda given, family: None)
        slow = parse_full(text, form), parse_columns(" ".join(words[1:]), words[0])
    assert quick == slow
