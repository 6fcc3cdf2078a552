from __future__ import annotations

from pathlib import Path

import pytest

from matcher.errors import UserError
from matcher.extracts import find_supplies
from tests.extracts.cases import ROW, SPECS, csv_bytes, read_folder, rules


def reasons(folder: Path) -> dict[str, str]:
    return dict(find_supplies(folder, SPECS).ignored)


def test_names_tell_data_set_and_supplier_whatever_the_case(tmp_path: Path) -> None:
    for name in ("sheep.csv", "Sheep.City.CSV", "goats.north-1.xlsx", "goats.x_y.Parquet"):
        (tmp_path / name).write_bytes(b"x")
    found = find_supplies(tmp_path, SPECS)
    assert [(file.dataset, file.supplier) for file in found.files] == [
        ("goats", "north-1"), ("goats", "x_y"), ("sheep", ""), ("sheep", "city"),
    ]  # fmt: skip
    assert [file.name for file in found.files] == ["goats.north-1", "goats.x_y", "sheep", "sheep.city"]
    assert found.ignored == ()
    assert not found.made_up


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cows.csv", "no data set that is agreed"),
        ("shep.csv", "did you mean sheep?"),
        ("sheep", "is not named"),
        ("sheep.city.2013.csv", "is not named"),
        (".sheep.csv", "is not named"),
        ("~$sheep.xlsx", "is not named"),
        ("sheep.xls", "save it as .xlsx"),
        ("sheep.txt", "save it as .csv"),
        ("sheep.pdf", "is no .csv"),
        ("sheep.a b.csv", "not letters"),
        ("sheep.csv.meta.yaml", "describes a supply that is not in the inbox"),
    ],
)
def test_anything_else_is_named_with_a_reason_and_left_alone(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    found = find_supplies(tmp_path, SPECS)
    assert found.files == ()
    assert reason in dict(found.ignored)[name]
    assert any(name in warning and "left alone" in warning for warning in read_folder(tmp_path).warnings)
    assert (tmp_path / name).read_bytes() == b"x"


def test_folders_and_links_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "sheep.csv").mkdir()
    real = tmp_path / "elsewhere" / "goats.csv"
    real.write_bytes(csv_bytes([ROW]))
    try:
        (inbox / "goats.csv").symlink_to(real)
        (inbox / "sheep.city.csv").symlink_to(tmp_path / "nowhere")
    except OSError:
        assert reasons(inbox) == {"sheep.csv": "is a folder; put the files themselves in the inbox"}
        return
    assert find_supplies(inbox, SPECS).files == ()
    assert "is a link" in reasons(inbox)["goats.csv"]
    assert "is a link" in reasons(inbox)["sheep.city.csv"]
    assert "is a folder" in reasons(inbox)["sheep.csv"]


def test_a_name_with_control_characters_is_shown_without_them(tmp_path: Path) -> None:
    try:
        (tmp_path / "a\x1b[31m.csv").write_bytes(b"x")
    except OSError:
        pytest.skip("the file system takes no such name")
    assert list(reasons(tmp_path)) == ["a?[31m.csv"]


def test_made_up_data_is_marked(tmp_path: Path) -> None:
    (tmp_path / "MADE-UP.txt").write_text("made up", encoding="utf-8")
    found = find_supplies(tmp_path, SPECS)
    assert found.made_up
    assert found.ignored == ()


def test_a_sidecar_belongs_to_its_file_by_full_name_or_stem(tmp_path: Path) -> None:
    for name in ("sheep.csv", "Goats.csv", "sheep.csv.meta.yaml", "goats.META.yaml", "sheep.meta.yaml"):
        (tmp_path / name).write_bytes(b"")
    found = find_supplies(tmp_path, SPECS)
    assert {file.dataset: file.sidecar and file.sidecar.name for file in found.files} == {
        "sheep": "sheep.csv.meta.yaml",
        "goats": "goats.META.yaml",
    }
    assert [name for name, _ in found.ignored] == ["sheep.meta.yaml"]


def test_a_folder_that_is_not_there_or_a_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such inbox"):
        find_supplies(tmp_path / "nowhere", SPECS)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="is a file"):
        find_supplies(tmp_path / "file", SPECS)


def test_the_same_supply_in_two_files_rejects_both_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "sheep.city.csv").write_bytes(csv_bytes([ROW]))
    (tmp_path / "sheep.city.xlsx").write_bytes(b"x")
    (tmp_path / "sheep.county.csv").write_bytes(csv_bytes([ROW]))
    supplies = {supply.file: supply for supply in read_folder(tmp_path).supplies}
    assert {name: supply.status for name, supply in supplies.items()} == {
        "sheep.city.csv": "rejected",
        "sheep.city.xlsx": "rejected",
        "sheep.county.csv": "accepted",
    }
    assert rules(supplies["sheep.city.csv"]) == [(None, None, "two_files")]
    assert "sheep.city.xlsx" in supplies["sheep.city.csv"].problems[0].message


def test_without_leaves_a_data_set_or_one_supplier_out(tmp_path: Path) -> None:
    for name in ("sheep.city.csv", "sheep.county.csv", "goats.csv"):
        (tmp_path / name).write_bytes(b"unreadable")
    status = {
        supply.name: (supply.status, supply.rows, len(supply.digest))
        for supply in read_folder(tmp_path, without=frozenset({"Sheep.City", "goats", "cows"})).supplies
    }
    assert status == {
        "goats": ("ignored", None, 64),
        "sheep.city": ("ignored", None, 64),
        "sheep.county": ("rejected", None, 64),
    }
    assert (
        "--without cows: the inbox holds no such supply" in read_folder(tmp_path, without=frozenset({"cows"})).warnings
    )
    everything = read_folder(tmp_path, without=frozenset({"sheep"})).supplies
    assert [supply.status for supply in everything] == ["rejected", "ignored", "ignored"]


def test_warnings_for_unnamed_suppliers_and_made_up_amendments(tmp_path: Path) -> None:
    (tmp_path / "goats.north.csv").write_bytes(csv_bytes([ROW]))
    warnings = " / ".join(read_folder(tmp_path).warnings)
    assert "names no such supplier" in warnings
    assert "goes beyond Appendix B" in warnings
    (tmp_path / "MADE-UP.txt").write_bytes(b"")
    assert "goes beyond Appendix B" not in " / ".join(read_folder(tmp_path).warnings)


def test_a_file_over_the_limit_or_unopenable_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sheep.csv").write_bytes(csv_bytes([ROW]))
    monkeypatch.setattr("matcher.extracts.read.LARGEST_FILE", 10)
    assert rules(read_folder(tmp_path).supplies[0]) == [(None, None, "too_big")]
    monkeypatch.undo()

    def refuse(path: Path, flags: int) -> int:
        raise PermissionError

    monkeypatch.setattr("matcher.extracts.read.os.open", refuse)
    (supply,) = read_folder(tmp_path).supplies
    assert rules(supply) == [(None, None, "unreadable")]
    assert "PermissionError" in supply.problems[0].message
