"""`matcher explain`: why a family is on the programme, and why records are one person or not. Each use is a disclosure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.cli.output import AS_AT, json_option, say
from matcher.cli.workspaces import open_workspace, optional_workspace_option

if TYPE_CHECKING:
    from matcher.runs.explaining_links import Explained
    from matcher.workspace import Workspace

RECIPIENT = "programme_office"
FIELDS = (
    "family_id",
    "area",
    "route",
    "full_name",
    "date_of_birth",
    "address",
    "criteria",
    "concerns",
    "evidence",
    "source",
)
OF_LINKS = ("source", "comparisons", "match_weights")


@click.command("explain", short_help="Why this family; why two records are one person or not.")
@click.argument("named", nargs=-1, metavar="[FAMILY]")
@optional_workspace_option
@click.option(
    "--pair", metavar="Q-ID | ROW ROW", help="A question of the held batch, or two rows as DATASET.SUPPLIER:ROW."
)
@click.option("--person", metavar="P-ID", help="A person on the programme: why the rows are one person.")
@click.option("--batch", help="With two rows: the sealed batch that kept them (default: the held one, else the last).")
@click.option(
    "--inbox", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Two rows of a month not yet run."
)
@click.option("--as-at", type=AS_AT, help="With --inbox: the batch date.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="A page with charts too; names nobody.")
@json_option
def explain(
    named: tuple[str, ...], workspace: Path | None, pair: str | None, person: str | None, batch: str | None,
    inbox: Path | None, as_at: dt.date | None, html: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Explain why FAMILY is on the programme: criterion by criterion with evidence, source, reading and citation; its
    history, its members and the records that make each of them, and to whom its details went.

    Or, with --pair or --person, why records are one person or not: what was compared, what was found, how many bits
    each finding weighs, what others of the household add, and why a link was refused. A held batch keeps that for what its
    questions need, a sealed one for kept people; --inbox matches a month that was not run yet, in memory.

    Each use is recorded as a disclosure.

    Example: matcher explain -w workspace F-ABCDEFGH
    """
    if pair is None and person is None:
        if len(named) != 1 or any(given is not None for given in (batch, inbox, as_at, html)):
            raise click.UsageError("name one family, or use --pair or --person")
        _family(open_workspace(_needed(workspace)), named[0], as_json)
    elif pair is not None and person is not None:
        raise click.UsageError("give either --pair or --person")
    elif person is not None:
        if named or inbox or as_at or batch:
            raise click.UsageError("with --person give no family, rows, batch or inbox")
        _person(open_workspace(_needed(workspace)), person.strip().upper(), html, as_json)
    else:
        _pair(workspace, [str(pair), *named], batch, inbox, as_at, html, as_json)


def _needed(workspace: Path | None) -> Path:
    if workspace is None:
        raise click.UsageError("Missing option '-w' / '--workspace'.")
    return workspace


def _family(place: Workspace, family: str, as_json: bool) -> None:
    from matcher.disclosures.explanation import text
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.runs.explaining import explain as explanation_of

    with Registry.open(place) as registry:
        told = explanation_of(place, registry, family.strip().upper())
        if as_json:
            content = json.dumps(told.to_dict(), ensure_ascii=False, indent=2, default=str) + "\n"
        else:
            content = "\n".join(text(told)) + "\n"
        # recorded before it is given: what was not recorded is not disclosed
        registry.disclosed(
            "command_explain", RECIPIENT, purpose="why a family is on the programme, by command", form="stdout", fields=FIELDS,
            family_ids=[told.family_id], people=len(told.members), by_role=place.settings.legal.operator_role,
            digest=hashlib.sha256(content.encode("utf-8")).hexdigest(),
        )  # fmt: skip
    Audit(place).append("family_explained", recipient=RECIPIENT, family=told.family_id, people=len(told.members))
    click.echo(content, nl=False)


def _person(place: Workspace, person: str, html: Path | None, as_json: bool) -> None:
    from matcher.registry import Registry
    from matcher.runs.explaining_links import of_person

    with Registry.open(place) as registry:
        explained = of_person(place, registry, person)
    _give(explained, place, html, as_json)


def _pair(
    workspace: Path | None, asked: list[str], batch: str | None, inbox: Path | None, as_at: dt.date | None, html: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    from matcher.progress import Stages
    from matcher.registry import Registry
    from matcher.runs import explaining_links as links
    from matcher.runs.reviewing import find_held

    question = asked[0].strip().upper()
    if links.QUESTION.fullmatch(question):
        if len(asked) > 1 or batch or inbox or as_at:
            raise click.UsageError("a question stands alone: --pair Q-........")
        place = open_workspace(_needed(workspace))
        _give(links.of_question(place, question), place, html, as_json)
        return
    if len(asked) != 2:
        raise click.UsageError("give one question, or two rows: --pair DATASET.SUPPLIER:ROW DATASET.SUPPLIER:ROW")
    rows = (links.Row.of(asked[0]), links.Row.of(asked[1]))
    if inbox is not None:
        if as_at is None or batch:
            raise click.UsageError("with --inbox say --as-at yyyy-mm-dd, and no --batch")
        where = open_workspace(workspace) if workspace is not None else None
        _give(links.of_inbox(inbox, as_at, rows, where, Stages()), where, html, as_json)
        return
    if as_at is not None:
        raise click.UsageError("--as-at goes with --inbox")
    place = open_workspace(_needed(workspace))
    with Registry.open(place) as registry:
        held = None if batch else find_held(registry)
        found = links.of_held_rows(place, held.batch_id, held.as_at, rows) if held else None
        found = found or links.of_kept_rows(place, registry, batch, rows)
    _give(found, place, html, as_json)


def _give(explained: Explained, place: Workspace | None, html: Path | None, as_json: bool) -> None:
    """Record the disclosure, then print the explanation, and write the page where it is wanted."""
    from matcher.disclosures.waterfall import page, text
    from matcher.workspace import write_file

    told = explained.told
    made = page(told) if html is not None else b""
    shown = json.dumps(told.to_dict(), ensure_ascii=False, indent=2, default=str) if as_json else "\n".join(text(told))
    if place is not None:
        _record(explained, place, html, shown.encode("utf-8") + made)
    if html is not None:
        write_file(html, made)
        say(f"The page with charts: {html}. It names nobody, but is about people all the same: keep it safe.")
    click.echo(shown)


def _record(explained: Explained, place: Workspace, html: Path | None, content: bytes) -> None:
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.runs.reviewing import Review

    named = (*FIELDS[3:6], *OF_LINKS) if explained.told.names else OF_LINKS
    of = f", of batch {explained.batch_id}" if explained.batch_id else ""
    with Registry.open(place) as registry:
        registry.disclosed(
            "command_explain", RECIPIENT, purpose=f"why records are one person or not{of}, by command",
            form="stdout" if html is None else "stdout and html file", fields=named, family_ids=explained.family_ids,
            people=explained.people, by_role=place.settings.legal.operator_role,
            digest=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
    if html is not None and explained.held:
        Review.of(place).handed_out(html.resolve())  # destroyed when the batch ends
    Audit(place).append(
        "links_explained", recipient=RECIPIENT, people=explained.people, batch=explained.batch_id,
        question=explained.question, person=explained.person_id, to_file=html is not None,
    )  # fmt: skip


COMMANDS = (explain,)
