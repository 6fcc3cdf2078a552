"""Which families are due for review, and keeping one after its review (agreement, section 10).

Takes the registry and the retention policy; gives `Review`, one a family that is due. Refuses a next review later than the
policy's period, and a family that is not held. Nothing is deleted here, and nothing ever by itself: a person decides.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.clock import PLACE
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.registry import Registry
from matcher.rights.codes import KEEP, one_of
from matcher.rights.policy import RetentionPolicy
from matcher.workspace import Workspace

FIRST, FURTHER, ENDED = "first review", "yearly review", "the programme has ended"


@dataclass(frozen=True)
class Review:
    """A family whose review is due: since when, why, and how much is held."""

    family_id: str
    area: str
    status: str
    due: dt.date
    days_over: int
    why: str
    identified_on: dt.date
    confirmed_batch: str
    people: int
    records: int


def reviews_due(registry: Registry, policy: RetentionPolicy, today: dt.date) -> list[Review]:
    """The families due by `today`, earliest first; closed ones too, since they are held until somebody decides.

    A family that was merged into another is reviewed with it.
    """
    found = []
    for row in registry.rights.holdings():
        if row["merged_into"] is not None:
            continue
        kept_on = row["kept_at"].astimezone(PLACE).date() if row["kept_at"] else None
        due, why = row["review_due"], FIRST if kept_on is None else FURTHER
        if policy.programme_ends < due and (kept_on is None or kept_on < policy.programme_ends):
            due, why = policy.programme_ends, ENDED
        if due <= today:
            found.append(
                Review(
                    row["family_id"], row["area"], row["status"], due, (today - due).days, why, row["identified_on"],
                    row["confirmed_batch"], row["people"], row["records"],
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.due, one.family_id))


def by_area(reviews: Sequence[Review]) -> dict[str, int]:
    """Families due, by area."""
    return dict(sorted(Counter(one.area for one in reviews).items()))


def keep(
    workspace: Workspace, registry: Registry, policy: RetentionPolicy, family_id: str, *, reason: str, role: str,
    until: dt.date | None, today: dt.date,
) -> dt.date:  # fmt: skip
    """Record that a family is kept until its next review; gives that day. Raises UserError."""
    one_of(KEEP, reason, "reason for keeping a family")
    latest = policy.review_after(today)
    until = until or latest
    if not today < until <= latest:
        raise UserError(
            f"The next review comes after today and by {latest:%d/%m/%Y}.",
            where=f"{policy.title}: {policy.further_review_months} months at the most",
            todo="give an earlier date, or leave --until out",
        )
    registry.family(family_id)
    registry.rights.keep(family_id, reason=reason, by_role=role, until=until)
    Audit(workspace).append("family_kept", family=family_id, reason=reason, until=until.isoformat(), by_role=role)
    return until
