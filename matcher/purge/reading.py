"""A certificate in plain English. Takes a certificate as read from its file, gives lines; refuses nothing: what is not there is not
said, so that a certificate of an older form reads too. Says nothing of whether it is genuine: `verify_certificate` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_TITLES = {
    "batch": "Certificate of deletion: a monthly match",
    "ended": "Certificate of deletion: a held match that ended without result",
    "retention": "Certificate of deletion: families, people or lists that had been kept",
    "search": "Certificate of a search: nothing is held",
}
_OWN = frozenset(
    {
        "form", "kind", "workspace", "issued_at", "issued_by", "batch", "as_at", "replaces", "supplies", "partners", "total",
        "how", "searched", "received_files_kept", "received_files_left", "kept_because", "held", "handed_out", "ended",
        "stays_outside", "notes", "audit", "public_key_fingerprint", "signature",
    }
)  # fmt: skip


def reading(certificate: Mapping[str, Any]) -> list[str]:
    """The certificate as lines of text."""
    return [_printable(line) for line in _lines(certificate)]


def _printable(text: str) -> str:
    """A file from anywhere must not steer the terminal that it is read on."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _lines(c: Mapping[str, Any]) -> Iterator[str]:
    by = _table(c.get("issued_by"))
    yield _TITLES.get(str(c.get("kind", "batch")), "Certificate of deletion")
    if c.get("batch"):
        yield f"Batch {c['batch']} as at {c.get('as_at')}, workspace {c.get('workspace')}."
    yield f"Issued {c.get('issued_at')} by {by.get('role')}, {by.get('controller')}, with {by.get('program')}."
    if c.get("replaces"):
        yield f"It replaces batch {c['replaces']}."
    if c.get("ended"):
        yield f"The batch was held and {c['ended']}: nothing of it stays."
    yield from _received(c)
    for name in sorted(set(c) - _OWN):  # what another kind of deletion tells besides
        yield f"{name.replace('_', ' ').capitalize()}: {_told(c[name])}."
    if c.get("how"):
        yield f"How: {c['how']}"
    yield from _held(_table(c.get("held")))
    yield from _searched(_table(c.get("searched")))
    yield from _listed("Handed out", [_handed_out(_table(one)) for one in _list(c.get("handed_out"))])
    yield from _listed("Stays outside", [str(line) for line in _list(c.get("stays_outside"))])
    yield from _listed("Notes", [str(line) for line in _list(c.get("notes"))])
    audit = _table(c.get("audit"))
    if audit:
        yield f"The audit chain then held {audit.get('entries')} entries; its last hash was {audit.get('hash')}."
    yield f"Fingerprint of the signing key: {c.get('public_key_fingerprint')}"


def _received(c: Mapping[str, Any]) -> Iterator[str]:
    total = _table(c.get("total"))
    if total:
        yield (
            f"Rows received {total.get('rows_received')}, kept {total.get('rows_kept')}, deleted {total.get('rows_deleted')}."
        )
    for partner, rows in _table(c.get("partners")).items():
        told = _table(rows)
        yield (
            f"  {partner}: received {told.get('rows_received')}, kept {told.get('rows_kept')}, "
            f"deleted {told.get('rows_deleted')}"
        )
        for supply in map(_table, _list(c.get("supplies"))):
            if supply.get("partner") == partner:
                name = ".".join(str(part) for part in (supply.get("dataset"), supply.get("supplier")) if part)
                yield (
                    f"    {name}: {supply.get('rows_received')} rows, file sha256 {supply.get('digest')}: "
                    f"{supply.get('file_outcome')}"
                )
    for file, why in _table(c.get("received_files_kept")).items():
        yield f"  Not destroyed: {file} ({why})"
    for file in _list(c.get("received_files_left")):
        yield f"  Still where it came: {file}"
    if c.get("kept_because"):
        yield f"Received files were kept because: {c['kept_because']}"


def _held(held: Mapping[str, Any]) -> Iterator[str]:
    if not held:
        return
    told = ", ".join(f"{name.replace('_', ' ')} {_told(value)}" for name, value in held.items() if name != "searched")
    yield f"While it was held: {told}."
    if held.get("searched"):
        yield "When it was held, everything about everybody else was let go, and looked for:"
        yield from _searched(_table(held["searched"]))


def _searched(searched: Mapping[str, Any]) -> Iterator[str]:
    if not searched:
        return
    canaries, sample = _table(searched.get("canaries")), searched.get("real_sample")
    yield (
        f"Searched: {searched.get('files')} files, {searched.get('bytes')} bytes ({searched.get('scope')}), for "
        f"{canaries.get('values', 0)} values of {canaries.get('people', 0)} made-up people who were among the rows in memory, and for "
        + (f"{sample} values of people who were deleted." if isinstance(sample, int) else f"no value of a real person ({sample}).")
    )  # fmt: skip
    yield f"Found: {searched.get('findings')}. Could not be opened: {searched.get('not_searched')}."


def _handed_out(one: Mapping[str, Any]) -> str:
    return f"{one.get('file')} to {one.get('recipient')} on {one.get('on')}: {one.get('state')}"


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  - {line}" for line in lines)


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_told(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_told(inner) for inner in value) or "none"
    return str(value)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
