"""Scored pairs: what training finds, what a reference decides, what odd tables do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from matcher.errors import UserError
from matcher.pairs import TrainedModel, load_model, score_pairs
from matcher.pairs import model as models
from matcher.pairs.encode import codes, whole
from matcher.pairs.model import LinkageModel
from specs.tables import PAIRS, RECORDS, check
from tests.pairs.towns import town

MODEL = load_model()


def records(*rows: dict[str, object]) -> pa.Table:
    """A RECORDS-shaped table of rows; absent columns are empty."""
    names = {name for row in rows for name in row}
    return whole(pa.Table.from_pylist(list(rows), schema=pa.schema([f for f in RECORDS.schema if f.name in names])))


def probabilities(table: pa.Table) -> dict[tuple[int, int], float]:
    pairs = score_pairs(table, MODEL).pairs
    ids = zip(pairs["record_id_l"].to_pylist(), pairs["record_id_r"].to_pylist(), strict=True)
    return dict(zip(ids, pairs["match_probability"].to_pylist(), strict=True))


ANNA = {"forename": "ANNA", "surname": "HARBOTTLE", "dob": dt.date(1980, 5, 6), "postcode": "LE1 1AA", "number": "3"}


def test_a_month_trains_itself_and_the_pairs_fit_the_schema() -> None:
    table, truth = town(120)
    scored = score_pairs(table, MODEL)
    check(scored.pairs, PAIRS)
    assert (scored.pairs["record_id_l"].to_numpy() < scored.pairs["record_id_r"].to_numpy()).all()
    sure = scored.pairs.filter(pa.array(scored.pairs["match_probability"].to_numpy() > 0.99))
    right = truth[sure["record_id_l"].to_numpy()] == truth[sure["record_id_r"].to_numpy()]
    assert len(right) > 300
    assert right.mean() > 0.99
    assert scored.trained.chances["match"]["dob"][0] > 0.8 > 0.1 > scored.trained.chances["relative"]["dob"][0]


def test_parameters_do_not_depend_on_the_order_of_rows() -> None:
    table, _ = town(40)
    order = np.random.default_rng(5).permutation(table.num_rows)
    assert score_pairs(table.take(pa.array(order)), MODEL).trained == score_pairs(table, MODEL).trained


def test_parameters_serve_again_without_training() -> None:
    table, _ = town(40)
    first = score_pairs(table, MODEL)
    again = score_pairs(table, MODEL, trained=TrainedModel.from_json(first.trained.to_json()))
    assert again.pairs.equals(first.pairs)
    kept = json.loads(first.trained.to_json())  # as a version kept them that did not know of exchanged names
    for part in (kept, kept["sizes"], kept["chances"]):
        part.pop("lacking" if part is kept else "exchanged")
    earlier = TrainedModel.from_json(json.dumps(kept))
    assert score_pairs(table, MODEL, trained=earlier).pairs.equals(first.pairs)


def test_parameters_hold_numbers_by_class_and_level_and_nothing_of_anybody() -> None:
    table, _ = town(40)
    text = score_pairs(table, MODEL).trained.to_json()
    words = {
        word
        for name in ("forename", "surname", "postcode", "street", "ref")
        for word in table[name].to_pylist()
        if word
    }
    assert not any(json.dumps(word) in text or word in text for word in words)
    assert set(json.loads(text)) == {"model", "records", "sizes", "chances", "missing", "sources", "lacking"}


def test_a_model_that_an_editor_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    marked = tmp_path / "mine.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + (models.FOLDER / "plain.toml").read_bytes())
    assert load_model(marked) == load_model("plain")


def test_unreadable_parameters_are_refused() -> None:
    with pytest.raises(UserError, match="cannot be read"):
        TrainedModel.from_json('{"model": "default"}')


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_smallest_tables(size: int) -> None:
    scored = score_pairs(records(*[ANNA] * size) if size else RECORDS.empty(), MODEL)
    assert scored.pairs.num_rows == (1 if size == 2 else 0)
    assert scored.pairs.schema == PAIRS.schema


def test_all_values_missing_gives_no_pairs() -> None:
    table = whole(pa.table({"forename": pa.nulls(50, pa.string())}))
    assert score_pairs(table, MODEL).pairs.num_rows == 0


def test_rows_that_name_nobody_are_not_compared() -> None:
    assert not probabilities(records({**ANNA, "names_person": True}, {**ANNA, "names_person": False}))


def test_one_value_everywhere_is_bounded_and_said_without_the_value() -> None:
    small = MODEL.model_copy(
        update={"limits": MODEL.limits.model_copy(update={"pairs_at_least": 1000, "pairs_per_record": 1})}
    )
    names = [f"{a}{b}ESTER" for a in "BCDFGHJKLM" for b in "AEIOU"]
    table = records(*[{"forename": n, "surname": "ONLY", "postcode": "LE1 1AA"} for n in names * 10])
    scored = score_pairs(table, small)
    assert any("full_name" in warning or "postcode_and_a_name" in warning for warning in scored.warnings)
    assert not any("ONLY" in warning or "LE1" in warning for warning in scored.warnings)


def test_thousands_of_one_full_name_end_in_time() -> None:
    table = records(
        *[
            {"forename": "MOHAMMED", "surname": "PATEL", "dob": dt.date(1950 + n % 60, n % 12 + 1, 5)}
            for n in range(2500)
        ]
    )
    assert score_pairs(table, MODEL).candidate_pairs <= MODEL.limits.pairs_at_least * len(MODEL.blocking)


REF = {"ref_system": "yos", "ref": "7", "dataset": "yos"}


def test_rows_of_one_reference_are_one_person_though_the_name_is_mistyped() -> None:
    assert probabilities(records({**ANNA, **REF}, {**ANNA, **REF, "forename": "PETRONELLA"}))[0, 1] > 0.999


def test_one_reference_on_two_people_does_not_link() -> None:
    other = {**ANNA, **REF, "forename": "PETER", "dob": dt.date(1991, 11, 27)}
    assert probabilities(records({**ANNA, **REF}, other))[0, 1] < 0.01


def test_one_reference_on_two_people_of_names_alike_does_not_link() -> None:
    first = {**ANNA, **REF, "forename": "PRINCE", "surname": "MOYO"}
    other = {**ANNA, **REF, "forename": "PRECIOUS", "surname": "BONSU", "dob": dt.date(1991, 11, 27)}
    assert probabilities(records(first, other))[0, 1] < 0.01
    married = {**ANNA, **REF, "surname": "BROOKES", "dob": dt.date(1991, 11, 27)}
    assert probabilities(records({**ANNA, **REF}, married))[0, 1] > 0.999


def test_what_the_registry_holds_as_one_person_is_one_and_as_two_is_doubted() -> None:
    moved = {**ANNA, "surname": "BROOKES", "postcode": "LE9 9ZZ", "dob": None}
    assert (
        probabilities(records({**ANNA, "known_person": "P-AAAAAAAA"}, {**moved, "known_person": "P-AAAAAAAA"}))[0, 1]
        > 0.999
    )
    apart = probabilities(records({**ANNA, "known_person": "P-AAAAAAAA"}, {**ANNA, "known_person": "P-BBBBBBBB"}))
    together = probabilities(records(ANNA, ANNA))
    assert apart.get((0, 1), 0.0) < together[0, 1]


def test_one_upn_on_two_children_does_not_link_them_by_itself() -> None:
    other = {**ANNA, "upn": "A123456789012", "forename": "PETER", "dob": dt.date(1991, 11, 27)}
    assert probabilities(records({**ANNA, "upn": "A123456789012"}, other))[0, 1] < 0.01


def test_the_two_of_a_joint_name_are_two_people() -> None:
    base = {"dataset": "housing", "surname": "HILL", "postcode": "LE1 1AA", "number": "3", "ref": "9"}
    first = {**base, "ref_system": "housing", "part": 0, "forename": "A"}
    second = {**base, "ref_system": "housing#2", "part": 1, "forename": "B"}
    swapped = {**base, "ref_system": "housing", "part": 0, "forename": "B"}
    found = probabilities(records(first, second, swapped))
    assert found.get((0, 2), 0.0) < 0.5
    assert found.get((0, 1), 0.0) < 0.5


def test_a_model_is_known_by_name() -> None:
    with pytest.raises(UserError, match="no linkage model"):
        load_model("nonesuch")


def faults_of(**changes: object) -> str:
    """What a model is refused for with these changes to the plain one."""
    whole = load_model("plain").model_dump() | changes
    with pytest.raises(ValidationError) as caught:
        LinkageModel.model_validate(whole)
    return str(caught.value)


def test_thresholds_out_of_order_too_many_patterns_and_a_class_of_matches_in_doubt_are_refused() -> None:
    plain = load_model("plain").model_dump()
    first, *others = plain["comparison"]
    assert "the higher first" in faults_of(comparison=[{**first, "thresholds": (0.8, 0.92)}, *others])
    assert "thresholds" in faults_of(comparison=[{**first, "thresholds": (0.9, 0.8, 0.7)}, *others])
    many = [{**first, "name": f"name {n}"} for n in range(16)]
    assert "patterns of levels" in faults_of(comparison=many)
    match = {**plain["classes"]["match"], "per_match": 2.0}
    assert "always believed in" in faults_of(classes={**plain["classes"], "match": match})
    default = load_model().model_dump()
    assert "class exchanged needs" in faults_of(
        classes={**default["classes"], "exchanged": plain["classes"]["exchanged"]}, comparison=default["comparison"]
    )


def test_all_faults_of_a_model_are_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    text = (models.FOLDER / "default.toml").read_text(encoding="utf-8")
    text = text.replace('keys = ["nino"]', 'keys = ["shoe_size"]').replace(
        'comparator = "sex"', 'comparator = "gender"'
    )
    (folder / "bad.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(models, "FOLDER", folder)
    with pytest.raises(UserError) as caught:
        load_model("bad")
    assert "shoe_size" in caught.value.todo
    assert "comparator must be one of" in caught.value.todo
    (folder / "worse.toml").write_text("id = ", encoding="utf-8")
    with pytest.raises(UserError, match="holds faults"):
        load_model("worse")


def test_codes_do_not_depend_on_the_order_of_rows() -> None:
    found, values = codes(pa.array(["B", "A", None, "B", "", "C"]))
    assert values == ["B", "A", "C"]
    assert found.tolist() == [0, 1, -1, 0, -1, 2]


def test_every_level_of_the_model_is_explained() -> None:
    assert isinstance(MODEL, LinkageModel)
    assert all(of.meaning for comparison in MODEL.comparison for of in comparison.level.values())


def test_initials_are_no_whole_names_whoever_stands_first() -> None:
    rows = [{"forename": "ANNA", "surname": "SMITH", "dob": dt.date(1950 + n, 1, 1)} for n in range(60)]
    rows += [
        {"forename": f"N{n:03}AME", "surname": f"S{n:03}NAME", "dob": dt.date(1960, 1, 1 + n % 28)} for n in range(300)
    ]
    browns = [{"forename": "J", "surname": "BROWN", "dob": dt.date(1980, 5, 6)}] * 2
    there, back = (
        score_pairs(pa.Table.from_pylist([*of, *browns]), load_model("plain")).pairs.to_pylist()[-1]["match_weight"]
        for of in (rows, rows[::-1])
    )
    assert there == pytest.approx(back, abs=1e-4)


def test_weights_and_persons_do_not_depend_on_the_order_of_rows() -> None:
    """Also where one person's forename is mistyped in one of two rows at one home: which row comes first tells nothing."""
    home = {
        "surname": "EVANSSON",
        "sex": "M",
        "number": "2",
        "street": "HIGH STREET",
        "dob": dt.date(1957, 10, 4),
        "postcode": "LE8 8DE",
    }
    rows = [home | {"forename": "LEEINE"}, home | {"forename": "LEEINX"}]
    rows.append(home | {"forename": "LEEINE", "postcode": "LE1 7ZZ", "dob": None})
    others, _ = town(80, seed=7)
    own = records(*rows).select(list(rows[0]))
    table = whole(pa.concat_tables([own, whole(others).select(own.column_names)]))
    given = score_pairs(table, MODEL).pairs
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(table.num_rows)
        shuffled = score_pairs(table.take(pa.array(order)), MODEL).pairs
        assert shuffled.select(["record_id_l", "record_id_r"]).equals(given.select(["record_id_l", "record_id_r"]))
        assert np.allclose(shuffled["match_weight"].to_numpy(), given["match_weight"].to_numpy(), atol=1e-4)
