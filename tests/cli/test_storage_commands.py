"""init, status, expire, verify, families and passwords as a user meets them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import msoffcrypto
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import Search, SupplyDeleted, make
from matcher.purge.held import save_held
from matcher.registry import Registry
from matcher.runs.certificates import issuer_of
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, seal

SMITHS = [Someone("SMITHERS", "ALICE"), Someone("=CMD()", "BEN", 2001)]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


@pytest.fixture
def sealed(workspace: Workspace) -> str:
    """A workspace with one sealed month: a county family of two with a dwelling row, a city family of one."""
    houses = [House(SMITHS, dwelling_row=True), House([Someone("JONESON", "CARL")], area="city", route="discretion")]
    with Registry.open(workspace) as registry:
        batch, _ = seal(registry, Month(houses))
    certify(workspace, batch)
    return batch


def certify(workspace: Workspace, batch: str) -> None:
    made = make(
        issuer_of(workspace), batch=batch, as_at=dt.date(2013, 10, 31), search=Search(0, 0, None, 0, 0, 0),
        supplies=[SupplyDeleted("county_yos", "yos", "county", "a" * 64, 3, 3, 0, "already gone")],
    )  # fmt: skip
    workspace.write(f"outbox/{batch}/assurance/deletion_certificate.json", json.dumps(made).encode())


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def run_json(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


# -- init ------------------------------------------------------------------------------------------------------------


def test_init_makes_a_workspace_and_never_overwrites(tmp_path: Path) -> None:
    made = run_json("init", tmp_path / "w")
    assert {"matcher.toml", "registry.db", "areas.csv", "inbox", "outbox"} <= set(made["made"])
    (tmp_path / "w" / "areas.csv").write_text("mine")
    again = run_json("init", tmp_path / "w")
    assert again["made"] == [] and again["id"] == made["id"] and (tmp_path / "w" / "areas.csv").read_text() == "mine"
    told = run("init", tmp_path / "w")
    assert told.stdout == "" and "nothing was changed" in told.stderr and "made-up agreement" in told.stderr


def test_commands_on_no_workspace_say_so(tmp_path: Path) -> None:
    for command in ("status", "expire", "verify", "families"):
        result = run(command, "-w", tmp_path)
        assert isinstance(result.exception, UserError) and "not a workspace" in str(result.exception)


# -- status and expire -----------------------------------------------------------------------------------------------


def test_status_of_a_new_workspace(workspace: Workspace) -> None:
    assert run_json("status", "-w", workspace.root)["batches"] == []
    assert "No batch yet" in run("status", "-w", workspace.root).stdout


def hold(workspace: Workspace, until: dt.date | None) -> str:
    with Registry.open(workspace) as registry:
        batch = registry.new_batch(dt.date(2013, 11, 30), {}).batch_id
        save_held(workspace, batch, {"x": pa.table({"a": [1]})}, {})
        registry.set_state(batch, "matching")
        registry.set_state(batch, "held", **({"held_until": until} if until else {}))
        registry.ask(batch, [("uncertain_link", {"row": 1}), ("uncertain_link", {"row": 2})])
        registry.answer(registry.questions(batch)[0].question_id, "yes", by="manager", reason="same_person")
    return batch


def test_status_says_what_waits_for_whom_until_when(workspace: Workspace, sealed: str) -> None:
    batch = hold(workspace, None)
    told = run_json("status", "-w", workspace.root)
    assert told["families"] == 2 and told["waiting"] == [batch]
    one, held = told["batches"]
    assert (one["batch"], one["state"], one["waits_for"]) == (sealed, "sealed", None)
    assert (held["state"], held["waits_for"], held["questions"], held["questions_open"]) == (
        "held", "Programme information manager", 2, 1)  # fmt: skip
    assert held["until"] == (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=28)).isoformat()
    text = run("status", "-w", workspace.root).stdout
    assert "waits for Programme information manager until" in text and "1 of 2 questions open" in text
    assert "next: answer its questions (matcher review list), then matcher resume" in text
    assert told["reviews_due"] == {"families": 2, "by_area": {"city": 1, "county": 1}} and "Reviews due: 2" in text


def test_status_tells_that_a_held_batch_cannot_be_gone_on_with_without_its_key(workspace: Workspace) -> None:
    batch = hold(workspace, None)
    workspace.keys.destroy_held_key(batch)
    (held,) = run_json("status", "-w", workspace.root)["batches"]
    assert held["next"] == "matcher abandon, and run the month again: the key of what was held is gone"


def test_status_counts_a_deferred_question_as_answered_and_says_how_dwps_answer_is_given(workspace: Workspace) -> None:
    batch = hold(workspace, None)
    with Registry.open(workspace) as registry:
        registry.answer(registry.questions(batch)[1].question_id, "defer", by="manager", reason="cannot_tell")
    (held,) = run_json("status", "-w", workspace.root)["batches"]
    assert (held["questions"], held["questions_open"], held["next"]) == (2, 0, "matcher resume")
    with Registry.open(workspace) as registry:
        registry.set_state(batch, "held", waits_for="DWP")
    assert "next: matcher resume --supply FILE" in run("status", "-w", workspace.root).stdout


def test_a_held_batch_past_its_time_expires_with_the_next_command_of_any_kind(workspace: Workspace) -> None:
    batch = hold(workspace, dt.date(2013, 12, 28))
    result = run("families", "-w", workspace.root)
    assert result.exit_code == 0 and f"Batch {batch} was held too long" in result.stderr
    assert not workspace.held_path(batch).exists() and workspace.keys.held_key(batch) is None
    assert run_json("status", "-w", workspace.root)["batches"][0]["state"] == "expired"
    assert [e["event"] for e in Audit(workspace).entries()].count("batch_expired") == 1


def test_expire_serves_the_scheduler(workspace: Workspace) -> None:
    assert run_json("expire", "-w", workspace.root)["expired"] == []
    assert "No held batch" in run("expire", "-w", workspace.root).stderr
    batch = hold(workspace, dt.date(2013, 12, 28))
    assert run_json("expire", "-w", workspace.root)["expired"] == [batch]


def test_nothing_expires_under_a_run_that_goes_on(workspace: Workspace) -> None:
    batch = hold(workspace, dt.date(2013, 12, 28))
    with Workspace.open(workspace.root).lock():
        assert run_json("status", "-w", workspace.root)["batches"][0]["state"] == "held"
    assert run_json("expire", "-w", workspace.root)["expired"] == [batch]


# -- families --------------------------------------------------------------------------------------------------------


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_families_as_csv_have_exactly_the_columns_of_the_contract(workspace: Workspace, sealed: str) -> None:
    text = run("families", "-w", workspace.root).stdout
    assert text.splitlines()[0] == (
        "family_id,area,route,person_id,forenames,surname,date_of_birth,address,postcode,criteria,concerns"
    )
    found = rows(text)
    assert [(r["area"], r["route"], r["forenames"]) for r in found] == [
        ("city", "discretion", "CARL"), ("county", "automatic", "ALICE"), ("county", "automatic", "BEN")]  # fmt: skip
    assert found[1]["date_of_birth"] == "1975-05-17" and found[1]["criteria"] == "crime_asb;education;work"
    assert found[2]["surname"] == "'=CMD()", "no formula for whoever opens it in a spreadsheet"
    only = rows(run("families", "-w", workspace.root, "--area", "city", "--batch", sealed).stdout)
    assert [r["forenames"] for r in only] == ["CARL"]


def test_families_records(workspace: Workspace, sealed: str) -> None:
    text = run("families", "-w", workspace.root, "--records", "--format", "csv").stdout
    assert text.splitlines()[0] == "family_id,area,route,person_id,dataset,supplier,ref"
    found = rows(text)
    assert len(found) == 4 and [r["person_id"] for r in found].count("") == 1
    assert {(r["dataset"], r["supplier"]) for r in found} == {("yos", "county"), ("housing", "county")}


def test_families_as_json_is_one_object(workspace: Workspace, sealed: str) -> None:
    told = run_json("families", "-w", workspace.root)
    assert len(told["families"]) == 3 and told["families"][1]["criteria"] == ["crime_asb", "education", "work"]
    assert told["marking"] == "OFFICIAL-SENSITIVE"
    assert (
        len(json.loads(run("families", "-w", workspace.root, "--records", "--format", "json").stdout)["records"]) == 4
    )


def test_a_plain_file_must_be_asked_for(workspace: Workspace, sealed: str, tmp_path: Path) -> None:
    target = tmp_path / "families.csv"
    refused = run("families", "-w", workspace.root, "-o", target)
    assert isinstance(refused.exception, UserError) and refused.exception.code == Exit.USAGE
    assert not target.exists() and "--plain" in str(refused.exception)
    assert run("families", "-w", workspace.root, "-o", target, "--plain").exit_code == 0
    assert len(rows(target.read_text(encoding="utf-8"))) == 3


def test_a_workbook_is_always_under_a_password(workspace: Workspace, sealed: str, tmp_path: Path) -> None:
    target = tmp_path / "families.xlsx"
    assert run("families", "-w", workspace.root, "--format", "xlsx").exit_code == Exit.USAGE
    assert run("families", "-w", workspace.root, "--format", "xlsx", "-o", target).exit_code == 0
    assert target.read_bytes()[:8] == bytes.fromhex("d0cf11e0a1b11ae1") and b"SMITHERS" not in target.read_bytes()
    password = run("passwords", "show", "programme_office", "-w", workspace.root).stdout.strip()
    clear = io.BytesIO()
    with target.open("rb") as file:
        office = msoffcrypto.OfficeFile(file)
        office.load_key(password=password)
        office.decrypt(clear)
    clear.seek(0)
    cells = CalamineWorkbook.from_filelike(clear).get_sheet_by_index(0).to_python()
    assert any("SMITHERS" in row for row in cells) and "OFFICIAL-SENSITIVE" in str(cells[0])


def test_each_use_is_recorded_as_a_disclosure(workspace: Workspace, sealed: str) -> None:
    run("families", "-w", workspace.root)
    run("families", "-w", workspace.root, "--area", "city", "--records")
    with Registry.open(workspace) as registry:
        log = registry.disclosures()
    assert [(d["families"], d["people"], d["form"]) for d in log] == [(2, 3, "stdout"), (1, 1, "stdout")]
    assert [e["event"] for e in Audit(workspace).entries()].count("families_listed") == 2


def test_families_of_an_unknown_batch(workspace: Workspace) -> None:
    result = run("families", "-w", workspace.root, "--batch", "2013-10-31-7")
    assert isinstance(result.exception, UserError) and "no such batch" in str(result.exception)


# -- passwords -------------------------------------------------------------------------------------------------------


def test_passwords_are_listed_without_and_shown_by_name(workspace: Workspace) -> None:
    assert run_json("passwords", "list", "-w", workspace.root) == {"recipients": []}
    assert "No recipient" in run("passwords", "list", "-w", workspace.root).stderr
    word = workspace.keys.password("county_team")
    assert run("passwords", "list", "-w", workspace.root).stdout == "county_team\n"
    assert run("passwords", "show", "county_team", "-w", workspace.root).stdout == f"{word}\n"
    assert run_json("passwords", "show", "county_team", "-w", workspace.root)["password"] == word
    result = run("passwords", "show", "nobody", "-w", workspace.root)
    assert isinstance(result.exception, UserError) and workspace.keys.recipients() == ["county_team"]
    assert word not in workspace.read("audit.log").decode()


# -- verify ----------------------------------------------------------------------------------------------------------


def canaries(tmp_path: Path, *values: str) -> Path:
    path = tmp_path / "canaries.txt"
    path.write_text("\n".join(values), encoding="utf-8")
    return path


def test_verify_finds_nothing_where_nothing_is(workspace: Workspace, sealed: str, tmp_path: Path) -> None:
    told = run_json("verify", "-w", workspace.root, "--canaries", canaries(tmp_path, "Quillfeather", "", "ab"))
    assert told["clean"] and told["certificates"] == 1 and told["searched"]["too_short"] == [3]
    assert told["searched"]["values"] == 1 and told["searched"]["bytes"] > 100_000
    plain = run("verify", "-w", workspace.root)
    assert plain.exit_code == 0 and "There was nothing to search for" in plain.stderr


def test_verify_names_file_and_offset_never_the_value(workspace: Workspace, sealed: str, tmp_path: Path) -> None:
    workspace.write("outbox/left.txt", b"...Quillfeather")
    listed = canaries(tmp_path, "nothing at all", "Quillfeather", "Smithers")
    result = run("verify", "-w", workspace.root, "--canaries", listed)
    assert result.exit_code == Exit.RESIDUE
    assert "canary of line 2 in outbox/left.txt at byte 3" in result.stderr
    assert "canary of line 3 in registry.db!person_state" in result.stderr
    assert "quillfeather" not in result.output.casefold() and "smithers" not in result.output.casefold()
    told = run_json("verify", "-w", workspace.root, "--canaries", listed, code=Exit.RESIDUE)
    assert {"file": "outbox/left.txt", "offset": 3, "canary": 2} in told["findings"]


def test_a_list_of_canaries_inside_the_workspace_does_not_find_itself(workspace: Workspace) -> None:
    listed = workspace.write("canaries.txt", b"Quillfeather")
    assert run("verify", "-w", workspace.root, "--canaries", listed).exit_code == 0


def test_lists_that_cannot_be_used_are_said(workspace: Workspace, tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.txt", "cannot be read"), (canaries(tmp_path, " "), "is empty")):
        result = run("verify", "-w", workspace.root, "--canaries", path)
        assert isinstance(result.exception, UserError) and said in str(result.exception)
    (tmp_path / "w.txt").write_bytes("Zoë Quillfeather".encode("cp1252"))
    assert run("verify", "-w", workspace.root, "--canaries", tmp_path / "w.txt").exit_code == 0


@pytest.mark.parametrize("how", ["missing", "changed", "of another batch", "unreadable"])
def test_verify_checks_certificates(workspace: Workspace, sealed: str, how: str) -> None:
    path = workspace.outbox(sealed) / "assurance" / "deletion_certificate.json"
    if how == "missing":
        path.unlink()
    elif how == "changed":
        path.write_text(path.read_text().replace('"rows_deleted": 0', '"rows_deleted": 1'))
    elif how == "unreadable":
        path.write_text("{")
    else:
        with Registry.open(workspace) as registry:
            other, _ = seal(registry, Month([], dt.date(2013, 11, 30)))
        workspace.write(f"outbox/{other}/assurance/deletion_certificate.json", path.read_bytes())
    told = run_json("verify", "-w", workspace.root, code=Exit.RESIDUE)
    assert [fault["check"] for fault in told["faults"]] == ["certificate"]


def test_verify_checks_the_audit_chain(workspace: Workspace) -> None:
    for _ in range(3):
        Audit(workspace).append("verified")
    path = workspace.root / "audit.log"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert run_json("verify", "-w", workspace.root, code=Exit.RESIDUE)["faults"][0]["check"] == "audit"


def test_verify_finds_what_a_sealed_batch_should_not_have_left(workspace: Workspace) -> None:
    from matcher.workspace import digest_of

    received = workspace.write("inbox/yos.csv", b"rows")
    with Registry.open(workspace) as registry:
        batch = registry.new_batch(dt.date(2013, 10, 31), {"yos": digest_of(received)}).batch_id
        for state in ("matching", "sealing", "sealed"):
            registry.set_state(batch, state)
    certify(workspace, batch)
    save_held(workspace, batch, {"x": pa.table({"a": [1]})}, {})
    told = run_json("verify", "-w", workspace.root, batch, code=Exit.RESIDUE)
    assert [fault["check"] for fault in told["faults"]] == ["held", "held", "received"]
    assert told["faults"][2]["file"] == "inbox/yos.csv"


def test_verify_of_an_unknown_batch(workspace: Workspace) -> None:
    result = run("verify", "-w", workspace.root, "2013-10-31-7")
    assert isinstance(result.exception, UserError) and "no such batch" in str(result.exception)
