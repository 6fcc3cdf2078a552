"""Sidecars `<file name>.meta.yaml`. Takes bytes, gives what the partner says of the supply, all of it as text.

Refuses tags, anchors and aliases, anything over 64 kB, and a document that is no mapping. `sidecar_faults` holds the
supply against what its sidecar says.
"""

from __future__ import annotations

from typing import Any

import yaml

from matcher.extracts.delimited import decode
from matcher.extracts.grid import Grid
from matcher.extracts.header import known_names
from matcher.extracts.supplies import Problem, SupplyFile
from matcher.fields.scalars import bare, read_count
from specs.load import ExtractSpec

KNOWN = ("agency", "supplier", "contact", "dataset", "period_from", "period_to", "file_format", "records", "supplied_on",
         "fields", "field_notes", "codings", "caveats", "conditions")  # fmt: skip
LARGEST = 1 << 16  # bytes


class SidecarError(Exception):
    """The sidecar cannot be read; the message says why, without a value."""


class _PlainLoader(yaml.BaseLoader):
    """Mappings, lists and text, nothing else: `BaseLoader` leaves dates and numbers as text."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SidecarError("it uses anchors or aliases; write the text out")
        if getattr(event, "tag", None) not in (None, "!"):
            raise SidecarError("it uses tags (!); write plain text")
        return super().compose_node(parent, index)


def read_sidecar(data: bytes) -> dict[str, Any]:
    """The known keys of a sidecar; values are text, lists and mappings of text. Raises SidecarError."""
    if len(data) > LARGEST:
        raise SidecarError("it is over 64 kB; keep to the agreed keys")
    try:
        content = yaml.load(decode(data).decode("utf-8", "replace"), Loader=_PlainLoader)  # noqa: S506 (plain text only)
    except SidecarError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SidecarError("it is no YAML" + (f", line {mark.line + 1}" if mark else "")) from None
    except (RecursionError, ValueError, TypeError):
        raise SidecarError("it is no YAML that can be read") from None
    if content is None or content == "":
        return {}
    if not isinstance(content, dict):
        raise SidecarError("it is no list of `key: value` lines")
    found = {bare(str(key)).lower(): value for key, value in content.items()}
    return {key: found[bare(key).lower()] for key in KNOWN if bare(key).lower() in found}


def sidecar_faults(
    metadata: dict[str, Any], file: SupplyFile, spec: ExtractSpec, grid: Grid | None, blank_rows: int = 0
) -> list[Problem]:
    """Where the supply is not what its sidecar says: another data set, another number of records, a field that lacks."""
    faults: list[str] = []
    said = metadata.get("dataset")
    own = {bare(name) for name in (spec.id, spec.title, file.name, file.path.name, file.path.stem)}
    if said not in (None, "") and (not isinstance(said, str) or bare(said) not in own):
        faults.append(f"`dataset` names another data set than {spec.id}; correct it, or rename the file")
    if grid is not None:
        said = metadata.get("records")
        if said not in (None, ""):
            count = read_count(said.strip())[0] if isinstance(said, str) else None
            if count is None:
                faults.append("`records` is not a whole number; give the number of data rows")
            elif count not in (grid.rows, grid.rows - blank_rows):
                faults.append(
                    f"`records` differs from the {grid.rows} data rows of the file; send the whole file again"
                )
        faults += _missing_fields(metadata.get("fields"), spec, grid)
    return [Problem(None, None, "sidecar", f"the sidecar: {fault}") for fault in faults]


def _missing_fields(said: Any, spec: ExtractSpec, grid: Grid) -> list[str]:
    if said in (None, ""):
        return []
    if isinstance(said, str):
        listed: list[Any] = said.replace(";", ",").replace("\n", ",").split(",")
    elif isinstance(said, (list, dict)):
        listed = [next(iter(entry.values()), "") if isinstance(entry, dict) else entry for entry in said]
    else:
        return ["`fields` is no list; list the names of the columns"]
    names, headings = known_names(spec), {column.id: column.name for column in spec.column}
    delivered = {names.get(bare(cell), bare(cell)) for cell in grid.header}
    faults = []
    for number, entry in enumerate(listed, 1):
        wanted = bare(entry) if isinstance(entry, str) else ""
        if wanted and names.get(wanted, wanted) not in delivered:
            which = f" ({headings[names[wanted]]})" if wanted in names else ""
            faults.append(f"field {number} of `fields`{which} is not in the file; send it, or take it off the list")
    return faults
