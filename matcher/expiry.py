"""Expiry of held batches: what nobody answered in time is destroyed, key first, by the next command of any kind.

Takes a workspace and today's date, gives the batches that expired now. Runs before whatever the command does.
"""

from __future__ import annotations

import datetime as dt

from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.held import destroy_held
from matcher.registry import Batch, Registry
from matcher.workspace import Workspace


def held_until(batch: Batch, days: int) -> dt.date:
    """The last day on which a held batch may still be answered."""
    return batch.held_until or batch.changed_at.date() + dt.timedelta(days=days)


def enforce_expiry(workspace: Workspace, today: dt.date) -> list[str]:
    """Destroy every held batch whose time is over, and audit it; gives their ids. May be done twice.

    Where another run holds the workspace, nothing expires now: the next command does it. Raises UserError.
    """
    with Registry.open(workspace) as registry:
        if not _late(workspace, registry, today):
            return []
        try:
            with workspace.lock():
                late = _late(workspace, registry, today)  # again: another command may have been faster
                for batch in late:
                    files = destroy_held(workspace, batch.batch_id)
                    registry.set_state(batch.batch_id, "expired")
                    Audit(workspace).append("batch_expired", batch=batch.batch_id, files=len(files))
        except UserError as error:
            if error.code != Exit.BUSY:
                raise
            return []
    return [batch.batch_id for batch in late]


def _late(workspace: Workspace, registry: Registry, today: dt.date) -> list[Batch]:
    days = workspace.settings.hold.days
    return [batch for batch in registry.batches() if batch.state == "held" and held_until(batch, days) < today]
