"""Linkage models and their comparison as text of at most 80 columns. Takes what `models.py` gives; gives lines."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

WIDTH = 80
_WORDS = 43  # columns of a level and its meaning
TELLING, MOST = 1.0, 12  # bits from which a pair of sources is told, and how many are
BITS = "Bits: what a level speaks for one person against strangers; one bit doubles the odds."


def shown(told: Mapping[str, Any]) -> list[str]:
    """A model (`models.described`), with its trained numbers where it has some."""
    trained = told["trained"]
    lines = [*_wrap(f"{told['name']} ({told['id']}, version {told['version']})"), *_wrap(told["title"], 2)]
    lines += _section("Blocking rules: records that share every key of a rule are compared")
    for rule in told["blocking"]:
        lines += _two(rule["name"].replace("_", " "), ", ".join(rule["keys"]), 34)
    if trained is None:
        lines += _section("Classes of pairs, beside strangers")
        for kind, meaning in told["classes"].items():
            lines += _two(kind, meaning, 14)
    else:
        lines += trained_sizes(told)
    lines += _section("Comparisons" + (", as trained" if trained else ", as training starts"))
    heads = ("matches", "strangers", "bits", "start") if trained else ("matches", "strangers", "bits")
    lines.append(f"{'':<{_WORDS}}" + "".join(f"{head:>9}" if head != "strangers" else f"{head:>10}" for head in heads))
    for comparison in told["comparisons"]:
        missing = (
            ""
            if trained is None
            else f"; not told by both in {100 * trained['missing'][comparison['name']]:.0f} % of pairs"
        )
        lines += [
            "",
            *_wrap(f"{comparison['name'].replace('_', ' ')} (comparator {comparison['comparator']}){missing}"),
        ]
        for row in told["levels"]:
            if row["comparison"] == comparison["name"]:
                lines += _level(row)
    if trained is not None:
        lines += told_by_sources(told)
    return [*lines, "", *_wrap(BITS)]


def trained_sizes(told: Mapping[str, Any]) -> list[str]:
    """The class sizes of trained numbers."""
    trained = told["trained"]
    lines = _section(f"Classes of pairs, as found among {trained['records']:,} records")
    meanings = {**told["classes"], "random": "strangers"}
    for kind, size in trained["sizes"].items():
        if kind in meanings:
            words = "switched off: no such pairs were seen" if size <= 0 else f"{size:,.0f} pairs: {meanings[kind]}"
            lines += _two(kind, words, 14)
    return lines


def told_by_sources(told: Mapping[str, Any]) -> list[str]:
    """What trained numbers hold of pairs of data sets: the most telling ones."""
    rows = [
        (f"{name.replace('|', ' and ')}{two}", values[0] / math.log(2))
        for part, two in (("across", ""), ("within", ", two references of one source"))
        for name, values in told["trained"]["sources"].get(part, {}).items()
    ]
    most = sorted((row for row in rows if abs(row[1]) >= TELLING), key=lambda row: (-abs(row[1]), row[0]))[:MOST]
    if not most:
        return []
    lines = _section("Sources: what it tells that a pair comes from these two, in bits")
    return lines + [f"  {title:<{WIDTH - 14}}{bits:>+9.1f}" for title, bits in most]


def compared(a: str, b: str, told: Mapping[str, Any], month: Mapping[str, Any] | None) -> list[str]:
    """Two models side by side, and what they make of a month's records."""
    lines = [*_wrap(f"A: {a}, {told['values']['a']}"), *_wrap(f"B: {b}, {told['values']['b']}")]
    for head, names in (("A", told["blocking_only_a"]), ("B", told["blocking_only_b"])):
        if names:
            lines += _wrap(f"Blocking rules of {head} alone: {', '.join(name.replace('_', ' ') for name in names)}.")
    lines += _section("Levels that differ by half a bit or more")
    if told["levels"]:
        lines.append(f"{'':<50}{'A':>10}{'B':>10}{'B - A':>10}")
    else:
        lines.append("None.")
    for row in told["levels"]:
        title = f"  {row['comparison']}: {row['level']}".replace("_", " ")
        cells = [("-" if row[side] is None else f"{row[side]:+.1f}") for side in ("a", "b")]
        apart = "" if None in (row["a"], row["b"]) else f"{row['b'] - row['a']:+.1f}"
        lines.append(f"{title:<50}{cells[0]:>10}{cells[1]:>10}{apart:>10}".rstrip())
    return lines if month is None else lines + _month(month)


def _month(month: Mapping[str, Any]) -> list[str]:
    lines = _section(f"On the {month['records']:,} records of the month")
    lines.append(f"{'':<40}{'A':>13}{'B':>13}{'B - A':>13}")
    titles = {
        "candidate_pairs": "pairs compared", "links": "links, by the pair alone", "persons": "persons",
        "questions": "links that a person could decide",
    }  # fmt: skip
    for name, title in titles.items():
        one, other = month["a"][name], month["b"][name]
        lines.append(f"  {title:<38}{one:>13,}{other:>13,}{other - one:>+13,}")
    for name in ("precision", "recall", "f1", "false_merges_per_1000", "missed_per_1000"):
        if name in month["a"]:
            one, other = month["a"][name], month["b"][name]
            title = {"f1": "F1 of persons across supplies"}.get(name, name.replace("_", " ").replace("1000", "1,000"))
            lines.append(f"  {title:<38}{one:>13.4f}{other:>13.4f}{other - one:>+13.4f}")
    both = month["together"]
    return [*lines, "", *_wrap(
        f"Pairs of records that are one person: {both['in_both']:,} by both models, {both['only_in_a']:,} by A alone, "
        f"{both['only_in_b']:,} by B alone."
    )]  # fmt: skip


def _level(row: Mapping[str, Any]) -> Iterator[str]:
    first, *others = textwrap.wrap(
        f"{row['level'].replace('_', ' ')}: {row['meaning']}", _WORDS - 3, subsequent_indent="  "
    )
    now = row.get("trained", row["starting"])
    cells = f"{_chance(now['match']):>9}{_chance(now['random']):>10}{now['bits']:>+9.1f}"
    if "trained" in row:
        cells += f"{row['starting']['bits']:>+9.1f}"
    yield f"  {first:<{_WORDS - 2}}{cells}"
    yield from (f"  {line}" for line in others)


def _chance(chance: float) -> str:
    return f"{chance:.4f}" if chance >= 0.0005 else f"{chance:.1e}"


def _section(title: str) -> list[str]:
    return ["", *_wrap(title.upper()), "-" * min(len(title), WIDTH)]


def _two(name: str, words: str, width: int) -> Sequence[str]:
    return textwrap.wrap(f"  {name:<{width}}{words}", WIDTH, subsequent_indent=" " * (width + 2), drop_whitespace=True)


def _wrap(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


def folded(lines: Iterable[str]) -> list[str]:
    """Lines as a list of warnings, each at most 80 columns."""
    return [part for line in lines for part in textwrap.wrap(f"- {line}", WIDTH, subsequent_indent="  ")]
