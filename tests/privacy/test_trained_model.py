"""What outlives a batch holds nothing personal: no name, no hash or code of a name, no table by value."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jellyfish
import pytest
import sqlalchemy as sa

from matcher.pairs import TrainedModel, load_model
from matcher.pairs.encode import HOUSEHOLD_ROLES
from matcher.pairs.gaps import MASKS
from matcher.pairs.model import CLASSES
from matcher.progress import Stages
from matcher.registry.store import Registry
from matcher.runs import start as starting
from matcher.runs.options import Console, Options
from matcher.synthetic import make_month
from matcher.workspace import Workspace
from specs.load import load_extract_specs
from specs.tables import REGISTRY_DATASET

AS_AT = dt.date(2013, 10, 31)
SURNAME, FORENAME, STREET, NINO = "QUILLFEATHERSTONE", "ZEPHYRINDA", "XANTHIPPE CRESCENT", "ZB987654C"
LAYOUT = load_model().layout
LEVELS = dict(zip(LAYOUT.names, LAYOUT.levels, strict=True))
PLANTED = (SURNAME, FORENAME, STREET, NINO)


def forms(value: str) -> Iterator[str]:
    """A value and everything that is commonly made of it to recognise it again."""
    for written in {value, value.title(), value.lower()}:
        yield written
        raw = written.encode("utf-8")
        for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.blake2b):
            yield digest(raw).hexdigest()
            yield digest(raw).hexdigest()[:16]
    for code in (jellyfish.soundex, jellyfish.metaphone, jellyfish.nysiis, jellyfish.match_rating_codex):
        for word in value.split():
            if word.isalpha():
                yield code(word)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, TrainedModel]]:
    """A sealed month that held one person of a unique name, who does not qualify; and what its training came to."""
    folder = tmp_path_factory.mktemp("rare")
    inbox = folder / "inbox"
    inbox.mkdir()
    for name, content in make_month(500, 5, AS_AT).files.items():
        (inbox / name).write_bytes(content)
    row = {"Client Ref": "Q1", "Forename": FORENAME, "Surname": SURNAME, "DOB": "01/02/1970",
           "Address": f"1 {STREET}, LEICESTER", "Postcode": "LE1 1AA", "Concern": "LTC", "Date": "01/10/2013"}  # fmt: skip
    (inbox / "health.parquet").unlink(missing_ok=True)
    (inbox / "health.csv").write_text(",".join(row) + "\n" + ",".join(f'"{v}"' for v in row.values()) + "\n")
    dwp = next(inbox.glob("dwp.csv"))
    dwp.write_bytes(
        dwp.read_bytes() + f"{NINO}|{FORENAME}|{SURNAME}|1970-02-01|F|1 {STREET}|LE1 1AA|ESA|2013-01-01\r\n".encode()
    )
    Path(f"{dwp}.meta.yaml").unlink(missing_ok=True)
    trained: list[TrainedModel] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATCHER_KEYS", str(folder / "keys"))
        whole = starting.match

        def watched(*arguments: Any, **named: Any) -> Any:
            found = whole(*arguments, **named)
            trained.append(found.trained)
            surnames = found.tables.records["surname"].to_pylist()
            assert SURNAME in surnames, "the planted person was read"
            return found

        patch.setattr(starting, "match", watched)
        workspace = Workspace.create(folder / "w")
        with workspace.lock():
            starting.start(workspace, AS_AT, Options(str(inbox)), Console(lambda _: None), Stages(show=False))
        yield workspace, trained[0]


def values(found: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every key and every leaf of a JSON object, with where it stands."""
    if isinstance(found, dict):
        for key, inner in found.items():
            yield f"{place}.{key}", str(key)
            yield from values(inner, f"{place}.{key}")
    elif isinstance(found, list):
        for inner in found:
            yield from values(inner, place)
    else:
        yield place, found


def test_nothing_that_is_stored_with_the_batch_tells_of_a_deleted_person(month: tuple[Workspace, TrainedModel]) -> None:
    workspace, trained = month
    with Registry.open(workspace) as registry, registry._engine.connect() as connection:
        (batch,) = registry.batches()
        assert batch.state == "sealed"
        stored = {"trained": json.loads(trained.to_json())}
        for table in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()
            stored[table] = [{k: str(v) for k, v in row.items()} for row in rows]
        names = {str(row["surname"]) for row in registry.families().to_pylist()}
    text = json.dumps(stored, ensure_ascii=False).casefold()
    assert len(text) > 10_000 and not {SURNAME} & names
    long = [form for value in PLANTED for form in forms(value) if len(form) >= 6]
    assert len(long) > 40
    assert [form for form in long if form.casefold() in text] == []
    short = {form.casefold() for value in PLANTED for form in forms(value)}
    kept = {"batch", "trained"}
    leaves = {str(leaf).casefold() for table in kept for _, leaf in values(stored[table])}
    assert not leaves & short, "no phonetic code of a planted name stands by itself"


def test_the_figures_and_the_plan_of_a_batch_are_keyed_by_what_the_program_names(
    month: tuple[Workspace, TrainedModel],
) -> None:
    """No table by value: every key is a name of ours, a data set, a file that was sent, a count or a code."""
    workspace, _ = month
    with Registry.open(workspace) as registry:
        (batch,) = registry.batches()
        people = {
            str(v).casefold()
            for row in registry.families().to_pylist()
            for v in (row["surname"], row["forenames"])
            if v
        }
    keys = {key.rsplit(".", 1)[-1].casefold() for key, _ in values({"figures": batch.figures, "plan": batch.plan})}
    assert keys and not keys & people


def test_trained_parameters_are_numbers_by_class_comparison_and_level_alone(
    month: tuple[Workspace, TrainedModel],
) -> None:
    _, trained = month
    raw = json.loads(trained.to_json())
    assert set(raw) == {"model", "records", "sizes", "chances", "missing", "sources", "lacking"}
    assert isinstance(raw["model"], str) and isinstance(raw["records"], int)
    assert set(raw["sources"]) == {"across", "within", "roles", "household", "holders"}
    datasets = set(load_extract_specs()) | {REGISTRY_DATASET, ""}
    assert all(set(pair.split(">")) <= datasets for pair in raw["sources"]["holders"])
    assert all(len(logs) == len(HOUSEHOLD_ROLES) for logs in raw["sources"]["holders"].values())
    for kind in ("across", "within", "household"):
        assert all(set(pair.split("|")) <= datasets for pair in raw["sources"][kind])
    assert set(raw["sources"]["roles"]) <= {"same", "different"}
    assert set(raw["sizes"]) == set(CLASSES) and all(isinstance(v, float | int) for v in raw["sizes"].values())
    assert set(raw["missing"]) == set(LEVELS) and all(isinstance(v, float) for v in raw["missing"].values())
    assert set(raw["chances"]) == set(CLASSES)
    for of in raw["chances"].values():
        assert set(of) == set(LEVELS)
        for comparison, chances in of.items():
            assert len(chances) == len(LEVELS[comparison]) and all(isinstance(v, float) for v in chances)


def test_its_size_does_not_grow_with_the_people(month: tuple[Workspace, TrainedModel]) -> None:
    _, trained = month
    numbers = [leaf for _, leaf in values(json.loads(trained.to_json())) if isinstance(leaf, float)]
    datasets = len(load_extract_specs()) + 1
    told = sum(len(of) for part in trained.sources.values() for of in part.values())
    assert told <= 2 + 2 * 5 * datasets * (datasets + 1) // 2  # by pair of data sets
    told += sum(map(len, trained.lacking.values()))
    assert len(trained.lacking) <= len(CLASSES) and all(len(of) == MASKS for of in trained.lacking.values())
    assert len(numbers) == told + len(CLASSES) + len(LEVELS) + len(CLASSES) * sum(map(len, LEVELS.values()))
