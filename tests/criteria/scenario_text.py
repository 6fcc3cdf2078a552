"""Reads scenarios from text: takes a file, gives `Scenario`s, refuses a line that it does not understand.

A file opens with "as at DATE" and people ("NAME born DATE [pupil] [at N]"; "born unknown"); of these a scenario holds those
whom one of its facts names. A scenario is a line without indent, its title, ending in the rules that it shows: "[rule +]" on the side that
counts, "[rule -]" on the other. Indented lines below it:

  as at DATE                       another batch date
  NAME born DATE [pupil] [at N]    another person, or another age; household 1 unless "at N"
  reading NAME OPTION              another option of a reading
  not supplied KIND                no supply gave this kind
  policy WORDS                     "on CONCERN", "off CONCERN", "panel only", "cap N", "approve", "decline", "approve N"
  NAME KIND WHEN [xN] [code C] [key K]    a fact; NAME "dwelling" names nobody, "dwelling@2" at household 2
  => CLAUSE STATUS ["note"]        what household 1 must get; "silent" where there is no finding
  => route R, => one short, => not one short, => N facts behind CLAUSE, => statistic KEY N, => route of 2 R

WHEN: "DATE", "DATE..DATE", "DATE..", "..DATE", "undated", a month "2013-10" or a term "2012/13-Autumn". "#" opens a comment.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parent / "scenarios"
_TERMS = {"Autumn": (9, 1, 12, 31), "Spring": (1, 1, 4, 30), "Summer": (5, 1, 8, 31)}


@dataclass(frozen=True)
class Person:
    name: str
    born: date | None
    pupil: bool = False
    household: int = 1


@dataclass(frozen=True)
class Fact:
    who: str
    kind: str
    begun: date | None
    ended: date | None
    quantity: int | None = None
    code: str | None = None
    key: str | None = None


@dataclass
class Scenario:
    title: str
    file: str
    as_at: date
    rules: list[tuple[str, str]]
    known: dict[str, Person]
    own: dict[str, Person] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    readings: dict[str, str] = field(default_factory=dict)
    unsupplied: list[str] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def people(self) -> list[Person]:
        named = {fact.who for fact in self.facts}
        return list(({name: one for name, one in self.known.items() if name in named} | self.own).values())


def when(text: str) -> tuple[date | None, date | None]:
    """Begun and ended of a fact, as its WHEN says."""
    if text == "undated":
        return None, None
    if match := re.fullmatch(r"(\d{4})/\d\d-(Autumn|Spring|Summer)", text):
        year = int(match[1]) + (match[2] != "Autumn")
        first, day, last, end = _TERMS[match[2]]
        return date(year, first, day), date(year, last, end)
    if match := re.fullmatch(r"(\d{4})-(\d\d)", text):
        year, month = int(match[1]), int(match[2])
        return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    begun, dots, ended = text.partition("..")
    return (date.fromisoformat(begun) if begun else None, date.fromisoformat(ended) if dots and ended else None)


def _person(words: list[str]) -> Person:
    name, _, born, *rest = words
    household = int(rest[rest.index("at") + 1]) if "at" in rest else 1
    return Person(name, None if born == "unknown" else date.fromisoformat(born), "pupil" in rest, household)


def _fact(words: list[str]) -> Fact:
    who, kind, dates, *rest = words
    given: dict[str, str] = {}
    while rest:
        word = rest.pop(0)
        if re.fullmatch(r"x\d+", word):
            given["x"] = word[1:]
        elif word in ("code", "key"):
            given[word] = rest.pop(0)
        else:
            raise ValueError(word)
    quantity = int(given["x"]) if "x" in given else None
    return Fact(who, kind, *when(dates), quantity, given.get("code"), given.get("key"))


def read(path: Path) -> Iterator[Scenario]:
    """The scenarios of one file, in its order."""
    as_at = date(2013, 10, 31)
    people: dict[str, Person] = {}
    now: Scenario | None = None
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.split(" #")[0].rstrip()
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        try:
            if not line.startswith(" "):
                if words[:2] == ["as", "at"]:
                    as_at = date.fromisoformat(words[2])
                elif len(words) > 2 and words[1] == "born":
                    people[words[0]] = _person(words)
                else:
                    if now:
                        yield now
                    rules = re.findall(r"\[([a-z0-9_.]+) ([+-])\]", line)
                    now = Scenario(re.sub(r"\s*\[.*", "", line), path.name, as_at, rules, dict(people))
                continue
            assert now is not None
            if words[0] == "=>":
                now.expected.append(line.strip().removeprefix("=> "))
            elif words[:2] == ["as", "at"]:
                now.as_at = date.fromisoformat(words[2])
            elif words[1] == "born":
                now.own[words[0]] = _person(words)
            elif words[0] == "reading":
                now.readings[words[1]] = words[2]
            elif words[:2] == ["not", "supplied"]:
                now.unsupplied.append(words[2])
            elif words[0] == "policy":
                now.policy.append(" ".join(words[1:]))
            else:
                now.facts.append(_fact(words))
        except (ValueError, IndexError, AssertionError) as error:
            raise ValueError(f"{path.name}:{number}: not understood") from error
    if now:
        yield now


def all_scenarios() -> list[Scenario]:
    return [scenario for path in sorted(FOLDER.glob("*.txt")) if path.name != "rules.txt" for scenario in read(path)]


def rules() -> dict[str, str]:
    """The rules that need a scenario on each side: id and sentence, from rules.txt."""
    lines = (FOLDER / "rules.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(None, 1) for line in lines if line.strip() and not line.startswith("#"))
    return {id: sentence.strip() for id, sentence in pairs}
