"""Linkage models by themselves and on a month's records: trained, and two of them held against each other.

Takes a model by name, a TOML file, or a file of trained numbers; gives plain dictionaries of numbers and names of levels, nothing
about any person. Refuses numbers that do not belong to their model, and supplies that would be rejected.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from matcher.errors import Exit, UserError
from matcher.evaluation.evaluate import shipped_rules
from matcher.evaluation.metrics import KEYS, measure
from matcher.extracts import find_supplies, read_supplies
from matcher.month import Rules
from matcher.pairs import LinkageModel, TrainedModel, load_model, score_pairs
from matcher.pairs.gaps import MASKS
from matcher.pairs.model import CLASSES
from matcher.pairs.sources import HOUSEHOLD, nothing
from matcher.persons import cluster
from matcher.progress import Stages
from matcher.records import build

APART = 0.5  # bits by which a level of two models is worth telling


@dataclass(frozen=True)
class Named:
    """A model as it was asked for, with trained numbers where a file of them was named."""

    name: str
    model: LinkageModel
    trained: TrainedModel | None = None
    anew: bool = False  # trained now, on the records of the month

    @property
    def values(self) -> str:
        """Where its numbers come from, in words."""
        if self.trained is None:
            return "starting values"
        return f"trained on {'this month: ' if self.anew else ''}{self.trained.records:,} records"


@dataclass(frozen=True)
class Records:
    """The records of an inbox, and the rules that persons are made by."""

    table: pa.Table
    rules: Rules
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Linked:
    """What a model makes of records."""

    trained: TrainedModel
    candidate_pairs: int
    warnings: tuple[str, ...]
    links: int  # pairs of records strong enough by themselves
    person: npt.NDArray[np.int64]  # of each record, -1 for none
    questions: int  # links that a person could decide


def named(text: str) -> Named:
    """A shipped model by name, a TOML file, or numbers that `model train --out` wrote. Raises UserError.

    Numbers name their model: a shipped one, or `<name>.toml` beside their file.
    """
    path = Path(text)
    if path.suffix.lower() != ".json":
        return Named(path.stem if path.suffix else text, load_model(text))
    try:
        trained = TrainedModel.from_json(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            "The trained numbers cannot be read.", where=path.name,
            todo="name a file that was written by: matcher model train INBOX --as-at DATE --out FILE",
        ) from error  # fmt: skip
    beside = path.with_name(f"{Path(str(trained.model)).name}.toml")
    model = load_model(beside if beside.is_file() else str(trained.model))
    if not _fits(model, trained):
        raise UserError(
            "The trained numbers are not of this model.",
            where=path.name,
            todo="train again: matcher model train INBOX --as-at DATE --out FILE",
        )
    return Named(path.stem, model, trained)


def _fits(model: LinkageModel, trained: TrainedModel) -> bool:
    try:
        sizes = all(0 <= trained.sizes[kind] < math.inf for kind in CLASSES)
        known = (
            all(
                math.isfinite(number)
                for part in nothing()
                for numbers in trained.sources.get(part, {}).values()
                for number in numbers
            )
            and all(len(logs) == 2 for logs in trained.sources.get(HOUSEHOLD, {}).values())
            and all(0 <= trained.missing[c.name] <= 1 for c in model.comparison)
            and all(len(of) == MASKS and all(map(math.isfinite, of)) for of in trained.lacking.values())
            and trained.records >= 0
        )
        return sizes and known and all(
            len(trained.chances[kind][c.name]) == len(c.level) and all(0 < x <= 1 for x in trained.chances[kind][c.name])
            for kind in CLASSES
            for c in model.comparison
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError):
        return False


def records_of(inbox: Path, as_at: dt.date, stages: Stages) -> Records:
    """The records of an inbox's supplies, read in memory. Raises UserError where a supply is rejected or there is none."""
    rules = shipped_rules()
    with stages.stage("read", "Reading the supplies") as stage:
        intake = read_supplies(find_supplies(inbox, rules.specs), rules.specs, as_at, stage=stage)
    if intake.rejected:
        raise UserError(
            "Supplies are rejected; nothing was compared.", where=", ".join(one.file for one in intake.rejected),
            todo="See `matcher check` for what to mend.", code=Exit.SUPPLIES_REJECTED,
        )  # fmt: skip
    accepted = [supply for supply in intake.supplies if supply.status == "accepted"]
    if not accepted:
        raise UserError(
            "The inbox holds no supply.", where=inbox.name, todo="put the month's files there; see: matcher specs"
        )
    with stages.stage("records", "Reading names and addresses"):
        return Records(build(accepted, rules.specs, as_at).records, rules, intake.warnings)


def link(of: Named, records: Records, stages: Stages) -> Linked:
    """What a model makes of records: trained on them, but where trained numbers were named."""
    with stages.stage(of.name, f"Comparing records: {of.name}"[:34]) as stage:
        scored = score_pairs(records.table, of.model, trained=of.trained, stage=stage)
        rules = records.rules
        made = cluster(records.table, scored.pairs, thresholds=rules.thresholds, trust=rules.trust)
    person = np.full(records.table.num_rows, -1, dtype=np.int64)
    person[made.members["record_id"].to_numpy()] = made.members["person_id"].to_numpy()
    strong = pc.greater_equal(scored.pairs["match_probability"], rules.thresholds.link)
    links = int(pc.sum(strong).as_py() or 0)
    return Linked(scored.trained, scored.candidate_pairs, scored.warnings, links, person, made.uncertain.num_rows)


def bits(match: float, random: float) -> float:
    """What a level speaks for a match against strangers, as log2."""
    return math.log2(match / random)


def levels_of(of: Named) -> list[dict[str, Any]]:
    """Every level with its chances: the trained ones, or those that training starts from (as shares of the comparison)."""
    rows = []
    for comparison in of.model.comparison:
        for at, (name, level) in enumerate(comparison.level.items()):
            starting = {
                "match": level.match / sum(v.match for v in comparison.level.values()),
                "random": level.random / sum(v.random for v in comparison.level.values()),
            }
            told: dict[str, Any] = {"comparison": comparison.name, "level": name, "meaning": level.meaning}
            told["starting"] = starting | {"bits": bits(starting["match"], starting["random"])}
            if of.trained is not None:
                found = {kind: of.trained.chances[kind][comparison.name][at] for kind in CLASSES}
                told["trained"] = found | {"bits": bits(found["match"], found["random"])}
            rows.append(told)
    return rows


def described(of: Named) -> dict[str, Any]:
    """A model as `model show --json` tells it."""
    model, trained = of.model, of.trained
    return {
        "name": of.name, "id": model.id, "version": model.version, "title": model.title,
        "blocking": [{"name": rule.name, "keys": list(rule.keys)} for rule in model.blocking],
        "classes": {kind: one.meaning for kind, one in model.classes.items()},
        "comparisons": [{"name": c.name, "comparator": c.comparator, "role": c.role} for c in model.comparison],
        "levels": levels_of(of),
        "trained": None if trained is None else {
            "records": trained.records, "sizes": {kind: trained.sizes[kind] for kind in CLASSES},
            "missing": trained.missing, "sources": trained.sources, "lacking": trained.lacking,
        },
    }  # fmt: skip


def cautions(of: Named, trained: TrainedModel) -> list[str]:
    """What somebody should know of trained numbers: classes without pairs, and chances that stand at a bound of the model."""
    told = [
        f"class {kind}: switched off, the records show no such pairs"
        for kind in of.model.classes
        if trained.sizes.get(kind, 0.0) <= 0
    ]
    for comparison in of.model.comparison:
        for at, (name, level) in enumerate(comparison.level.items()):
            found = trained.chances["match"][comparison.name][at]
            if (level.least and found <= level.least * 1.001) or (level.most < 1 and found >= level.most * 0.999):
                told.append(f"{comparison.name}, {name}: the chance among matches stands at a bound of the model")
    return told


def differences(a: Named, b: Named) -> dict[str, Any]:
    """Where the values of each come from, which rules only one has, and which levels differ by half a bit or more or stand
    in one alone."""

    def of(one: Named) -> dict[tuple[str, str], float]:
        return {(r["comparison"], r["level"]): r.get("trained", r["starting"])["bits"] for r in levels_of(one)}

    left, right = of(a), of(b)
    rows = [
        {"comparison": key[0], "level": key[1], "a": left.get(key), "b": right.get(key)}
        for key in dict.fromkeys([*left, *right])
        if key not in left or key not in right or abs(left[key] - right[key]) >= APART
    ]
    rules = [{(rule.name, rule.keys) for rule in one.model.blocking} for one in (a, b)]
    return {
        "values": {"a": a.values, "b": b.values},
        "levels": rows,
        "blocking_only_a": sorted(name for name, _ in rules[0] - rules[1]),
        "blocking_only_b": sorted(name for name, _ in rules[1] - rules[0]),
    }


def as_scored(of: Named, linked: Linked) -> Named:
    """A model with the numbers that records were scored with: its own, or those trained on these records."""
    return of if of.trained is not None else replace(of, trained=linked.trained, anew=True)


def side_by_side(one: Linked, other: Linked, records: Records, truth: pd.DataFrame | None) -> dict[str, Any]:
    """What two models made of the same records, in counts; with the truth also how well."""
    names = one.person >= 0
    both = _pairs(one.person[names] * (int(other.person.max(initial=0)) + 1) + other.person[names])
    first, second = _pairs(one.person[names]), _pairs(other.person[names])
    found: dict[str, Any] = {
        "records": records.table.num_rows,
        "a": _counts(one), "b": _counts(other),
        "together": {"in_both": both, "only_in_a": first - both, "only_in_b": second - both},
    }  # fmt: skip
    if truth is not None:
        for name, linked in (("a", one), ("b", other)):
            found[name] |= _measured(linked, records.table, truth)
    return found


def _counts(linked: Linked) -> dict[str, int]:
    return {
        "candidate_pairs": linked.candidate_pairs, "links": linked.links, "persons": int(linked.person.max(initial=-1)) + 1,
        "questions": linked.questions,
    }  # fmt: skip


def _pairs(person: npt.NDArray[np.int64]) -> int:
    """Pairs of records that are one person."""
    sizes = np.unique(person, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _measured(linked: Linked, records: pa.Table, truth: pd.DataFrame) -> dict[str, Any]:
    first = (records["part"].to_numpy() == 0) & (records["row"].to_numpy() > 0)
    found = records.select(KEYS).filter(pa.array(first)).to_pandas()
    found["person_id"] = [f"p{n}" if n >= 0 else "" for n in linked.person[first]]
    measured = measure(truth, found.assign(household_id="", decision="no"))
    return {
        **measured["persons"]["across_supplies"], "false_merges_per_1000": measured["false_merges_per_1000"],
        "missed_per_1000": measured["missed_per_1000"],
    }  # fmt: skip
