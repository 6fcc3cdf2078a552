"""What every test shares: keys in a temporary folder, never those of the person who runs the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from msoffcrypto.method.ecma376_agile import ECMA376Agile

if TYPE_CHECKING:
    from tests.registry.clusters import Cluster


@pytest.fixture(autouse=True)
def _keys_in_a_temporary_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATCHER_KEYS", str(tmp_path_factory.mktemp("keys")))


SHIPPED = ECMA376Agile.encrypt.__defaults__


@pytest.fixture(autouse=True)
def _passwords_cheap_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protected workbooks of tests take a thousandth of the work that guards real ones (tests/disclosures holds these)."""
    monkeypatch.setattr(ECMA376Agile.encrypt, "__defaults__", (None, 100))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server for all tests of a session that ask for one; skipped where none can be started."""
    from tests.registry import clusters

    found = clusters.programs()
    if found is None:
        pytest.skip("no PostgreSQL server programs (initdb) on this machine: install Debian's package postgresql")
    with clusters.running(found) as running:
        yield running
