"""Linkage of any table of person records, apart from the monthly match: records -> which person each belongs to.

Takes an Arrow table and a model; gives (record_id, person_id). Refuses what `person_tables.py` refuses: a table that lacks the
columns that the model reads, or holds in one what cannot be read.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from matcher import engines
from matcher.errors import UserError
from matcher.pairs import LinkageModel, load_model, score_pairs
from matcher.pairs.context import components
from matcher.person_tables import readable
from matcher.persons import Thresholds, members

NO_RELATIVES = "the model has no class of relatives: where the table holds households, people of one household may have been taken for one"


class LinkageWarning(UserWarning):
    """What linkage may have missed or taken for one: which rule was capped, and how many records it holds; a model that cannot tell
    relatives. Counts only."""


def link(
    records: pa.Table,
    model: str | Path | LinkageModel = "default",
    threshold: float = 0.9,
    engine: str = "in_process",
    answers: Mapping[tuple[int, int], bool] | None = None,
) -> pa.Table:
    """Persons of a table of records: record_id, person_id (both int64).

    `records` may hold any of the columns of RECORDS (specs/tables.py), names in any script, and whatever columns the model's
    general comparators name, which are compared as they stand. Dates may be dates, times or text such as 1980-05-06.
    `record_id` is any whole number, each once, or the row number from 0 where it is absent. `model` is a shipped model's name,
    the path of a TOML file or a LinkageModel; `threshold` the match probability from which two records are linked. `answers` of
    people (pairs of record ids -> one person or not) decide those pairs and refine the weights of other doubtful ones. Raises
    UserError where the columns that the model reads are absent or cannot be read, for answers about other records or that
    contradict one another, or for an unknown model or engine. Gives a LinkageWarning for each blocking rule that met a value shared by too many records.
    """
    if not isinstance(threshold, int | float) or not 0 < threshold < 1:
        raise UserError("The threshold is no probability.", where="threshold", todo="give a number above 0 and below 1")
    engines.ready(engine)
    known = load_model(model)
    table, ids = readable(records, known)
    if "names_person" in table.column_names:
        table = table.filter(table["names_person"])
    for pair, yes in (answers or {}).items():
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(yes, bool | np.bool_)):
            raise UserError(
                "An answer is about two records, and yes or no.", where="answers", todo="give {(id, id): True or False}"
            )
    place = dict(zip(ids.tolist(), range(len(ids)), strict=True)) if answers else {}
    if not {one for pair in answers or () for one in pair} <= set(place):
        raise UserError("An answer is about records that the table does not hold.", where="answers")
    _consistent(answers or {})
    decided = {(place[a], place[b]): yes for (a, b), yes in (answers or {}).items()}
    scored = score_pairs(table, known, engine=engine, answers=decided, link=threshold)
    no_relatives = () if "relative" in known.classes else (NO_RELATIVES,)
    for warning in (*no_relatives, *scored.warnings):
        warnings.warn(warning, LinkageWarning, stacklevel=2)
    thresholds = Thresholds(link=threshold, ask_from=threshold / 2, ask_to=(1 + threshold) / 2)
    rows = table["record_id"].to_numpy()
    households = scored.trained.sizes["relative"] > 0
    found = members(rows, scored.pairs, thresholds, decided, households=households).select(["record_id", "person_id"])
    return found.set_column(0, "record_id", pa.array(ids[found["record_id"].to_numpy()]))


def _consistent(answers: Mapping[tuple[int, int], bool]) -> None:
    """Raises UserError where answers make two records one person, if through others, and say that they are two."""
    ids, ends = np.unique(np.array(list(answers), dtype=np.int64).reshape(-1, 2), return_inverse=True)
    left, right = ends.reshape(-1, 2).T
    yes = np.fromiter(answers.values(), dtype=bool, count=len(answers))
    person = components(len(ids), left[yes], right[yes])
    if (person[left[~yes]] == person[right[~yes]]).any():
        raise UserError(
            "The answers contradict one another: two records are one person by some, and two people by another.",
            where="answers", todo="take back the one that is wrong",
        )  # fmt: skip
