"""Canary people in a run: they change nothing, are missed where they are missing, and are found where they were left."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import matcher.runs.certificates
import matcher.runs.kept
import matcher.runs.outputs
import matcher.runs.start
from matcher.canaries import confirm, part, plant, rows_of
from matcher.errors import Exit, UserError
from matcher.evaluation.evaluate import shipped_rules
from matcher.extracts import Intake, find_supplies, read_supplies
from matcher.month import Month, match
from matcher.purge.canaries import DWELLING, seed_name, values_of
from matcher.purge.held import load_held
from matcher.purge.residue import search_all
from matcher.records import build
from matcher.registry.store import Registry
from matcher.runs.figures import figures_of
from matcher.runs.summaries import partner_feedback
from matcher.synthetic import make_month
from matcher.tables import MonthTables
from tests.runs.conftest import OCTOBER, Office

SEED = bytes(range(32))


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of 300 people, with a supply whose every row is rejected, and one without a row."""
    folder = tmp_path_factory.mktemp("small") / "inbox"
    folder.mkdir()
    for name, content in make_month(300, 11, OCTOBER).files.items():
        (folder / name).write_bytes(content)
    columns = "Ref,Forename,Surname,DOB,Address,Postcode,Concern,Date,Asserted By\n"
    (folder / "local_concerns.panel.csv").write_text(columns, encoding="utf-8")
    asb = (folder / "police_asb.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    (folder / "police_asb.other.csv").write_text(asb + "\n" + "," * asb.count(",") + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def months(inbox: Path) -> dict[dt.date, Path]:
    return {OCTOBER: inbox}


@pytest.fixture(scope="module")
def intake(inbox: Path) -> Intake:
    rules = shipped_rules()
    return read_supplies(find_supplies(inbox, rules.specs), rules.specs, OCTOBER)


@pytest.fixture(scope="module")
def plain(intake: Intake) -> Month:
    return match(intake, shipped_rules(), OCTOBER)


def planted_month(intake: Intake, seed: bytes = SEED) -> Month:
    rules = shipped_rules()
    planted = plant(intake, rules.specs, seed)
    month = match(planted.intake, rules, OCTOBER)
    confirm(planted, month.canaries, month.canary_places)
    return month


def certificate_of(office: Office, batch: str) -> dict[str, Any]:
    path = office.workspace.outbox(batch) / "assurance" / "deletion_certificate.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def canary_values(office: Office, batch: str) -> list[str]:
    seed = office.workspace.keys.get(seed_name(batch))
    assert seed is not None
    with Registry.open(office.workspace) as registry:
        supplies = registry.batch(batch).plan["canaries"]
    return values_of(seed, shipped_rules().specs, supplies)[0]


def test_what_is_decided_of_real_rows_is_the_same_with_canaries_as_without_whatever_the_seed(
    intake: Intake, plain: Month
) -> None:
    rules = shipped_rules()
    for seed in (SEED, bytes(32)):
        month = planted_month(intake, seed)
        for name, table in plain.tables.as_dict().items():
            assert month.tables.as_dict()[name].equals(table), name
        assert month.gazetteer.equals(plain.gazetteer)
        assert month.trained.to_json() == plain.trained.to_json()
        without_memory = {"peak_rss_mb": 0.0}
        assert replace(figures_of(month, rules), **without_memory) == replace(
            figures_of(plain, rules), **without_memory
        )
        assert partner_feedback(month, rules) == partner_feedback(plain, rules)
        assert month.warnings == plain.warnings


def test_every_accepted_supply_has_its_canaries_and_its_counts_stay_those_of_its_file(intake: Intake) -> None:
    planted = plant(intake, shipped_rules().specs, SEED)
    accepted = [supply for supply in planted.intake.supplies if supply.status == "accepted"]
    assert {supply.dataset for supply in accepted} == set(shipped_rules().specs)
    assert planted.supplies == sorted(supply.name for supply in accepted)
    assert any(supply.rows_accepted == 0 for supply in accepted), (
        "one has no accepted row, and has canaries all the same"
    )
    for before, after in zip(intake.supplies, planted.intake.supplies, strict=True):
        assert replace(before, rows=None) == replace(after, rows=None)
        assert after.rows is not None and before.rows is not None
        assert after.rows.schema == before.rows.schema
        more = after.rows.num_rows - before.rows.num_rows
        assert more == (3 if after.dataset == "housing" else 1)


def test_canaries_have_records_persons_households_and_the_decision_no_of_their_own(intake: Intake) -> None:
    month = planted_month(intake)
    tables = month.canaries
    assert tables is not None
    assert month.canary_places is not None and month.canary_places.num_rows == 1
    canaries = plant(intake, shipped_rules().specs, SEED).canaries
    assert tables.persons.num_rows == sum(canary.people for canary in canaries)
    assert tables.dwelling_rows.num_rows == sum(canary.shape == DWELLING for canary in canaries) > 0
    assert tables.evidence.num_rows == 0
    assert set(tables.decisions["route"].to_pylist()) == {"no"}
    assert tables.pairs.num_rows == tables.uncertain.num_rows == 0
    assert not rows_of(month.tables.records, intake.supplies).any()
    assert rows_of(tables.records, intake.supplies).all()


def drop(tables: MonthTables, name: str, column: str) -> MonthTables:
    """Without what the first canary has in one table."""
    table = tables.as_dict()[name]
    return replace(tables, **{name: table.filter(pc.not_equal(table[column], 0))})


def blanked(tables: MonthTables, column: str) -> MonthTables:
    place = tables.records.schema.get_field_index(column)
    field = tables.records.schema.field(place)
    return replace(
        tables, records=tables.records.set_column(place, field, pa.nulls(tables.records.num_rows, field.type))
    )


LOST: dict[str, Callable[[MonthTables], MonthTables]] = {
    "records": lambda tables: blanked(tables, "surname"),
    "persons": lambda tables: drop(tables, "members", "record_id"),
    "households": lambda tables: replace(tables, dwelling_rows=tables.dwelling_rows.slice(0, 0)),
    "decisions": lambda tables: drop(tables, "decisions", "household_id"),
}


@pytest.mark.parametrize("stage", LOST)
def test_a_canary_that_a_stage_has_lost_stops_the_run_before_anything_is_destroyed(
    office: Office, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    whole = matcher.runs.start.match

    def losing(*arguments: Any, **named: Any) -> Month:
        month = whole(*arguments, **named)
        assert month.canaries is not None
        return replace(month, canaries=LOST[stage](month.canaries))

    monkeypatch.setattr(matcher.runs.start, "match", losing)
    inbox = office.inbox(OCTOBER)
    with pytest.raises(UserError, match="are not where they must be") as refused:
        office.run(inbox, OCTOBER)
    assert stage in refused.value.where
    assert (inbox / "dwp.csv").exists()
    assert office.refs() == set()
    with Registry.open(office.workspace) as registry:
        assert registry.batches()[0].state == "abandoned"


def test_a_canary_that_intake_or_the_gazetteer_has_lost_is_missed(intake: Intake) -> None:
    rules = shipped_rules()
    planted = plant(intake, rules.specs, SEED)
    month = match(planted.intake, rules, OCTOBER)
    assert month.canary_places is not None
    with pytest.raises(UserError, match="are not where they must be"):
        confirm(planted, month.canaries, month.canary_places.slice(0, 0))
    with pytest.raises(UserError, match="are not where they must be"):
        confirm(planted, None, None)


def test_a_canary_that_is_kept_stops_the_run_before_anything_is_destroyed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matcher.runs.kept, "households_to_keep", lambda tables: np.arange(tables.households.num_rows))
    inbox = office.inbox(OCTOBER)
    with pytest.raises(UserError, match="are not where they must be"):
        office.run(inbox, OCTOBER)
    assert (inbox / "dwp.csv").exists()
    assert office.refs() == set()


def test_the_certificate_says_how_many_canaries_were_looked_for_and_nothing_of_them_is_left(office: Office) -> None:
    run = office.run(office.inbox(OCTOBER), OCTOBER).summary
    searched = certificate_of(office, run["batch"])["searched"]
    values = canary_values(office, run["batch"])
    assert searched["canaries"]["values"] == len(values) > 100
    assert searched["real_sample"] > 50
    assert searched["findings"] == 0
    with Registry.open(office.workspace) as registry:
        assert search_all(office.workspace, values, cells=registry.every_cell()).findings == []


def test_a_value_of_a_canary_left_anywhere_stops_the_seal(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = matcher.runs.outputs.write

    def leaking(workspace: Any, registry: Any, batch: Any, rules: Any) -> list[str]:
        seed = workspace.keys.get(seed_name(batch.batch_id))
        value = values_of(seed, rules.specs, ["yos.city"])[0][0]
        workspace.write("outbox/left.bin", value.upper().encode("utf-16-le"))
        return whole(workspace, registry, batch, rules)

    monkeypatch.setattr(matcher.runs.outputs, "write", leaking)
    with pytest.raises(UserError, match="the batch is not sealed") as refused:
        office.run(office.inbox(OCTOBER), OCTOBER)
    assert refused.value.code == Exit.RESIDUE
    assert refused.value.where == "outbox/left.bin, offset 0"
    monkeypatch.undo()
    (office.workspace.root / "outbox" / "left.bin").unlink()
    assert office.resume().code == Exit.DONE


def test_after_a_crash_the_canaries_are_known_again_and_the_certificate_says_that_no_real_value_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_: Any, **__: Any) -> None:
        raise PowerCut

    monkeypatch.setattr(matcher.runs.certificates, "certify", cut)
    with pytest.raises(PowerCut):
        office.run(office.inbox(OCTOBER), OCTOBER)
    monkeypatch.undo()
    batch = office.resume().summary["batch"]
    searched = certificate_of(office, batch)["searched"]
    assert searched["canaries"]["values"] == len(canary_values(office, batch)) > 100
    assert searched["real_sample"].startswith("none: the match was interrupted")


def test_a_hold_keeps_no_canary_and_searches_and_a_late_supply_has_its_own(office: Office) -> None:
    office.settings(referral={"on": True, "agreement": "a made-up agreement", "need": "1 or 2"})
    inbox = office.inbox(OCTOBER)
    late = office.folder / "late" / "dwp.csv"
    late.parent.mkdir()
    (inbox / "dwp.csv").replace(late)
    for side in inbox.glob("dwp.csv.*"):
        side.unlink()
    (late.parent / "MADE-UP.txt").write_text("", encoding="utf-8")
    outcome = office.run(inbox, OCTOBER, review="hold")
    assert outcome.code == Exit.HELD
    batch = outcome.summary["batch"]
    values = canary_values(office, batch)
    tables, _ = load_held(office.workspace, batch)
    held = "\n".join(str(column.to_pylist()) for table in tables.values() for column in table.columns).upper()
    assert not [value for value in values if value.upper() in held]
    assert office.resume(late).summary["state"] == "sealed"
    assert len(canary_values(office, batch)) > len(values), "the late supply has canaries too"
    certificate = certificate_of(office, batch)
    assert certificate["held"]["searched"]["canaries"]["values"] == len(values)
    assert certificate["held"]["searched"]["real_sample"] > 0
    assert certificate["searched"]["canaries"]["values"] > len(values)


def test_a_row_numbered_past_its_files_end_is_a_defect_and_never_taken_for_a_canary(intake: Intake) -> None:
    short = tuple(replace(supply, rows_in=1) for supply in intake.supplies if supply.rows_accepted > 1)
    with pytest.raises(ValueError, match="past the end of its file"):
        plant(Intake(short, ()), shipped_rules().specs, SEED)


def test_supplies_without_any_person_can_be_parted_too(intake: Intake) -> None:
    rules = shipped_rules()
    gazetteer = tuple(supply for supply in intake.supplies if supply.dataset == "gazetteer")
    planted = plant(Intake(gazetteer, ()), rules.specs, SEED)
    built, canaries = part(build(planted.intake.supplies, rules.specs, OCTOBER), planted.intake.supplies, rules.specs)
    assert canaries is not None
    assert canaries.gazetteer.num_rows == 1
    assert built.gazetteer.num_rows == gazetteer[0].rows_accepted
    month = match(planted.intake, rules, OCTOBER)
    confirm(planted, month.canaries, month.canary_places)
