"""The received files of a run: which they are, how they are destroyed, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import UserError
from matcher.extracts import Inbox, Intake
from matcher.purge.audit import LONGEST, Audit
from matcher.purge.erase import Erased, Received, erase_received
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.runs.options import Console
from matcher.workspace import Workspace, digest_of

AGAIN = "destroyed_again"
"""In a sealed batch's plan: the files of the same month that came again, until they are destroyed."""
HANDED_OUT = "handed_out"
"""In a batch's plan: where workbooks of its questions were written."""


@dataclass(frozen=True)
class Delivery:
    """`files`: absolute path -> sha256 of every received file that the seal destroys; `digests`: supply name -> sha256."""

    files: dict[str, str]
    digests: dict[str, str]
    made_up: bool

    def to_dict(self) -> dict[str, Any]:
        return {"files": self.files, "digests": self.digests, "made_up": self.made_up}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Delivery:
        return cls(**value)

    def with_more(self, other: Delivery) -> Delivery:
        """These and the files of a late supply; real data as soon as one of them is."""
        return Delivery(self.files | other.files, self.digests, self.made_up and other.made_up)


def delivery_of(inbox: Inbox, intake: Intake) -> Delivery:
    """What was read as a supply, and its sidecars. A supply that `--without` left out is not touched."""
    by_file = {supply.file: supply for supply in intake.supplies}
    files: dict[str, str] = {}
    digests: dict[str, str] = {}
    for file in inbox.files:
        supply = by_file.get(file.path.name)
        if supply is None or supply.status == "ignored":
            continue
        files[str(file.path.resolve())] = supply.digest
        digests[supply.name] = supply.digest
        if file.sidecar is not None:
            files[str(file.sidecar.resolve())] = digest_of(file.sidecar)
    return Delivery(files, digests, inbox.made_up)


def destroy(workspace: Workspace, delivery: Delivery, console: Console) -> Erased:
    """Destroy the received files whose content is still what was matched, and say so; gone ones count as destroyed.

    Raises UserError where one could not be destroyed: nothing may be certified as gone that is still there.
    """
    erased = erase_received(
        workspace, [Received(Path(path), digest) for path, digest in sorted(delivery.files.items())]
    )
    console.say(f"{erased.removed} received file(s) destroyed.")
    for name in erased.left_alone:
        console.say(f"Left alone, since it has changed: {name}")
    if erased.faults:
        raise UserError(
            f"{len(erased.faults)} received file(s) could not be destroyed.",
            where=erased.faults,
            todo="close them where they are open, check the rights to them and their folder, and run `matcher resume`",
        )
    return erased


def tell_received(
    workspace: Workspace, batch_id: str, delivery: Delivery, erased: Erased | None, *, because: str, form: str
) -> None:
    """What became of the received files, into the audit chain; `erased` is None where they were kept. `form`: hold or seal."""
    audit = Audit(workspace)
    if erased is None:
        why = "".join(letter for letter in because if letter.isprintable())[:LONGEST] or None
        audit.append_once("received_kept", batch=batch_id, form=form, files=len(delivery.files), because=why)
        return
    left_alone = len(erased.left_alone)
    audit.append_once("received_destroyed", batch=batch_id, form=form, files=erased.gone, left_alone=left_alone)


def take_back(workspace: Workspace, plan: Mapping[str, Any], console: Console) -> int:
    """Destroy the workbooks of questions that still lie where they were written: they name people who may not qualify.

    Gives the number of those that are gone, now or since before a crash."""
    taken = 0
    for path in plan.get(HANDED_OUT, ()):
        try:
            workspace.destroy(Path(path))
            taken += 1
        except UserError as error:
            console.say(f"A workbook of questions is not destroyed: {error.title} Remove it by hand: {path}")
    return taken


def destroy_again(workspace: Workspace, registry: Registry, batch: Batch, delivery: Delivery, console: Console) -> None:
    """The same month again: its files are destroyed again. Stands in the plan until it is done, so that `again` can end it."""
    registry.set_state(batch.batch_id, batch.state, plan={AGAIN: delivery.to_dict()})
    erased = destroy(workspace, delivery, console)
    Audit(workspace).append("received_destroyed_again", batch=batch.batch_id, files=erased.gone)
    registry.set_state(batch.batch_id, batch.state, plan={AGAIN: None})


def end_destruction(workspace: Workspace, registry: Registry, console: Console) -> Batch | None:
    """Destroy what a crash left of files that came a second time; gives their sealed batch, None where nothing was left."""
    for batch in registry.batches():
        if batch.plan.get(AGAIN):
            destroy_again(workspace, registry, batch, Delivery.from_dict(batch.plan[AGAIN]), console)
            return batch
    return None
