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
from matplotlib.textpath import text_to_path

# dark to light, told apart without colour by lightness and by hatching
SHADES = ("#1F3B57", "#6E93B5", "#D3DEE9", "#F4F4F4")
HATCHES = ("", "///", "...", "xx")
_WIDTH, _PAD = 7.6, 0.06  # inches
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
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        FigureCanvasSVG(figure)
        # placed by the labels' widths: to have the layout found takes three times as long as all the drawing
        start, end, low, high = _widest(wrapped) + 2 * _PAD, _WIDTH - _PAD, _PAD + legend, height - _PAD
        axes = figure.add_axes((start / _WIDTH, low / height, (end - start) / _WIDTH, (high - low) / height))
        left = [0.0] * len(labels)
        places = range(len(labels))
        for n, (name, values) in enumerate(series.items()):
            widths = [float(value or 0) for value in values]
            axes.barh(
                places, widths, left=left, height=0.62, label=name, color=SHADES[n % 4], hatch=HATCHES[n % 4],
                edgecolor="#1A1A1A", linewidth=0.8,
            )  # fmt: skip
            left = [before + width for before, width in zip(left, widths, strict=True)]
        most = max(left) or 1.0
        for place in places:
            told = [values[place] for values in series.values()]
            words = withheld if None in told else f"{sum(value or 0 for value in told):,.{decimals}f}"
            axes.text(left[place] + most * 0.01, place, words, va="center")
        axes.set_yticks(places, wrapped)
        axes.invert_yaxis()
        axes.set_xlim(0, most * 1.14)
        axes.xaxis.set_visible(False)
        axes.tick_params(left=False)
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
        if len(series) > 1:
            figure.legend(loc="lower center", ncols=len(series), frameon=False)
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
                edgecolor="#1A1A1A",
                linewidth=0.8,
            )
            axes.text(max(start, start + step) + 0.01 * spread, place, f"{step:+.1f}", va="center", bbox=_BEHIND)
        for place, sum_so_far in enumerate(reached[1:-1]):
            axes.plot([sum_so_far] * 2, [place + 0.31, place + 0.69], color="#1A1A1A", linewidth=0.8)
        axes.axvline(0, color="#1A1A1A", linewidth=0.8)
        axes.axvline(line, color="#1A1A1A", linewidth=1.2, linestyle="--")
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
