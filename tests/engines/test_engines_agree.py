"""The default engine finds the same candidate pairs and levels as the reference engine, on any small table."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.engines import in_process, names, open_engine
from matcher.errors import UserError
from matcher.pairs import load_model, score_pairs
from matcher.pairs.compare import Comparer
from matcher.pairs.encode import encode, whole
from specs.tables import RECORDS
from tests.pairs.towns import town

FORENAMES = [
    "MOHAMMED",
    "MUHAMMAD",
    "BOB",
    "ROBERT",
    "R",
    "M",
    "ALI",
    "KULDEEP",
    "KULDIP",
    "SEAN",
    "ANNEMARIE",
    "ANNE",
    "XIAO",
    "JON",
    "JOHN",
    "SINGH",
]
SURNAMES = ["SINGH", "SMITH", "SMYTHE", "SMITH JONES", "JONES", "ALI", "KULDEEP", "OBRIEN", "PATEL", "PATIL", "XQ", "S"]
DATES = [
    dt.date(1980, 1, 2),
    dt.date(1980, 2, 1),
    dt.date(1981, 1, 2),
    dt.date(1980, 1, 1),
    dt.date(2003, 1, 12),
    dt.date(1980, 1, 3),
]


def some(values: list[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(values))


row = st.fixed_dictionaries(
    {
        "forename": some(FORENAMES), "middle": some(["ALI", "KAUR", "MARIE", "MING ER", "J", "SMITH", "R", "ROBERT"]), "surname": some(SURNAMES),
        "dob": st.one_of(st.none(), st.sampled_from(DATES), st.dates(dt.date(1975, 1, 1), dt.date(1985, 1, 1))),
        "sex": some(["M", "F"]), "postcode": some(["LE1 1AA", "LE1 1AB", "LE2 1AA", "LE1 2XY"]), "number": some(["1", "2", "12"]),
        "flat": some(["A", "B"]), "building": some(["ROSE COURT"]), "street": some(["HIGH STREET", "LOW ROAD"]),
        "uprn": some(["100", "101"]), "address_kind": st.sampled_from(["dwelling", "institution", "no_fixed_abode"]),
        "nino": some(["AB123456C", "AB123465C", "ZZ999999A"]), "upn": some(["A123456789012", "B123456789012"]),
        "ref": some(["1", "2"]), "ref_system": some(["yos", "dwp"]),
    }
)  # fmt: skip


def table_of(rows: list[dict[str, object]]) -> pa.Table:
    filled = [r | {"surname_parts": str(r["surname"]).split() if r["surname"] else None} for r in rows]
    return whole(pa.Table.from_pylist(filled, schema=pa.schema([f for f in RECORDS.schema if f.name in filled[0]])))


@pytest.mark.parametrize("name", ["default", "plain"])
@given(st.lists(row, min_size=2, max_size=9))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_engines_give_equal_candidates_and_levels(name: str, rows: list[dict[str, object]]) -> None:
    table, model = table_of(rows), load_model(name)
    encoded = encode(table, model.fields)
    fast, slow = (open_engine(engine, table, encoded, model) for engine in ("in_process", "reference"))
    for a, b in zip(fast.counts(), slow.counts(), strict=True):
        assert np.array_equal(a, b)
    every = np.ones(model.layout.patterns, dtype=bool)
    found = fast.pairs(every)
    assert len(found[0]) == fast.candidate_pairs == slow.candidate_pairs
    for a, b in zip(found, slow.pairs(every), strict=True):
        assert np.array_equal(a, b)
    of = np.array([(a, b) for a in range(len(rows)) for b in range(a + 1, len(rows))], dtype=np.int32)
    assert np.array_equal(fast.patterns(of[:, 0], of[:, 1]), slow.patterns(of[:, 0], of[:, 1]))


@given(st.lists(row, min_size=9, max_size=14))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_forename_tells_the_same_sex_to_both(rows: list[dict[str, object]]) -> None:
    table = table_of([one | {"forename": "ALI" if at % 3 else "XIAO"} for at, one in enumerate(rows)])
    model = load_model()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("matcher.pairs.encode.BEARERS", 2)
        encoded = encode(table, model.fields)
        fast, slow = (open_engine(engine, table, encoded, model) for engine in ("in_process", "reference"))
        of = tuple(side.astype(np.int32) for side in np.triu_indices(len(rows), 1))
        assert np.array_equal(fast.patterns(*of), slow.patterns(*of))


@given(st.lists(row, min_size=2, max_size=9))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_only_wanted_pairs_come_and_those_told_to_be_one_person(rows: list[dict[str, object]]) -> None:
    table, model = table_of(rows), load_model()
    encoded = encode(table)
    for engine in ("in_process", "reference"):
        run = open_engine(engine, table, encoded, model)
        run.counts()
        left, right, _ = run.pairs(np.zeros(model.layout.patterns, dtype=bool))
        assert encoded.told(left, right).all()


@pytest.mark.parametrize("name", ["default", "plain"])
def test_engines_give_the_same_pairs_of_a_town(name: str) -> None:
    table, _ = town(6, seed=3)
    model = load_model(name)
    fast, slow = (score_pairs(table, model, engine=engine) for engine in ("in_process", "reference"))
    assert fast.pairs.num_rows > 20
    assert fast.pairs.equals(slow.pairs)
    assert fast.trained == slow.trained


def test_pairs_too_many_to_remember_are_blocked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = town(20, seed=4)
    remembered = score_pairs(table, load_model())
    monkeypatch.setattr(in_process, "REMEMBERED", 0)
    monkeypatch.setattr(in_process, "CHUNK", 64)
    assert score_pairs(table, load_model()).pairs.equals(remembered.pairs)


def test_patterns_unpack_to_what_was_packed() -> None:
    table, _ = town(5)
    layout = load_model().layout
    left, right = (np.arange(table.num_rows, dtype=np.int32), np.roll(np.arange(table.num_rows, dtype=np.int32), 1))
    levels = Comparer(encode(table), load_model()).levels(left, right)
    assert np.array_equal(layout.unpack(layout.pack(levels)), levels)


def test_no_engine_is_lost() -> None:
    assert names() == ("in_process", "reference", "spark")


def test_an_unknown_engine_is_refused_by_name() -> None:
    table, _ = town(1)
    with pytest.raises(UserError, match="no engine of that name"):
        score_pairs(table, load_model(), engine="abacus")


def test_the_reference_engine_refuses_large_tables() -> None:
    table = whole(pa.table({"forename": pa.array(["A"] * 20_001)}))
    with pytest.raises(UserError, match="at most 20000 records"):
        score_pairs(table, load_model(), engine="reference")
