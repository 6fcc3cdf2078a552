"""Faults of a TOML file as lines. Takes pydantic's error, gives one line a fault; never the value that was found.

`in_words` says a fault without the validator's own words, for files that users of the linkage write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_WORDS = {
    "missing": "is missing", "extra_forbidden": "is not known here; take it out or mend its name",
    "literal_error": "must be one of: {expected}", "greater_than": "must be above {gt:g}", "less_than": "must be below {lt:g}",
    "greater_than_equal": "must be at least {ge:g}", "less_than_equal": "must be at most {le:g}",
    "too_short": "must hold at least {min_length}", "string_type": "must be text in quotation marks",
    "model_type": "must be a table of its own", "dict_type": "must be a table of its own", "value_error": "{error}",
}  # fmt: skip
_KINDS = {
    "float": "must be a number",
    "int": "must be a whole number",
    "bool": "must be true or false",
    "tuple": "must be a list",
}


def in_words(fault: Mapping[str, Any], raw: Any) -> str:
    """One of `ValidationError.errors(include_input=False)` of what was read: "comparison surname: level: exact is missing"."""
    words: list[str] = []
    for part in fault["loc"]:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            raw = None  # the fault is that it is not there
        if isinstance(part, int) and words:  # of a list: by its name, where it has one
            words[-1] += f" {(raw.get('name') if isinstance(raw, dict) else None) or f'number {part + 1}'}"
        else:
            words.append(str(part))
    known = _WORDS.get(fault["type"])
    if known is not None:
        says = known.format(**fault.get("ctx", {}))
    else:
        says = _KINDS.get(fault["type"].partition("_")[0], fault["msg"])
    return f"{': '.join(words)} {says}".strip()


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
