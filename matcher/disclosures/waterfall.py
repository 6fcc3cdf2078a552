"""Why two records are one person or not, as text of at most 80 columns with a bar chart, as HTML with a chart, and as a dict.

Takes `Waterfalls`, put together by the run in words and numbers; gives lines or bytes. The HTML page holds no value of a record, only
what was compared, which level was found and how much it weighs, under the numbers of the delivered rows. Refuses nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.disclosures.charts import waterfall as chart

WIDTH = 80
_WORDS, _BAR = 41, 28  # columns of what a line says, and of its bar
PLACES = 4  # decimals of bits in JSON
SMALL = 0.05  # bits below which a step is summed up with others
BIT = (
    "One bit doubles the odds: +10 makes it about 1,000 times likelier that two records are one person, -10 1,000 times less "
    "likely."
)


@dataclass(frozen=True)
class Line:
    """What was looked at, what was found, and how many bits it adds."""

    title: str
    says: str
    bits: float
    compared: bool = True  # false: one of the two records does not tell

    @property
    def words(self) -> str:
        return f"{self.title}: {self.says}" if self.says else self.title


@dataclass(frozen=True)
class LinkTold:
    """One pair of records: which, as `--pair` takes them, what was decided of it, and how its weight came about."""

    left: str
    right: str
    verdict: str  # a code
    says: str  # the verdict in words
    lines: tuple[Line, ...]
    weight: float
    link: float  # weight from which records are linked
    alike: int = 0  # other rows of which the same holds
    objecting: bool = False  # the pair that speaks most against what a pair told before it speaks for
    batch: str = ""  # of a registry's rows: the one that delivered them

    @property
    def heading(self) -> str:
        words = f"{self.left} and {self.right}{f', batch {self.batch}' if self.batch else ''}"
        return f"What speaks against it most: {words}" if self.objecting else words

    @property
    def probability(self) -> float:
        return 1 / (1 + 2.0 ** -max(min(self.weight, 100.0), -100.0))


@dataclass(frozen=True)
class Waterfalls:
    """An explanation. `names`: lines that name people, for the terminal alone; `notes`: lines without any value of a record.

    `sides`: what `names` lay out in columns, item by item, for --json.
    """

    marking: str
    title: str
    notes: tuple[str, ...]
    names: tuple[str, ...]
    links: tuple[LinkTold, ...]
    sides: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For --json, with the probability; bits with as many places as are kept of a step."""
        links = []
        for one in self.links:
            told = asdict(one) | {"weight": round(one.weight, PLACES), "link": round(one.link, PLACES)}
            told["lines"] = [line | {"bits": round(line["bits"], PLACES)} for line in told["lines"]]
            links.append(told | {"probability": one.probability})
        return asdict(self) | {"names": [] if self.sides else list(self.names), "links": links}


def text(told: Waterfalls) -> list[str]:
    """The explanation for a person to read."""
    lines = [told.marking, "", *_wrap(told.title), *told.names]
    for note in told.notes:
        lines += _wrap(note)
    for number, one in enumerate(told.links, 1):
        heading = f"{number}. " if len(told.links) > 1 else ""
        lines += ["", *_wrap(f"{heading}{one.heading}")]
        lines += _wrap(one.says, "   " if heading else "")
        if one.alike:
            lines += _wrap(f"The same holds of {one.alike} more row(s) of this reference.", "   " if heading else "")
        if len(one.lines) > 1:
            lines += ["", *_bars(one)]
    return [*lines, "", *_wrap(BIT)]


def in_sum(one: LinkTold) -> str:
    """The weight in words."""
    odds = 2.0 ** min(abs(one.weight), 60.0)
    times = f"{odds:,.1f}" if odds < 10 else f"{float(f'{odds:.2g}'):,.0f}"
    way = "that the two are one person" if one.weight >= 0 else "against it"
    least = 1 / (1 + 2.0**-one.link)
    return (
        f"The odds are {times} to 1 {way}: match probability {_chance(one.probability)}. Records are linked from "
        f"{least:.2f} ({one.link:+.1f} bits)."
    )


def _chance(probability: float) -> str:
    """Four places, never up to a certainty that it is not."""
    return "above 0.9999" if probability > 0.9999 else "below 0.0001" if probability < 0.0001 else f"{probability:.4f}"


def shown(one: LinkTold) -> tuple[list[Line], str]:
    """The lines worth a bar, and what is left out in words."""
    lines = [line for line in one.lines if line.compared and abs(line.bits) >= SMALL]
    untold = [line.title for line in one.lines if not line.compared]
    rest = sum(line.bits for line in one.lines if line not in lines)
    if abs(rest) >= SMALL:
        lines.append(Line("smaller steps together", "", rest))
    return lines, f"Not told by both records, and so not compared: {', '.join(untold)}." if untold else ""


def _bars(one: LinkTold) -> Iterator[str]:
    lines, untold = shown(one)
    reached = [0.0]
    for line in lines:
        reached.append(reached[-1] + line.bits)
    low, high = min(*reached, one.link, 0.0), max(*reached, one.link, 0.0)
    step = (high - low) / _BAR or 1.0

    def place(bits: float) -> int:
        return max(0, min(_BAR, round((bits - low) / step)))

    def bar(start: float, end: float, mark: str) -> str:
        cells = [" "] * (_BAR + 1)
        cells[place(one.link)] = ":"
        first, last = sorted((place(start), place(end)))
        for cell in range(first, max(last, first + 1)):
            cells[min(cell, _BAR)] = mark
        return "".join(cells).rstrip()

    yield f"{'':<{_WORDS}} {'bits':>7} {_marked(place(one.link))}"
    for line, before, after in zip(lines, reached, reached[1:], strict=False):
        first, *others = textwrap.wrap(line.words, _WORDS, subsequent_indent="  ")
        yield f"{first:<{_WORDS}} {line.bits:>+7.1f} {bar(before, after, '+' if line.bits >= 0 else '-')}"
        yield from others
    yield f"{'in sum':<{_WORDS}} {one.weight:>+7.1f} {bar(0.0, one.weight, '=')}"
    yield from _wrap(in_sum(one))
    if untold:
        yield from _wrap(untold)


def _marked(place: int) -> str:
    """The words over the column from which records are linked, on the side that has room."""
    for words in ("linked from here", "linked"):
        if place > len(words):
            return f"{words} :".rjust(place + 1)
        if place + len(words) + 2 <= _BAR + 1:
            return " " * place + f": {words}"
    return " " * place + ":"


def _wrap(line: str, indent: str = "") -> list[str]:
    return textwrap.wrap(line, WIDTH, initial_indent=indent, subsequent_indent=indent)


def page(told: Waterfalls) -> bytes:
    """The explanation as a page with charts, without a value of any record."""
    environment = Environment(
        loader=PackageLoader("matcher.disclosures"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    links = []
    for number, one in enumerate(told.links, 1):
        lines, untold = shown(one)
        rows = [(line.words, f"{line.bits:+.1f}") for line in lines]
        drawn = chart(
            [line.words for line in lines], [line.bits for line in lines], line=one.link,
            what=f"How the match weight came about, pair {number}",
        )  # fmt: skip
        drawn = drawn if len(lines) > 1 else ""
        links.append({"told": one, "rows": rows, "chart": drawn, "in_sum": in_sum(one), "untold": untold})
    made = environment.get_template("waterfall.html.j2").render(told=told, links=links, bit=BIT)
    return made.encode("utf-8")
