"""Watch everything that a run writes: with strace, which sees what C libraries do, and by Python's own audit events.

`traced` runs the command line in a process of its own under strace and gives each write in order: which file, which bytes, or that a
file was opened for writing, mapped into memory for writing, or filled by the kernel. `audited` gives the files that Python opened.
LEAK has the run write a value while it matches, through Python alone or in every way that a library might take, so that a test can
see it caught.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,mmap,sendfile,copy_file_range,splice,rename,renameat,renameat2,"
    "mkdir,mkdirat,link,linkat,symlink,symlinkat"
)
FONTS = Path(tempfile.gettempdir()) / "matcher-tests-fonts"
"""Where the runs keep matplotlib's list of fonts, which takes longer to make than a small month to match."""
OPENED, WRITTEN, MAPPED, FILLED, NAMED = "opened", "written", "mapped", "filled", "named"
_CALL = re.compile(r"^\d+ +(\w+)\((.*)$", re.S)
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"\b(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})+)>")

DRIVER = """
import os, sys
leak, marks = os.environ.get("LEAK"), os.environ.get("OPENED")
if marks:
    def heard(event, arguments, out=os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)):
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            mode, flags = arguments[1], arguments[2] or 0
            if (mode and set(mode) & set("wax+")) or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                os.write(out, os.path.abspath(os.fsencode(arguments[0])) + b"\\n")
    sys.addaudithook(heard)
if leak:
    import matcher.runs.start as start, matcher.runs.dry_run as dry_run
    whole = start.match
    def leaking(*arguments, **named):
        month = whole(*arguments, **named)
        value = max(month.tables.records["address"].drop_null().to_pylist(), key=len)
        import mmap, sqlite3, tempfile, pyarrow as pa, pyarrow.parquet as pq
        folder = tempfile.mkdtemp()
        open(f"{folder}/python.txt", "w").write(value)
        if leak == "every way":
            with tempfile.TemporaryFile() as file:
                file.write(value.encode("utf-16-le"))
            with open(f"{folder}/map.bin", "w+b") as file:
                file.truncate(4096)
                with mmap.mmap(file.fileno(), 4096) as view:
                    view[:len(value)] = value.encode()
            base = sqlite3.connect(f"{folder}/sqlite.db")
            base.execute("CREATE TABLE t AS SELECT ? AS x", (value,))
            base.commit()
            base.close()
            pq.write_table(pa.table({"x": [value]}), f"{folder}/arrow.parquet", compression="zstd")
            os.mkdir(f"{folder}/{value}")
        return month
    start.match = dry_run.match = leaking
from matcher.cli import main
main()
"""


@dataclass(frozen=True)
class Event:
    """What happened to a file: opened for writing, written (`content`), mapped, filled by the kernel, named."""

    what: str
    path: str
    content: bytes = b""


def command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", DRIVER, *arguments]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Temporary folder, home and keys of the run all lie in `folder`, so that what it writes there is seen by name."""
    for name in ("temporary", "home", "keys"):
        (folder / name).mkdir(exist_ok=True)
    named = {"TMPDIR": folder / "temporary", "TEMP": folder / "temporary", "TMP": folder / "temporary",
             "HOME": folder / "home", "MPLCONFIGDIR": FONTS, "MATCHER_KEYS": folder / "keys"}  # fmt: skip
    return {
        **os.environ,
        **{name: str(path) for name, path in named.items()},
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


def traced(folder: Path, arguments: Sequence[str], **more: str) -> tuple[int, list[Event], str]:
    """Exit code, what was written in order, and what the run said on stderr."""
    log = folder / "calls.strace"
    tracer = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000000", "--seccomp-bpf", "-e", f"trace={CALLS}",
              "-e", "abbrev=none", "-o", str(log)]  # fmt: skip
    done = subprocess.run(
        [*tracer, *command(arguments)], env=environment(folder, **more), capture_output=True, text=True, timeout=600
    )
    events = list(_events(log))
    log.unlink()
    return done.returncode, events, done.stderr


def audited(folder: Path, arguments: Sequence[str], **more: str) -> tuple[int, list[str], str]:
    """Exit code, the files that Python opened for writing in order, and what the run said on stderr."""
    marks = folder / "opened.txt"
    done = subprocess.run(
        command(arguments),
        env=environment(folder, OPENED=str(marks), **more),
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.returncode, marks.read_text(encoding="utf-8").splitlines()[1:], done.stderr  # its own file comes first


def _events(log: Path) -> Iterator[Event]:
    with log.open(encoding="ascii") as lines:
        for line in lines:
            found = _CALL.match(line)
            if found is None:  # the end of a call whose beginning, with all that went in, was seen
                continue
            yield from _event(found[1], found[2])


def _event(call: str, rest: str) -> Iterator[Event]:
    handle = _DESCRIPTOR.search(rest)
    path = _text(handle[1]) if handle else ""
    if call in ("write", "pwrite64", "writev", "pwritev", "pwritev2"):
        if path.startswith("/"):
            yield Event(WRITTEN, path, b"".join(_bytes(text) for text in _HEX.findall(rest)))
    elif call == "mmap":
        if "PROT_WRITE" in rest and "MAP_SHARED" in rest and path.startswith("/"):
            yield Event(MAPPED, path)
    elif call in ("sendfile", "copy_file_range", "splice"):
        yield Event(FILLED, path)
    elif call in ("openat", "open", "creat"):
        if call == "creat" or re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE", rest):
            yield Event(OPENED, os.path.normpath(os.path.join(path, _names(rest)[0])))  # noqa: PTH118
    else:
        for name in _names(rest):
            yield Event(NAMED, os.path.normpath(name))


def _names(rest: str) -> list[str]:
    return [os.fsdecode(_bytes(text)) for text in _HEX.findall(rest)]


def _text(escaped: str) -> str:
    return os.fsdecode(_bytes(escaped))


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
