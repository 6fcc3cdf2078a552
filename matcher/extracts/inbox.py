"""The inbox. Takes a folder and the specifications, gives the supplies found by name, and what is left alone and why.

Follows no link and enters no folder. Refuses (UserError) only a folder that is not there or cannot be listed.
"""

from __future__ import annotations

import difflib
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from matcher.errors import UserError
from matcher.extracts.supplies import Inbox, SupplyFile
from specs.load import ExtractSpec

KINDS = ("csv", "xlsx", "parquet")
MADE_UP = "MADE-UP.txt"
SIDECAR = ".meta.yaml"

_NAME = re.compile(r"(?P<dataset>[^.]+)(?:\.(?P<supplier>[^.]+))?\.(?P<kind>[^.]+)")
_SUPPLIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_RESAVE = {"xls": "xlsx", "xlsm": "xlsx", "xlsb": "xlsx", "ods": "xlsx", "txt": "csv", "tsv": "csv", "tab": "csv"}


def find_supplies(inbox: Path, specs: Mapping[str, ExtractSpec]) -> Inbox:
    """Sort the entries of `inbox` into supplies, their sidecars and what is left alone.

    Raises UserError where the folder is missing, is a file, or cannot be listed.
    """
    try:
        entries = sorted(inbox.iterdir(), key=lambda path: (path.name.casefold(), path.name))
    except FileNotFoundError:
        raise UserError(
            "There is no such inbox folder.", where=str(inbox), todo="give the folder of supplies"
        ) from None
    except NotADirectoryError:
        raise UserError("The inbox is a file.", where=str(inbox), todo="give the folder that holds it") from None
    except OSError as error:
        todo = "check who may read the folder"
        raise UserError(f"The inbox cannot be read ({type(error).__name__}).", where=str(inbox), todo=todo) from None
    supplies: list[SupplyFile] = []
    sidecars: dict[str, Path] = {}
    ignored: list[tuple[str, str]] = []
    made_up = False
    for path in entries:
        reason = _not_a_plain_file(path)
        if reason is None and path.name.casefold() == MADE_UP.casefold():
            made_up = True
        elif reason is None and path.name.casefold().endswith(SIDECAR):
            sidecars[path.name] = path
        elif reason is None:
            named = _read_name(path.name, specs)
            if isinstance(named, str):
                reason = named
            else:
                supplies.append(SupplyFile(*named, path))
        if reason is not None:
            ignored.append((printable(path.name), reason))
    with_sidecars: list[SupplyFile] = []
    for supply in supplies:
        sidecar = _sidecar_of(supply.path, sidecars)
        if sidecar is not None:
            del sidecars[sidecar.name]
        with_sidecars.append(SupplyFile(supply.dataset, supply.supplier, supply.path, sidecar))
    ignored += [(printable(name), "describes a supply that is not in the inbox") for name in sidecars]
    ordered = sorted(with_sidecars, key=lambda supply: (supply.dataset, supply.supplier, supply.path.name))
    return Inbox(inbox, tuple(ordered), tuple(sorted(ignored)), made_up)


def printable(name: str) -> str:
    """A file name as a terminal may show it."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _not_a_plain_file(path: Path) -> str | None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "cannot be looked at"
    if stat.S_ISLNK(mode):
        return "is a link; put the file itself in the inbox"
    if stat.S_ISDIR(mode):
        return "is a folder; put the files themselves in the inbox"
    return None if stat.S_ISREG(mode) else "is not a file"


def _sidecar_of(path: Path, sidecars: Mapping[str, Path]) -> Path | None:
    for wanted in (path.name, path.stem):
        for name, sidecar in sidecars.items():
            if name[: -len(SIDECAR)].casefold() == wanted.casefold():
                return sidecar
    return None


def _read_name(name: str, specs: Mapping[str, ExtractSpec]) -> tuple[str, str] | str:
    """(data set, supplier), or why the file is left alone."""
    found = _NAME.fullmatch(name)
    if not found or name.startswith(("~", ".")):
        return "is not named DATASET.csv or DATASET.SUPPLIER.csv (or .xlsx, .parquet)"
    kind = found["kind"].lower()
    if kind not in KINDS:
        again = _RESAVE.get(kind)
        return f"cannot be read as it is; save it as .{again}" if again else "is no .csv, .xlsx or .parquet file"
    dataset, supplier = found["dataset"].lower(), (found["supplier"] or "").lower()
    if dataset not in specs:
        near = difflib.get_close_matches(dataset, list(specs), n=1)
        return "is of no data set that is agreed" + (f"; did you mean {near[0]}?" if near else "")
    if supplier and not _SUPPLIER.fullmatch(supplier):
        return "has a supplier's name that is not letters, digits, - and _"
    return dataset, supplier
