"""The comparators in Spark's SQL: for each the conditions of its levels, best first, as Splink takes them.

Takes a model's comparison; gives `Sql`: when nothing can be said (a value is missing), and the condition of each level but
the last, which is everything else. Conditions stand in the order of the levels, and the first that holds decides. Only names
are not compared here: their level comes from functions that names.py registers, by codes; `names` is what their own names
begin with. Spark takes a condition that is null for false, so `not` stands only before what cannot be null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from matcher.pairs.comparators import level
from matcher.pairs.encode import IDENTIFIERS
from matcher.pairs.model import Comparison, LinkageModel


@dataclass(frozen=True)
class Sql:
    """Conditions of a comparison: `missing`, then `levels` by name, best first, without the last."""

    missing: str
    levels: dict[str, str]


def _either_missing(column: str) -> str:
    return f"({column}_l is null or {column}_r is null)"


def _both(column: str) -> str:
    return f"({column}_l is not null and {column}_r is not null)"


def _same(column: str, other: str = "") -> str:
    """The left record's column equals the right one's (or the right one's `other`), both held."""
    return f"coalesce({column}_l = {other or column}_r, false)"


def _any(*conditions: str) -> str:
    return f"({' or '.join(conditions)})"


def _all(*conditions: str) -> str:
    return f"({' and '.join(conditions)})"


def _not(condition: str) -> str:
    return f"(not {condition})"


def _edits(column: str, edits: str) -> str:
    """Edits between texts: one letter more, less, other, or two neighbours exchanged, as far as one edit is told from two."""
    return f"coalesce(damerau_levenshtein({column}_l, {column}_r) {edits}, false)"


# ---- full names: forename, surname and middle name are compared together


def _level_of_names(function: str, column: str) -> str:
    """The level of two names by their codes."""
    return f"{function}(coalesce({column}_l, -1), coalesce({column}_r, -1))"


def _numbers(kind: str, *levels: str) -> str:
    return ", ".join(str(level(kind, name)) for name in levels)


def _begins(initial: str, side: str, name: str, other: str) -> str:
    """The one name is an initial, and that of the other, a whole one."""
    return (
        f"coalesce({initial}_single_{side} and not {name}_single_{other} "
        f"and {initial}_initial_{side} = {name}_initial_{other}, false)"
    )


class FullName:
    """The conditions that forename, surname and middle name share."""

    def __init__(self, names: str) -> None:
        self._names = names
        alike = {
            (a, b): _same(f"{a}_sound", f"{b}_sound")
            for a in ("forename", "middle", "surname", "part_1", "part_2")
            for b in ("forename", "middle", "surname", "part_1", "part_2")
        }
        surname_middle, middle_surname = alike["surname", "middle"], alike["middle", "surname"]
        self.part = _all(
            _both("surname"),
            _any(*(f"part_1_{side} is not null" for side in "lr")),
            "coalesce(arrays_overlap(surname_words_l, surname_words_r), false)",
        )
        self.moved = _all(_any(surname_middle, middle_surname), alike["forename", "forename"])
        near = _any(self._is("surname", "surname", "exact", "family", "close"), self.part)
        other_surname = _all(self._is("surname", "surname", "different"), _not(_any(self.part, self.moved)))
        joined = _any(_same("given"), _same("given", "forename"), _same("forename", "given"))
        self.joined = _all(joined, *(f"not coalesce(forename_single_{side}, true)" for side in "lr"))
        by_middle = _any(alike["forename", "middle"], alike["middle", "forename"])
        there = _any(*(alike["forename", name] for name in ("surname", "part_1", "part_2")))
        back = _any(*(alike[name, "forename"] for name in ("surname", "part_1", "part_2")))
        there, back = (
            _any(there, _all(back, self._nearly("forename_l", "surname_r")), _begins("forename", "l", "surname", "r")),
            _any(back, _all(there, self._nearly("forename_r", "surname_l")), _begins("forename", "r", "surname", "l")),
        )
        around = _any(
            _all(there, _any(back, surname_middle)),
            _all(back, middle_surname),
            _all(by_middle, surname_middle, middle_surname),
        )
        # The name used behind a name as Mohammed, written out or as an initial.
        in_front = "coalesce(forename_prefix_l <> forename_prefix_r, false)"
        behind = _all(by_middle, in_front)
        by_middle = _all(by_middle, _not(in_front), _not(other_surname))
        unlike = _all(self._is("forename", "forename", "different"), _not(_any(by_middle, behind)))
        self.used = _all(
            unlike,
            _any(
                _all("coalesce(forename_prefix_r, false)", _begins("forename", "l", "middle", "r")),
                _all("coalesce(forename_prefix_l, false)", _begins("forename", "r", "middle", "l")),
            ),
        )
        lesser = _all(self._is("forename", "forename", "initial", "near", "similar", "different"), _not(self.joined))
        self.swapped = _all(lesser, around, _any(_not(near), _all(unlike, _not(self.used))))
        self.middle, self.behind = (_all(lesser, of, _not(self.swapped)) for of in (by_middle, behind))
        # Two Mohammeds or the like who are not called alike.
        self.agrees = self._is("middle", "forename", "exact", "family", "close", "initial")
        self.apart = _all(
            _both("middle"),
            _not(self.agrees),
            *(f"coalesce(forename_prefix_{side}, false)" for side in "lr"),
            _any(self._is("forename", "forename", "exact", "family", "close"), self.joined),
        )
        self.exchanged = _all(alike["forename", "surname"], alike["surname", "forename"])

    def _is(self, column: str, kind: str, *levels: str) -> str:
        """The level of two names alone is one of those named; `kind` says whose levels."""
        return f"({_level_of_names(self._names + kind, column)} in ({_numbers(kind, *levels)}))"

    def _nearly(self, forename: str, surname: str) -> str:
        """A forename and a surname, both whole, are nearly alike."""
        near = (
            f"({self._names}{kind}(coalesce({forename}, -1), coalesce({surname}, -1))"
            f" in ({_numbers(kind, 'exact', 'family', 'close', 'near')}))"
            for kind in ("forename", "surname")
        )
        whole = (f"not coalesce({name[:-2]}_single_{name[-1]}, true)" for name in (forename, surname))
        return _all(_any(*near), *whole)

    def forename(self) -> Sql:
        bare = [f"(forename_prefix_{side} and middle_{side} is null)" for side in "lr"]
        family, close = (self._is("forename", "forename", name) for name in ("family", "close"))
        called = _not(self.apart)
        return Sql(
            _either_missing("forename"),
            {
                "exact": _all(self._is("forename", "forename", "exact"), called),
                "family": _all(_any(family, _all(_not(close), self.joined), self.behind), called),
                "close": _all(close, called),
                "middle": self.middle,
                "swapped": self.swapped,
                "initial": _any(self._is("forename", "forename", "initial"), self.used),
                "near": self._of_called("near"),
                "similar": self._of_called("similar"),
                "prefix": _all("forename_prefix_l <> forename_prefix_r", _any(*bare)),
            },
        )

    def _of_called(self, level: str) -> str:
        """A level of the forenames, or of the middle names of those who are called by these."""
        one, other = self._is("forename", "forename", level), self._is("middle", "forename", level)
        return _any(_all(one, _not(self.apart)), _all(other, self.apart))

    def surname(self) -> Sql:
        return Sql(
            _any(_either_missing("surname"), self.swapped),
            {
                "exact": self._is("surname", "surname", "exact"),
                "part": self.part,
                "family": self._is("surname", "surname", "family"),
                "close": self._is("surname", "surname", "close"),
                "middle": self.moved,
                "near": self._is("surname", "surname", "near"),
                "similar": self._is("surname", "surname", "similar"),
            },
        )

    def middle_name(self) -> Sql:
        turned = _all(self.swapped, _not(self.exchanged))
        return Sql(_any(_either_missing("middle"), turned, self.middle, self.apart), {"agrees": self.agrees})


# ---- dates of birth, addresses, identifiers


def _dob() -> Sql:
    years = "abs(dob_year_l - dob_year_r)"
    first = _any(*(f"(dob_month_{side} = 1 and dob_day_{side} = 1)" for side in "lr"))
    year, month, day = _same("dob_year"), _same("dob_month"), _same("dob_day")
    unknown = _all(f"{years} >= 13", month, day, "dob_month_l = 1 and dob_day_l = 1")
    two = _any(_all(year, month), _all(year, day), _all(month, day))
    return Sql(
        _either_missing("dob"),
        {
            "exact": _same("dob"),
            "swapped": _all(year, _same("dob_month", "dob_day"), _same("dob_day", "dob_month")),
            "one_digit": _edits("dob_digits", "<= 1"),
            "two_parts": _all(two, f"not ({year} and {first})", f"not {unknown}"),
            "new_year": _all(year, first),
            "year_near": f"{years} <= 1",
            "different": f"{years} < 13",
        },
    )


def _address() -> Sql:
    postcode, number, street = _same("postcode"), _same("number"), _same("street")
    no_number = _either_missing("number")
    district, uprn = _same("district"), _same("uprn")
    typo = _all(_both("postcode"), _not(postcode), number, _edits("postcode_text", "= 1"))
    flats_clash = _all(_both("flat"), "flat_l <> flat_r")
    elsewhere = _all(_both("postcode"), _not(postcode), _not(typo), _not(district))
    comparable = _any(_both("postcode"), uprn, _all(_both("street"), _both("number")))
    return Sql(
        _not(comparable),
        {
            "home": _any(_same("home"), uprn),
            "building": _all(postcode, _any(number, _all(no_number, _same("building")))),
            "door": _all(number, _not(flats_clash), _any(_all(street, _not(elsewhere)), typo)),
            "postcode": _all(postcode, no_number),
            "neighbour": _any(_all(postcode, _not(no_number), _not(number)), _all(street, district)),
            "district": district,
        },
    )


def _identifier() -> Sql:
    return Sql(
        _not(_any(*(_both(kind) for kind in IDENTIFIERS))),
        {
            "same": _any(*(_same(kind) for kind in IDENTIFIERS)),
            "close": _any(*(_edits(f"{kind}_text", "= 1") for kind in IDENTIFIERS)),
        },
    )


def _sex() -> Sql:
    by_name = "(sex_l = sex_r and sex_l > 1)"  # the name that tells it has been compared
    return Sql(_any(_either_missing("sex"), by_name), {"same": "(sex_l % 2 = sex_r % 2)"})


# ---- one column of any table


def _jaro_winkler(column: str, names: str, levels: list[str]) -> Sql:
    found = _level_of_names(names + column, column)
    return Sql(_either_missing(column), {name: f"{found} = {at}" for at, name in enumerate(levels[:-1], 1)})


def _date(column: str) -> Sql:
    year, month, day = f"{column}_year", f"{column}_month", f"{column}_day"
    return Sql(
        _either_missing(column),
        {
            "exact": _same(column),
            "swapped": _all(_same(year), _same(month, day), _same(day, month)),
            "one_edit": _edits(f"{column}_digits", "<= 1"),
            "year_near": f"abs({year}_l - {year}_r) <= 1",
        },
    )


def _postcode(column: str) -> Sql:
    return Sql(
        _either_missing(column),
        {
            "exact": _same(column),
            "one_edit": _edits(f"{column}_text", "<= 1"),
            "district": _same(f"{column}_district"),
        },
    )


def _equal(column: str) -> Sql:
    return Sql(_either_missing(column), {"same": _same(column)})


COMPARATORS: dict[str, Callable[[str, str, list[str]], Sql]] = {
    "forename": lambda _, names, __: FullName(names).forename(),
    "surname": lambda _, names, __: FullName(names).surname(),
    "middle": lambda _, names, __: FullName(names).middle_name(),
    "dob": lambda *_: _dob(),
    "sex": lambda *_: _sex(),
    "address": lambda *_: _address(),
    "identifier": lambda *_: _identifier(),
    "jaro_winkler": _jaro_winkler,
    "date": lambda column, *_: _date(column),
    "postcode": lambda column, *_: _postcode(column),
    "equal": lambda column, *_: _equal(column),
}


def value_column(model: LinkageModel, field: str) -> str:
    """The name in Spark of a column that the model reads as it stands: by place, for it may hold any characters."""
    return f"value_{model.fields.index(field)}"


def sql_of(model: LinkageModel, comparison: Comparison, names: str) -> Sql:
    """The conditions of a comparison's levels."""
    column = value_column(model, comparison.field) if comparison.field else ""
    return COMPARATORS[comparison.comparator](column, names, list(comparison.level))


def columns_of(sqls: Iterable[Sql]) -> list[str]:
    """The columns that conditions read, without their side."""
    conditions = [condition for sql in sqls for condition in (sql.missing, *sql.levels.values())]
    found = (name for condition in conditions for name in re.findall(r"\b([a-z0-9_]+)_[lr]\b", condition))
    return list(dict.fromkeys(found))
