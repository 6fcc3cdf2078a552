"""What the sources of two records tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest

from matcher.pairs import TrainedModel, load_model, score_pairs
from matcher.pairs.encode import ROLES, whole
from matcher.pairs.score import Basis
from specs.tables import RECORDS
from tests.pairs.towns import SYLLABLES, town


@pytest.fixture(scope="module")
def basis() -> Basis:
    """A town, and 120 families of three of whom a register holds everybody, a service the mother, who is the tenant."""
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
    families = whole(pa.Table.from_pylist(rows, schema=pa.schema(known))).cast(RECORDS.schema)
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


def test_sources_are_learned_whatever_the_order_of_rows(basis: Basis) -> None:
    records, _ = town(60)
    other = records.take(pa.array(range(records.num_rows - 1, -1, -1)))
    assert score_pairs(records, load_model()).trained == score_pairs(other, load_model()).trained


def test_who_rents_from_a_landlord_is_a_tenant_elsewhere(basis: Basis) -> None:
    told = basis.trained.sources["holders"]["register>service"]
    assert told[ROLES.index("TENANT")] > 0.3
    assert told[ROLES.index("LODGER")] < -0.3
    assert told[ROLES.index("FATHER")] == 0.0
    assert "SECRET" not in basis.trained.to_json()
