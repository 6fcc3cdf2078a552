"""The registry on a real encrypted database."""

from __future__ import annotations

import datetime as dt

import pytest

from matcher.errors import UserError
from matcher.registry import Registry
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, knows, seal

SMITHS = [Someone("SMITHERS", "ALICE"), Someone("SMITHERS", "BEN", 2001)]


@pytest.fixture
def registry(workspace: Workspace):
    with Registry.open(workspace) as registry:
        yield registry


def test_a_first_month_puts_the_qualifying_family_in_and_nobody_else(registry: Registry) -> None:
    month = Month([House(SMITHS, dwelling_row=True), House([Someone("OTHERWISE", "CARL")], route="no")])
    batch, _ = seal(registry, month)
    rows = registry.families().to_pylist()
    assert [(r["surname"], r["forenames"]) for r in rows] == [("SMITHERS", "ALICE"), ("SMITHERS", "BEN")]
    assert {r["route"] for r in rows} == {"automatic"} and rows[0]["criteria"] == ["crime_asb", "education", "work"]
    records = registry.records(batch=batch).to_pylist()
    assert len(records) == 3 and [r["person_id"] is None for r in records].count(True) == 1
    assert "OTHERWISE" not in " ".join(text for _, text in registry.every_cell())
    detail = registry.family(rows[0]["family_id"])
    assert detail.family["review_due"] == dt.date(2014, 10, 31)
    assert [e["event"] for e in detail.events] == ["identified"]
    (judged,) = registry.judgements(detail.family["family_id"])
    assert len(detail.members) == 2 and len(judged.support) == 1 and judged.findings[0]["status"] == "met"
    assert {e["evidence_key"] for e in detail.evidence} >= {s["evidence_key"] for s in judged.support}


def test_applying_a_plan_twice_is_applying_it_once(registry: Registry) -> None:
    month = Month([House(SMITHS)])
    batch, assigned = seal(registry, month)
    before = list(registry.every_cell())
    assert not registry.apply(batch, month.plan(batch, assigned))
    assert list(registry.every_cell()) == before


def test_a_second_month_continues_the_family_and_its_people(registry: Registry) -> None:
    first, _ = seal(registry, Month([House(SMITHS)]))
    was = registry.families().to_pylist()
    newcomer = Someone("SMITHERS", "CARA", 2013)
    house = House([*knows(SMITHS, registry), newcomer], area="city", postcode="LE1 5AB")
    second, _ = seal(registry, Month([house], dt.date(2013, 11, 30)))
    now = registry.families().to_pylist()
    assert {r["family_id"] for r in now} == {was[0]["family_id"]} and len(now) == 3
    assert {r["person_id"] for r in was} < {r["person_id"] for r in now}
    assert {r["area"] for r in now} == {"city"}
    events = [(e["batch_id"], e["event"]) for e in registry.family(now[0]["family_id"]).events]
    assert events == [(first, "identified"), (second, "confirmed"), (second, "moved_area"), (second, "member_joined")]
    known = registry.known_records().to_pylist()
    old = [r for r in known if r["postcode"] == "LE11 1AA"]
    assert len(known) == 5 and [r["address_to"] for r in old] == [dt.date(2013, 10, 31)] * 2


def test_new_rows_of_a_continuing_family_are_kept_only_where_the_mask_allows(registry: Registry) -> None:
    import numpy as np

    seal(registry, Month([House(SMITHS)]))
    month = Month([House([*knows(SMITHS, registry), Someone("SMITHERS", "CARA", 2013)])], dt.date(2013, 11, 30))
    nothing = np.zeros(len(month.records), dtype=bool)
    batch, _ = seal(registry, month, keep_continuing=nothing)
    assert registry.records(batch=batch).num_rows == 0
    assert registry.families().num_rows == 2, "of the newcomer nothing may be kept, not even that there is one"
    assert "CARA" not in " ".join(text for _, text in registry.every_cell())


def test_replacing_a_month_undoes_it(registry: Registry) -> None:
    seal(registry, Month([House(SMITHS)]))
    before = {
        table: sum(1 for t, _ in registry.every_cell() if t == table) for table in ("family", "record", "membership")
    }
    wrong = Month(
        [House(knows(SMITHS, registry), route="no"), House([Someone("WRONGLY", "DORA")])], dt.date(2013, 11, 30)
    )
    second, _ = seal(registry, wrong)
    assert "WRONGLY" in registry.families()["surname"].to_pylist()
    right = Month([House(knows(SMITHS, registry))], dt.date(2013, 11, 30))
    assert "WRONGLY" not in registry.known_records(without=second)["surname"].to_pylist()
    third, _ = seal(registry, right, replaces=second)
    assert registry.families()["surname"].to_pylist() == ["SMITHERS", "SMITHERS"]
    assert "WRONGLY" not in " ".join(text for _, text in registry.every_cell())
    assert registry.batch(second).replaced_by == third and registry.last_sealed().batch_id == third
    registry.rollback_batch(third)
    after = {table: sum(1 for t, _ in registry.every_cell() if t == table) for table in before}
    assert after == before


def test_only_the_latest_month_can_be_replaced(registry: Registry) -> None:
    first, _ = seal(registry, Month([House(SMITHS)]))
    seal(registry, Month([House(knows(SMITHS, registry))], dt.date(2013, 11, 30)))
    with pytest.raises(UserError, match="Only the latest month"):
        registry.rollback_batch(first)


def test_the_same_files_are_the_same_batch(registry: Registry) -> None:
    day = dt.date(2013, 10, 31)
    batch = registry.new_batch(day, {"yos": "a", "dwp": "b"})
    assert batch.batch_id == "2013-10-31-1" and batch.state == "open"
    assert registry.same_input(day, {"dwp": "b", "yos": "a"}).batch_id == batch.batch_id
    assert registry.same_input(day, {"yos": "a"}) is None
    registry.set_state(batch.batch_id, "abandoned")
    assert registry.same_input(day, {"dwp": "b", "yos": "a"}) is None
    assert registry.new_batch(day, {"yos": "a"}).batch_id == "2013-10-31-2"


def test_a_batch_moves_only_as_its_states_allow(registry: Registry) -> None:
    batch = registry.new_batch(dt.date(2013, 10, 31), {}).batch_id
    with pytest.raises(ValueError, match="open cannot become sealed"):
        registry.set_state(batch, "sealed")
    registry.set_state(batch, "matching", figures={"records": 1})
    held = registry.set_state(batch, "held", held_until=dt.date(2013, 11, 28), waits_for="dwp", figures={"persons": 1})
    assert held.figures == {"records": 1, "persons": 1} and held.waits_for == "dwp" and held.unfinished
    assert registry.set_state(batch, "held").held_until == dt.date(2013, 11, 28), "the same state again loses nothing"
    with pytest.raises(ValueError, match="no fields of a batch"):
        registry.set_state(batch, "held", colour="red")
    assert registry.set_state(batch, "expired").held_until is None


def test_an_unknown_batch_or_family_is_said(registry: Registry) -> None:
    with pytest.raises(UserError, match="no such batch"):
        registry.batch("2013-10-31-9")
    with pytest.raises(UserError, match="no such family"):
        registry.family("F-AAAAAAAA")


def test_supplies_give_the_usual_size(registry: Registry) -> None:
    for month, rows in ((8, 90), (9, 100), (10, 400)):
        batch = registry.new_batch(dt.date(2013, month, 28), {}).batch_id
        registry.set_supplies(
            batch,
            [{"dataset": "yos", "supplier": "city", "partner": "city_yos", "status": "accepted", "digest": "0" * 64,
              "rows_in": rows, "rows_accepted": rows, "rows_rejected": 0}],
        )  # fmt: skip
        for state in ("matching", "sealing", "sealed"):
            registry.set_state(batch, state)
    assert registry.usual_sizes() == {("yos", "city"): 100}
    assert registry.supplies(batch)[0]["rows_in"] == 400


def test_questions_and_answers(registry: Registry) -> None:
    batch = registry.new_batch(dt.date(2013, 10, 31), {}).batch_id
    assert registry.ask(batch, [("uncertain_link", {"row": 3}), ("uncertain_link", {"row": 4})]) == 2
    open_one = registry.questions(batch)[0]
    assert open_one.answer is None
    done = registry.answer(open_one.question_id, "yes", by="Programme information manager", reason="same_person")
    assert (done.answer, done.reason) == ("yes", "same_person") and done.answered_at.tzinfo is dt.UTC
    with pytest.raises(UserError, match="no such question"):
        registry.answer("Q-AAAAAAAA", "yes", by="x", reason="y")
    with pytest.raises(UserError, match="yes, no or defer"):
        registry.answer(open_one.question_id, "perhaps", by="x", reason="y")


def test_a_disclosure_of_a_seal_done_twice_is_one(registry: Registry) -> None:
    batch, assigned = seal(registry, Month([House(SMITHS)]))
    family = assigned.families[0].family_id
    for digest in ("1" * 64, "2" * 64):
        registry.disclosed(
            "key_worker", "county_team", purpose="support", form="outbox/x.xlsx", fields=["surname"], family_ids=[family],
            people=2, by_role="Programme information manager", batch_id=batch, digest=digest,
        )  # fmt: skip
    (entry,) = registry.disclosures(batch)
    assert entry["digest"] == "2" * 64 and entry["families"] == 1
    assert len(registry.family(family).disclosures) == 1
