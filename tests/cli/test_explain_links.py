"""`matcher explain --pair` on a held batch and on a month not yet run, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.registry import Registry
from matcher.runs.explaining_links import OF_THE_REGISTRY, Kept, Row, connect, with_objection
from matcher.runs.waiting import Waiting
from matcher.synthetic import make_month
from matcher.workspace import Workspace
from specs.tables import OBJECTED
from tests.review.workspaces import OCTOBER, held_month, place

__all__ = ["held_month", "place"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["explain", *(str(argument) for argument in arguments)])


def questions(workspace: Workspace) -> list[tuple[str, str]]:
    with Registry.open(workspace) as registry:
        (batch,) = registry.unfinished()
        return [(q.question_id, q.kind) for q in registry.questions(batch.batch_id)]


def test_every_question_about_two_records_is_explained_with_both_sides(place: Workspace) -> None:
    asked = [id for id, kind in questions(place) if kind != "discretion"]
    assert len(asked) > 3
    for id in asked[:5]:
        told = json.loads(run("-w", place.root, "--pair", id.lower(), "--json").stdout)
        link, *against = told["links"]
        assert all(one["objecting"] for one in against) and not link["objecting"]
        assert abs(sum(line["bits"] for line in link["lines"]) - link["weight"]) < 0.01
        assert told["names"] == [] and {"label", "left", "right", "same"} == set(told["sides"][0])
        for row in (link["left"], link["right"]):
            assert row == OF_THE_REGISTRY or str(Row.of(row)) == row, "can be given to --pair again"
        assert link["lines"][0]["title"] == "before anything is compared" and link["says"]
    result = run("-w", place.root, "--pair", asked[0])
    assert max(map(len, result.stdout.splitlines())) <= 80
    for words in ("OFFICIAL-SENSITIVE", f"Question {asked[0]}", "Date of birth", "linked", "match probability"):
        assert words in result.stdout
    with Registry.open(place) as registry:
        shown = [one for one in registry.disclosures() if one["spec"] == "command_explain"]
    assert len(shown) == 6 and {one["people"] for one in shown} == {2}
    audited = [entry["counts"]["question"] for entry in Audit(place).entries() if entry["event"] == "links_explained"]
    assert audited == [*asked[:5], asked[0]]


def test_rows_of_a_held_batch_are_explained_and_a_page_goes_when_the_batch_ends(
    place: Workspace, tmp_path: Path
) -> None:
    with Registry.open(place) as registry:
        (batch,) = registry.unfinished()
    tables = Waiting.load(place, batch.batch_id).tables
    link = tables.links.slice(0, 1).to_pylist()[0]
    rows = [tables.records.slice(link[end], 1).to_pylist()[0] for end in ("record_id_l", "record_id_r")]
    names = [
        f"{r['dataset']}.{r['supplier']}:{r['row']}".replace(".:", ":") + ("#2" if r["part"] else "") for r in rows
    ]
    page = tmp_path / "why.html"
    result = run("-w", place.root, "--pair", *names, "--html", page)
    assert result.exit_code == 0 and f"batch {batch.batch_id}" in result.stdout and page.is_file()
    assert CliRunner().invoke(cli, ["abandon", "-w", str(place.root), batch.batch_id]).exit_code == 0
    assert not page.exists()


def test_a_held_batch_keeps_the_pair_that_keeps_two_people_apart(place: Workspace) -> None:
    with Registry.open(place) as registry:
        (batch,) = registry.unfinished()
    tables = Waiting.load(place, batch.batch_id).tables
    person, links = tables.person_of(), tables.links.to_pylist()
    people = [{person[one["record_id_l"]], person[one["record_id_r"]]} for one in links]
    refused = [at for at, one in enumerate(links) if one["verdict"] in OBJECTED]
    assert refused
    for at in refused:
        between = [one["match_weight"] for one, who in zip(links, people, strict=True) if who == people[at]]
        assert min(between) == pytest.approx(links[at]["worst"], abs=0.01)


def test_the_panels_questions_and_unknown_ones_are_refused(place: Workspace) -> None:
    panel = next(id for id, kind in questions(place) if kind == "discretion")
    result = run("-w", place.root, "--pair", panel)
    assert isinstance(result.exception, UserError) and "about a household" in str(result.exception)
    result = run("-w", place.root, "--pair", "Q-AAAAAAAA")
    assert isinstance(result.exception, UserError) and "no such question" in str(result.exception)


# -- a month not yet run -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    for name, content in make_month(150, 3, OCTOBER).files.items():
        (folder / name).write_bytes(content)
    return folder


def test_two_rows_of_an_inbox_are_explained_in_memory(inbox: Path) -> None:
    before = {path.name: path.read_bytes() for path in inbox.iterdir()}
    result = run("--pair", "dwp:1", "dwp:2", "--inbox", inbox, "--as-at", OCTOBER)
    assert result.exit_code == 0 and "MADE-UP DATA" in result.stdout and "dwp:1 and dwp:2" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80 and "linked" in result.stdout
    assert {path.name: path.read_bytes() for path in inbox.iterdir()} == before


def test_rows_of_real_people_need_a_workspace_and_rows_that_are_not_there_are_said(inbox: Path, tmp_path: Path) -> None:
    unmarked = tmp_path / "inbox"
    unmarked.mkdir()
    (unmarked / "dwp.csv").write_bytes((inbox / "dwp.csv").read_bytes())
    for folder, rows, words in (
        (unmarked, ("dwp:1", "dwp:2"), "on a workspace alone"),
        (inbox, ("dwp:1", "dwp:1"), "one row twice"),
        (inbox, ("dwp:1", "dwp:999999"), "dwp:999999"),
    ):
        result = run("--pair", *rows, "--inbox", folder, "--as-at", OCTOBER)
        assert isinstance(result.exception, UserError) and words in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--pair", "Q-AAAAAAAA"], ["--person", "P-AAAAAAAA"], ["--pair", "dwp:1", "dwp:2"],
        ["--pair", "dwp:1", "-w", "x"], ["--pair", "dwp:1", "dwp:2", "--inbox", "."],
        ["--pair", "dwp:1", "dwp:2", "--as-at", "2013-10-31", "-w", "x"], ["--pair", "Q-AAAAAAAA", "dwp:1", "-w", "x"],
        ["--pair", "Q-AAAAAAAA", "--person", "P-AAAAAAAA", "-w", "x"], ["--person", "P-AAAAAAAA", "F-AAAAAAAA", "-w", "x"],
        ["F-AAAAAAAA", "--html", "x.html", "-w", "x"],
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_wrong_usage(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == Exit.USAGE


def test_rows_are_named_by_data_set_supplier_and_number() -> None:
    assert Row.of(" Housing.City:12 ") == Row("housing", "city", 12)
    assert Row.of("dwp:7#2") == Row("dwp", "", 7, 1) and str(Row.of("dwp:7#2")) == "dwp:7#2"
    for text in ("dwp", "dwp:0", "dwp:x", "a b:1", "Q-AAA", "dwp:1#3"):
        with pytest.raises(UserError, match="neither a question nor a row"):
            Row.of(text)


def test_the_way_from_one_record_to_another_is_the_shortest_through_one_person() -> None:
    def kept(left: int, right: int | None, verdict: str = "linked", people: tuple[str, str] = ("p", "p")) -> Kept:
        return Kept(left, right, people, verdict, 5.0, 5.0, 5.0, [])

    chain = [kept(1, 2), kept(2, 3), kept(3, 4), kept(2, 5), kept(6, None), kept(1, 9, "weak", ("p", "q"))]
    assert [(k.left, k.right) for k in connect(chain, 4, 1, ("p", "p"))] == [(3, 4), (2, 3), (1, 2)]
    assert connect(chain, 2, 3, ("p", "p")) == [chain[1]]
    assert connect(chain, 4, 9, ("p", "q")) == [chain[5]] and connect(chain, 1, 6, ("p", "p")) == []


def test_the_pair_that_keeps_two_people_apart_comes_after_the_one_that_speaks_for_one_person() -> None:
    def kept(left: int, right: int, weight: float, people: tuple[str, str] = ("p", "q")) -> Kept:
        return Kept(left, right, people, "refused", weight, 5.2, -30.5, [])

    strongest, against, elsewhere = kept(1, 3, 5.2), kept(2, 4, -30.4996), kept(1, 9, -30.5, ("p", "r"))
    links = [against, strongest, elsewhere]
    assert with_objection(connect(links, 1, 3, ("p", "q")), links) == [strongest, against]
    assert with_objection(connect(links, 1, 4, ("p", "q")), links) == [strongest, against]
    assert with_objection([against], [against]) == [against] and with_objection([], links) == []
    joined = [Kept(1, 3, ("p", "p"), "linked", 5.2, 5.2, -30.5, [])]
    assert with_objection(joined, links) == joined
