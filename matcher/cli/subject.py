"""`matcher subject`: what is held about one person, found, exported, restricted, corrected, erased. Values of a person are asked
for or read from a file, never taken from the command line. Requests themselves: `subject_requests.py`."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.workspaces import group_workspace_option, open_workspace, workspace_option
from matcher.clock import today
from matcher.errors import UserError

if TYPE_CHECKING:
    from matcher.registry import Registry
    from matcher.workspace import Workspace

role_option = click.option(
    "--by", "role", required=True, help="The role that acts, as in [review] roles; never a name."
)
_request = click.option("--request", help="The request (R-...) that this is for.")
_FIND_FIELDS = ["full_name", "date_of_birth", "postcode"]


@click.group("subject", short_help="What is held about one person; requests of people.")
@group_workspace_option
def subject() -> None:
    """What is held about one person, and requests: access, freedom of information, objection, correction, restriction, erasure.

    Example: matcher subject -w workspace find --ask
    """


def ids_of(given: str) -> dict[str, str | None]:
    """person and family of an id that was typed. Raises UserError for something else, without repeating it."""
    one = given.strip().upper()
    if len(one) != 10 or one[:2] not in ("P-", "F-"):
        raise UserError(
            "That is no id.", todo="give a person (P-...) or family (F-...), as matcher subject find shows them"
        )
    return {"person": one if one[0] == "P" else None, "family": one if one[0] == "F" else None}


def _values(names: Mapping[str, str], ask: bool, file: Path | None) -> dict[str, str]:
    """What the user says of a person: by prompts, or from a TOML file. Never from options. Raises UserError."""
    if ask == (file is not None):
        raise click.UsageError("say how the values are given: --ask, or --file FILE (TOML)")
    if file is None:
        return {name: click.prompt(says, default="", show_default=False, err=True) for name, says in names.items()}
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):  # its text could hold a name
        raise UserError(
            "The file of values cannot be read.",
            where=str(file),
            todo=f'write lines such as: {next(iter(names))} = "..."',
        ) from None
    return {name: str(value) for name, value in raw.items()}


@subject.command("find", short_help="Who in the registry could be the person; a person chooses.")
@workspace_option
@click.option("--ask", is_flag=True, help="Ask for name, date of birth and numbers; empty ones are left out.")
@click.option(
    "--file", "file", type=click.Path(path_type=Path), help="Read them from this TOML file; destroy it afterwards."
)
@_request
@json_option
def find(workspace: Path, ask: bool, file: Path | None, request: str | None, as_json: bool) -> None:
    """Look for a person in the registry and in a held batch, also where name or date of birth are misspelt or turned round.

    The values are asked for or read from a file: a command line stays in the shell's history and the process list. Where
    nobody comes near, that is recorded with the request and certified. Each use is recorded as a disclosure.

    Example: matcher subject -w workspace find --ask --request R-ABCDEFGH
    """
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.rights.answers import held_candidates, nothing_held
    from matcher.rights.search import FIELDS, Wanted, candidates

    place = open_workspace(workspace)
    wanted = Wanted.of(_values(FIELDS, ask, file))
    with Registry.open(place) as registry:
        if request is not None:
            registry.rights.request(request)
        found = candidates(wanted, registry.rights.variants())
        waiting = held_candidates(place, registry, wanted)
        people = len(registry.rights.people())
        told = [asdict(one) | _who(registry, one.key) for one in found]
        if told:
            _disclose(registry, place, "command_subject_find", told, _FIND_FIELDS)
        Audit(place).append(
            "subject_searched", request=request, people=people, candidates=len(found), held_candidates=len(waiting)
        )
        certificate = None
        if request is not None and not found and not waiting:
            certificate = nothing_held(place, registry, request, role=place.settings.legal.operator_role)
    searched = {"people": people, "held_batch": [asdict(one) for one in waiting]}
    if as_json:
        echo_json({"candidates": told, "searched": searched, "certificate": certificate})
        return
    for one in told:
        click.echo(
            f"{one['key']}  {one['share']:.0%} alike in {', '.join(one['alike'])}: {one['name']}, born {one['date_of_birth']}, "
            f"{one['postcode']}; family {', '.join(one['families'])}"
        )
    for held in waiting:
        click.echo(f"{held.key}  in the batch that is held, not decided yet: alike in {', '.join(held.alike)}")
    if not told and not waiting:
        click.echo(f"Nothing is held: none of the {people} people in the registry comes near.")
        if certificate:
            click.echo(certificate)
    elif told:
        say(
            "Choose: matcher subject export PERSON, or with a request: matcher subject found REQUEST PERSON (or --nobody)"
        )


def _who(registry: Registry, person: str) -> dict[str, Any]:
    families = registry.rights.families_of(person)
    row = next(m for m in registry.family(families[0]).members if m["person_id"] == person)
    family = registry.family(families[0]).family
    name = " ".join(filter(None, (row["forename"], row["middle"], row["surname"])))
    return {"name": name, "date_of_birth": row["dob"], "postcode": family["postcode"], "families": families}


def _disclose(registry: Registry, place: Workspace, spec: str, told: list[dict[str, Any]], fields: list[str]) -> None:
    registry.disclosed(
        spec, "programme_office", purpose="a person's request", form="stdout", fields=fields,
        family_ids={family for one in told for family in one["families"]}, people=len(told),
        by_role=place.settings.legal.operator_role,
    )  # fmt: skip


@subject.command("export", short_help="Everything held about one person, as a protected workbook.")
@click.argument("person")
@workspace_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The workbook to write (.xlsx).")
@_request
@json_option
def export(person: str, workspace: Path, output: Path, request: str | None, as_json: bool) -> None:
    """Write all that is held about PERSON in plain words: what, who supplied it under which gateway, why the family is listed,
    to whom it went, when it is reviewed. Other people's data are withheld, and that is said.

    The workbook is under a password of its own: matcher passwords show subject.p-.... Recorded as a disclosure.

    Example: matcher subject -w workspace export P-ABCDEFGH -o held.xlsx --request R-ABCDEFGH
    """
    from matcher.disclosures.workbooks import protected_workbook
    from matcher.purge.audit import Audit
    from matcher.purge.passwords import password_for
    from matcher.registry import Registry
    from matcher.registry.rights import DATA_SUBJECT
    from matcher.rights.dossier import Dossier, password_name
    from matcher.workspace import write_file

    if output.suffix.lower() != ".xlsx":
        raise click.UsageError("the export is a workbook under a password: name it .xlsx")
    place, one = open_workspace(workspace), ids_of(person)["person"]
    if one is None:
        raise UserError(
            "An export is about one person.", todo="name a person (P-...), as matcher subject find shows them"
        )
    with Registry.open(place) as registry:
        if request is not None and registry.rights.request(request)["identity"] == "not_yet":
            raise UserError("Who asks was not checked yet.", todo="check it, then: matcher subject identity")
        dossier = Dossier.of(place, registry, one)
        sheets, marking = dossier.sheets(), place.settings.marking.label
        password = password_for(place, password_name(one))
        content = protected_workbook(sheets, marking, "What is held about you", password)
        registry.disclosed(
            "command_subject_export", DATA_SUBJECT, purpose="a person's request", form="xlsx file",
            fields=["everything held about the person"], family_ids=dossier.families, people=1,
            by_role=place.settings.legal.operator_role, digest=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
    Audit(place).append("subject_exported", person=one, request=request, rows=sum(dossier.counts().values()))
    write_file(output, content)
    if as_json:
        echo_json({"person": one, "file": str(output), "sheets": dossier.counts()})
    else:
        say(f"Written to {output}, under the password: matcher passwords show {password_name(one)}")


@subject.command("restrict", short_help="Leave a person or family out of every list.")
@click.argument("who")
@workspace_option
@click.option("--reason", required=True, help="Why, as a code; an unknown one lists them all.")
@role_option
@_request
def restrict(who: str, workspace: Path, reason: str, role: str, request: str | None) -> None:
    """Leave WHO (P-... or F-...) out of every list and disclosure from now on, until that is lifted.

    Example: matcher subject -w workspace restrict P-ABCDEFGH --reason accuracy_contested --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.requests import restrict as record

    place = open_workspace(workspace)
    role = role_of(place.settings, role)
    with Registry.open(place) as registry:
        new = record(place, registry, **ids_of(who), reason=reason, role=role, today=today(), request=request)
    say(
        "Left out of every list from now on; lists that are out already: matcher retention list."
        if new
        else "That was so before."
    )


@subject.command("lift", short_help="Lift a restriction.")
@click.argument("who")
@workspace_option
@role_option
def lift(who: str, workspace: Path, role: str) -> None:
    """Lift what keeps WHO (P-... or F-...) out of the lists.

    Example: matcher subject -w workspace lift P-ABCDEFGH --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.requests import lift as record

    place = open_workspace(workspace)
    role = role_of(place.settings, role)
    with Registry.open(place) as registry:
        count = record(place, registry, **ids_of(who), role=role, today=today())
    say(f"{count} restriction(s) lifted.")


@subject.command("correct", short_help="Correct a person's name, date of birth or sex.")
@click.argument("person")
@workspace_option
@click.option("--field", required=True, help="forename, middle, surname, dob or sex.")
@click.option("--said-by", required=True, help="Who says so: person, or a partner's id.")
@role_option
@click.option("--ask", is_flag=True, help="Ask for the right value.")
@click.option("--file", "file", type=click.Path(path_type=Path), help='Read it from this TOML file: value = "..."')
@_request
@json_option
def correct(
    person: str, workspace: Path, field: str, said_by: str, role: str, ask: bool, file: Path | None, request: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Put the right value in place of the one that is held, in every list from now on. Old value and source are kept.

    Says which recipients were told the wrong one. Addresses and facts are corrected by their source, which supplies them again.

    Example: matcher subject -w workspace correct P-ABCDEFGH --field surname --said-by person --ask --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.correcting import correct as record

    place = open_workspace(workspace)
    role, one = role_of(place.settings, role), ids_of(person)["person"]
    if one is None:
        raise UserError("A correction is about one person.", todo="name a person (P-...)")
    value = _values({"value": "The right value"}, ask, file).get("value", "")
    with Registry.open(place) as registry:
        told = record(
            place, registry, one, field=field, value=value, said_by=said_by, role=role, today=today(), request=request
        )
    if as_json:
        echo_json({"person": one, "field": field, "told_wrong": told})
        return
    say("Corrected in every list from now on.")
    say(f"Told the wrong value before: {', '.join(told)}" if told else "Nobody was told the wrong value.")


@subject.command("erase", short_help="Erase one person, with a certificate.")
@click.argument("person")
@workspace_option
@role_option
@_request
@json_option
def erase(person: str, workspace: Path, role: str, request: str | None, as_json: bool) -> None:
    """Erase PERSON: every row, and what of the family rests on it alone; search for what was held, and certify.

    A family goes with: matcher retention delete. It cannot be undone. Later supplies that name the person have a basis of
    their own and are matched anew: no list of the erased is kept.

    Example: matcher subject -w workspace erase P-ABCDEFGH --by "Programme information manager" --request R-ABCDEFGH
    """
    from matcher.registry import Registry
    from matcher.rights.carrying_out import erase_person
    from matcher.rights.codes import role_of

    place, now = open_workspace(workspace), today()
    role, one = role_of(place.settings, role), ids_of(person)["person"]
    if one is None:
        raise UserError("This erases one person.", todo="delete a family with: matcher retention delete")
    with Registry.open(place) as registry:
        if request is not None:
            registry.rights.request(request)
        done = erase_person(place, registry, one, role=role, today=now, request=request)
    if as_json:
        echo_json({"person": one, **done})
        return
    say("Erased; nothing of the person was found afterwards.")
    if done["recipients_to_tell"]:
        say(f"Tell those who hold lists with the person in it: {', '.join(done['recipients_to_tell'])}")
    click.echo(done["certificate"])


COMMANDS = (subject,)

import matcher.cli.subject_requests  # noqa: E402, F401  # its commands join the group, and need it made
