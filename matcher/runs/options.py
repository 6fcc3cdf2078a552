"""What a run was told, what it works with, and what it comes to. Options are stored with the batch: a crash goes on with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from matcher.errors import Exit
from matcher.month import Rules
from matcher.progress import Stages
from matcher.registry.store import Registry
from matcher.workspace import Workspace


@dataclass(frozen=True)
class Options:
    """Options of `matcher run`. Paths are absolute."""

    inbox: str
    review: Literal["auto", "hold"] = "auto"
    without: tuple[str, ...] = ()
    keep_extracts: bool = False
    because: str = ""
    replaces: str | None = None
    engine: str = "in_process"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Options:
        return cls(**{**value, "without": tuple(value["without"])})

    @property
    def folder(self) -> Path:
        return Path(self.inbox)


@dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code, the object for --json, lines for the person at the keyboard."""

    code: Exit
    summary: dict[str, Any]
    lines: tuple[str, ...] = ()


Say = Callable[[str], None]
Ask = Callable[[str], bool]


@dataclass(frozen=True)
class Console:
    """How a run talks: `say` to stderr; `ask` a yes/no question, None where nobody is there to answer."""

    say: Say
    ask: Ask | None = None


@dataclass(frozen=True)
class Run:
    """What every step of a run works with. The caller has opened the registry and holds the workspace's lock."""

    workspace: Workspace
    registry: Registry
    rules: Rules
    console: Console
    stages: Stages
