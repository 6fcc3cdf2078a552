"""`matcher synth`: writes where it may, refuses to mix with real supplies."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from matcher.cli.synth import synth
from matcher.errors import UserError


def test_it_writes_an_inbox_and_the_truth(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        synth,
        [str(tmp_path / "m"), "--people", "200", "--seed", "3", "--as-at", "2013-10-31", "--errors", "0", "--json"],
    )
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    written = sorted(path.name for path in (tmp_path / "m" / "inbox").iterdir())
    assert said["files"] == written
    assert "MADE-UP.txt" in written
    assert (
        (tmp_path / "m" / "truth.csv")
        .read_bytes()
        .startswith(b"dataset,supplier,row,person_id,household_id,decision,origin\n")
    )


def test_it_can_be_repeated_and_leaves_nothing_of_the_month_before(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    for seed in ("1", "2", "1"):
        result = CliRunner().invoke(synth, [str(tmp_path), "--people", "120", "--seed", seed, "--hard"])
        assert result.exit_code == 0
        contents = {path.name: path.read_bytes() for path in inbox.iterdir()}
        first = contents if seed == "1" else {}
    assert first == contents


def test_it_refuses_an_inbox_that_is_not_marked_as_made_up(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "dwp.csv").write_text("x", encoding="utf-8")
    result = CliRunner().invoke(synth, [str(tmp_path), "--people", "50"])
    assert isinstance(result.exception, UserError)
    assert "not marked as made-up" in str(result.exception)
    assert not (tmp_path / "truth.csv").exists()
