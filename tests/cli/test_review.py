"""`matcher review` as a user meets it, on a held made-up month."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msoffcrypto
import pytest
import xlsxwriter
from click.testing import CliRunner, Result
from msoffcrypto.format.ooxml import OOXMLFile
from python_calamine import CalamineWorkbook

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.expiry import held_until
from matcher.purge import held
from matcher.purge.audit import Audit
from matcher.registry import Registry
from matcher.review import page as page_module
from matcher.review.sheet import ANSWER, BY, ID, REASON
from matcher.workspace import Workspace
from tests.review.workspaces import held_month, place

__all__ = ["held_month", "place"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["review", *(str(argument) for argument in arguments)])


def run_json(*arguments: str | Path) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(result: Result) -> UserError:
    assert isinstance(result.exception, UserError), result.output
    return result.exception


@pytest.fixture
def w(place: Workspace) -> Iterator[tuple[str, str]]:
    yield "-w", str(place.root)


def events(place: Workspace, event: str) -> list[dict[str, Any]]:
    return [entry["counts"] for entry in Audit(place).entries() if entry["event"] == event]


# -- list ------------------------------------------------------------------------------------------------------------


def test_the_list_shows_both_sides_and_is_recorded_as_a_disclosure(place: Workspace, w: tuple[str, str]) -> None:
    told = run_json(*w, "list")
    assert told["state"] == "held" and told["open"] == len(told["questions"]) > 2 and told["answered"] == 0
    links = [question for question in told["questions"] if question["kind"] != "discretion"]
    panel = [question for question in told["questions"] if question["kind"] == "discretion"]
    assert links and panel and told["questions"][0] == panel[0], "who qualifies is asked first"
    for side in (links[0]["left"], links[0]["right"]):
        assert side["name"] and side["source"] and side["dataset"] and side["row"] > 0
    assert panel[0]["household"]["people"][0]["name"] and panel[0]["effect"].startswith("whether a family qualifies")
    assert {question["default"] for question in links} <= {"yes", "no"}
    with Registry.open(place) as registry:
        shown = [one for one in registry.disclosures() if one["spec"] == "command_review"]
    assert len(shown) == 1 and shown[0]["people"] > 2
    audited = json.dumps(events(place, "questions_shown"))
    assert links[0]["left"]["name"].split()[0] not in audited


def test_the_list_for_people_keeps_to_80_columns(w: tuple[str, str]) -> None:
    for arguments in ((*w, "list"), ("list", *w)):
        result = run(*arguments)
        assert result.exit_code == 0 and max(map(len, result.stdout.splitlines())) <= 80
        assert "OFFICIAL-SENSITIVE" in result.stdout and "matcher review -w WORKSPACE answer" in result.stdout


def test_without_a_held_batch_the_list_is_empty(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w")
    assert run_json("list", "-w", tmp_path / "w")["questions"] == []
    assert "nothing to review" in run("list", "-w", tmp_path / "w").stdout


def test_without_a_workspace_it_is_wrong_usage() -> None:
    result = run("list")
    assert result.exit_code == Exit.USAGE and "--workspace" in result.output


def test_without_its_key_the_list_says_what_to_do(place: Workspace, w: tuple[str, str]) -> None:
    place.keys.destroy_held_key("2013-10-31-1")
    assert "matcher abandon" in str(refusal(run(*w, "list")))


# -- answer ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_taken_changed_and_audited(place: Workspace, w: tuple[str, str]) -> None:
    id = run_json(*w, "list")["questions"][0]["id"]
    first = run_json(*w, "answer", id, "yes", "--by", "panel", "--reason", "panel_decision")
    assert first["replaces"] is None and first["answer"] == "yes"
    changed = run("answer", *w, id.lower(), "NO", "--by", "panel chair", "--reason", "our-own-code")
    assert changed.exit_code == 0 and "it was yes" in changed.stdout
    assert run(*w, "answer", id, "no", "--by", "panel chair", "--reason", "our-own-code").exit_code == 0
    audited = events(place, "question_answered")
    assert [(one["answer"], one["replaces"]) for one in audited] == [("yes", None), ("no", "yes")], (
        "the same again changes nothing"
    )
    assert (
        audited[1]["by_role"] == "panel chair"
        and audited[1]["reason"] == "our-own-code"
        and audited[1]["question"] == id
    )
    told = run_json(*w, "list", "--all")
    assert told["answered"] == 1 and next(q for q in told["questions"] if q["id"] == id)["by"] == "panel chair"
    assert id not in {question["id"] for question in run_json(*w, "list")["questions"]}
    assert Audit(place).check() == []


@pytest.mark.parametrize(
    "arguments", [["--by", "panel"], ["--reason", "twins"], ["--by", "panel", "--reason"], []], ids=" ".join
)
def test_role_and_reason_are_needed(w: tuple[str, str], arguments: list[str]) -> None:
    assert run(*w, "answer", "Q-AAAAAAAA", "yes", *arguments).exit_code == Exit.USAGE


def test_a_word_that_is_no_answer_is_wrong_usage(w: tuple[str, str]) -> None:
    assert run(*w, "answer", "Q-AAAAAAAA", "perhaps", "--by", "panel", "--reason", "twins").exit_code == Exit.USAGE


def test_an_unknown_question_is_refused(w: tuple[str, str]) -> None:
    error = refusal(run(*w, "answer", "Q-AAAAAAAA", "yes", "--by", "panel", "--reason", "twins"))
    assert "no such question" in str(error) and "review list" in error.todo


def test_a_question_of_a_batch_that_is_not_held_any_more_is_refused(place: Workspace, w: tuple[str, str]) -> None:
    id = run_json(*w, "list")["questions"][0]["id"]
    with Registry.open(place) as registry:
        registry.set_state("2013-10-31-1", "abandoned")
    error = refusal(run(*w, "answer", id, "yes", "--by", "panel", "--reason", "twins"))
    assert "2013-10-31-1 of that question is abandoned" in str(error)
    error = refusal(run(*w, "answer", "Q-AAAAAAAA", "yes", "--by", "panel", "--reason", "twins"))
    assert "No batch is held" in str(error)


def test_a_batch_held_too_long_expires_first(
    place: Workspace, w: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Registry.open(place) as registry:
        until = held_until(registry.batch("2013-10-31-1"), 28)
    monkeypatch.setattr("matcher.cli.workspaces.today", lambda: until + dt.timedelta(days=1))
    assert run_json(*w, "list")["questions"] == []
    assert place.keys.held_key("2013-10-31-1") is None


def test_while_a_run_holds_the_workspace_no_answer_is_taken(place: Workspace, w: tuple[str, str]) -> None:
    id = run_json(*w, "list")["questions"][0]["id"]
    with place.lock():
        error = refusal(run(*w, "answer", id, "yes", "--by", "panel", "--reason", "twins"))
    assert error.code == Exit.BUSY


# -- export and import -----------------------------------------------------------------------------------------------


def filled_in(content: bytes, password: str, answer: str, rows: int | None = None) -> bytes:
    """The exported workbook with `answer` in its first `rows` rows, as Excel would save it."""
    book = msoffcrypto.OfficeFile(io.BytesIO(content))
    book.load_key(password=password)
    plain = io.BytesIO()
    book.decrypt(plain)
    grid = CalamineWorkbook.from_filelike(io.BytesIO(plain.getvalue())).get_sheet_by_index(0).to_python()
    head = next(n for n, row in enumerate(grid) if row[0] == ID)
    places = [grid[head].index(name) for name in (ANSWER, BY, REASON)]
    for row in grid[head + 1 :][:rows]:
        for column, text in zip(places, (answer, "panel", "cannot_tell"), strict=True):
            row[column] = text
    saved, sealed = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(saved, {"in_memory": True}) as made:
        page = made.add_worksheet()
        for number, row in enumerate(grid):
            for column, cell in enumerate(row):
                page.write(number, column, str(cell) if isinstance(cell, dt.date) else cell)
    saved.seek(0)
    OOXMLFile(saved).encrypt(password, sealed)
    return sealed.getvalue()


def test_a_workbook_goes_out_and_comes_back(place: Workspace, w: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "questions.xlsx"
    out = run_json(*w, "export", "-o", file)
    assert out["questions"] > 2
    password = place.keys.password("review")
    file.write_bytes(filled_in(file.read_bytes(), password, "defer", 2))
    back = run_json(*w, "import", file)
    assert back["answers"] == 2 and back["open"] == out["questions"] - 2 and back["destroyed"]
    assert not file.exists()
    run(*w, "export", "-o", file)
    file.write_bytes(filled_in(file.read_bytes(), password, "no"))
    done = run("import", file, *w, "--keep")
    assert done.exit_code == 0 and "All questions are answered" in done.stdout and file.exists()
    with Registry.open(place) as registry:
        given = {question.answer for question in registry.questions("2013-10-31-1")}
        shown = [one["form"] for one in registry.disclosures() if one["spec"] == "command_review"]
    assert given == {"defer", "no"} and shown == ["xlsx file", "xlsx file"]
    assert [one["answers"] for one in events(place, "answers_imported")] == [2, out["questions"] - 2]


def test_a_workbook_with_a_fault_is_left_and_changes_nothing(
    place: Workspace, w: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "questions.xlsx"
    run(*w, "export", "-o", file)
    file.write_bytes(filled_in(file.read_bytes(), place.keys.password("review"), "perhaps"))
    error = refusal(run(*w, "import", file))
    assert f"row 5, column {ANSWER}" in error.where and "perhaps" not in str(error)
    assert file.exists() and run_json(*w, "list")["answered"] == 0


def test_a_workbook_ends_in_xlsx(w: tuple[str, str], tmp_path: Path) -> None:
    assert run(*w, "export", "-o", tmp_path / "questions.csv").exit_code == Exit.USAGE


def test_a_workbook_without_password_is_taken_with_a_warning(
    place: Workspace, w: tuple[str, str], tmp_path: Path
) -> None:
    id = run_json(*w, "list")["questions"][0]["id"]
    file = tmp_path / "q.xlsx"
    with xlsxwriter.Workbook(file) as made:
        page = made.add_worksheet()
        page.write_row(0, 0, [ID, ANSWER, BY, REASON])
        page.write_row(1, 0, [id, "yes", "panel", "twins"])
    result = run(*w, "import", file)
    assert result.exit_code == 0 and "had no password" in result.stderr and not file.exists()


# -- serve -----------------------------------------------------------------------------------------------------------


def test_the_page_takes_answers_into_the_registry(
    place: Workspace, w: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[str] = []

    def one_answer(page: page_module.Page) -> None:
        question = page.desk.questions()[0]
        where = page.take(question.id, {"token": page._form, "answer": "no", "reason": "panel_decision"})
        answered.extend([question.id, where])
        page._server.server_close()

    monkeypatch.setattr(page_module.Page, "run", one_answer)
    result = run(*w, "serve", "--by", "the panel", "--no-browser")
    assert result.exit_code == 0 and "http://127.0.0.1:" in result.stdout and "are open" in result.stdout
    with Registry.open(place) as registry:
        given = {q.question_id: (q.answer, q.answered_by) for q in registry.questions("2013-10-31-1")}
    assert given[answered[0]] == ("no", "the panel") and answered[1].startswith("/question/Q-")
    assert "token" not in (place.root / "audit.log").read_text(encoding="utf-8")


def test_ctrl_c_ends_the_page(w: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    before = threading.active_count()
    result = run(*w, "serve", "--no-browser")
    assert result.exit_code == 0 and "are open" in result.stdout and threading.active_count() == before


def test_with_nothing_open_no_page_is_served(place: Workspace, w: tuple[str, str]) -> None:
    with Registry.open(place) as registry:
        for question in registry.questions("2013-10-31-1"):
            registry.answer(question.question_id, "defer", by="panel", reason="cannot_tell")
    result = run(*w, "serve", "--no-browser")
    assert result.exit_code == 0 and "http" not in result.stdout and "matcher resume" in result.stdout


def test_what_is_held_stays_encrypted_after_all_this(place: Workspace, w: tuple[str, str]) -> None:
    told = run_json(*w, "list")
    names = {
        part.encode()
        for question in told["questions"]
        if "left" in question
        for part in question["left"]["name"].split()
    }
    names = {name for name in names if len(name) > 4}
    assert names
    for path in place.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(name in content for name in names), path.name
    assert held.load_held(place, "2013-10-31-1")[0]["records"].num_rows
