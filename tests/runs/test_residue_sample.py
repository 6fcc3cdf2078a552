"""The sample of real values that must be gone: only such as no kept row, nor anything that lists make of kept rows, can hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from matcher.runs.residue import SHORTEST, sample


def tables(people: list[tuple[str, str, str]], *, address: str = "1 Elm Grove") -> Any:
    """Tables of people (forename, middle, surname) at one address."""
    forename, middle, surname = (list(names) for names in zip(*people, strict=True))
    count = len(people)
    names = {"forename": forename, "middle": middle, "surname": surname}
    nothing = pa.nulls(count, pa.string())
    return SimpleNamespace(
        records=pa.table({**names, "address": [address] * count, "ref": nothing, "nino": nothing, "upn": nothing}),
        persons=pa.table(names),
        households=pa.table({"address": [address.upper()]}),
        evidence=pa.table({"fact": pa.nulls(1, pa.string())}),
    )


def test_a_namesake_of_what_a_list_puts_together_is_not_looked_for() -> None:
    """A list writes "Zara Abigail North", which holds the name of an Abigail North who was let go."""
    kept = tables([("Zara", "Abigail", "North")])
    month = tables([("Zara", "Abigail", "North"), ("Abigail", "", "North"), ("Rosalind", "", "Quillfeather")])
    assert sample(month, kept, []) == ["Rosalind Quillfeather"]


def test_nothing_that_the_registry_held_before_is_looked_for() -> None:
    kept = tables([("Zara", "", "Ashe")], address="9 Oak Road")
    month = tables([("Zara", "", "Ashe"), ("Rosalind", "", "Quillfeather")], address="22 Far Lane")
    assert set(sample(month, kept, [])) == {"Rosalind Quillfeather", "22 Far Lane"}
    assert sample(month, kept, ["QUILLFEATHER", "Flat 1, 22 Far Lane, Oadby"]) == []


def test_what_could_be_found_by_chance_is_not_looked_for() -> None:
    kept = tables([("Zara", "", "Ashe")], address="9 Oak Road")
    month = tables([("Zara", "", "Ashe"), ("Al", "", "Bo")], address="2 Oak")
    assert sample(month, kept, []) == [] and len("2 Oak") < SHORTEST
