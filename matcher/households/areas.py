"""Whose area a household is in: gazetteer district, else postcode sector, else the supplier, else `other`.

Takes households' districts and postcodes and a table (sector, district, area). A row may give a sector ("LE2 4") or a whole
outward code ("LE2"); the sector wins. Without a table the one that `init` copies into a workspace stands in: an
approximation, since sectors cross boundaries. Refuses a table without those columns, or with an area that is none of AREAS.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from matcher.errors import UserError
from specs.load import AREAS

CITY = ("LEICESTER",)
COUNTY = (
    "BLABY", "CHARNWOOD", "HARBOROUGH", "HINCKLEY AND BOSWORTH", "MELTON", "NORTH WEST LEICESTERSHIRE",
    "OADBY AND WIGSTON",
)  # fmt: skip
RUTLAND = ("RUTLAND",)
_OFFICE = {"BOROUGH", "DISTRICT", "COUNCIL", "CITY", "OF", "COUNTY"}


@cache
def shipped_areas() -> pa.Table:
    """The approximate table that comes with the program: sector, district, area."""
    return pyarrow.csv.read_csv(
        Path(__file__).parent.parent / "workspace_files" / "areas.csv",
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() for name in ("sector", "district", "area")}
        ),
    )


def area_of_district(district: str | None) -> str | None:
    """ "Leicester City Council" -> "city"; a district we do not know is `other`; none is None."""
    if not district:
        return None
    words = district.upper().replace("&", " AND ").replace("-", " ").split()
    name = " ".join(word for word in words if word not in _OFFICE)
    if name in CITY:
        return "city"
    if name in RUTLAND:
        return "rutland"
    return "county" if name in COUNTY else "other"


def sector_table(areas: pa.Table | None) -> dict[str, str]:
    """Sector or outward code -> area. Raises UserError where the table is not usable."""
    table = shipped_areas() if areas is None else areas
    lacking = [name for name in ("sector", "area") if name not in table.column_names]
    if lacking:
        raise UserError(
            "The table of areas lacks columns.",
            where=f"areas.csv: {', '.join(lacking)}",
            todo="It needs sector, district, area.",
        )
    found = {}
    for line, (sector, area) in enumerate(zip(table["sector"].to_pylist(), table["area"].to_pylist(), strict=True), 2):
        if not sector:
            continue
        tidy = (area or "").strip().lower()
        if tidy not in AREAS:
            raise UserError(
                "The table of areas names an area that does not exist.",
                where=f"areas.csv, line {line}, column area",
                todo=f"Write one of {', '.join(AREAS)}.",
            )
        found[" ".join(sector.upper().split())] = tidy
    return found


def find_areas(
    district: np.ndarray, postcode: np.ndarray, supplier_area: np.ndarray, areas: pa.Table | None
) -> tuple[np.ndarray, np.ndarray]:
    """(area, district) of each household. All three inputs are object arrays of text or None, one entry a household."""
    table = sector_table(areas)
    districts = _districts(areas)
    by_district = {name: area_of_district(name) for name in set(district.tolist())}
    by_postcode = {text: _by_postcode(text, table) for text in set(postcode.tolist())}
    named = {text: _by_postcode(text, districts) for text in set(postcode.tolist())}
    area = [
        by_district[d] or by_postcode[p] or s or "other"
        for d, p, s in zip(district, postcode, supplier_area, strict=True)
    ]
    found = [d or named[p] or None for d, p in zip(district, postcode, strict=True)]
    return np.array(area, dtype=object), np.array(found, dtype=object)


def _districts(areas: pa.Table | None) -> dict[str, str]:
    table = shipped_areas() if areas is None else areas
    if "district" not in table.column_names:
        return {}
    pairs = zip(table["sector"].to_pylist(), table["district"].to_pylist(), strict=True)
    return {" ".join(sector.upper().split()): district for sector, district in pairs if sector and district}


def _by_postcode(postcode: str | None, table: Mapping[str, str]) -> str | None:
    if not postcode:
        return None
    sector = postcode[:-2]
    return table.get(sector) or table.get(sector.split(" ")[0])
