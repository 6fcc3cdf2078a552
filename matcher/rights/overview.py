"""What waits for a person or is late, in counts: reviews, files, confirmations, requests; and how many are restricted.

Takes a workspace and its registry; gives counts for `status` and lines that `run` and `status` show. No id, no person.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from matcher.registry import Registry
from matcher.rights.destruction import OUTSTANDING, OVERDUE, handed_out
from matcher.rights.outbox import past_time
from matcher.rights.policy import retention_policy
from matcher.rights.reviews import by_area, reviews_due
from matcher.workspace import Workspace


def overview(workspace: Workspace, registry: Registry, today: dt.date) -> dict[str, Any]:
    """Counts of what is due. Raises UserError where the retention policy has faults."""
    policy = retention_policy(workspace, today)
    reviews = reviews_due(registry, policy, today)
    states = [one.state for one in handed_out(registry, today, policy.confirm_days)]
    waiting = [row["due_on"] for row in registry.rights.requests() if row["decision"] is None]
    families, people = registry.rights.restricted()
    return {
        "reviews_due": {"families": len(reviews), "by_area": by_area(reviews)},
        "files_past_time": len(past_time(workspace, registry, policy, today)),
        "not_confirmed": {"outstanding": states.count(OUTSTANDING), "overdue": states.count(OVERDUE)},
        "requests": {"open": len(waiting), "overdue": sum(due < today for due in waiting)},
        "restricted": {"families": len(families), "people": len(people)},
    }


def lines(counts: dict[str, Any]) -> list[str]:
    """What is not nought of it, a line each."""
    reviews, handed, requests = counts["reviews_due"], counts["not_confirmed"], counts["requests"]
    told = []
    if reviews["families"]:
        areas = ", ".join(f"{area} {count}" for area, count in reviews["by_area"].items())
        told.append(f"Reviews due: {reviews['families']} families ({areas}); see: matcher retention list")
    if counts["files_past_time"]:
        told.append(f"Lists past their time in outbox/: {counts['files_past_time']}; destroy them with: matcher expire")
    if handed["outstanding"] or handed["overdue"]:
        told.append(
            f"Handed out and not confirmed destroyed: {handed['outstanding'] + handed['overdue']}, {handed['overdue']} of them "
            "overdue; remind with: matcher retention chase"
        )
    if requests["open"]:
        told.append(
            f"Requests of people: {requests['open']} open, {requests['overdue']} overdue; see: matcher subject list"
        )
    if any(counts["restricted"].values()):
        restricted = counts["restricted"]
        told.append(
            f"Left out of every list: {restricted['people']} people, {restricted['families']} families; see: matcher subject list"
        )
    return told
