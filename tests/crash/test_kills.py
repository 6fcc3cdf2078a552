"""A real SIGKILL, at steps and in the middle of writes, and what the office goes on to. `scripts/crash_runs.py` does more."""

from __future__ import annotations

import random

import pytest

from tests.crash.scenes import ABANDON, FINISH, RUN, Scene
from tests.crash.trials import Trials, spread

SEED = 7
FEWEST_KILLS = 30


@pytest.mark.parametrize(
    ("scene", "count"), [(RUN, 3), (FINISH, 4), (ABANDON, 6)], ids=lambda v: getattr(v, "name", "")
)
def test_a_command_that_is_killed_is_gone_on_with_to_the_same_end(trials: Trials, scene: Scene, count: int) -> None:
    ready = trials.prepared(scene)
    for event in spread(ready, count, SEED):
        assert trials.killed_at(scene, event, tear=event % 2 == 0) == [], ready.events[event - 1]


@pytest.mark.parametrize("scene", [RUN, FINISH], ids=lambda scene: scene.name)
def test_a_command_that_is_killed_again_and_again_gets_through(trials: Trials, scene: Scene) -> None:
    assert trials.killed_again_and_again(scene, random.Random(SEED), least=9) == []


def test_a_command_that_is_killed_from_outside_at_a_moment_of_chance_is_gone_on_with(trials: Trials) -> None:
    assert trials.killed_after(FINISH, random.Random().random()) == []


def test_these_were_kills_enough(trials: Trials) -> None:
    assert trials.kills >= FEWEST_KILLS
