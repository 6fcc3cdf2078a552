"""Charts as inline SVG that print in black and white: horizontal bars, plain, stacked or as a waterfall, each value beside its bar.

Takes labels and counts (None: withheld); gives an SVG element as text, for a page that also holds the same figures as a
table. Refuses nothing; without bars it gives an empty text. The same figures give the same bytes.
"""

from __future__ import annotations

import io
import re
import textwrap
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path

# dark to light, told apart without colour by lightness and by hatching
SHADES = ("#1F3B57", "#6E93B5", "#D3DEE9", "#F4F4F4")
HATCHES = ("", "///", "...", "xx")
_INK = "#1A1A1A"
_WIDTH, _PAD = 7.6, 0.06  # inches
_BAR = 0.62  # of the room that a bar has
_WIDEST_LABEL = 44  # characters; longer labels go on a second line
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "matcher", "font.family": "sans-serif", "font.size": 10}


def bars(
    labels: Sequence[str],
    series: Mapping[str, Sequence[int | float | None]],
    *,
    what: str,
    withheld: str = "withheld",
    decimals: int = 0,
) -> str:
    """Horizontal bars, one a label; several series are stacked. `what` describes the chart to who cannot see it."""
    if not labels:
        return ""
    wrapped = [textwrap.fill(label, _WIDEST_LABEL) for label in labels]
    lines = sum(1 + 0.5 * label.count("\n") for label in wrapped)
    legend = 0.3 if len(series) > 1 else 0
    height = 0.55 + 0.34 * lines + legend
    # placed by the labels' widths, without axes: to have the layout found, and to make ticks and limits that nobody sees, takes
    # several times as long as all the drawing
    start, end, low, high = _widest(wrapped) + 2 * _PAD, _WIDTH - _PAD, _PAD + legend, height - _PAD
    sums = [sum(float(values[place] or 0) for values in series.values()) for place in range(len(labels))]
    wide = (end - start) / (1.14 * (max(sums) or 1.0))  # inches for each that a bar counts, with room for its figure
    pitch = (high - low) / (1.1 * (len(labels) - 1 + _BAR))
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        FigureCanvasSVG(figure)
        inches = figure.dpi_scale_trans
        middles = [high - pitch * (place + _BAR / 2 + 0.05 * (len(labels) - 1 + _BAR)) for place in range(len(labels))]
        lefts = [start] * len(labels)
        named = []
        for n, (name, values) in enumerate(series.items()):
            for place, (left, middle, value) in enumerate(zip(lefts, middles, values, strict=True)):
                bar = Rectangle(
                    (left, middle - pitch * _BAR / 2), wide * float(value or 0), pitch * _BAR, label=name,
                    facecolor=SHADES[n % 4], hatch=HATCHES[n % 4], edgecolor=_INK, linewidth=0.8, transform=inches,
                )  # fmt: skip
                figure.add_artist(bar)
                lefts[place] += bar.get_width()
            named.append(bar)
        figure.add_artist(Line2D([start, start], [low, high], color="black", linewidth=0.8, transform=inches))
        for place, (middle, label) in enumerate(zip(middles, wrapped, strict=True)):
            told = [values[place] for values in series.values()]
            words = withheld if None in told else f"{sum(value or 0 for value in told):,.{decimals}f}"
            figure.text(start - 7 / 72, middle, label, ha="right", va="center_baseline", transform=inches)
            figure.text(lefts[place] + (end - start) / 114, middle, words, va="center", transform=inches)
        if len(series) > 1:
            figure.legend(handles=named, loc="lower center", ncols=len(series), frameon=False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return _inline(buffer.getvalue(), what)


def _widest(labels: Sequence[str]) -> float:
    """Inches that the widest line takes."""
    font = FontProperties(family=_STYLE["font.family"], size=_STYLE["font.size"])
    lines = [line for label in labels for line in label.split("\n")]
    return max(text_to_path.get_text_width_height_descent(line, font, False)[0] for line in lines) / 72


_BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # of figures that lie on a line


def waterfall(labels: Sequence[str], steps: Sequence[float], *, line: float, what: str) -> str:
    """Steps from one running sum to the next, their sum last; `line`: a sum that decides, drawn across."""
    if not labels:
        return ""
    wrapped = [textwrap.fill(label, _WIDEST_LABEL) for label in (*labels, "in sum")]
    height = 0.75 + 0.34 * sum(1 + 0.5 * label.count("\n") for label in wrapped)
    reached = [0.0]
    for step in steps:
        reached.append(reached[-1] + step)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        spread = max(*reached, line) - min(*reached, line) or 1.0
        for place, step in enumerate((*steps, reached[-1])):
            start, shade = (reached[place], 0 if step >= 0 else 2) if place < len(steps) else (0.0, 1)
            axes.barh(
                place,
                step,
                left=start,
                height=0.62,
                color=SHADES[shade],
                hatch=HATCHES[shade],
                edgecolor=_INK,
                linewidth=0.8,
            )
            axes.text(max(start, start + step) + 0.01 * spread, place, f"{step:+.1f}", va="center", bbox=_BEHIND)
        for place, sum_so_far in enumerate(reached[1:-1]):
            axes.plot([sum_so_far] * 2, [place + 0.31, place + 0.69], color=_INK, linewidth=0.8)
        axes.axvline(0, color=_INK, linewidth=0.8)
        axes.axvline(line, color=_INK, linewidth=1.2, linestyle="--")
        axes.text(line, -0.75, "linked from here", ha="center", va="bottom", fontsize=9)
        axes.set_yticks(range(len(wrapped)), wrapped)
        axes.set_ylim(len(wrapped) - 0.4, -0.7)
        axes.set_xlim(min(*reached, line, 0.0) - 0.03 * spread, max(*reached, line, 0.0) + 0.12 * spread)
        axes.set_xlabel("running sum of bits")
        axes.tick_params(left=False)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return _inline(buffer.getvalue(), what)


def _inline(svg: str, what: str) -> str:
    """The SVG element alone, with a description; ids made unlike those of another chart on the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    key = f"{zlib.crc32(what.encode('utf-8')):08x}"
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>c{key}-", svg)
    svg = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", svg, count=1)
    label = what.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}" style="width:100%;max-width:760px"', 1).strip()
