"""The benchmark's report: `python -m benchmark.report FIGURES [HTML]` prints one table a data set and writes the page.

Takes the JSON of `benchmark_linkage.py`. The page is one file: tables, charts as SVG each with the table it shows, what was
equal and what not, the machine, the versions, the command. It needs no net.
"""

from __future__ import annotations

import io
import json
import sys
import textwrap
from html import escape
from pathlib import Path
from typing import Any

from benchmark.sides import RULES

Entry = dict[str, Any]
NAMES = {"ours": "ours", "splink": "Splink", "recordlinkage": "recordlinkage", "goldenmatch": "goldenmatch"}
MODES = {"same": "same rules and comparisons", "tf": "with term frequencies", "best": "at its best"}
COLOURS = {"ours": "#00539f", "splink": "#b3470e", "recordlinkage": "#5a7d2a", "goldenmatch": "#7a4fa3"}
COLUMNS = (
    ("seconds", "seconds", ",.1f"), ("MB", "peak_mb", ",.0f"), ("candidates", "candidates", ",d"),
    ("precision", "cluster.precision", ".3f"), ("recall", "cluster.recall", ".3f"), ("F1 at 0.9", "cluster.f1", ".3f"),
    ("F1 at best", "cluster_best.f1", ".3f"), ("B-cubed F1", "bcubed.f1", ".3f"),
    ("false merges per 1,000", "false_merges_per_1000", ".1f"), ("pair F1 at 0.9", "pair.f1", ".3f"),
    ("pair F1 at best", "pair_best.f1", ".3f"), ("CPU seconds", "cpu_seconds", ",.1f"),
)  # fmt: skip
PRINTED = (
    ("seconds", "seconds", ",.1f", 9), ("MB", "peak_mb", ",.0f", 8), ("precision", "cluster.precision", ".3f", 10),
    ("recall", "cluster.recall", ".3f", 7), ("F1", "cluster.f1", ".3f", 6), ("best", "cluster_best.f1", ".3f", 6),
    ("false", "false_merges_per_1000", ".1f", 6),
)  # fmt: skip
EQUAL = """
<p>Every cell is a process of its own on the same machine, one after another; its seconds run from reading the table to
clusters, its memory is its own peak. Clusters are compared with the truth in pairs of records, B-cubed and false merges
(clusters that hold two people, per 1,000 people), by one piece of code for all sides.</p>
<ul>
<li><b>Same rules and comparisons</b>: all get forename, surname, date of birth, postcode and sex, and block by
<i>{rules}</i>. Forename and surname are compared by Jaro-Winkler (equal, 0.92, 0.8, else), the date of birth (equal, day and
month exchanged, one edit, year within one, else), the postcode (equal, one edit, same district, else), the sex. All train
themselves on the records, without labels. Ours is the model <code>plain</code>; the classes of pairs that it tells apart
(relatives, juniors, namesakes, strangers) are its method, not its data.</li>
<li><b>What could not be equal</b>: recordlinkage's classifier knows agreement or not, no levels, and has no clustering:
connected pairs are clusters. goldenmatch compares dates and postcodes by edit distance without the levels for exchanged days,
near years and districts; it trains on samples; it hands on linked pairs only, so that no lower threshold than its own could
be tried. Splink was told that its surest rules find 0.6 of all matches, as a user would guess.</li>
<li><b>At its best</b>: ours with the model <code>default</code> and every field of the data; Splink with the levels that
its library gives full names (names exchanged among them), dates of birth and postcodes, the most accurate of seven settings
tried on 300,000 made-up records; recordlinkage with similarities in place of agreement and their mean, cut at 0.8;
goldenmatch with what its automatic probabilistic configuration chooses, on every field. <b>With term frequencies</b>: Splink
with that adjustment on names; on data with households it joins relatives. Where another of Splink's three settings is the more
accurate, that one is its best on such data. goldenmatch chooses its configuration itself and says where it trusts it little.</li>
<li><b>F1 at 0.9</b> is taken where a match probability of 0.9 joins two records (recordlinkage at its best: mean 0.8;
goldenmatch at its best: the cut that it chooses). <b>At best</b> is the best of eight thresholds, chosen with the truth:
nobody has that in practice.</li>
<li>In a county's month ours at its best has every row with its references, addresses and identifiers; the other sides have
one row an identity (rows of one supply, reference, name and date of birth). Persons across supplies are measured.</li>
<li>The made-up records, the county and their errors are made by this project, from lists that its matcher does not share;
Febrl and pseudopeople are made by others. Real records will differ.</li>
</ul>
"""
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0;font-size:.86rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.3rem 0;white-space:nowrap}
.told td{text-align:left}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #d5d5d5}th:first-child,td:first-child{text-align:left}
tr.ours td{background:#eef4fa}figure{margin:1.5rem 0}svg{max-width:100%;height:auto}.wide{overflow-x:auto}
@media print{body{max-width:none;font-size:11px}figure,table{break-inside:avoid}}
"""


def value(entry: Entry, path: str) -> Any:
    """A figure of a cell by its path; None where it has none."""
    found: Any = entry["result"]
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def written(entry: Entry, path: str, form: str) -> str:
    found = value(entry, path)
    return "-" if found is None else format(found, form)


def title(entry: Entry) -> str:
    key = entry["key"]
    return f"{NAMES[key['side']]}, {MODES[key['mode']]}"


def by_data(cells: list[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in cells:
        found.setdefault(entry["key"]["data"], []).append(entry)
    return found


def about(entries: list[Entry]) -> str:
    """A data set in a line."""
    counts = next((entry["about"] for entry in entries if "about" in entry), None)
    if counts is None:
        return ""
    lacking = ", ".join(f"{name} {share:.1%}" for name, share in counts["lacking"].items() if share >= 0.001)
    people = f" of {counts['entities']:,} people, {counts['true_pairs']:,} true pairs" if "entities" in counts else ""
    return f"{counts['records']:,} records{people}. Missing: {lacking or 'nothing'}."


def limit(entries: list[Entry]) -> str:
    """What a perfect matcher could reach, where that is known."""
    most = next((entry["result"]["ceiling"] for entry in entries if "ceiling" in entry["result"]), None)
    if most is None:
        return ""
    return (
        f"A perfect matcher with what these records tell: F1 at most {most['f1']:.3f}; of {most['true_pairs']:,} pairs of "
        f"one person across supplies {most['too_little']:,} share too little to be told."
    )


def printed(cells: list[Entry]) -> str:
    """The tables for a terminal, 80 columns wide."""
    lines = []
    for data, entries in by_data(cells).items():
        lines += [
            "",
            data,
            *textwrap.wrap(about(entries), 80),
            f"{'':<26}" + "".join(f"{name:>{wide}}" for name, _, _, wide in PRINTED),
        ]
        for entry in entries:
            key = entry["key"]
            name = f"{NAMES[key['side']]}, {key['mode']}"
            if entry["result"]["status"] == "done":
                lines.append(
                    f"{name:<26}" + "".join(f"{written(entry, path, form):>{w}}" for _, path, form, w in PRINTED)
                )
            else:
                lines.append(f"{name:<26}  did not finish: {entry['result']['reason']}"[:80])
        lines += textwrap.wrap(limit(entries), 80)
    return "\n".join([*lines, "", "Clusters at match probability 0.9, in pairs of records; best: of 8 thresholds;",
                      "false: clusters that hold two people, per 1,000 people."])  # fmt: skip


def table(caption: str, head: list[str], rows: list[tuple[str, list[str]]]) -> str:
    """An HTML table; a row is (class, cells)."""
    cells = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    body = "".join(
        f'<tr class="{kind}">' + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for kind, row in rows
    )
    return (
        f"<div class=wide><table><caption>{escape(caption)}</caption><thead><tr>{cells}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def results(data: str, entries: list[Entry]) -> str:
    """The section of a data set: its figures, and the seconds of each stage."""
    rows, stages = [], []
    for entry in entries:
        side = entry["key"]["side"]
        if entry["result"]["status"] == "done":
            rows.append((side, [title(entry), *(written(entry, path, form) for _, path, form in COLUMNS)]))
            told = "; ".join(f"{name} {seconds:.2f}" for name, seconds in entry["result"]["stages"].items())
            stages.append((f"{side} told", [title(entry), told]))
        else:
            reason, held = entry["result"]["reason"], entry["result"].get("peak_mb", 0)
            told = f"did not finish: {reason}" + (f" (held {held:,.0f} MB)" if held else "")
            rows.append((side, [title(entry), told, *[""] * (len(COLUMNS) - 1)]))
    out = f"<h2>{escape(data)}</h2><p>{escape(about(entries))} {escape(limit(entries))}</p>"
    out += table("Figures", ["side", *(name for name, _, _ in COLUMNS)], rows)
    out += table("Seconds of each stage", ["side", "stages"], stages)
    origins = [entry for entry in entries if value(entry, "by_origin")]
    if origins:
        names = sorted(origins[0]["result"]["by_origin"], key=lambda o: -origins[0]["result"]["by_origin"][o]["people"])
        for caption, figure, form in (("F1", "f1", ".3f"), ("False merges per 1,000", "false_merges_per_1000", ".1f")):
            lines = [
                (e["key"]["side"], [title(e), *(written(e, f"by_origin.{name}.{figure}", form) for name in names)])
                for e in origins
            ]
            out += table(f"{caption} by name origin", ["side", *(name.replace("_", " ") for name in names)], lines)
    return out


def chart(lines: dict[str, dict[str, float]], label: str, log: bool) -> str:
    """Lines of side over data sets, or bars where they are not sizes, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "matcher", "font.size": 11}
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter

    figure, axes = plt.subplots(figsize=(9, 3.8))
    places = list(dict.fromkeys(data for line in lines.values() for data in line))
    width = 0.8 / max(len(lines), 1)
    for number, (side, line) in enumerate(lines.items()):
        colour = COLOURS[side]
        if log:
            axes.plot([places.index(data) for data in line], list(line.values()), "o-", color=colour, label=NAMES[side])
        else:
            at = [places.index(data) + (number - (len(lines) - 1) / 2) * width for data in line]
            axes.bar(at, list(line.values()), width, color=colour, label=NAMES[side])
    axes.set_xticks(range(len(places)), places)
    axes.set_ylabel(label)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,g}"))
        some = FuncFormatter(lambda number, _: f"{number:,g}" if f"{number:e}"[0] in "235" else "")
        axes.yaxis.set_minor_formatter(some)
    axes.grid(axis="y", color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.14))
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    text = file.getvalue()
    return text[text.index("<svg") : text.index("<metadata>")] + text[text.index("</metadata>") + len("</metadata>") :]


def charted(cells: list[Entry], heading: str, mode: str, path: str, form: str, made: bool) -> str:
    """A chart of one figure, with its table; `made`: over sizes of made-up records."""
    chosen = [
        entry for entry in cells
        if entry["key"]["mode"] == mode and value(entry, path) is not None and entry["result"]["status"] == "done"
        and (not made or entry["key"]["data"].startswith("made "))
    ]  # fmt: skip
    lines: dict[str, dict[str, float]] = {}
    for entry in chosen:
        lines.setdefault(entry["key"]["side"], {})[entry["key"]["data"].removeprefix("made ")] = value(entry, path)
    if not lines:
        return ""
    places = list(dict.fromkeys(data for line in lines.values() for data in line))
    rows = [
        (side, [NAMES[side], *(format(line[p], form) if p in line else "-" for p in places)])
        for side, line in lines.items()
    ]
    caption = f"{heading}: {MODES[mode]}"
    drawn = chart(lines, heading, made)
    return f"<figure role=img aria-label='{escape(caption)}'>{drawn}</figure>" + table(caption, ["side", *places], rows)


def page(figures: dict[str, Any]) -> str:
    """The whole page."""
    cells, machine = figures["cells"], figures["machine"]
    charts = "".join(
        charted(cells, *what)
        for what in (
            ("Seconds, made-up records", "same", "seconds", ",.1f", True),
            ("Peak memory in MB, made-up records", "same", "peak_mb", ",.0f", True),
            ("Cluster F1 at 0.9", "same", "cluster.f1", ".3f", False),
            ("Cluster F1 at 0.9", "best", "cluster.f1", ".3f", False),
        )
    )
    versions = ", ".join(f"{escape(name)} {escape(version)}" for name, version in machine["versions"].items())
    rules = "; ".join(escape(" + ".join(rule).replace("_", " ")) for rule in RULES)
    dates = sorted({entry["machine"]["date"] for entry in cells if "machine" in entry} or {machine["date"]})
    return (
        "<!doctype html><html lang=en-GB><meta charset=utf-8><title>Record linkage, side by side</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style><h1>Record linkage, side by side</h1>"
        f"<p>{escape(machine['system'])}, {machine['cores']} cores, Python {escape(machine['python'])}, "
        f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}. {versions}.<br><code>{escape(machine['command'])}</code></p>"
        f"{charts}<h2>What was equal, and what was not</h2>{EQUAL.format(rules=rules)}"
        + "".join(results(data, entries) for data, entries in by_data(cells).items())
        + "</html>"
    )


if __name__ == "__main__":
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(page(figures), encoding="utf-8")
    print(printed(figures["cells"]))
