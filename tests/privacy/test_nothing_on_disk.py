"""Nothing of a supply is written to any disk: every file that a run opens for writing is watched, inside the workspace and outside.

A run works in a process of its own, with its temporary folder, home and keys in a folder that is watched too. Up to the seal it may
write the registry, the audit log, locks and keys; at the seal its outputs; for a hold the encrypted files of its plan. No bytes
written anywhere, and no name, may hold a value of a supply or of a canary, also not packed.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from matcher.extracts import find_supplies, read_supplies
from matcher.purge.canaries import values_of
from matcher.purge.held import load_held
from matcher.purge.residue import search_all
from matcher.registry.store import Registry
from matcher.synthetic import make_month
from matcher.workspace import Workspace
from specs.load import load_extract_specs
from tests.privacy.watching import FONTS, MAPPED, NAMED, OPENED, WRITTEN, Event, audited, traced

AS_AT = dt.date(2013, 10, 31)
ROLES = {"full_name", "forename", "surname", "address", "address_2", "ref", "nino", "upn", "uprn", "relationship"}
SHORTEST = 9
traceable = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: C-level writes unseen")

BOOKKEEPING = r"workspace/(registry\.db(-journal)?|audit\.log|\.audit\.log\.lock|\.lock)|keys/.*"
DEVICES = r"/dev/(null|tty|pts/\d+)|pipe:\[\d+\]"
RECEIVED = r"inbox/[0-9a-f]{16}\.waiting"  # overwritten at random under a name without meaning
OUTPUTS = r"workspace/outbox(/.*)?"
HELD = r"workspace/held(/.*)?"
SEAL = "workspace/outbox/"
EMPTY = (
    rf"temporary/[A-Za-z0-9_]{{8}}|{re.escape(str(FONTS))}/.*"  # Python tries whether a folder can be written; fonts
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small month, not to be run on."""
    inbox = tmp_path_factory.mktemp("made") / "inbox"
    inbox.mkdir()
    for name, content in make_month(150, 4, AS_AT).files.items():
        (inbox / name).write_bytes(content)
    return inbox


@cache
def values_in(inbox: Path) -> list[str]:
    """Every value of a supply that tells of a person or a home, as delivered."""
    specs = load_extract_specs()
    found: set[str] = set()
    for supply in read_supplies(find_supplies(inbox, specs), specs, AS_AT).supplies:
        for column in specs[supply.dataset].column:
            if column.role in ROLES and supply.dataset != "gazetteer" and supply.rows is not None:
                found |= {value for value in supply.rows[column.id].drop_null().to_pylist() if len(value) >= SHORTEST}
    assert len(found) > 200
    return sorted(found)


class Watched:
    """A folder with workspace, inbox, keys, temporary folder and home, in which commands are run and watched."""

    def __init__(self, folder: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.made = folder, made
        (folder / "keys").mkdir()
        monkeypatch.setenv("MATCHER_KEYS", str(folder / "keys"))
        self.workspace = Workspace.create(folder / "workspace")
        Registry.open(self.workspace).close()
        self.deliver()

    def deliver(self, *, without: str | None = None) -> None:
        shutil.rmtree(self.folder / "inbox", ignore_errors=True)
        shutil.copytree(self.made, self.folder / "inbox")
        for path in self.folder.glob(f"inbox/{without}*") if without else ():
            path.unlink()

    def arguments(self, *options: str) -> list[str]:
        root = self.folder
        return ["run", str(root / "inbox"), "-w", str(root / "workspace"), "--as-at", AS_AT.isoformat(), *options]

    def run(self, *options: str, code: int = 0, leak: str = "") -> list[Event]:
        exit_code, events, said = traced(self.folder, self.arguments(*options), LEAK=leak)
        assert exit_code == code, said
        assert len(events) > 50, "the run was watched"
        return events

    def name(self, path: str) -> str:
        """A path for the patterns above."""
        root = str(self.folder)
        return path[len(root) + 1 :].replace(os.sep, "/") if path.startswith(root + os.sep) else path

    def opened(self, events: Sequence[Event]) -> list[str]:
        return [self.name(event.path) for event in events if event.what in (OPENED, MAPPED)]

    def values(self) -> list[str]:
        """Values of the month and of all canaries."""
        found = list(values_in(self.made))
        for name in self.workspace.keys.names():
            if name.startswith("canary."):
                seed = self.workspace.keys.get(name)
                with Registry.open(self.workspace) as registry:
                    supplies = registry.batch(name.removeprefix("canary.")).plan["canaries"]
                assert seed is not None
                found += values_of(seed, load_extract_specs(), supplies)[0]
        return found

    def written(self, events: Sequence[Event]) -> list[str]:
        """Where a value stands among what was written: the bytes of each file are put together and searched, opened too."""
        nowhere = Workspace.create(self.folder / "nowhere")
        kept = nowhere.root / "captured"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        streams: dict[str, list[bytes]] = {}
        for event in events:
            if event.what == WRITTEN:
                streams.setdefault(event.path, []).append(event.content)
        names = [event.path for event in events if event.what in (OPENED, NAMED)]
        for number, (_, parts) in enumerate(sorted(streams.items())):
            (kept / f"{number:04}").write_bytes(b"".join(parts))
        (kept / "names").write_bytes("\n".join(names).encode("utf-8", "surrogateescape"))
        paths = sorted(streams)
        result = search_all(nowhere, self.values())
        found = []
        for finding in result.findings:
            number = finding.file.removeprefix("captured/")[:4]
            found.append(self.name(paths[int(number)]) if number.isdigit() else "a name")
        return sorted(set(found))

    def check(self, events: Sequence[Event], *, before: str, after: str) -> None:
        """Only files of the pattern `before` are opened until the outputs are begun, `after` from then on; nowhere a value."""
        opened = self.opened(events)
        at = next((n for n, name in enumerate(opened) if name.startswith(SEAL)), len(opened))
        assert _others(opened[:at], before) == []
        assert _others(opened[at:], f"{before}|{after}") == []
        assert _filled_in_temporary(events, self) == []
        assert self.written(events) == []


def _others(names: Sequence[str], pattern: str) -> list[str]:
    return sorted({name for name in names if not re.fullmatch(f"{pattern}|{DEVICES}|{EMPTY}", name)})


def _filled_in_temporary(events: Sequence[Event], watched: Watched) -> list[str]:
    """Temporary files that got more than the few bytes by which Python tries a folder."""
    return [
        watched.name(event.path)
        for event in events
        if watched.name(event.path).startswith("temporary/")
        and (event.what not in (OPENED, WRITTEN, NAMED) or len(event.content) > len(b"blat"))
    ]


@pytest.fixture
def watched(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tmp_path, made, monkeypatch)


@traceable
def test_dry_auto_and_replacing_runs_and_one_that_keeps_the_extracts_write_nothing_of_a_supply(
    watched: Watched,
) -> None:
    watched.check(watched.run("--dry-run"), before=BOOKKEEPING, after=OUTPUTS)
    watched.check(watched.run(), before=BOOKKEEPING, after=f"{OUTPUTS}|{RECEIVED}")
    watched.deliver(without="local_concerns")
    replacing = watched.run("--replaces", "2013-10-31-1", "--keep-extracts")
    watched.check(replacing, before=BOOKKEEPING, after=f"{OUTPUTS}")
    assert (watched.folder / "inbox" / "dwp.csv").exists()


@traceable
def test_a_held_run_writes_only_the_encrypted_files_of_its_plan(watched: Watched) -> None:
    watched.workspace.write("policy/thresholds.2012-04-02.toml", b"link = 0.9\nask_from = 0.01\nask_to = 0.99999\n")
    referral = '\n[referral]\non = true\nagreement = "a made-up agreement"\nneed = "1 or 2"\n'
    settings = (watched.folder / "workspace" / "matcher.toml").read_text(encoding="utf-8")
    without = re.sub(r"(?ms)^\[referral\].*?(?=^\[|\Z)", "", settings)
    (watched.folder / "workspace" / "matcher.toml").write_text(without + referral, encoding="utf-8")
    watched.deliver(without="dwp")
    events = watched.run("--review", "hold", code=3)
    watched.check(events, before=f"{BOOKKEEPING}|{HELD}", after=f"{OUTPUTS}|{RECEIVED}")
    folder = watched.workspace.held_path("2013-10-31-1")
    tables, _ = load_held(watched.workspace, "2013-10-31-1")
    there = {path.name for path in folder.iterdir()}
    assert {name.split("-")[0] for name in there} == {*tables, "plan.parquet"}
    assert all((folder / name).read_bytes()[:4] == b"PARE" for name in there), "encrypted, the footer too"
    written = {name for name in watched.opened(events) if re.fullmatch(HELD, name)}
    assert all(re.fullmatch(r"workspace/held/2013-10-31-1/\.[0-9a-f]{16}\.waiting", name) for name in written)
    assert len(written) == len(there)


@traceable
def test_a_dry_run_writes_nothing_of_a_supply_and_what_leaks_is_caught_whatever_writes_it(watched: Watched) -> None:
    events = watched.run("--dry-run", leak="every way")
    with pytest.raises(AssertionError):
        watched.check(events, before=BOOKKEEPING, after=OUTPUTS)
    caught = {name.rpartition("/")[2] for name in watched.written(events)}
    nameless = {name for name in caught if name.startswith("#")}
    assert nameless, "a file that was never given a name"
    assert caught - nameless - {"sqlite.db-journal"} == {"python.txt", "sqlite.db", "arrow.parquet", "a name"}
    opened = {name.rpartition("/")[2] for name in _others(watched.opened(events), f"{BOOKKEEPING}|{OUTPUTS}")}
    leaks = {"python.txt", "sqlite.db", "sqlite.db-journal", "arrow.parquet", "map.bin"}
    assert opened - {"temporary"} <= leaks, "nothing but what leaks is opened"
    assert leaks - {"sqlite.db-journal"} <= opened
    assert any(event.what == MAPPED and event.path.endswith("map.bin") for event in events)


def test_python_opens_nothing_else_for_writing_on_any_system_but_what_leaks(watched: Watched) -> None:
    code, opened, said = audited(watched.folder, watched.arguments(), LEAK="python")
    assert code == 0, said
    names = [watched.name(path) for path in opened]
    at = next(n for n, name in enumerate(names) if name.startswith(SEAL))
    (leak,) = _others(names[:at], BOOKKEEPING)
    assert leak.endswith("python.txt")
    assert _others(names[at:], f"{BOOKKEEPING}|{OUTPUTS}|{RECEIVED}") == []
