"""What is looked for after a deletion: the batch's canaries, and a random sample of what the deleted rows held.

The canaries are derived from their seed again, so that they are known after a crash too. The sample is drawn in memory before
the people are forgotten, of values of eight characters or more that no kept row holds; it is never written, never shown, and
gone when the process ends. A finding is refused with file and offset.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.canaries import seed_name, values_of
from matcher.purge.certificate import Search
from matcher.purge.residue import Searched, search_all
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.tables import MonthTables
from matcher.workspace import Workspace
from specs.load import load_extract_specs

COLUMNS = ("address", "ref", "nino", "upn")
SHORTEST = 8
SAMPLE = 120
_TRIES = 10  # draws for each value wanted
_PARTED = "\t"  # between forename and surname: intake leaves no such character in a name
CANARIES = "canaries"
"""In a batch's plan: the names of the supplies that held canaries."""


@dataclass(frozen=True)
class Sought:
    """What is searched for. `sample` is None where the values of the deleted are not known any more."""

    canaries: tuple[str, ...]
    people: int
    sample: tuple[str, ...] | None

    def search(self, workspace: Workspace, registry: Registry) -> Searched:
        """Search every byte under the workspace, and every cell of the registry."""
        return search_all(workspace, [*self.canaries, *(self.sample or ())], cells=registry.every_cell())

    def told(self, searched: Searched) -> Search:
        """The search as a certificate tells it: counts only."""
        return Search(
            canary_people=self.people,
            canary_values=len(self.canaries),
            sample_values=None if self.sample is None else len(self.sample),
            files=searched.files,
            bytes=searched.bytes,
            findings=len(searched.findings),
            not_searched=len(searched.not_opened),
        )


def sought(workspace: Workspace, batch: Batch, sample: Sequence[str] | None) -> Sought:
    """What to look for after a deletion of `batch`. Without the seed (an older batch, a lost key) no canary is known."""
    seed = workspace.keys.get(seed_name(batch.batch_id))
    supplies = batch.plan.get(CANARIES, ())
    values, people = values_of(seed, load_extract_specs(), supplies) if seed and supplies else ([], 0)
    return Sought(tuple(values), people, None if sample is None else tuple(sample))


def refuse_residue(workspace: Workspace, batch: Batch, searched: Searched, *, but: str) -> None:
    """Raises UserError (exit 6) where something that should be gone was found: file and offset, never the value."""
    if not searched.findings:
        return
    Audit(workspace).append("residue_found", batch=batch.batch_id, places=len(searched.findings))
    raise UserError(
        f"The search after the deletion found something that should be gone; {but}.",
        where=(f"{finding.file}, offset {finding.offset}" for finding in searched.findings[:20]),
        todo="remove these files if they are not the program's own, then run `matcher resume`",
        code=Exit.RESIDUE,
    )


def sample(tables: MonthTables, kept: MonthTables, earlier: Iterable[str]) -> list[str]:
    """Up to SAMPLE values of the rows let go, spread over names, addresses and identifiers.

    None of them stands in what is kept, nor in `earlier`: the texts that the registry held rightly before this batch. Of a name
    the surname must not: the lists put names of kept people together, middle names too, and one of them may be a namesake's.
    """
    held = "\n".join([*_texts(kept), *earlier]).casefold()
    found: list[str] = []
    columns: dict[str, pa.ChunkedArray] = {name: tables.records[name] for name in COLUMNS}
    columns["name"] = pc.binary_join_element_wise(tables.records["forename"], tables.records["surname"], _PARTED)
    for values in columns.values():
        distinct = pc.unique(values.drop_null())
        long = distinct.filter(pc.greater_equal(pc.utf8_length(distinct), SHORTEST))
        wanted = SAMPLE // len(columns)
        for _ in range(wanted * _TRIES):
            if not len(long) or wanted == 0:
                break
            value = long[secrets.randbelow(len(long))].as_py()
            text = value.replace(_PARTED, " ")
            if value.rpartition(_PARTED)[2].casefold() not in held and text not in found:
                found.append(text)
                wanted -= 1
    return found


def _texts(kept: MonthTables) -> list[str]:
    """Every text of the kept people, households, rows and facts."""
    return [
        value
        for table in (kept.records, kept.persons, kept.households, kept.evidence)
        for column in table.columns
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        for value in pc.unique(column.drop_null()).to_pylist()
    ]
