"""Small worlds from readable tables: one line a record, people named by what stands before the first bar.

    who       | born       | source      | address                        | more
    Ann Smith | 1980-03-01 | dwp         | 12 High Street, LE1 1AA        | seen=2013-10-01

`who` is the true person ("Ann Smith#2" is another of the same name; "-" names nobody). Addresses are written part by part:
"flat B, =Building, 12 Street Name, Town, LE1 1AA"; "none", "nfa" and "hmp" are what they say.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pyarrow as pa

from matcher.households import Placed, place
from specs.tables import DWELLING_ROWS, HOUSEHOLD_MEMBERS, HOUSEHOLDS, MEMBERS, PERSONS, RECORDS, check

AS_AT = dt.date(2013, 10, 31)
TRUST = {
    "dwp": 80, "education": 75, "residents": 85, "housing": 65, "police_asb": 30, "police_iom": 40, "probation": 50,
    "yos": 60, "social_care": 75, "health": 65,
}  # fmt: skip
GAZETTEER_COLUMNS = (
    "uprn", "address", "flat", "building", "number", "street", "town", "postcode", "district", "place_class",
    "easting", "northing",
)  # fmt: skip
_POSTCODE = re.compile(r"^[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}$")
_DATES = {"from": "address_from", "to": "address_to", "seen": "seen_on"}


def address_parts(text: str) -> dict[str, Any]:
    """The parts of one written address."""
    if text in ("none", ""):
        return {"address_kind": "none"}
    if text == "nfa":
        return {"address_kind": "no_fixed_abode", "address": "NO FIXED ABODE"}
    if text == "hmp":
        return {
            "address_kind": "institution",
            "building": "HMP LEICESTER",
            "address": "HMP LEICESTER",
            "postcode": "LE2 7AJ",
        }
    parts: dict[str, Any] = {"address_kind": "dwelling"}
    for piece in (piece.strip().upper() for piece in text.split(",")):
        numbered = re.match(r"^(\d+[A-Z]?)(?: (.+))?$", piece)
        if _POSTCODE.match(piece):
            parts["postcode"] = piece
        elif piece.startswith(("FLAT ", "ROOM ")):
            parts["flat"] = piece.removeprefix("FLAT ")
        elif piece.startswith("="):
            parts["building"] = piece[1:]
        elif numbered and "street" not in parts:
            parts["number"], parts["street"] = numbered.groups()
        elif "street" not in parts:
            parts["street"] = piece
        else:
            parts["town"] = piece
    shown = [parts.get(name) for name in ("flat", "building", "number", "street", "town")]
    parts["address"] = " ".join(piece for piece in shown if piece)
    return parts


def records_of(table: str) -> tuple[pa.Table, list[str]]:
    """RECORDS, and the true person of each ("" for a row that names nobody)."""
    rows, who = [], []
    for line in table.strip().splitlines():
        cells = [cell.strip() for cell in line.split("|")] + [""] * 5
        if not cells[0] or cells[0] == "who":
            continue
        name, born, source, address, more = cells[:5]
        dataset, _, supplier = source.partition(".")
        row: dict[str, Any] = dict.fromkeys(RECORDS.schema.names)
        plain = name.split("#")[0].upper().split()
        row |= {
            "record_id": len(rows), "dataset": dataset, "supplier": supplier, "row": len(rows) + 1, "part": 0,
            "names_person": name != "-", "name_order_sure": True, "beyond": False, "ref_system": source,
        }  # fmt: skip
        if name != "-":
            row |= {"forename": plain[0], "surname": " ".join(plain[1:]), "surname_parts": plain[1:]}
            row["dob"] = dt.date.fromisoformat(born) if born else None
        row |= address_parts(address)
        for word in more.split():
            key, value = word.split("=")
            if key in _DATES:
                row[_DATES[key]] = dt.date.fromisoformat(value)
            elif key in ("row", "part"):
                row[key] = int(value)
            elif key == "as":
                row["relationship"] = value.upper()
            else:
                row[key] = value
        rows.append(row)
        who.append("" if name == "-" else name)
    return pa.Table.from_pylist(rows, schema=RECORDS.schema), who


def members_of(records: pa.Table, who: list[str]) -> tuple[pa.Table, pa.Table, list[str]]:
    """MEMBERS and PERSONS of the true persons, and the persons' names by id."""
    names = sorted({name for name in who if name})
    number = {name: place for place, name in enumerate(names)}
    named = [row for row, name in enumerate(who) if name]
    members = pa.table(
        {
            "record_id": pa.array(named, pa.int64()),
            "person_id": pa.array([number[who[row]] for row in named], pa.int64()),
            "strength": pa.array([1.0] * len(named), pa.float32()),
        },
        schema=MEMBERS.schema,
    )
    people = []
    rows = records.to_pylist()
    for name in names:
        own = [row for row, its in zip(rows, who, strict=True) if its == name]
        best: dict[str, Any] = {"person_id": number[name], "records": len(own)}
        for field in ("forename", "middle", "surname", "dob", "sex", "nino", "upn", "known_person", "known_family"):
            best[field] = next((row[field] for row in own if row[field] is not None), None)
        people.append(best)
    return members, pa.Table.from_pylist(people, schema=PERSONS.schema), names


def gazetteer_of(rows: list[dict[str, str]] | None = None) -> pa.Table:
    schema = pa.schema([(name, pa.string()) for name in GAZETTEER_COLUMNS])
    return pa.Table.from_pylist([dict.fromkeys(GAZETTEER_COLUMNS) | row for row in rows or []], schema=schema)


def placed_of(table: str, **more: Any) -> tuple[Placed, list[str], pa.Table]:
    """`place` on a written table, checked at the seam; the persons' names by id, and the records."""
    records, who = records_of(table)
    members, persons, names = members_of(records, who)
    gazetteer = more.pop("gazetteer", None) or gazetteer_of()
    placed = place(records, members, persons, gazetteer, AS_AT, trust=TRUST, **more)
    check(placed.households, HOUSEHOLDS)
    check(placed.household_members, HOUSEHOLD_MEMBERS, households=placed.households)
    check(placed.dwelling_rows, DWELLING_ROWS, records=records, households=placed.households)
    return placed, names, records


def groups_of(placed: Placed, names: list[str]) -> set[frozenset[str]]:
    """The households as sets of the persons' names."""
    found: dict[int, set[str]] = {}
    table = placed.household_members
    for person, household in zip(table["person_id"].to_pylist(), table["household_id"].to_pylist(), strict=True):
        found.setdefault(household, set()).add(names[person])
    return {frozenset(group) for group in found.values()}


def expected(text: str) -> set[frozenset[str]]:
    """ "Ann Smith, Bob Smith / Cy Jones" -> two households."""
    return {frozenset(name.strip() for name in group.split(",")) for group in text.split("/")}
