"""What a side found, against the truth: `python -m benchmark.measure DATA OUT WHOLE` writes `OUT/measures.json`.

Takes the files of `benchmark.data` and of a side. Gives clusters' pairwise precision, recall and F1 at the side's own cut (match
probability 0.9 where it has one) and at the best of GRID, B-cubed, persons that hold two per 1,000 (false merges), and the
pairs' own figures at 0.9 and at the best threshold. Exact: counted from the sizes of clusters, never by listing pairs of records.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmark.sides import GRID, THRESHOLD
from matcher.evaluation.metrics import bcubed, false_merges, pairwise, rates

Ints = npt.NDArray[np.int64]


class Records:
    """The truth of records without supplies; measures what a side found."""

    def __init__(self, folder: Path) -> None:
        truth = pq.read_table(folder / "truth.parquet")
        self.entity: Ints = np.zeros(truth.num_rows, dtype=np.int64)
        self.entity[truth["record_id"].to_numpy()] = truth["entity"].to_numpy()
        sizes = np.bincount(self.entity)
        self.true_pairs = int((sizes * (sizes - 1) // 2).sum())

    def _items(self, found: pd.DataFrame) -> pd.DataFrame:
        items = pd.DataFrame({"true_person": self.entity})
        items["found_person"] = pd.factorize(found.set_index("record_id")["cluster"].reindex(items.index))[0]
        return items

    def rated(self, found: pd.DataFrame, whole: bool) -> dict[str, float]:
        """Precision, recall and F1 of clusters (record_id, cluster), in pairs."""
        return pairwise(self._items(found), "true_person", "found_person")

    def measure(self, found: pd.DataFrame, whole: bool) -> dict[str, Any]:
        """All figures of clusters."""
        items = self._items(found)
        return {
            "cluster": pairwise(items, "true_person", "found_person"),
            "bcubed": bcubed(items, "true_person", "found_person"),
            "false_merges_per_1000": false_merges(items),
            "entities": int(items["true_person"].nunique()),
        }

    def pairs(self, pairs: pd.DataFrame) -> dict[str, Any]:
        """Figures of pairs (left, right, probability) at THRESHOLD and at the threshold where F1 is highest."""
        if not len(pairs):
            return {
                "pair": rates(0, 0, self.true_pairs),
                "pair_best": rates(0, 0, self.true_pairs) | {"threshold": 1.0},
            }
        right = self.entity[pairs["left"].to_numpy()] == self.entity[pairs["right"].to_numpy()]
        score = pairs["probability"].to_numpy()
        order = np.argsort(-score, kind="stable")
        score, true = score[order], np.cumsum(right[order])
        found = np.arange(1, len(score) + 1)
        ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
        f1 = 2 * true[ends] / (found[ends] + self.true_pairs)
        best = ends[int(np.argmax(f1))]
        at = int(np.searchsorted(-score, -THRESHOLD, side="right"))
        return {
            "pair": rates(int(true[at - 1]) if at else 0, at, self.true_pairs),
            "pair_best": rates(int(true[best]), int(found[best]), self.true_pairs) | {"threshold": float(score[best])},
        }


def connected(ids: Ints, pairs: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Connected components of the pairs from a threshold on."""
    kept = pairs[pairs["probability"] >= threshold]
    size = int(ids.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(kept), dtype=np.int8), (kept["left"], kept["right"])), shape=(size, size))
    return pd.DataFrame({"record_id": ids, "cluster": connected_components(graph, directed=False)[1][ids]})


def measured(data: Path, out: Path, whole: bool) -> dict[str, Any]:
    """All figures of a side; `whole`: its records are those of `full.parquet`."""
    if (data / "full.parquet").exists():
        from benchmark.county import Month

        truth: Any = Month(data)
        result = {"ceiling": truth.ceiling(out)} if whole else {}
    else:
        truth = Records(data)
        result = truth.pairs(pd.read_parquet(out / "pairs.parquet"))
    clusters = pd.read_parquet(out / "clusters.parquet")
    clusters["cluster"] = pd.factorize(clusters["cluster"])[0]
    result |= truth.measure(clusters, whole)
    tried = {}
    sweep = pd.read_parquet(out / "sweep.parquet") if (out / "sweep.parquet").exists() else None
    pairs = None if sweep is not None else pd.read_parquet(out / "pairs.parquet")
    for threshold in GRID:
        if sweep is not None:
            found = sweep[["record_id", str(threshold)]].set_axis(["record_id", "cluster"], axis=1)
        else:
            found = connected(clusters["record_id"].to_numpy(), pairs, threshold)
        tried[threshold] = truth.rated(found, whole)
    best = max(tried, key=lambda threshold: tried[threshold]["f1"])
    own = result["cluster"]
    result["cluster_best"] = (
        tried[best] | {"threshold": best} if tried[best]["f1"] >= own["f1"] else own | {"threshold": None}
    )
    return result


if __name__ == "__main__":
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    (out / "measures.json").write_text(json.dumps(measured(data, out, sys.argv[3] == "whole")), encoding="utf-8")
