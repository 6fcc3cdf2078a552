"""Lists of people in `outbox/` past their time: which they are, and their destruction, audited and certified.

Takes the workspace, its registry and the retention policy; gives `Past`, one a file. Only files that name people are ever
due: `key-worker/` and `partners/` of a batch. Counts (finance, published, assurance, report) stay.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass

from matcher.clock import PLACE
from matcher.purge.audit import Audit
from matcher.purge.certificate import issue, to_bytes
from matcher.registry import Batch, Registry
from matcher.rights.destruction import CONFIRMED, Handed, handed_out
from matcher.rights.policy import RetentionPolicy
from matcher.runs.certificates import issuer_of
from matcher.workspace import Destroyed, Workspace

PEOPLE = ("key-worker", "partners")
AGE, SUPERSEDED, ENDED, ERASED = "age", "superseded", "batch ended", "names a deleted family or person"
HOW = (
    "Lists of people under passwords, past the time of the retention policy: renamed, overwritten once with random bytes, "
    "emptied, removed. Their recipients' copies are destroyed by the recipients, who confirm it."
)


@dataclass(frozen=True)
class Past:
    """A file that is past its time: relative to the workspace, since when, and why."""

    file: str
    batch: str
    due: dt.date
    why: str


def past_time(workspace: Workspace, registry: Registry, policy: RetentionPolicy, today: dt.date) -> list[Past]:
    """Lists in outbox/ that are past their time, by file."""
    batches = registry.batches()
    names_erased = registry.rights.naming_erased()
    erased = {row["form"] for row in registry.rights.handed_out() if row["disclosure_id"] in names_erased}
    found = []
    for batch in batches:
        if batch.unfinished:
            continue
        due, why = _due(batch, batches, policy)
        for file in _lists(workspace, batch):
            if file in erased:
                found.append(Past(file, batch.batch_id, today, ERASED))
            elif due <= today:
                found.append(Past(file, batch.batch_id, due, why))
    return found


def _due(batch: Batch, batches: Iterable[Batch], policy: RetentionPolicy) -> tuple[dt.date, str]:
    ended = (batch.sealed_at or batch.changed_at).astimezone(PLACE).date()
    if batch.state != "sealed":
        return ended, ENDED
    due, why = ended + dt.timedelta(days=policy.outbox_days), AGE
    newer = [
        other.sealed_at.astimezone(PLACE).date() + dt.timedelta(days=policy.superseded_days)
        for other in batches
        if other.sealed_at is not None and batch.sealed_at is not None and other.sealed_at > batch.sealed_at
    ]
    return min([(due, why), *((day, SUPERSEDED) for day in newer)])


def _lists(workspace: Workspace, batch: Batch) -> list[str]:
    folders = (workspace.outbox(batch.batch_id) / name for name in PEOPLE)
    return [workspace.relative(path) for folder in folders for path in sorted(folder.glob("*")) if path.is_file()]


def destroy_past(
    workspace: Workspace, registry: Registry, policy: RetentionPolicy, today: dt.date
) -> tuple[list[Past], list[str]]:
    """Destroy the lists that are past their time. Gives them, and the certificates written: one a batch."""
    with workspace.lock():
        past = past_time(workspace, registry, policy, today)
        if not past:
            return [], []
        done = {one.file: workspace.destroy(workspace.path(one.file)) for one in past}
        Audit(workspace).append(
            "outbox_destroyed", files=len(past), batches=sorted({one.batch for one in past}), policy=policy.title
        )
        handed = handed_out(registry, today, policy.confirm_days)
        of_batch: dict[str, list[Past]] = defaultdict(list)
        for one in past:
            of_batch[one.batch].append(one)
        return past, [_certify(workspace, batch, mine, done, handed, today) for batch, mine in sorted(of_batch.items())]


def _certify(
    workspace: Workspace,
    batch: str,
    past: list[Past],
    done: dict[str, Destroyed],
    handed: Collection[Handed],
    today: dt.date,
) -> str:
    """The batch's follow-up certificate; gives its path."""
    subject = {
        "batch": batch,
        "files": [
            {"file": one.file, "why": one.why, "due": one.due.isoformat(), "sha256": done[one.file].digest,
             "outcome": done[one.file].outcome}
            for one in past
        ],
        "not_confirmed_destroyed": not_confirmed(one for one in handed if one.batch == batch),
    }  # fmt: skip
    return write_certificate(
        workspace, f"outbox/{batch}/assurance/follow_up.{today.isoformat()}", issue_retention(workspace, subject, HOW)
    )


def issue_retention(workspace: Workspace, subject: Mapping[str, object], how: str) -> bytes:
    """A signed certificate of kind "retention" as bytes."""
    return to_bytes(issue("retention", subject, issuer_of(workspace), how=how))


def write_certificate(workspace: Workspace, name: str, content: bytes) -> str:
    """Write it under a name that no earlier one has: `name.json`, else `name-2.json`. Gives its path."""
    path, number = f"{name}.json", 1
    while workspace.path(path).exists():
        number += 1
        path = f"{name}-{number}.json"
    workspace.write(path, content)
    return path


def not_confirmed(handed: Iterable[Handed]) -> list[dict[str, object]]:
    """Copies with recipients that nobody has confirmed destroyed, for a certificate."""
    told = ("recipient", "file", "handed_on", "state")
    return [{name: str(asdict(one)[name]) for name in told} for one in handed if one.state != CONFIRMED]
