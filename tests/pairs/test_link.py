"""`matcher.link` on tables of any make: it links, or says which column it cannot read, and never quotes a value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import matcher
from matcher.errors import UserError
from matcher.linkage import LinkageWarning
from matcher.pairs import load_model
from matcher.pairs.model import FOLDER

BORN = [dt.date(1980, 1, 2), dt.date(1991, 3, 4), dt.date(1970, 1, 1), dt.date(1960, 1, 1)]
FIELDS: dict[str, Any] = {
    "forename": ["ANNA", "BEN", "CARL", "DORA"],
    "surname": ["HILL", "WOOD", "STONE", "LAKE"],
    "dob": BORN,
    "postcode": ["LE1 1AA", "LE2 2BB", "LE3 3CC", "LE4 4DD"],
    "sex": ["F", "M", "M", "F"],
}
TWICE = [0, 1, 2, 3, 0, 1, 2, 3]


def people(**columns: Any) -> pa.Table:
    """Four people, each in two records."""
    given = {**FIELDS, **columns}
    table = pa.table(given)
    return pa.concat_tables([table, table]) if table.num_rows == 4 else table


def linked(table: pa.Table, model: str) -> list[int]:
    found: list[int] = matcher.link(table, model)["person_id"].to_pylist()
    return found


MODELS = ("default", "plain")
NAMES = {
    "lower case": ["anna", "ben", "carl", "dora"],
    "accents": ["Zoë", "Łukasz", "José", "Çelik"],
    "Arabic": ["محمد", "فاطمة", "زينب", "علي"],
    "Chinese": ["王伟", "李娜", "张敏", "刘洋"],
    "Cyrillic": ["Иван", "Пётр", "Анна", "Ольга"],
    "Greek": ["Γιώργος", "Νίκος", "Άννα", "Ελένη"],
    "marks": ["\u200fANNA", "BE\u0301N", "CARL\u202c", "DO\u0300RA"],
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("script", NAMES)
def test_names_in_any_script_link(script: str, model: str) -> None:
    names = NAMES[script]
    assert (
        linked(
            people(forename=names, surname=names[::-1], postcode=["le1 1aa", "le2 2bb", "le3 3cc", "le4 4dd"]), model
        )
        == TWICE
    )


def test_the_default_model_reads_a_name_alike_in_two_scripts() -> None:
    table = people(forename=["Иван", "BEN", "CARL", "DORA"])
    other = table.slice(4).set_column(0, "forename", pa.array(["IVAN", "BEN", "CARL", "DORA"]))
    assert linked(pa.concat_tables([table.slice(0, 4), other]), "default") == TWICE


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("text", ["", " "])
def test_texts_that_say_nothing_neither_fail_nor_link(text: str, model: str) -> None:
    nothing = [text] * 4
    found = linked(people(forename=nothing, surname=nothing, postcode=nothing, sex=nothing), model)
    assert len(found) == 8
    assert len(set(found[:4])) == 4


@pytest.mark.parametrize("model", MODELS)
def test_names_without_a_letter_do_not_fail(model: str) -> None:
    signs = ["😀"] * 4
    assert len(linked(people(forename=signs, surname=signs, postcode=["\u200f"] * 4), model)) == 8


MAKES: dict[str, Callable[[], dict[str, Any]]] = {
    "dictionaries": lambda: {
        **{name: pa.array(values, pa.string()).dictionary_encode() for name, values in FIELDS.items() if name != "dob"},
        "dob": pa.array(BORN, pa.date32()).dictionary_encode(),
    },
    "large strings": lambda: {n: pa.array(v, pa.large_string()) for n, v in FIELDS.items() if n != "dob"},
    "string views": lambda: {n: pa.array(v, pa.string_view()) for n, v in FIELDS.items() if n != "dob"},
    "chunks": lambda: {
        n: pa.chunked_array([v[:1], v[1:1], v[1:]], pa.string()) for n, v in FIELDS.items() if n != "dob"
    },
    "numbers as names": lambda: {"forename": [11, 22, 33, 44]},
    "timestamps": lambda: {"dob": pc.add(pa.array(BORN, pa.date32()).cast(pa.timestamp("us")), dt.timedelta(hours=3))},
    "date64": lambda: {"dob": pa.array(BORN, pa.date64())},
    "dates as text": lambda: {"dob": [day.isoformat() for day in BORN]},
    "the first and the last year": lambda: {
        "dob": [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1677, 1, 1), dt.date(2262, 5, 1)]
    },
    "many columns": lambda: {f"further_{n}": [1, 2, 3, 4] for n in range(3000)},
    "columns of other types that no model reads": lambda: {"tenure": [[1]] * 4, "beyond": ["x"] * 4},
    "a missing part of a joint name": lambda: {"part": pa.nulls(4, pa.int8())},
    "large lists": lambda: {
        "surname_parts": pa.array([["HILL", "WOOD"], None, [], [None, "é"]], pa.large_list(pa.string()))
    },
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("make", MAKES)
def test_columns_of_any_make_link(make: str, model: str) -> None:
    assert linked(people(**MAKES[make]()), model) == TWICE


@pytest.mark.parametrize("column", ["forename", "surname", "dob", "postcode", "sex"])
def test_a_column_of_nothing_is_as_if_it_were_not_there(column: str) -> None:
    for model in MODELS:
        assert linked(people(**{column: pa.nulls(4)}), model) == linked(people().drop([column]), model)


@pytest.mark.parametrize("ids", [[-5, -1, 0, 7], [2**31, 2**40, 2**62, 2**63 - 1], [0, 10**13, 5, 9]])
def test_ids_may_be_any_whole_numbers(ids: list[int]) -> None:
    table = pa.table({**FIELDS, "forename": ["ANNA", "BEN", "ANNA", "BEN"], "record_id": ids})
    same = table.set_column(1, "surname", pa.array(["HILL", "WOOD"] * 2)).set_column(2, "dob", pa.array(BORN[:2] * 2))
    same = same.set_column(3, "postcode", pa.array(["LE1 1AA", "LE2 2BB"] * 2)).set_column(
        4, "sex", pa.array(["F", "M"] * 2)
    )
    found = matcher.link(same, "plain")
    assert found.to_pydict() == {"record_id": ids, "person_id": [0, 1, 0, 1]}


SECRET = "UNSAYABLE"
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "an id twice": ("record_id", {"record_id": [1, 1, 2, 3]}),
    "an id missing": ("record_id", {"record_id": [None, 1, 2, 3]}),
    "ids as text": ("record_id", {"record_id": [SECRET, "1", "2", "3"]}),
    "ids as fractions": ("record_id", {"record_id": [0.5, 1.0, 2.0, 3.0]}),
    "ids too large": ("record_id", {"record_id": pa.array([2**63, 1, 2, 3], pa.uint64())}),
    "dates that are none": ("dob", {"dob": [SECRET] * 4}),
    "dates as numbers": ("dob", {"dob": [1, 2, 3, 4]}),
    "a date beyond the year 9999": ("dob", {"dob": pa.array([2**31 - 1, 1, 2, 3], pa.int32()).cast(pa.date32())}),
    "a date before the year 1": ("dob", {"dob": pa.array([-(2**31), 1, 2, 3], pa.int32()).cast(pa.date32())}),
    "names as bytes": ("forename", {"forename": [SECRET.encode()] * 4}),
    "names as lists": ("surname", {"surname": [[SECRET]] * 4}),
    "names as records": ("surname", {"surname": [{SECRET: 1}] * 4}),
    "a text without end": ("postcode", {"postcode": [SECRET * 1000] * 4}),
    "a part that is none": ("part", {"part": [SECRET] * 4}),
    "a part too large": ("part", {"part": [10**9] * 4}),
    "who names a person as text": ("names_person", {"names_person": [SECRET] * 4}),
    "who names a person unknown": ("names_person", {"names_person": [True, None, True, True]}),
    "parts of a surname in one text": ("surname_parts", {"surname_parts": [SECRET] * 4}),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_column_without_its_value(fault: str) -> None:
    column, given = REFUSED[fault]
    for model in MODELS:
        with pytest.raises(UserError) as caught:
            matcher.link(pa.table({**FIELDS, **given}), model)
        assert caught.value.where == f"column {column}"
        assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_a_column_twice_is_refused() -> None:
    table = pa.table([pa.array(["A"]), pa.array(["B"])], names=["forename", "forename"])
    with pytest.raises(UserError, match="stands twice"):
        matcher.link(table)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(UserError, match="Arrow table"):
        matcher.link({"forename": ["ANNA"]})  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, 90.0, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(UserError, match="no probability"):
        matcher.link(people(), threshold=threshold)


def test_a_model_file_with_faults_is_refused_and_an_absent_one_too(tmp_path: Path) -> None:
    for text in ('id = "x"', "[[[", "\x00"):
        (tmp_path / "odd.toml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="holds faults"):
            matcher.link(people(), tmp_path / "odd.toml")
    with pytest.raises(UserError, match="no linkage model"):
        matcher.link(people(), tmp_path / "none.toml")


def test_a_capped_rule_is_told_as_a_warning() -> None:
    model = load_model("plain")
    small = model.model_copy(
        update={"limits": model.limits.model_copy(update={"pairs_at_least": 100, "pairs_per_record": 1})}
    )
    table = pa.table({"forename": ["ANNA"] * 60, "surname": ["HILL"] * 60})
    with pytest.warns(LinkageWarning, match="60 records") as told:
        matcher.link(table, small)
    assert not any("ANNA" in str(warning.message) or "HILL" in str(warning.message) for warning in told)


@pytest.mark.parametrize("model", MODELS)
def test_two_records_that_agree_in_everything_are_one_person_however_small_the_table(model: str) -> None:
    alike = {"forename": ["Ann"] * 2, "surname": ["Lee"] * 2, "dob": ["1980-05-06"] * 2}
    assert linked(pa.table(alike), model) == [0, 0]
    assert linked(pa.table({**alike, "postcode": ["LE1 3AB"] * 2}), model) == [0, 0]
    assert linked(pa.table({**alike, "postcode": ["LE1 3AB"] * 2, "sex": ["F"] * 2}), model) == [0, 0]
    apart = {"forename": ["Ann", "Bob"], "dob": ["1980-05-06", "1983-04-06"], "postcode": ["LE1 3AB"] * 2}
    assert linked(pa.table({**alike, **apart}), model) == [0, 1]


def test_dates_in_another_form_are_refused_with_the_form_that_is_read() -> None:
    with pytest.raises(UserError, match="2 texts in another form") as told:
        matcher.link(people(dob=["31/12/1931", " ", "", None]))
    assert "yyyy-mm-dd" in told.value.todo
    assert "1931" not in str(told.value)


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(UserError, match="no probability"):
        matcher.link(people(), threshold="0.9")  # type: ignore[arg-type]


def test_answers_decide_their_pairs_by_the_ids_of_records() -> None:
    table = people().append_column("record_id", pa.array(range(100, 108)))
    found = matcher.link(table, answers={(100, 104): False, (101, 100): True}).sort_by("record_id")
    persons = dict(zip(found["record_id"].to_pylist(), found["person_id"].to_pylist(), strict=True))
    assert persons[100] == persons[101] != persons[104]
    assert persons[103] == persons[107]
    with pytest.raises(UserError, match="records that the table does not hold"):
        matcher.link(table, answers={(1, 2): True})


def test_answers_that_contradict_one_another_are_refused() -> None:
    table = pa.table({"forename": ["ANN"] * 3, "surname": ["LEE"] * 3})
    with pytest.raises(UserError, match="contradict"):
        matcher.link(table, answers={(0, 1): True, (1, 2): True, (2, 0): False})
    assert matcher.link(table, answers={(0, 1): True, (2, 0): False})["person_id"].to_pylist()[:2] == [0, 0]


@pytest.mark.parametrize("answers", [{(1, 2, 3): True}, {1: True}, {(0, 1): "no"}, {(0, 1): None}])
def test_answers_of_another_shape_are_refused_in_words(answers: dict[Any, Any]) -> None:
    with pytest.raises(UserError, match="about two records, and yes or no"):
        matcher.link(pa.table({"forename": ["ANN", "ANN"], "surname": ["LEE", "LEE"]}), answers=answers)


@pytest.mark.parametrize("column", ["street", "forename", "nino"])
def test_a_column_that_holds_no_dates_is_not_compared_as_dates_and_its_values_are_not_told(
    tmp_path: Path, column: str
) -> None:
    text = (FOLDER / "plain.toml").read_text(encoding="utf-8").replace('field = "dob"', f'field = "{column}"')
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    table = pa.table({"surname": ["LEE", "LEE"], column: ["SECRETLY", "SECRETLY"]})
    with pytest.raises(UserError, match="in another form") as caught:
        matcher.link(table, str(tmp_path / "own.toml"))
    assert "SECRETLY" not in str(caught.value)


def test_a_model_without_relatives_says_so() -> None:
    plain = load_model("plain")
    without = plain.model_copy(update={"classes": {k: v for k, v in plain.classes.items() if k != "relative"}})
    with pytest.warns(LinkageWarning, match="no class of relatives"):
        matcher.link(people(), without)
