"""`verify` looks by itself for the canaries of every batch, and checks every certificate that lies in the workspace."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from matcher.cli import cli
from matcher.errors import Exit
from matcher.purge.canaries import make_seed, seed_name, values_of
from matcher.purge.certificate import Search, issue, make, to_bytes
from matcher.purge.keys import SIGNING
from matcher.registry import Registry
from matcher.runs.certificates import issuer_of
from matcher.workspace import Workspace
from specs.load import load_extract_specs

SUPPLIES = ["education.city", "gazetteer", "housing.blaby", "yos.city"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


@pytest.fixture
def batches(workspace: Workspace) -> list[str]:
    """Two sealed months, certified."""
    made = []
    with Registry.open(workspace) as registry:
        for as_at in (dt.date(2013, 10, 31), dt.date(2013, 11, 30)):
            batch = registry.new_batch(as_at, {}).batch_id
            make_seed(workspace.keys, batch)
            for state in ("matching", "sealing", "sealed"):
                registry.set_state(batch, state, plan={"canaries": SUPPLIES})
            search = Search(1, 1, None, 0, 0, 0)
            certificate = make(issuer_of(workspace), batch=batch, as_at=as_at, supplies=[], search=search)
            workspace.write(f"outbox/{batch}/assurance/deletion_certificate.json", to_bytes(certificate))
            made.append(batch)
    return made


def verify(workspace: Workspace, *more: str) -> Result:
    return CliRunner().invoke(cli, ["verify", "-w", str(workspace.root), *more])


def verify_json(workspace: Workspace, *more: str, code: int = 0) -> dict[str, Any]:
    result = verify(workspace, *more, "--json")
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def values(workspace: Workspace, batch: str) -> list[str]:
    return values_of(make_seed(workspace.keys, batch), load_extract_specs(), SUPPLIES)[0]


def test_without_any_list_the_canaries_of_every_batch_are_searched_for(
    workspace: Workspace, batches: list[str]
) -> None:
    told = verify_json(workspace)
    assert told["clean"]
    assert told["certificates"] == 2
    assert told["searched"]["canaries"] == sum(len(values(workspace, batch)) for batch in batches) > 60
    assert told["searched"]["batches_without_canaries"] == []


@pytest.mark.parametrize("number", [0, 7, 20, -1])
@pytest.mark.parametrize("form", ["utf-8", "utf-16-le", "upper"])
def test_any_of_their_values_is_found_and_never_said(
    workspace: Workspace, batches: list[str], number: int, form: str
) -> None:
    value = values(workspace, batches[0])[number]
    workspace.write("outbox/a/left.bin", b"--" + (value.upper().encode() if form == "upper" else value.encode(form)))
    result = verify(workspace)
    assert result.exit_code == Exit.RESIDUE
    assert f"found: canary of batch {batches[0]} in outbox/a/left.bin at byte 2" in result.stderr
    assert value.casefold() not in result.output.casefold()
    finding = {"file": "outbox/a/left.bin", "offset": 2, "batch": batches[0]}
    assert finding in verify_json(workspace, batches[0], code=6)["findings"]
    assert verify_json(workspace, batches[1])["clean"], "only that batch's canaries are taken"


def test_a_list_is_searched_for_besides(workspace: Workspace, batches: list[str], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("something\nQuillfeather", encoding="utf-8")
    workspace.write("outbox/left.txt", b"quillfeather " + values(workspace, batches[1])[3].encode())
    told = verify_json(workspace, "--canaries", str(tmp_path / "list.txt"), code=6)
    assert told["searched"]["values"] == told["searched"]["canaries"] + 2
    assert {"file": "outbox/left.txt", "offset": 0, "canary": 2} in told["findings"]
    assert {"file": "outbox/left.txt", "offset": 13, "batch": batches[1]} in told["findings"]


def test_a_batch_whose_seed_is_gone_is_told(workspace: Workspace, batches: list[str]) -> None:
    workspace.keys.destroy(seed_name(batches[0]))
    result = verify(workspace)
    assert result.exit_code == 0
    assert f"not searched for: canaries of batch {batches[0]}" in result.stderr
    assert verify_json(workspace)["searched"]["batches_without_canaries"] == [batches[0]]


def test_certificates_of_an_earlier_signing_key_hold_and_others_do_not(
    workspace: Workspace, batches: list[str]
) -> None:
    workspace.keys.keep_public(workspace.keys.public_key())
    workspace.keys.put(SIGNING, bytes(range(32)))
    assert verify_json(workspace)["certificates"] == 2
    made = issue("retention", {"families": 1}, issuer_of(workspace), how="overwritten")
    workspace.write("assurance/deletion.1.json", to_bytes(made))
    assert verify_json(workspace)["certificates"] == 3
    workspace.write("assurance/deletion.1.json", to_bytes(made | {"families": 2}))
    faults = verify_json(workspace, code=6)["faults"]
    assert [(fault["check"], fault["file"]) for fault in faults] == [("certificate", "assurance/deletion.1.json")]
