"""What a held batch keeps, encrypted, until its questions are answered: saved at the hold, read by review and resume."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from matcher.pairs import TrainedModel
from matcher.purge.held import load_held, save_held
from matcher.tables import MonthTables
from matcher.workspace import Workspace
from specs.tables import LINKS

_GAZETTEER, _PARAMETERS = "gazetteer", "parameters"  # held beside the tables of the match


@dataclass(frozen=True)
class Waiting:
    """The part of a match that its questions need. `referral`: DWP's answer is waited for."""

    tables: MonthTables
    gazetteer: pa.Table
    trained: TrainedModel
    unsupplied: frozenset[tuple[str, str]]
    referral: bool

    def save(self, workspace: Workspace, batch_id: str) -> None:
        """Write it under the batch's own key. May be done twice."""
        parameters = pa.table({"trained": [self.trained.to_json()]})
        tables = self.tables.as_dict() | {_GAZETTEER: self.gazetteer, _PARAMETERS: parameters}
        plan = {"unsupplied": [list(pair) for pair in sorted(self.unsupplied)], "referral": self.referral}
        save_held(workspace, batch_id, tables, plan)

    @classmethod
    def load(cls, workspace: Workspace, batch_id: str) -> Waiting:
        """Raises UserError where it is gone or has been changed."""
        stored, plan = load_held(workspace, batch_id)
        gazetteer, parameters = stored.pop(_GAZETTEER), stored.pop(_PARAMETERS)
        stored.setdefault(LINKS.name, LINKS.empty())  # not held by versions before 0.3.0
        return cls(
            tables=MonthTables.from_dict(stored),
            gazetteer=gazetteer,
            trained=TrainedModel.from_json(parameters["trained"][0].as_py()),
            unsupplied=frozenset((area, kind) for area, kind in plan["unsupplied"]),
            referral=plan["referral"],
        )
