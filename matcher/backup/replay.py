"""What must be done again in a registry that was put back: the erasures that its audit chain tells of.

Takes entries of the audit log and a registry, gives how much was there to do. Every function of the table may be done twice,
and passes over ids that the registry does not know: so the whole chain is replayed, and nothing rests on where it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from matcher.registry.store import Registry


def _families(registry: Registry, counts: Mapping[str, Any]) -> int:
    return registry.erase_families(counts["families"], reason=str(counts["reason"]))


def _people(registry: Registry, counts: Mapping[str, Any]) -> int:
    return registry.erase_people(counts["people"], reason=str(counts["reason"]))


REPLAYED: dict[str, Callable[[Registry, Mapping[str, Any]], int]] = {
    "families_erased": _families,
    "people_erased": _people,
}
"""Event of the audit log -> what it does to a registry that does not know of it yet."""


def replay(registry: Registry, entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Do again what the entries tell; gives by event how many families, people and so on were there still."""
    done = dict.fromkeys(REPLAYED, 0)
    for entry in entries:
        if again := REPLAYED.get(entry["event"]):
            done[entry["event"]] += again(registry, entry["counts"])
    return done
