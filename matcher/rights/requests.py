"""Requests of people: recorded, clocked, put to the originators, decided, and carried out where that is a restriction or erasure.

Takes an opened workspace and codes; gives ids and dates. Refuses what is no code, a decision before the originators who
supplied the data were asked (agreement, sections 16 and 17), and a refusal without its exemption. The audit log gets ids and
codes; no request holds a name.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.registry import Registry
from matcher.rights.clocks import KINDS, due
from matcher.rights.codes import (
    DECISIONS,
    EXEMPTIONS,
    IDENTITY,
    RESTRICTIONS,
    VIEWS,
    not_in_future,
    one_of,
    reference_of,
)
from matcher.rights.working_days import WorkingDays
from matcher.workspace import Workspace
from specs.load import load_extract_specs

ABOUT_NOBODY = "freedom-of-information"


@dataclass(frozen=True)
class Asked:
    """A request as `list` shows it: `waits_for` are the originators who have given no view."""

    request_id: str
    kind: str
    person_id: str | None
    family_id: str | None
    reference: str | None
    received_on: dt.date
    due_on: dt.date
    days_left: int
    law: str
    by_role: str
    identity: str
    found: str | None
    decision: str | None
    exemption: str | None
    views: dict[str, str]
    waits_for: list[str]


def record(
    workspace: Workspace, registry: Registry, *, kind: str, received: dt.date, role: str, identity: str,
    reference: str | None, person: str | None, family: str | None, today: dt.date,
) -> tuple[str, dt.date, str]:  # fmt: skip
    """Record a request; gives its id, the last day for an answer, and the law. Raises UserError."""
    one_of(dict.fromkeys(KINDS, "a kind of request"), kind, "kind of request")
    one_of(IDENTITY, identity, "way of checking who asks")
    not_in_future(received, today, "receipt")
    if kind == ABOUT_NOBODY and (person or family):
        raise UserError(
            "A freedom-of-information request is about no person.",
            todo="record a request for a person's data as access",
        )
    check_ids(registry, person, family)
    clock = due(kind, received, WorkingDays.of(workspace.root / "policy"))
    request_id = registry.rights.put_request(
        {"kind": kind, "person_id": person, "family_id": family, "reference": reference_of(reference), "received_on": received,
         "due_on": clock.on, "law": clock.law, "by_role": role, "identity": identity}
    )  # fmt: skip
    Audit(workspace).append(
        "request_recorded", request=request_id, kind=kind, received=received.isoformat(), due=clock.on.isoformat(),
        person=person, family=family, by_role=role,
    )  # fmt: skip
    return request_id, clock.on, clock.law


def check_ids(registry: Registry, person: str | None, family: str | None) -> None:
    """Raises UserError for a person or family that the registry does not hold."""
    if family is not None:
        registry.family(family)
    if person is not None and person not in registry.rights.people():
        raise UserError("The registry holds no such person.", todo="search with: matcher subject find")


def view(
    workspace: Workspace, registry: Registry, request: str, *, partner: str, given: str, on: dt.date, today: dt.date
) -> None:
    """Record what an originator said of a request. Raises UserError."""
    one_of(VIEWS, given, "view")
    partners = {flow.partner: flow.owner for spec in load_extract_specs().values() for flow in spec.flow}
    one_of(partners, partner, "partner")
    not_in_future(on, today, "the view")
    registry.rights.put_view(request, partner, given, on)
    Audit(workspace).append("originator_view", request=request, partner=partner, view=given, on=on.isoformat())


def found(
    workspace: Workspace, registry: Registry, request: str, *, person: str | None, family: str | None, role: str
) -> None:
    """Record whom a request is about, or (neither given) that nothing is held. Raises UserError."""
    check_ids(registry, person, family)
    answer = "held" if person or family else "nothing_held"
    registry.rights.change_request(
        request, {"person_id": person, "family_id": family, "found": answer, "searched_at": dt.datetime.now(dt.UTC)}
    )
    Audit(workspace).append(
        "request_searched", request=request, found=answer, person=person, family=family, by_role=role
    )


def originators(registry: Registry, person: str | None, family: str | None) -> list[str]:
    """The partners whose data about the person (or family) are held."""
    specs = load_extract_specs()
    families = [family] if family else registry.rights.families_of(person) if person else []
    partners = set()
    for one in families:
        for row in registry.family(one).records:
            if (person is None or row["person_id"] == person) and row["dataset"] in specs:
                partners.add(specs[row["dataset"]].flow_for(row["supplier"]).partner)
    return sorted(partners)


def asked(registry: Registry, today: dt.date, *, all_of_them: bool = False) -> list[Asked]:
    """The open requests (or all), the earliest due first."""
    known, people = {row["family_id"] for row in registry.rights.holdings()}, registry.rights.people()
    out = []
    for row in registry.rights.requests():
        if row["decision"] is not None and not all_of_them:
            continue
        views = {one["partner"]: one["view"] for one in registry.rights.views(row["request_id"])}
        person = row["person_id"] if row["person_id"] in people else None
        family = row["family_id"] if row["family_id"] in known else None
        waits = [] if row["decision"] else [p for p in originators(registry, person, family) if p not in views]
        names = Asked.__dataclass_fields__.keys() - {"days_left", "views", "waits_for"}
        days_left = (row["due_on"] - today).days
        out.append(Asked(**{n: row[n] for n in names}, days_left=days_left, views=views, waits_for=waits))
    return out


def decide(
    workspace: Workspace, registry: Registry, request: str, *, decision: str, role: str, on: dt.date,
    exemption: str | None, citation: str | None, today: dt.date,
) -> dict[str, Any]:  # fmt: skip
    """Record a decision; gives the request. Raises UserError where something must be done first."""
    one_of(DECISIONS, decision, "decision")
    not_in_future(on, today, "the decision")
    row = registry.rights.request(request)
    if row["decision"] is not None:
        raise UserError("That request is decided already.", todo="record a new request if it is asked again")
    if decision in ("refused", "part") and (exemption is None or not (citation or "").strip()):
        raise UserError(
            "A refusal, whole or in part, names its exemption and where that stands.",
            where=[f"{code}: {says}" for code, says in EXEMPTIONS.items()], todo="add --exemption CODE --citation TEXT",
        )  # fmt: skip
    if exemption is not None:
        one_of(EXEMPTIONS, exemption, "exemption")
    if row["kind"] != ABOUT_NOBODY and decision in ("granted", "part", "refused"):
        _ready(registry, row, decision)
    registry.rights.change_request(
        request,
        {"decision": decision, "decided_by": role, "decided_on": on, "exemption": exemption, "citation": citation},
    )
    Audit(workspace).append(
        "request_decided", request=request, kind=row["kind"], decision=decision, exemption=exemption, by_role=role,
        in_time=on <= row["due_on"],
    )  # fmt: skip
    return registry.rights.request(request)


def _ready(registry: Registry, row: dict[str, Any], decision: str) -> None:
    person, family = row["person_id"], row["family_id"]
    if person is None and family is None:
        raise UserError(
            "It is not said whom this request is about.",
            todo="first: matcher subject find, then: matcher subject found",
        )
    if row["identity"] == "not_yet" and decision != "refused":
        raise UserError("Who asks was not checked yet.", todo="check it, then: matcher subject identity")
    given = {one["partner"] for one in registry.rights.views(row["request_id"])}
    missing = [partner for partner in originators(registry, person, family) if partner not in given]
    if missing:
        raise UserError(
            "Originators whose data are held have not been asked.",
            where=", ".join(missing),
            todo="ask each, then: matcher subject view REQUEST --partner PARTNER --view CODE (no_answer where none came)",
        )
    if row["kind"] == "correction" and decision != "refused" and not _corrected(registry, row):
        raise UserError("No correction is recorded for this request.", todo="first: matcher subject correct")


def _corrected(registry: Registry, row: dict[str, Any]) -> bool:
    return any(one["request_id"] == row["request_id"] for one in registry.rights.corrections(row["person_id"]))


def restrict(
    workspace: Workspace, registry: Registry, *, person: str | None, family: str | None, reason: str, role: str,
    today: dt.date, request: str | None = None,
) -> bool:  # fmt: skip
    """Leave a person or family out of every list until it is lifted. False where that was so before. Raises UserError."""
    one_of(RESTRICTIONS, reason, "reason for restricting")
    check_ids(registry, person, family)
    if request is not None:
        registry.rights.request(request)
    new = registry.rights.restrict(
        {
            "person_id": person,
            "family_id": family,
            "request_id": request,
            "reason": reason,
            "by_role": role,
            "begun_on": today,
        }
    )
    if new:
        Audit(workspace).append(
            "use_restricted", person=person, family=family, reason=reason, request=request, by_role=role
        )
    return new


def lift(
    workspace: Workspace, registry: Registry, *, person: str | None, family: str | None, role: str, today: dt.date
) -> int:
    """Lift what restricts a person or family; gives how many restrictions. Raises UserError where there is none."""
    count = registry.rights.lift(person_id=person, family_id=family, on=today, by_role=role)
    if not count:
        raise UserError("Nothing restricts that person or family.", todo="see: matcher subject list")
    Audit(workspace).append("restriction_lifted", person=person, family=family, by_role=role)
    return count
