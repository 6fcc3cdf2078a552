"""What every test shares: keys in a temporary folder, never those of the person who runs the tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _keys_in_a_temporary_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHER_KEYS", str(tmp_path_factory.mktemp("keys")))
