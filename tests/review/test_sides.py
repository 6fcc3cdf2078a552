"""Questions with what they are about, from held tables, and as text."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from matcher.review.listing import heading, lines
from matcher.review.questions import MEMBERS, QUALIFIES, Question
from matcher.review.sides import AGAINST, Asked
from matcher.runs.reviewing import Review
from matcher.workspace import Workspace
from specs.tables import ANSWERED, VERDICTS
from tests.review.made_up import ALL, LINK, PANEL


def test_who_qualifies_is_asked_before_who_belongs_and_the_most_open_link_first() -> None:
    asked = [
        Question("uncertain_link", True, MEMBERS, 0, 1, 0.55), Question("uncertain_link", True, QUALIFIES, 2, 3, 0.9),
        Question("uncertain_link", True, QUALIFIES, 4, 5, 0.6), Question("discretion", False, QUALIFIES, 6),
    ]  # fmt: skip
    assert [question.record_l for question in sorted(asked, key=Question.worth)] == [6, 4, 2, 0]


def test_what_both_give_is_compared_and_what_neither_gives_left_out() -> None:
    compared = {line.label: line.same for line in LINK.lines()}
    assert compared["Date of birth"] is True and compared["Name"] is False and compared["Sex"] is None
    assert compared["Source"] is None and "NHS number" not in compared


def test_a_held_batch_gives_both_kinds_with_their_details(place: Workspace) -> None:
    asked = Review.of(place).questions()
    assert {one.question.kind for one in asked} == {"uncertain_link", "discretion"}
    for one in asked:
        if one.household is not None:
            assert len(one.household.criteria) == 2 and one.household.concerns and one.household.people
            assert one.household.criteria[0][0].isupper(), "in words, not a code"
        else:
            assert one.left and one.right and one.left.name != "no name" and one.left.row > 0
    assert [one.question.worth() for one in asked] == sorted(one.question.worth() for one in asked)


def test_a_default_against_the_probability_says_why() -> None:
    asked = replace(LINK, question=replace(LINK.question, default=False, probability=0.9733), verdict="refused")
    said = " ".join(" ".join(lines(asked, 1)).split())
    assert (
        "Without an answer: no. Match probability 0.9733. But another record of one of them disagrees: see `matcher "
        "explain --pair Q-AAAAAAAA`." in said
    )
    assert asked.to_dict()["why"] in said
    joined = replace(LINK, question=replace(LINK.question, probability=0.2), verdict="through_others")
    assert "hold them together" in " ".join(lines(joined, 1))
    for fits in (LINK, replace(asked, question=replace(asked.question, probability=0.2)), replace(asked, verdict="")):
        assert fits.why == "" and "But" not in " ".join(lines(fits, 1))
    assert set(AGAINST) | {"linked", ANSWERED} == set(VERDICTS)


def test_a_held_batch_says_why_of_each_question_that_goes_against_its_probability(place: Workspace) -> None:
    links = [one for one in Review.of(place).questions() if one.question.probability is not None]
    against = [one for one in links if one.question.default != ((one.question.probability or 0.0) >= 0.5)]
    assert links and all(one.verdict for one in links) and all(one.why for one in against)


def test_the_marks_are_explained_where_questions_are_open() -> None:
    said = " ".join(heading("B", dt.date(2013, 10, 31), None, None, 2, 3, "MARKED"))
    assert "= the same, # different" in said
    assert "# different" not in " ".join(heading("B", dt.date(2013, 10, 31), None, None, 0, 3, "MARKED"))


def test_text_keeps_to_80_columns(place: Workspace) -> None:
    asked: list[Asked] = [*Review.of(place).questions(), *ALL]
    told = [line for number, one in enumerate(asked, 1) for line in lines(one, number)]
    told += heading("2013-10-31-1", dt.date(2013, 10, 31), "Programme information manager " * 4, None, 0, 3, "MARKED")
    assert max(map(len, told)) <= 80
    text = "\n".join(told)
    assert "Name #" in text and "Date of birth =" in text and "born unknown" in text
    assert "Cause for concern: A child is on a plan." in text
    assert "Answered" not in "\n".join(lines(PANEL, 1))
