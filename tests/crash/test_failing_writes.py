"""Writes that fail, one by one or from one on: told plainly, and the end is the same once the disk is well."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import cycle

import pytest

if os.name != "posix":
    pytest.skip("the trials fork", allow_module_level=True)

import random

from tests.crash.disks import disks
from tests.crash.events import FAULTS
from tests.crash.scenes import ABANDON, ANSWERED, RUN
from tests.crash.trials import Trials, spread
from tests.disclosures.opened import cheap_passwords

SEED = 3


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    with pytest.MonkeyPatch.context() as patched:
        cheap_passwords(patched.setattr)
        patched.setenv("MATCHER_KEYS", "set by each trial")
        yield Trials(tmp_path_factory.mktemp("failing"))


@pytest.mark.parametrize(
    ("scene", "count"), [(RUN, 10), (ANSWERED, 4), (ABANDON, 6)], ids=lambda value: getattr(value, "name", "")
)
def test_a_write_that_fails_is_told_plainly_and_mended_by_going_on(trials: Trials, scene, count) -> None:  # type: ignore[no-untyped-def]
    ready = trials.prepared(scene)
    for event, fault in zip(spread(ready, count, SEED, writes=True), cycle(FAULTS), strict=False):
        said = trials.failed_at(scene, event, fault, lasting=event % 2 == 0)
        assert said == [], f"{fault} at {ready.events[event - 1]}"


def test_a_disk_that_is_really_full_or_read_only_is_told_plainly_and_mended_by_going_on(
    trials: Trials, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with disks(tmp_path_factory.mktemp("disks")) as real:
        for disk in real:
            assert disk.trial(trials, ABANDON, random.Random(SEED)) == [], disk.name
