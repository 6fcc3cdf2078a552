"""What a user error says: what happened, where, what to do."""

from __future__ import annotations

from matcher.errors import Exit, UserError


def test_an_error_of_one_place_says_it_on_one_line() -> None:
    error = UserError("It broke.", where="yos.csv, row 3", todo="mend the row")
    assert str(error) == "It broke.\n  where: yos.csv, row 3\n  to do: mend the row"
    assert error.code == Exit.FAILED


def test_an_error_of_many_places_gives_each_a_line_under_the_first() -> None:
    error = UserError("It broke.", where=(name for name in ("one", "two")), todo="mend both")
    assert str(error).splitlines() == ["It broke.", "  where: one", "         two", "  to do: mend both"]


def test_an_error_without_a_place_or_advice_is_its_title() -> None:
    assert str(UserError("It broke.")) == "It broke."
