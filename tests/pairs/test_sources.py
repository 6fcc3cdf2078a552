"""What the sources of two records tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from matcher.pairs import TrainedModel, load_model, score_pairs
from matcher.pairs.compare import Comparer
from matcher.pairs.encode import HOUSEHOLD_ROLES, whole
from matcher.pairs.score import Basis
from matcher.pairs.train import class_logs
from specs.tables import RECORDS
from tests.pairs.towns import SYLLABLES, town


@pytest.fixture(scope="module")
def families() -> pa.Table:
    """120 families of three, of whom a register holds everybody, a service the mother, who is the tenant."""
    rows = []
    for family in range(120):
        surname = SYLLABLES[family % 16] + SYLLABLES[family // 16] + "LEY"
        home = {"number": str(family + 1), "street": "LONG LANE", "postcode": f"LE9 {family % 9}AA"}
        for member, forename in enumerate(("ALBANY", "BERTINE", "CORDULA")):
            born = dt.date(1960 + member + family % 7, 1 + family % 12, 3 + member)
            person = {"forename": forename, "surname": surname, "dob": born, **home}
            sources = ("register", "service") if member == 0 else ("register",)
            role = ("TENANT", "LODGER", "A SECRET WORD")[member]
            person = {**person, "relationship": role}
            rows += [
                {**person, "dataset": source, "ref_system": source, "ref": f"{source}{family}.{member}"}
                for source in sources
            ]
    known = [field for field in RECORDS.schema if field.name in rows[0]]
    return whole(pa.Table.from_pylist(rows, schema=pa.schema(known))).cast(RECORDS.schema)


@pytest.fixture(scope="module")
def basis(families: pa.Table) -> Basis:
    """What the families tell beside a town."""
    found = score_pairs(pa.concat_tables([town(200)[0], families]), load_model(), explain=True)
    assert found.basis is not None
    return found.basis


def test_a_register_of_whole_households_holds_two_of_one_home_and_a_service_of_mothers_does_not(basis: Basis) -> None:
    told = basis.trained.sources["household"]
    assert told["register|register"][1] > 0.5 > 0.0 >= told["service|service"][1]
    assert all(-0.7 <= log <= 3.9 for of in told.values() for log in of)


def test_numbers_learned_before_households_were_told_of_serve_on(basis: Basis) -> None:
    older = {name: of for name, of in basis.trained.sources.items() if name not in ("household", "holders")}
    trained = TrainedModel.from_json(replace(basis.trained, sources=older).to_json())
    assert score_pairs(town(30)[0], load_model(), trained=trained).pairs.num_rows > 30


def _odd(families: pa.Table) -> pa.Table:
    """The families, their service without references, some references with a second surname, role and date of birth."""
    rows = families.to_pylist()
    for at, row in enumerate(rows):
        if row["dataset"] == "service":
            row |= {"ref": None, "ref_system": None}
        elif row["dataset"] == "register" and at % 3 == 0:
            other = {"surname": "MARRIED", "relationship": "OWNER", "dob": row["dob"].replace(year=1950)}
            rows.append({**row, **(other if at % 2 else {"relationship": "OWNER"})})
    table = pa.Table.from_pylist(rows, schema=families.schema)
    return table.set_column(table.column_names.index("record_id"), "record_id", pa.array(range(len(rows)), pa.int64()))


def test_sources_are_learned_and_terms_told_whatever_the_order_of_rows(basis: Basis, families: pa.Table) -> None:
    records = _odd(families)
    other = records.take(pa.array(range(records.num_rows - 1, -1, -1)))
    found, turned = (score_pairs(table, load_model(), explain=True) for table in (records, other))
    assert found.trained.sources["holders"] and found.trained.sources["household"]
    for part, of in found.trained.sources.items():
        for name, logs in of.items():
            assert turned.trained.sources[part][name] == pytest.approx(logs, abs=1e-9), (part, name)
    random = np.random.default_rng(5)
    left, right = np.sort(random.integers(0, basis.encoded.size, (2, 20_000)).astype(np.int32), axis=0)
    layout = basis.model.layout
    patterns = Comparer(basis.encoded, basis.model).patterns(left, right)
    levels, logs = layout.unpack(patterns), class_logs(basis.trained, layout, patterns)
    one, two = (basis.scorer.terms(*ends, levels, logs).weight() for ends in ((left, right), (right, left)))
    assert np.abs(one - two).max() < 1e-9
    assert (one <= basis.scorer.most(patterns) + 1e-6).all(), "no pair weighs more than its pattern can"


def test_who_rents_from_a_landlord_is_a_tenant_elsewhere(basis: Basis) -> None:
    told = basis.trained.sources["holders"]["register>service"]
    assert told[HOUSEHOLD_ROLES.index("TENANT")] > 0.3
    assert told[HOUSEHOLD_ROLES.index("LODGER")] < -0.3
    assert told[HOUSEHOLD_ROLES.index("FATHER")] == 0.0
    assert "SECRET" not in basis.trained.to_json()
