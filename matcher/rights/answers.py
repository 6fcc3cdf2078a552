"""Answers of a search: who in a held batch could be meant, and that nothing is held, recorded and certified.

Takes an opened workspace; gives candidates by the batch and a number, and the certificate's path. Names nobody.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from matcher import __version__
from matcher.purge.audit import Audit
from matcher.purge.certificate import issue, to_bytes
from matcher.registry import Registry
from matcher.rights.outbox import write_certificate
from matcher.rights.requests import found
from matcher.rights.search import Candidate, Wanted, candidates
from matcher.runs.certificates import issuer_of
from matcher.runs.waiting import Waiting
from matcher.workspace import Workspace

HOW = (
    "Every name, date of birth, identifier and postcode that the registry holds of its people, former and present, was compared "
    "with what the request gave, with misspellings, swapped names and turned dates taken for alike; so was a held batch. "
    "Received files that wait in an inbox are not searched: they are not read before their match."
)


def held_candidates(workspace: Workspace, registry: Registry, wanted: Wanted) -> list[Candidate]:
    """Who of a held batch could be meant: keys are "<batch> person <number>". Empty where no batch is held."""
    out = []
    for batch in registry.unfinished():
        if batch.state == "held":
            tables = Waiting.load(workspace, batch.batch_id).tables
            person_of = dict(zip(*(tables.members[n].to_pylist() for n in ("record_id", "person_id")), strict=True))
            rows = [
                {**row, "held": str(person_of[row["record_id"]])}
                for row in tables.records.to_pylist()
                if row["record_id"] in person_of and not row["known_person"]
            ]
            found_here = candidates(wanted, rows, key="held")
            out += [replace(one, key=f"{batch.batch_id} person {one.key}") for one in found_here]
    return out


def nothing_held(workspace: Workspace, registry: Registry, request: str, *, role: str) -> str:
    """Record that nothing is held about whom a request names, and certify it; gives the certificate's path."""
    found(workspace, registry, request, person=None, family=None, role=role)
    subject = {
        "request": request,
        "answer": "nothing is held",
        "searched_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "people_in_registry": len(registry.rights.people()),
        "last_batch": last.batch_id if (last := registry.last_sealed()) else None,
        "searched_by": role,
        "program": f"matcher {__version__}",
    }
    certificate = issue("search", subject, issuer_of(workspace), how=HOW, stays_outside=())
    path = write_certificate(workspace, f"assurance/search.{request}", to_bytes(certificate))
    Audit(workspace).append("nothing_held_certified", request=request, by_role=role)
    return path
