"""A hostile month walks through everything: formulas, scripts, terminal escapes, paths, delimiters and overrides of direction in
names, addresses, references, free text, sidecars, file names and what is typed at the command line are inert in every output.
"""

from __future__ import annotations

import csv
import datetime as dt
import http.client
import io
import json
import re
import shutil
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from matcher.cli.families import _csv as families_csv
from matcher.disclosures.family_lists import key_worker_lists, partner_lists
from matcher.disclosures.inputs import FamilyList
from matcher.disclosures.workbooks import guarded
from matcher.review.listing import lines
from matcher.review.page import Page
from matcher.review.sheet import COLUMNS, rows_of
from matcher.synthetic import make_month
from specs.load import load_disclosure_specs, load_extract_specs
from tests.disclosures.made_up import family_list
from tests.disclosures.opened import OLE_HEADER, decrypted, sheets_of, xml_of
from tests.disclosures.pages import check_page
from tests.hostile.commands import command
from tests.hostile.shapes import as_csv, cells_of_csv
from tests.hostile.texts import INJECTIONS
from tests.review.made_up import ALL, LEFT
from tests.review.test_page import Desk

AS_AT = dt.date(2013, 10, 31)
PASSWORD = "right horse battery"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FORMULA = re.compile(r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
OWNED = "document.title='owned'"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_TEXTS = [text for text in INJECTIONS if "\0" not in text]
_FREE = {"Training", "Offence", "Panel Decision", "Asserted By", "Relationship", "District", "Sentinel Ref", "Nominal Ref", "CRN", "YOS ID",
         "Case Ref", "Case ID", "Client Ref", "Ref", "Resident Ref"}  # fmt: skip


def injected(value: str) -> str:
    """The value behind an injection, always the same one, so that what belongs together still does."""
    return f"{_TEXTS[zlib.crc32(value.encode()) % len(_TEXTS)]} {value}" if value else value


def hostile_inbox(inbox: Path) -> None:
    inbox.mkdir()
    for name, content in make_month(300, 5, AS_AT).files.items():
        if not name.endswith(".csv") or name.startswith("gazetteer"):
            (inbox / name).write_bytes(content)
            continue
        header, *rows = cells_of_csv(content)
        for row in rows:
            for place, heading in enumerate(header[: len(row)]):
                if heading in _FREE or (
                    heading in ("Forename", "Address", "Address 1") and zlib.crc32(row[place].encode()) % 3 == 0
                ):
                    row[place] = injected(row[place])
        (inbox / name).write_bytes(as_csv(header, rows, quote=1))
        sidecar = "".join(
            f"{key}: {json.dumps(text)}\n"
            for key, text in zip(("agency", "contact", "caveats", "conditions"), _TEXTS, strict=False)
        )
        (inbox / f"{name}.meta.yaml").write_text(sidecar, encoding="utf-8")
    for name in ("=1+1.csv", "yos.\x1b[2J.csv", "<img src=x onerror=alert(1)>.csv", "yos.\u202evsc.csv"):
        if sys.platform != "win32":
            (inbox / name).write_bytes(b"x")


@dataclass(frozen=True)
class Said:
    """How a command ended, and all that it said."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Walked:
    """The folder of a hostile month that went through everything, and what every command said."""

    folder: Path
    said: dict[str, Said]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    folder = tmp_path_factory.mktemp("hostile")
    hostile_inbox(folder / "inbox")
    said: dict[str, Said] = {}

    def run(name: str, *arguments: str) -> None:
        said[name] = Said(*command(*arguments))

    inbox, there, day = str(folder / "inbox"), ("-w", str(folder / "workspace")), ("--as-at", AS_AT.isoformat())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATCHER_KEYS", str(folder / "keys"))
        patch.setenv("MATCHER_OUTPUT_PASSWORD", PASSWORD)
        run("init", "init", there[1])
        run("check", "check", inbox, *day, "-o", str(folder / "feedback"))
        run("check json", "check", inbox, *day, "--json")
        because = "=1+1 \x1b[2J<script>document.title='owned'</script> \u202eevil"
        run("run", "run", inbox, *there, *day, "--keep-extracts", "--because", because, "--json")
        run("status", "status", *there)
        run("families csv", "families", *there)
        run("families json", "families", *there, "--records", "--json")
        run("records csv", "families", *there, "--records")
        run("families xlsx", "families", *there, "--format", "xlsx", "-o", str(folder / "families.xlsx"))
        listed = json.loads(said["families json"].stdout)["records"]
        run("explain", "explain", *there, listed[0]["family_id"])
        (policy,) = (folder / "workspace" / "policy").glob("discretion.*.toml")
        text = policy.read_text(encoding="utf-8")
        policy.write_text(text.replace("automatic_approval = true", "automatic_approval = false"), encoding="utf-8")
        asks = "link = 0.9\nask_from = 0.001\nask_to = 0.99999\n"
        policy.with_name("thresholds.2012-04-02.toml").write_text(asks, encoding="utf-8")
        run("held", "run", inbox, *there, "--as-at", "2013-11-30", "--review", "hold", "--go-on")
        run("review list", "review", *there, "list")
        run("answer", "review", *there, "answer", "\x1b[31mQ", "yes", "--by", "=1+1\x1b[2J", "--reason", "<script>")
        run("nowhere", "check", "no\x1b[2J\u202einbox")
        yield Walked(folder, said)


def test_the_commands_end_as_they_should(walked: Walked) -> None:
    codes = {name: done.returncode for name, done in walked.said.items()}
    assert {name: code for name, code in codes.items() if code not in (0, 3)} == {"answer": 2, "nowhere": 1}
    assert "question(s) open" in walked.said["review list"].stdout
    summary = json.loads(walked.said["run"].stdout)
    assert summary["families"]["automatic"] > 0 and summary["state"] == "sealed"
    assert all(one["rows_in"] == one["rows_accepted"] + one["rows_rejected"] for one in summary["supplies"])


def test_no_command_says_what_a_terminal_obeys(walked: Walked) -> None:
    for name, done in walked.said.items():
        assert not STEERING.search(done.stdout), name
        assert not STEERING.search(done.stderr), name


def test_the_command_itself_writes_them_out_too(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "matcher", "check", str(tmp_path / "no\x1b[2J\u202einbox")]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and "\\u001b[2J" in done.stderr and not STEERING.search(done.stderr)


def test_csv_holds_no_formula_behind_any_delimiter(walked: Walked) -> None:
    seen = 0
    for name in ("families csv", "records csv"):
        text = walked.said[name].stdout
        rows = list(csv.reader(io.StringIO(text, newline="")))
        for row in rows[1:]:
            for cell in row:
                assert guarded(cell) == cell, name
                assert not re.search(r"[;|\t\r\n]\s*[=+\-@]", cell), name
                seen += cell.startswith("'")
    assert seen


def test_json_holds_references_as_they_came(walked: Walked) -> None:
    refs = [one["ref"] for one in json.loads(walked.said["families json"].stdout)["records"] if one["ref"]]
    assert any(ref.startswith(("=1+1 ", "@SUM", "+1+1 ")) for ref in refs)
    guarded_refs = [row["ref"] for row in csv.DictReader(io.StringIO(walked.said["records csv"].stdout, newline=""))]
    assert any(ref.startswith("'=") for ref in guarded_refs)


def workbooks(walked: Walked) -> list[Path]:
    return [path for path in walked.folder.rglob("*.xlsx") if "inbox" not in path.parts]


def inert(plain: bytes) -> int:
    """Cells of a workbook's sheets, none of which is a formula or a link."""
    xml = xml_of(plain)
    for tag in ("<f>", "<f ", "<hyperlink", "externalLink", "ddeLink", "vbaProject"):
        assert tag not in xml
    cells = [cell for rows in sheets_of(plain).values() for row in rows for cell in row]
    for cell in cells:
        if isinstance(cell, str):
            assert guarded(cell) == cell
            assert not STEERING.search(cell)
    return len(cells)


def test_workbooks_hold_no_formula_and_no_link(walked: Walked) -> None:
    found = workbooks(walked)
    assert len(found) >= 5
    for path in found:
        content = path.read_bytes()
        assert inert(decrypted(content, PASSWORD) if content.startswith(OLE_HEADER) else content)


def pages(walked: Walked) -> list[Path]:
    return [path for path in walked.folder.rglob("*.html") if "inbox" not in path.parts]


def test_pages_are_whole_and_run_nothing(walked: Walked) -> None:
    found = pages(walked)
    assert len(found) >= 8
    for path in found:
        page = check_page(path.read_bytes())
        assert not STEERING.search(page), path.name


def test_json_files_the_audit_log_and_certificates_hold_plain_text(walked: Walked) -> None:
    found = [path for path in (walked.folder / "workspace").rglob("*") if path.suffix in (".json", ".csv", ".log")]
    assert len(found) >= 6
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert not STEERING.search(text.replace("\r\n", "\n")), path.name
        if path.suffix == ".json":
            json.loads(text)
        if path.suffix == ".csv" and "outbox" in path.parts:
            for row in csv.reader(io.StringIO(text, newline="")):
                assert all(guarded(cell) == cell for cell in row)


def test_no_file_was_written_where_a_name_pointed(walked: Walked) -> None:
    made = {path.relative_to(walked.folder).parts[0] for path in walked.folder.iterdir()}
    assert made == {"inbox", "workspace", "keys", "feedback", "families.xlsx"}
    for path in walked.folder.rglob("*"):
        if "inbox" not in path.parts:
            assert re.fullmatch(r"[A-Za-z0-9._-]+", path.name), path.name


# -- what intake would have cleaned, as an older registry may hold it ---------------------------------------------------


def hostile_list() -> FamilyList:
    """A list whose every text is an injection."""
    listed = family_list()
    members = listed.members.to_pylist()
    for number, row in enumerate(members):
        row["forenames"], row["surname"] = _TEXTS[number % len(_TEXTS)], _TEXTS[(number + 7) % len(_TEXTS)]
    families = listed.families.to_pylist()
    for number, row in enumerate(families):
        row["address"], row["postcode"] = _TEXTS[number], _TEXTS[-number]
    table = type(listed.members)
    return replace(
        listed,
        members=table.from_pylist(members, schema=listed.members.schema),
        families=table.from_pylist(families, schema=listed.families.schema),
    )


def test_lists_of_hostile_names_hold_no_formula() -> None:
    listed, disclosures = hostile_list(), load_disclosure_specs()
    made = key_worker_lists(listed, disclosures, load_extract_specs(), lambda _: PASSWORD)
    made |= partner_lists(listed, disclosures, lambda _: PASSWORD)
    assert made
    for content in made.values():
        xml = xml_of(decrypted(content, PASSWORD))
        assert "<f>" not in xml and "<hyperlink" not in xml
        for rows in sheets_of(decrypted(content, PASSWORD)).values():
            assert all(guarded(cell) == cell for row in rows for cell in row if isinstance(cell, str))


@pytest.mark.parametrize("text", _TEXTS)
def test_every_injection_is_inert_in_a_cell_of_csv(text: str) -> None:
    content = families_csv("records", ["ref", "surname"], [{"ref": text, "surname": f"Smith {text}"}], None).decode(
        "utf-8"
    )
    assert not STEERING.search(content)
    _, row = csv.reader(io.StringIO(content, newline=""))
    for cell in row:
        assert not FORMULA.match(cell) or guarded(cell) == cell
        assert not re.search(r"[;|\t\r\n]\s*[=+\-@\uff1d]", cell)


def hostile_questions() -> list[Any]:
    sides = [replace(LEFT, name=text, address=text, reference=text) for text in _TEXTS]
    return [replace(ALL[0], id=f"Q-{n:08}", left=side, right=side) for n, side in enumerate(sides)]


def test_questions_as_text_lines_leave_the_terminal_alone() -> None:
    from matcher.fields.characters import visible

    for number, one in enumerate(hostile_questions(), 1):
        for line in lines(one, number):
            assert "\n" not in line and "\r" not in line
            assert not STEERING.search(visible(line))


def test_questions_as_a_workbook_hold_no_formula() -> None:
    from matcher.disclosures.workbooks import Sheet, plain_workbook

    plain = plain_workbook([Sheet("Questions", COLUMNS, rows_of(hostile_questions()))], "M", "T")
    assert "<f>" not in xml_of(plain) and "<hyperlink" not in xml_of(plain)


def review_pages(folder: Path) -> list[Path]:
    """The pages of a review of hostile records, as files: without the headers that forbid scripts, a harder test."""
    desk = Desk(hostile_questions())
    page = Page(desk, heading="Batch", marking="MARKED", role="<script>document.title='owned'</script>")
    thread = threading.Thread(target=page.run, daemon=True)
    thread.start()
    cookie = ""
    made = []
    try:
        for number, path in enumerate(
            (page.address.partition(str(page.port))[2], "/", *(f"/question/{one.id}" for one in desk.asked))
        ):
            connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            cookie = cookie or answer.headers.get("Set-Cookie", "").partition(";")[0]
            if number:
                made.append(folder / f"review-{number}.html")
                made[-1].write_bytes(answer.read())
            connection.close()
    finally:
        page.stop()
        thread.join(5)
    return made


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_runs_nothing_in_any_page(walked: Walked, tmp_path: Path) -> None:
    shown = [*pages(walked), *review_pages(tmp_path)]
    frames = "".join(f'<iframe name="{n}" src="{path.as_uri()}"></iframe>' for n, path in enumerate(shown))
    armed = tmp_path / "armed.html"
    armed.write_text(f"<title>quiet</title><script>{OWNED}</script>", encoding="utf-8")
    assert "<title>owned" in dom_of(armed, tmp_path)  # the detector works
    together = tmp_path / "together.html"
    together.write_text(
        f"<title>quiet</title>{frames}<script>setTimeout(() => document.title = [...document.querySelectorAll('iframe')]"
        ".some(f => { try { return f.contentDocument.title.includes('owned') } catch (e) { return true } }) ? 'owned' : 'quiet', 1500)"
        "</script>",
        encoding="utf-8",
    )
    assert "<title>quiet" in dom_of(together, tmp_path)


def dom_of(page: Path, folder: Path) -> str:
    """What a page has become after its scripts have run."""
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--virtual-time-budget=4000",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    return done.stdout
