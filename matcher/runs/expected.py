"""What a month should hold: supplies that are absent, and supplies far from their usual size. Gives questions in words."""

from __future__ import annotations

from collections.abc import Mapping

from matcher.extracts import Intake

FEWEST_ROWS = 30
"""Below this many usual rows a difference says nothing."""


def absent(intake: Intake, expected: tuple[str, ...]) -> list[str]:
    """Names of expected supplies ("dataset" or "dataset.supplier") that are not among the accepted ones."""
    came = {supply.name for supply in intake.supplies if supply.status == "accepted"}
    came |= {supply.dataset for supply in intake.supplies if supply.status == "accepted"}
    return [name for name in expected if name not in came]


def unusual(intake: Intake, usual: Mapping[tuple[str, str], int], tolerance: float) -> list[str]:
    """One line a supply whose rows are more than `tolerance` (a share) away from the usual rows of sealed months."""
    found = []
    for supply in intake.supplies:
        rows = usual.get((supply.dataset, supply.supplier), 0)
        if supply.status == "accepted" and rows >= FEWEST_ROWS and abs(supply.rows_in - rows) > tolerance * rows:
            found.append(f"{supply.name}: {supply.rows_in:,} rows, usually about {rows:,}")
    return found
