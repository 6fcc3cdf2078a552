"""The audit chain tells of every entry edited, removed, added or reordered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.purge import chain
from matcher.purge.audit import Audit
from matcher.purge.keys import AUDIT_HEAD
from matcher.workspace import Workspace


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    audit = Audit(Workspace.create(tmp_path / "w"))
    for number in range(5):
        audit.append("batch_sealed", batch=f"2013-10-31-{number + 1}", records=number)
    return audit


def rewrite(audit: Audit, change) -> None:
    path = audit._workspace.root / "audit.log"
    lines = path.read_text(encoding="ascii").splitlines()
    path.write_text("".join(f"{line}\n" for line in change(lines)), encoding="ascii", newline="\n")


def edited(lines: list[str]) -> list[str]:
    return [line.replace('"records":2', '"records":7') for line in lines]


def forged(lines: list[str]) -> list[str]:
    """Edited, with its own hash made right again: only the signature tells."""
    entry = json.loads(lines[-1])
    entry["counts"]["records"] = 7
    entry["hash"] = chain.hash_of(entry)
    return [*lines[:-1], chain.line_of(entry).decode()]


CHANGES = {
    "edited": edited,
    "forged": forged,
    "removed": lambda lines: lines[:2] + lines[3:],
    "removed at the end": lambda lines: lines[:-1],
    "removed altogether": lambda lines: [],
    "reordered": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "added": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "cut off": lambda lines: [*lines[:-1], lines[-1][:50]],
}


def test_a_whole_chain_has_no_faults(audit: Audit) -> None:
    assert audit.check() == [] and audit.head()[0] == 5
    assert [entry["counts"]["records"] for entry in audit.entries()] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("how", CHANGES)
def test_a_change_is_told(audit: Audit, how: str) -> None:
    rewrite(audit, CHANGES[how])
    assert audit.check()


@pytest.mark.parametrize("how", ["removed at the end", "removed altogether", "forged"])
def test_a_change_at_the_end_is_told_also_after_further_entries(audit: Audit, how: str) -> None:
    rewrite(audit, CHANGES[how])
    audit.append("verified")
    assert audit.check()


def test_an_interrupted_write_is_told_of_and_the_chain_goes_on_whole(audit: Audit) -> None:
    path = audit._workspace.root / "audit.log"
    with path.open("ab") as file:
        file.write(b'{"number":6,"at"')
    assert audit.check() == ["audit.log line 6: the last line is cut off (an interrupted write, or removed)"]
    assert audit.append("verified") == 7
    assert audit.check() == []
    assert [entry["event"] for entry in audit.entries()][-2:] == ["audit_write_interrupted", "verified"]
    path.write_bytes(path.read_bytes().replace(b'{"number":6,"at"\n', b'{"number":9,"at"\n'))
    assert audit.check() == ["audit.log line 6: is no entry (an interrupted write, or edited)"]


def test_an_entry_cut_down_to_half_a_line_is_no_interrupted_write(audit: Audit) -> None:
    path = audit._workspace.root / "audit.log"
    path.write_bytes(path.read_bytes()[:-100])
    audit.append("verified")
    assert any("had been removed or changed" in fault for fault in audit.check())


def test_an_entry_that_only_lost_the_end_of_its_line_goes_on(audit: Audit) -> None:
    path = audit._workspace.root / "audit.log"
    path.write_bytes(path.read_bytes()[:-1])
    assert audit.append("verified") == 6
    assert audit.check() == []


def test_an_entry_longer_than_what_is_read_of_the_end_is_followed(audit: Audit) -> None:
    audit.append("families_erased", families=[f"F-{number:08}" for number in range(20_000)])
    audit.append("verified")
    assert audit.check() == [] and audit.head()[0] == 7


def test_crash_after_crash_between_entry_and_key_store_is_no_fault(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = audit._workspace.keys
    put = keys.put

    class PowerCut(BaseException):
        pass

    def cut_off(name: str, value: bytes) -> None:
        if name == AUDIT_HEAD and value == chain.head_to_keep(audit.head()) and not value.startswith(known):
            raise PowerCut
        put(name, value)

    for event in ("one", "two", "three"):
        known = chain.head_to_keep(audit.head()).split(b" ")[0] + b" "  # what is there already may be kept
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            patch.setattr(keys, "put", cut_off)
            audit.append(event)
    audit.append("four")
    assert audit.check() == []
    assert [entry["event"] for entry in audit.entries()][-4:] == ["one", "two", "three", "four"]


def test_a_crash_between_entry_and_key_store_is_no_fault(audit: Audit) -> None:
    keys = audit._workspace.keys
    before = keys.get("audit_head")
    audit.append("verified")
    keys.put("audit_head", before)
    assert audit.check() == []
    audit.append("verified")
    assert audit.check() == []


@pytest.mark.parametrize("value", [object(), "x" * 501, "two\nlines", {"a": "b"}, [["a"]], b"x"])
def test_only_short_plain_values_go_in(audit: Audit, value: object) -> None:
    with pytest.raises(ValueError, match="short plain value"):
        audit.append("verified", value=value)  # type: ignore[arg-type]


def test_an_event_is_a_code(audit: Audit) -> None:
    with pytest.raises(ValueError, match="lower-case code"):
        audit.append("Mr Smith")
