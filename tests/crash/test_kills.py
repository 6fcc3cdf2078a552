"""A real SIGKILL, at steps and in the middle of writes of every kind of command, and what the office goes on to."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

if os.name != "posix":
    pytest.skip("there is no SIGKILL", allow_module_level=True)

from tests.crash.events import STEP
from tests.crash.scenes import ABANDON, AGAIN, ANSWERED, HOLD, REPLACES, RUN, Scene
from tests.crash.trials import Trials, spread
from tests.disclosures.opened import cheap_passwords

SEED = 7
FEWEST_KILLS = 30
FIRST = f"{STEP}after Registry.apply"
"""From here on a run is quick to go on with: nothing is matched again."""


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    with pytest.MonkeyPatch.context() as patched:
        cheap_passwords(patched.setattr)
        patched.setenv("MATCHER_KEYS", "set by each trial")
        yield Trials(tmp_path_factory.mktemp("crash"))


def after_the_families(trials: Trials, scene: Scene, count: int) -> list[int]:
    """Events of different kinds after the families are in."""
    ready = trials.prepared(scene)
    first = ready.events.index(FIRST) + 1
    return [event for event in spread(ready, len(ready.sites), SEED) if event >= first][:count]


def test_a_run_that_is_killed_is_gone_on_with_to_the_same_end(trials: Trials) -> None:
    events = [*spread(trials.prepared(RUN), 4, SEED), *after_the_families(trials, RUN, 6)]
    for event in events:
        assert trials.killed_at(RUN, event, tear=event % 2 == 0) == [], trials.prepared(RUN).events[event - 1]


@pytest.mark.parametrize("scene", [HOLD, REPLACES, AGAIN, ABANDON], ids=lambda scene: scene.name)
def test_every_other_command_that_is_killed_is_gone_on_with_to_the_same_end(trials: Trials, scene: Scene) -> None:
    for event in spread(trials.prepared(scene), 2, SEED):
        assert trials.killed_at(scene, event) == [], trials.prepared(scene).events[event - 1]


def test_a_command_that_is_killed_again_and_again_gets_through(trials: Trials) -> None:
    assert trials.killed_again_and_again(RUN, random.Random(SEED), least=6) == []
    assert trials.killed_again_and_again(ANSWERED, random.Random(SEED), least=6) == []


def test_a_command_that_is_killed_from_outside_at_a_moment_of_chance_is_gone_on_with(trials: Trials) -> None:
    assert trials.killed_after(RUN, random.Random().random()) == []


def test_these_were_kills_enough(trials: Trials) -> None:
    assert trials.kills >= FEWEST_KILLS
