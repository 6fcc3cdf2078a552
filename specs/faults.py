"""Faults of a TOML file as lines. Takes pydantic's error, gives one line a fault; never the value that was found."""

from __future__ import annotations

from pydantic import ValidationError


def faults_of(error: ValidationError, file: str, where: str = "") -> list[str]:
    """One line a fault: file, place in the file (below `where`), what is wrong."""
    told = error.errors(include_input=False, include_url=False, include_context=False)
    lines = []
    for fault in told:
        place = fault["loc"]
        if fault["type"] == "too_short" and any(len(other["loc"]) > 1 and other["loc"][:1] == place for other in told):
            continue  # the list is only short because its faulty items, told already, were left out
        named = ".".join(str(part) for part in (*([where] if where else []), *place)) or "file"
        lines.append(f"{file}: {named}: {fault['msg']}")
    return lines
