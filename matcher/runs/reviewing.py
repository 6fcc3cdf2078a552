"""The open questions of the held batch: shown, answered, handed out as a workbook and taken back.

Takes an opened workspace; gives the questions with what they are about, read from the held encrypted tables. Refuses where no
batch is held. Every time people's details are shown it is recorded as a disclosure first; answers are audited by id and code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from matcher.disclosures.workbooks import Sheet, protected_workbook
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.purge.passwords import password_for
from matcher.registry import log
from matcher.registry.batches import Batch
from matcher.registry.store import Registry
from matcher.review.answers import REASONS, Answer
from matcher.review.questions import Question
from matcher.review.sheet import COLUMNS, NOTE, Filled, read_back, rows_of
from matcher.review.sides import Asked, asked
from matcher.runs.delivery import HANDED_OUT
from matcher.runs.rules import rules_of, titles_of
from matcher.runs.waiting import Waiting
from matcher.workspace import Workspace

RECIPIENT = "review"
PATIENCE = 5.0
"""Seconds that an answer waits for another that is being taken at the same moment."""
FIELDS = ("full_name", "date_of_birth", "sex", "address", "identifiers", "source")


class Review:
    """The questions of one held batch. Make with `Review.of`; its answers are read anew at each call."""

    def __init__(self, workspace: Workspace, batch: Batch, put: Sequence[Asked]) -> None:
        self.workspace, self.batch, self._put = workspace, batch, tuple(put)

    @classmethod
    def of(cls, workspace: Workspace) -> Review:
        """The questions of the batch that is held. Raises UserError where none is, or where what was held is gone."""
        with Registry.open(workspace) as registry:
            batch = held_batch(registry)
            questions = registry.questions(batch.batch_id)
        if not questions:
            return cls(workspace, batch, ())
        tables = Waiting.load(workspace, batch.batch_id).tables
        rules = rules_of(workspace, batch.as_at)
        open_ones = {q.question_id: Question.of(q.kind, q.subject) for q in questions}
        return cls(workspace, batch, asked(tables, open_ones, rules.specs, titles_of(rules, batch.as_at)))

    def questions(self, *, answered: bool = False) -> list[Asked]:
        """The open questions, most worth asking first; with `answered` the others too."""
        with Registry.open(self.workspace) as registry:
            now = {q.question_id: q for q in registry.questions(self.batch.batch_id)}
        told = [
            replace(one, answer=now[one.id].answer, by=now[one.id].answered_by, reason=now[one.id].reason)
            for one in self._put
            if one.id in now
        ]
        return [one for one in told if answered or one.answer is None]

    def shown(self, questions: Sequence[Asked], form: str, digest: str | None = None) -> None:
        """Record that these questions' people are shown: call it before they are."""
        people = sum(len(one.household.people) if one.household else 2 for one in questions)
        with Registry.open(self.workspace) as registry:
            registry.disclosed(
                "command_review", RECIPIENT, purpose=f"open questions of batch {self.batch.batch_id}", form=form,
                fields=FIELDS, family_ids=[], people=people, by_role=self.workspace.settings.legal.operator_role,
                digest=digest,
            )  # fmt: skip
        Audit(self.workspace).append(
            "questions_shown",
            batch=self.batch.batch_id,
            recipient=RECIPIENT,
            questions=len(questions),
            people=people,
            form=form,
        )

    def answer(self, answers: Mapping[str, Answer]) -> dict[str, str | None]:
        """Take answers by question id. Gives what each replaces (null: it was open); the same answer again changes nothing.

        Raises UserError for an unknown id, and where the batch is not held any more; then nothing is taken.
        """
        return answer(self.workspace, answers, self.batch.batch_id)

    def workbook(self, questions: Sequence[Asked]) -> bytes:
        """The questions as a workbook under the password of `review`, with empty cells for the answers."""
        batch, label = self.batch, self.workspace.settings.marking.label
        head = f"Batch {batch.batch_id}, as at {batch.as_at:%d/%m/%Y}: {len(questions)} open question(s)."
        sheets = [
            Sheet("Questions", COLUMNS, rows_of(questions), (head, NOTE)),
            Sheet("Reasons", ["Reason (code)", "When"], [[code, says] for code, says in REASONS.items()]),
        ]
        return protected_workbook(sheets, label, "Open questions", password_for(self.workspace, RECIPIENT))

    def handed_out(self, file: Path) -> None:
        """Note where a workbook of questions lies: it is destroyed when the batch ends, if it still lies there."""
        with Registry.open(self.workspace) as registry:
            before = registry.batch(self.batch.batch_id)
            files = sorted({*before.plan.get(HANDED_OUT, ()), str(file)})
            registry.set_state(before.batch_id, before.state, plan={HANDED_OUT: files})

    def read_back(self, content: bytes) -> Filled:
        """The answers of a filled-in workbook. Raises UserError with all faults."""
        return read_back(content, self.workspace.keys.password(RECIPIENT), {one.id for one in self._put})


def find_held(registry: Registry) -> Batch | None:
    """The batch that is held, where there is one."""
    return next((batch for batch in registry.unfinished() if batch.state == "held"), None)


def held_batch(registry: Registry) -> Batch:
    """The batch that is held. Raises UserError where none is."""
    batch = find_held(registry)
    if batch is None:
        raise UserError("No batch is held: there is nothing to review.", todo="see `matcher status`")
    return batch


def answer(workspace: Workspace, answers: Mapping[str, Answer], batch_id: str | None = None) -> dict[str, str | None]:
    """Take answers of the held batch (`batch_id`: of this one alone) by question id; all of them or none.

    Gives what each replaces (null: it was open). Raises UserError.
    """
    with workspace.lock("matcher review answer", patience=PATIENCE), Registry.open(workspace) as registry:
        batch = _batch_of(registry, answers, batch_id)
        before = {q.question_id: q for q in registry.questions(batch.batch_id)}
        unknown = [id for id in answers if id not in before]
        if unknown:
            raise UserError("There is no such question.", todo="see the open ones with: matcher review list")
        for id, given in answers.items():
            old = before[id]
            if (old.answer, old.answered_by, old.reason) == (given.given, given.by, given.reason):
                continue
            Audit(workspace).append(
                "question_answered", batch=batch.batch_id, question=id, kind=old.kind, answer=given.given,
                by_role=given.by, reason=given.reason, replaces=old.answer,
            )  # fmt: skip
            registry.answer(id, given.given, by=given.by, reason=given.reason)
        return {id: before[id].answer for id in answers}


def _batch_of(registry: Registry, answers: Mapping[str, Answer], batch_id: str | None) -> Batch:
    """The held batch, or why its questions cannot be answered: one that is sealed, expired or given up is named."""
    batches = registry.batches()
    waiting = find_held(registry)
    if waiting is not None and batch_id not in (None, waiting.batch_id):
        waiting = None
    if waiting is not None and any(q.question_id in answers for q in registry.questions(waiting.batch_id)):
        return waiting
    for batch in batches:
        mine: list[log.Question] = [] if batch is waiting else registry.questions(batch.batch_id)
        if any(question.question_id in answers for question in mine):
            raise UserError(
                f"Batch {batch.batch_id} of that question is {batch.state}: it takes no answers any more.",
                todo="see `matcher status`",
            )
    return waiting or held_batch(registry)
