"""Deleting families and people that were kept, so that it can be shown: registry, lists, search, certificate.

Takes an opened workspace and ids, a reason and a role; gives `Erasure`. Refuses while a batch is on its way (what it holds
would bring them back), and ids that were never there. In this order: the ids into the audit log, the rows out of the
registry, the lists that name them out of `outbox/`, the search for what they held, the certificate. A crash in between is
made good by `finish`: the audit log names what has to be gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from matcher.backup.replay import replay
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.purge.key_losses import PASSWORD
from matcher.purge.residue import Searched, search_all
from matcher.registry import Registry
from matcher.rights.codes import DELETE, one_of
from matcher.rights.destruction import CONFIRMED, Handed, handed_out
from matcher.rights.dossier import password_name
from matcher.rights.outbox import issue_retention, not_confirmed, write_certificate
from matcher.rights.policy import RetentionPolicy
from matcher.workspace import Workspace

FAMILIES_ERASED, PEOPLE_ERASED = "families_erased", "people_erased"
SHORTEST = 8  # characters: shorter values are found by chance
_AT_ONCE = 400  # ids in one entry of the audit log, whose end must stay readable
HOW = (
    "Rows deleted from the encrypted registry; a registry file overwrites them in place; of a family its id, area and dates may stay, "
    "of a person nothing. Lists that named them: renamed, overwritten once, emptied, removed."
)


@dataclass(frozen=True)
class Erasure:
    """What was deleted: ids, the lists destroyed, what recipients still hold, the search, the certificate's path."""

    families: list[str]
    people: int
    lists: list[str]
    waiting: list[Handed]
    searched: Searched
    certificate: str


def erase(
    workspace: Workspace,
    registry: Registry,
    policy: RetentionPolicy,
    *,
    families: Collection[str] = (),
    people: Collection[str] = (),
    reason: str,
    role: str,
    today: dt.date,
    request: str | None = None,
) -> Erasure:
    """Delete families whole, or people out of their families. Raises UserError; exit 6 where the search finds them still."""
    one_of(DELETE, reason, "reason for deleting")
    rights = registry.rights
    with workspace.lock():
        _refuse_unfinished(registry)
        _refuse_unknown(registry, families, people)
        gone = rights.with_merged([*families, *rights.left_empty(people)])
        if not gone and not people:
            return Erasure([], 0, [], [], Searched(0), "")
        touched = sorted({*gone, *(family for person in people for family in rights.families_of(person))})
        everybody = {*people, *rights.people_of(gone)}
        texts = rights.texts_of(gone, everybody)
        before = rights.people()
        log = Audit(workspace)
        for some in _slices(gone):
            log.append(FAMILIES_ERASED, families=some, reason=reason, by_role=role, request=request)
        for some in _slices(sorted(people)):
            log.append(PEOPLE_ERASED, people=some, reason=reason, by_role=role, request=request)
        registry.erase_families(gone, reason=reason)
        registry.erase_people(people, reason=reason)
        if not policy.marker_may_stay:
            rights.forget_markers()
        handed = handed_out(registry, today, policy.confirm_days, family_ids=touched)
        lists = destroy_lists(workspace, handed)
        searched = _search(workspace, registry, texts)
        waiting = [one for one in handed if one.state != CONFIRMED]
        erased = before - rights.people()
        for person in erased:
            workspace.keys.destroy(f"{PASSWORD}{password_name(person)}")
        count = len(erased)
        path = _certify(workspace, gone, count, reason, role, request, lists, waiting, searched, today)
        log.append(
            "erasure_certified", families=len(gone), people=count, lists=len(lists), places=len(searched.findings)
        )
    _refuse_residue(searched)
    return Erasure(gone, count, lists, waiting, searched, path)


def destroy_lists(workspace: Workspace, handed: Iterable[Handed]) -> list[str]:
    """Destroy the files of `outbox/` that were handed out; gives those that were there."""
    found = []
    for file in sorted({one.file for one in handed if one.file.startswith("outbox/")}):
        path = workspace.path(file)
        if path.is_file():
            workspace.destroy(path)
            found.append(file)
    return found


def finish(workspace: Workspace, registry: Registry) -> int:
    """Erase again what the audit log says is erased, where a crash came in between. Gives how many were there.

    Not while a batch is on its way: the next time does it.
    """
    if registry.unfinished():
        return 0
    log = Audit(workspace)
    done = sum(replay(registry, log.entries()).values())
    if done:
        log.append("erasures_finished", families_and_people=done)
    return done


def _refuse_unfinished(registry: Registry) -> None:
    if waiting := registry.unfinished():
        raise UserError(
            "A batch is on its way: what it holds would bring back what is deleted now.",
            where=", ".join(batch.batch_id for batch in waiting),
            todo="first end it with: matcher resume, or: matcher abandon",
        )


def _refuse_unknown(registry: Registry, families: Collection[str], people: Collection[str]) -> None:
    known_families = {row["family_id"] for row in registry.rights.holdings()} | registry.rights.erased().keys()
    unknown = len(set(families) - known_families) + len(set(people) - registry.rights.people())
    if unknown:
        raise UserError(
            f"{unknown} of these ids are not in the registry; nothing was deleted.",
            todo="see the families with: matcher retention list, or: matcher families",
        )


def _slices(ids: Sequence[str]) -> list[list[str]]:
    return [list(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE)]


def _search(workspace: Workspace, registry: Registry, texts: Iterable[str]) -> Searched:
    """Look everywhere for what they held and nobody who is kept holds too."""
    kept = "\n".join(text for _, text in registry.every_cell()).casefold()
    values = sorted(text for text in texts if len(text) >= SHORTEST and text.casefold() not in kept)
    return search_all(workspace, values, cells=registry.every_cell())


def _certify(
    workspace: Workspace,
    families: list[str],
    people: int,
    reason: str,
    role: str,
    request: str | None,
    lists: list[str],
    waiting: Iterable[Handed],
    searched: Searched,
    today: dt.date,
) -> str:
    """The signed certificate in `assurance/`; gives its path."""
    subject = {
        "families": families,
        "people": people,
        "reason": {"code": reason, "says": DELETE[reason]},
        "decided_by": role,
        "request": request,
        "lists_destroyed": lists,
        "not_confirmed_destroyed": not_confirmed(waiting),
        "searched": {
            "values": searched.values, "files": searched.files, "bytes": searched.bytes,
            "findings": len(searched.findings), "not_searched": len(searched.not_opened),
        },
    }  # fmt: skip
    return write_certificate(
        workspace, f"assurance/erasure.{today.isoformat()}", issue_retention(workspace, subject, HOW)
    )


def _refuse_residue(searched: Searched) -> None:
    if searched.findings:
        raise UserError(
            "The rows are deleted, but the search found something of them; the certificate says so.",
            where=(f"{finding.file}, offset {finding.offset}" for finding in searched.findings[:20]),
            todo="remove these files if nothing else needs them; matcher never looks into other folders",
            code=Exit.RESIDUE,
        )
