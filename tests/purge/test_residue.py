"""The residue search finds a planted value in every kind of container, and nothing where there is nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import shutil
import time
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import msoffcrypto.format.ooxml
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.purge.containers import parts_of
from matcher.purge.held import destroy_held, save_held
from matcher.purge.residue import Finding, search_all
from matcher.registry import Registry
from matcher.workspace import Workspace
from tests.registry.months import House, Month, Someone, seal

NAME = "Quillfeather-Brånd"
VALUES = ["no such thing here", NAME]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def search(workspace: Workspace, values: list[str], **options: Any) -> list[Finding]:
    return search_all(workspace, values, **options).findings


def workbook(text: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write_string(0, 0, text)
    return out.getvalue()


def zipped(content: bytes, name: str = "inner.txt") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def parquet(text: str) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"x": ["a", text]}), out, compression="zstd")
    return out.getvalue()


def arrow(text: str) -> bytes:
    out = io.BytesIO()
    table = pa.table({"x": ["a", text]})
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return out.getvalue()


PLANTED = {
    "clear.txt": lambda: b"x" * 1000 + NAME.encode(),
    "upper.txt": lambda: NAME.upper().encode(),
    "windows.txt": lambda: NAME.encode("cp1252"),
    "utf16le.txt": lambda: b"\xff" + NAME.encode("utf-16-le"),
    "utf16be.txt": lambda: NAME.upper().encode("utf-16-be"),
    "escaped.json": lambda: json.dumps({"a": NAME}).encode(),
    "archive.zip": lambda: zipped(NAME.encode()),
    "nested.zip": lambda: zipped(gzip.compress(NAME.encode()), "inner.gz"),
    "packed.gz": lambda: gzip.compress(NAME.encode()),
    "book.xlsx": lambda: workbook(NAME),
    "table.parquet": lambda: parquet(NAME),
    "table.arrow": lambda: arrow(NAME),
    "packed.bz2": lambda: bz2.compress(NAME.encode()),
    "packed.xz": lambda: lzma.compress(NAME.encode()),
    "zip_in_zip.zip": lambda: zipped(zipped(NAME.encode())),
    "parquet_in_zip.zip": lambda: zipped(parquet(NAME), "a.parquet"),
    "workbook_in_gzip.gz": lambda: gzip.compress(workbook(NAME)),
    "member.upper.zip": lambda: zipped(NAME.upper().encode("utf-16-le")),
    "decomposed.txt": lambda: unicodedata.normalize("NFD", NAME).encode(),
    "decomposed_upper.txt": lambda: unicodedata.normalize("NFD", NAME.upper()).encode("utf-16-le"),
    "without_accents.txt": lambda: b"QUILLFEATHER-BRAND",
    "entity.html": lambda: b"<p>" + NAME.lower().encode() + b"</p>",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_value_is_found_in(workspace: Workspace, name: str) -> None:
    workspace.write(f"outbox/{name}", PLANTED[name]())
    found = search(workspace, VALUES)
    assert found and {f.value for f in found} == {1}
    assert all(f.file.startswith(f"outbox/{name}") for f in found)
    assert NAME.casefold() not in str(found).casefold()


def test_nothing_is_found_in_a_new_workspace(workspace: Workspace) -> None:
    result = search_all(workspace, VALUES)
    assert result.findings == [] and result.not_opened == [] and result.files >= 6 and result.bytes > 4096


def test_the_offset_is_that_of_the_file(workspace: Workspace) -> None:
    workspace.write("outbox/a.txt", b"\n" * 12345 + NAME.upper().encode())
    assert search(workspace, VALUES) == [Finding("outbox/a.txt", 12345, 1)]


def test_a_value_across_two_chunks_is_found_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.purge.residue._CHUNK", 64)
    workspace.write("outbox/a.txt", b"\n" * 60 + NAME.encode())
    assert search(workspace, VALUES) == [Finding("outbox/a.txt", 60, 1)]


def test_a_file_name_is_searched_and_masked(workspace: Workspace) -> None:
    workspace.write("outbox/report of quillfeather.txt", b"-")
    (found,) = search(workspace, ["Quillfeather"])
    assert found.offset == -1 and found.file == "outbox/report of ************.txt"


def test_names_of_folders_empty_ones_too_are_searched_and_masked(workspace: Workspace) -> None:
    (workspace.root / "outbox" / "Quillfeather" / "inner").mkdir(parents=True)
    found = search(workspace, ["Quillfeather"])
    assert [(f.file, f.offset) for f in found] == [("outbox/************", -1), ("outbox/************/inner", -1)]


def test_a_decomposed_file_name_is_found(workspace: Workspace) -> None:
    (workspace.root / "outbox" / unicodedata.normalize("NFD", "Brånd-list.txt")).write_bytes(b"-")
    assert [f.offset for f in search(workspace, ["Brånd"])] == [-1]


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege on Windows")
def test_links_are_searched_by_name_target_and_content_and_never_passed_over(
    workspace: Workspace, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "rows.txt").write_bytes(NAME.encode())
    outbox = workspace.root / "outbox"
    (outbox / "file").symlink_to(outside / "rows.txt")
    (outbox / "folder").symlink_to(outside, target_is_directory=True)
    (outbox / "nowhere").symlink_to(outside / "Quillfeather.txt")
    result = search_all(workspace, [NAME, "Quillfeather.txt"])
    assert {f.file for f in result.findings} == {"outbox/file", "outbox/nowhere!link"}
    assert [line.split(":")[0] for line in result.not_opened] == ["outbox/folder", "outbox/nowhere"]


def test_a_write_ahead_log_beside_the_database_is_decrypted(workspace: Workspace) -> None:
    import sqlcipher3

    connection = sqlcipher3.connect(str(workspace.root / "registry.db"))
    connection.execute(f"PRAGMA key = \"x'{workspace.keys.registry_key().hex()}'\"")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE left_over (x)")
    connection.execute("INSERT INTO left_over VALUES (?)", ("Quillfeather",))
    connection.commit()
    kept = workspace.root / "kept"
    shutil.copyfile(workspace.root / "registry.db-wal", kept)
    connection.close()
    kept.replace(workspace.root / "registry.db-wal")
    result = search_all(workspace, ["quillfeather"])
    assert "registry.db-wal!pages" in {f.file for f in result.findings}
    assert b"Quillfeather" not in (workspace.root / "registry.db-wal").read_bytes()
    (workspace.root / "registry.db-wal").write_bytes(b"no log at all")
    assert search_all(workspace, ["quillfeather"]).not_opened == [
        "registry.db-wal!pages: not a readable write-ahead log"
    ]


@pytest.mark.parametrize("edge", [1, 20, 60])
def test_a_value_across_the_chunks_of_a_member_is_found(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, edge: int
) -> None:
    monkeypatch.setattr("matcher.purge.residue._CHUNK", 64)
    workspace.write("outbox/a.zip", zipped(b"\n" * (64 + edge) + NAME.encode()))
    assert {(f.file, f.offset) for f in search(workspace, VALUES)} == {("outbox/a.zip!inner.txt", 64 + edge)}


def test_what_is_packed_too_deep_or_by_another_tool_is_named(workspace: Workspace) -> None:
    deep = NAME.encode()
    for _ in range(5):
        deep = gzip.compress(deep)
    workspace.write("outbox/deep.gz", deep)
    for name, start in (("a.7z", b"7z\xbc\xaf\x27\x1c"), ("b.rar", b"Rar!\x1a\x07"), ("c.zst", b"\x28\xb5\x2f\xfd")):
        workspace.write(f"outbox/{name}", start + b"-" * 20)
    workspace.write("outbox/d.bz2", b"BZh" + b"broken")
    workspace.write("outbox/e.xz", b"\xfd7zXZ\x00" + b"broken")
    workspace.write("outbox/f.arrow", b"ARROW1" + b"broken")
    told = search_all(workspace, VALUES).not_opened
    assert len(told) == 7
    assert any("more than 3 containers" in line for line in told)


def test_a_name_inside_an_archive_is_searched_and_masked(workspace: Workspace) -> None:
    workspace.write("outbox/a.zip", zipped(b"-", "Quillfeather.txt"))
    found = search(workspace, ["Quillfeather"])
    assert any(f.offset == -1 and f.file == "outbox/a.zip!************.txt" for f in found)
    assert "quillfeather" not in str(found).casefold()


def test_a_workbook_under_our_password_is_opened_and_any_other_is_named(workspace: Workspace) -> None:
    for name, password in (("ours", workspace.keys.password("county_team")), ("other", "somebody else's")):
        out = io.BytesIO()
        msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(workbook(NAME))).encrypt(password, out)
        workspace.write(f"outbox/{name}.xlsx", out.getvalue())
    result = search_all(workspace, VALUES)
    assert {f.file.split("!")[0] for f in result.findings} == {"outbox/ours.xlsx"}
    assert [line.split(":")[0] for line in result.not_opened] == ["outbox/other.xlsx!opened"]


def test_a_held_batch_is_searched_while_its_key_exists(workspace: Workspace) -> None:
    save_held(workspace, "2013-10-31-1", {"records": pa.table({"surname": [NAME]})}, {})
    assert search(workspace, VALUES)[0].file.startswith("held/2013-10-31-1/records")
    destroy_held(workspace, "2013-10-31-1")
    assert search(workspace, VALUES) == []


def test_the_registry_is_searched_page_by_page_and_cell_by_cell(workspace: Workspace) -> None:
    with Registry.open(workspace) as registry:
        seal(registry, Month([House([Someone("QUILLFEATHER", "ALICE")])]))
        assert {f.file for f in search(workspace, ["quillfeather"])} == {"registry.db!pages"}
        with_cells = search(workspace, ["quillfeather"], cells=registry.every_cell())
        assert {"registry.db!record", "registry.db!person_state"} <= {f.file for f in with_cells}


def test_columns_that_only_run_together_in_a_page_are_no_finding(workspace: Workspace) -> None:
    with Registry.open(workspace) as registry:
        seal(registry, Month([House([Someone("QUILLFEATHER", f"ALICE{n}") for n in range(40)])]))
        page = b"".join(
            part.content for part in parts_of(workspace, workspace.database, workspace.database.read_bytes())
        )
        assert b"ALICE7QUILLFEATHER" in page, "the columns do stand against one another"
        assert search(workspace, ["ALICE7QUILLFEATHER"], cells=registry.every_cell()) == []
        assert search(workspace, ["ALICE7"]) and search(workspace, ["QUILLFEATHER"])


@pytest.mark.parametrize("size", [10, 900, 3900, 4100, 9000, 30000])
def test_columns_of_rows_long_and_short_are_told_apart(size: int) -> None:
    import sqlite3

    from matcher.purge.pages import LiveColumns

    connection = sqlite3.connect(":memory:")
    connection.executescript("CREATE TABLE t (a, b, c, d, e); CREATE INDEX i ON t (a, b)")
    connection.executemany(
        "INSERT INTO t VALUES (?, ?, ?, ?, ?)",
        [(f"first{n}", f"second{n}", n * 10**n, None, "x" * size) for n in range(12)],
    )
    connection.commit()
    content = connection.serialize()
    connection.close()
    together = alone = 0
    for start in range(0, len(content), 4096):
        page = content[start : start + 4096]
        live = LiveColumns(page, 4096, first=start == 0)
        for n in range(12):
            for text, chance in ((f"first{n}second{n}", True), (f"first{n}", False), (f"second{n}", False)):
                at = page.find(text.encode())
                if at >= 0:
                    assert live.by_chance(at, at + len(text)) == chance, text
                    together, alone = together + chance, alone + (not chance)
    assert together >= 12 and alone >= 24


@given(st.binary(max_size=600).map(lambda start: start.ljust(4096, start[-1:] or b"\x00")), st.integers(0, 4000))
def test_a_page_of_anything_is_read_without_a_fault(page: bytes, start: int) -> None:
    from matcher.purge.pages import LiveColumns

    for kind in (2, 5, 10, 13):
        LiveColumns(bytes([kind]) + page[1:], 4016, first=False).by_chance(start, start + 20)


def test_what_the_registry_deletes_leaves_no_free_page(workspace: Workspace) -> None:
    people = [Someone(f"QUILLFEATHER{n}", "ALICE", rows=5) for n in range(60)]
    with Registry.open(workspace) as registry:
        batch, _ = seal(registry, Month([House(people)]))
        assert search(workspace, ["quillfeather"])
        registry.rollback_batch(batch)
    assert search(workspace, ["quillfeather"]) == []


def test_broken_containers_are_named_not_passed_over(workspace: Workspace) -> None:
    workspace.write("outbox/a.zip", b"PK\x03\x04" + b"broken")
    workspace.write("outbox/b.gz", b"\x1f\x8b" + b"broken")
    workspace.write("outbox/c.parquet", b"PAR1" + b"broken")
    workspace.write("outbox/d.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + b"broken")
    assert len(search_all(workspace, VALUES).not_opened) == 4


def test_a_bomb_is_opened_only_so_far(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.purge.containers.LARGEST", 1000)
    workspace.write("outbox/bomb.zip", zipped(NAME.encode() + bytes(100_000)))
    result = search_all(workspace, VALUES)
    assert len(result.not_opened) == 1 and result.findings


def test_values_too_short_to_search_for_are_told(workspace: Workspace) -> None:
    assert search_all(workspace, ["ab", NAME]).too_short == [0]


def test_the_list_of_values_itself_can_be_left_out(workspace: Workspace) -> None:
    listed = workspace.write("canaries.txt", NAME.encode())
    assert search(workspace, [NAME], skip=[listed]) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"]), min_size=3, max_size=30),
    before=st.binary(max_size=40),
    form=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]),
)
def test_whatever_the_value_and_what_stands_before_it(
    workspace: Workspace, value: str, before: bytes, form: str
) -> None:
    workspace.write("outbox/any.bin", b"\x00" + before + value.encode(form) + b"\x00")
    assert any(f.file == "outbox/any.bin" for f in search(workspace, [value]))


def test_two_hundred_values_in_sixteen_megabytes_take_little_time(workspace: Workspace) -> None:
    import numpy as np

    text = np.random.default_rng(5).integers(97, 123, 16_000_000, dtype=np.uint8).tobytes()
    workspace.write("outbox/large.txt", text)
    values = [f"Surname{n} of no one" for n in range(199)] + [text[9_000_001:9_000_021].decode()]
    begun = time.process_time()
    found = search(workspace, values)
    assert found == [Finding("outbox/large.txt", 9_000_001, 199)]
    assert time.process_time() - begun < 5
