"""Made-up data stands apart from the matching: no shared code, and most of its spellings are not in the matcher's table."""

from __future__ import annotations

import ast
import tomllib
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest

import matcher.synthetic
from matcher.synthetic.draws import Draws
from matcher.synthetic.names import ORIGINS, PLAIN, custom, names_of, respelt, shortened

FOLDER = Path(matcher.synthetic.__file__).parent
ALLOWED = ("matcher.synthetic", "matcher.errors", "specs")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_synthetic_imports_nothing_of_the_matching_or_the_criteria(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert not name.startswith(("matcher", "criteria", "specs")) or name.startswith(ALLOWED), name


def letters(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(PLAIN)).upper()
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())


@pytest.mark.parametrize("origin", ORIGINS)
def test_at_least_half_of_the_spellings_are_unknown_to_the_matcher(origin: str) -> None:
    table = tomllib.loads((FOLDER.parent / "pairs" / "comparators" / "names.toml").read_text(encoding="utf-8"))
    lines: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for number, family in enumerate(table["families"]):
        for line, names in enumerate(family["names"]):
            for name in names.split():
                lines[letters(name)].add((number, line))
    draws = Draws(11, 12, 13)
    changed = unknown = 0
    for turn in range(1500):
        family = custom(draws, origin)
        forename, _, surname, _ = names_of(draws, family, "MF"[turn % 2], 1950 + turn % 60)
        for name, other in (
            (forename, respelt(draws, forename)), (surname, respelt(draws, surname)), (forename, shortened(draws, forename)),
        ):  # fmt: skip
            one, two = letters(name), letters(other)
            if one != two:
                changed += 1
                unknown += not (lines.get(one, set()) & lines.get(two, set()))
    assert changed > 500
    assert unknown >= changed / 2
