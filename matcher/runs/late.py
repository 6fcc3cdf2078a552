"""A supply that comes while a batch is held: what is about the held people joins them, the rest is let go.

Takes the held tables, the late supply's records and evidence, and the linkage parameters of the match; gives the tables with
the late evidence in them and decided again, and how many rows were about somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from matcher.households import Placed
from matcher.month import Rules, decide_month, tables_of
from matcher.pairs import TrainedModel, score_pairs
from matcher.persons import Clustered
from matcher.records import Built
from matcher.runs.links import links_of_late
from matcher.tables import MonthTables
from specs.tables import EVIDENCE, MEMBERS, RECORDS


def attach(
    tables: MonthTables,
    late: Built,
    trained: TrainedModel,
    rules: Rules,
    as_at: dt.date,
    missing: frozenset[tuple[str, str]],
) -> tuple[MonthTables, int]:
    """The held tables with the late supply's evidence about held people, and the number of late rows let go."""
    held, count = tables.records.num_rows, late.records.num_rows
    shifted = _shift(late.records, "record_id", held)
    together = pa.concat_tables([tables.records, shifted]).combine_chunks()
    scored = score_pairs(together, rules.model, trained=trained, explain=True, link=rules.thresholds.link)
    person, strength = _best_person(tables, scored.pairs, late.records, rules.thresholds.link)
    joins = person >= 0
    new_ids = np.concatenate([np.arange(held), np.where(joins, held + np.cumsum(joins) - 1, -1)])
    records = _renumber(late.records.filter(pa.array(joins)), "record_id", new_ids[held:][joins])
    records = pa.concat_tables([tables.records, records.cast(RECORDS.schema)]).combine_chunks()
    mine = joins[late.evidence["record_id"].to_numpy()]
    evidence = late.evidence.filter(pa.array(mine))
    start = int(tables.evidence["evidence_id"].to_numpy().max(initial=-1)) + 1
    evidence = _renumber(evidence, "evidence_id", np.arange(start, start + evidence.num_rows))
    evidence = _renumber(evidence, "record_id", new_ids[held:][evidence["record_id"].to_numpy()])
    evidence = pa.concat_tables([tables.evidence, evidence.cast(EVIDENCE.schema)]).combine_chunks()
    members = pa.table(
        {
            "record_id": new_ids[held:][joins],
            "person_id": person[joins],
            "strength": strength[joins].astype(np.float32),
        },
        schema=MEMBERS.schema,
    )
    built = Built(records=records, evidence=evidence, gazetteer=late.gazetteer, beyond={})
    clustered = Clustered(
        pa.concat_tables([tables.members, members]).combine_chunks(), tables.persons, tables.uncertain
    )
    placed = Placed(tables.household_members, tables.households, tables.dwelling_rows, ())
    people, facts, decided = decide_month(built, clustered, placed, rules, as_at, missing)
    let_go = count - int(joins.sum())
    attached = tables_of(built, tables.pairs, clustered, placed, people, facts, decided, tables.links)
    if scored.basis is not None:
        more = links_of_late(scored.basis, scored.pairs, new_ids, attached, held, rules)
        attached = replace(attached, links=pa.concat_tables([tables.links, more]).combine_chunks())
    return attached, let_go


def _best_person(
    tables: MonthTables, pairs: pa.Table, late: pa.Table, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Person (or -1) and match probability of each late record; the rows of one reference go to one person together."""
    held = tables.records.num_rows
    left, right = pairs["record_id_l"].to_numpy(), pairs["record_id_r"].to_numpy()
    chance = pairs["match_probability"].to_numpy()
    across = (left < held) & (right >= held) & (chance >= threshold)
    person_of = tables.person_of()
    best: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, -1))
    systems, refs = late["ref_system"].to_pylist(), late["ref"].to_pylist()
    parts = late["part"].to_pylist()
    groups = [
        f"{s}|{r}|{p}" if r is not None else f"row|{n}"
        for n, (s, r, p) in enumerate(zip(systems, refs, parts, strict=True))
    ]
    for known, new, probability in zip(left[across], right[across] - held, chance[across], strict=True):
        candidate = (float(probability), -int(person_of[known]))  # ties: the lower person id
        if person_of[known] >= 0 and candidate > (best[groups[new]][0], -best[groups[new]][1]):
            best[groups[new]] = (float(probability), int(person_of[known]))
    person = np.array([best[group][1] if group in best else -1 for group in groups], dtype=np.int64)
    strength = np.array([best[group][0] if group in best else 0.0 for group in groups])
    named = pc.fill_null(late["names_person"], False).to_numpy(zero_copy_only=False)
    return np.where(named, person, -1), strength


def _renumber(table: pa.Table, column: str, values: np.ndarray) -> pa.Table:
    position = table.schema.get_field_index(column)
    return table.set_column(position, table.schema.field(position), pa.array(values, pa.int64()))


def _shift(table: pa.Table, column: str, by: int) -> pa.Table:
    return _renumber(table, column, table[column].to_numpy() + by)
