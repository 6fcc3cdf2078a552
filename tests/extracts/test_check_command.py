from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from matcher.cli import cli
from matcher.clock import last_month_end
from specs.load import load_extract_specs

YOS = load_extract_specs()["yos"]
HEADER = [column.name for column in YOS.column]
ROW = ["1", "Canary Smith", "01/02/1998", "12 High Street LE1 1AA", "Theft", "01/03/2013", "RO", "02/04/2013", "", "Y"]


def write(folder: Path, name: str, *rows: list[str], header: list[str] = HEADER) -> None:
    lines = [";".join(cells) for cells in (header, *rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, arguments)], catch_exceptions=False)


def test_the_json_has_the_shape_of_the_contract_and_nothing_else_is_on_stdout(tmp_path: Path) -> None:
    write(tmp_path, "yos.city.csv", ROW, ["2", ROW[1], "x", *ROW[3:]], ROW[:3])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = run(tmp_path, "--as-at", "2013-10-31", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    (supply,) = told["supplies"]
    assert {key: supply[key] for key in ("dataset", "supplier", "file", "status", "rows_in", "rows_accepted", "rows_rejected")} == {
        "dataset": "yos", "supplier": "city", "file": "yos.city.csv", "status": "accepted",
        "rows_in": 3, "rows_accepted": 2, "rows_rejected": 1,
    }  # fmt: skip
    assert [(one["row"], one["column"], one["rule"]) for one in supply["problems"]] == [
        (2, "DOB", "date"),
        (3, None, "too_few_cells"),
    ]
    assert all(set(one) == {"row", "column", "rule", "message"} for one in supply["problems"])
    assert list(told["feedback"]) == ["city_yos"]
    assert "Canary" not in result.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_rejected_supply_exits_4_and_tells_every_fault_of_every_file(tmp_path: Path) -> None:
    write(tmp_path, "yos.city.csv", ROW[1:], header=HEADER[1:])
    write(tmp_path, "yos.county.csv", ROW, header=[*HEADER[:-1], "DOB"])
    (tmp_path / "police_iom.xlsx").write_bytes(b"no workbook")
    result = run(tmp_path, "--as-at", "2013-10-31")
    assert result.exit_code == 4
    for words in ("required column YOS ID is missing", "column 3 (C)", "no readable workbook"):
        assert words in " ".join(result.stdout.split())
    assert "--without police_iom --without yos.city --without yos.county" in result.stdout
    assert "Canary" not in result.output
    assert run(tmp_path, "--as-at", "2013-10-31", "--json").exit_code == 4


def test_the_account_fits_80_columns(tmp_path: Path) -> None:
    write(tmp_path, "yos.city.csv", ROW, [*ROW[:2], "x", *ROW[3:]], ["", "", *ROW[2:]])
    (tmp_path / "MADE-UP.txt").write_bytes(b"")
    write(tmp_path, "yos.a-supplier-with-rather-a-long-name.csv", *[ROW] * 3)
    result = run(tmp_path, "--as-at", "2013-10-31")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "1 x DOB: not a date; write dd/mm/yyyy. Row 2" in result.stdout
    assert "Every supply can be read: 5 rows accepted, nothing kept." in result.stdout


def test_feedback_is_written_for_each_partner(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write(inbox, "yos.city.csv", ROW)
    write(inbox, "yos.county.csv", ROW)
    result = run(inbox, "--as-at", "2013-10-31", "-o", tmp_path / "feedback")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "feedback").iterdir()) == [
        "data_quality.city_yos.html", "data_quality.city_yos.json",
        "data_quality.county_yos.html", "data_quality.county_yos.json",
    ]  # fmt: skip
    told = json.loads((tmp_path / "feedback" / "data_quality.city_yos.json").read_text(encoding="utf-8"))
    assert [supply["file"] for supply in told["supplies"]] == ["yos.city.csv"]
    for path in (tmp_path / "feedback").iterdir():
        assert "Canary" not in path.read_text(encoding="utf-8")


def test_feedback_that_cannot_be_written_is_a_user_error(tmp_path: Path) -> None:
    write(tmp_path, "yos.city.csv", ROW)
    result = CliRunner().invoke(cli, ["check", str(tmp_path), "-o", str(tmp_path / "yos.city.csv")])
    assert result.exception is not None
    assert "cannot be written" in str(result.exception)


def test_an_inbox_without_a_supply_is_a_user_error_that_lists_the_data_sets(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["check", str(tmp_path)])
    assert result.exception is not None
    assert "holds no supply" in str(result.exception)
    assert "yos" in str(result.exception)


def test_without_as_at_the_end_of_last_month_is_taken_and_said(tmp_path: Path) -> None:
    write(tmp_path, "yos.city.csv", ROW)
    result = run(tmp_path, "--json")
    assert "No --as-at given: checking as at" in result.stderr
    assert json.loads(result.stdout)["as_at"] in result.stderr


@pytest.mark.parametrize(
    ("today", "expected"), [("2013-11-04", "2013-10-31"), ("2013-01-01", "2012-12-31"), ("2012-03-31", "2012-02-29")]
)
def test_the_end_of_last_month(today: str, expected: str) -> None:
    assert last_month_end(dt.date.fromisoformat(today)) == dt.date.fromisoformat(expected)


def test_help_shows_an_example() -> None:
    assert "Example: matcher check" in run("--help").stdout
