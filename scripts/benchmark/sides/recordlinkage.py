"""recordlinkage. Its unsupervised classifier (ECM) takes agreement or not and no levels, so comparisons are made binary as its
documentation does. `same`: the shared rules, each comparison agreeing or not at its best levels. `best`: similarities in
place of agreement and its documented sum of them, where a missing value counts half; score 1 = all agree.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import recordlinkage as rl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmark.sides import FLOOR, INITIAL, NAMES_ALIKE, RULES, SHARED, THRESHOLD, YEAR, run

ONE_EDIT = 6 / 7  # of seven characters
SUM = 0.8  # four of five comparisons agree
MISSING = 0.5


def comparer(mode: str, sexes: bool) -> rl.Compare:
    """Comparisons of the five shared columns, by 0 and 1 or by similarity."""
    binary, missing = mode == "same", 0.0 if mode == "same" else MISSING
    compare = rl.Compare()
    for name in ("forename", "surname"):
        threshold = NAMES_ALIKE[0] if binary else None
        compare.string(name, name, method="jarowinkler", threshold=threshold, missing_value=missing, label=name)
    compare.date("dob", "dob", swap_month_day=1.0 if binary else 0.7, swap_months=0, missing_value=missing, label="dob")
    compare.string(
        "postcode", "postcode", method="damerau_levenshtein", threshold=ONE_EDIT if binary else None,
        missing_value=missing, label="postcode",
    )  # fmt: skip
    if sexes:
        compare.exact("sex", "sex", missing_value=missing, label="sex")
    return compare


def main() -> None:
    this = run()
    with this.stage("read"):
        frame = pd.read_parquet(this.data / "records.parquet", columns=["record_id", *SHARED]).set_index("record_id")
        frame["dob"] = pd.to_datetime(frame["dob"])
        frame[INITIAL], frame[YEAR] = frame["forename"].str[:1], frame["dob"].dt.year
    with this.stage("block"):
        indexer = rl.Index()
        for rule in RULES:
            indexer.block(list(rule))
        pairs = indexer.index(frame)
    this.candidates = len(pairs)
    with this.stage("compare"):
        features = comparer(this.mode, frame["sex"].notna().any()).compute(pairs, frame)
    with this.stage("train and score"):
        if this.mode == "same":
            classifier = rl.ECMClassifier()
            classifier.fit(features)
            score = classifier.prob(features).to_numpy()
            cut = THRESHOLD
        else:
            score, cut = features.mean(axis=1).to_numpy(), SUM
            this.notes.append(f"score: mean of the similarities; clusters at {SUM}")
    with this.stage("cluster"):
        left, right = (pairs.get_level_values(level).to_numpy() for level in (0, 1))
        linked = score >= cut
        ones = np.ones(int(linked.sum()), dtype=np.int8)
        graph = coo_array((ones, (left[linked], right[linked])), shape=(len(frame), len(frame)))
        cluster = connected_components(graph, directed=False)[1]
    this.finish()
    kept = score >= FLOOR
    clusters = pa.table({"record_id": frame.index.to_numpy(), "cluster": cluster})
    this.write(clusters, pa.table({"left": left[kept], "right": right[kept], "probability": score[kept]}))


if __name__ == "__main__":
    main()
