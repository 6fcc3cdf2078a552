"""Evidence meets households: names go, what a criterion may know stays.

Takes records, evidence, and who is which person in which household; gives PEOPLE and FACTS. A fact is used for a household
only where the flow that brought it names identification among its purposes and the household's programme among its
recipients, or where the programmes match jointly under an agreement of their own (agreement, sections 4.3, 5 and 9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.tables import lookup
from specs.load import AREAS, ExtractSpec, Flow
from specs.tables import FACTS, PEOPLE, supplies_of

SCHOOL_KINDS = (
    "sessions_possible", "sessions_unauthorised", "fixed_exclusions", "permanent_exclusion", "excluded_provision",
    "on_roll", "home_educated", "not_on_roll",
)  # fmt: skip


@dataclass(frozen=True)
class Delivered:
    """What one supplier delivered of one data set: under which flow, and which records (`mine`, bool a record)."""

    dataset: str
    supplier: str
    flow: Flow
    mine: np.ndarray

    def goes_to(self) -> np.ndarray:
        """Whether the flow goes to the programme of each area, in the order of AREAS."""
        return np.array([area in self.flow.recipients for area in AREAS])


def flows_of(records: pa.Table, specs: Mapping[str, ExtractSpec]) -> Iterator[Delivered]:
    """The supplies among `records` that a specification describes; records of the registry are of none."""
    supplies = supplies_of(records)
    which = supplies.indices.to_numpy()
    for number, name in enumerate(supplies.dictionary.to_pylist()):
        dataset, _, supplier = name.partition(".")
        if dataset in specs:
            yield Delivered(dataset, supplier, specs[dataset].flow_for(supplier), which == number)


def area_codes(households: pa.Table) -> np.ndarray:
    """Position in AREAS of each household's area, and `other` once more at the end: no household (-1) reads that."""
    codes = pc.index_in(households["area"], value_set=pa.array(AREAS))
    return np.append(codes.to_numpy(), AREAS.index("other"))


def usable(
    records: pa.Table, household_area: np.ndarray, specs: Mapping[str, ExtractSpec], *, joint_match: bool
) -> np.ndarray:
    """Which records' evidence may count for the household of area code `household_area` (position in AREAS): bool a record."""
    allowed = np.zeros(records.num_rows, dtype=bool)
    for supply in flows_of(records, specs):
        if "identification" in supply.flow.purposes:
            allowed |= supply.mine if joint_match else supply.mine & supply.goes_to()[household_area]
    return allowed


def people(persons: pa.Table, household_members: pa.Table, evidence: pa.Table, persons_of: np.ndarray) -> pa.Table:
    """PEOPLE: one row a person; a pupil is who has any school evidence this month."""
    school = pc.is_in(evidence["kind"], value_set=pa.array(SCHOOL_KINDS)).to_numpy(zero_copy_only=False)
    pupils = np.zeros(persons.num_rows, dtype=bool)
    of = persons_of[evidence["record_id"].to_numpy()[school]]
    pupils[of[of >= 0]] = True
    homes = lookup(household_members, "person_id", "household_id", persons.num_rows)
    return pa.table(
        {
            "person_id": persons["person_id"],
            "household_id": homes,
            "born": persons["dob"],
            "pupil": pupils[persons["person_id"].to_numpy()],
        },
        schema=PEOPLE.schema,
    )


def facts(evidence: pa.Table, persons_of: np.ndarray, households_of: np.ndarray, allowed: np.ndarray) -> pa.Table:
    """FACTS: evidence whose household is known and whose flow allows the use."""
    record = evidence["record_id"].to_numpy()
    keep = (households_of[record] >= 0) & allowed[record]
    evidence, record = evidence.filter(pa.array(keep)), record[keep]
    person = persons_of[record]
    return pa.table(
        {
            "evidence_id": evidence["evidence_id"],
            "household_id": households_of[record],
            "person_id": pa.array(person, mask=person < 0),
            "kind": evidence["kind"],
            "code": evidence["code"],
            "begun": evidence["begun"],
            "ended": evidence["ended"],
            "quantity": evidence["quantity"],
            "fact_key": evidence["fact_key"],
        },
        schema=FACTS.schema,
    )


def unsupplied(
    supplied: set[tuple[str, str]], expected: tuple[str, ...], specs: Mapping[str, ExtractSpec]
) -> frozenset[tuple[str, str]]:
    """(area, evidence kind) that nobody supplied this month, so that what rests on it is not assessable.

    A kind is supplied for an area when a supply that gives it came; `expected` ("dataset" or "dataset.supplier") narrows
    that: an expected supply that is absent leaves its recipients' areas without its kinds, unless another supply for the
    same area gives them.
    """
    gives = {dataset: {rule.kind for rule in spec.evidence} for dataset, spec in specs.items()}
    lacking: set[tuple[str, str]] = set()
    came = {kind for dataset, _ in supplied for kind in gives.get(dataset, ())}
    for kind in {kind for kinds in gives.values() for kind in kinds} - came:
        lacking |= {(area, kind) for area in AREAS}
    for name in expected:
        dataset, _, supplier = name.partition(".")
        if dataset not in specs or (dataset, supplier) in supplied:
            continue
        for area in specs[dataset].flow_for(supplier).recipients:
            for kind in gives[dataset]:
                others = (
                    kind in gives.get(other, ()) and area in specs[other].flow_for(by).recipients
                    for other, by in supplied
                )  # fmt: skip
                if not any(others):
                    lacking.add((area, kind))
    return frozenset(lacking)
