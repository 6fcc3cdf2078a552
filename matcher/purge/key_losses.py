"""What is lost, and what is not, when a key is gone. Takes the name of a key, gives its kind and the words for a message."""

from __future__ import annotations

from dataclasses import dataclass

REGISTRY, SIGNING, AUDIT_HEAD = "registry", "signing", "audit_head"
PASSWORD, EARLIER, HELD, PUBLIC, CANARY = "password.", "earlier.", "held.", "public.", "canary."
"""What the names of several keys of a kind begin with."""


@dataclass(frozen=True)
class Kind:
    """A kind of key: what it is called, what is lost with it, what is not, and what to do."""

    title: str
    lost: str
    kept: str
    todo: str


_BACK = "run as the user, and with the MATCHER_KEYS, of the set-up, or restore the keys: matcher keys restore FILE"

_KINDS = {
    REGISTRY: Kind(
        "the registry",
        "every family in the registry, and every backup of it made under this key: nobody can read them without it",
        "lists handed out, certificates, the audit log, settings and policies",
        _BACK,
    ),
    SIGNING: Kind(
        "signing",
        "signing certificates and audit entries as the same identity",
        "the families; certificates and entries signed so far can still be checked with the public key",
        f"{_BACK}; where there is no backup, make a new one: matcher keys make",
    ),
    AUDIT_HEAD: Kind(
        "the end of the audit log",
        "noticing that entries were cut off at the end of the log before now",
        "the log itself: every entry is still chained to the one before it and signed",
        f"{_BACK}; where there is no backup, start from the log as it is: matcher keys make",
    ),
    PASSWORD: Kind(
        "a recipient's files",
        "opening the files that were written for this recipient so far",
        "the families: the next file gets a new password",
        f"{_BACK}; or hand the lists out again",
    ),
    EARLIER: Kind(
        "a recipient's older files",
        "searching files that were written for this recipient before its password was changed",
        "the families, and everything written since",
        _BACK,
    ),
    HELD: Kind(
        "a held batch",
        "what was held of the batch, with its open questions",
        "the families in the registry; the supplies, where the partners still have them",
        "give the batch up (matcher abandon) and run the month again; held keys are in no backup, so that deletion stands",
    ),
    PUBLIC: Kind(
        "an earlier signature",
        "checking what was signed with an earlier signing key, unless signing_key.*.pub.pem is in the workspace",
        "the families, and everything signed since",
        _BACK,
    ),
    CANARY: Kind(
        "a batch's made-up people",
        "looking for a sealed batch's made-up people in a later search",
        "the batch's certificate, which says what was searched at the seal",
        _BACK,
    ),
}
_OTHER = Kind("this workspace", "what it protects", "what other keys protect", _BACK)


def kind_of(name: str) -> Kind:
    """The kind of the key of that name."""
    several = next(
        (kind for begins, kind in _KINDS.items() if begins.endswith(".") and name.startswith(begins)), _OTHER
    )
    return _KINDS.get(name, several)


def lines(name: str) -> list[str]:
    """What is lost and what is not, a line each, for the `where` of a message."""
    kind = kind_of(name)
    return [f"lost without it: {kind.lost}", f"not lost: {kind.kept}"]
