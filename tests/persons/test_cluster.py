"""Persons from scored pairs: who is one, who is not, what is asked, which attributes are best."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

import matcher
from matcher.errors import UserError
from matcher.pairs import load_model, score_pairs
from matcher.persons import Clustered, Thresholds, cluster
from matcher.persons.cluster import members
from specs.tables import MEMBERS, PAIRS, PERSONS, RECORDS, UNCERTAIN, check
from tests.pairs.test_score import ANNA, records
from tests.pairs.towns import measured, town

BORN = dt.date(1980, 5, 6)


def pairs(*rows: tuple[int, int, float]) -> pa.Table:
    weights = [
        {"record_id_l": a, "record_id_r": b, "match_weight": w, "match_probability": 1 / (1 + 2**-w)}
        for a, b, w in rows
    ]
    return pa.Table.from_pylist(weights, schema=PAIRS.schema)


def people(count: int, **more: list[object]) -> pa.Table:
    return records(
        *[{"forename": "ANNA", "dataset": "yos", **{k: v[n] for k, v in more.items()}} for n in range(count)]
    )


def clustered(table: pa.Table, scored: pa.Table, **more: object) -> Clustered:
    found = cluster(table, scored, thresholds=Thresholds(), **more)  # type: ignore[arg-type]
    check(found.persons, PERSONS)
    check(found.members, MEMBERS, records=table, persons=found.persons)
    check(found.uncertain, UNCERTAIN)
    return found


def of(found: Clustered) -> list[int]:
    return found.members["person_id"].to_pylist()


@pytest.mark.parametrize("errors", [0.0, 1.0])
def test_a_town_is_found_again(errors: float) -> None:
    table, truth = town(250, seed=4, errors=errors)
    found = clustered(table, score_pairs(table, load_model()).pairs)
    precision, recall = measured(table, truth, np.array(of(found)))
    assert precision > (0.985 if errors else 0.99)
    assert recall > (0.9 if errors else 0.998)


def test_the_order_of_rows_changes_the_numbering_only() -> None:
    table, _ = town(60, seed=2)
    order = np.random.default_rng(1).permutation(table.num_rows)
    shuffled = table.take(pa.array(order)).set_column(0, "record_id", pa.array(np.arange(table.num_rows)))
    one, other = (np.array(of(clustered(t, score_pairs(t, load_model()).pairs))) for t in (table, shuffled))
    assert (
        len(set(zip(one[order].tolist(), other.tolist(), strict=True)))
        == len(set(one.tolist()))
        == len(set(other.tolist()))
    )


def test_twins_at_one_address_stay_two() -> None:
    home = {"surname": "HARBOTTLE", "dob": BORN, "postcode": "LE1 1AA", "number": "3"}
    rows = [
        {**home, "forename": name, "dataset": d, "ref_system": d, "ref": name}
        for name in ("PETER", "ROSALIND")
        for d in ("a", "b")
    ]
    filler, _ = town(60)
    both = pa.concat_tables([records(*rows).cast(RECORDS.schema), filler])
    table = both.set_column(0, RECORDS.schema.field("record_id"), pa.array(np.arange(both.num_rows)))
    found = of(clustered(table, score_pairs(table, load_model()).pairs))
    assert found[0] == found[1] != found[2] == found[3]


def test_nothing_gives_nothing_and_one_record_is_one_person() -> None:
    assert clustered(RECORDS.empty(), PAIRS.empty()).persons.num_rows == 0
    found = clustered(people(1), PAIRS.empty())
    assert found.members["strength"].to_pylist() == [1.0]


def test_records_that_name_nobody_are_no_members() -> None:
    found = clustered(people(3, names_person=[True, False, True]), pairs((0, 2, 9.0)))
    assert found.members["record_id"].to_pylist() == [0, 2]
    assert of(found) == [0, 0]


def test_a_long_chain_of_weak_links_ends_in_time() -> None:
    chain = pairs(*[(n, n + 1, 4.0 + n % 7) for n in range(1999)])
    assert clustered(people(2000), chain).persons.num_rows > 10


def test_answers_decide() -> None:
    scored = pairs((0, 1, 9.0), (1, 2, -3.0))
    assert of(clustered(people(3), scored, answers={(1, 0): False, (2, 1): True})) == [0, 1, 1]


def test_what_lies_between_the_thresholds_is_asked_once_for_two_persons() -> None:
    scored = pairs((0, 1, 20.0), (0, 2, 2.0), (1, 2, 1.0), (3, 4, 3.8))
    asked = clustered(people(5), scored).uncertain.to_pylist()
    assert [(r["record_id_l"], r["record_id_r"], r["reason"], r["linked"]) for r in asked] == [
        (0, 2, "uncertain_link", False), (3, 4, "uncertain_link", True),
    ]  # fmt: skip
    answered = clustered(people(5), scored, answers={(0, 2): False, (3, 4): True}).uncertain
    assert answered.num_rows == 0


def test_a_chain_that_was_split_is_asked_about() -> None:
    asked = clustered(people(3), pairs((0, 1, 20.0), (1, 2, 6.0), (0, 2, -15.0))).uncertain.to_pylist()
    assert [(r["record_id_l"], r["record_id_r"], r["reason"], r["linked"]) for r in asked] == [(1, 2, "split", False)]


def test_one_upn_on_two_children_is_asked_about_and_not_merged() -> None:
    rows = [
        {**ANNA, "upn": "A123456789012"},
        {**ANNA, "upn": "A123456789012", "forename": "PETER", "dob": dt.date(1991, 11, 27)},
    ]
    table = records(*rows)
    found = clustered(table, score_pairs(table, load_model()).pairs)
    assert of(found) == [0, 1]
    assert found.uncertain["reason"].to_pylist() == ["identifier_conflict"]


def test_the_two_of_a_joint_name_are_no_conflict() -> None:
    table = people(2, ref=["7", "7"], ref_system=["housing", "housing"], part=[0, 1], forename=["A", "B"])
    assert clustered(table, PAIRS.empty()).uncertain.num_rows == 0


def test_the_date_of_birth_delivered_most_often_wins_and_trust_breaks_ties() -> None:
    other = dt.date(1980, 6, 5)
    linked = pairs((0, 1, 20.0), (1, 2, 20.0), (0, 2, 20.0))
    table = people(3, dob=[BORN, other, other], dataset=["education", "yos", "dwp"])
    assert clustered(table, linked, trust={"education": 90}).persons["dob"].to_pylist() == [other]
    table = people(2, dob=[BORN, other], dataset=["yos", "education"])
    assert clustered(table, pairs((0, 1, 20.0)), trust={"education": 90, "yos": 20}).persons["dob"].to_pylist() == [
        other
    ]


def test_a_whole_forename_wins_over_an_initial() -> None:
    table = people(3, forename=["A", "A", "ANNA"], dataset=["a", "b", "c"])
    linked = pairs((0, 1, 20.0), (1, 2, 20.0), (0, 2, 20.0))
    assert clustered(table, linked).persons["forename"].to_pylist() == ["ANNA"]


def test_a_known_person_is_told() -> None:
    table = people(2, known_person=[None, "P-AAAAAAAA"], known_family=[None, "F-AAAAAAAA"])
    found = clustered(table, pairs((0, 1, 20.0))).persons.to_pylist()[0]
    assert (found["known_person"], found["known_family"], found["records"]) == ("P-AAAAAAAA", "F-AAAAAAAA", 2)


def test_thresholds_must_be_in_order() -> None:
    with pytest.raises(ValidationError, match="ask_from must be at most link"):
        Thresholds(link=0.4)


def test_link_takes_any_table_of_persons() -> None:
    table = pa.table({name: town(60)[0][name] for name in ("forename", "surname", "dob", "postcode")})
    found = matcher.link(table)
    assert found.column_names == ["record_id", "person_id"]
    assert len(set(found["person_id"].to_pylist())) < table.num_rows


def test_link_refuses_a_table_that_tells_nobody_apart() -> None:
    with pytest.raises(UserError, match="no column to link by"):
        matcher.link(pa.table({"postcode": ["LE1 1AA"]}))


def test_where_no_households_show_a_chain_is_one_person_as_it_stands() -> None:
    ids = np.arange(3)
    weights = pa.array([12.0, 5.0, -8.0], pa.float32())
    pairs = pa.table({"record_id_l": [0, 1, 0], "record_id_r": [1, 2, 2], "match_weight": weights,
                      "match_probability": pa.array([0.97, 0.97, 0.004], pa.float32())})  # fmt: skip
    assert len(set(members(ids, pairs, Thresholds())["person_id"].to_pylist())) == 2
    assert set(members(ids, pairs, Thresholds(), households=False)["person_id"].to_pylist()) == {0}


def test_an_answer_that_two_are_not_one_holds_against_a_third_record_of_both() -> None:
    weights = pa.array([24.0, 24.0], pa.float32())
    pairs = pa.table({"record_id_l": [0, 1], "record_id_r": [1, 2], "match_weight": weights,
                      "match_probability": pa.array([1.0, 1.0], pa.float32())})  # fmt: skip
    found = members(np.arange(3), pairs, Thresholds(), {(0, 2): False})["person_id"].to_pylist()
    assert found[0] != found[2]
