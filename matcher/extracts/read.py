"""All supplies of an inbox. Takes an inbox, the specifications and as_at, gives every supply read and every fault found.

A supply that cannot be read, lacks a required column or contradicts its sidecar is rejected whole; the others are read
all the same, so that one pass tells everything. Values stay in memory.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matcher.extracts.delimited import read_csv
from matcher.extracts.grid import Grid, Unreadable
from matcher.extracts.header import match_header
from matcher.extracts.inbox import printable
from matcher.extracts.limits import LARGEST_FILE
from matcher.extracts.parquets import read_parquet
from matcher.extracts.rows import check_rows
from matcher.extracts.rules import words
from matcher.extracts.sidecars import LARGEST as LARGEST_SIDECAR
from matcher.extracts.sidecars import SidecarError, read_sidecar, sidecar_faults
from matcher.extracts.supplies import Inbox, Intake, Problem, Supply, SupplyFile
from matcher.extracts.workbooks import read_workbook
from matcher.progress import Stage
from specs.load import ExtractSpec


def read_supplies(
    inbox: Inbox,
    specs: Mapping[str, ExtractSpec],
    as_at: dt.date,
    *,
    without: frozenset[str] = frozenset(),
    stage: Stage | None = None,
) -> Intake:
    """Read every supply of `inbox`.

    `without` holds DATASET or DATASET.SUPPLIER: those supplies are named, never read, and get the status `ignored`.
    """
    without = frozenset(name.lower() for name in without)
    names = Counter(file.name for file in inbox.files)
    supplies: list[Supply] = []
    for number, file in enumerate(inbox.files, 1):
        twins = [other.path.name for other in inbox.files if other.name == file.name and other.path != file.path]
        ignored = file.name in without or file.dataset in without
        supplies.append(_read(file, specs[file.dataset], as_at, twins if names[file.name] > 1 else [], ignored))
        if stage:
            stage.done(number / len(inbox.files))
    return Intake(tuple(supplies), tuple(_warnings(inbox, specs, supplies, without)))


def _read(file: SupplyFile, spec: ExtractSpec, as_at: dt.date, twins: list[str], ignored: bool) -> Supply:
    name = printable(file.path.name)
    try:
        data = _bytes(file.path, LARGEST_FILE)
    except Unreadable as error:
        return Supply(file.dataset, file.supplier, name, "", 0, "rejected", problems=(_whole(error, name),))
    common: dict[str, Any] = {
        "dataset": file.dataset,
        "supplier": file.supplier,
        "file": name,
        "digest": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }
    if ignored:
        return Supply(**common, status="ignored")
    if twins:
        others = " and ".join(printable(twin) for twin in twins)
        message = f"{name}: {others} holds the same data set of the same supplier; leave one of them in the inbox"
        return Supply(**common, status="rejected", problems=(Problem(None, None, "two_files", message),))
    metadata: dict[str, Any] | None = None
    faults: list[Problem] = []
    if file.sidecar is not None:
        try:
            metadata = read_sidecar(_bytes(file.sidecar, LARGEST_SIDECAR))
        except (SidecarError, Unreadable) as error:
            message = f"the sidecar {printable(file.sidecar.name)} cannot be read: {error}"
            faults.append(Problem(None, None, "sidecar", message))
    grid: Grid | None = None
    try:
        grid = _grid(data, file.path, spec)
    except Unreadable as error:
        faults.append(Problem(None, None, error.rule, error.message))
    heading = match_header(grid.header, spec, offset=grid.offset) if grid is not None else None
    if heading is not None:
        faults += heading.faults
    if metadata:
        blank = len(grid.broken.get("blank_row", ())) if grid is not None else 0
        faults += sidecar_faults(metadata, file, spec, grid, blank)
    if faults or grid is None or heading is None:
        told = tuple(Problem(None, fault.column, fault.rule, f"{name}: {fault.message}") for fault in faults)
        rows = grid.rows if grid is not None else 0
        return Supply(**common, status="rejected", rows_in=rows, rows_rejected=rows, problems=told, metadata=metadata)
    checked = check_rows(grid, heading, spec, as_at)
    empty = (Problem(None, None, "no_rows", words("no_rows")),) if not grid.rows else ()
    return Supply(
        **common,
        status="accepted",
        rows_in=grid.rows,
        rows_accepted=checked.rows.num_rows,
        rows_rejected=checked.rejected,
        problems=(*empty, *checked.problems),
        rows=checked.rows,
        completeness=checked.completeness,
        beyond=checked.beyond,
        duplicates=checked.duplicates,
        undated=checked.undated,
        metadata=metadata,
    )


def _bytes(path: Path, largest: int) -> bytes:
    """The bytes of a plain file, however long; one byte beyond `largest` is read at most.

    What the entry was when the inbox was listed is no proof of what it is now: a pipe must not make the run wait, and a link
    put in its place is not followed.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 (pathlib takes no flags)
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Unreadable("unreadable", "it is no plain file any more; put the file itself in the inbox")
            data = file.read(found.st_size + 1) if found.st_size <= largest else b""
    except OSError as error:
        message = f"the file cannot be opened ({type(error).__name__}); close it elsewhere and check who may read it"
        raise Unreadable("unreadable", message) from None
    if max(found.st_size, len(data)) > largest:
        size = f"{largest >> 20} MB" if largest >= 1 << 20 else f"{largest >> 10} kB"
        raise Unreadable("too_big", f"the file is over {size}; send this month's rows only")
    return data


def _whole(error: Unreadable, name: str) -> Problem:
    return Problem(None, None, error.rule, f"{name}: {error.message}")


def _grid(data: bytes, path: Path, spec: ExtractSpec) -> Grid:
    kind = path.suffix.lower()
    if kind == ".xlsx":
        return read_workbook(data)
    if kind == ".parquet":
        return read_parquet(data)
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1")):
        raise Unreadable(
            "unreadable", "the file is named .csv but is a workbook or another format; save it as CSV UTF-8"
        )
    return read_csv(data, spec)


def _warnings(
    inbox: Inbox, specs: Mapping[str, ExtractSpec], supplies: list[Supply], without: frozenset[str]
) -> list[str]:
    told = [f"{name} {reason}; left alone" for name, reason in inbox.ignored]
    there = {file.name for file in inbox.files} | {file.dataset for file in inbox.files}
    told += [f"--without {name}: the inbox holds no such supply" for name in sorted(without - there)]
    beyond: list[str] = []
    for supply in supplies:
        flow = specs[supply.dataset].flow_for(supply.supplier)
        if supply.status == "accepted" and not supply.rows_in:
            told.append(f"{supply.file}: {words('no_rows')}")
        if flow.supplier not in (supply.supplier, "*") and supply.supplier not in flow.also:
            told.append(f"{supply.file}: the specification names no such supplier; read as the flow of {flow.partner}")
        if flow.source == "beyond_appendix_b" and flow.amendment_made_up and not inbox.made_up:
            beyond.append(supply.file)
    if beyond:
        told.append(
            f"what goes beyond Appendix B of the agreement needs a dated amendment (section 4.3) before real use, and the "
            f"one that the specification cites is made up: {', '.join(beyond)}"
        )
    return told
