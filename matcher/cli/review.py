"""`matcher review`: the open questions of the held batch, at the command line, in a workbook or on a web page."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.cli.workspaces import group_workspace_option, open_workspace, workspace_option
from matcher.errors import UserError
from matcher.review.answers import ANSWERS, REASONS

if TYPE_CHECKING:
    from matcher.runs.reviewing import Review
    from matcher.workspace import Workspace

_ALL = click.option("--all", "answered", is_flag=True, help="The answered questions too.")


@click.group("review", short_help="The open questions of a held batch.")
@group_workspace_option
def review() -> None:
    """See and answer what only a person can decide. When all is answered: matcher resume.

    An answer may be changed while the batch is held; `defer` leaves the decision to the thresholds.

    Example: matcher review -w workspace list
    """


@review.command("list", short_help="The open questions, most worth asking first.")
@workspace_option
@_ALL
@json_option
def list_questions(workspace: Path, answered: bool, as_json: bool) -> None:
    """List the open questions, most worth asking first, with the two sides of each side by side.

    That people's details were shown is recorded as a disclosure.

    Example: matcher review -w workspace list
    """
    from matcher.registry import Registry
    from matcher.review.listing import heading, lines
    from matcher.runs.reviewing import Review, find_held

    place = open_workspace(workspace)
    with Registry.open(place) as registry:
        nothing = find_held(registry) is None
    if nothing:
        if as_json:
            echo_json({"batch": None, "state": None, "open": 0, "answered": 0, "questions": []})
        else:
            click.echo("No batch is held: there is nothing to review.")
        return
    found = Review.of(place)
    everything = found.questions(answered=True)
    shown = everything if answered else [one for one in everything if one.answer is None]
    left = sum(one.answer is None for one in everything)
    if shown:
        found.shown(shown, "stdout")
    batch, marking = found.batch, place.settings.marking.label
    if as_json:
        echo_json(
            {
                "batch": batch.batch_id,
                "as_at": batch.as_at,
                "state": batch.state,
                "waits_for": batch.waits_for,
                "until": batch.held_until,
                "marking": marking,
                "open": left,
                "answered": len(everything) - left,
                "reasons": REASONS,
                "questions": [one.to_dict() for one in shown],
            }
        )
        return
    for line in heading(batch.batch_id, batch.as_at, batch.waits_for, batch.held_until, left, len(everything), marking):
        click.echo(line)
    for number, one in enumerate(shown, 1):
        for line in lines(one, number):
            click.echo(line)
    if shown:
        click.echo("")
        click.echo("Answer with:")
        click.echo("  matcher review -w WORKSPACE answer ID yes|no|defer --by ROLE --reason CODE")


@review.command("answer", short_help="Answer one question.")
@click.argument("question", metavar="ID")
@click.argument("given", metavar="yes|no|defer", type=click.Choice(ANSWERS, case_sensitive=False))
@click.option("--by", required=True, metavar="ROLE", help="The role in which you answer, not your name.")
@click.option(
    "--reason", required=True, metavar="CODE", help=f"Why: {', '.join(REASONS)}, or another short lower-case code."
)
@workspace_option
@json_option
def answer_question(workspace: Path, question: str, given: str, by: str, reason: str, as_json: bool) -> None:
    """Answer question ID: yes, no, or defer (the thresholds decide). An earlier answer is replaced; each is audited.

    Example: matcher review -w workspace answer Q-ABCDEFGH yes --by panel --reason same_person_confirmed
    """
    from matcher.registry import Registry
    from matcher.review.answers import parse
    from matcher.runs.reviewing import answer, held_batch

    place = open_workspace(workspace)
    id = question.strip().upper()
    taken = parse(given, by, reason)
    before = answer(place, {id: taken})[id]
    with Registry.open(place) as registry:
        batch = held_batch(registry)
        left = sum(q.answer is None for q in registry.questions(batch.batch_id))
    if as_json:
        echo_json({"id": id, "answer": taken.given, "by": taken.by, "reason": taken.reason, "replaces": before,
                   "batch": batch.batch_id, "open": left})  # fmt: skip
        return
    changed = f" (it was {before})" if before not in (None, taken.given) else ""
    click.echo(f"{id}: {taken.given}{changed}. {_left(left)}")


@review.command("export", short_help="The open questions as a password-protected workbook.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="FILE.xlsx")
@workspace_option
@_ALL
@json_option
def export_questions(workspace: Path, output: Path, answered: bool, as_json: bool) -> None:
    """Write the open questions into a workbook with empty columns for answer, role and reason.

    It opens with the password of review (matcher passwords show review). That people's details left is recorded.

    Example: matcher review -w workspace export -o questions.xlsx
    """
    from matcher.runs.reviewing import RECIPIENT, Review
    from matcher.workspace import write_file

    if output.suffix.lower() != ".xlsx":
        raise click.UsageError("name a file that ends in .xlsx")
    found = Review.of(open_workspace(workspace))
    questions = found.questions(answered=answered)
    content = found.workbook(questions)
    found.shown(questions, "xlsx file", hashlib.sha256(content).hexdigest())
    found.handed_out(output.resolve())
    write_file(output, content)
    if as_json:
        echo_json({"batch": found.batch.batch_id, "questions": len(questions), "file": str(output)})
    else:
        say(f"{len(questions)} question(s) to {output}, under the password of {RECIPIENT}.")


@review.command("import", short_help="Read a filled-in workbook back.")
@click.argument("file", metavar="FILE.xlsx", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keep", is_flag=True, help="Do not destroy the workbook after reading it.")
@workspace_option
@json_option
def import_answers(workspace: Path, file: Path, keep: bool, as_json: bool) -> None:
    """Take the answers of FILE.xlsx: all of them, or none where it has faults. Rows without an answer stay open.

    The workbook holds people who may not qualify, so it is destroyed once its answers are taken, unless --keep.

    Example: matcher review -w workspace import questions.xlsx
    """
    from matcher.purge.audit import Audit
    from matcher.runs.reviewing import Review

    place = open_workspace(workspace)
    found = Review.of(place)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError("The workbook cannot be read.", where=str(file), todo="close it in Excel first") from error
    filled = found.read_back(content)
    before = found.answer(filled.answers)
    left = len(found.questions())
    if not keep:
        place.destroy(file)
    Audit(place).append(
        "answers_imported", batch=found.batch.batch_id, answers=len(filled.answers), protected=filled.protected,
        destroyed=not keep,
    )  # fmt: skip
    if not filled.protected:
        say("Warning: this workbook had no password. Save it under the password of review (matcher passwords show).")
    if as_json:
        changed = sum(1 for id, old in before.items() if old not in (None, filled.answers[id].given))
        echo_json({"batch": found.batch.batch_id, "answers": len(before), "changed": changed, "open": left,
                   "destroyed": not keep})  # fmt: skip
        return
    gone = "" if keep else " The workbook is destroyed."
    click.echo(f"{len(before)} answer(s) taken.{gone} {_left(left)}")


@review.command("serve", short_help="Answer the questions on a web page of this computer.")
@click.option("--by", metavar="ROLE", help="The role in which you answer (default: the first of [review] roles).")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 (default: a free one).")
@click.option("--browser/--no-browser", default=None, help="Open the page in the browser (default: at a keyboard).")
@workspace_option
def serve_questions(workspace: Path, by: str | None, port: int, browser: bool | None) -> None:
    """Show the questions on a web page that only this computer reaches; ends with Ctrl-C, or when all is answered.

    The address that is printed works once, for the first browser that opens it.

    Example: matcher review -w workspace serve --by panel
    """
    from matcher.review.answers import parse
    from matcher.review.page import Page
    from matcher.runs.reviewing import Review

    place = open_workspace(workspace)
    role = parse("yes", by if by is not None else place.settings.review.roles[0], "none").by
    found = Review.of(place)
    if not found.questions():
        click.echo(_left(0))
        return
    head = f"Batch {found.batch.batch_id}, as at {found.batch.as_at:%d/%m/%Y}"
    page = Page(_Desk(found), heading=head, marking=place.settings.marking.label, role=role, port=port,
                on_refusal=lambda why: _refused(place, why))  # fmt: skip
    found.shown(found.questions(answered=True), "web page")
    click.echo(f"Open this address, which works once: {page.address}")
    say("Ctrl-C ends it; what was answered by then is kept.")
    if browser or (browser is None and _at_keyboard()):
        import webbrowser

        webbrowser.open(page.address)
    page.run()
    click.echo(_left(len(found.questions())))


def _refused(place: Workspace, why: str) -> None:
    from matcher.purge.audit import Audit

    Audit(place).append("access_refused", why=why, command="review serve")


class _Desk:
    """What the page asks of a review."""

    def __init__(self, found: Review) -> None:
        self._found = found

    def questions(self) -> list[Any]:
        return self._found.questions(answered=True)

    def answer(self, id: str, given: Any) -> None:
        self._found.answer({id: given})


def _at_keyboard() -> bool:
    import sys

    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def _left(left: int) -> str:
    return f"{left} question(s) are open." if left else "All questions are answered. Go on with: matcher resume"


COMMANDS = (review,)
