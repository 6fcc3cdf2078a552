"""Forms of names are told from what was delivered; groups are compared without crying wolf over a handful of people."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner

from matcher.cli import cli
from matcher.cli.evaluate import readable
from matcher.evaluation.fairness import COUNTED, FEWEST, by_name_form, gap, sentence, share
from matcher.evaluation.metrics import join
from matcher.evaluation.name_forms import FORMS, linkage_by_form, name_forms
from matcher.records import build
from matcher.synthetic import make_month
from specs.load import load_extract_specs

AS_AT = dt.date(2013, 10, 31)
NAMES = {  # as delivered -> its forms, but for how common the surname is
    "Orla O'Mockson": "apostrophe",
    "Orla O\u2019Mockson": "apostrophe",
    "Ann Testerby-Mocks": "hyphen double_surname long_surname",
    "Ann Testerby": "plain",
    "A Testerby": "plain initial",
    "Li Wu": "short_surname other_spellings",
    "Bo Featherstonehaughs": "long_surname",
    "": "",
}


@dataclass(frozen=True)
class Delivered:
    """A supply as `build` reads it."""

    rows: pa.Table
    dataset: str = "police_asb"
    supplier: str = ""
    metadata: Any = None


@pytest.fixture(scope="module")
def forms() -> dict[str, list[bool]]:
    size = len(NAMES)
    rows = pa.table(
        {
            "row": list(range(size, 0, -1)),  # not in their order
            "full_name": list(reversed(NAMES)),
            "dob": pa.array([dt.date(1980, 4, 3)] * (size - 1) + [None], pa.date32()),
        }
    )
    specs = load_extract_specs()
    supply = Delivered(rows)
    return {
        name: mask.tolist() for name, mask in name_forms(build([supply], specs, AS_AT).records, [supply], specs).items()
    }


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_the_forms_of_a_name_are_those_that_were_delivered(forms: dict[str, list[bool]], place: int) -> None:
    told = {form for form, mask in forms.items() if mask[place]} - {
        "rare_surname",
        "common_surname",
        "order_unsure",
        "no_dob",
    }
    assert told == set(list(NAMES.values())[place].split())


def test_every_form_has_words_and_only_a_named_row_lacks_a_date_of_birth(forms: dict[str, list[bool]]) -> None:
    assert list(forms) == list(FORMS)
    assert forms["no_dob"] == [True] + [False] * (len(NAMES) - 1)
    assert forms["common_surname"][3] and not forms["rare_surname"][3] and forms["rare_surname"][6]


def test_shares_of_linked_and_doubtful_records_are_counted_by_form() -> None:
    records = pa.table(
        {"dataset": ["yos", "dwp", "yos", "yos", "dwp", "registry"], "supplier": ["", "", "", "city", "", ""]}
    )
    person = np.array([0, 0, 1, 1, -1, 0])
    uncertain = pa.table({"record_id_l": [0], "record_id_r": [2]})
    hyphen = np.array([True, True, False, False, True, True])
    counted = np.array([True] * 5 + [False])
    found = linkage_by_form({"hyphen": hyphen}, records, person, uncertain, counted)
    assert found == {
        "all": {"records": 4, "linked": 4, "uncertain": 2}, "hyphen": {"records": 2, "linked": 2, "uncertain": 1},
    }  # fmt: skip
    alone = linkage_by_form({}, records.slice(0, 1), np.array([0]), uncertain.slice(0, 0), np.array([True]))
    assert alone["all"] == {"records": 1, "linked": 0, "uncertain": 0}


def case(*people: tuple[int, str, str, bool]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows (row, true person, found person, hyphen) of two supplies in turn."""
    frame = pd.DataFrame(people, columns=["row", "true", "found", "hyphen"])
    frame["dataset"] = ["yos" if n % 2 else "dwp" for n in range(len(frame))]
    frame["supplier"] = ""
    keys = frame[["dataset", "supplier", "row"]]
    truth = keys.assign(person_id=frame["true"], household_id="H", decision="no", origin="x")
    found = keys.assign(person_id=frame["found"], household_id="1", decision="no")
    masks = keys.assign(**{name: frame["hyphen"] if name == "hyphen" else False for name in FORMS})
    return join(truth, found), masks


def test_a_person_has_a_form_where_any_row_has_it_and_mistakes_are_counted_by_group() -> None:
    rows, forms = case(
        (1, "a", "p", True), (2, "a", "q", False), (3, "b", "r", False), (4, "b", "r", False), (5, "c", "r", False)
    )
    found = by_name_form(rows, forms)
    assert found["hyphen"] == {
        "title": "a hyphen in the name", "persons": {"across_supplies": {"precision": 1.0, "recall": 0.0, "f1": 0.0}},
        "false_merges_per_1000": 0.0, "missed_per_1000": 1000.0, "people": 1,
    }  # fmt: skip
    assert found["apostrophe"]["people"] == 0


def group(f1: float, people: int) -> dict[str, Any]:
    return {
        "persons": {"across_supplies": {"f1": f1}},
        "people": people,
        "missed_per_1000": 12.0,
        "false_merges_per_1000": 2.5,
    }


def test_of_few_people_counts_are_told_and_no_rates() -> None:
    few = group(0.9, 40) | {"missed_per_1000": 75.0, "false_merges_per_1000": 25.0}
    assert share(few, "missed") == "3 of 40" and share(few, "false_merges") == "1 of 40"
    assert share(group(0.9, COUNTED), "missed") == "12.00"


def test_a_small_group_is_neither_best_nor_worst() -> None:
    groups = {"one": group(0.97, 5000), "two": group(0.955, FEWEST), "tiny": group(0.1, FEWEST - 1)}
    found = gap(groups)
    assert found and (found["best"], found["worst"], found["f1"]) == ("one", "two", 0.015)
    said = sentence(found, groups)
    assert said.startswith("Served worst: two (F1 0.9550)") and "more than the 0.01 aimed at" in said
    assert "12 are found as more than one person and 2.5 share" in said
    near = {"one": group(0.97, 500), "two": group(0.965, 500)}
    assert "within the 0.01 aimed at" in sentence(gap(near), near)
    assert gap({"one": group(0.97, 5000)}) is None and "nothing can be said" in sentence(None, groups)


def test_evaluate_tells_groups_gaps_and_calibration(tmp_path: Path) -> None:
    month = make_month(300, 3, AS_AT)
    (tmp_path / "inbox").mkdir()
    for name, content in month.files.items():
        (tmp_path / "inbox" / name).write_bytes(content)
    (tmp_path / "truth.csv").write_bytes(month.truth)
    arguments = ["evaluate", str(tmp_path / "inbox"), "--truth", str(tmp_path / "truth.csv"), "--as-at", str(AS_AT)]
    told = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert list(told["by_name_form"]) == list(FORMS) and set(told["gap"]) == {"by_origin", "by_name_form"}
    assert len(told["reliability"]["bins"]) == 10 and 0 <= told["reliability"]["expected_calibration_error"] < 0.5
    said = readable(told)
    assert max(map(len, said.splitlines())) <= 80
    for words in (
        "a surname with other spellings",
        "nothing can be said about a gap",
        "Expected calibration error of the",
        "0.9 to 0.99",
        "no such form of name",
        "No such form of name: no apostrophe",
    ):
        assert words in said or words in " ".join(said.split())
