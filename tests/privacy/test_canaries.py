"""Names, dates and numbers planted in an inbox are looked for in everything that a run says and writes in clear."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.registry.store import Registry
from matcher.synthetic import make_month
from matcher.workspace import Workspace

AS_AT = "2013-10-31"
CANARIES = {
    "forename": "Quibblethorpe",
    "surname": "Zanzibarwick",
    "birth": "17/03/1971",
    "nino": "JK918273A",
    "address": "417 Vermilionsgate",
    "ref": "CANARY-REF-55871",
}
FORMS = (
    *CANARIES.values(),
    "1971-03-17",
    "VERMILIONSGATE",
    "QUIBBLETHORPE",
    "ZANZIBARWICK",
    "quibblethorpe",
    "zanzibarwick",
)


def planted(folder: Path) -> Path:
    """A small month with one person who does not qualify, and faults in the same rows."""
    inbox = folder / "inbox"
    inbox.mkdir()
    for name, content in make_month(300, 2, dt.date(2013, 10, 31)).files.items():
        (inbox / name).write_bytes(content)
    c = CANARIES
    with (inbox / "social_care.county.csv").open("a", encoding="utf-8", newline="") as file:
        file.write(
            f"{c['ref']},{c['forename']},{c['surname']},{c['birth']},{c['address']},LE1 1AA,{c['surname']},{c['birth']},\n"
        )
        file.write(
            f"{c['ref']},{c['forename']},{c['surname']},99/99/9999,{c['address']},{c['address']},CIN,{c['surname']},{c['forename']}\n"
        )
        file.write(f"{c['ref']},{c['forename']},{c['surname']},{c['birth']}\n")
    with (inbox / "local_concerns.csv").open("a", encoding="utf-8", newline="") as file:
        file.write(
            f"{c['ref']},{c['forename']},{c['surname']},{c['birth']},{c['address']},LE1 1AA,{c['surname']},{c['birth']},{c['surname']}\n"
        )
    return inbox


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MATCHER_KEYS": str(folder / "keys"), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "matcher", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[subprocess.CompletedProcess[str]]]:
    folder = tmp_path_factory.mktemp("canaries")
    planted(folder)
    done = [
        command(folder, "init", "workspace"),
        command(folder, "check", "inbox", "--as-at", AS_AT, "-o", "feedback"),
        command(folder, "check", "inbox", "--as-at", AS_AT, "--json"),
        command(folder, "run", "inbox", "-w", "workspace", "--as-at", AS_AT, "--dry-run"),
        command(folder, "run", "inbox", "-w", "workspace", "--as-at", AS_AT),
        command(folder, "status", "-w", "workspace"),
    ]
    return folder, done


def test_the_commands_ended_well(ran: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    assert [done.returncode for done in ran[1]] == [0] * len(ran[1])


def test_no_canary_in_anything_that_was_said(ran: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    for done in ran[1]:
        for form in FORMS:
            assert form not in done.stdout + done.stderr, done.args


def test_no_canary_in_any_file_left_behind_nor_in_its_name(
    ran: tuple[Path, list[subprocess.CompletedProcess[str]]],
) -> None:
    files = [path for path in ran[0].rglob("*") if path.is_file()]
    assert len(files) > 30
    for path in files:
        content = path.read_bytes()
        for form in FORMS:
            assert form.encode("utf-8") not in content, path.name
            assert form.encode("utf-16-le") not in content, path.name
            assert form not in path.name


def test_verify_finds_no_canary_either_and_finds_what_is_planted(
    ran: tuple[Path, list[subprocess.CompletedProcess[str]]], tmp_path: Path
) -> None:
    folder = ran[0]
    (tmp_path / "canaries.txt").write_text("\n".join(FORMS), encoding="utf-8")
    clean = command(folder, "verify", "-w", "workspace", "--canaries", str(tmp_path / "canaries.txt"))
    assert clean.returncode == 0, clean.stderr
    stray = folder / "workspace" / "outbox" / "stray.log"
    stray.write_text(f"left behind: {CANARIES['surname']}", encoding="utf-8")
    found = command(folder, "verify", "-w", "workspace", "--canaries", str(tmp_path / "canaries.txt"))
    stray.unlink()
    assert found.returncode == 6
    assert "stray.log" in found.stdout + found.stderr
    assert CANARIES["surname"] not in found.stdout + found.stderr


def test_an_unexpected_fault_tells_its_place_and_no_value(tmp_path: Path) -> None:
    program = (
        "import matcher.cli as c, click\n"
        "@click.command()\n"
        "def boom():\n"
        f"    raise ValueError('{CANARIES['surname']}')\n"
        "c.cli.add_command(boom)\n"
        "c.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, "boom"], capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert CANARIES["surname"] not in done.stdout + done.stderr


def test_the_registry_holds_no_canary(
    ran: tuple[Path, list[subprocess.CompletedProcess[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATCHER_KEYS", str(ran[0] / "keys"))
    with Registry.open(Workspace.open(ran[0] / "workspace")) as registry:
        text = "\n".join(value for _, value in registry.every_cell())
    assert len(text) > 1000
    for form in FORMS:
        assert form not in text
