"""Changed settings and policies into the audit chain: which file, which keys, never what they say.

Takes an opened workspace; compares `matcher.toml`, `areas.csv` and every `policy/*.toml` with what the chain last recorded of
them and appends what changed. The chain itself is the memory: each entry holds the file's digest and a short fingerprint of
every key's value, so that the next change can be named by its keys. Refuses nothing: a file that is no TOML changes as a whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matcher.purge import chain
from matcher.purge.audit import Audit
from matcher.workspace import SETTINGS, Workspace

AREAS = "areas.csv"
RECORDED, SETTINGS_CHANGED, POLICY_CHANGED = "settings_recorded", "settings_changed", "policy_changed"
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_FILE = re.compile(r"[\w .()-]{1,120}")
_MARKS = tuple(f'"event":"{event}"'.encode("ascii") for event in (RECORDED, SETTINGS_CHANGED, POLICY_CHANGED))


@dataclass(frozen=True)
class Seen:
    """A file as it was: digest (null: it is not there), and key -> fingerprint of its value."""

    digest: str | None
    keys: dict[str, str]


def record_changes(workspace: Workspace) -> list[str]:
    """Append an entry for every file that is not as the chain last saw it; gives their names. Nothing changed: nothing written."""
    audit = Audit(workspace)
    before, now = _recorded(audit.content()), _present(workspace)
    changed = []
    for file in sorted({*before, *now}):
        old, new = before.get(file), now.get(file, Seen(None, {}))
        if old is not None and old.digest == new.digest:
            continue
        keys = [f"{key} {print_}" for key, print_ in sorted(new.keys.items())]
        if old is None:
            audit.append(RECORDED, file=file, digest=new.digest, keys=keys)
            continue
        added, removed = sorted(set(new.keys) - set(old.keys)), sorted(set(old.keys) - set(new.keys))
        differing = sorted(key for key in set(old.keys) & set(new.keys) if old.keys[key] != new.keys[key])
        audit.append(
            POLICY_CHANGED if file.startswith("policy/") else SETTINGS_CHANGED, file=file, digest=new.digest, keys=keys,
            changed=differing, added=added, removed=removed,
        )  # fmt: skip
        changed.append(file)
    return changed


def _recorded(content: bytes) -> dict[str, Seen]:
    """What the chain last saw of each file."""
    found: dict[str, Seen] = {}
    for line in content.split(b"\n"):
        if any(mark in line for mark in _MARKS) and (entry := chain.parse(line)) is not None:
            counts = entry["counts"]
            keys = dict(str(text).rsplit(" ", 1) for text in counts.get("keys") or () if " " in str(text))
            found[str(counts.get("file"))] = Seen(counts.get("digest"), keys)
    return {file: seen for file, seen in found.items() if seen.digest is not None}


def _present(workspace: Workspace) -> dict[str, Seen]:
    files = [workspace.root / SETTINGS, workspace.root / AREAS, *sorted((workspace.root / "policy").glob("*.toml"))]
    found = {}
    for path in files:
        try:
            content = path.read_bytes()
        except OSError:
            continue
        name = workspace.relative(path)
        name = name if _FILE.fullmatch(path.name) else f"policy/{hashlib.sha256(name.encode()).hexdigest()[:16]}.toml"
        found[name] = Seen(hashlib.sha256(content).hexdigest(), dict(_keys(content)) if path.suffix == ".toml" else {})
    return found


def _keys(content: bytes) -> Iterator[tuple[str, str]]:
    """Every key of a TOML file with a fingerprint of its value; none where it is no TOML."""
    try:
        raw = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return
    for key, value in _flat(raw):
        name = key if _KEY.fullmatch(key) else f"other-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        text = json.dumps(value, sort_keys=True, default=str)
        yield name, hashlib.sha256(f"{name}\0{text}".encode()).hexdigest()[:12]


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves by dotted place; the elements of a list of tables by what their id says, else by number."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(inner, f"{place}.{inner.get('id', number)}")
    else:
        yield place, value
