"""Every kept row of a person hangs on to the others by links that are kept, whatever else of the person is let go."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from matcher.pairs.waterfall import SAME_ROW
from matcher.progress import Stages
from matcher.registry import Registry
from matcher.runs.explaining_links import of_person
from matcher.runs.links import Hanging
from matcher.runs.options import Console, Options
from matcher.runs.start import start
from matcher.synthetic import make_month
from matcher.workspace import Workspace
from specs.tables import ONE_PERSON
from tests.review.workspaces import NOVEMBER, OCTOBER, Made, held_month, made
from tests.runs.conftest import Office

__all__ = ["held_month"]


def two_months(workspace: Workspace) -> None:
    for as_at in (OCTOBER, NOVEMBER):
        run(workspace, as_at)


def run(workspace: Workspace, as_at: dt.date) -> None:
    inbox = workspace.root.parent / f"inbox-{as_at}"
    inbox.mkdir()
    for name, content in make_month(3000, 1, as_at).files.items():
        (inbox / name).write_bytes(content)
    with workspace.lock():
        start(workspace, as_at, Options(str(inbox)), Console(lambda _: None), Stages(show=False))


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("county"), two_months)


def parts(registry: Registry, family: str) -> dict[str, int]:
    """Person of a family -> into how many parts the kept rows fall by the links that are kept."""
    detail = registry.family(family)
    group = {row["record_key"]: row["record_key"] for row in detail.records if row["person_id"]}
    known: dict[str, int] = {}

    def head(key: int) -> int:
        while group[key] != key:
            key = group[key]
        return key

    for link in detail.links:
        if link["person_id"] == link["other_id"]:
            # rows of later months hang on to what was known of the person, which is no row
            other = link["other_key"] or known.setdefault(link["person_id"], link["record_key"])
            group[head(other)] = head(link["record_key"])
    found: dict[str, set[tuple[int, str]]] = defaultdict(set)
    batch = {row["record_key"]: row["batch_id"] for row in detail.records}
    for row in detail.records:
        if row["person_id"]:
            found[row["person_id"]].add((head(row["record_key"]), batch[row["record_key"]]))
    return {person: max(Counter(of for _, of in heads).values()) for person, heads in found.items()}


def test_every_row_of_every_kept_person_is_in_the_explanation(
    county: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, people = county.copy(tmp_path, monkeypatch), 0
    with Registry.open(place) as registry:
        for family in sorted(set(registry.families()["family_id"].to_pylist())):
            detail = registry.family(family)
            assert set(parts(registry, family).values()) <= {1}, "the links join all rows of a month"
            for person in {row["person_id"] for row in detail.records} - {None}:
                rows = [row for row in detail.records if row["person_id"] == person]
                told = of_person(place, registry, person).told
                named = {(one.batch, end) for one in told.links for end in (one.left, one.right)}
                alike = {
                    end
                    for link in detail.links
                    if [step[0] for step in link["steps"]] == [SAME_ROW]
                    for end in (link["record_key"], link["other_key"])
                }
                first = min(row["batch_id"] for row in rows)
                alone = sum(row["batch_id"] == first for row in rows) == 1  # known to later months, and by nothing else
                for row in rows:
                    if alone and row["batch_id"] == first:
                        continue
                    name = f"{row['dataset']}.{row['supplier']}".rstrip(".") + f":{row['row']}" + "#2" * row["part"]
                    assert (row["batch_id"], name) in named or row["record_key"] in alike
                assert not any("were not kept" in note for note in told.notes)
                mine = [one for one in told.links if one.verdict in (*ONE_PERSON, "answered")]
                months = len({row["batch_id"] for row in rows})
                assert sum(1 + one.alike for one in mine) >= len(rows) - months
                people += 1
    assert people > 80


def test_rows_of_a_person_whom_an_answer_divides_hang_together_still(
    held_month: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = held_month.copy(tmp_path, monkeypatch)
    divided = 0
    with Registry.open(place) as registry:
        (batch,) = registry.unfinished()
        for question in registry.questions(batch.batch_id):
            answer = "no" if question.subject["default"] else "yes"
            divided += question.subject["default"]
            registry.answer(question.question_id, answer, by="panel", reason="other")
    assert divided
    Office(place, {}, tmp_path).resume()
    with Registry.open(place) as registry:
        for family in sorted(set(registry.families()["family_id"].to_pylist())):
            assert set(parts(registry, family).values()) <= {1}


def hanging(
    person: list[int], tier: list[int], stands: list[int], pairs: dict[tuple[int, int], float]
) -> list[tuple[int, int]]:
    ends = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    numbers = (np.array(values, dtype=np.int64) for values in (person, tier, stands))
    return Hanging(*numbers, ends[:, 0], ends[:, 1], np.array(list(pairs.values()))).tree()


def test_rows_that_stay_are_joined_without_those_that_may_be_let_go() -> None:
    # 0 is the row that fits both others best, but may not be kept
    pairs = {(0, 1): 20.0, (0, 2): 18.0, (1, 2): 5.0}
    assert set(hanging([0, 0, 0], [2, 0, 0], [0, 1, 2], pairs)) == {(1, 2), (0, 1)}
    assert set(hanging([0, 0, 0], [0, 0, 0], [0, 1, 2], pairs)) == {(0, 1), (0, 2)}
    # 1 and 2 were never compared
    del pairs[1, 2]
    assert set(hanging([0, 0, 0], [2, 0, 0], [0, 1, 2], pairs)) == {(1, 2), (0, 1)}
    # 3 says what 1 says, under one reference; 4 is nobody's
    assert set(hanging([0, 0, 0, 0, -1], [0, 0, 0, 0, 0], [0, 1, 2, 1, 4], pairs)) == {(0, 1), (0, 2), (1, 3)}
