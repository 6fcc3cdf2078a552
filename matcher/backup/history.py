"""What came after a backup, as the audit log of the workspace tells it; and whether that is all of it.

Takes the log that lies in the workspace, the one in the backup, and the last entry that the key store knows. Gives the log
to go on with. Refuses a log that is not the backup's own, continued.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from matcher.errors import UserError
from matcher.purge import chain
from matcher.purge.chain import CHAIN_LOST, Entry, Head

BATCH = re.compile(r"\d{4}-\d{2}-\d{2}-[1-9]\d{0,3}")


@dataclass(frozen=True)
class History:
    """The log to go on with, its entries, those after the backup; `lost`: null, or why they may not be all.

    `content` is null where the log of the workspace stays as it is.
    """

    content: bytes | None = field(repr=False)
    entries: list[Entry] = field(repr=False)
    after: list[Entry] = field(repr=False)
    head: Head
    lost: str | None

    def batches(self, *events: str) -> list[str]:
        """Batches that an entry of these events after the backup names; of any event where none is given."""
        named = (entry["counts"].get("batch") for entry in self.after if not events or entry["event"] in events)
        return sorted({batch for batch in named if isinstance(batch, str) and BATCH.fullmatch(batch)})


def history(
    current: bytes, backup: bytes, at_backup: Head, known: Head | None, public_keys: Sequence[Ed25519PublicKey]
) -> History:
    """`current`: the log in the workspace (empty: none); `known`: the last entry that the key store knows of.

    Raises UserError where the two logs do not tell the same story.
    """
    checked = chain.check(current, public_keys, head=known)
    of_backup = chain.read(backup)
    if not of_backup or chain.Checked(entries=of_backup).head != at_backup:
        raise UserError("The audit log in the backup is not the one it was made with.", todo="take an older backup")
    place = _place(checked.entries, at_backup)
    if place is not None:
        after = checked.entries[place + 1 :]
        return History(None, checked.entries, after, checked.head, _lost(current, checked, at_backup, known))
    if checked.entries and _place(of_backup, checked.head) is None:
        raise UserError(
            "The audit log of this workspace is not the one that the backup was made with, continued.",
            where=f"entry {at_backup[0]} of the backup is not in it",
            todo="restore into the workspace that the backup was made of; if its audit log was damaged, move audit.log "
            "away and say --chain-lost",
        )
    gone = None
    if known is None or known[0] < at_backup[0]:
        gone = f"the log is missing after entry {at_backup[0]} at least, and the key store does not know its end"
    elif known != at_backup:
        gone = f"entries {at_backup[0] + 1} to {known[0]} are missing"
    return History(backup, of_backup, [], at_backup, gone)


def _place(entries: Sequence[Entry], head: Head) -> int | None:
    places = [n for n, entry in enumerate(entries) if (entry["number"], entry["hash"]) == head]
    return places[0] if places else None


def _lost(content: bytes, checked: chain.Checked, at_backup: Head, known: Head | None) -> str | None:
    """Why the entries after the backup may not be all. A loss that an earlier restore went on without is told of already."""
    begin = 0
    for line, text in enumerate(content.split(b"\n"), 1):
        entry = chain.parse(text)
        if entry and ((entry["number"], entry["hash"]) == at_backup or entry["event"] == CHAIN_LOST):
            begin = line
    for fault in checked.faults:
        if fault.line is None or fault.line > begin:
            return f"audit.log: {fault}"
    return None if known else "the key store does not know the end of the log"
