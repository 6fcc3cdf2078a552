"""Writes that fail, one by one or from one on: told plainly, and the end is the same once the disk is well."""

from __future__ import annotations

import random
from itertools import cycle

import pytest

from tests.crash.disks import disks
from tests.crash.events import FAULTS
from tests.crash.scenes import ABANDON, FINISH, RUN, Scene
from tests.crash.trials import Trials, spread

SEED = 3


@pytest.mark.parametrize(
    ("scene", "count"), [(RUN, 2), (FINISH, 4), (ABANDON, 10)], ids=lambda v: getattr(v, "name", "")
)
def test_a_write_that_fails_is_told_plainly_and_mended_by_going_on(trials: Trials, scene: Scene, count: int) -> None:
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
