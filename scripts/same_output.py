"""Same input, same output: `python scripts/same_output.py [--people 20000] [--variants rows,files,process]`.

Makes a month, runs `matcher run` on it in a process of its own, runs it again with the same people in other circumstances, and
compares everything that came out but what is random or a stamp. Variants: `rows` (the rows of every supply in another order),
`files` (the files made in another order), `process` (hash seed, time zone, locale, umask, one core). Prints what differs, by
file and place, and ends with 1 where anything does. Made-up people only; leaves nothing behind.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from environment import ROOT, ensure

AS_AT = "2013-10-31"
VARIANTS = ("rows", "files", "process")
COMMANDS = """
import sys
from matcher.cli import cli, main
cli.main(["init", "workspace"], standalone_mode=False)
sys.argv[1:] = ["run", "inbox", "-w", "workspace", "--as-at", sys.argv[1], "--json"]
main()
"""
_ID = re.compile(r"\b[FP]-[A-Z2-7]{8}\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
# What stands for when, how fast or which bytes, and so may differ: keys of JSON objects, and lines of pages.
STAMPS = {
    "seconds", "peak_rss_mb", "digest", "digests", "files", "row", "rows", "ids", "bytes", "size", "workspace", "issued_at",
    "audit_head", "signature", "public_key_fingerprint", "inbox", "when", "disclosed_at", "disclosure_id",
}  # fmt: skip
_ROW = re.compile(r"\brows? \d[\d, ]*")
_SHA = re.compile(r"\b[0-9a-f]{64}\b")
_SECTION_OF_TIMES = re.compile(r"<h2>How long it took</h2>.*?(?=<h2>|$)", re.S)


# -- another order -------------------------------------------------------------------------------------------------------


def shuffled(name: str, content: bytes, seed: int) -> bytes:
    """The same supply with its rows in another order."""
    draw = random.Random(f"{seed}{name}")  # noqa: S311  a made-up order
    if name.endswith(".csv"):
        return _shuffled_csv(content, draw)
    if name.endswith(".parquet"):
        return _shuffled_parquet(content, draw)
    return _shuffled_workbook(content, draw) if name.endswith(".xlsx") else content


def _shuffled_csv(content: bytes, draw: random.Random) -> bytes:
    """Rows as they stand, bytes untouched: a row ends where a line ends outside quotes."""
    rows, row, quoted = [], b"", False
    for line in content.splitlines(keepends=True):
        row += line
        quoted ^= line.count(b'"') % 2 == 1
        if not quoted:
            rows.append(row)
            row = b""
    head, body = rows[:1], rows[1:]
    draw.shuffle(body)
    return b"".join(head + body)


def _shuffled_parquet(content: bytes, draw: random.Random) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(content))
    order = list(range(table.num_rows))
    draw.shuffle(order)
    out = io.BytesIO()
    pq.write_table(table.take(order), out)
    return out.getvalue()


def _shuffled_workbook(content: bytes, draw: random.Random) -> bytes:
    """The rows of the first sheet change their numbers."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in book.namelist():
            part = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = part.decode("utf-8")
                found = re.findall(r'<row r="\d+".*?(?:</row>|/>)', text, re.S)
                body = found[1:]
                draw.shuffle(body)
                for old in found:
                    text = text.replace(old, "\0", 1)
                for number, row in enumerate([found[0], *body], 1) if found else ():
                    row = re.sub(r'(<row r=")\d+', rf"\g<1>{number}", row, count=1)
                    text = text.replace("\0", re.sub(r'(<c r="[A-Z]+)\d+', rf"\g<1>{number}", row), 1)
                part = text.encode("utf-8")
            made.writestr(name, part)
    return out.getvalue()


# -- a run ---------------------------------------------------------------------------------------------------------------


def run(python: Path, folder: Path, files: dict[str, bytes], variant: str) -> Path:
    """One month in a workspace of its own, in circumstances of its own; gives the workspace."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    names = sorted(files)
    if variant in ("files", "all"):
        names.reverse()
    for name in names:
        changed = shuffled(name, files[name], 7) if variant in ("rows", "all") else files[name]
        (inbox / name).write_bytes(changed)
    environment = {**os.environ, "MATCHER_KEYS": str(folder / "keys"), "PYTHONHASHSEED": "1"}
    before: Callable[[], None] | None = None
    if variant in ("process", "all"):
        environment |= {
            "PYTHONHASHSEED": "4242", "TZ": "Pacific/Kiritimati", "LC_ALL": other_locale(), "OMP_NUM_THREADS": "1",
            "PYTHONUTF8": "0",
        }  # fmt: skip
        before = _other_process if os.name == "posix" else None
    done = subprocess.run(
        [str(python), "-c", COMMANDS, AS_AT], cwd=folder, env=environment, capture_output=True, preexec_fn=before
    )
    if done.returncode:
        sys.exit(f"{variant}: the run ended with {done.returncode}:\n{done.stderr.decode()}")
    (folder / "run.json").write_bytes(done.stdout)
    return folder / "workspace"


def other_locale() -> str:
    """A locale with its own letters where there is one: Turkish has two kinds of i."""
    import locale

    kept = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("tr_TR.UTF-8", "de_DE.UTF-8"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            return name
        return "C"
    finally:
        locale.setlocale(locale.LC_ALL, kept)


def _other_process() -> None:
    os.umask(0o077)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


# -- what came out ---------------------------------------------------------------------------------------------------------


def account(folder: Path) -> dict[str, Any]:
    """Everything that came out, by file and place, without ids, stamps and order: ids are named by what they stand for."""
    os.environ["MATCHER_KEYS"] = str(folder / "keys")
    from matcher.registry import Registry
    from matcher.runs.explaining import explain
    from matcher.workspace import Workspace

    workspace = Workspace.open(folder / "workspace")
    told: dict[str, Any] = {}
    with Registry.open(workspace) as registry:
        records = registry.records().to_pylist()
        names = _names(records)
        told["registry: families"] = [_same(row, names) for row in registry.families().to_pylist()]
        told["registry: records"] = [_same(row, names) for row in records]
        for id in sorted({row["family_id"] for row in records}):
            told[f"explain {names[id]}"] = _same(
                json.loads(json.dumps(explain(workspace, registry, id).to_dict(), default=str)), names
            )
        (batch,) = registry.batches()
        told["registry: figures"], told["registry: plan"] = _same(batch.figures, names), _same(batch.plan, names)
        told["registry: disclosures"] = [
            _same({k: str(v) for k, v in row.items()}, names) for row in registry.disclosures()
        ]
    told["run --json"] = _same(json.loads((folder / "run.json").read_bytes()), names)
    outbox = workspace.root / "outbox"
    for path in sorted(outbox.rglob("*")):
        if path.is_file():
            name = path.relative_to(outbox).as_posix()
            told[name] = _file(workspace, path, name, names)
    return {name: _sorted(value) for name, value in told.items()}


def _names(records: list[dict[str, Any]]) -> dict[str, str]:
    """Each id of a family or person -> a name made of the references it holds."""
    held: dict[str, list[str]] = {}
    for row in records:
        reference = f"{row['dataset']}|{row['supplier']}|{row['ref']}"
        for id in (row["family_id"], row["person_id"]):
            if id:
                held.setdefault(id, []).append(reference)
    return {id: f"{id[0]}:{hashlib.sha256(repr(sorted(of)).encode()).hexdigest()[:16]}" for id, of in held.items()}


def _same(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {_same(k, names): _same(v, names) for k, v in value.items() if k not in STAMPS}
    if isinstance(value, list | tuple):
        return [_same(item, names) for item in value]
    return _named(_ROW.sub("", _SHA.sub("", _MOMENT.sub("", value))), names) if isinstance(value, str) else value


def _named(text: str, names: dict[str, str]) -> str:
    return _ID.sub(lambda found: names.get(found[0], found[0][0]), text)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _sorted(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def _file(workspace: Any, path: Path, name: str, names: dict[str, str]) -> Any:
    """A file as bytes where it holds neither stamp nor id, else as what it says."""
    content = path.read_bytes()
    part = name.split("/")[1]
    if part in ("finance", "published"):
        return hashlib.sha256(content).hexdigest()
    if path.suffix == ".json":
        return _same(json.loads(content), names)
    if path.suffix == ".xlsx":
        return _workbook(content, workspace.keys.passwords(name), names)
    if "data_quality" in name:  # what its JSON says, with numbers of rows
        return re.sub(r"[\d, .]+", "", _SHA.sub("", content.decode("utf-8"))).splitlines()
    return hashlib.sha256(
        _named(_SHA.sub("", _SECTION_OF_TIMES.sub("", content.decode("utf-8"))), names).encode()
    ).hexdigest()


def _workbook(content: bytes, passwords: list[str], names: dict[str, str]) -> Any:
    import msoffcrypto
    from python_calamine import CalamineWorkbook

    for password in passwords:
        plain = io.BytesIO()
        try:
            book = msoffcrypto.OfficeFile(io.BytesIO(content))
            book.load_key(password=password, verify_password=True)
            book.decrypt(plain)
        except msoffcrypto.exceptions.InvalidKeyError:
            continue
        sheets = CalamineWorkbook.from_object(io.BytesIO(plain.getvalue()))
        return {name: _same([[str(c) for c in row] for row in sheets.get_sheet_by_name(name).to_python()], names)
                for name in sheets.sheet_names}  # fmt: skip
    return "not opened"


# -- the difference --------------------------------------------------------------------------------------------------------


def differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """Where two accounts differ: places and numbers, one line each."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            if key not in one or key not in other:
                yield f"{place}/{key}: only in the {'second' if key not in one else 'first'}"
            else:
                yield from differences(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list) and isinstance(other, list):
        first, second = (Counter(json.dumps(v, sort_keys=True, default=str) for v in values) for values in (one, other))
        if first != second:
            lost, new = first - second, second - first
            yield f"{place}: {sum(lost.values())} of {len(one)} differ, e.g. {min(lost, default='')[:300]} -> {min(new, default='')[:300]}"
    elif one != other:
        yield f"{place}: {str(one)[:120]} -> {str(other)[:120]}"


def compare(python: Path, people: int, seed: int, variants: list[str]) -> list[str]:
    """Run the month once as it is and once in each variant; gives what differs, a line each."""
    from matcher.synthetic import make_month

    files = make_month(people, seed, dt.date.fromisoformat(AS_AT)).files
    found = []
    folder = Path(tempfile.mkdtemp(prefix="same-output-"))
    try:
        run(python, folder / "plain", files, "plain")
        plain = account(folder / "plain")
        print(f"{people} people: {len(plain)} things to compare", flush=True)
        for variant in variants:
            run(python, folder / variant, files, variant)
            lines = [f"{variant}: {line}" for line in differences(plain, account(folder / variant))]
            print(f"{variant}: {len(lines)} difference(s)", flush=True)
            found += lines
            shutil.rmtree(folder / variant)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", default=",".join(VARIANTS), help="rows, files, process, or all at once: all")
    parser.add_argument("--here", action="store_true", help="Use this Python as it is; set nothing up.")
    options = parser.parse_args()
    python = Path(sys.executable) if options.here else ensure("run")
    if not options.here and Path(sys.executable).resolve() != python.resolve():
        sys.exit(subprocess.run([str(python), __file__, "--here", *sys.argv[1:]], cwd=ROOT).returncode)
    found = compare(python, options.people, options.seed, options.variants.split(","))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
