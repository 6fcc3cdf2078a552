"""`certificate`: anybody with the public key can check and read one, without a workspace."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.purge.certificate import HandedOut, Issuer, Search, SupplyDeleted, issue, make, make_ended, to_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ISSUER = Issuer(
    workspace="W-ABCDEFG2", version="0.2.0", operator_role="Programme information manager", controller="The council",
    audit_head=(9, "d" * 64), key=KEY, issued_at=dt.datetime(2013, 11, 4, 9, tzinfo=dt.UTC),
)  # fmt: skip
SUPPLIES = [SupplyDeleted("city_yos", "yos", "city", "a" * 64, 100, 7, 93, "removed, medium not proven")]
SEARCH = Search(18, 130, None, 12, 9000, 0, 1)


def batch(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "batch": "2013-10-31-1", "as_at": dt.date(2013, 10, 31), "supplies": SUPPLIES, "search": SEARCH,
        "handed_out": [HandedOut("outbox/2013-10-31-1/key-worker/city.xlsx", "city_team", "2013-11-04")],
        "kept_files": {"dwp.csv": "audit"}, "because": "audit", "replaces": "2013-10-31-0", "notes": ["a note"],
        "held": {"records": 40, "searched": {"files": 3, "canaries": {"values": 9, "people": 1}, "real_sample": 60}},
    }  # fmt: skip
    return make(ISSUER, **values | changes)


def pem(key: Ed25519PrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def run(folder: Path, content: bytes, key: bytes | None = None, *more: str) -> Result:
    (folder / "certificate.json").write_bytes(content)
    (folder / "key.pem").write_bytes(pem() if key is None else key)
    arguments = ["certificate", str(folder / "certificate.json"), "--public-key", str(folder / "key.pem"), *more]
    return CliRunner().invoke(cli, arguments)


def test_a_genuine_certificate_is_read_in_plain_english(tmp_path: Path) -> None:
    result = run(tmp_path, to_bytes(batch()))
    assert result.exit_code == 0
    assert "It is whole and signed with this key" in result.stderr
    for told in (
        "Batch 2013-10-31-1 as at 2013-10-31",
        "Rows received 100, kept 7, deleted 93.",
        "city_yos: received 100, kept 7, deleted 93",
        f"yos.city: 100 rows, file sha256 {'a' * 64}: removed, medium not proven",
        "130 values of 18 made-up people",
        "no value of a real person (none: the match was interrupted",
        "Could not be opened: 1.",
        "outbox/2013-10-31-1/key-worker/city.xlsx to city_team on 2013-11-04: destruction not yet confirmed",
        "Not destroyed: dwp.csv (audit)",
        "It replaces batch 2013-10-31-0.",
        "60 values of people who were deleted",
        "Programme information manager, The council, with matcher 0.2.0",
        "were not destroyed",
        "Backups",
        "swap",
        "a note",
    ):
        assert told in " ".join(result.stdout.split()), told


@pytest.mark.parametrize(
    "made",
    [
        make_ended(
            ISSUER, batch="2013-10-31-1", as_at=dt.date(2013, 10, 31), ended="expired", supplies=[], held_files=17,
            held_records=40, search=SEARCH, files_left=["dwp.csv"],
        ),
        issue("retention", {"families": 3, "reason": "no_further_risk"}, ISSUER, how="overwritten in place"),
    ],
    ids=["ended", "retention"],
)  # fmt: skip
def test_every_kind_is_read(tmp_path: Path, made: dict[str, Any]) -> None:
    result = run(tmp_path, to_bytes(made))
    assert result.exit_code == 0
    wanted = {
        "ended": [
            "held and expired",
            "files destroyed 17, records 40, key destroyed first",
            "Still where it came: dwp.csv",
        ],
        "retention": ["Families: 3.", "Reason: no_further_risk."],
    }
    for told in wanted[made["kind"]]:
        assert told in " ".join(result.stdout.split()), told


def test_json_holds_verdict_certificate_and_reading(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, to_bytes(batch()), None, "--json").stdout)
    assert found["genuine"] is True
    assert found["certificate"]["batch"] == "2013-10-31-1"
    assert found["reading"][0].startswith("Certificate of deletion")


@pytest.mark.parametrize("how", ["a figure", "another key"])
def test_a_changed_one_or_one_of_another_key_is_not_read_out_and_exits_6(tmp_path: Path, how: str) -> None:
    made = batch()
    made["total"]["rows_deleted"] += how == "a figure"
    key = pem(Ed25519PrivateKey.generate()) if how == "another key" else None
    result = run(tmp_path, to_bytes(made), key)
    assert result.exit_code == Exit.RESIDUE
    assert "NOT GENUINE" in result.stderr
    assert result.stdout == ""
    assert json.loads(run(tmp_path, to_bytes(made), key, "--json").stdout)["genuine"] is False


@pytest.mark.parametrize(
    ("content", "key", "said"),
    [
        (b"{", None, "no certificate"),
        (b"[]", None, "no certificate"),
        (b"[" * 100_000, None, "no certificate"),
        (b"{}", b"no key", "no public key"),
    ],
)
def test_what_is_no_certificate_or_no_key_is_said(tmp_path: Path, content: bytes, key: bytes | None, said: str) -> None:
    result = run(tmp_path, content, key)
    assert isinstance(result.exception, UserError)
    assert said in str(result.exception)


def test_a_missing_or_far_too_large_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(cli, ["certificate", str(tmp_path / "none"), "--public-key", str(tmp_path / "none")])
    assert "certificate cannot be read" in str(result.exception)
    monkeypatch.setattr("matcher.cli.certificate._LARGEST", 10)
    assert "far too large" in str(run(tmp_path, to_bytes(batch())).exception)


def test_a_forged_certificate_steers_no_terminal(tmp_path: Path) -> None:
    made = issue("retention", {"families\x1b[2J": "\x1b]0;x\x07"}, ISSUER, how="\x1b[31mred")
    result = run(tmp_path, to_bytes(made))
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout and "\x07" not in result.stdout
