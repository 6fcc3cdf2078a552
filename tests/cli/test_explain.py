"""`matcher explain` as a user meets it: on a sealed made-up month, and on small months made by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from matcher.cli import cli
from matcher.disclosures.explanation import text
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.registry import Registry
from matcher.runs.explaining import absence_sums, explain
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, knows, seal
from tests.review.workspaces import NOVEMBER, OCTOBER, Made, made, run_month


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["explain", *(str(argument) for argument in arguments)])


def told_of(place: Workspace, family: str) -> dict[str, Any]:
    result = run("-w", place.root, family, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("october"), lambda workspace: run_month(workspace, OCTOBER))


@pytest.fixture
def place(october: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return october.copy(tmp_path, monkeypatch)


@pytest.fixture
def families(place: Workspace) -> list[str]:
    with Registry.open(place) as registry:
        return sorted(set(registry.families()["family_id"].to_pylist()))


def test_help_has_one_example() -> None:
    assert " ".join(run("--help").output.split()).count("Example: matcher explain -w workspace F-") == 1


def test_every_family_is_explained_with_evidence_reading_and_citation(place: Workspace, families: list[str]) -> None:
    assert len(families) > 2
    for family in families:
        told = told_of(place, family)
        met = [criterion for criterion in told["why"]["criteria"] if criterion["status"] == "met"]
        assert len(told["why"]["criteria"]) == 3
        assert len(met) == (3 if told["why"]["route"] == "automatic" else 2)
        assert told["why"]["route_citation"]
        clauses = [clause for criterion in told["why"]["criteria"] for clause in criterion["clauses"]]
        if told["why"]["route"] == "discretion":
            assert any(concern["status"] == "met" for concern in told["why"]["concerns"])
        for clause in clauses + told["why"]["concerns"]:
            assert clause["status"] in ("met", "not_met", "not_assessable") and "Appendix D" in clause["citation"]
            if clause["status"] == "met":
                assert clause["evidence"] or clause["evidence_gone"]
                for evidence in clause["evidence"]:
                    assert evidence["ids"] and evidence["words"] and evidence["source"]["partner"] != "unknown"
        offences = [clause for clause in clauses if clause["id"] == "crime_asb.youth_offence"]
        assert all(len(clause["readings"]) == 2 for clause in offences)


def test_members_come_with_the_records_that_make_them(place: Workspace, families: list[str]) -> None:
    for family in families:
        told = told_of(place, family)
        assert told["members"] and told["history"][0]["event"] == "identified"
        for member in told["members"]:
            assert member["placed"].endswith(".") and member["joined_batch"].startswith("2013-1")
            assert member["disclosures"], "key workers were told of everybody"
            for record in member["records"]:
                assert 0 < record["strength"] <= 1 and all(rows for rows in record["rows"].values())


def test_text_keeps_to_80_columns_and_each_use_is_a_disclosure(place: Workspace, families: list[str]) -> None:
    for family in families:
        result = run("-w", place.root, family.lower())
        assert result.exit_code == 0 and max(map(len, result.stdout.splitlines())) <= 80
        for heading in (
            "WHY THIS FAMILY",
            "CAUSES FOR CONCERN",
            "HISTORY",
            "MEMBERS",
            "DISCLOSURES",
            "OFFICIAL-SENSITIVE",
        ):
            assert heading in result.stdout
    told = told_of(place, families[0])
    assert [one["spec"] for one in told["disclosures"]].count("command_explain") == 1, "the use before this one"
    with Registry.open(place) as registry:
        shown = [one for one in registry.disclosures() if one["spec"] == "command_explain"]
    assert len(shown) == len(families) + 1 and all(one["digest"] and one["families"] == 1 for one in shown)
    audited = [entry["counts"] for entry in Audit(place).entries() if entry["event"] == "family_explained"]
    assert {one["family"] for one in audited} == set(families)
    assert Audit(place).check() == []


def test_an_unknown_family_is_a_clear_error(place: Workspace) -> None:
    result = run("-w", place.root, "F-AAAAAAAA")
    assert isinstance(result.exception, UserError) and result.exception.code == Exit.FAILED
    assert "no such family" in str(result.exception) and "matcher families" in result.exception.todo
    assert run("-w", place.root).exit_code == Exit.USAGE


# -- why the rows of a person are one person ---------------------------------------------------------------------------


def people_of(place: Workspace) -> dict[str, list[dict[str, Any]]]:
    """Person -> kept rows of the families on the programme."""
    with Registry.open(place) as registry:
        found: dict[str, list[dict[str, Any]]] = {}
        for family in sorted(set(registry.families()["family_id"].to_pylist())):
            for row in registry.family(family).records:
                if row["person_id"]:
                    found.setdefault(row["person_id"], []).append(row)
    return found


def row_name(row: dict[str, Any]) -> str:
    supply = f"{row['dataset']}.{row['supplier']}" if row["supplier"] else row["dataset"]
    return f"{supply}:{row['row']}" + ("#2" if row["part"] else "")


def test_kept_rows_of_a_person_are_held_together_by_links_that_are_explained(place: Workspace) -> None:
    several = {person: rows for person, rows in people_of(place).items() if len(rows) > 1}
    assert len(several) > 5
    chosen = sorted(several, key=lambda person: min(map(row_name, several[person])))[:6]
    for person in chosen:
        rows = several[person]
        told = json.loads(run("-w", place.root, "--person", person.lower(), "--json").stdout)
        mine = [one for one in told["links"] if one["verdict"] in ("linked", "through_others")]
        assert sum(1 + one["alike"] for one in mine) == len(rows) - 1, "a link fewer than rows"
        for one in mine:
            assert abs(sum(line["bits"] for line in one["lines"]) - one["weight"]) < 0.01
    with Registry.open(place) as registry:
        shown = [one for one in registry.disclosures() if one["spec"] == "command_explain"]
    assert len(shown) == 6 and all(one["families"] == 1 and one["digest"] for one in shown)
    audited = [entry["counts"]["person"] for entry in Audit(place).entries() if entry["event"] == "links_explained"]
    assert audited == chosen and Audit(place).check() == []


def test_two_kept_rows_are_joined_directly_or_by_a_path(place: Workspace) -> None:
    paths = 0
    most = sorted(people_of(place).items(), key=lambda item: -len({row["ref"] for row in item[1]}))
    for person, rows in most[:6]:
        different = [row for row in rows if row["dataset"] != rows[0]["dataset"]]
        if not different:
            continue
        result = run("-w", place.root, "--pair", row_name(rows[0]), row_name(different[-1]))
        assert result.exit_code == 0 and max(map(len, result.stdout.splitlines())) <= 80
        assert f"Kept as {person}." in result.stdout and "OFFICIAL-SENSITIVE" in result.stdout
        paths += "They are not linked directly but through" in " ".join(result.stdout.split())
    assert paths


def test_the_page_of_a_person_names_nobody(place: Workspace, tmp_path: Path) -> None:
    person, rows = next((p, r) for p, r in people_of(place).items() if len({row["dataset"] for row in r}) > 1)
    result = run("-w", place.root, "--person", person, "--html", tmp_path / "why.html")
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert result.exit_code == 0 and "<svg" in page and person in page
    for value in {row[name] for row in rows for name in ("forename", "surname", "postcode", "ref") if row[name]}:
        assert not re.search(rf"\\b{re.escape(value)}\\b", page), "a value of a record"
        assert len(value) < 4 or f">{value}<" not in page
    assert rows[0]["surname"] in result.stdout


def test_who_is_restricted_is_not_explained_and_what_is_not_kept_is_said(place: Workspace) -> None:
    person, rows = next((p, r) for p, r in people_of(place).items() if len(r) > 1)
    two = (row_name(rows[0]), row_name(rows[1]))
    with Registry.open(place) as registry:
        registry.rights.restrict({"person_id": person, "family_id": None, "request_id": None, "reason": "accuracy_contested",
                                  "by_role": "office", "begun_on": OCTOBER})  # fmt: skip
    for arguments, words in (
        (["--person", person], "use of this person's data is restricted"),
        (["--pair", *two], "use of this person's data is restricted"),
        (["--person", "P-AAAAAAAA"], "no such person"),
        (["--pair", "dwp:999999", "dwp:999998"], "Those two rows are not kept"),
        (["--pair", *two, "--batch", "2013-09-30-1"], "no such batch"),
        (["--pair", "Q-AAAAAAAA"], "No batch is held"),
    ):
        result = run("-w", place.root, *arguments)
        assert isinstance(result.exception, UserError) and words in str(result.exception), arguments


def test_rows_of_two_families_are_refused(place: Workspace) -> None:
    people = people_of(place)
    rows = {row["family_id"]: row for rows in people.values() for row in rows}
    one, other = list(rows.values())[:2]
    result = run("-w", place.root, "--pair", row_name(one), row_name(other))
    assert isinstance(result.exception, UserError) and "of two families" in str(result.exception)


# -- months made by hand ---------------------------------------------------------------------------------------------


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def known_again(registry: Registry, *people: Someone) -> list[Someone]:
    return knows(people, registry)


ALICE, BEN, CARL = Someone("SMITHERS", "ALICE"), Someone("SMITHERS", "BEN", 2001), Someone("JONESON", "CARL")


def test_a_family_that_was_not_confirmed_tells_why_it_came_and_what_was_found_since(empty: Workspace) -> None:
    with Registry.open(empty) as registry:
        first, _ = seal(registry, Month([House([ALICE])]))
        second, _ = seal(registry, Month([House(known_again(registry, ALICE), route="no")], as_at=NOVEMBER))
        family = registry.families()["family_id"][0].as_py()
    told = told_of(empty, family)
    assert told["why"]["meets"] and told["why"]["batch_id"] == told["confirmed_batch"] == first
    assert not told["latest"]["meets"] and told["latest"]["batch_id"] == second
    said = run("-w", empty.root, family).stdout
    assert "LOOKED AT SINCE" in said and f"batch {second}: did not meet the criteria" in " ".join(said.split())


def test_a_row_about_the_dwelling_is_nobody_and_a_row_alone_has_nothing_to_explain(empty: Workspace) -> None:
    with Registry.open(empty) as registry:
        seal(registry, Month([House([ALICE], dwelling_row=True)]))
        person = registry.families()["person_id"][0].as_py()
    result = run("-w", empty.root, "--pair", "yos.county:1", "housing.county:2")
    assert isinstance(result.exception, UserError) and "names nobody" in str(result.exception)
    said = " ".join(run("-w", empty.root, "--person", person).stdout.split())
    assert "This is the person's only record: there is nothing to explain." in said


def test_rows_that_were_kept_without_their_links_are_not_called_a_row_alone(empty: Workspace) -> None:
    month = Month([House([Someone("SMITHERS", "ALICE", rows=2)])])
    month.links.clear()  # as versions before 0.3.0 sealed it
    with Registry.open(empty) as registry:
        seal(registry, month)
        person = registry.families()["person_id"][0].as_py()
    said = " ".join(run("-w", empty.root, "--person", person).stdout.split())
    assert "The rows were kept without the links between them: there is nothing to explain." in said


def test_evidence_that_a_month_did_not_keep_is_that_of_the_batch_that_did(empty: Workspace) -> None:
    with Registry.open(empty) as registry:
        first, _ = seal(registry, Month([House([ALICE])]))
        month = Month([House(known_again(registry, ALICE))], as_at=NOVEMBER)
        second, _ = seal(registry, month, keep_continuing=np.zeros(len(month.records), dtype=bool))
        family = registry.families()["family_id"][0].as_py()
    told = told_of(empty, family)
    clause = told["why"]["criteria"][0]["clauses"][0]
    assert told["why"]["batch_id"] == second and told["latest"] is None
    assert clause["evidence_batch"] == first and clause["evidence"] and not clause["evidence_gone"]
    assert "no longer hold" in clause["says"], "a clause of another rule set is named, not refused"
    said = " ".join(run("-w", empty.root, family).stdout.split())
    assert f"Rows behind this are kept from batch {first}; later ones were not kept." in said


def test_where_no_row_is_kept_that_is_said(empty: Workspace) -> None:
    with Registry.open(empty) as registry:
        month = Month([House([ALICE], dwelling_row=True)])
        seal(registry, month, keep=np.array([row["dataset"] == "housing" for row in month.records]))
        family = registry.families()["family_id"][0].as_py()
    assert told_of(empty, family)["why"]["criteria"][0]["clauses"][0]["evidence_gone"]
    said = " ".join(run("-w", empty.root, family).stdout.split())
    assert "No row behind this is kept" in said and "naming nobody" in said.lower()


def test_history_of_families_that_merge_and_move_is_told_in_words(empty: Workspace) -> None:
    with Registry.open(empty) as registry:
        seal(registry, Month([House([ALICE, BEN]), House([CARL])]))
        # identified on one day: the lower id, which is random, goes on
        first, second = sorted(set(registry.families()["family_id"].to_pylist()))
        seal(registry, Month([House(known_again(registry, ALICE, BEN, CARL), area="city")], as_at=NOVEMBER))
        told = [explain(empty, registry, family) for family in (first, second)]
    said = " ".join("\n".join(line for one in told for line in text(one)).split())
    assert "Moved from County to City." in said
    assert f"Took in family {second}." in said and f"Closed: it became part of family {first}." in said
    assert f"Became part of family {first}; closed." in said
    assert {one.status for one in told} == {"active", "closed"}


def test_members_who_join_and_leave_are_told_with_the_families_they_come_from(empty: Workspace) -> None:
    with Registry.open(empty) as registry:
        seal(registry, Month([House([ALICE, BEN])]))
        family = registry.families()["family_id"][0].as_py()
        alice = known_again(registry, ALICE)
        seal(registry, Month([House([*alice, CARL])], as_at=NOVEMBER))
        told = explain(empty, registry, family)
    said = "\n".join(text(told))
    assert "CARL JONESON" in said and "joined." in said
    assert len(told.members) >= 2 and any(record.alone for member in told.members for record in member.records)
    assert "the person's only record" in said


def test_absence_is_a_share_of_each_child_rounded_down_and_an_enrolment_counts_once() -> None:
    def fact(kind: str, quantity: int, key: str | None, person: str = "P-1") -> dict[str, Any]:
        return {
            "kind": f"sessions_{kind}",
            "quantity": quantity,
            "fact_key": key,
            "evidence_key": id(key),
            "person_id": person,
        }

    facts = [
        fact("possible", 100, "a"), fact("possible", 100, "a"), fact("possible", 101, "b"), fact("unauthorised", 30, "c"),
        fact("possible", 0, None, "P-2"), fact("unauthorised", 5, None, "P-2"),
    ]  # fmt: skip
    assert absence_sums(facts, lambda person: person) == (
        "P-1: 30 of 201 possible sessions were unauthorised, 14.9 %.",
    )
