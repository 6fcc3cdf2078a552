"""Measures of a match against known truth.

Takes two frames keyed by (dataset, supplier, row): the truth (`person_id`, `household_id`, `decision`, `origin`) and what the
engine found (`person_id`, `household_id`, `decision`). Gives plain dictionaries of floats. Refuses frames without those columns.

All pair counts are exact and computed from cluster sizes, never by listing pairs.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

KEYS = ["dataset", "supplier", "row"]
KEPT = ("automatic", "discretion")


def rates(true_positive: float, found: float, true: float) -> dict[str, float]:
    """Precision, recall and F1; 1.0 where there is nothing to find or nothing was claimed."""
    precision = true_positive / found if found else 1.0
    recall = true_positive / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": round(precision, 6), "recall": round(recall, 6), "f1": round(f1, 6)}


def _pairs(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def pairwise(items: pd.DataFrame, true: str, found: str, group: pd.Series | None = None) -> dict[str, float]:
    """Pairwise precision, recall and F1 of clustering `found` against `true`; `group` keeps pairs with either end in it."""
    counts = []
    for keys in ([true, found], [found], [true]):
        total = _pairs(items.groupby(keys, sort=False, observed=True).size())
        if group is not None:
            total -= _pairs(items[~group].groupby(keys, sort=False, observed=True).size())
        counts.append(total)
    return rates(*counts)


def bcubed(items: pd.DataFrame, true: str, found: str, group: pd.Series | None = None) -> dict[str, float]:
    """B-cubed precision and recall: the mean over rows (of `group`) of the share of each row's cluster that is right."""
    both = items.groupby([true, found], sort=False, observed=True)[true].transform("size")
    precision = both / items.groupby(found, sort=False, observed=True)[found].transform("size")
    recall = both / items.groupby(true, sort=False, observed=True)[true].transform("size")
    if group is not None:
        precision, recall = precision[group], recall[group]
    if not len(precision):
        return rates(0, 0, 0)
    p, r = float(precision.mean()), float(recall.mean())
    return {"precision": round(p, 6), "recall": round(r, 6), "f1": round(2 * p * r / (p + r), 6)}


def once_in_a_supply(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of one true person that were found to be one person count once in each supply."""
    return rows.drop_duplicates(["dataset", "supplier", "true_person", "found_person"])


def person_households(rows: pd.DataFrame) -> pd.DataFrame:
    """Each true person once: true household, and the found household with most of the person's rows (ties: the lower id)."""
    counted = (
        rows.groupby(["true_person", "found_household"], sort=True, observed=True).size().rename("rows").reset_index()
    )
    counted = counted.sort_values(["true_person", "rows", "found_household"], ascending=[True, False, True])
    chosen = counted.drop_duplicates("true_person").set_index("true_person")["found_household"]
    people = rows.drop_duplicates("true_person").set_index("true_person")[["true_household", "origin"]]
    return people.join(chosen).reset_index()


def false_merges(rows: pd.DataFrame, group: pd.Series | None = None) -> float:
    """Found persons that hold more than one true person (any of them of `group`), per 1,000 true persons (of `group`)."""
    people = rows if group is None else rows[group]
    held = rows.groupby("found_person", observed=True)["true_person"].nunique()
    wrong = held[held > 1].index
    if group is not None:
        wrong = wrong.intersection(people["found_person"].unique())
    true = people["true_person"].nunique()
    return round(1000 * len(wrong) / true, 4) if true else 0.0


def missed(rows: pd.DataFrame, group: pd.Series | None = None) -> float:
    """True persons (of `group`) who were found as more than one person, per 1,000 true persons (of `group`)."""
    people = rows["true_person"] if group is None else rows.loc[group, "true_person"]
    counted = rows.groupby("true_person", observed=True)["found_person"].nunique()
    apart = counted[counted > 1].index.intersection(people.unique())
    true = people.nunique()
    return round(1000 * len(apart) / true, 4) if true else 0.0


def decisions(rows: pd.DataFrame) -> dict[str, float]:
    """By row: kept where it should be kept. A row that the engine rejected counts as not kept."""
    should, did = rows["true_decision"].isin(KEPT), rows["found_decision"].isin(KEPT)
    return rates(int((should & did).sum()), int(did.sum()), int(should.sum()))


def families(rows: pd.DataFrame) -> dict[str, float]:
    """Recall: true qualifying households of which 80 % of the rows are kept. Precision: kept households, most of whose rows
    are one truly qualifying household's."""
    should, did = rows["true_decision"].isin(KEPT), rows["found_decision"].isin(KEPT)
    kept_share = did[should].groupby(rows.loc[should, "true_household"], observed=True).mean()
    kept = rows[did]
    of_true = kept[should[did]].groupby(["found_household", "true_household"], observed=True).size()
    most = of_true.groupby("found_household", observed=True).max()
    size = kept.groupby("found_household", observed=True).size()
    right = (most.reindex(size.index, fill_value=0) * 2 > size).sum()
    measured = rates(0, 0, 0)
    measured["recall"] = round(float((kept_share >= 0.8).mean()), 6) if len(kept_share) else 1.0
    measured["precision"] = round(float(right / len(size)), 6) if len(size) else 1.0
    p, r = measured["precision"], measured["recall"]
    measured["f1"] = round(2 * p * r / (p + r), 6) if p + r else 0.0
    return measured | {"true": len(kept_share), "found": len(size)}


def join(truth: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Truth and findings side by side, one row per row of truth; what the engine rejected stands alone and not kept."""
    truth = truth.rename(
        columns={"person_id": "true_person", "household_id": "true_household", "decision": "true_decision"}
    )
    found = found.rename(
        columns={"person_id": "found_person", "household_id": "found_household", "decision": "found_decision"}
    )
    rows = truth.merge(
        found[[*KEYS, "found_person", "found_household", "found_decision"]], on=KEYS, how="left", validate="1:1"
    )
    lost = rows["found_household"].isna() | (rows["found_household"] == "")
    alone = pd.Series([f"alone-{n}" for n in range(len(rows))], index=rows.index)
    rows["found_household"] = rows["found_household"].where(~lost, alone)
    unnamed = rows["found_person"].isna() | (rows["found_person"] == "")
    rows["found_person"] = rows["found_person"].where(~unnamed, alone)
    rows["found_decision"] = rows["found_decision"].fillna("no")
    return rows


def of_people(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of `join` that are about a person."""
    return rows[rows["true_person"].notna() & (rows["true_person"] != "")].reset_index(drop=True)


def measure(truth: pd.DataFrame, found: pd.DataFrame) -> dict[str, Any]:
    """All measures of what was found; the shape is that of `matcher evaluate --json`."""
    return measures_of(join(truth, found))


def measures_of(rows: pd.DataFrame) -> dict[str, Any]:
    """`measure` of truth and findings that stand side by side already (`join`)."""
    named = of_people(rows)
    once, people = once_in_a_supply(named), person_households(named)

    def group_of(frame: pd.DataFrame, origin: str | None) -> pd.Series | None:
        return None if origin is None else frame["origin"] == origin

    def measures(origin: str | None) -> dict[str, Any]:
        return {
            "persons": {
                "across_supplies": pairwise(once, "true_person", "found_person", group_of(once, origin)),
                "pairwise": pairwise(named, "true_person", "found_person", group_of(named, origin)),
                "bcubed": bcubed(named, "true_person", "found_person", group_of(named, origin)),
            },
            "households": pairwise(people, "true_household", "found_household", group_of(people, origin)),
            "decisions": decisions(rows if origin is None else rows[rows["origin"] == origin]),
            "false_merges_per_1000": false_merges(named, group_of(named, origin)),
            "missed_per_1000": missed(named, group_of(named, origin)),
            "people": int(len(people) if origin is None else (people["origin"] == origin).sum()),
        }

    result = measures(None)
    result["families"] = families(rows)
    result["by_origin"] = {str(o): measures(str(o)) for o in sorted(named["origin"].dropna().unique()) if o}
    result["rows"] = len(rows)
    return result
