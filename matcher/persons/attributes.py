"""The best value of each attribute over a person's records.

Takes records with the person of each; gives PERSONS. A value delivered by more supplies wins, then the more trusted data
set, then more rows, then the longer text, then the alphabet: a date of birth is the one delivered most often,
trusted sources first. An initial is taken only where no full forename is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from specs.tables import PERSONS

ATTRIBUTES = ("forename", "middle", "surname", "dob", "sex", "nino", "upn", "known_person", "known_family")


def _best(
    person: npt.NDArray[np.int64],
    column: pa.ChunkedArray,
    supply: npt.NDArray[np.int64],
    trust: npt.NDArray[np.int64],
    name: str,
) -> pa.Array:
    """Row of the best value of each person that has one: (persons, rows)."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    value = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    rows = np.flatnonzero(value >= 0)
    only = np.full(int(person.max(initial=-1)) + 1, -1, dtype=np.int64)  # a value of each person
    only[person[rows]] = value[rows]
    several = np.zeros(len(only), dtype=bool)
    several[person[rows][only[person[rows]] != value[rows]]] = True
    only[several] = -1
    alone = np.flatnonzero(only >= 0)
    rows = rows[several[person[rows]]]
    frame = pd.DataFrame({"person": person[rows], "value": value[rows], "supply": supply[rows], "trust": trust[rows]})
    grouped = frame.groupby(["person", "value"], sort=False).agg(trust=("trust", "max"), rows=("trust", "size"))
    once = frame.drop_duplicates(["person", "value", "supply"]).groupby(["person", "value"], sort=False).size()
    grouped["supplies"] = once
    grouped = grouped.reset_index()
    texts = encoded.dictionary.take(pa.array(grouped["value"].to_numpy())).cast(pa.string())
    length = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    grouped["full"] = length > 1 if name in ("forename", "middle") else True
    grouped["length"] = length
    grouped["order"] = pc.rank(texts, tiebreaker="dense").to_numpy()
    grouped = grouped.sort_values(
        ["person", "full", "supplies", "trust", "rows", "length", "order"],
        ascending=[True, False, False, False, False, False, True],
    ).drop_duplicates("person")
    who = np.concatenate([alone, grouped["person"].to_numpy()])
    return who, encoded.dictionary.take(pa.array(np.concatenate([only[alone], grouped["value"].to_numpy()])))


def persons(records: pa.Table, person: npt.NDArray[np.int64], count: int, trust: Mapping[str, int]) -> pa.Table:
    """PERSONS of records that name a person; `person` numbers each record's person, 0..count-1."""
    datasets = pc.dictionary_encode(records["dataset"].combine_chunks())
    weight = np.array([trust.get(name, 50) for name in datasets.dictionary.to_pylist()] or [50], dtype=np.int64)
    trusted = (
        weight[datasets.indices.to_numpy(zero_copy_only=False)] if records.num_rows else np.zeros(0, dtype=np.int64)
    )
    together = pc.binary_join_element_wise(records["dataset"], records["supplier"], ".").combine_chunks()
    supply = pc.dictionary_encode(together).indices.to_numpy(zero_copy_only=False).astype(np.int64)
    columns: dict[str, pa.Array] = {"person_id": pa.array(np.arange(count, dtype=np.int64))}
    for name in ATTRIBUTES:
        kind = PERSONS.schema.field(name).type
        who, value = _best(person, records[name].cast(kind), supply, trusted, name)
        place = np.full(count, -1, dtype=np.int64)
        place[who] = np.arange(len(who))
        columns[name] = value.take(pa.array(place, mask=place < 0)).cast(kind)
    columns["records"] = pa.array(np.bincount(person, minlength=count).astype(np.int32))
    return pa.table([columns[field.name] for field in PERSONS.schema], schema=PERSONS.schema)
