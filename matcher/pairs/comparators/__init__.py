"""The comparators: which levels each gives, best first, and which blocking keys there are.

Level 0 of every comparator is "missing": one of the two records does not hold the value, and nothing is learnt. The other
levels are numbered from 1 in the order listed here; `models/*.toml` chooses comparators, documents each level and gives its
starting values. The last four read one column of any table as it stands.
"""

from __future__ import annotations

LEVELS: dict[str, tuple[str, ...]] = {
    "forename": ("exact", "family", "close", "middle", "swapped", "initial", "near", "similar", "prefix", "different"),
    "surname": ("exact", "part", "family", "close", "middle", "near", "similar", "different"),
    "middle": ("agrees", "different"),
    "dob": ("exact", "swapped", "one_digit", "two_parts", "new_year", "year_near", "different", "generation"),
    "sex": ("same", "different"),
    "address": ("home", "building", "door", "postcode", "neighbour", "district", "different"),
    "identifier": ("same", "close", "different"),
    "jaro_winkler": ("exact", "close", "similar", "different"),
    "date": ("exact", "swapped", "one_edit", "year_near", "different"),
    "postcode": ("exact", "one_edit", "district", "different"),
    "equal": ("same", "different"),
}
OF_A_COLUMN = ("jaro_winkler", "date", "postcode", "equal")

BLOCKING_KEYS: tuple[str, ...] = (
    "names", "forename", "surname", "full_name", "initial", "surname_initial", "dob", "birth_year", "postcode", "home",
    "street_door", "nino", "upn", "nhs", "ref", "known_person",
)  # fmt: skip


def level(comparator: str, name: str) -> int:
    """The number of a level by its name, from 1; 0 for "missing"."""
    return 0 if name == "missing" else LEVELS[comparator].index(name) + 1
