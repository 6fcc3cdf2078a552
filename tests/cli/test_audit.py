"""`matcher audit` as a user meets it; refusals and changed settings in the chain."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.audit_export import check_export
from matcher.purge.certificate import read_public_key
from matcher.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with two batches' worth of events."""
    assert run("init", tmp_path / "w").exit_code == 0
    place = Workspace.open(tmp_path / "w")
    audit = Audit(place)
    for number in (1, 2):
        audit.append("run_started", batch=f"2013-10-31-{number}", supplies=30, made_up=number == 1)
        audit.append("list_disclosed", batch=f"2013-10-31-{number}", form=f"outbox/2013-10-31-{number}/key-worker/city.xlsx",
                     spec="key_worker_city", recipient="key_worker_city", families=34, people=150)  # fmt: skip
    return place


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def run_json(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def events(place: Workspace) -> list[str]:
    return [entry["event"] for entry in Audit(place).entries()]


# -- show ------------------------------------------------------------------------------------------------------------


def test_show_says_each_event_in_plain_english_newest_last_within_80_columns(place: Workspace) -> None:
    text = run("audit", "-w", place.root, "show").stdout
    assert all(len(line) < 80 for line in text.splitlines())
    plain = " ".join(text.split())
    assert "Batch 2013-10-31-1 begun: 30 supplies, made-up data" in plain
    assert "Batch 2013-10-31-2: list key_worker_city for key_worker_city written, 34 families, 150 people" in plain
    assert plain.index("Workspace made") < plain.index("2013-10-31-1 begun") < plain.index("2013-10-31-2 begun")
    assert run("audit", "show", "-w", place.root).stdout == text, "-w before or after"


def test_show_can_be_narrowed(place: Workspace) -> None:
    assert [e["number"] for e in run_json("audit", "-w", place.root, "show", "--last", "2")["entries"]] == [12, 13]
    batch = run_json("audit", "-w", place.root, "show", "--batch", "2013-10-31-1")["entries"]
    assert [e["event"] for e in batch] == ["run_started", "list_disclosed"]
    only = run_json("audit", "-w", place.root, "show", "--event", "list_disclosed")["entries"]
    assert len(only) == 2 and only[0]["counts"]["families"] == 34 and "34 families" in only[0]["in_words"]
    nothing = run("audit", "-w", place.root, "show", "--since", "2199-01-01")
    assert nothing.stdout == "" and "No event is like that" in nothing.stderr


def test_reading_the_chain_writes_nothing(place: Workspace) -> None:
    before = place.read("audit.log")
    for command in (["show"], ["check"]):
        assert run("audit", "-w", place.root, *command).exit_code == 0
    assert run("status", "-w", place.root).exit_code == 0
    assert place.read("audit.log") == before


def test_without_a_workspace_it_says_what_is_missing(tmp_path: Path) -> None:
    assert "--workspace" in run("audit", "show").output
    assert isinstance(run("audit", "-w", tmp_path, "show").exception, UserError)


# -- check -----------------------------------------------------------------------------------------------------------


def test_check_names_line_and_number_and_ends_with_6(place: Workspace) -> None:
    assert "the chain is whole" in run("audit", "-w", place.root, "check").stderr
    assert run_json("audit", "-w", place.root, "check") == {
        "file": "audit.log",
        "entries": 13,
        "whole": True,
        "faults": [],
    }
    path = place.root / "audit.log"
    path.write_bytes(path.read_bytes().replace(b'"families":34', b'"families":35', 1))
    result = run("audit", "-w", place.root, "check")
    assert result.exit_code == Exit.RESIDUE and "audit.log line 11, entry 11: was edited" in result.stderr
    told = run_json("audit", "-w", place.root, "check", code=Exit.RESIDUE)
    assert told["faults"] == [{"line": 11, "number": 11, "what": "was edited"}]


# -- export ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Export to a file, then nothing of the workspace or its keys is left but the public key."""

    def export(kind: str) -> Path:
        folder = tmp_path / f"elsewhere{kind}"
        folder.mkdir()
        assert run("audit", "-w", place.root, "export", folder / f"audit{kind}").exit_code == 0
        shutil.copy(place.root / "signing_key.pub.pem", folder)
        monkeypatch.setenv("MATCHER_KEYS", str(folder / "no-keys"))
        return folder / f"audit{kind}"

    return export


def checked(file: Path, code: int = 0) -> dict[str, Any]:
    return run_json("audit", "check", "--file", file, "--public-key", file.parent / "signing_key.pub.pem", code=code)


@pytest.mark.parametrize("kind", [".jsonl", ".csv"])
def test_an_exported_chain_is_checked_with_the_public_key_alone(
    kind: str, elsewhere: Callable[[str], Path], place: Workspace
) -> None:
    file = elsewhere(kind)
    shutil.rmtree(place.root)
    told = checked(file)
    assert told["whole"] and told["entries"] == 14 and told["exported"]["workspace"] == place.id
    assert b"audit_exported" in file.read_bytes()


@pytest.mark.parametrize("kind", [".jsonl", ".csv"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_an_exported_chain_is_found(kind: str, place: Workspace, data: st.DataObject) -> None:
    file = place.root.parent / f"audit{kind}"
    if not file.exists():
        assert run("audit", "-w", place.root, "export", file).exit_code == 0
    content, keys = file.read_bytes(), [read_public_key(place.read("signing_key.pub.pem"))]
    assert check_export(content, keys)[0].faults == []
    lines = content.splitlines(keepends=True)
    what = data.draw(st.sampled_from(["byte", "remove", "swap", "double", "cut"]))
    n = data.draw(st.integers(0, len(lines) - 2))
    at = data.draw(st.integers(0, len(content) - 1))
    changed = {
        "byte": content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :],
        "remove": b"".join([*lines[:n], *lines[n + 1 :]]),
        "swap": b"".join([*lines[:n], lines[n + 1], lines[n], *lines[n + 2 :]]),
        "double": b"".join([*lines[: n + 1], lines[n], *lines[n + 1 :]]),
        "cut": content[:at],
    }[what]
    assert check_export(changed, keys)[0].faults


def test_the_place_of_a_change_in_a_csv_is_its_line_in_the_file(elsewhere: Callable[[str], Path]) -> None:
    file = elsewhere(".csv")
    file.write_bytes(file.read_bytes().replace(b'""families"":34', b'""families"":35', 1))
    faults = checked(file, Exit.RESIDUE)["faults"]
    assert {"line": 12, "number": 11, "what": "was edited"} in faults


def test_an_export_signed_by_a_stranger_is_no_proof(elsewhere: Callable[[str], Path], tmp_path: Path) -> None:
    file = elsewhere(".jsonl")
    shutil.copy(Workspace.create(tmp_path / "other").root / "signing_key.pub.pem", file.parent)
    assert any("not signed with this public key" in f["what"] for f in checked(file, Exit.RESIDUE)["faults"])


def test_a_broken_chain_is_exported_as_it_is_and_said(place: Workspace, tmp_path: Path) -> None:
    path = place.root / "audit.log"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], b"rubbish\n", *lines[5:]]))
    result = run("audit", "-w", place.root, "export", tmp_path / "a.jsonl")
    assert result.exit_code == Exit.RESIDUE and "fault(s)" in result.stderr
    assert b"rubbish" in (tmp_path / "a.jsonl").read_bytes()
    refused = run("audit", "-w", place.root, "export", tmp_path / "a.csv")
    assert isinstance(refused.exception, UserError) and "a CSV cannot hold them" in str(refused.exception)


def test_what_cannot_be_checked_is_said(place: Workspace, tmp_path: Path) -> None:
    assert "ends in .jsonl or .csv" in run("audit", "-w", place.root, "export", tmp_path / "a.txt").output
    assert "needs --public-key" in run("audit", "check", "--file", tmp_path / "a.csv").output
    for key, said in ((tmp_path / "none.pem", "cannot be read"), (place.root / "matcher.toml", "no public key")):
        result = run("audit", "check", "--file", place.root / "audit.log", "--public-key", key)
        assert isinstance(result.exception, UserError) and said in str(result.exception)
    plain = run(
        "audit", "check", "--file", place.root / "audit.log", "--public-key", place.root / "signing_key.pub.pem"
    )
    assert plain.exit_code == Exit.RESIDUE and "signed statement at the end is missing" in " ".join(
        plain.stderr.split()
    )


# -- refusals --------------------------------------------------------------------------------------------------------


def refusals(place: Workspace) -> list[tuple[str, str]]:
    return [
        (e["counts"]["command"], e["counts"]["why"]) for e in Audit(place).entries() if e["event"] == "access_refused"
    ]


def test_refused_access_stands_in_the_chain(place: Workspace, tmp_path: Path) -> None:
    month = tmp_path / "month"
    assert run("synth", month, "--people", "60", "--seed", "1", "--as-at", "2013-10-31").exit_code == 0
    (month / "inbox" / "MADE-UP.txt").unlink()
    inbox, when = month / "inbox", ("--as-at", "2013-10-31")
    shutil.copytree(inbox, place.root / "inbox" / "month")
    assert isinstance(run("passwords", "show", "nobody", "-w", place.root).exception, UserError)
    assert isinstance(run("families", "-w", place.root, "-o", tmp_path / "f.csv").exception, UserError)
    assert isinstance(run("run", inbox, "-w", place.root, *when, "--keep-extracts").exception, UserError)
    truth = month / "truth.csv"
    assert isinstance(run("evaluate", place.root / "inbox" / "month", "--truth", truth, *when).exception, UserError)
    with Workspace.open(place.root).lock("matcher run"):
        busy = run("run", inbox, "-w", place.root, *when)
    assert isinstance(busy.exception, UserError) and busy.exception.code == Exit.BUSY
    assert refusals(place) == [
        ("passwords", "no_such_password"), ("families", "unprotected_file"), ("run", "kept_without_reason"),
        ("evaluate", "unmarked_data"), ("run", "lock_busy"),
    ]  # fmt: skip
    told = " ".join(run("audit", "-w", place.root, "show", "--event", "access_refused").stdout.split())
    assert told.count("REFUSED") == 5 and "another run holds the workspace, asked for by matcher run" in told


def test_a_registry_that_does_not_open_with_its_key_is_a_refused_access(place: Workspace) -> None:
    place.keys.put("registry", os.urandom(32))
    result = run("families", "-w", place.root)
    assert isinstance(result.exception, UserError) and "key is not its key" in str(result.exception)
    assert refusals(place) == [("families", "wrong_key")]


def test_a_missing_key_is_audited_where_it_can_be_signed_and_said_where_not(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = place.keys.get("registry")
    assert key is not None
    place.keys.destroy("registry")
    assert isinstance(run("families", "-w", place.root).exception, UserError)
    assert refusals(place) == [("families", "key_missing")]
    place.keys.put("registry", key)
    before = place.read("audit.log")
    monkeypatch.setenv("MATCHER_KEYS", str(tmp_path / "elsewhere"))
    result = run("families", "-w", place.root)
    assert isinstance(result.exception, UserError) and "This refusal is not in the audit log" in result.stderr
    assert place.read("audit.log") == before and not (tmp_path / "elsewhere").exists(), "no new key was made"


# -- changed settings ------------------------------------------------------------------------------------------------


def change(place: Workspace, file: str, old: str, new: str) -> None:
    path = place.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def test_changed_settings_and_policies_are_told_with_their_keys_and_without_values(place: Workspace) -> None:
    assert events(place).count("settings_recorded") == 6
    change(place, "matcher.toml", 'name = "', 'name = "Quillfeather ')
    change(place, "policy/discretion.2013-10-01.toml", "automatic_approval = true", "automatic_approval = false")
    place.write("policy/thresholds.2014-01-01.toml", b"link = 0.9\n")
    change(place, "areas.csv", "LE1", "LE99")
    result = run("families", "-w", place.root)
    assert result.exit_code == 0 and "matcher.toml has changed" in result.stderr
    entries = [e for e in Audit(place).entries() if e["event"] in ("settings_changed", "policy_changed")]
    assert [(e["event"], e["counts"]["file"], e["counts"]["changed"]) for e in entries] == [
        ("settings_changed", "areas.csv", []),
        ("settings_changed", "matcher.toml", ["workspace.name"]),
        ("policy_changed", "policy/discretion.2013-10-01.toml", ["automatic_approval"]),
    ]  # fmt: skip
    assert events(place).count("settings_recorded") == 7
    assert b"Quillfeather" not in place.read("audit.log")
    run("families", "-w", place.root)
    assert events(place).count("settings_changed") == 2, "told once"


def test_a_key_put_in_or_taken_out_and_a_file_removed_or_broken_are_told(place: Workspace) -> None:
    place.write("policy/thresholds.2014-01-01.toml", b"link = 0.9\nask_from = 0.1\n")
    run("families", "-w", place.root)
    place.write("policy/thresholds.2014-01-01.toml", b"link = 0.9\nask_to = 0.95\n")
    run("families", "-w", place.root)
    place.write("policy/thresholds.2014-01-01.toml", b"= no toml")
    run("families", "-w", place.root)
    place.destroy(place.root / "policy" / "thresholds.2014-01-01.toml")
    run("families", "-w", place.root)
    told = [e["counts"] for e in Audit(place).entries() if e["event"] == "policy_changed"]
    assert [(t["added"], t["removed"]) for t in told] == [
        (["ask_to"], ["ask_from"]), ([], ["ask_to", "link"]), ([], [])
    ]  # fmt: skip
    assert told[-1]["digest"] is None and Audit(place).check() == []
