"""The default engine finds the same candidate pairs and levels as the reference engine, on any small table."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.engines import names, open_engine
from matcher.errors import UserError
from matcher.pairs import load_model, score_pairs
from matcher.pairs.compare import pack, unpack
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
        "forename": some(FORENAMES), "middle": some(["ALI", "KAUR", "MARIE", "MING ER", "J", "SMITH"]), "surname": some(SURNAMES),
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


@given(st.lists(row, min_size=2, max_size=9))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_engines_give_equal_candidates_and_levels(rows: list[dict[str, object]]) -> None:
    table, model = table_of(rows), load_model()
    encoded = encode(table)
    fast, slow = (open_engine(name, table, encoded, model) for name in ("in_process", "reference"))
    left, right = fast.candidates()
    assert np.array_equal(np.column_stack([left, right]), np.column_stack(slow.candidates()))
    every = np.array([(a, b) for a in range(len(rows)) for b in range(a + 1, len(rows))], dtype=np.int32)
    assert np.array_equal(fast.levels(every[:, 0], every[:, 1]), slow.levels(every[:, 0], every[:, 1]))


def test_engines_give_the_same_pairs_of_a_town() -> None:
    table, _ = town(6, seed=3)
    model = load_model()
    fast, slow = (score_pairs(table, model, engine=name) for name in ("in_process", "reference"))
    assert fast.pairs.num_rows > 20
    assert fast.pairs.equals(slow.pairs)
    assert fast.trained == slow.trained


def test_patterns_unpack_to_what_was_packed() -> None:
    table, _ = town(5)
    engine = open_engine("in_process", table, encode(table), load_model())
    levels = engine.levels(*engine.candidates())
    assert np.array_equal(unpack(pack(levels)), levels)


def test_no_engine_is_lost() -> None:
    assert names() == ("in_process", "reference")


def test_an_unknown_engine_is_refused_by_name() -> None:
    table, _ = town(1)
    with pytest.raises(UserError, match="no engine of that name"):
        score_pairs(table, load_model(), engine="abacus")


def test_the_reference_engine_refuses_large_tables() -> None:
    table = whole(pa.table({"forename": pa.array(["A"] * 20_001)}))
    with pytest.raises(UserError, match="at most 20000 records"):
        score_pairs(table, load_model(), engine="reference")
