"""Measure the match on an inbox whose truth is known, with the shipped policy and nothing written.

Takes an inbox marked made-up (or data that people consented to), a truth file and a date; gives measures, counts and timings.
Refuses an unmarked inbox, a truth file without the contract's columns, and supplies that would be rejected.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from criteria.framework import load_framework
from criteria.policy import load_policy, shipped_policy
from matcher import engines
from matcher.errors import Exit, UserError
from matcher.evaluation.detail import detail
from matcher.evaluation.fairness import by_name_form, forms_of_rows, gap
from matcher.evaluation.metrics import KEYS, join, measures_of
from matcher.evaluation.name_forms import name_forms
from matcher.evaluation.reliability import reliability, true_pairs
from matcher.extracts import find_supplies, read_supplies
from matcher.memory import peak_rss_mb
from matcher.month import Month, Rules, match
from matcher.pairs import load_model
from matcher.persons import Thresholds
from matcher.progress import Stages
from specs.load import load_extract_specs

TRUTH = [*KEYS, "person_id", "household_id", "decision", "origin"]


def read_truth(path: Path) -> pd.DataFrame:
    """truth.csv, all text but `row`. Raises UserError naming the file and the column."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UserError(
            "The truth file cannot be read.", where=path.name, todo="Give a CSV file as `matcher synth` writes it."
        ) from error
    lacking = [column for column in TRUTH if column not in frame.columns]
    if lacking:
        raise UserError(
            "The truth file lacks columns.",
            where=f"{path.name}: {', '.join(lacking)}",
            todo=f"It needs {', '.join(TRUTH)}.",
        )
    rows = pd.to_numeric(frame["row"], errors="coerce")
    if rows.isna().any() or frame.duplicated(KEYS).any():
        raise UserError(
            "The truth file's row numbers are not usable.",
            where=path.name,
            todo="Each data row of each supply stands in it once, numbered from 1.",
        )
    return frame[TRUTH].assign(row=rows.astype("int64"))


def shipped_rules() -> Rules:
    """The rules as `matcher init` ships them."""
    return Rules(
        load_extract_specs(),
        load_model(),
        Thresholds.model_validate({}),
        load_framework(),
        load_policy(shipped_policy()),
    )


def evaluate(
    inbox: Path, truth: Path, as_at: dt.date, *, consented: bool, stages: Stages, engine: str = "in_process"
) -> tuple[dict[str, Any], Month, pd.DataFrame]:
    """The measures of `evaluate --json`, the month and the detail frame."""
    engines.ready(engine)
    rules = replace(shipped_rules(), engine=engine)
    found = find_supplies(inbox, rules.specs)
    if not (found.made_up or consented):
        raise UserError(
            "Evaluation is for made-up data, or data that people consented to.", where=inbox.name,
            todo="Put a file MADE-UP.txt into a made-up inbox, or say --consented.", refusal="unmarked_data",
        )  # fmt: skip
    known = read_truth(truth)
    with stages.stage("read", "Reading the supplies") as stage:
        intake = read_supplies(found, rules.specs, as_at, stage=stage)
    rejected = [supply.file for supply in intake.supplies if supply.status == "rejected"]
    if rejected:
        raise UserError(
            "Supplies are rejected; nothing was matched.", where=", ".join(rejected),
            todo="See `matcher check` for what to mend.", code=Exit.SUPPLIES_REJECTED,
        )  # fmt: skip
    month = match(intake, rules, as_at, stages=stages)
    rows = detail(month)
    joined = join(known, rows)
    measures = measures_of(joined)
    records = month.tables.records
    forms = name_forms(records, intake.supplies, rules.specs)
    measures["by_name_form"] = by_name_form(joined, forms_of_rows(records, forms))
    measures["gap"] = {name: gap(measures[name]) for name in ("by_origin", "by_name_form")}
    measures["reliability"] = reliability(*true_pairs(records, month.tables.pairs, known))
    measures |= {
        "records": int(month.tables.records.num_rows),
        "candidate_pairs": int(month.candidate_pairs),
        "seconds": {name: round(value, 3) for name, value in stages.seconds.items()},
        "peak_rss_mb": peak_rss_mb(),
    }
    return measures, month, rows
