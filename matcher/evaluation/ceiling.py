"""What a perfect matcher could reach with exactly what the records tell: how many true pairs share too little to be told.

Takes records, scored pairs, the model and who is truly whom; gives precision, recall and F1 across supplies of a matcher that
knows, of every kind of pair, which share of them is one person, and links the kinds of which most are. A kind is what can be
known of a pair: the levels of all comparisons, how many people of the data bear either name, and whether one system gave both
references. Such a matcher bridges records of one person by any chain of links, and never follows a wrong one. It sees the
shares of these very records, and no more pairs than were scored: a bound for these, not a promise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from matcher.evaluation.metrics import KEYS, rates
from matcher.evaluation.reliability import true_people
from matcher.pairs.compare import Comparer
from matcher.pairs.context import components
from matcher.pairs.encode import encode, mix
from matcher.pairs.model import LinkageModel

Ints = npt.NDArray[np.int64]
BEARERS = (2, 3, 5, 9)  # people of one name from which a pair is of another kind
MOST = 0.5  # the share of true pairs from which a kind is linked: below, a link is likelier wrong than right


def _bearers(records: pa.Table, who: Ints) -> Ints:
    """How many true people bear the forename and surname of each record, in bands."""
    names = records.select(["forename", "surname"]).to_pandas()
    name = names.groupby(["forename", "surname"], dropna=False, sort=False).ngroup().to_numpy()
    known = np.flatnonzero(who >= 0)
    once = np.unique(np.column_stack([name[known], who[known]]), axis=0)[:, 0]
    return np.digitize(np.bincount(once, minlength=int(name.max(initial=-1)) + 1)[name], BEARERS)


def _pairs_across(who: Ints, cluster: Ints, supply: Ints) -> tuple[int, int]:
    """Pairs of one true person across supplies: all, and those of one cluster; a person's rows count once a supply and cluster."""
    rows = np.flatnonzero(who >= 0)
    once = pd.DataFrame({"who": who[rows], "cluster": cluster[rows], "supply": supply[rows]}).drop_duplicates()
    every, found = (once.groupby(keys).size().to_numpy() for keys in (["who"], ["who", "cluster"]))
    return int((every * (every - 1) // 2).sum()), int((found * (found - 1) // 2).sum())


def ceiling(records: pa.Table, pairs: pa.Table, truth: pd.DataFrame, model: LinkageModel) -> dict[str, Any]:
    """`precision`, `recall`, `f1`; `true_pairs` across supplies, and how many of these share `too_little` to be told."""
    who = true_people(records, truth)
    left, right = (pairs[name].to_numpy() for name in ("record_id_l", "record_id_r"))
    known = np.flatnonzero((who[left] >= 0) & (who[right] >= 0))
    left, right = left[known].astype(np.int32), right[known].astype(np.int32)
    one = who[left] == who[right]
    e = encode(records, model.fields)
    told, same = e.told(left, right), (e.system[left] >= 0) & (e.system[left] == e.system[right])
    bearers = _bearers(records, who)
    seen = Comparer(e, model).patterns(left, right)
    kinds = mix(seen, np.minimum(bearers[left], bearers[right]), np.maximum(bearers[left], bearers[right]), same)
    kind = np.unique(kinds, return_inverse=True)[1]
    share = np.bincount(kind, weights=one) / np.maximum(np.bincount(kind), 1)
    linked = told | (share[kind] >= MOST)
    supply = records.select(KEYS[:2]).to_pandas().groupby(KEYS[:2], sort=False).ngroup().to_numpy()
    right_ones = linked & one
    every, found = _pairs_across(who, components(len(who), left[right_ones], right[right_ones]), supply)
    wrong = linked & ~one & (supply[left] != supply[right])
    people = np.sort(np.column_stack([who[left[wrong]], who[right[wrong]]]), axis=1)
    false = len(
        np.unique(
            np.column_stack([people, np.sort(np.column_stack([supply[left[wrong]], supply[right[wrong]]]))]), axis=0
        )
    )
    return {**rates(found, found + false, every), "true_pairs": every, "too_little": every - found}
