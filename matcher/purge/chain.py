"""The form of the audit chain, and what is wrong with one: no workspace, no file, no private key.

Takes the bytes of a log, the public keys and, where it is known, what its last entry should be; gives every fault with line and
number: an entry edited, removed, put in, doubled, moved or cut off. Each line must stand byte for byte as it was written, so
that no change is too small to be found.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from matcher.purge.certificate import fingerprint

CHAIN_BROKEN, CHAIN_LOST, INTERRUPTED = "audit_chain_broken", "audit_chain_lost", "audit_write_interrupted"
HANDED_OVER = "signing_key_rotated"
"""Signed by the key that goes; `new` names the fingerprint of the key that signs from here on."""
TAKEN_UP = ("signing_key_made", "signing_key_restored")
"""The key before was lost or put back: signed by the key that signs from here on, which `new` names."""
NOTHING = "0" * 64
FIELDS = frozenset({"number", "at", "event", "counts", "previous", "hash", "signature"})

_SIGNATURE = re.compile(r"[0-9a-f]{128}")

Entry = dict[str, Any]
Head = tuple[int, str]


@dataclass(frozen=True)
class ChainFault:
    """Something wrong with a chain: in which line (null: of the whole), of which entry (null: of none), and what."""

    line: int | None
    number: int | None
    what: str

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line is not None else []
        where += [f"entry {self.number}"] if self.number is not None else []
        return f"{', '.join(where)}: {self.what}" if where else self.what


@dataclass
class Checked:
    """A chain read: its whole entries, oldest first, and its faults."""

    entries: list[Entry] = field(default_factory=list)
    faults: list[ChainFault] = field(default_factory=list)

    @property
    def head(self) -> Head:
        """Number and hash of the last entry."""
        return (int(self.entries[-1]["number"]), str(self.entries[-1]["hash"])) if self.entries else (0, NOTHING)


def head_kept(kept: bytes | None) -> Head | None:
    """The end of a chain as the key store keeps it; null where it keeps none."""
    if not kept:
        return None
    number, _, last = kept.decode("ascii").partition(" ")
    return int(number), last


def head_to_keep(head: Head) -> bytes:
    """The end of a chain for the key store."""
    return f"{head[0]} {head[1]}".encode("ascii")


def line_of(entry: Mapping[str, Any]) -> bytes:
    """An entry as the one line that it may stand as."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def hash_of(entry: Mapping[str, Any]) -> str:
    """sha256 of what the hash and the signature of an entry stand for."""
    return hashlib.sha256(line_of({k: v for k, v in entry.items() if k not in ("hash", "signature")})).hexdigest()


def parse(line: bytes) -> Entry | None:
    """The entry of a line; None where the line is none. What it says is not checked here."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or set(entry) != FIELDS or type(entry["number"]) is not int:
        return None
    return entry if isinstance(entry["counts"], dict) and isinstance(entry["event"], str) else None


def read(content: bytes) -> list[Entry]:
    """The whole entries of a log, oldest first, unchecked."""
    return [entry for line in content.split(b"\n") if (entry := parse(line)) is not None]


def check(content: bytes, public_keys: Sequence[Ed25519PublicKey], *, head: Head | None = None) -> Checked:
    """Read a log and find its faults. `head`: the entry that it must at least reach; None where nobody knows."""
    out = Checked()
    signers = Signers(public_keys)
    *lines, rest = content.split(b"\n")
    entries = [parse(line) for line in lines]
    expected, previous = 1, NOTHING
    seen: dict[int, str] = {}
    for position, (line, entry) in enumerate(zip(lines, entries, strict=True)):
        place = position + 1
        if entry is None:
            if not _explained(line, entries[position + 1 : position + 2]):
                what = "is no entry (an interrupted write, or edited)" if line else "an empty line was put in"
                out.faults.append(ChainFault(place, None, what))
            continue
        number = int(entry["number"])
        for what in _faults(line, entry, expected, previous, seen, signers):
            out.faults.append(ChainFault(place, number, what))
        out.entries.append(entry)
        expected, previous = number + 1, str(entry["hash"])
        seen.setdefault(number, str(entry["hash"]))
    if rest:
        out.faults.append(
            ChainFault(len(lines) + 1, None, "the last line is cut off (an interrupted write, or removed)")
        )
    if head is not None and seen.get(head[0], NOTHING if head[0] == 0 else None) != head[1]:
        what = f"entries at the end, up to number {head[0]}, are missing or changed"
        out.faults.append(ChainFault(None, None, what))
    return out


def _faults(
    line: bytes, entry: Entry, expected: int, previous: str, seen: Mapping[int, str], signers: Signers
) -> list[str]:
    number, found = int(entry["number"]), []
    if number in seen:
        found.append("stands here a second time, or out of its order")
    elif number > expected:
        gone = f"entry {expected} is" if number == expected + 1 else f"entries {expected} to {number - 1} are"
        found.append(f"does not follow the entry before it: {gone} missing here (removed or moved)")
    elif number < expected:
        found.append("stands out of its order (moved, or put in)")
    elif entry["previous"] != previous:
        found.append("does not follow the entry before it (one of them was replaced)")
    if line_of(entry) != line or not plain_hex(entry["signature"]) or hash_of(entry) != entry["hash"]:
        found.append("was edited")
    elif fault := signers.fault(entry):
        found.append(fault)
    if entry["event"] == CHAIN_BROKEN:
        found.append("entries before this one had been removed or changed when it was written")
    if entry["event"] == CHAIN_LOST:
        found.append("entries before this one were lost, and a restore went on without them")
    return found


def plain_hex(signature: Any) -> bool:
    """Whether a signature is written as this program writes it: `bytes.fromhex` takes capitals and spaces too."""
    return isinstance(signature, str) and _SIGNATURE.fullmatch(signature) is not None


def _explained(line: bytes, following: Sequence[Entry | None]) -> bool:
    """Whether the next entry tells of this half line, which a crash left."""
    if not line or not following or (after := following[0]) is None or after["event"] != INTERRUPTED:
        return False
    return bool(after["counts"].get("digest") == hashlib.sha256(line).hexdigest())


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
