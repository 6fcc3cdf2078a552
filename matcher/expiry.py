"""Expiry of held batches: what nobody answered in time is destroyed, key first, by the next command of any kind.

Takes a workspace and today's date, gives the batches that expired now. Runs before whatever the command does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from matcher.errors import Exit, UserError
from matcher.registry import Batch, Registry
from matcher.workspace import Workspace


def held_until(batch: Batch, days: int) -> dt.date:
    """The last day on which a held batch may still be answered."""
    return batch.held_until or batch.changed_at.date() + dt.timedelta(days=days)


def enforce_expiry(workspace: Workspace, today: dt.date, say: Callable[[str], None] = lambda line: None) -> list[str]:
    """Destroy, certify and audit every held batch whose time is over; gives their ids. May be done twice.

    Where another run holds the workspace, nothing expires now: the next command does it. Raises UserError.
    """
    with Registry.open(workspace) as registry:
        if not _late(workspace, registry, today):
            return []
        try:
            with workspace.lock("matcher expire"):
                from matcher.runs.ending import end_held  # only where something ends: every command asks
                from matcher.runs.options import Console

                late = _late(workspace, registry, today)  # again: another command may have been faster
                for batch in late:
                    end_held(workspace, registry, batch, "expired", Console(say))
        except UserError as error:
            if error.code != Exit.BUSY:
                raise
            return []
    return [batch.batch_id for batch in late]


def _late(workspace: Workspace, registry: Registry, today: dt.date) -> list[Batch]:
    days = workspace.settings.hold.days
    held = [batch for batch in registry.batches() if batch.state == "held" and held_until(batch, days) < today]
    return [batch for batch in held if workspace.server is None or _lies_here(workspace, batch)]


def _lies_here(workspace: Workspace, batch: Batch) -> bool:
    """Whether what a batch holds is this machine's: on a server registry another one may have run it, and must end it."""
    return workspace.keys.held_key(batch.batch_id) is not None or workspace.held_path(batch.batch_id).exists()
