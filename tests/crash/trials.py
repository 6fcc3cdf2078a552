"""Trials: a scene disturbed in one way, gone on with, and compared with its undisturbed end. Gives what is wrong, a line each.

Takes a scratch folder; prepares each scene once (its workspace, its undisturbed end, the values that must be gone, the events at
which it can be disturbed) and begins every trial from a copy of it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matcher.errors import UserError
from tests.crash.events import STEP, Watch
from tests.crash.scenes import INIT, Months, Scene, go_on, gone_from, in_clear, next_command, values_of
from tests.crash.trial import KILLED, Base, Ended
from tests.runs.equal import Account, differences

MOST_KILLS, EARLY = 40, 60


@dataclass(frozen=True)
class Prepared:
    """A scene ready to be disturbed."""

    scene: Scene
    saved: Path
    wanted: Account
    values: list[str]
    listed: Path
    events: tuple[str, ...]
    seconds: float

    @cached_property
    def sites(self) -> dict[str, list[int]]:
        """What happens -> at which events (from 1). Rare steps are as likely to be chosen as frequent ones."""
        found: dict[str, list[int]] = defaultdict(list)
        step = ""
        for number, event in enumerate(self.events, 1):
            if event.startswith(STEP):
                step = event.removeprefix(STEP)
            found[event if event.startswith(STEP) else f"{event} ({step})"].append(number)
        return dict(found)

    def any_event(self, choose: random.Random, *, writes: bool = False) -> int:
        """An event of a site drawn at random."""
        sites = [site for site in self.sites if not (writes and site.startswith(STEP))]
        return choose.choice(self.sites[choose.choice(sites)])


class Trials:
    """Trials in one scratch folder, one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base, self.months = Base(folder / "base"), Months(folder / "months")
        self._prepared: dict[str, Prepared] = {}
        self.kills = 0

    def prepared(self, scene: Scene) -> Prepared:
        if scene.name not in self._prepared:
            self._prepared[scene.name] = self._prepare(scene)
        return self._prepared[scene.name]

    def _prepare(self, scene: Scene) -> Prepared:
        base, place = self.base, self.folder / scene.name.replace(" ", "-")
        scene.prepare(base, self.months)
        base.save(place)
        counted = base.command(*scene.arguments(base), rules=Watch(base.folder))
        if scene.ends:
            go_on(base, scene)
        wanted = base.account()
        values = gone_from(base, values_of(self.months.inbox(scene.as_at), 1))
        listed = place.with_suffix(".gone.txt")
        listed.write_text("\n".join(values), encoding="utf-8")
        return Prepared(scene, place, wanted, values, listed, counted.events, counted.seconds)

    # -- ways to disturb ---------------------------------------------------------------------------------------------

    def killed_at(self, scene: Scene, event: int, *, tear: bool = False) -> list[str]:
        """SIGKILL at the n-th event; `tear`: in the middle of a write."""
        rules = Watch(self.base.folder, "tear" if tear else "kill", event)
        return self._killed(scene, lambda: self.base.command(*scene.arguments(self.base), rules=rules))

    def killed_after(self, scene: Scene, share: float, *, fresh: bool = False) -> list[str]:
        """SIGKILL from outside after a share of the time that the command takes; `fresh`: of a new interpreter."""
        ready = self.prepared(scene)
        seconds = share * (ready.seconds + (2.5 if fresh else 0))
        how = self.base.fresh if fresh else self.base.command
        return self._killed(scene, lambda: how(*scene.arguments(self.base), kill_after=seconds))

    def killed_again_and_again(self, scene: Scene, choose: random.Random, *, least: int = 0) -> list[str]:
        """SIGKILL of the command, and then of whatever the state asks for, until one gets through; the first `least` kills come
        early enough not to be missed."""
        ready = self.prepared(scene)
        self.base.restore(ready.saved)
        said: list[str] = []
        arguments: list[str] | None = scene.arguments(self.base)
        for number in range(MOST_KILLS):
            if arguments is None:
                break
            last = EARLY if number < least else len(ready.events)
            rules = Watch(self.base.folder, "kill", choose.randint(1, last))
            ended = self.base.command(*arguments, rules=rules)
            said += self._said(ended)
            if ended.code != KILLED:
                break
            self.kills += 1
            arguments = self._next(scene)
        return [*said, *self._end(ready)]

    def failed_at(self, scene: Scene, event: int, fault: str, *, lasting: bool = False) -> list[str]:
        """A write that fails at the n-th event (and, where `lasting`, ever after): told plainly, and mended by going on."""
        rules = Watch(self.base.folder, "fail", event, fault, lasting)
        return self.refused(scene, lambda: self.base.command(*scene.arguments(self.base), rules=rules))

    def refused(self, scene: Scene, disturb: Callable[[], Ended]) -> list[str]:
        """Whether a command that met a failing disk says so plainly; going on, the cause being gone, must reach the end."""
        ready = self.prepared(scene)
        self.base.restore(ready.saved)
        ended = disturb()
        said = self._said(ended)
        if ended.code not in (0, 1, 3):
            said.append(f"exit code {ended.code}: {ended.said[-300:]}")
        if ended.code == 1 and ("to do:" not in ended.said or "where:" not in ended.said):
            said.append(f"does not say where, or what to do: {ended.said[-300:]}")
        return [*said, *self._end(ready)]

    # -- what must hold ----------------------------------------------------------------------------------------------

    def _killed(self, scene: Scene, disturb: Callable[[], Ended]) -> list[str]:
        ready = self.prepared(scene)
        self.base.restore(ready.saved)
        ended = disturb()
        self.kills += ended.code == KILLED
        said = self._said(ended)
        if ended.code not in (KILLED, 0, 3):
            said.append(f"exit code {ended.code}: {ended.said[-300:]}")
        said += [f"in clear after the kill: {name}" for name in in_clear(self.base, ready.values)]
        return [*said, *self._end(ready)]

    def _said(self, ended: Ended) -> list[str]:
        """No fault of the program itself, and no value, in anything that was said."""
        faults = ("Traceback", "matcher failed")
        return [f"{word}: {ended.said[-600:]}" for word in faults if word in ended.said]

    def _next(self, scene: Scene) -> list[str] | None:
        try:
            return next_command(self.base, scene)
        except UserError:
            return scene.arguments(self.base)

    def _end(self, ready: Prepared) -> list[str]:
        """Go on to the end, and tell what is not as in the undisturbed end."""
        try:
            go_on(self.base, ready.scene)
        except (AssertionError, UserError) as fault:
            return [f"does not go on: {fault}"]
        found = []
        if ready.scene.name != INIT.name:
            verified = self.base.command(
                "verify", "-w", str(self.base.workspace), "--canaries", str(ready.listed), "--json"
            )
            if verified.code:
                found.append(f"verify: exit code {verified.code}: {verified.out[-1500:]}{verified.said[-300:]}")
        return found + differences(ready.wanted, self.base.account())


def spread(ready: Prepared, count: int, seed: int, *, writes: bool = False) -> Sequence[int]:
    """Events of as many different sites as there are, in an order drawn from the seed."""
    sites = [numbers for site, numbers in ready.sites.items() if not (writes and site.startswith(STEP))]
    choose = random.Random(seed)
    choose.shuffle(sites)
    return [choose.choice(numbers) for numbers in sites][:count]
