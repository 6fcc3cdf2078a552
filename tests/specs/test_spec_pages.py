"""`matcher specs`: the list, the page for a partner, and the Table Schema."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from matcher.cli.specs import specs_group
from matcher.disclosures.spec_pages import page_html, page_text, table_schema
from matcher.errors import UserError
from specs.load import load_extract_specs

SPECS = load_extract_specs()

# Frictionless Table Schema, version 1: which formats and which constraints each type may have
FORMATS = {
    "string": {"default", "email", "uri", "binary", "uuid"}, "number": {"default"}, "integer": {"default"},
    "boolean": {"default"}, "date": {"default", "any"},
}  # fmt: skip
CONSTRAINTS = {
    "string": {"required", "unique", "minLength", "maxLength", "pattern", "enum"},
    "number": {"required", "unique", "minimum", "maximum", "enum"},
    "integer": {"required", "unique", "minimum", "maximum", "enum"},
    "boolean": {"required", "enum"},
    "date": {"required", "unique", "minimum", "maximum", "enum"},
}


def run(*args: str) -> Result:
    return CliRunner().invoke(specs_group, list(args))


def check_against_the_standard(schema: dict[str, Any]) -> None:
    assert isinstance(schema["fields"], list) and schema["fields"]
    assert all(isinstance(value, str) for value in schema["missingValues"])
    names = [field["name"] for field in schema["fields"]]
    assert len({name.lower() for name in names}) == len(names)
    for field in schema["fields"]:
        kind = field["type"]
        assert isinstance(field["name"], str) and isinstance(field["description"], str)
        assert field.get("format", "default") in FORMATS[kind] or (kind == "date" and "%" in field["format"])
        constraints = field.get("constraints", {})
        assert set(constraints) <= CONSTRAINTS[kind]
        if "enum" in constraints:
            assert len(set(constraints["enum"])) == len(constraints["enum"]) >= 1
        if "pattern" in constraints:
            re.compile(constraints["pattern"])
        for values in ("trueValues", "falseValues"):
            assert (values in field) == (kind == "boolean")


@pytest.mark.parametrize("dataset", SPECS)
def test_the_schema_keeps_to_the_standard(dataset: str) -> None:
    schema = table_schema(SPECS[dataset])
    check_against_the_standard(json.loads(json.dumps(schema)))
    assert [field["name"] for field in schema["fields"]] == [column.name for column in SPECS[dataset].column]


def test_the_schema_tells_a_blank_cell_from_a_missing_column() -> None:
    fields = {field["name"]: field for field in table_schema(SPECS["yos"])["fields"]}
    assert fields["Full Name"]["constraints"]["required"] is True
    assert fields["DOB"]["columnRequired"] is True and "constraints" not in fields["DOB"]
    assert fields["PPO/IOM"]["columnRequired"] is False
    assert "RO" in fields["Outcome"]["constraints"]["enum"]
    months = {field["name"]: field for field in table_schema(SPECS["police_asb"])["fields"]}
    assert months["M12"] == months["M12"] | {"type": "integer", "constraints": {"minimum": 0}}


@pytest.mark.parametrize("dataset", SPECS)
def test_the_page_is_whole_and_loads_nothing(dataset: str) -> None:
    page = page_html(SPECS[dataset]).decode("utf-8")
    opened: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not {"src", "href"} & {name for name, _ in attrs}
            if tag not in ("meta", "br"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Parser().feed(page)
    assert opened == []
    assert "<script" not in page and "http" not in page
    for column in SPECS[dataset].column:
        assert f"<th>{column.name}</th>" in page
    for flow in SPECS[dataset].flow:
        assert flow.agreed_on in page


def test_the_page_says_what_is_more_than_agreed_and_which_amendment_is_made_up() -> None:
    assert "informal disposals" in page_text(SPECS["yos"])
    assert "made up for the demonstration" in page_html(SPECS["dwp"]).decode("utf-8")
    assert "made up" not in page_html(SPECS["probation"]).decode("utf-8")
    assert "Name, Address and UPRN are all blank" in page_text(SPECS["housing"])
    assert "the row is never kept" in page_text(SPECS["housing"])
    assert "dropped: Offence, Offence Date" in page_text(SPECS["yos"])
    assert "all its cells are blank" not in page_text(SPECS["gazetteer"])
    assert "  none" in page_text(SPECS["residents"])


def test_the_list_names_every_data_set() -> None:
    listed = run()
    assert listed.exit_code == 0
    assert all(re.search(rf"^{name} ", listed.stdout, re.M) for name in SPECS)
    parsed = json.loads(run("--json").stdout)
    assert [each["id"] for each in parsed["datasets"]] == list(SPECS)
    assert parsed["datasets"][-1]["partners"] == ["city_yos", "county_yos", "yos"]


def test_one_data_set_is_shown_as_text_json_and_a_page(tmp_path: Path) -> None:
    assert "Youth offending (yos)" in run("show", "yos").stdout
    assert json.loads(run("show", "yos", "--json").stdout)["id"] == "yos"
    page = tmp_path / "yos.html"
    assert run("show", "yos", "--html", "-o", str(page)).stdout == ""
    assert page.read_bytes() == page_html(SPECS["yos"])


def test_the_schema_goes_to_stdout_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "yos.schema.json"
    assert json.loads(run("export", "yos").stdout) == table_schema(SPECS["yos"])
    run("export", "yos", "-o", str(file))
    assert json.loads(file.read_text(encoding="utf-8")) == table_schema(SPECS["yos"])


def test_another_folder_is_used_for_every_command(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "specs" / "datasets" / "yos.toml"
    text = shipped.read_text(encoding="utf-8").replace('id = "yos"', 'id = "other"', 1)
    (tmp_path / "other.toml").write_text(text, encoding="utf-8")
    folder = str(tmp_path)
    assert json.loads(run("--folder", folder, "--json").stdout)["datasets"][0]["id"] == "other"
    for args in (("--folder", folder, "show", "other", "--json"), ("show", "other", "--json", "--folder", folder)):
        assert json.loads(run(*args).stdout)["id"] == "other"


def test_faults_and_wrong_names_are_user_errors(tmp_path: Path) -> None:
    unknown = run("show", "yoss").exception
    assert isinstance(unknown, UserError) and "did you mean yos?" in str(unknown)
    empty = run("--folder", str(tmp_path)).exception
    assert isinstance(empty, UserError) and empty.title == "No data-set files"
    (tmp_path / "a.toml").write_text("id = 1", encoding="utf-8")
    (tmp_path / "b.toml").write_text("id", encoding="utf-8")
    faulty = run("--folder", str(tmp_path)).exception
    assert isinstance(faulty, UserError) and "a.toml: id" in str(faulty) and "b.toml: not TOML" in str(faulty)
    unwritable = run("show", "yos", "-o", str(tmp_path / "no" / "yos.txt")).exception
    assert isinstance(unwritable, UserError) and unwritable.where == "yos.txt"


@pytest.mark.parametrize("args", [(), ("show",), ("export",)])
def test_each_command_shows_an_example(args: tuple[str, ...]) -> None:
    assert "Example: matcher specs" in run(*args, "--help").stdout
