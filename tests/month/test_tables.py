"""Forgetting everybody else, and putting two parts of a month side by side again."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from matcher.evaluation.evaluate import shipped_rules
from matcher.extracts import Intake, find_supplies, read_supplies
from matcher.month import Month, match
from matcher.synthetic import make_month
from matcher.tables import MonthTables, beside, narrow

AS_AT = dt.date(2013, 10, 31)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    folder = tmp_path_factory.mktemp("inbox")
    for name, content in make_month(500, 5, AS_AT).files.items():
        (folder / name).write_bytes(content)
    rules = shipped_rules()
    intake: Intake = read_supplies(find_supplies(folder, rules.specs), rules.specs, AS_AT)
    return match(intake, rules, AS_AT)


def _columns() -> tuple[str, ...]:
    return ("dataset", "supplier", "row", "part")


def rows_by_person(tables: MonthTables) -> set[frozenset[tuple[object, ...]]]:
    """The records of each person, told by where they were delivered: what must not change by renumbering."""
    keys = list(zip(*(tables.records[name].to_pylist() for name in _columns()), strict=True))
    found: dict[int, set[tuple[object, ...]]] = {}
    for record, person in enumerate(tables.person_of().tolist()):
        if person >= 0:
            found.setdefault(person, set()).add(keys[record])
    return {frozenset(rows) for rows in found.values()}


def test_narrowing_keeps_the_chosen_households_whole_and_nothing_else(month: Month) -> None:
    tables = month.tables
    chosen = np.arange(0, tables.households.num_rows, 3)
    part = narrow(tables, chosen)
    assert part.households.num_rows == len(chosen)
    assert part.households["address"].to_pylist() == tables.households.take(pa.array(chosen))["address"].to_pylist()
    inside = np.isin(tables.household_of(), chosen)
    assert part.records.num_rows == int(inside.sum())
    assert rows_by_person(part) <= rows_by_person(tables)
    assert (part.household_of() >= 0).all()
    MonthTables.from_dict(part.as_dict())


def test_the_evidence_of_a_narrowed_month_is_that_of_its_records(month: Month) -> None:
    part = narrow(month.tables, np.arange(10))
    facts = dict(zip(part.evidence["evidence_id"].to_pylist(), part.evidence["fact"].to_pylist(), strict=True))
    rows = part.records
    for evidence, record in zip(
        part.evidence["evidence_id"].to_pylist(), part.evidence["record_id"].to_pylist(), strict=True
    ):
        assert facts[evidence].endswith(f":{rows['row'][record].as_py()}")


def test_two_parts_side_by_side_are_the_month_again(month: Month) -> None:
    tables = month.tables
    everybody = np.arange(tables.households.num_rows)
    again = beside(narrow(tables, everybody[::2]), narrow(tables, everybody[1::2]))
    assert rows_by_person(again) == rows_by_person(narrow(tables, everybody))
    assert sorted(again.decisions["route"].to_pylist()) == sorted(tables.decisions["route"].to_pylist())
    assert again.facts.num_rows == tables.facts.num_rows


def test_narrowing_to_nobody_gives_empty_tables(month: Month) -> None:
    nobody = narrow(month.tables, np.array([], dtype=np.int64))
    assert {name: table.num_rows for name, table in nobody.as_dict().items() if table.num_rows} == {}
