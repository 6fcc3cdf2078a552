"""Whether recipients destroyed the lists they were handed: what is in use, outstanding, overdue or confirmed.

Takes the registry's log of disclosures; gives `Handed`, one a file that left. A list is in use until a newer one of its kind
went to the same recipient, its batch was replaced or ended, or a family or person in it was deleted; then its destruction is
to be confirmed. Refuses a confirmation of what was never handed out. No person is in any of this.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from matcher.clock import PLACE
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.registry import Registry
from matcher.rights.codes import not_in_future
from matcher.workspace import Workspace

IN_USE, OUTSTANDING, OVERDUE, CONFIRMED = "in use", "outstanding", "overdue", "confirmed"


@dataclass(frozen=True)
class Handed:
    """One file that left: `since` is the day from which its destruction is due; `destroyed_on` what the recipient said."""

    disclosure_id: int
    recipient: str
    file: str
    batch: str | None
    handed_on: dt.date
    people: int
    state: str
    since: dt.date | None
    destroyed_on: dt.date | None


def handed_out(
    registry: Registry, today: dt.date, confirm_days: int, *, family_ids: Collection[str] | None = None
) -> list[Handed]:
    """Every file that left, oldest first; with `family_ids` only those that name one of these families."""
    rows = [row for row in registry.rights.handed_out() if row["people"]]
    batches = {batch.batch_id: batch for batch in registry.batches()}
    wanted = None if family_ids is None else {r["disclosure_id"] for r in registry.rights.handed_out(family_ids)}
    names_erased = registry.rights.naming_erased()
    found = []
    for place, row in enumerate(rows):
        if wanted is not None and row["disclosure_id"] not in wanted:
            continue
        handed_on = _day(row["disclosed_at"])
        newer = [
            _day(other["disclosed_at"])
            for other in rows[place + 1 :]
            if (other["spec"], other["recipient"]) == (row["spec"], row["recipient"])
        ]
        batch = batches.get(row["batch_id"] or "")
        if batch is not None and batch.replaced_by in batches:
            newer.append(_day(batches[batch.replaced_by].changed_at))
        if batch is not None and batch.state in ("expired", "abandoned"):
            newer.append(_day(batch.changed_at))
        if row["disclosure_id"] in names_erased:
            newer.append(names_erased[row["disclosure_id"]])
        since = min(newer, default=None)
        found.append(
            Handed(
                row["disclosure_id"], row["recipient"], row["form"], row["batch_id"], handed_on, row["people"],
                _state(row, since, today, confirm_days), since, row["destroyed_on"],
            )
        )  # fmt: skip
    return found


def _day(stamp: dt.datetime) -> dt.date:
    return stamp.astimezone(PLACE).date()


def _state(row: dict[str, Any], since: dt.date | None, today: dt.date, confirm_days: int) -> str:
    if row["destroyed_on"] is not None:
        return CONFIRMED
    if since is None:
        return IN_USE
    return OVERDUE if since + dt.timedelta(days=confirm_days) < today else OUTSTANDING


def confirm(
    workspace: Workspace, registry: Registry, *, recipient: str, batch: str | None, file: str | None, role: str,
    on: dt.date, today: dt.date,
) -> int:  # fmt: skip
    """Record a recipient's confirmation for every list of a batch, or for one file. Gives how many are new. Raises UserError."""
    not_in_future(on, today, "the destruction")
    mine = [
        one
        for one in handed_out(registry, today, 1)
        if one.recipient == recipient
        and (batch is None or one.batch == batch)
        and (file is None or _same_file(one.file, file))
    ]
    if not mine:
        raise UserError(
            "Nothing of that kind was handed to that recipient.",
            todo="see what was handed out with: matcher retention list",
        )
    if any(on < one.handed_on for one in mine):
        raise UserError("It was handed out after that date.", todo="give the day on which the recipient destroyed it")
    new = registry.rights.confirm((one.disclosure_id for one in mine), by_role=role, destroyed_on=on)
    Audit(workspace).append(
        "destruction_confirmed",
        recipient=recipient,
        batch=batch,
        files=len(mine),
        new=new,
        on=on.isoformat(),
        by_role=role,
    )
    return new


def _same_file(known: str, given: str) -> bool:
    return known == given.replace("\\", "/").removeprefix("./") or known.endswith("/" + given.replace("\\", "/"))


def letter(recipient: str, waiting: Sequence[Handed], *, controller: str, agreement: str, role: str) -> str:
    """A reminder for one recipient, ready for a letter or mail: which lists, since when; no person in it."""
    says = (
        f"Under the {agreement} you were handed the lists below. None of them is needed any more: a newer list took its place, "
        "or somebody in it is no longer on the programme. Please destroy them with every copy, and tell us the day on which "
        "that was done."
    )
    lines = [
        f"To: {recipient}",
        f"From: {controller}, {role}",
        "Subject: Please confirm the destruction of lists that were handed to you",
        "",
        *textwrap.wrap(says, 79),
        "",
    ]
    lines += [
        f"- {one.file}, handed over {one.handed_on:%d/%m/%Y}, not needed since {one.since:%d/%m/%Y}"
        + (": overdue" if one.state == OVERDUE else "")
        for one in waiting
    ]
    return "\n".join(lines) + "\n"
