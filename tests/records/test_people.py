"""Names in two columns: each row is read as its own two cells would be, whatever stands beside it."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.records.names import Person, parse_columns
from matcher.records.people import _of_columns

CELLS = st.none() | st.sampled_from(
    ["", " ", "Ann", "ANN MARIE", "Anne-Marie", "Mr John", "Smith", "O'Brien", "de la Cruz", "SMITH, John", "Smith Jones", "J",
     "Unknown", "Baby", "Łukasz", "Ng", "Mary Jane Ann Rose", "A B C D E", "x" * 150, "Singh", "Not known", "(Bob) Robert"]
)  # fmt: skip


@given(st.lists(st.tuples(CELLS, CELLS), max_size=10))
@settings(max_examples=300, deadline=None)
def test_a_row_is_read_as_its_two_cells(rows: list[tuple[str | None, str | None]]) -> None:
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in (0, 1)]
    found = _of_columns(*columns)
    for place, row in enumerate(rows):
        (wanted,) = parse_columns(*row) or (Person(),)
        parts = {name: values[place].as_py() for name, values in found.items()}
        assert (parts["title"], parts["forename"], parts["middle"], parts["surname"]) == wanted[:4]
        assert tuple(parts["surname_parts"] or ()) == wanted.surname_parts
        assert (parts["name_order_sure"], parts["sex"]) == (wanted.order_sure, wanted.sex)
