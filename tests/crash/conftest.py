"""Trials of one file share their prepared scenes; what has nothing to do with crashes is made cheap."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.disclosures.opened import cheap_passwords

if TYPE_CHECKING:
    from tests.crash.trials import Trials

collect_ignore_glob = [] if os.name == "posix" else ["test_*"]  # there is no SIGKILL elsewhere, and no fork


@pytest.fixture(scope="package")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    from tests.crash.trials import Trials

    with pytest.MonkeyPatch.context() as patched:
        cheap_passwords(patched.setattr)
        patched.setattr("matcher.disclosures.report.bars", lambda *_, **__: "<svg></svg>")
        patched.setenv("MATCHER_KEYS", "set by each trial")
        yield Trials(tmp_path_factory.mktemp("crash"))
