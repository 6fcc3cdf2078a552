"""Areas: by district, else postcode sector, else supplier, else other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from matcher.errors import UserError
from matcher.households.areas import area_of_district, find_areas, sector_table, shipped_areas
from specs.load import AREAS
from tests.households.world import gazetteer_of, placed_of


def texts(*values: str | None) -> np.ndarray:
    return np.array(values, dtype=object)


def area_of(district: str | None, postcode: str | None, supplier: str | None, areas: pa.Table | None = None) -> str:
    return find_areas(texts(district), texts(postcode), texts(supplier), areas)[0][0]


@pytest.mark.parametrize(
    ("district", "postcode", "supplier", "area"),
    [
        ("Leicester", "LE2 4AA", "county", "city"),  # the district wins
        ("Leicester City Council", None, None, "city"),
        ("Hinckley & Bosworth Borough Council", None, None, "county"),
        ("Rutland County Council", None, None, "rutland"),
        ("Rushcliffe", "LE1 1AA", "city", "other"),
        (None, "LE1 1AA", "county", "city"),  # then the sector
        (None, "LE2 4AA", None, "county"),
        (None, "LE15 6AA", None, "rutland"),
        (None, "M1 1AA", "county", "county"),  # then the supplier
        (None, None, "rutland", "rutland"),
        (None, None, None, "other"),
    ],
)
def test_area(district: str | None, postcode: str | None, supplier: str | None, area: str) -> None:
    assert area_of(district, postcode, supplier) == area


def test_a_workspaces_table_replaces_the_shipped_one() -> None:
    table = pa.table({"sector": ["LE1 1", "M1"], "district": ["X", "Y"], "area": ["Rutland", "other"]})
    assert area_of(None, "LE1 1AA", None, table) == "rutland"
    assert area_of(None, "M1 9ZZ", "city", table) == "other"
    assert area_of(None, "LE2 4AA", None, table) == "other"


def test_the_shipped_table_covers_the_county_and_agrees_with_itself() -> None:
    table = shipped_areas().to_pylist()
    assert {row["area"] for row in table} == set(AREAS)
    assert all(area_of_district(row["district"]) in (row["area"], None) for row in table)
    assert {row["sector"].split()[0] for row in table} >= {f"LE{number}" for number in range(1, 20)} | {"LE65", "LE67"}


def test_a_table_without_areas_is_refused() -> None:
    with pytest.raises(UserError, match=r"lacks columns") as error:
        sector_table(pa.table({"sector": ["LE1 1"]}))
    assert "area" in str(error.value)
    assert "sector, district, area" in str(error.value)


def test_an_unknown_area_is_refused_by_line_without_its_value() -> None:
    with pytest.raises(UserError, match=r"does not exist") as error:
        sector_table(pa.table({"sector": ["LE1 1", "LE1 2"], "area": ["city", "atlantis"]}))
    assert "line 3" in str(error.value)
    assert "atlantis" not in str(error.value)


def test_households_carry_district_and_area() -> None:
    placed, _, _ = placed_of(
        """
        Ann Smith | 1980-03-01 | dwp          | 12 High Street, LE2 1AA
        Fay Jones | 1982-03-01 | dwp          | 4 Low Road, LE2 4AB
        Guy Brown | 1982-03-01 | yos.rutland  | none
        Hal White | 1982-03-01 | yos          | none
        """,
        gazetteer=gazetteer_of(
            [{"uprn": "7", "number": "12", "street": "HIGH STREET", "postcode": "LE2 1AA", "district": "Blaby"}]
        ),
        supplier_areas={("yos", "rutland"): "rutland"},
    )
    table = placed.households.to_pylist()
    assert [(row["district"], row["area"]) for row in table] == [
        ("Blaby", "county"),
        ("Oadby and Wigston", "county"),
        (None, "rutland"),
        (None, "other"),
    ]
