"""Evaluates the shapes of test over all households at once. Takes a `Book` and a test, gives an `Outcome`.

Three values throughout: a part that cannot be known makes the test not assessable, unless another part already decides it.
A household's status is the best of its members' (met before not assessable before not met). A fact with the same key
counts once. Nothing is refused: a rule set was checked when it was loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from criteria.book import NOBODY, Book, Children, Mask
from criteria.calendar import NO_TERM, Days, Ints, birthdays, oldest_within, school_year_starts, window_start
from criteria.shapes import AnyTest, Count, Dated, InForce, InTerm, TermRatio, TermSum

SILENT, NOT_MET, NOT_ASSESSABLE, MET = -1, 0, 1, 2
STATUS_NAMES = ("not_met", "not_assessable", "met")

# Where several parts of a household carry a note, the one that stands later in this tuple is shown.
NOTES: tuple[str, ...] = (
    "",
    "3 of 3 terms supplied",
    "no date of birth",
    "the date that it needs is missing",
    "contract without expiry, older than the limit",
    "no possible sessions",
    "no figures for a child",
    "no education row for a child",
    "no education data this month",
    "not supplied this month",
)
NO_DOB, NO_DATE, OLD_CONTRACT, NO_SESSIONS, NO_FIGURES, NO_ROW, NO_SCHOOL_DATA, NOT_SUPPLIED = range(2, 10)
TERMS_SUPPLIED = 100  # notes above: TERMS_SUPPLIED + 10 * terms wanted + terms supplied

Status = npt.NDArray[np.int64]


def note_text(note: int) -> str | None:
    """The note in words; None for no note."""
    if note >= TERMS_SUPPLIED:
        wanted, supplied = divmod(note - TERMS_SUPPLIED, 10)
        return f"{supplied} of {wanted} terms supplied"
    return NOTES[note] or None


@dataclass(frozen=True)
class Outcome:
    """Of one test: `status` and `note` by household (SILENT: nothing to say), and the facts behind it.

    `support`: positions of facts that make it met. `unclear`: those that could not be assessed, with `unclear_note`.
    """

    status: Status
    note: Ints
    support: Ints
    unclear: Ints
    unclear_note: Ints


_NONE: Ints = np.empty(0, dtype=np.int64)


def _fold(households: int, at: Ints, status: Status, note: Ints) -> tuple[Status, Ints]:
    """The best status of each household, with the greatest note among the parts that have it."""
    best = np.full(households, -1, dtype=np.int64)
    np.maximum.at(best, at, status * 1000 + note)
    return np.where(best < 0, SILENT, best // 1000), np.where(best < 0, 0, best % 1000)


def _outcome(book: Book, rows: Ints, status: Status, note: Ints) -> Outcome:
    folded, notes = _fold(book.n_households, book.household[rows], status, note)
    unclear = status == NOT_ASSESSABLE
    return Outcome(folded, notes, rows[status == MET], rows[unclear], note[unclear])


def _rows(book: Book, test: Dated | InForce | Count, once: Mask) -> Ints:
    """Facts of the test's kinds and codes, each counted once."""
    rows = book.rows_of(test.kinds)
    rows = rows[once[rows]]
    if test.codes or test.not_codes:
        names = np.array([*book.code_names, ""], dtype=object)[book.code[rows]]
        wanted = np.isin(names, test.codes) if test.codes else np.ones(len(rows), dtype=bool)
        rows = rows[wanted & ~np.isin(names, test.not_codes)]
    return rows


def _fits(book: Book, rows: Ints, test: Dated | InForce | Count, on: Days) -> tuple[Mask, Mask]:
    """Whether the person of each fact is of the kind asked for on the day `on`, and whether that is known."""
    if test.who == "anyone":
        return np.ones(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)
    day = book.reaches(test.age)[book.person[rows]]
    pupil_of_unknown_age = np.isnat(day) & book.is_pupil[book.person[rows]]
    known = pupil_of_unknown_age | (~np.isnat(day) & ~np.isnat(on))
    child = (day > on) | pupil_of_unknown_age
    return (child if test.who == "child" else ~child) & known, known


def _within(book: Book, rows: Ints, months: int | None, column: str) -> tuple[Mask, Mask]:
    """Whether each fact lies in the window that ends at as_at, and whether that is known.

    `column` begun or ended: that day; span: any day from begun to ended (no end: still running).
    """
    last = np.datetime64(book.as_at)
    first = np.datetime64(window_start(book.as_at, months)) if months else np.datetime64("0001-01-01")
    begun, ended = book.begun[rows], book.ended[rows]
    if column != "span":
        day = begun if column == "begun" else ended
        return (day >= first) & (day <= last), ~np.isnat(day)
    inside = (begun <= last) & ((ended >= first) | np.isnat(ended))
    inside |= np.isnat(begun) & (ended >= first) & (ended <= last)
    return inside, ~np.isnat(begun) | (ended <= last)


def _three(inside: Mask, dated: Mask, fits: Mask, aged: Mask) -> tuple[Status, Ints]:
    """Both parts hold: met; either is known to fail: not met; else not assessable, and why."""
    status = np.where(inside & fits, MET, NOT_ASSESSABLE)
    status = np.where((dated & ~inside) | (aged & ~fits), NOT_MET, status)
    note = np.where(dated, NO_DOB, NO_DATE)
    return status, np.where(status == NOT_ASSESSABLE, note, 0)


def dated(book: Book, test: Dated) -> Outcome:
    """Any member has a fact dated within the last months."""
    rows = _rows(book, test, book.once_a_person)
    inside, known = _within(book, rows, test.months, test.date)
    if test.undated == "counts" or test.months is None:
        inside, known = inside | ~known, np.ones(len(rows), dtype=bool)
    on = book.begun[rows] if test.age_on == "begun" else np.full(len(rows), np.datetime64(book.as_at))
    fits, aged = _fits(book, rows, test, on)
    status, note = _three(inside, known, fits, aged)
    if test.age_on == "begun" and test.who != "anyone":  # the day of the age is a date that the fact needs
        undated = np.isnat(on) & (status == MET)
        status = np.where(undated, NOT_ASSESSABLE, status)
        note = np.where((status == NOT_ASSESSABLE) & np.isnat(on), NO_DATE, note)
    return _outcome(book, rows, status, note)


def in_force(book: Book, test: InForce) -> Outcome:
    """Any member has a fact begun on or before as_at and not ended before it (or before the window)."""
    rows = _rows(book, test, book.once_a_person)
    last = np.datetime64(book.as_at)
    first = last if test.during == "as_at" else np.datetime64(window_start(book.as_at, test.months))
    begun, ended = book.begun[rows], book.ended[rows]
    over = ended < first
    inside = (begun <= last) & ~over
    known = over | ~np.isnat(begun)
    fits, aged = _fits(book, rows, test, np.full(len(rows), last))
    old = np.zeros(len(rows), dtype=bool)
    if test.open_months is not None:
        old = inside & np.isnat(ended) & (begun < np.datetime64(oldest_within(book.as_at, test.open_months)))
        if test.stale != "in_force":
            inside &= ~old
        if test.stale == "not_assessable":
            known &= ~old
    status, note = _three(inside, known, fits, aged)
    note = np.where((status == NOT_ASSESSABLE) & old, OLD_CONTRACT, note)
    return _outcome(book, rows, status, note)


def count(book: Book, test: Count) -> Outcome:
    """The quantities of all members together reach a number; a fact without a quantity is one."""
    rows = _rows(book, test, book.once_a_household)
    quantity = np.where(book.has_quantity[rows], book.quantity[rows], 1)
    begun, ended = book.begun[rows], book.ended[rows]
    first = np.datetime64(window_start(book.as_at, test.months)) if test.months else np.datetime64("0001-01-01")
    last_day = np.where(np.isnat(ended), begun, ended)  # an event without an end is over on the day it happened
    inside = (begun <= np.datetime64(book.as_at)) & (last_day >= first)
    known = ~np.isnat(begun)
    if test.undated == "counts" or test.months is None:
        inside, known = inside | ~known, np.ones(len(rows), dtype=bool)
    fits, aged = _fits(book, rows, test, np.full(len(rows), np.datetime64(book.as_at)))
    part, why = _three(inside, known, fits, aged)
    at = book.household[rows]
    sure = np.zeros(book.n_households, dtype=np.int64)
    perhaps = np.zeros(book.n_households, dtype=np.int64)
    np.add.at(sure, at[part == MET], quantity[part == MET])
    np.add.at(perhaps, at[part != NOT_MET], quantity[part != NOT_MET])
    spoke = np.zeros(book.n_households, dtype=bool)
    spoke[at] = True
    status = np.where(sure >= test.at_least, MET, np.where(perhaps >= test.at_least, NOT_ASSESSABLE, NOT_MET))
    _, notes = _fold(book.n_households, at, np.full(len(at), MET), why)
    unclear = (part == NOT_ASSESSABLE) & (status[at] == NOT_ASSESSABLE)
    support = (part == MET) & (status[at] == MET) & (quantity > 0)
    return Outcome(
        np.where(spoke, status, SILENT), np.where(status == NOT_ASSESSABLE, notes, 0),
        rows[support], rows[unclear], why[unclear],
    )  # fmt: skip


def _terms_note(supplied: Ints, terms: int) -> Ints:
    return np.where(supplied < terms, TERMS_SUPPLIED + 10 * terms + supplied, 0)


def _of_children(
    book: Book, mine: Children, status: Status, note: Ints, support: Ints, unclear: Ints, why: int
) -> Outcome:
    folded, notes = _fold(book.n_households, book.home[mine.people], status, note)
    return Outcome(folded, notes, support, unclear, np.full(len(unclear), why, dtype=np.int64))


def _no_school_data(book: Book) -> Outcome:
    everywhere = np.full(book.n_households, NOT_ASSESSABLE, dtype=np.int64)
    return Outcome(everywhere, np.full(book.n_households, NO_SCHOOL_DATA, dtype=np.int64), _NONE, _NONE, _NONE)


def in_term(book: Book, test: InTerm) -> Outcome:
    """Any child has a fact in the last terms, or in its own latest one; a child without any school fact is unknown."""
    if book.latest_term == NO_TERM:
        return _no_school_data(book)
    school = book.facts_of_children(test.age, test.terms, book.school_kinds)
    supplied = school.supplied
    own_latest = np.full(len(school.people), NO_TERM, dtype=np.int64)
    np.maximum.at(own_latest, school.child[school.inside], school.term[school.inside])
    mine = book.facts_of_children(test.age, test.terms, frozenset(test.kinds))
    undated = mine.term == NO_TERM
    if test.which == "any":
        inside = mine.inside
    elif test.which == "latest":
        inside = mine.inside & (mine.term == own_latest[mine.child])
    else:
        inside = undated | (mine.term <= book.latest_term)
        undated = np.zeros(len(mine.rows), dtype=bool)
    if test.unless:
        other = book.facts_of_children(test.age, test.terms, frozenset(test.unless))
        asked = np.zeros(len(other.people), dtype=bool)
        asked[mine.child] = True  # nearly every child has such facts, few have those that they would take away
        taken = np.isin(_cell(mine), _cell(other.chosen(asked[other.child]))) & ~undated
        inside, undated = inside & ~taken, undated & ~taken
    unaged = np.zeros(len(mine.rows), dtype=bool)
    if test.under is not None:
        turns = birthdays(book.born[book.person[mine.rows]], test.under)
        unaged = inside & np.isnat(turns)
        inside &= turns > school_year_starts(mine.term)
    status = np.where(supplied > 0, NOT_MET, NOT_ASSESSABLE).astype(np.int64)
    note = np.where(supplied > 0, _terms_note(supplied, test.terms), NO_ROW)
    for mask, better, why in ((undated, NOT_ASSESSABLE, NO_DATE), (unaged, NOT_ASSESSABLE, NO_DOB)):
        doubtful = np.zeros(len(status), dtype=bool)
        doubtful[mine.child[mask]] = True
        status, note = np.where(doubtful, better, status), np.where(doubtful, why, note)
    met = np.zeros(len(status), dtype=bool)
    met[mine.child[inside]] = True
    status = np.where(met, MET, status)
    note = np.where(met, _terms_note(supplied, test.terms), note)
    return _of_children(book, school, status, note, mine.rows[inside], mine.rows[undated], NO_DATE)


def _cell(children: Children) -> Ints:
    """One number for a child and a term."""
    return children.child * 100_000 + children.term


def term_sum(book: Book, test: TermSum) -> Outcome:
    """Any child's quantities over the last terms reach a number; terms without figures are unknown, not zero."""
    if book.latest_term == NO_TERM:
        return _no_school_data(book)
    has_row = book.facts_of_children(test.age, test.terms, book.school_kinds).supplied > 0
    mine = _with_figures(book, book.facts_of_children(test.age, test.terms, frozenset(test.kinds)))
    supplied = mine.supplied
    total = np.zeros(len(mine.people), dtype=np.int64)
    np.add.at(total, mine.child[mine.inside], book.quantity[mine.rows[mine.inside]])
    undated = mine.term == NO_TERM
    perhaps = total.copy()
    np.add.at(perhaps, mine.child[undated], book.quantity[mine.rows[undated]])
    doubtful = (perhaps >= test.at_least) & (total < test.at_least)
    status = np.where(total >= test.at_least, MET, np.where(doubtful | (supplied == 0), NOT_ASSESSABLE, NOT_MET))
    note = np.where(supplied == 0, np.where(has_row, NO_FIGURES, NO_ROW), _terms_note(supplied, test.terms))
    note = np.where(doubtful, NO_DATE, note)
    support = mine.inside & (status[mine.child] == MET) & (book.quantity[mine.rows] > 0)
    return _of_children(
        book, mine, status, note, mine.rows[support], mine.rows[undated & doubtful[mine.child]], NO_DATE
    )


def _with_figures(book: Book, children: Children) -> Children:
    return children.chosen(book.has_quantity[children.rows])


def term_ratio(book: Book, test: TermRatio) -> Outcome:
    """Any child's sum of `part` over sum of `whole` reaches the percentage, in whole numbers.

    A term counts where every enrolment of the child gave both figures: one without the other would distort the ratio.
    """
    if book.latest_term == NO_TERM:
        return _no_school_data(book)
    has_row = book.facts_of_children(test.age, test.terms, book.school_kinds).supplied > 0
    both = _with_figures(book, book.facts_of_children(test.age, test.terms, frozenset(test.kinds)))
    both = both.chosen(both.inside)
    is_whole = book.kind[both.rows] == (book.kinds.index(test.whole) if test.whole in book.kinds else NOBODY)
    cell = both.child * test.terms + both.ago
    wholes, parts = (np.bincount(cell[side], minlength=len(both.people) * test.terms) for side in (is_whole, ~is_whole))
    paired = (wholes == parts)[cell]
    used, is_whole = both.chosen(paired), is_whole[paired]
    supplied = used.supplied
    part = np.zeros(len(used.people), dtype=np.int64)
    whole = np.zeros(len(used.people), dtype=np.int64)
    quantity = book.quantity[used.rows]
    np.add.at(part, used.child[~is_whole], quantity[~is_whole])
    np.add.at(whole, used.child[is_whole], quantity[is_whole])
    status = np.where(whole <= 0, NOT_ASSESSABLE, np.where(part * 100 >= whole * test.percent, MET, NOT_MET))
    empty = np.where(supplied > 0, NO_SESSIONS, np.where(has_row, NO_FIGURES, NO_ROW))
    note = np.where(whole <= 0, empty, _terms_note(supplied, test.terms))
    support = status[used.child] == MET
    return _of_children(book, used, status, note, used.rows[support], _NONE, 0)


def evaluate(book: Book, test: AnyTest) -> Outcome:
    """The outcome of one test for every household."""
    match test:
        case Dated():
            return dated(book, test)
        case InForce():
            return in_force(book, test)
        case Count():
            return count(book, test)
        case InTerm():
            return in_term(book, test)
        case TermSum():
            return term_sum(book, test)
        case TermRatio():
            return term_ratio(book, test)
