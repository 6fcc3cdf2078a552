"""The audit log: one JSON line an event, append-only, hash-chained, signed. Counts, ids and codes only.

Takes an event and its counts, writes a line to `audit.log`; `check` gives the faults of the chain: an entry edited,
removed or put in another place, also at the end (the key store holds the number and hash of the last entry). Refuses
anything but short plain values, so that no row of an extract can get in by mistake.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from matcher.purge.certificate import fingerprint
from matcher.purge.keys import AUDIT_HEAD
from matcher.workspace import AUDIT, Log, Workspace

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,60}")
_LONGEST = 500
CHAIN_BROKEN, CHAIN_LOST = "audit_chain_broken", "audit_chain_lost"
HANDED_OVER = "signing_key_rotated"
"""Signed by the key that goes; `new` names the fingerprint of the key that signs from here on."""
TAKEN_UP = ("signing_key_made", "signing_key_restored")
"""The key before was lost or put back: signed by the key that signs from here on, which `new` names."""
_NOTHING = "0" * 64

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
            number, previous = self._last(log)
            if not self._continues(log):
                broken = {"expected": (self._workspace.keys.get(AUDIT_HEAD) or b"").decode("ascii")}
                number, previous = self._add(log, number, previous, CHAIN_BROKEN, broken)
            number, _ = self._add(log, number, previous, event, counts)
            if then is not None:
                then()
        return number

    def _add(self, log: Log, number: int, previous: str, event: str, counts: Mapping[str, Plain]) -> tuple[int, str]:
        entry: dict[str, Any] = {
            "number": number + 1,
            "at": self._clock().astimezone(dt.UTC).isoformat(timespec="seconds"),
            "event": event,
            "counts": dict(counts),
            "previous": previous,
        }
        entry["hash"] = _hash(entry)
        entry["signature"] = self._workspace.keys.signing_key().sign(entry["hash"].encode("ascii")).hex()
        log.add(_line(entry))
        self._workspace.keys.put(AUDIT_HEAD, f"{entry['number']} {entry['hash']}".encode("ascii"))
        return number + 1, entry["hash"]

    def _continues(self, log: Log) -> bool:
        """Whether the log ends where the key store says, or one entry later (a crash between the two writes)."""
        kept = self._workspace.keys.get(AUDIT_HEAD)
        if kept is None:
            return True
        number, last = kept.decode("ascii").split(" ")
        entries = [entry for line in log.tail.split(b"\n") if (entry := _parse(line)) is not None]
        if not entries:
            return False
        end = entries[-1]
        return (end["number"], end["hash"]) == (int(number), last) or end["previous"] == last

    def _last(self, log: Log) -> tuple[int, str]:
        """Number and hash of the last whole entry. A line that a crash cut off is closed off and stays, for `check` to name."""
        if log.tail and not log.tail.endswith(b"\n"):
            log.add(b"")
        for line in reversed(log.tail.split(b"\n")):
            entry = _parse(line)
            if entry is not None:
                return int(entry["number"]), str(entry["hash"])
        return 0, _NOTHING

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every whole entry, oldest first."""
        for _, entry in self._lines():
            if entry is not None:
                yield entry

    def _lines(self) -> Iterator[tuple[int, dict[str, Any] | None]]:
        try:
            content = self._workspace.read(AUDIT)
        except FileNotFoundError:
            return
        for place, line in enumerate(content.split(b"\n"), 1):
            if line:
                yield place, _parse(line)

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry, for a certificate."""
        number, last = 0, _NOTHING
        for entry in self.entries():
            number, last = int(entry["number"]), str(entry["hash"])
        return number, last

    def check(self) -> list[str]:
        """The faults of the chain, a line each; none where it is whole."""
        faults: list[str] = []
        signers = Signers(self._workspace.keys.public_keys())
        expected, previous = 1, _NOTHING
        hashes: dict[int, str] = {}
        for place, entry in self._lines():
            where = f"{AUDIT} line {place}"
            if entry is None:
                faults.append(f"{where}: is no entry (an interrupted write, or edited)")
                continue
            if entry["number"] != expected or entry["previous"] != previous:
                faults.append(f"{where}: does not follow the entry before it (removed, added or reordered)")
            if _hash(entry) != entry["hash"]:
                faults.append(f"{where}: was edited")
            elif fault := signers.fault(entry):
                faults.append(f"{where}: {fault}")
            expected, previous = int(entry["number"]) + 1, str(entry["hash"])
            hashes[int(entry["number"])] = str(entry["hash"])
            if entry["event"] == CHAIN_BROKEN:
                faults.append(f"{where}: entries before this one had been removed or changed when it was written")
            if entry["event"] == CHAIN_LOST:
                faults.append(f"{where}: entries before this one were lost, and a restore went on without them")
        kept = self._workspace.keys.get(AUDIT_HEAD)
        if kept is not None:
            number, last = kept.decode("ascii").split(" ")
            if hashes.get(int(number)) != last:
                faults.append(f"{AUDIT}: entries at the end, up to number {number}, are missing or changed")
        return faults


class Signers:
    """Which of the workspace's signing keys must have signed an entry: entries in their order, a fault or None for each."""

    def __init__(self, public_keys: Sequence[Ed25519PublicKey]) -> None:
        self._keys = {fingerprint(key): key for key in public_keys}
        self._now: str | None = None

    def fault(self, entry: Mapping[str, Any]) -> str | None:
        """Whether this entry is signed by none of the keys, or by one that was not in use any more, or not yet."""
        signer = self._signer(entry)
        if signer is None:
            return "is not signed with this workspace's key"
        taken_up = entry["event"] in TAKEN_UP and entry["counts"].get("new") == signer
        out_of_turn = self._now is not None and signer != self._now and not taken_up
        self._now = signer
        if entry["event"] == HANDED_OVER:
            self._now = str(entry["counts"].get("new"))
        return "is signed with a key of this workspace that was not in use then" if out_of_turn else None

    def _signer(self, entry: Mapping[str, Any]) -> str | None:
        try:
            signature, signed = bytes.fromhex(str(entry["signature"])), str(entry["hash"]).encode("ascii")
        except ValueError:
            return None
        first = [self._now] if self._now in self._keys else []
        for name in [*first, *self._keys]:
            try:
                self._keys[name].verify(signature, signed)
            except InvalidSignature:
                continue
            return name
        return None


def _plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST and value.isprintable()
    if isinstance(value, list):
        return all(isinstance(v, str | int) and _plain(v) for v in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _plain(k) and isinstance(v, int) for k, v in value.items())
    return value is None or isinstance(value, int | float)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    needed = {"number", "at", "event", "counts", "previous", "hash", "signature"}
    if not isinstance(entry, dict) or set(entry) != needed or not isinstance(entry["number"], int):
        return None
    return entry


def _hash(entry: dict[str, Any]) -> str:
    signed = {name: value for name, value in entry.items() if name not in ("hash", "signature")}
    return hashlib.sha256(_line(signed)).hexdigest()


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")
