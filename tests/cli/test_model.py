"""`matcher model` as a user meets it: a model in words, trained on a small made-up month, and two side by side."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.evaluation.models import cautions, differences, named
from matcher.pairs import TrainedModel
from matcher.pairs.model import CLASSES, FOLDER, load_model
from matcher.synthetic import make_month
from specs.load import load_extract_specs

AS_AT = dt.date(2013, 10, 31)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["model", *(str(argument) for argument in arguments)])


def lines_of(result: Result) -> list[str]:
    assert result.exit_code == 0, result.exception
    assert max(map(len, result.stdout.splitlines())) <= 80
    return result.stdout.splitlines()


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("month")
    (folder / "inbox").mkdir()
    made = make_month(250, 3, AS_AT)
    for name, content in made.files.items():
        (folder / "inbox" / name).write_bytes(content)
    (folder / "truth.csv").write_bytes(made.truth)
    trained = folder / "october.json"
    assert run("train", folder / "inbox", "--as-at", AS_AT, "--out", trained).exit_code == 0
    return {"inbox": folder / "inbox", "truth": folder / "truth.csv", "trained": trained}


@pytest.mark.parametrize("name", ["default", "plain", str(FOLDER / "plain.toml")])
def test_a_model_is_shown_whole_and_in_words(name: str) -> None:
    said = "\n".join(lines_of(run("show", name)))
    model = load_model(name)
    told = json.loads(run("show", name, "--json").stdout)
    assert told["trained"] is None and [c["name"] for c in told["comparisons"]] == [c.name for c in model.comparison]
    assert len(told["levels"]) == sum(len(c.level) for c in model.comparison)
    for rule in model.blocking:
        assert rule.name.replace("_", " ") in said
    flat = " ".join(re.sub(r"-?\d\S*", " ", said).split())
    assert model.title in flat and "two records of one person" in flat
    for row in told["levels"]:
        assert row["starting"]["bits"] == pytest.approx(math.log2(row["starting"]["match"] / row["starting"]["random"]))


def test_training_tells_sizes_and_levels_and_writes_numbers_only(month: dict[str, Path]) -> None:
    told = json.loads(run("train", month["inbox"], "--as-at", AS_AT, "--json").stdout)
    assert told["trained"]["records"] > 150 and told["candidate_pairs"] > 100
    assert set(told["trained"]["sizes"]) == set(CLASSES) and isinstance(told["warnings"], list)
    model = load_model()
    known = {
        "model",
        "records",
        "sizes",
        "chances",
        "missing",
        "sources",
        "lacking",
        model.id,
        *CLASSES,
        *model.layout.names,
    }
    datasets = {"", *load_extract_specs()}

    def texts(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {text for one in value.values() for text in texts(one)}
        if isinstance(value, list):
            return {text for one in value for text in texts(one)}
        assert isinstance(value, int | float | str)
        return {value} if isinstance(value, str) else set()

    raw = json.loads(month["trained"].read_text(encoding="utf-8"))
    assert all(set(pair.split(">")) <= datasets for pair in raw["sources"].pop("holders"))
    for kind in ("across", "within", "household"):
        assert all(set(pair.split("|")) <= datasets for pair in raw["sources"].pop(kind))
    assert set(raw["sources"].pop("roles")) <= {"same", "different"} and not raw["sources"]
    assert texts(raw) == known, "nothing of a person"


def test_trained_numbers_are_shown_beside_those_that_training_starts_from(month: dict[str, Path]) -> None:
    said = "\n".join(lines_of(run("show", month["trained"])))
    for words in (
        "SOURCES: WHAT IT TELLS",
        "CLASSES OF PAIRS, AS FOUND AMONG",
        "start",
        "not told by both in",
        "strangers",
    ):
        assert words in said


def test_two_models_are_compared_level_by_level() -> None:
    assert "None." in lines_of(run("compare", "default", "default"))
    said = "\n".join(lines_of(run("compare", "default", "plain")))
    assert "Blocking rules of A alone" in said and "postcode: exact" in said and "forename: swapped" in said
    assert "A: default, starting values" in said and "B: plain, starting values" in said
    told = differences(named("default"), named("plain"))
    alone = {(row["comparison"], row["level"]) for row in told["levels"] if row["b"] is None}
    assert ("identifier", "same") in alone and all(
        abs(row["a"] - row["b"]) >= 0.5 for row in told["levels"] if None not in (row["a"], row["b"])
    )


def test_two_models_are_compared_on_a_month_in_counts_and_against_the_truth(month: dict[str, Path]) -> None:
    arguments = ("compare", "default", month["trained"], month["inbox"], "--as-at", AS_AT, "--truth", month["truth"])
    told = json.loads(run(*arguments, "--json").stdout)
    assert told["month"]["a"] == told["month"]["b"], "numbers trained on the same month give the same links"
    assert told["month"]["together"]["only_in_a"] == told["month"]["together"]["only_in_b"] == 0
    assert told["month"]["a"]["f1"] > 0.8 and told["month"]["a"]["links"] > 50
    assert told["levels"] == [], "the values that the month was scored with"
    assert told["values"]["a"].startswith("trained on this month: ") and told["values"]["a"].endswith(" records")
    assert told["values"]["b"] == told["values"]["a"].replace("this month: ", "")
    plain = lines_of(run("compare", "default", "plain", month["inbox"], "--as-at", AS_AT))
    said = " ".join(" ".join(plain).split())
    assert "A: default, trained on this month: " in said and "B: plain, trained on this month: " in said
    assert "by A alone" in said and "links, by the pair alone" in said and "precision" not in said


def test_columns_say_where_their_values_come_from(month: dict[str, Path]) -> None:
    records = json.loads(month["trained"].read_text(encoding="utf-8"))["records"]
    said = lines_of(run("compare", "default", month["trained"]))
    assert said[:2] == ["A: default, starting values", f"B: october, trained on {records:,} records"]


def test_a_class_without_pairs_and_a_chance_at_its_bound_are_told() -> None:
    model = named("default")
    chances = {kind: {c.name: [v.match for v in c.level.values()] for c in model.model.comparison} for kind in CLASSES}
    sizes = dict.fromkeys(CLASSES, 10.0) | {"relative": 0.0}
    at = list(model.model.comparison[0].level).index("different")
    chances["match"]["forename"][at] = model.model.comparison[0].level["different"].most
    told = cautions(model, TrainedModel("default", 5, sizes, chances, {}, 1.0, {}))
    assert told[0] == "class relative: switched off, the records show no such pairs"
    assert "forename, different: the chance among matches stands at a bound of the model" in told


def test_numbers_of_a_model_of_the_users_are_read_beside_it(month: dict[str, Path], tmp_path: Path) -> None:
    mine = (FOLDER / "plain.toml").read_text(encoding="utf-8").replace('id = "plain"', 'id = "mine"')
    (tmp_path / "mine.toml").write_text(mine, encoding="utf-8")
    train = run(
        "train", month["inbox"], "--as-at", AS_AT, "--model", tmp_path / "mine.toml", "--out", tmp_path / "n.json"
    )
    assert train.exit_code == 0
    assert "mine, version" in "\n".join(lines_of(run("show", tmp_path / "n.json")))


def test_what_cannot_be_read_is_said(month: dict[str, Path], tmp_path: Path) -> None:
    other = json.loads(month["trained"].read_text(encoding="utf-8"))
    other["chances"]["match"]["forename"] = other["chances"]["match"]["forename"][:-1]
    (tmp_path / "short.json").write_text(json.dumps(other), encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "list.json").write_text('{"model": "default"}', encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "dwp.csv").write_text("no,such,columns\n1,2,3\n", encoding="utf-8")
    for arguments, words in (
        (["show", "nonsense"], "no linkage model of that name"),
        (["show", tmp_path / "short.json"], "are not of this model"),
        (["show", tmp_path / "broken.json"], "no JSON.\n  where: broken.json, line 1"),
        (["show", tmp_path / "list.json"], "one JSON object is expected"),
        (["show", tmp_path / "none.json"], "trained numbers cannot be read"),
        (["train", tmp_path / "empty", "--as-at", str(AS_AT)], "holds no supply"),
        (["train", tmp_path / "bad", "--as-at", str(AS_AT)], "Supplies are rejected"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, UserError) and words in str(result.exception), arguments
    for arguments in (
        ["compare", "default", "plain", str(month["inbox"])],
        ["compare", "default", "plain", "--truth", str(month["truth"])],
    ):
        assert run(*arguments).exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("truth.csv", b"a,b\n1,2\n", ("That file is no linkage model", "truth.csv", "choose one of: default, plain")),
        ("none.toml", None, ("no linkage model of that name", "none.toml")),
        ("a.json", b"{}", ("one JSON object is expected", "a.json", "matcher model train INBOX")),
        ("a.json", b"[1, 2]", ("one JSON object is expected", "a.json", "matcher model train INBOX")),
        ("a.json", b'{\n"model": }', ("no JSON", "a.json, line 2")),
        ("a.toml", b"id = 'a'\ntitle\n", ("it is no TOML", "a.toml, line 2, column 6")),
        ("a.toml", b"id = 'a'\ntitle = '\xff'\n", ("not text in UTF-8", "a.toml, line 2")),
        ("a.toml", b"id = 1\n", ("holds faults", "a.toml", "id must be text", "version is missing", "comparison is missing")),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_in_plain_sentences(
    tmp_path: Path, name: str, content: bytes | None, words: tuple[str, ...]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = run("show", tmp_path / name)
    assert isinstance(result.exception, UserError)
    assert all(word in str(result.exception) for word in words), str(result.exception)
    for own in ("Value error", "Field required", "codec", "Input should", "stored parameters"):
        assert own not in str(result.exception)


def test_faults_of_a_model_are_named_by_comparison_and_level(tmp_path: Path) -> None:
    shipped = (FOLDER / "plain.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(shipped)
    first = raw["comparison"][0]["name"]
    level = next(iter(raw["comparison"][0]["level"]))
    (tmp_path / "a.toml").write_text(shipped.replace("{ match = ", "{ match = 'x', most = ", 1), encoding="utf-8")
    (tmp_path / "b.toml").write_text(shipped.replace("[training]", "bogus = 1\n[training]", 1), encoding="utf-8")
    (tmp_path / "c.toml").write_text(shipped.replace("comparator = ", 'comparator = "no" #', 1), encoding="utf-8")
    said = {}
    for name in "abc":
        result = run("show", tmp_path / f"{name}.toml")
        assert isinstance(result.exception, UserError)
        said[name] = str(result.exception)
    assert f"comparison {first}: level: {level}: match must be a number" in said["a"]
    assert "bogus is not known here" in said["b"]
    assert f"comparison {first}: the comparator must be one of" in said["c"] and "Value error" not in said["c"]


def test_trained_numbers_given_as_a_model_are_refused_with_the_files_name(month: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="not trained numbers") as caught:
        load_model(month["trained"])
    assert "october.json" in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"missing": {}},
        {"records": "many"},
        {"sources": {"across": 1}},
        {"sources": {"household": {"a|a": [0.0]}}},
        {"sizes": [1]},
        {"sizes": dict.fromkeys(CLASSES, -1.0)},
        {"model": "plain"},
    ],
)
def test_numbers_with_a_part_missing_or_of_another_model_are_refused(
    month: dict[str, Path], tmp_path: Path, changed: dict[str, Any]
) -> None:
    raw = json.loads(month["trained"].read_text(encoding="utf-8")) | changed
    (tmp_path / "n.json").write_text(json.dumps(raw), encoding="utf-8")
    result = run("show", tmp_path / "n.json")
    assert isinstance(result.exception, UserError) and "not of this model" in str(result.exception)


def test_classes_stand_in_the_models_order_also_when_read_from_a_file(month: dict[str, Path]) -> None:
    assert list(json.loads(run("show", month["trained"], "--json").stdout)["trained"]["sizes"]) == list(CLASSES)
    assert load_model().title.startswith("Five classes") and len(load_model().classes) + 1 == 5
