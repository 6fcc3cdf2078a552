"""A held batch that ends without a seal: the key goes first, nothing stays, and a signed certificate says so."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from matcher.cli import cli
from matcher.expiry import enforce_expiry
from matcher.purge.audit import Audit
from matcher.purge.canaries import make_seed, values_of
from matcher.purge.certificate import verify_certificate
from matcher.purge.held import save_held
from matcher.registry.store import Registry
from matcher.runs.options import Console
from matcher.runs.resume import abandon
from matcher.workspace import Workspace
from specs.load import load_extract_specs

AS_AT, HELD_UNTIL = dt.date(2013, 10, 31), dt.date(2014, 1, 10)
LATER = HELD_UNTIL + dt.timedelta(days=1)
NAME = "QUILLFEATHER"


class PowerCut(BaseException):
    """Not an Exception: nothing may tidy up after it."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


@pytest.fixture
def held(workspace: Workspace, tmp_path: Path) -> str:
    """A held batch with a referral list in its outbox, a workbook of questions outside, and one received file left."""
    received, workbook = tmp_path / "dwp.csv", tmp_path / "questions.xlsx"
    received.write_bytes(b"rows")
    workbook.write_bytes(b"questions")
    line = {"dataset": "yos", "supplier": "city", "partner": "city_yos", "file": "yos.city.csv", "digest": "a" * 64,
            "status": "accepted", "rows_in": 30, "rows_accepted": 29, "rows_rejected": 1}  # fmt: skip
    left = line | {"dataset": "dwp", "supplier": "", "partner": "dwp", "file": "dwp.csv", "rows_in": 5}
    with Registry.open(workspace) as registry:
        batch = registry.new_batch(AS_AT, {"yos.city": "a" * 64}).batch_id
        make_seed(workspace.keys, batch)
        registry.set_state(batch, "matching", plan={"canaries": ["yos.city"]})
        save_held(workspace, batch, {"records": pa.table({"surname": [NAME]})}, {})
        referral = f"outbox/{batch}/partners/dwp_referral.xlsx"
        workspace.write(referral, NAME.encode())
        registry.disclosed(
            "dwp", "dwp", purpose="referral", form=referral, fields=["full_name"], family_ids=[], people=1,
            by_role="manager", batch_id=batch,
        )  # fmt: skip
        registry.set_state(
            batch, "held", held_until=HELD_UNTIL, waits_for="DWP", figures={"supplies": [line, left, line | {"status": "ignored"}]},
            plan={
                "held_records": 12, "handed_out": [str(workbook)],
                "delivery": {"files": {str(received): "b" * 64}, "digests": {}, "made_up": True},
            },
        )  # fmt: skip
    return batch


def certificate_of(workspace: Workspace, batch: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (workspace.outbox(batch) / "assurance" / "deletion_certificate.json").read_bytes()
    )
    assert verify_certificate(found, workspace.keys.public_key())
    return found


def end(workspace: Workspace, how: str, batch: str) -> None:
    if how == "expired":
        assert enforce_expiry(workspace, LATER) == [batch]
        return
    with workspace.lock():
        abandon(workspace, batch, Console(lambda line: None))


@pytest.mark.parametrize("how", ["expired", "abandoned"])
def test_nothing_of_it_stays_and_its_certificate_says_what_was_destroyed_and_what_lies_outside(
    workspace: Workspace, held: str, how: str, tmp_path: Path
) -> None:
    end(workspace, how, held)
    assert workspace.keys.held_key(held) is None
    assert not workspace.held_path(held).exists()
    assert not (tmp_path / "questions.xlsx").exists()
    assert [path.name for path in workspace.outbox(held).rglob("*") if path.is_file()] == ["deletion_certificate.json"]
    assert (tmp_path / "dwp.csv").exists(), "a received file may be matched again"
    made = certificate_of(workspace, held)
    assert (made["kind"], made["ended"]) == ("ended", how)
    assert made["total"] == {"rows_received": 35, "rows_kept": 0, "rows_deleted": 35}
    assert made["held"] == {"files_destroyed": 2, "records": 12, "key": "destroyed first"}
    assert made["received_files_left"] == ["dwp.csv"]
    assert {one["file"] for one in made["handed_out"]} == {
        f"outbox/{held}/partners/dwp_referral.xlsx",
        "questions.xlsx",
    }
    assert made["searched"]["canaries"] == {"people": 1, "values": len(canaries(workspace, held))}
    assert made["searched"]["findings"] == 0
    assert NAME not in json.dumps(made)
    with Registry.open(workspace) as registry:
        assert registry.batch(held).state == how
    assert [entry["event"] for entry in Audit(workspace).entries()][-1] == {"expired": "batch_expired"}.get(how, how)
    assert CliRunner().invoke(cli, ["verify", "-w", str(workspace.root)]).exit_code == 0


def canaries(workspace: Workspace, batch: str) -> list[str]:
    return values_of(make_seed(workspace.keys, batch), load_extract_specs(), ["yos.city"])[0]


@pytest.mark.parametrize("how", ["expired", "abandoned"])
@pytest.mark.parametrize("at", ["destroy_folder", "write"])
def test_the_key_goes_first_and_a_crash_at_any_later_moment_is_made_good(
    workspace: Workspace, held: str, how: str, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any, **__: Any) -> None:
        raise PowerCut

    monkeypatch.setattr(Workspace, at, cut)
    with pytest.raises(PowerCut):
        end(workspace, how, held)
    monkeypatch.undo()
    monkeypatch.setenv("MATCHER_KEYS", str(Path(workspace.keys.place.folder).parent))  # type: ignore[attr-defined]
    assert workspace.keys.held_key(held) is None, "from then on the files are noise"
    assert workspace.held_path(held).exists() == (at == "destroy_folder")
    with Registry.open(workspace) as registry:
        assert registry.batch(held).state == "held"
    end(workspace, how, held)
    assert not workspace.held_path(held).exists()
    assert certificate_of(workspace, held)["ended"] == how


def test_a_canary_that_was_left_is_counted_in_the_certificate_and_told(workspace: Workspace, held: str) -> None:
    workspace.write("outbox/left.txt", canaries(workspace, held)[0].encode())
    said: list[str] = []
    assert enforce_expiry(workspace, LATER, said.append) == [held]
    assert certificate_of(workspace, held)["searched"]["findings"] == 1
    assert said == ["Something that should be gone was found; see it with: matcher verify"]
    result = CliRunner().invoke(cli, ["verify", "-w", str(workspace.root)])
    assert result.exit_code == 6
    assert f"canary of batch {held} in outbox/left.txt at byte 0" in result.stderr


def test_the_scheduler_has_it_expire_once(workspace: Workspace, held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def expire() -> list[str]:
        result = CliRunner().invoke(cli, ["expire", "-w", str(workspace.root), "--json"])
        assert result.exit_code == 0, result.output
        expired: list[str] = json.loads(result.stdout)["expired"]
        return expired

    day: Callable[[], dt.date] = lambda: HELD_UNTIL  # noqa: E731
    monkeypatch.setattr("matcher.cli.status.today", day)
    assert expire() == [], "its last day still counts"
    monkeypatch.setattr("matcher.cli.status.today", lambda: LATER)
    assert expire() == [held]
    assert expire() == []
