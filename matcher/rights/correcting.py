"""Correcting a person's data: the new value stands in every list from now on, the old one and who said so are kept.

Takes a field and what it should be, from a prompt or a file; gives which recipients were told the wrong value. Refuses a
field that a correction cannot change: addresses and facts are corrected by their source, which supplies them again
(agreement, section 6).
"""

from __future__ import annotations

import datetime as dt

from matcher.errors import UserError
from matcher.fields.dates import read_date
from matcher.purge.audit import Audit
from matcher.records.names import parse_columns
from matcher.registry import Registry
from matcher.registry.restrictions import CORRECTABLE
from matcher.rights.codes import one_of
from matcher.rights.dossier import Dossier
from matcher.workspace import Workspace
from specs.load import load_extract_specs

PERSON = "person"
_TOLD_IN = {
    "forename": "full_name",
    "middle": "full_name",
    "surname": "full_name",
    "dob": "date_of_birth",
    "sex": "sex",
}


def correct(
    workspace: Workspace, registry: Registry, person: str, *, field: str, value: str, said_by: str, role: str,
    today: dt.date, request: str | None = None,
) -> list[str]:  # fmt: skip
    """Record a correction; gives the recipients who were told the wrong value. Raises UserError, without values."""
    one_of(dict.fromkeys(CORRECTABLE, "a field"), field, "field that can be corrected here")
    partners = {flow.partner: flow.owner for spec in load_extract_specs().values() for flow in spec.flow}
    one_of({PERSON: "the person"} | partners, said_by, "source of a correction")
    if request is not None:
        registry.rights.request(request)
    dossier = Dossier.of(workspace, registry, person)
    new, old = _canonical(field, value), _held(registry, dossier.families[0], person, field)
    if new == old:
        raise UserError("That is what is held already.", todo="check the field and the value")
    registry.rights.correct(
        {"person_id": person, "request_id": request, "field": field, "old_value": old, "new_value": new, "said_by": said_by,
         "by_role": role, "corrected_on": today}
    )  # fmt: skip
    told = sorted({row["recipient"] for row in dossier.disclosures() if _TOLD_IN[field] in row["fields"]})
    Audit(workspace).append(
        "person_corrected", person=person, field=field, said_by=said_by, request=request, by_role=role, recipients=told
    )
    return told


def _held(registry: Registry, family: str, person: str, field: str) -> str | None:
    member = next(row for row in registry.family(family).members if row["person_id"] == person)
    value = member[field]
    return value.isoformat() if isinstance(value, dt.date) else value


def _canonical(field: str, value: str) -> str:
    """The value as the registry writes it. Raises UserError."""
    if field == "dob":
        day, fault = read_date(value)
        if day is None or fault:
            raise UserError("The date of birth is no date.", todo="write it as dd/mm/yyyy")
        return day.isoformat()
    if field == "sex":
        if value.strip().upper() not in ("M", "F"):
            raise UserError("Sex is M or F.", todo="give one of these")
        return value.strip().upper()
    people = parse_columns(*((None, value) if field == "surname" else (value, None)))
    name = people[0] if people else None
    found = (
        None
        if name is None
        else name.surname
        if field == "surname"
        else " ".join(filter(None, (name.forename, name.middle)))
    )
    if not found:
        raise UserError("That is no name.", todo="write the name in Latin letters")
    return found
