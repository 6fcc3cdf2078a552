"""The rules of a workspace at a date: settings, dated policies, framework and model, loaded once and refused with all faults."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

from pydantic import ValidationError

from criteria.framework import load_framework
from criteria.policy import CONCERN, load_policy
from matcher.errors import UserError
from matcher.month import Rules
from matcher.pairs import load_model
from matcher.persons import Thresholds
from matcher.workspace import Workspace
from specs.faults import faults_of
from specs.load import SpecError, load_extract_specs


def rules_of(workspace: Workspace, as_at: dt.date, *, engine: str = "in_process") -> Rules:
    """What decides a month in this workspace. Raises UserError naming file and line of what does not fit."""
    settings = workspace.settings
    try:
        return Rules(
            specs=load_extract_specs(),
            model=load_model(),
            thresholds=thresholds_of(workspace.policy_path("thresholds", as_at, or_earliest=True)),
            framework=load_framework(),
            policy=load_policy(workspace.policy_path("discretion", as_at, or_earliest=True)),
            joint_match=settings.joint_match.on,
            expected=settings.expected.supplies,
            areas=workspace.areas,
            engine=engine,
        )
    except SpecError as error:
        raise UserError(
            f"{len(error.faults)} fault(s) in the rules.",
            where=error.faults,
            todo="mend these lines and run the command again",
        ) from error


def titles_of(rules: Rules, as_at: dt.date) -> dict[str, str]:
    """Criterion or concern -> words; a concern by its id with and without the prefix `concern.`."""
    titles = {criterion.id: criterion.title for criterion in rules.framework.rules.criterion}
    for clause in rules.policy.concerns(rules.framework, as_at):
        titles |= {clause.id: clause.says, clause.id.removeprefix(f"{CONCERN}."): clause.says}
    return titles


def thresholds_of(path: Path) -> Thresholds:
    """The thresholds of a policy file. Raises UserError with every fault, without values."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Thresholds.model_validate(
            {name: value for name, value in raw.items() if name not in ("title", "source")}
        )
    except UnicodeDecodeError:
        raise UserError(
            "The thresholds policy is not text in UTF-8.", where=path.name, todo="save it as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UserError("The thresholds policy is not TOML.", where=f"{path.name}: {error}", todo="mend it") from None
    except ValidationError as error:
        faults = faults_of(error, path.name)
        raise UserError("The thresholds policy has faults.", where=faults, todo="mend these lines") from None
