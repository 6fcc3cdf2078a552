"""What a decision does: a granted restriction restricts, a granted erasure erases; the rest is said.

Takes an opened workspace and a decided request; gives what was done, in ids and paths. Carried out after the decision is
recorded, so that a search that finds residue still leaves the decision standing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from matcher.registry import Registry
from matcher.rights.erasing import erase
from matcher.rights.policy import retention_policy
from matcher.rights.requests import restrict
from matcher.workspace import Workspace

ERASED_BY_RIGHT = "erasure_right"


def carry_out(
    workspace: Workspace, registry: Registry, row: dict[str, Any], *, role: str, today: dt.date
) -> dict[str, Any]:
    """The effect of a decision. Raises UserError, as erasing does."""
    if row["decision"] not in ("granted", "part"):
        return {}
    person, family = row["person_id"], row["family_id"]
    if row["kind"] == "restriction":
        reason = "accuracy_contested"
        restrict(
            workspace, registry, person=person, family=None if person else family, reason=reason, role=role, today=today,
            request=row["request_id"],
        )  # fmt: skip
        return {"restricted": person or family}
    if row["kind"] == "erasure" and row["decision"] == "granted":
        if person is not None:
            return erase_person(workspace, registry, person, role=role, today=today, request=row["request_id"])
        policy = retention_policy(workspace, today)
        done = erase(
            workspace, registry, policy, families=[family], reason=ERASED_BY_RIGHT, role=role, today=today,
            request=row["request_id"],
        )  # fmt: skip
        return {"families": done.families, "people": done.people, "certificate": done.certificate}
    if row["kind"] == "objection":
        return {"next": "end the use with: matcher subject restrict, or: matcher subject erase"}
    return {}


def erase_person(
    workspace: Workspace, registry: Registry, person: str, *, role: str, today: dt.date, request: str | None
) -> dict[str, Any]:
    """Erase one person; gives what went, and the certificate. The password of their exports goes too. Raises UserError."""
    policy = retention_policy(workspace, today)
    done = erase(
        workspace, registry, policy, people=[person], reason=ERASED_BY_RIGHT, role=role, today=today, request=request
    )
    waiting = sorted({one.recipient for one in done.waiting})
    return {
        "families": done.families, "lists_destroyed": done.lists, "recipients_to_tell": waiting, "certificate": done.certificate,
    }  # fmt: skip
