"""Whether the match serves some names worse than others: measures by form of the name, and the gap between groups.

Takes truth and findings side by side (`metrics.join`) and a mask a form; gives plain dictionaries and sentences for people who
are no programmers. A group of few people is measured, but never called best or worst: its figures are chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from matcher.evaluation.metrics import KEYS, false_merges, missed, of_people, once_in_a_supply, pairwise
from matcher.evaluation.name_forms import FORMS, OF_ONE_ROW, Mask

FEWEST = 200  # people of a group that may be called best or worst
COUNTED = 100  # people below which a rate per 1,000 says no more than the count behind it
AIM = 0.01  # no group's F1 further below the best


def forms_of_rows(records: pa.Table, forms: Mapping[str, Mask]) -> pd.DataFrame:
    """The forms of each delivered row's first person, keyed by dataset, supplier and row."""
    first = (records["part"].to_numpy() == 0) & (records["row"].to_numpy() > 0)
    keys = records.select(KEYS).filter(pa.array(first)).to_pandas()
    return keys.assign(**{name: mask[first] for name, mask in forms.items()})


def by_name_form(rows: pd.DataFrame, forms: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Form -> persons across supplies, false merges and missed people per 1,000, people.

    A form of the person is that of any row (a rare or common surname: of every row, since a mistyped name is rare); pairs
    count where either end has the form.
    """
    named = of_people(rows).merge(forms, on=KEYS, how="left", validate="1:1")
    found: dict[str, dict[str, Any]] = {}
    for form in FORMS:
        group = named[form].fillna(False).astype(bool)
        if form not in OF_ONE_ROW:
            of_all = form in ("rare_surname", "common_surname", "plain")
            group = group.groupby(named["true_person"], observed=True).transform("all" if of_all else "any")
        once = once_in_a_supply(named)
        found[form] = {
            "title": FORMS[form],
            "persons": {"across_supplies": pairwise(once, "true_person", "found_person", group[once.index])},
            "false_merges_per_1000": false_merges(named, group),
            "missed_per_1000": missed(named, group),
            "people": int(named.loc[group, "true_person"].nunique()),
        }
    return found


def gap(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The best and the worst group by F1 of persons, and how far apart they are; None with fewer than two large groups."""
    large = {name: g["persons"]["across_supplies"]["f1"] for name, g in groups.items() if g["people"] >= FEWEST}
    if len(large) < 2:
        return None
    best, worst = max(large, key=lambda name: large[name]), min(large, key=lambda name: large[name])
    return {
        "best": best, "worst": worst, "best_f1": large[best], "worst_f1": large[worst],
        "f1": round(large[best] - large[worst], 6), "aim": AIM, "fewest_people": FEWEST,
    }  # fmt: skip


def share(group: Mapping[str, Any], what: str) -> str:
    """`missed` or `false_merges` of a group: per 1,000 people, or of few people how many."""
    rate, people = group[f"{what}_per_1000"], group["people"]
    return f"{rate:.2f}" if people >= COUNTED else f"{round(rate * people / 1000)} of {people}"


def sentence(found: Mapping[str, Any] | None, groups: Mapping[str, Mapping[str, Any]]) -> str:
    """The gap in plain words."""
    if found is None:
        return f"Fewer than two groups have {FEWEST} people: nothing can be said about a gap."
    worst, best = (groups[found[name]].get("title", str(found[name]).replace("_", " ")) for name in ("worst", "best"))
    far = "more than" if found["f1"] > AIM else "within"
    lost = groups[found["worst"]]
    return (
        f"Served worst: {worst} (F1 {found['worst_f1']:.4f}); best: {best} ({found['best_f1']:.4f}). The gap of "
        f"{found['f1']:.4f} is {far} the {AIM:.2f} aimed at. Of 1,000 people served worst {lost['missed_per_1000']:.0f} are "
        f"found as more than one person and {lost['false_merges_per_1000']:.1f} share a person with somebody else."
    )
