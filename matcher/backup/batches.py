"""The batches of a registry that was put back, brought to what the audit log and the workspace tell of them since.

Takes the engine of the restored copy and a workspace. A batch that was on its way at the backup goes on only where what it
needs is still there; ids that were used since are taken, so that no number and no certificate is ever given twice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import sqlalchemy as sa

from matcher.backup.history import BATCH, History
from matcher.purge.held import PLAN_FILE, destroy_held
from matcher.purge.key_losses import HELD
from matcher.registry import schema
from matcher.registry.batches import all_batches
from matcher.registry.database import writing
from matcher.workspace import Workspace

LOST = "it came after the backup that was restored: its families are not in the registry"
CUT_OFF = "it was on its way when the backup was made that was restored"


@dataclass
class Mended:
    """Ids of batches by what became of them. `lost`: sealed since; `given_up`: on their way then or since."""

    lost: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    goes_on: list[str] = field(default_factory=list)


def mend(engine: sa.Engine, workspace: Workspace, told: History, now: dt.datetime) -> Mended:
    """Bring the copy's batches up to date, in one transaction."""
    out = Mended()
    sealed, expired = told.batches("sealed"), told.batches("batch_expired")
    with writing(engine).begin() as connection:
        batches = all_batches(connection)
        for batch in batches:
            if not batch.unfinished:
                continue
            if _goes_on(workspace, batch.state, batch.batch_id, batch.applied_at, told):
                out.goes_on.append(batch.batch_id)
                continue
            (out.lost if batch.batch_id in sealed else out.given_up).append(batch.batch_id)
            state = "expired" if batch.batch_id in expired else "abandoned"
            why = LOST if batch.batch_id in sealed else CUT_OFF
            values = {"state": state, "changed_at": now, "held_until": None, "waits_for": None}
            table = schema.batch
            connection.execute(
                table.update()
                .where(table.c.batch_id == batch.batch_id)
                .values(**values, plan={**batch.plan, "why": why})
            )
        known = {batch.batch_id for batch in batches}
        for batch_id in sorted({*told.batches(), *_folders(workspace)} - known):
            _take(connection, batch_id, now)
            certified = batch_id in sealed or (workspace.outbox(batch_id) / "assurance").is_dir()
            (out.lost if certified else out.given_up).append(batch_id)
    return out


def _goes_on(workspace: Workspace, state: str, batch_id: str, applied_at: dt.datetime | None, told: History) -> bool:
    """Whether the batch can still be ended with what is there: its families are in, or all it held is."""
    if state == "sealing" and applied_at is not None:
        return True
    if batch_id in told.batches("sealed", "abandoned", "batch_expired"):
        return False
    held = workspace.keys.held_key(batch_id) is not None and (workspace.held_path(batch_id) / PLAN_FILE).is_file()
    return state == "held" and held


def _folders(workspace: Workspace) -> set[str]:
    """Batches that left something in the workspace, whether or not the log tells of them."""
    folders = (workspace.root / parent for parent in ("outbox", "held"))
    return {
        path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if BATCH.fullmatch(path.name)
    }


def _take(connection: sa.Connection, batch_id: str, now: dt.datetime) -> None:
    connection.execute(
        schema.batch.insert().values(
            batch_id=batch_id,
            as_at=dt.date.fromisoformat(batch_id[:10]),
            state="abandoned",
            opened_at=now,
            changed_at=now,
            digests={},
            figures={},
            plan={"why": LOST},
        )
    )


def let_go(workspace: Workspace, mended: Mended) -> int:
    """Destroy what is held of batches that do not go on, key first; gives the number of files."""
    held = workspace.root / "held"
    names = {path.name for path in held.iterdir()} if held.is_dir() else set()
    names |= {name.removeprefix(HELD) for name in workspace.keys.names() if name.startswith(HELD)}
    return sum(len(destroy_held(workspace, name)) for name in sorted(names - set(mended.goes_on)))
