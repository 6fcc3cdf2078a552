"""Keys of workbooks are derived once inside the block, and what they open is what lies on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from msoffcrypto.method import ecma376_agile

from matcher.disclosures.workbooks import Sheet, protected_workbook
from matcher.purge.passwords import workbook_keys_derived_once
from matcher.purge.residue import search_all
from matcher.workspace import Workspace

NAME, OTHER = "Zbigniew Quelch", "Wilhelmina Oxenbury"


def book(name: str, password: str) -> bytes:
    return protected_workbook([Sheet("People", ["Name"], [[name]])], "MARKED", "List", password)


def test_a_workbook_that_was_just_written_is_opened_without_deriving_its_key_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    derived: list[bytes] = []
    derive = ecma376_agile.ECMA376Agile._derive_iterated_hash_from_password

    def counted(password: str, salt: bytes, *how: object) -> object:
        derived.append(salt)
        return derive(password, salt, *how)

    monkeypatch.setattr(ecma376_agile.ECMA376Agile, "_derive_iterated_hash_from_password", staticmethod(counted))
    password, file = workspace.keys.password("county_team"), workspace.root / "outbox" / "list.xlsx"
    file.parent.mkdir(parents=True, exist_ok=True)
    with workbook_keys_derived_once():
        file.write_bytes(book(NAME, password))
        found = search_all(workspace, [NAME, OTHER]).findings
        assert [finding.value for finding in found] == [0]
        assert len(derived) == 1
        file.write_bytes(book(OTHER, password))  # another salt: nothing of the first one's key serves
        assert [finding.value for finding in search_all(workspace, [NAME, OTHER]).findings] == [1]
        assert len(derived) == 2
    assert search_all(workspace, [OTHER]).findings
    assert len(derived) == 3
