"""Specification files: every fault of every file at once, each with its place, and a new data set without Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.load import DisclosureSpec, SpecError, load_disclosure_specs, load_extract_specs

FLOW = """
[[flow]]
supplier = "*"
partner = "fire"
owner = "Fire and Rescue Service"
recipients = ["county"]
purposes = ["identification"]
gateway = ["Crime and Disorder Act 1998, s.115 (agreement 3.4.2)"]
rhythm = "monthly"
transfer = "secure email"
retention = "deleted as soon as the match is complete"
source = "beyond_appendix_b"
amendment = "Amendment of 1 March 2014 under section 4.3 (made up)"
amendment_made_up = true
agreed_by = "Information manager"
agreed_on = "2014-03-01"
may_extract = ["analyst"]
may_process = ["analyst"]
may_share = ["analyst"]
may_match = ["analyst"]
"""
HEAD = """
id = "fire"
title = "Fire setting"
version = "2014-03-01"
description = "Young people who set fires."
row_is = "one row an incident"
needs_one_of = [["full_name"]]
"""
COLUMNS = """
[[column]]
id = "full_name"
name = "Full Name"
type = "name"
role = "full_name"
meaning = "Name."

[[column]]
id = "kind"
name = "Kind"
type = "code"
is_evidence = true
meaning = "Kind."
[column.codes]
FIRE = "fire"

[[column]]
id = "on"
name = "On"
type = "date"
is_evidence = true
meaning = "Day."
"""
EVIDENCE = """
[[evidence]]
kind = "local_concern"
when = { kind = ["FIRE"] }
code = "kind"
begun = "on"
"""
GOOD = HEAD + FLOW + COLUMNS + EVIDENCE

DISCLOSURE = """
id = "fire"
title = "To the fire service"
version = "2014-03-01"
sender = "programme"
recipient = "fire"
areas = ["county"]
trigger = "monthly"
purpose = "prevention"
gateway = ["agreement 3.4.2"]
source = "amendment of 1 March 2014"
transfer = "secure email"
fields = ["full_name"]
output = "partner_list"
families = "identified"
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_extract_specs(folder)
    return caught.value.faults


def test_a_new_data_set_is_one_file(tmp_path: Path) -> None:
    spec = load_extract_specs(write(tmp_path, fire=GOOD))["fire"]
    assert spec.flow_for("").partner == "fire"
    assert spec.evidence[0].begun == "on"
    assert spec.by_role("full_name") is not None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("local_concern", "witchcraft"), "evidence.0: Value error, unknown evidence kind 'witchcraft'"),
        (('begun = "on"', 'begun = "when_it_was"'), "evidence rule 1: no column 'when_it_was'"),
        (('begun = "on"', 'begun = "kind"'), "evidence rule 1: column 'kind' is no date"),
        (('["FIRE"]', '["FIER"]'), "evidence rule 1: column 'kind' has no code 'FIER'"),
        (('[["full_name"]]', '[["nome"]]'), "needs_one_of: no column 'nome'"),
        (('name = "On"', 'name = "full_name"'), "columns 'full_name' and 'on' answer to one heading"),
        (('id = "on"', 'id = "kind"'), "a column id twice"),
        (('amendment = "', '# "'), "flow.0: Value error, a flow beyond Appendix B must cite its amendment"),
        (("[[column]]", FLOW + "[[column]]"), "a supplier in two flows"),
        (('title = "Fire setting"', ""), "title: Field required"),
        (('row_is = "', 'rowis = "'), "rowis: Extra inputs are not permitted"),
        (('type = "date"', 'type = "day"'), "column.2.type: Input should be"),
        (('id = "fire"', 'id = "water"'), "id must be the file's name"),
        (('FIRE = "fire"', 'FIRE = "fire"\n[column.code_aliases]\nF = "FIER"'), "alias of the unknown code 'FIER'"),
        (("row_is", "row is"), "not TOML"),
        (
            ('[column.codes]\nFIRE = "fire"', '[column.codes]\nFIRE = "fire"\n[[beyond]]\nwhen = {}\nwording = "x"\ndrop = ["y"]'),
            "beyond rule 1: no column 'y'",
        ),
        (("needs_one_of", 'duplicate_key = ["ref"]\nneeds_one_of'), "duplicate_key: no column 'ref'"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    assert change[0] in GOOD
    told = faults_of(write(tmp_path, fire=GOOD.replace(change[0], change[1], 1)))
    assert all(line.startswith("fire.toml: ") for line in told)
    assert any(fault in line for line in told)


def test_faults_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, fire=GOOD.replace("local_concern", "arson").replace('title = "Fire setting"', ""), water="id = 3")
    write(tmp_path, air="= nothing", earth=GOOD.replace('"fire"', '"earth"'))
    (tmp_path / "void.toml").write_bytes(b'id = "\xff"')
    faults = faults_of(tmp_path)
    assert {fault.split(":")[0] for fault in faults} == {"fire.toml", "water.toml", "air.toml", "void.toml"}
    assert sum(fault.startswith("fire.toml") for fault in faults) == 2
    assert "void.toml: not UTF-8 text: save it as UTF-8" in faults


def test_faults_hold_no_value_of_the_wrong_cell(tmp_path: Path) -> None:
    text = GOOD.replace('source = "beyond_appendix_b"', 'source = "ZEBEDIAH 01/02/2003"')
    text = text.replace('version = "2014-03-01"', "version = 20140301")
    faults = faults_of(write(tmp_path, fire=text))
    assert len(faults) == 2
    assert not any("ZEBEDIAH" in fault or "20140301" in fault for fault in faults)


def test_a_list_without_items_is_a_fault(tmp_path: Path) -> None:
    assert any("flow: Field required" in fault for fault in faults_of(write(tmp_path, fire=HEAD + COLUMNS)))
    assert any("at least 1 item" in fault for fault in faults_of(write(tmp_path, fire="flow = []" + HEAD + COLUMNS)))


def test_a_disclosure_is_one_file(tmp_path: Path) -> None:
    spec = load_disclosure_specs(write(tmp_path, fire=DISCLOSURE))["fire"]
    assert isinstance(spec, DisclosureSpec) and spec.holds_people


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('families = "identified"', ""), "it names people, but 'families' says of nobody"),
        (('output = "partner_list"', ""), "what is carried needs an output"),
        (('output = "partner_list"', "carried = false"), "the trigger is 'recorded_only' exactly where"),
        (('["full_name"]', '["full_name"]\nevidence = ["esf_provision"]'), "but the field 'evidence' is not"),
        (('["full_name"]', '["full_name", "evidence"]\nevidence = ["x"]'), "unknown evidence kind 'x'"),
        (('["full_name"]', '["shoe_size"]'), "fields.0: Input should be"),
    ],
)
def test_each_fault_of_a_disclosure_is_told(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    assert change[0] in DISCLOSURE
    with pytest.raises(SpecError) as caught:
        load_disclosure_specs(write(tmp_path, fire=DISCLOSURE.replace(change[0], change[1], 1)))
    assert fault in caught.value.faults[0]
