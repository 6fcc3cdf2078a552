"""The shipped rule set is complete and cited; a faulty one is refused with all its faults."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from criteria.framework import HERE, load_framework
from criteria.policy import load_policy
from criteria.shapes import TermRatio
from specs.load import SpecError
from specs.tables import EVIDENCE_KINDS

AS_AT = date(2013, 10, 31)
TEXT = (HERE / "troubled_families_2012.toml").read_text(encoding="utf-8")


def broken(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_framework(path)
    return caught.value.faults


def test_the_clauses_are_those_that_others_rely_on() -> None:
    assert [clause.id for clause in load_framework().clauses(AS_AT)] == [
        "crime_asb.youth_offence", "crime_asb.order_in_force", "crime_asb.contract_in_force",
        "crime_asb.housing_intervention", "education.permanent_exclusion", "education.fixed_exclusions",
        "education.excluded_provision", "education.not_on_roll", "education.absence", "work.out_of_work_benefit",
    ]  # fmt: skip


def test_every_threshold_is_used_and_cited() -> None:
    rules = load_framework().rules
    for name, threshold in rules.threshold.items():
        assert f'"threshold:{name}"' in TEXT, name
        assert threshold.paragraph
        assert threshold.document in {document.id for document in rules.document}


def test_every_reading_is_used_and_gives_each_option_a_sentence_of_its_own() -> None:
    rules = load_framework().rules
    for name, reading in rules.reading.items():
        assert f'"reading:{name}' in TEXT, name
        sentences = [option.sentence for option in reading.option.values()]
        assert len(set(sentences)) == len(sentences) >= 2
        assert all(sentence.endswith(".") for sentence in sentences)


def test_a_number_in_a_clause_comes_from_a_threshold() -> None:
    for entry in load_framework().rules.clause:
        assert not [value for value in entry.test.values() if isinstance(value, int)], entry.id
        assert not re.search(r"\d", entry.says), entry.id


def test_thresholds_change_by_date(tmp_path: Path) -> None:
    text = TEXT.replace(
        "values = [{ from = 2012-04-01, value = 15 }]",
        "values = [{ from = 2012-04-01, value = 15 }, { from = 2014-09-01, value = 10 }]",
    )
    path = tmp_path / "later.toml"
    path.write_text(text, encoding="utf-8")
    framework = load_framework(path)
    found = {}
    for day in (date(2012, 3, 31), date(2014, 8, 31), date(2014, 9, 1)):
        clause = next(clause for clause in framework.clauses(day) if clause.id == "education.absence")
        assert isinstance(clause.test, TermRatio)
        found[day] = (clause.test.percent, clause.says[:15])
    assert [percent for percent, _ in found.values()] == [15, 15, 10]
    assert found[date(2014, 9, 1)][1] == "A child has 10 "


def test_the_user_is_told_of_secondary_sources_and_of_dates_outside_the_phase() -> None:
    framework = load_framework()
    assert [line for line in framework.cautions(AS_AT) if "secondary sources" in line]
    assert len(framework.cautions(AS_AT)) == 1
    assert "lies outside" in framework.cautions(date(2016, 1, 31))[0]
    assert "lies outside" in framework.cautions(date(2012, 2, 29))[0]


def test_the_tariff_pays_four_thousand_pounds_in_every_year() -> None:
    payment = load_framework().rules.payment
    pence = {fee.id: {amount.year: amount.pence for amount in fee.amounts} for fee in payment.fee}
    years = ["2012-13", "2013-14", "2014-15"]
    assert [pence["attachment"][year] for year in years] == [320000, 240000, 160000]
    assert [pence["route_a"][year] for year in years] == [70000, 150000, 230000]
    assert [pence["route_b"][year] for year in years] == [80000, 160000, 240000]
    for year in years:
        assert pence["attachment"][year] + pence["route_b"][year] == payment.family_cap_pence
        assert pence["attachment"][year] + pence["route_a"][year] + pence["progress_to_work"][year] == 400000
    derived = [(fee.id, amount.year) for fee in payment.fee for amount in fee.amounts if amount.derived]
    assert derived == [("route_a", "2013-14"), ("route_a", "2014-15")]
    assert load_framework().year_of_rate == "attachment"
    assert load_framework(readings={"year_of_rate": "result"}).year_of_rate == "result"


def test_citations_name_document_and_paragraph() -> None:
    framework = load_framework()
    clause = framework.clauses(AS_AT)[0]
    assert framework.citation(clause).startswith("Information sharing agreement (October 2013), Appendix D, 1")


def test_shipped_frameworks_load_and_carry_their_file_name() -> None:
    shipped = [path.stem for path in HERE.glob("*.toml")]
    assert shipped
    for name in shipped:
        assert load_framework(name).id == name


def test_readings_are_chosen_by_name_and_the_sentence_follows() -> None:
    framework = load_framework(readings={"offence_age": "as_at"})
    assert framework.sentence("offence_age").endswith("on the batch date.")
    assert load_framework().sentence("offence_age").endswith("on the day of the offence.")


def test_an_unknown_reading_and_an_unknown_option_are_named_together() -> None:
    with pytest.raises(SpecError) as caught:
        load_framework(readings={"offence_ages": "as_at", "offence_window": "sentence"})
    assert len(caught.value.faults) == 2
    assert "no reading 'offence_ages'" in caught.value.faults[0]
    assert "there are outcome, offence" in caught.value.faults[1]


def test_a_missing_file_and_a_file_that_is_no_toml_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"absent\.toml: no such file"):
        load_framework("absent")
    path = tmp_path / "torn.toml"
    path.write_text("id = ", encoding="utf-8")
    with pytest.raises(SpecError, match=r"torn\.toml: not TOML"):
        load_framework(path)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    faults = broken(
        tmp_path,
        ("until = 2015-03-31\n", ""),
        ('months = "threshold:look_back_months"', 'months = "threshold:look_back_month"'),
        ('kinds = ["asb_order"]', 'kinds = ["asb_orders"]'),
        ('criterion = "work"\nsays', 'criterion = "works"\nsays'),
    )
    text = "\n".join(faults)
    assert "rules.toml: until: Field required" in text
    assert "clause crime_asb.youth_offence: no threshold, reading or field 'look_back_month'" in text
    assert "clause crime_asb.order_in_force" in text
    assert "no such kind of evidence" in text
    assert "clause work.out_of_work_benefit: no such criterion" in text
    assert len(faults) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('shape = "dated"', 'shape = "undated"', "union_tag|does not match any of the expected tags"),
        ('id = "work.out_of_work_benefit"', 'id = "education.absence"', "this id twice"),
        ("{fixed_exclusions} or more", "{exclusions} or more", "no threshold, reading or field 'exclusions'"),
        ('default = "made"', 'default = "taken"', "default is not one of the options"),
        ('document = "agreement"\nparagraph = "Appendix D, 3"', 'document = "deal"\nparagraph = "3"', "does not list"),
        ('adult_age = "threshold:adult_age"\n', 'adult_age = "threshold:age"\n', "household.adult_age: refers to something"),
        ('at_least = "threshold:criteria_for_automatic"', 'at_least = "threshold:all"', "route automatic: refers to something"),
        ('criteria = ["crime_asb", "education", "work"]', 'criteria = ["crime"]', "route automatic: no such criterion"),
        ('values = { value = "begun" }', 'values = { value = "birth" }', "clause crime_asb.youth_offence.dated.age_on"),
        ("pence = 320000", "pence = -1", "greater than or equal to 0"),
        ('"excluded_provision", "on_roll"', '"excluded_provision", "on_rolls"', "no such kind of evidence"),
    ],
)  # fmt: skip
def test_each_fault_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert re.search(message, "\n".join(broken(tmp_path, (old, new))))


@pytest.mark.parametrize(
    "wrong", [5, "x", [], {}, [5], {"x": 5}, {"offence_age": {"option": 5}}, [{"id": "x", "test": {}}]]
)
@pytest.mark.parametrize(
    "key", ["document", "threshold", "reading", "household", "terms", "clause", "route", "payment"]
)
def test_a_file_of_the_wrong_form_is_refused_never_a_crash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str, wrong: object
) -> None:
    raw = tomllib.loads(TEXT) | {key: wrong}
    monkeypatch.setattr("criteria.framework.read_toml", lambda path: raw)
    with pytest.raises(SpecError):
        load_framework(tmp_path / "rules.toml")


def test_every_kind_that_a_rule_reads_is_in_the_vocabulary() -> None:
    framework, policy = load_framework(), load_policy()
    for clause in (*framework.clauses(AS_AT), *policy.concerns(framework, AS_AT, off=True)):
        assert set(clause.test.kinds) <= set(EVIDENCE_KINDS)
