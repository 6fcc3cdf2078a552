"""`matcher subject request`, `identity`, `found`, `view`, `decide` and `list`: the way of a request from its receipt to its answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path

import click

from matcher.cli.output import AS_AT, echo_json, json_option, say
from matcher.cli.subject import ids_of, role_option, subject
from matcher.cli.workspaces import open_workspace, workspace_option
from matcher.clock import today


@subject.command("request", short_help="Record a request, with the last day for its answer.")
@workspace_option
@click.option(
    "--kind", required=True, help="access, freedom-of-information, objection, correction, restriction or erasure."
)
@click.option("--received", type=AS_AT, required=True, help="The day on which it was received.")
@click.option(
    "--identity", required=True, help="How it was checked who asks, as a code; an unknown one lists them all."
)
@role_option
@click.option("--person", help="The person (P-...) it is about, where known.")
@click.option("--family", help="The family (F-...) it is about, where known.")
@click.option("--reference", help="The case's number in your own register, such as SAR-2014/031.")
@json_option
def request_(
    workspace: Path, kind: str, received: dt.date, identity: str, role: str, person: str | None, family: str | None,
    reference: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Record that somebody asks, and until when an answer is due by the law of that day. No name is taken.

    Example: matcher subject -w workspace request --kind access --received 2014-03-03 --identity documents_seen --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.codes import role_of
    from matcher.rights.requests import ABOUT_NOBODY, record

    place = open_workspace(workspace)
    role = role_of(place.settings, role)
    ids = {
        "person": ids_of(person)["person"] if person else None,
        "family": ids_of(family)["family"] if family else None,
    }
    with Registry.open(place) as registry:
        request_id, due_on, law = record(
            place, registry, kind=kind, received=received, role=role, identity=identity, reference=reference, **ids,
            today=today(),
        )  # fmt: skip
    published = sorted(place.relative(path) for path in place.root.glob("outbox/*/published/summary.html"))
    answer = published if kind == ABOUT_NOBODY else []
    if as_json:
        echo_json({"request": request_id, "kind": kind, "due": due_on, "law": law, "published": answer})
        return
    click.echo(request_id)
    say(f"To be answered by {due_on:%d/%m/%Y} ({law}).")
    if kind == ABOUT_NOBODY:
        say("It is about statistics: what is published already, after disclosure control, lies here.")
        for path in answer:
            say(f"  {path}")


@subject.command("identity", short_help="Record how it was checked who asks.")
@click.argument("request")
@click.argument("how")
@workspace_option
@role_option
def identity(request: str, how: str, workspace: Path, role: str) -> None:
    """Record HOW it was checked who asks in REQUEST, as a code.

    Example: matcher subject -w workspace identity R-ABCDEFGH documents_seen --by "Programme information manager"
    """
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.rights.codes import IDENTITY, one_of, role_of

    place = open_workspace(workspace)
    role, how = role_of(place.settings, role), one_of(IDENTITY, how, "way of checking who asks")
    with Registry.open(place) as registry:
        registry.rights.change_request(request, {"identity": how})
    Audit(place).append("identity_checked", request=request, how=how, by_role=role)
    say("Recorded.")


@subject.command("found", short_help="Record whom a request is about, or that nothing is held.")
@click.argument("request")
@click.argument("who", required=False)
@workspace_option
@click.option("--nobody", is_flag=True, help="None of the candidates is the person: nothing is held.")
@role_option
@json_option
def found(request: str, who: str | None, workspace: Path, nobody: bool, role: str, as_json: bool) -> None:
    """Record that REQUEST is about WHO (P-... or F-...), or with --nobody that nothing is held, which is certified.

    Example: matcher subject -w workspace found R-ABCDEFGH P-ABCDEFGH --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.answers import nothing_held
    from matcher.rights.codes import role_of
    from matcher.rights.requests import found as record

    if (who is None) != nobody:
        raise click.UsageError("name the person or family, or say --nobody")
    place = open_workspace(workspace)
    role, certificate = role_of(place.settings, role), None
    with Registry.open(place) as registry:
        if who is None:
            certificate = nothing_held(place, registry, request, role=role)
        else:
            record(place, registry, request, **ids_of(who), role=role)
    if as_json:
        echo_json({"request": request, "found": "nothing_held" if nobody else "held", "certificate": certificate})
    elif certificate:
        click.echo(certificate)
    else:
        say("Recorded.")


@subject.command("view", short_help="Record an originator's view of a request.")
@click.argument("request")
@workspace_option
@click.option("--partner", required=True, help="The partner's id, as matcher subject list names it.")
@click.option("--view", "given", required=True, help="Its view, as a code; an unknown one lists them all.")
@click.option("--on", type=AS_AT, required=True, help="The day on which the view was given.")
def view(request: str, workspace: Path, partner: str, given: str, on: dt.date) -> None:
    """Record what an originator says of REQUEST: the agreement asks for every originator's view before an answer.

    Example: matcher subject -w workspace view R-ABCDEFGH --partner dwp --view disclose --on 2014-03-10
    """
    from matcher.registry import Registry
    from matcher.rights.requests import view as record

    place = open_workspace(workspace)
    with Registry.open(place) as registry:
        record(place, registry, request, partner=partner, given=given, on=on, today=today())
    say("Recorded.")


@subject.command("decide", short_help="Record the decision on a request.")
@click.argument("request")
@workspace_option
@click.option("--decision", required=True, help="granted, part, refused, nothing_held or withdrawn.")
@role_option
@click.option("--on", type=AS_AT, help="The day of the decision; default: today.")
@click.option("--exemption", help="What allows a refusal, as a code; an unknown one lists them all.")
@click.option("--citation", help="Where that exemption stands: act and section.")
@json_option
def decide(
    request: str, workspace: Path, decision: str, role: str, on: dt.date | None, exemption: str | None, citation: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Decide REQUEST. Granting a restriction restricts; granting an erasure erases, searches and certifies.

    Example: matcher subject -w workspace decide R-ABCDEFGH --decision granted --by "Programme information manager"
    """
    from matcher.registry import Registry
    from matcher.rights.carrying_out import carry_out
    from matcher.rights.codes import role_of
    from matcher.rights.requests import decide as record

    place, now = open_workspace(workspace), today()
    role = role_of(place.settings, role)
    with Registry.open(place) as registry:
        row = record(
            place, registry, request, decision=decision, role=role, on=on or now, exemption=exemption, citation=citation,
            today=now,
        )  # fmt: skip
        effect = carry_out(place, registry, row, role=role, today=now)
    if as_json:
        echo_json({"request": request, "decision": decision, "in_time": row["decided_on"] <= row["due_on"], **effect})
        return
    late = "" if row["decided_on"] <= row["due_on"] else f", late: it was due on {row['due_on']:%d/%m/%Y}"
    say(f"Decided: {decision}{late}.")
    for name, value in effect.items():
        say(f"  {name.replace('_', ' ')}: {value}")


@subject.command("list", short_help="Open requests by due date, and who is restricted.")
@workspace_option
@click.option("--all", "all_of_them", is_flag=True, help="Decided ones too.")
@json_option
def list_requests(workspace: Path, all_of_them: bool, as_json: bool) -> None:
    """List the open requests, overdue ones first, with the originators who have given no view; and what is restricted.

    Example: matcher subject -w workspace list
    """
    from matcher.registry import Registry
    from matcher.rights.requests import asked

    place, now = open_workspace(workspace), today()
    with Registry.open(place) as registry:
        requests = asked(registry, now, all_of_them=all_of_them)
        in_force = [row for row in registry.rights.restrictions() if row["lifted_on"] is None]
    if as_json:
        echo_json({"requests": [asdict(one) for one in requests], "restrictions": in_force})
        return
    for one in requests:
        when = one.decision or (
            f"OVERDUE by {-one.days_left} days" if one.days_left < 0 else f"{one.days_left} days left"
        )
        about = one.person_id or one.family_id or one.found or "not searched yet"
        waits = f"; no view yet: {', '.join(one.waits_for)}" if one.waits_for else ""
        click.echo(f"{one.request_id}  {one.kind:<22} due {one.due_on:%d/%m/%Y}  {when}; {about}{waits}")
    if not requests:
        click.echo("No request." if all_of_them else "No open request.")
    for row in in_force:
        click.echo(
            f"restricted: {row['person_id'] or row['family_id']} since {row['begun_on']:%d/%m/%Y}, {row['reason']}"
        )
