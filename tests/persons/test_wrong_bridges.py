"""A single record that fits two people, or says so by mistake, does not make them one: small towns with people planted in them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from matcher.pairs import load_model, score_pairs
from matcher.persons import Thresholds, cluster
from specs.tables import RECORDS
from tests.pairs.test_score import records
from tests.pairs.towns import town

Row = dict[str, object]
ELDER, YOUNGER = dt.date(1961, 3, 4), dt.date(1992, 10, 17)
HOME: Row = {"surname": "OLDENSHAW", "postcode": "LE77 1AA", "number": "3", "street": "MILL LANE"}
AWAY: Row = {"postcode": "LE78 2BB", "number": "41", "street": "PARK ROAD"}

# Name of the case -> (records of one person, records of another, records that stand between them).
CASES: dict[str, tuple[list[Row], list[Row], list[Row]]] = {
    "twins and a record without a forename": (
        [{**HOME, "forename": "PETER", "dob": YOUNGER}] * 2,
        [{**HOME, "forename": "ROSALIND", "dob": YOUNGER}] * 2,
        [{**HOME, "dob": YOUNGER}],
    ),
    "twins and an initial that both share": (
        [{**HOME, "surname": "MARLBECK", "forename": "PETER", "dob": YOUNGER}] * 2,
        [{**HOME, "surname": "MARLBECK", "forename": "PHILIPPA", "dob": YOUNGER}] * 2,
        [{**HOME, "surname": "MARLBECK", "forename": "P", "dob": YOUNGER}],
    ),
    "father and son of one name, and a record without a date of birth": (
        [{**HOME, "surname": "TARNWICK", "forename": "HAROLD", "dob": ELDER}] * 2,
        [{**HOME, "surname": "TARNWICK", "forename": "HAROLD", "dob": YOUNGER}] * 2,
        [{**HOME, "surname": "TARNWICK", "forename": "HAROLD"}],
    ),
    "father and son, and a date of birth of which the year is the other's": (
        [{**HOME, "surname": "GORSEBY", "forename": "STANLEY", "dob": ELDER}] * 2,
        [{**HOME, "surname": "GORSEBY", "forename": "STANLEY", "dob": dt.date(1992, 3, 14)}] * 2,
        [{**HOME, "surname": "GORSEBY", "forename": "STANLEY", "dob": dt.date(1992, 3, 4)}],
    ),
    "a sibling written down with the names exchanged": (
        [{**HOME, "surname": "MARTIN", "forename": "GREGORY", "dob": dt.date(1990, 1, 9)}] * 2,
        [{**HOME, "surname": "GREGORY", "forename": "MARTIN", "dob": dt.date(1993, 6, 22)}] * 2,
        [{**HOME, "surname": "GREGORY", "forename": "MARTIN"}],
    ),
    "two namesakes in two towns, and one who is between addresses": (
        [{**HOME, "surname": "FENWRIGHT", "forename": "SARAH", "dob": ELDER}] * 2,
        [{**AWAY, "surname": "FENWRIGHT", "forename": "SARAH", "dob": YOUNGER}] * 2,
        [{**AWAY, "postcode": None, "surname": "FENWRIGHT", "forename": "SARAH"}],
    ),
    "one number on two people": (
        [{**HOME, "surname": "ASHDOWN", "forename": "CLARA", "dob": ELDER, "nino": "AB123456C"}] * 2,
        [{**HOME, "surname": "ASHDOWN", "forename": "EDMUND", "dob": YOUNGER}] * 2,
        [{**HOME, "surname": "ASHDOWN", "forename": "EDMUND", "dob": YOUNGER, "nino": "AB123456C"}],
    ),
    "a son named after father and grandfather": (
        [{**HOME, "surname": "ABDIRISAQ", "forename": "WARSAME", "middle": "GULED", "dob": ELDER}] * 2,
        [{**HOME, "surname": "GULED", "forename": "ABDIRISAQ", "middle": "WARSAME", "dob": YOUNGER}] * 2,
        [{**HOME, "surname": "GULED", "forename": "ABDIRISAQ", "middle": "WARSAME"}],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[list[int], list[int], list[int]]]:
    """Persons of each case's records, in a town of other people."""
    rows: list[Row] = []
    places: dict[str, tuple[list[int], list[int], list[int]]] = {}
    for case, parts in CASES.items():
        at: list[list[int]] = []
        for part in parts:
            at.append([])
            for n, row in enumerate(part):
                at[-1].append(len(rows))
                source = f"source_{(n + len(at)) % 4}"
                rows.append({**row, "dataset": source, "ref_system": source, "ref": f"{case} {len(rows)}"})
        places[case] = (at[0], at[1], at[2])
    filler, _ = town(150, seed=3)
    both = pa.concat_tables([records(*rows).cast(RECORDS.schema), filler])
    table = both.set_column(0, RECORDS.schema.field("record_id"), pa.array(np.arange(both.num_rows)))
    person = (
        cluster(table, score_pairs(table, load_model()).pairs, thresholds=Thresholds()).members["person_id"].to_pylist()
    )
    return {
        case: ([person[n] for n in one], [person[n] for n in other], [person[n] for n in between])
        for case, (one, other, between) in places.items()
    }


@pytest.mark.parametrize("case", CASES)
def test_two_people_stay_two(case: str, found: dict[str, tuple[list[int], list[int], list[int]]]) -> None:
    one, other, _ = found[case]
    assert not set(one) & set(other)


@pytest.mark.parametrize("case", CASES)
def test_and_each_stays_whole(case: str, found: dict[str, tuple[list[int], list[int], list[int]]]) -> None:
    one, other, _ = found[case]
    assert len(set(one)) == len(set(other)) == 1


def test_a_record_that_fits_both_twins_is_nobodys(found: dict[str, tuple[list[int], list[int], list[int]]]) -> None:
    one, other, between = found["twins and an initial that both share"]
    assert between[0] not in {*one, *other}
