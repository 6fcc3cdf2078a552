"""The retention policy in force: `policy/retention.<date>.toml`. Takes a workspace and a date; refuses a file with faults."""

from __future__ import annotations

import calendar
import datetime as dt
import tomllib

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from matcher.errors import UserError
from matcher.workspace import Workspace
from specs.faults import faults_of


class RetentionPolicy(BaseModel):
    """Periods of the agreement's section 10, and the local ones that serve it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    title: str
    source: str
    first_review_months: int = Field(12, ge=1, le=12)
    further_review_months: int = Field(12, ge=1, le=12)
    programme_ends: dt.date
    outbox_days: int = Field(90, ge=1, le=366)
    superseded_days: int = Field(28, ge=0, le=366)
    confirm_days: int = Field(28, ge=1, le=366)
    marker_may_stay: bool = True

    def review_after(self, day: dt.date) -> dt.date:
        """The latest day of the next review of a family reviewed on `day`."""
        year, month = divmod(day.year * 12 + day.month - 1 + self.further_review_months, 12)
        return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def retention_policy(workspace: Workspace, today: dt.date) -> RetentionPolicy:
    """The policy in force on that day. Raises UserError."""
    path = workspace.policy_path("retention", today, or_earliest=True)
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return RetentionPolicy.model_validate(raw)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError("The retention policy is not TOML.", where=path.name, todo="mend that file") from error
    except ValidationError as error:
        faults = faults_of(error, path.name)
        raise UserError(
            f"The retention policy holds {len(faults)} fault(s).", where=faults, todo="mend these lines"
        ) from None
