"""A data set that nobody has heard of: one TOML file in a folder, no Python, and its evidence decides about a family."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import pytest

from matcher.evaluation.evaluate import shipped_rules
from matcher.extracts import find_supplies, read_supplies
from matcher.month import match
from specs.load import HERE, load_extract_specs

AS_AT = dt.date(2013, 10, 31)
NEW = """
id = "wardens"
title = "Community wardens' injunctions"
version = "2013-10-01"
description = "Injunctions that the wardens' service obtained."
row_is = "one row an injunction"
trust = 40
address_trust = 40

[[flow]]
supplier = ""
partner = "wardens"
owner = "Community wardens"
recipients = ["city", "county"]
purposes = ["identification"]
gateway = ["Crime and Disorder Act 1998, s.115 (agreement 3.4.2)"]
rhythm = "monthly"
transfer = "secure email"
retention = "records of families that do not meet the criteria are deleted as soon as the match is complete"
source = "beyond_appendix_b"
amendment = "made-up amendment of 1 October 2013 under section 4.3"
amendment_made_up = true
agreed_by = "Wardens' information manager"
agreed_on = "2013-10-01"
may_extract = ["analyst"]
may_process = ["programme information manager"]
may_share = ["analyst"]
may_match = ["programme information manager"]

[[column]]
id = "warden_ref"
name = "Warden Ref"
type = "text"
role = "ref"
required = true
meaning = "The wardens' reference."

[[column]]
id = "full_name"
name = "Full Name"
type = "name"
role = "full_name"
form = "forename_first"
required = true
needed_in_row = true
meaning = "Forename Middle Surname."

[[column]]
id = "born"
name = "Born"
type = "date_of_birth"
role = "dob"
meaning = "Date of birth."

[[column]]
id = "lives_at"
name = "Lives At"
type = "address"
role = "address"
required = true
meaning = "One line, postcode last."

[[column]]
id = "from"
name = "From"
type = "date"
is_evidence = true
meaning = "Start of the injunction."

[[column]]
id = "to"
name = "To"
type = "date"
is_evidence = true
meaning = "End of the injunction."

[[evidence]]
kind = "asb_order"
begun = "from"
ended = "to"
"""
SUPPLIES = {
    "dwp.csv": "NINO,Forename,Surname,DOB,Sex,Address,Postcode,Benefit,Claim Start,Claim End\n"
    'AB123456C,Marta,Quillfeather,12/04/1979,F,"14 Larkspur Row, Leicester",LE3 5QX,JSA,01/02/2013,\n',
    "education.city.csv": "UPN,Forename,Surname,DOB,Address 1,Town,Postcode,Estab,Term,Sessions Possible,Unauthorised Sessions,"
    "Fixed Exclusions,Permanent Exclusion,Provision\n"
    + "".join(
        f"A856000113001,Tobias,Quillfeather,03/09/2000,14 Larkspur Row,Leicester,LE3 5QX,8564001,2012/13 {term},120,40,0,N,MAIN\n"
        for term in ("Autumn", "Spring", "Summer")
    ),
    "wardens.csv": "Warden Ref;Full Name;Born;Lives At;From;To\n"
    "W1;Marta Quillfeather;12/04/1979;14 Larkspur Row, Leicester LE3 5QX;{start};{end}\n",
}


@pytest.mark.parametrize(
    ("start", "end", "route"),
    [("01/03/2013", "31/10/2013", "automatic"), ("01/03/2013", "30/10/2013", "no"), ("01/11/2013", "", "no")],
    ids=["runs out on the batch date", "ran out the day before", "has not begun"],
)
def test_a_new_data_set_in_a_folder_decides_about_a_family(tmp_path: Path, start: str, end: str, route: str) -> None:
    folder = tmp_path / "datasets"
    shutil.copytree(HERE / "datasets", folder)
    (folder / "wardens.toml").write_text(NEW, encoding="utf-8")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name, content in SUPPLIES.items():
        (inbox / name).write_text(content.replace("{start}", start).replace("{end}", end), encoding="utf-8")
    rules = dataclasses.replace(shipped_rules(), specs=load_extract_specs(folder))
    intake = read_supplies(find_supplies(inbox, rules.specs), rules.specs, AS_AT)
    assert [(s.dataset, s.status, s.rows_accepted) for s in intake.supplies] == [
        ("dwp", "accepted", 1), ("education", "accepted", 3), ("wardens", "accepted", 1),
    ]  # fmt: skip
    month = match(intake, rules, AS_AT)
    decisions = {row["route"]: row["criteria"] for row in month.tables.decisions.to_pylist()}
    assert month.tables.persons.num_rows == 2
    assert list(decisions) == [route]
    assert ("crime_asb" in decisions[route]) == (route == "automatic")
