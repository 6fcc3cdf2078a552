"""Requests of people as the commands serve them: found, exported, decided, restricted, corrected, erased."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msoffcrypto
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook

from matcher.cli import cli
from matcher.disclosures.inputs import Batch
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import verify_certificate
from matcher.purge.residue import search_all
from matcher.rights import carrying_out, requests
from matcher.rights.dossier import Dossier
from matcher.runs.outputs import family_list
from tests.rights.conftest import NAMES, ROLE, SMITHS, Office

TODAY = dt.date(2014, 3, 10)
FIND = 'forename = "Benedikt"\nsurname = "Smitheringdale"\ndate_of_birth = "17/05/2001"\n'
NOBODY = 'forename = "Zebedee"\nsurname = "Quillfeather"\ndate_of_birth = "01/02/1970"\n'


def run(office: Office, *arguments: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments), "-w", str(office.workspace.root)], input=text)


def said(office: Office, *arguments: str | Path, code: int = 0) -> Any:
    result = run(office, *arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def request(office: Office, kind: str = "access", **ids: str | None) -> str:
    values: dict[str, Any] = {"person": None, "family": None, "reference": None, **ids}
    found, _, _ = requests.record(
        office.workspace, office.registry, kind=kind, received=dt.date(2014, 3, 3), role=ROLE, identity="documents_seen",
        today=TODAY, **values,
    )  # fmt: skip
    return found


def answered(office: Office, request_id: str) -> None:
    row = office.registry.rights.request(request_id)
    for partner in requests.originators(office.registry, row["person_id"], row["family_id"]):
        requests.view(
            office.workspace, office.registry, request_id, partner=partner, given="disclose", on=TODAY, today=TODAY
        )


def decide(office: Office, request_id: str, decision: str, **more: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {"exemption": None, "citation": None, **more}
    return requests.decide(
        office.workspace, office.registry, request_id, decision=decision, role=ROLE, on=TODAY, today=TODAY, **values
    )


def audited(office: Office) -> str:
    return "\n".join(json.dumps(entry) for entry in Audit(office.workspace).entries())


# -- finding ---------------------------------------------------------------------------------------------------------


def test_a_misspelt_person_is_found_and_that_is_a_disclosure(office: Office, tmp_path: Path) -> None:
    (tmp_path / "who.toml").write_text(FIND)
    told = said(office, "subject", "find", "--file", tmp_path / "who.toml")
    assert [one["key"] for one in told["candidates"]] == [office.person("BENEDICT")]
    assert told["certificate"] is None and told["searched"]["people"] == 4
    assert office.registry.disclosures()[-1]["spec"] == "command_subject_find"
    assert not any(name in audited(office) for name in (*NAMES, "Smitheringdale"))


def test_prompts_ask_on_stderr_so_that_nothing_stands_in_the_history(office: Office) -> None:
    result = run(office, "subject", "find", "--ask", "--json", text="Benedikt\nSmitheringdale\n17/05/2001\n\n\n\n\n\n")
    assert result.exit_code == 0 and json.loads(result.stdout)["candidates"][0]["share"] >= 0.7
    assert "Forename" in result.stderr


def test_that_nothing_is_held_is_recorded_and_certified(office: Office, tmp_path: Path) -> None:
    (tmp_path / "who.toml").write_text(NOBODY)
    asked = request(office)
    told = said(office, "subject", "find", "--file", tmp_path / "who.toml", "--request", asked)
    assert told["candidates"] == [] and told["certificate"] == f"assurance/search.{asked}.json"
    certificate = json.loads(office.workspace.read(told["certificate"]))
    assert certificate["answer"] == "nothing is held" and certificate["people_in_registry"] == 4
    assert verify_certificate(certificate, office.workspace.keys.public_key())
    assert "Quillfeather" not in json.dumps(certificate) + audited(office)
    assert office.registry.rights.request(asked)["found"] == "nothing_held"
    assert decide(office, asked, "nothing_held")["decision"] == "nothing_held"
    text = run(office, "subject", "find", "--file", tmp_path / "who.toml").stdout
    assert text == "Nothing is held: none of the 4 people in the registry comes near.\n"


def test_none_of_the_candidates_can_be_said_too(office: Office) -> None:
    asked = request(office)
    told = said(office, "subject", "found", asked, "--nobody", "--by", ROLE)
    assert told["found"] == "nothing_held" and told["certificate"]
    assert said(office, "subject", "found", asked, office.person("ALICE"), "--by", ROLE)["found"] == "held"
    assert run(office, "subject", "found", asked, "--by", ROLE).exit_code == 2


@pytest.mark.parametrize("given", [(), ("--ask", "--file", "x.toml")])
def test_values_come_by_prompt_or_file(office: Office, given: tuple[str, ...]) -> None:
    assert run(office, "subject", "find", *given).exit_code == 2


def test_a_file_of_values_that_cannot_be_read_tells_nothing_of_it(office: Office, tmp_path: Path) -> None:
    (tmp_path / "who.toml").write_text("surname = SECRETNAME\n")
    result = run(office, "subject", "find", "--file", tmp_path / "who.toml")
    assert isinstance(result.exception, UserError) and "SECRETNAME" not in str(result.exception) + result.output
    for wrong in ("SECRETNAME", "Q-AAAAAAAA"):
        result = run(office, "subject", "lift", wrong, "--by", ROLE)
        assert isinstance(result.exception, UserError) and "That is no id" in str(result.exception)
        assert wrong not in str(result.exception)


# -- what is held ----------------------------------------------------------------------------------------------------


def test_an_export_holds_the_person_and_nobody_else(two_months: Office, tmp_path: Path) -> None:
    person, file = two_months.person("ALICE"), tmp_path / "held.xlsx"
    told = said(two_months, "subject", "export", person, "-o", file)
    assert told["sheets"]["What was supplied"] == 2 and told["sheets"]["To whom it went"] >= 3
    assert told["sheets"]["How rows were joined"] == 1
    content = io.BytesIO()
    locked = msoffcrypto.OfficeFile(io.BytesIO(file.read_bytes()))
    locked.load_key(password=two_months.workspace.keys.password(f"subject.{person.lower()}"))
    locked.decrypt(content)
    content.seek(0)
    book = CalamineWorkbook.from_filelike(content)
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    text = json.dumps(sheets, default=str)
    assert "ALICE" in text and "HIGH STREET" in text
    for other in ("BENEDICT", "CARL", "DOROTHEA", "JONESTOWNLEY", two_months.person("BENEDICT")):
        assert other not in text
    assert "known from earlier months" in text and "this pair is strong enough" in text, "why rows were joined"
    assert "Data about 1 other people of the household are withheld" in text
    assert "key_worker_county" in text and "dwp" in text and "s.17" in text, "to whom, under which gateway"
    assert "Leicestershire Youth Offending Service" in text or "Youth Offending" in text, "who supplied it"
    assert "31/10/2014" in text or "2014-10-31" in text, "the date of the review"
    assert "Proven" in text or "offence" in text.lower(), "the fact and the criterion"
    assert b"ALICE" not in file.read_bytes()
    assert two_months.registry.disclosures()[-1]["recipient"] == "data_subject"


def test_an_export_waits_for_the_check_of_who_asks_and_for_a_workbooks_name(office: Office, tmp_path: Path) -> None:
    asked, person = request(office), office.person("ALICE")
    office.registry.rights.change_request(asked, {"identity": "not_yet"})
    result = run(office, "subject", "export", person, "-o", tmp_path / "x.xlsx", "--request", asked)
    assert "Who asks was not checked" in str(result.exception) and not (tmp_path / "x.xlsx").exists()
    assert run(office, "subject", "identity", asked, "documents_seen", "--by", ROLE).exit_code == 0
    assert run(office, "subject", "export", person, "-o", tmp_path / "x.xlsx", "--request", asked).exit_code == 0
    assert run(office, "subject", "export", person, "-o", tmp_path / "x.csv").exit_code == 2
    assert "about one person" in str(
        run(office, "subject", "export", office.family("ALICE"), "-o", tmp_path / "y.xlsx").exception
    )
    assert "no such person" in str(run(office, "subject", "export", "P-AAAAAAAA", "-o", tmp_path / "y.xlsx").exception)


def test_what_went_out_before_somebody_joined_went_not_of_them(two_months: Office) -> None:
    dossier = Dossier.of(two_months.workspace, two_months.registry, two_months.person("ALICE"))
    assert [row["batch_id"] for row in dossier.disclosures()] == [two_months.batches[0]] * 2 + [two_months.batches[1]]


# -- requests --------------------------------------------------------------------------------------------------------


def test_a_request_is_recorded_with_its_due_date_and_listed_overdue_first(office: Office) -> None:
    told = said(
        office, "subject", "request", "--kind", "access", "--received", "2014-03-03", "--identity", "documents_seen", "--by", ROLE,
        "--reference", "SAR-2014/031", "--person", office.person("ALICE"),
    )  # fmt: skip
    assert told["due"] == "2014-04-11" and "1998" in told["law"]
    later = said(
        office,
        "subject",
        "request",
        "--kind",
        "objection",
        "--received",
        "2026-01-05",
        "--identity",
        "not_yet",
        "--by",
        ROLE,
    )
    listed = said(office, "subject", "list")["requests"]
    assert [one["request_id"] for one in listed] == [told["request"], later["request"]]
    assert listed[0]["days_left"] < 0 and listed[0]["waits_for"] == ["county_yos"]
    assert "OVERDUE by" in run(office, "subject", "list").stdout
    assert said(office, "status")["requests"] == {"open": 2, "overdue": 2}
    assert "Requests of people: 2 open, 2 overdue" in run(office, "status").stdout


def test_freedom_of_information_is_about_statistics(office: Office) -> None:
    office.workspace.write(f"outbox/{office.batches[0]}/published/summary.html", b"<html>")
    told = said(
        office, "subject", "request", "--kind", "freedom-of-information", "--received", "2013-12-02", "--identity", "not_needed",
        "--by", ROLE,
    )  # fmt: skip
    assert told["due"] == "2014-01-03" and told["published"] == [f"outbox/{office.batches[0]}/published/summary.html"]
    with pytest.raises(UserError, match="about no person"):
        request(office, "freedom-of-information", person=office.person("ALICE"))
    assert decide(office, told["request"], "granted")["decided_on"] == TODAY


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "SECRET"}, "no kind of request"),
        ({"identity": "SECRET"}, "no way of checking"),
        ({"reference": "MRS SECRET"}, "A reference is a number"),
        ({"received": dt.date(2014, 3, 11)}, "in the future"),
        ({"person": "P-AAAAAAAA"}, "no such person"),
        ({"family": "F-AAAAAAAA"}, "no such family"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(office: Office, change: dict[str, Any], message: str) -> None:
    values: dict[str, Any] = {"kind": "access", "received": TODAY, "identity": "documents_seen", "reference": None, "person": None,
                              "family": None} | change  # fmt: skip
    with pytest.raises(UserError, match=message) as refused:
        requests.record(office.workspace, office.registry, role=ROLE, today=TODAY, **values)
    assert "SECRET" not in str(refused.value) and office.registry.rights.requests() == []


def test_a_role_that_may_not_decide_is_refused(office: Office) -> None:
    result = run(office, "subject", "restrict", office.person("ALICE"), "--reason", "safety", "--by", "Mrs Smith")
    assert "decides nothing" in str(result.exception) and "Mrs Smith" not in str(result.exception)


def test_nothing_is_decided_before_the_originators_were_asked(office: Office) -> None:
    asked = request(office)
    with pytest.raises(UserError, match="not said whom"):
        decide(office, asked, "granted")
    requests.found(office.workspace, office.registry, asked, person=office.person("ALICE"), family=None, role=ROLE)
    with pytest.raises(UserError, match="Originators") as refused:
        decide(office, asked, "granted")
    assert refused.value.where == "county_yos"
    for partner, given, message in (("county_yos", "x", "no view"), ("nobody", "disclose", "no partner")):
        with pytest.raises(UserError, match=message):
            requests.view(office.workspace, office.registry, asked, partner=partner, given=given, on=TODAY, today=TODAY)
    answered(office, asked)
    with pytest.raises(UserError, match="names its exemption"):
        decide(office, asked, "refused")
    with pytest.raises(UserError, match="no exemption"):
        decide(office, asked, "refused", exemption="x", citation="s.29")
    decide(office, asked, "part", exemption="third_party", citation="Data Protection Act 1998, s.7(4)")
    with pytest.raises(UserError, match="decided already"):
        decide(office, asked, "granted")
    (entry,) = [e for e in Audit(office.workspace).entries() if e["event"] == "request_decided"]
    assert entry["counts"] == {
        "request": asked, "kind": "access", "decision": "part", "exemption": "third_party", "by_role": ROLE, "in_time": True,
    }  # fmt: skip
    with pytest.raises(UserError, match="no such request"):
        decide(office, "R-AAAAAAAA", "granted")


# -- effects ---------------------------------------------------------------------------------------------------------


def test_a_granted_restriction_keeps_the_person_out_of_every_list_and_says_how_many(office: Office) -> None:
    person = office.person("ALICE")
    asked = request(office, "restriction", person=person)
    answered(office, asked)
    row = decide(office, asked, "granted")
    assert carrying_out.carry_out(office.workspace, office.registry, row, role=ROLE, today=TODAY) == {
        "restricted": person
    }
    text = run(office, "families").stdout + run(office, "families", "--records").stdout
    assert person not in text and "BENEDICT" in text
    head = Batch(office.batches[0], dt.date(2013, 10, 31), "w", "c", "a")
    everybody = office.registry.families(batch=office.batches[0], restricted=True)
    listed = family_list(office.registry, head, office.batches[0], everybody)
    assert person not in listed.members["person_id"].to_pylist() and dict(listed.left_out) == {"county": 1}
    assert person not in listed.reasons["person_id"].to_pylist()
    told = {row["family_id"]: row["criteria"] for row in listed.families.to_pylist()}
    assert "crime_asb" not in told[office.family("ALICE")], "what rests on her offence alone is not told either"
    assert "crime_asb" in told[office.family("CARL")]
    assert said(office, "subject", "list")["restrictions"][0]["person_id"] == person
    assert said(office, "status")["restricted"] == {"families": 0, "people": 1}
    assert run(office, "subject", "lift", person, "--by", ROLE).exit_code == 0
    assert person in run(office, "families").stdout
    assert "Nothing restricts" in str(run(office, "subject", "lift", person, "--by", ROLE).exception)
    assert not any(name in audited(office) for name in NAMES)


def test_a_restricted_family_is_not_explained(office: Office) -> None:
    family = office.family("ALICE")
    assert run(office, "subject", "restrict", family, "--reason", "safety", "--by", ROLE).exit_code == 0
    assert "is restricted" in str(run(office, "explain", family).exception)


def test_a_correction_tells_who_had_the_wrong_value_and_is_in_the_next_list(office: Office, tmp_path: Path) -> None:
    person, file = office.person("ALICE"), tmp_path / "value.toml"
    asked = request(office, "correction", person=person)
    answered(office, asked)
    with pytest.raises(UserError, match="No correction is recorded"):
        decide(office, asked, "granted")
    file.write_text('value = "Smytheringale-Fox"')
    told = said(
        office, "subject", "correct", person, "--field", "surname", "--said-by", "county_yos", "--file", file, "--by", ROLE,
        "--request", asked,
    )  # fmt: skip
    assert told["told_wrong"] == ["dwp", "key_worker_county"]
    assert "SMYTHERINGALE FOX" in run(office, "families").stdout
    (kept,) = office.registry.rights.corrections(person)
    assert (kept["old_value"], kept["new_value"], kept["said_by"]) == (
        "SMITHERINGALE",
        "SMYTHERINGALE FOX",
        "county_yos",
    )
    decide(office, asked, "granted")
    assert "SMYTHERINGALE" not in audited(office) and "SMITHERINGALE" not in audited(office)
    again = run(
        office, "subject", "correct", person, "--field", "surname", "--said-by", "person", "--file", file, "--by", ROLE
    )
    assert "held already" in str(again.exception)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dob", "SECRET", "is no date"),
        ("sex", "SECRET", "Sex is M or F"),
        ("surname", "123", "That is no name"),
        ("address", "SECRET", "no field that can be corrected"),
    ],
)
def test_a_correction_that_is_none_is_refused_without_its_value(
    office: Office, tmp_path: Path, field: str, value: str, message: str
) -> None:
    (tmp_path / "v.toml").write_text(f'value = "{value}"')
    result = run(
        office, "subject", "correct", office.person("ALICE"), "--field", field, "--said-by", "person", "--file",
        tmp_path / "v.toml", "--by", ROLE,
    )  # fmt: skip
    assert message in str(result.exception) and "SECRET" not in str(result.exception)
    assert office.registry.rights.corrections(office.person("ALICE")) == []


def test_a_granted_erasure_leaves_nothing_of_the_person_and_says_whom_to_tell(office: Office) -> None:
    person, family = office.person("ALICE"), office.family("ALICE")
    office.workspace.keys.password(f"subject.{person.lower()}")
    asked = request(office, "erasure", person=person)
    answered(office, asked)
    effect = carrying_out.carry_out(
        office.workspace, office.registry, decide(office, asked, "granted"), role=ROLE, today=TODAY
    )
    assert effect["recipients_to_tell"] == ["dwp", "key_worker_county"] and effect["families"] == []
    assert len(effect["lists_destroyed"]) == 2
    handed = said(office, "retention", "list")["handed_out"]
    assert {one["recipient"] for one in handed if one["state"] == "overdue"} == {"dwp", "key_worker_county"}
    assert {"dwp", "key_worker_county"} <= said(office, "retention", "chase")["recipients"].keys(), "until they confirm"
    assert "ALICE" not in office.text() and [m["forename"] for m in office.registry.family(family).members] == [
        "BENEDICT"
    ]
    searched = search_all(office.workspace, ["REF SMITHERINGALE ALICE"], cells=office.registry.every_cell())
    assert searched.findings == []
    assert f"subject.{person.lower()}" not in office.workspace.keys.recipients()
    events = [entry for entry in Audit(office.workspace).entries() if entry["event"] == "people_erased"]
    assert [entry["counts"]["people"] for entry in events] == [[person]]
    assert said(office, "subject", "list", "--all")["requests"][0]["decision"] == "granted", "that it was asked stays"
    assert run(office, "explain", family).exit_code == 0


def test_an_erased_person_who_is_supplied_again_comes_in_as_somebody_new(office: Office) -> None:
    from tests.registry.months import House, Month, knows, seal

    person = office.person("ALICE")
    assert run(office, "subject", "erase", person, "--by", ROLE).exit_code == 0
    month = Month([House([SMITHS[0], *knows(SMITHS[1:], office.registry)])], dt.date(2013, 11, 30))
    seal(office.registry, month)
    assert office.person("ALICE") != person


def test_erasing_the_last_person_erases_the_family(office: Office) -> None:
    family = office.family("ALICE")
    for name in ("ALICE", "BENEDICT"):
        told = said(office, "subject", "erase", office.person(name), "--by", ROLE)
    assert told["families"] == [family] and "SMITHERINGALE" not in office.text()
    assert run(office, "subject", "erase", family, "--by", ROLE).exit_code == 1


def test_no_command_says_a_name_that_was_not_asked_for(two_months: Office) -> None:
    family, person = two_months.family("CARL"), two_months.person("ALICE")
    batch = two_months.batches[0]
    for arguments in (
        ("retention", "list"), ("retention", "chase"), ("retention", "outbox"), ("status",), ("expire",), ("subject", "list"),
        ("retention", "keep", family, "--reason", "further_risk", "--by", ROLE),
        ("retention", "confirm", "--recipient", "dwp", "--batch", batch, "--by", ROLE, "--on", "2014-01-05"),
        ("subject", "restrict", person, "--reason", "safety", "--by", ROLE),
        ("subject", "erase", person, "--by", ROLE),
        ("retention", "delete", family, "--reason", "no_further_risk", "--by", ROLE),
    ):  # fmt: skip
        result = run(two_months, *arguments)
        assert result.exit_code == 0, (arguments, result.output)
        assert not any(name in result.output for name in NAMES), arguments
    assert not any(name in audited(two_months) for name in NAMES)
    assert Audit(two_months.workspace).check() == []
    everything = b"".join(
        p.read_bytes() for p in two_months.workspace.files() if p.suffix in (".json", ".log", ".toml")
    )
    assert not any(name.encode() in everything for name in NAMES)


def test_a_restricted_person_is_not_referred_either(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from matcher.runs import outputs

    known = {"known_person": office.person("ALICE"), "known_family": office.family("ALICE")}
    blank = {"surname": "X", "forename": "Y", "middle": None, "dob": None}
    tables = SimpleNamespace(
        persons=pa.Table.from_pylist(
            [{"person_id": 0, **blank, **known}, {"person_id": 1, **blank, **dict.fromkeys(known)}]
        ),
        households=pa.Table.from_pylist([{"household_id": 0, "address": "A", "postcode": "B"}]),
        household_members=pa.Table.from_pylist([{"person_id": n, "household_id": 0} for n in (0, 1)]),
    )
    head = Batch(office.batches[0], dt.date(2013, 10, 31), "w", "c", "a")
    monkeypatch.setattr(outputs, "heading", lambda *_: head)
    batch = office.registry.batch(office.batches[0])

    def referred() -> int:
        outputs.write_referral(office.workspace, office.registry, batch, tables, None)  # type: ignore[arg-type]
        return office.registry.disclosures()[-1]["people"]

    assert referred() == 2
    assert run(office, "subject", "restrict", office.person("ALICE"), "--reason", "safety", "--by", ROLE).exit_code == 0
    assert referred() == 1
