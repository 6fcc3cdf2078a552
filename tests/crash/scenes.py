"""What is cut off, and how the people of an office go on: a scene is a workspace as it stands, and the command that is disturbed.

Takes made-up months; gives scenes to prepare, and `go_on`, which does what the state of the batch asks for (run, answer, resume)
until the month is sealed. The undisturbed end of a scene is `go_on` from its beginning.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from matcher.purge.residue import search_all
from matcher.registry.batches import Batch
from matcher.registry.log import Question
from matcher.registry.store import Registry
from matcher.review.answers import parse
from matcher.runs.reviewing import answer
from matcher.synthetic import make_month
from tests.crash.events import STEP, Watch
from tests.crash.trial import KILLED, Base, Ended

OCTOBER, NOVEMBER = dt.date(2013, 10, 31), dt.date(2013, 11, 30)
PEOPLE, SEED = 300, 9  # a size and seed with families that qualify by all criteria and by discretion
ASKING = "link = 0.9\nask_from = 0.05\nask_to = 0.9999\n"
VALUES = 120
FAMILIES_IN = f"{STEP}after Registry.apply"
ROUNDS = 12
"""More commands than any scene needs: one that needs more is going round in circles."""


@dataclass(frozen=True)
class Scene:
    """`prepare`: makes the workspace as it stands before `command`; `as_at` and `ends`: the batch to come, and its last state."""

    name: str
    prepare: Callable[[Base, Months], None]
    command: tuple[str, ...]
    as_at: dt.date = OCTOBER
    ends: str = "sealed"
    number: int = 1
    late: str = ""

    def arguments(self, base: Base) -> list[str]:
        """The command that is disturbed."""
        filled = _filled(self.command, base)
        if "QUESTION" in filled:
            question, given = _first_question(base)
            filled = [{"QUESTION": question, "GIVEN": given}.get(argument, argument) for argument in filled]
        return filled


@dataclass
class Months:
    """Made-up months by date, each as the folder of its inbox."""

    folder: Path
    made: dict[dt.date, Path] = field(default_factory=dict)

    def inbox(self, as_at: dt.date) -> Path:
        if as_at not in self.made:
            folder = self.folder / as_at.isoformat()
            folder.mkdir(parents=True)
            for name, content in make_month(PEOPLE, SEED, as_at).files.items():
                (folder / name).write_bytes(content)
            self.made[as_at] = folder
        return self.made[as_at]

    def deliver(self, base: Base, name: str, as_at: dt.date, *, without: str = "", only: str = "") -> Path:
        """A fresh inbox with the month's files, without those of one data set, or those alone."""
        target = base.folder / name
        target.mkdir()
        for path in self.inbox(as_at).iterdir():
            if path.name == "MADE-UP.txt" or (
                path.name.startswith(only) and not (without and path.name.startswith(without))
            ):
                shutil.copy(path, target / path.name)
        return target


# -- preparing ---------------------------------------------------------------------------------------------------------


def _office(base: Base) -> None:
    base.begin()
    _done(base.command("init", str(base.workspace)))


def _first_month(base: Base, months: Months) -> None:
    _office(base)
    months.deliver(base, "inbox", OCTOBER)


def _asking(base: Base, months: Months) -> None:
    _first_month(base, months)
    (base.workspace / "policy" / "thresholds.2012-04-02.toml").write_text(ASKING, encoding="utf-8")


def _answered(base: Base, months: Months) -> None:
    _asking(base, months)
    _done(base.command(*_filled(HOLD.command, base)), 3)
    with Registry.open(base.opened()) as registry:
        answer_all(base, registry.unfinished()[0])


def _held(base: Base, months: Months) -> None:
    _asking(base, months)
    _done(base.command(*_filled(HOLD.command, base)), 3)


def _sealed(base: Base, months: Months) -> None:
    _first_month(base, months)
    _done(base.command(*_filled(RUN.command, base)))


def _families_in(base: Base, months: Months) -> None:
    """Killed the moment after the families were in the registry."""
    _first_month(base, months)
    counted = base.command(*_filled(RUN.command, base), rules=Watch(base.folder))
    _first_month(base, months)
    rules = Watch(base.folder, "kill", counted.events.index(FAMILIES_IN) + 1)
    _done(base.command(*_filled(RUN.command, base), rules=rules), KILLED)


def _mended(base: Base, months: Months) -> None:
    _sealed(base, months)
    months.deliver(base, "inbox-mended", OCTOBER, without="local_concerns")


def _next_month(base: Base, months: Months) -> None:
    _sealed(base, months)
    months.deliver(base, "inbox-november", NOVEMBER)


def _same_again(base: Base, months: Months) -> None:
    _sealed(base, months)
    months.deliver(base, "inbox-again", OCTOBER)


def _referral(base: Base, months: Months) -> None:
    _office(base)
    settings = base.workspace / "matcher.toml"
    text = settings.read_text(encoding="utf-8")
    on = '[referral]\non = true\nagreement = "made up"\nneed = "1 or 2"\n'
    if "[referral]\n" not in text:
        raise AssertionError("matcher.toml has no [referral]")
    settings.write_text(text.replace("[referral]\n", on, 1), encoding="utf-8")
    months.deliver(base, "inbox", OCTOBER, without="dwp")


def _referred(base: Base, months: Months) -> None:
    _referral(base, months)
    _done(base.command(*_filled(RUN.command, base)), 3)
    months.deliver(base, "inbox-late", OCTOBER, only="dwp")


_RUN = ("run", "{base}/inbox", "-w", "{base}/workspace", "--as-at", "2013-10-31")
_RESUME = ("resume", "-w", "{base}/workspace")

INIT = Scene("init", lambda base, months: base.begin(), ("init", "{base}/workspace"), ends="")
RUN = Scene("run", _first_month, _RUN)
HOLD = Scene("run --review hold", _asking, (*_RUN, "--review", "hold"))
ANSWER = Scene(
    "review answer", _held,
    ("review", "-w", "{base}/workspace", "answer", "QUESTION", "GIVEN", "--by", "panel", "--reason", "cannot_tell"),
)  # fmt: skip
ANSWERED = Scene("resume after answers", _answered, _RESUME)
FINISH = Scene("resume in the seal", _families_in, _RESUME)
ABANDON = Scene("abandon", _held, ("abandon", "-w", "{base}/workspace", "2013-10-31-1"), ends="abandoned")
REPLACES = Scene(
    "run --replaces", _mended,
    ("run", "{base}/inbox-mended", "-w", "{base}/workspace", "--as-at", "2013-10-31", "--replaces", "2013-10-31-1"),
    number=2,
)  # fmt: skip
SECOND = Scene(
    "second month", _next_month, ("run", "{base}/inbox-november", "-w", "{base}/workspace", "--as-at", "2013-11-30"),
    as_at=NOVEMBER,
)  # fmt: skip
AGAIN = Scene(
    "same month again", _same_again, ("run", "{base}/inbox-again", "-w", "{base}/workspace", "--as-at", "2013-10-31"),
    ends="",
)  # fmt: skip
LATE = Scene(
    "late supply", _referred, (*_RESUME, "--supply", "{base}/inbox-late/dwp.csv"), late="{base}/inbox-late/dwp.csv"
)
SCENES = {
    scene.name: scene for scene in (RUN, HOLD, ANSWER, ANSWERED, FINISH, REPLACES, SECOND, LATE, ABANDON, AGAIN, INIT)
}


def _filled(arguments: tuple[str, ...], base: Base) -> list[str]:
    return [argument.replace("{base}", str(base.folder)) for argument in arguments]


def _first_question(base: Base) -> tuple[str, str]:
    """Id and answer of the question that comes first by what it is about."""
    with Registry.open(base.opened()) as registry:
        questions = registry.questions(registry.unfinished()[0].batch_id)
    chosen = min(questions, key=lambda q: json.dumps([q.kind, q.subject], sort_keys=True))
    return chosen.question_id, _given(chosen)


def _done(ended: Ended, code: int = 0) -> Ended:
    if ended.code != code:
        raise AssertionError(f"exit code {ended.code}, wanted {code}:\n{ended.said[-2000:]}")
    return ended


# -- going on ----------------------------------------------------------------------------------------------------------


def next_command(base: Base, scene: Scene) -> list[str] | None:
    """What the state asks for now; None where the end is reached."""
    if not scene.ends:  # a command that is simply given again
        return scene.arguments(base)
    with Registry.open(base.opened()) as registry:
        batches = [b for b in registry.batches() if b.as_at == scene.as_at and b.batch_id.endswith(f"-{scene.number}")]
        batch = batches[-1] if batches else None
        if batch is not None and batch.state == scene.ends:
            return None
        if batch is None or (scene.ends == "abandoned" and batch.state == "held"):
            return scene.arguments(base)
        if batch.state == "held":
            answer_all(base, batch)
    late = Path(scene.late.replace("{base}", str(base.folder)))
    with_supply = bool(scene.late) and batch.applied_at is None and late.exists()
    return _filled((*_RESUME, "--supply", scene.late) if with_supply else _RESUME, base)


def go_on(base: Base, scene: Scene) -> list[Ended]:
    """Do what the state asks for until the end; gives how each command ended."""
    done: list[Ended] = []
    while (arguments := next_command(base, scene)) is not None:
        if len(done) == ROUNDS:
            raise AssertionError(f"{scene.name}: no end after {ROUNDS} commands:\n{done[-1].said[-2000:]}")
        done.append(base.command(*arguments))
        if scene is AGAIN and "The inbox holds no supply." in done[-1].said:
            break  # cut off when everything was destroyed already
        if done[-1].code not in (0, 3):
            raise AssertionError(f"{' '.join(arguments)}: exit code {done[-1].code}\n{done[-1].said[-2000:]}")
        if not scene.ends:
            break
    return done


def answer_all(base: Base, batch: Batch) -> None:
    """Answer every open question, each the same way whatever its id."""
    workspace = base.opened()
    with Registry.open(workspace) as registry:
        waiting = [question for question in registry.questions(batch.batch_id) if question.answer is None]
    answer(workspace, {q.question_id: parse(_given(q), "panel", "cannot_tell") for q in waiting})


def _given(question: Question) -> str:
    about = json.dumps([question.kind, question.subject], sort_keys=True)
    return ("yes", "no", "defer")[hashlib.sha256(about.encode()).digest()[0] % 3]


# -- values that must be gone ------------------------------------------------------------------------------------------


def values_of(inbox: Path, seed: int) -> list[str]:
    """Some values of 10 characters or more from the rows of an inbox."""
    found: set[str] = set()
    for path in sorted(inbox.glob("*.csv")):
        if not path.name.startswith("gazetteer"):
            text = path.read_bytes().decode("utf-8", errors="ignore")
            for row in csv.reader(io.StringIO(text), csv.Sniffer().sniff(text.partition("\n")[0], ",;\t|")):
                found |= {
                    cell.strip() for cell in row[:5] if len(cell.strip()) >= 10 and any(c.isdigit() for c in cell)
                }
    chosen = sorted(found)
    return random.Random(seed).sample(chosen, min(len(chosen), 4 * VALUES))


def gone_from(base: Base, values: list[str]) -> list[str]:
    """Those of the values that an undisturbed end does not hold anywhere: no end may."""
    workspace = base.opened()
    with Registry.open(workspace) as registry:
        held = {finding.value for finding in search_all(workspace, values, cells=registry.every_cell()).findings}
    return [value for number, value in enumerate(values) if number not in held][:VALUES]


def in_clear(base: Base, values: list[str]) -> Iterator[str]:
    """Files other than received ones that hold one of the values as it was delivered."""
    wanted = [value.encode("utf-8") for value in values]
    for path in base.folder.rglob("*"):
        if path.is_file() and not path.parent.name.startswith("inbox"):
            content = path.read_bytes()
            if any(value in content for value in wanted):
                yield path.relative_to(base.folder).as_posix()
