"""The example of `matcher.link` in the package's README, run as it stands there, with its figures."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import matcher.pairs
from matcher.evaluation.metrics import pairwise

README = Path(matcher.pairs.__file__).parent / "README.md"


def test_the_example_on_febrl_links_as_well_as_it_says() -> None:
    section = README.read_text(encoding="utf-8").partition("## Any table of people")[2].partition("\n## ")[0]
    code = "\n".join(line for line in section.splitlines() if line.startswith("    ") or not line)
    given: dict[str, Any] = {}
    exec(compile(dedent(code), str(README), "exec"), given)
    febrl = given["febrl"]
    febrl["true"] = febrl.index.str.extract(r"rec-(\d+)-", expand=False).to_numpy()
    stated = re.search(r"precision ([\d.]+), recall ([\d.]+)\.", section)
    assert stated is not None
    measured = pairwise(febrl, "true", "person")
    assert round(measured["precision"], 3) == float(stated[1])
    assert round(measured["recall"], 3) == float(stated[2])
