"""Evidence: every rule of a spec, windows, counts by month and term, facts that count once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.fields.conditions import holds
from matcher.records import build
from matcher.records.evidence import row_facts, window_start
from matcher.records.times import EVENT, IN_TOUCH, MET_AT_BEGINNING, MET_AT_END, PROCESS, STATE
from specs.load import EvidenceRule
from specs.tables import EVIDENCE_KINDS
from tests.records.supplies import AS_AT, SPECS, Delivered, delivered, on, table


def evidence(*supplies: Delivered) -> list[dict[str, Any]]:
    return build(supplies, SPECS, AS_AT).evidence.to_pylist()


def kinds(*supplies: Delivered) -> list[str]:
    return [fact["kind"] for fact in evidence(*supplies)]


def yos(**cells: Any) -> Delivered:
    return delivered("yos", "city", {"yos_id": "Y1", "full_name": "Kai Tolley", **cells})


def test_an_offence_with_a_formal_outcome_is_a_fact() -> None:
    (fact,) = evidence(yos(outcome="RO", offence_date=on("2013-01-01"), outcome_date=on("2013-02-01")))
    assert (fact["kind"], fact["code"], fact["begun"], fact["ended"]) == (
        "proven_offence",
        "RO",
        on("2013-01-01"),
        on("2013-02-01"),
    )
    assert (fact["fact"], fact["fact_key"], fact["quantity"]) == ("yos.city:1", None, None)


@pytest.mark.parametrize("outcome", ["RJ", "NFA", "PEND", "ACQ", None])
def test_another_outcome_is_none(outcome: str | None) -> None:
    assert kinds(yos(outcome=outcome, offence_date=on("2013-01-01"), outcome_date=on("2013-02-01"))) == []


def test_custody_is_a_second_fact_of_the_row() -> None:
    assert kinds(yos(outcome="DTO", offence_date=on("2013-01-01"), outcome_date=on("2013-02-01"))) == [
        "proven_offence",
        "custody",
    ]


def test_a_yes_is_a_fact() -> None:
    assert kinds(yos(ppo_iom=True), yos(ppo_iom=False)) == ["managed_offender"]


@pytest.mark.parametrize(
    ("offence", "outcome", "kept"),
    [
        ("2012-01-01", "2012-11-01", True),  # the window is touched by the outcome
        ("2012-01-01", "2012-10-31", False),
        ("2012-11-01", None, True),
        ("2010-01-01", None, True),  # no outcome date: not assessable, which is not the same as old
        (None, None, True),
        ("2013-10-31", "2013-10-31", True),
        ("2013-11-01", "2013-11-02", False),  # after the batch date
    ],
)
def test_an_offence_wholly_outside_the_window_is_left_out_and_counted(
    offence: str | None, outcome: str | None, kept: bool
) -> None:
    supply = yos(outcome="FW", offence_date=offence and on(offence), outcome_date=outcome and on(outcome))
    found = build([supply], SPECS, AS_AT)
    assert found.evidence.num_rows == int(kept)
    assert found.records.num_rows == 1
    counted = {} if kept else {("yos", "city"): {"proven offence outside the 12 months to the batch date": 1}}
    assert found.beyond == counted


@pytest.mark.parametrize(("day", "kept"), [("2012-11-01", True), ("2012-10-31", False)])
def test_an_intervention_is_its_date_whatever_its_expiry(day: str, kept: bool) -> None:
    supply = delivered(
        "housing", "blaby", {"intervention": "NOSP", "intervention_date": on(day), "expiry_date": on("2014-01-01")}
    )
    assert kinds(supply) == (["housing_intervention"] if kept else [])


def test_an_order_has_no_window() -> None:
    assert kinds(delivered("housing", "blaby", {"intervention": "ASBO", "intervention_date": on("2001-01-01")})) == [
        "asb_order"
    ]


def test_a_row_about_a_dwelling_gives_evidence() -> None:
    found = build(
        [
            delivered(
                "housing",
                "blaby",
                {"address": "1 Mill Lane", "intervention": "EVICT", "intervention_date": on("2013-01-01")},
            )
        ],
        SPECS,
        AS_AT,
    )
    assert found.records["names_person"].to_pylist() == [False]
    assert found.evidence["record_id"].to_pylist() == [0]


def test_a_row_that_is_more_than_agreed_gives_none() -> None:
    supply = delivered(
        "housing", "blaby", {"name": "Mr K Tolley", "intervention": "NONE", "complaints": 4, "beyond_row": True}
    )
    assert kinds(supply) == []


def test_both_people_of_a_joint_name_share_one_fact() -> None:
    found = evidence(
        delivered(
            "housing",
            "blaby",
            {
                "name": "Mr A & Mrs B TOLLEY",
                "intervention": "NOSP",
                "intervention_date": on("2013-01-01"),
                "complaints": 2,
            },
        )
    )
    assert [(fact["record_id"], fact["kind"]) for fact in found] == [
        (0, "housing_intervention"),
        (0, "asb_complaints"),
        (1, "housing_intervention"),
        (1, "asb_complaints"),
    ]
    keys = [fact["fact_key"] for fact in found]
    assert None not in keys and keys[:2] == keys[2:] and keys[0] != keys[1]


def test_counts_by_month_give_a_fact_for_each_month_above_nought() -> None:
    found = evidence(
        delivered(
            "police_monthly", "", {"full_name": "TOLLEY, Kai", "measure": "CALLOUT", "m01": 2, "m02": 0, "m12": 1}
        )
    )
    assert [(fact["begun"], fact["ended"], fact["quantity"]) for fact in found] == [
        (on("2013-10-01"), on("2013-10-31"), 2),
        (on("2012-11-01"), on("2012-11-30"), 1),
    ]


def pupil(supplier: str, **cells: Any) -> Delivered:
    row = {
        "upn": "H801200001001",
        "forename": "Kai",
        "surname": "Tolley",
        "estab": "8561234",
        "term": "2012/13 Autumn",
        "sessions_possible": 100,
        "unauthorised_sessions": 0,
        "fixed_exclusions": 0,
        "provision": "MAIN",
    }
    return delivered("education", supplier, {**row, **cells})


def test_a_term_gives_counts_with_noughts_and_its_dates() -> None:
    found = {fact["kind"]: fact for fact in evidence(pupil("city"))}
    assert set(found) == {"sessions_possible", "sessions_unauthorised", "fixed_exclusions", "on_roll"}
    assert (found["fixed_exclusions"]["quantity"], found["sessions_possible"]["quantity"]) == (0, 100)
    assert {(fact["begun"], fact["ended"]) for fact in found.values()} == {(on("2012-09-01"), on("2012-12-31"))}


def test_a_blank_count_is_no_fact() -> None:
    assert "fixed_exclusions" not in kinds(pupil("city", fixed_exclusions=None))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"permanent_exclusion": True}, "permanent_exclusion"),
        ({"provision": "PRU", "previously_excluded": True}, "excluded_provision"),
        ({"provision": "NOR"}, "not_on_roll"),
        ({"provision": "EHE"}, "home_educated"),
    ],
)
def test_what_school_rows_tell(cells: dict[str, Any], kind: str) -> None:
    assert kind in kinds(pupil("city", **cells))


def test_the_same_enrolment_in_two_supplies_has_one_key_and_another_has_not() -> None:
    together = evidence(pupil("city"), pupil("county", upn="h801 20000 1001"), pupil("else", estab="8561235"))
    keys = [fact["fact_key"] for fact in together if fact["kind"] == "sessions_possible"]
    assert keys[0] == keys[1] != keys[2]


def test_a_pupil_without_upn_shares_no_key() -> None:
    assert {fact["fact_key"] for fact in evidence(pupil("city", upn=None), pupil("county", upn=None))} == {None}


def test_a_key_holds_nothing_of_the_person() -> None:
    assert not [fact for fact in evidence(pupil("city")) if "801" in fact["fact_key"]]


def test_a_row_delivered_twice_is_one_fact_but_not_across_suppliers() -> None:
    cells = {
        "yos_id": "Y1",
        "full_name": "Kai Tolley",
        "offence": "x",
        "outcome": "RO",
        "offence_date": on("2013-01-01"),
        "outcome_date": on("2013-02-01"),
    }
    city = [fact["fact_key"] for fact in evidence(delivered("yos", "city", cells, cells, {**cells, "yos_id": "Y2"}))]
    assert city[0] is not None and city[0] == city[1] and city[2] is None
    both = [
        f["fact_key"]
        for f in evidence(delivered("yos", "city", cells, cells), delivered("yos", "county", cells, cells))
    ]
    assert len(set(both)) == 2


def test_a_new_data_set_needs_no_python() -> None:
    rules = (
        EvidenceRule(kind="local_concern", when={"outcome": ("*",)}, code="outcome", begun="offence_date", quantity=1),
        EvidenceRule(kind="training", when={"outcome": ("",)}),
    )
    spec = SPECS["yos"].model_copy(update={"id": "wardens", "evidence": rules})
    rows = table(spec, [{"outcome": "RO", "offence_date": on("2013-01-01")}, {"full_name": "B Tolley"}])
    found = build([Delivered("wardens", "", rows)], {"wardens": spec}, AS_AT).evidence.to_pylist()
    assert [(fact["kind"], fact["code"], fact["begun"], fact["quantity"], fact["fact"]) for fact in found] == [
        ("local_concern", "RO", on("2013-01-01"), 1, "wardens:1"),
        ("training", None, None, None, "wardens:2"),
    ]


def test_conditions_on_a_column_that_was_not_delivered_hold_only_for_blank() -> None:
    rows = table(SPECS["yos"], [{"full_name": "Kai Tolley"}]).drop_columns(["outcome"])
    assert holds({"outcome": ("RO", "*")}, rows).tolist() == [False]
    assert holds({"outcome": ("",)}, rows).tolist() == [True]


@pytest.mark.parametrize(
    ("as_at", "start"),
    [
        ("2013-10-31", "2012-11-01"),
        ("2013-09-30", "2012-10-01"),
        ("2012-02-29", "2011-03-01"),
        ("2013-10-15", "2012-10-16"),
    ],
)
def test_twelve_months_end_on_the_batch_date(as_at: str, start: str) -> None:
    assert window_start(on(as_at), 12) == on(start)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)), st.integers(1, 60))
def test_a_window_is_as_long_as_it_says(as_at: dt.date, months: int) -> None:
    start = window_start(as_at, months)
    assert 0 <= (as_at - start).days - months * 30.4 + 5 <= 10


DAYS = st.one_of(st.none(), st.dates(dt.date(2009, 1, 1), dt.date(2015, 1, 1)))


@given(st.lists(st.tuples(st.sampled_from(["RO", "DTO", "NFA", None]), DAYS, DAYS, st.booleans()), max_size=12))
def test_every_fact_is_kept_or_counted(rows: list[tuple[str | None, dt.date | None, dt.date | None, bool]]) -> None:
    cells = [dict(zip(("outcome", "offence_date", "outcome_date", "ppo_iom"), row, strict=True)) for row in rows]
    found = row_facts(table(SPECS["yos"], cells), SPECS["yos"], AS_AT)
    expected = sum({"RO": 1, "DTO": 2}.get(outcome or "", 0) + flag for outcome, _, _, flag in rows)
    assert found.facts.num_rows + sum(found.beyond.values()) == expected


def test_every_kind_of_the_tables_of_time_is_in_the_vocabulary() -> None:
    for kinds_of_time in (EVENT, PROCESS, STATE, MET_AT_BEGINNING, MET_AT_END, IN_TOUCH):
        assert kinds_of_time <= EVIDENCE_KINDS.keys()
    assert not EVENT & PROCESS and not EVENT & STATE and not PROCESS & STATE
