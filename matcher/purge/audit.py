"""The audit log: one JSON line an event, append-only, hash-chained, signed. Counts, ids and codes only.

Takes an event and its counts, writes a line to `audit.log`; `check` gives the faults of the chain: an entry edited,
removed or put in another place, also at the end (the key store holds the number and hash of the last entry). Refuses
anything but short plain values, so that no row of an extract can get in by mistake. `chain.py` is the form of the chain,
`audit_events.py` what each event is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from matcher.purge import chain
from matcher.purge.chain import CHAIN_BROKEN, INTERRUPTED, NOTHING, Checked, Entry, Head
from matcher.purge.keys import AUDIT_HEAD
from matcher.workspace import AUDIT, Log, Workspace

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,60}")
LONGEST = 500

Plain = str | int | float | bool | None | list[str] | list[int] | dict[str, int]


class Audit:
    """The audit log of a workspace."""

    def __init__(
        self, workspace: Workspace, *, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._workspace, self._clock = workspace, clock

    def append(self, event: str, /, *, then: Callable[[], None] | None = None, **counts: Plain) -> int:
        """Add an entry; gives its number. `event` is a code; the rest counts, ids, roles and a user's own reasons.

        `then` is done before anybody else can add an entry: from there on another key signs.
        """
        if not _EVENT.fullmatch(event):
            raise ValueError("an event is a lower-case code")
        for name, value in counts.items():
            if not _plain(value):
                raise ValueError(f"audit: {name} is not a short plain value")
        with self._workspace.appending(AUDIT) as log:
            lines = log.tail.split(b"\n")
            last = next((entry for line in reversed(lines) if (entry := chain.parse(line)) is not None), None)
            head = (int(last["number"]), str(last["hash"])) if last else (0, NOTHING)
            if lines[-1]:
                log.add(b"")  # a line that a crash cut off is closed off, and told of
            if not self._continues(last):
                head = self._add(log, head, CHAIN_BROKEN, {"expected": (self._kept() or b"").decode("ascii")})
            elif self._kept() not in (None, chain.head_to_keep(head)):
                # a crash came between the two writes: a second one must not leave the log two entries ahead
                self._workspace.keys.put(AUDIT_HEAD, chain.head_to_keep(head))
            if lines[-1] and chain.parse(lines[-1]) is None:
                half: dict[str, Plain] = {"bytes": len(lines[-1]), "digest": hashlib.sha256(lines[-1]).hexdigest()}
                head = self._add(log, head, INTERRUPTED, half)
            number, _ = self._add(log, head, event, counts)
            if then is not None:
                then()
        return number

    def append_once(self, event: str, /, *, batch: str, **counts: Plain) -> None:
        """Add an entry unless the chain tells this of the batch (and, where there is one, of the `form`) already.

        Such an event is told before the state that ends a step, so that a crash between the two neither loses nor doubles it.
        """
        if not self.tells(event, batch, form=counts.get("form")):
            self.append(event, then=None, batch=batch, **counts)

    def tells(self, event: str, batch: str, *, form: Plain = None) -> bool:
        """Whether the chain holds this event of a batch."""
        return any(
            e["event"] == event and e["counts"].get("batch") == batch and e["counts"].get("form") == form
            for e in self.entries()
        )

    def _add(self, log: Log, head: Head, event: str, counts: Mapping[str, Plain]) -> Head:
        entry: dict[str, Any] = {
            "number": head[0] + 1,
            "at": self._clock().astimezone(dt.UTC).isoformat(timespec="seconds"),
            "event": event,
            "counts": dict(counts),
            "previous": head[1],
        }
        entry["hash"] = chain.hash_of(entry)
        entry["signature"] = self._workspace.keys.signing_key().sign(entry["hash"].encode("ascii")).hex()
        log.add(chain.line_of(entry))
        added = entry["number"], entry["hash"]
        self._workspace.keys.put(AUDIT_HEAD, chain.head_to_keep(added))
        return added

    def _kept(self) -> bytes | None:
        return self._workspace.keys.get(AUDIT_HEAD)

    def _continues(self, last: Entry | None) -> bool:
        """Whether the log ends where the key store says, or one entry later (a crash between the two writes)."""
        kept = chain.head_kept(self._kept())
        if kept is None:
            return True
        return last is not None and ((last["number"], last["hash"]) == kept or last["previous"] == kept[1])

    def content(self) -> bytes:
        """The log as it stands, byte for byte."""
        try:
            return self._workspace.read(AUDIT)
        except FileNotFoundError:
            return b""

    def entries(self) -> Iterator[Entry]:
        """Every whole entry, oldest first."""
        yield from chain.read(self.content())

    def head(self) -> Head:
        """Number and hash of the last entry, for a certificate."""
        return Checked(entries=chain.read(self.content())).head

    def checked(self) -> Checked:
        """The chain with its faults: against the workspace's public keys, and the last entry that the key store knows."""
        keys = self._workspace.keys
        return chain.check(self.content(), keys.public_keys(), head=chain.head_kept(self._kept()))

    def check(self) -> list[str]:
        """The faults of the chain, a line each; none where it is whole."""
        return [f"{AUDIT} {fault}" if fault.line else f"{AUDIT}: {fault}" for fault in self.checked().faults]


def _plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST and value.isprintable()
    if isinstance(value, list):
        return all(isinstance(v, str | int) and _plain(v) for v in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _plain(k) and isinstance(v, int) for k, v in value.items())
    return value is None or isinstance(value, int | float)
