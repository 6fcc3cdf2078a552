"""goldenmatch. `same`: the shared rules as passes and the shared comparisons in its probabilistic (Fellegi-Sunter) matchkey, as
far as its compiled scorers go: dates and postcodes by Levenshtein distance, without levels for exchanged days, near years and
the district (its own date scorer is interpreted, many times as slow, and no better here). `best`: what its automatic
probabilistic configuration chooses from the records, untouched.
"""

from __future__ import annotations

import os
from typing import Any

import goldenmatch as gm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmark.sides import INITIAL, NAMES_ALIKE, RULES, SHARED, THRESHOLD, YEAR, run

ONE_EDIT = 0.85  # similarity of a date or postcode with one edit
BLOCK = 1_000_000  # records a block may hold: no rule is capped


def shared(sexes: bool) -> Any:
    """The shared rules and comparisons in its terms."""
    from goldenmatch.config.schemas import (
        BlockingConfig,
        BlockingKeyConfig,
        GoldenMatchConfig,
        GoldenRulesConfig,
        MatchkeyConfig,
        MatchkeyField,
    )

    alike = [1.0, *NAMES_ALIKE]
    fields = [MatchkeyField(field=n, scorer="jaro_winkler", levels=4, level_thresholds=alike) for n in SHARED[:2]]
    fields += [
        MatchkeyField(field="dob", scorer="levenshtein", levels=3, level_thresholds=[1.0, ONE_EDIT]),
        MatchkeyField(field="postcode", scorer="levenshtein", levels=3, level_thresholds=[1.0, ONE_EDIT]),
        *([MatchkeyField(field="sex", scorer="exact", levels=2)] if sexes else []),
    ]
    key = MatchkeyConfig(
        name="shared", type="probabilistic", fields=fields, link_threshold=THRESHOLD, missing="unobserved"
    )
    passes = [BlockingKeyConfig(fields=list(rule)) for rule in RULES]
    return GoldenMatchConfig(
        matchkeys=[key],
        blocking=BlockingConfig(strategy="multi_pass", keys=passes, passes=passes, max_block_size=BLOCK),
        golden_rules=GoldenRulesConfig(default_strategy="first_non_null"),
    )


def main() -> None:
    this = run()
    with this.stage("read"):
        table = pq.read_table(this.data / "records.parquet")
        more = [name for name in ("number", "street") if name in table.column_names and this.mode == "best"]
        ids = table["record_id"].to_numpy()
        columns = [name for name in (*SHARED, *more) if table[name].null_count < table.num_rows]
        table = table.select(columns)
        dob = pc.strftime(table["dob"], "%Y-%m-%d")
        table = table.set_column(table.column_names.index("dob"), "dob", dob)
        if this.mode == "same":
            os.environ["GOLDENMATCH_FS_CALIBRATED"] = "posterior"  # scores are match probabilities
            table = table.append_column(INITIAL, pc.utf8_slice_codeunits(table["forename"], 0, 1))
            table = table.append_column(YEAR, pc.utf8_slice_codeunits(dob, 0, 4))
    with this.stage("configure"):
        config = (
            shared("sex" in table.column_names) if this.mode == "same" else gm.auto_configure_probabilistic_df(table)
        )
    with this.stage("block, train, score, cluster"):
        result = gm.dedupe_df(table, config=config)
    this.finish()
    cluster = np.arange(len(ids)) + len(ids)
    for number, found in result.clusters.items():
        cluster[np.asarray(found["members"], dtype=np.int64)] = number
    scored = result.scored_pairs
    left, right, score = zip(*scored, strict=True) if scored else ((), (), ())
    pairs = pa.table({
        "left": pa.array(ids[np.asarray(left, dtype=np.int64)]),
        "right": pa.array(ids[np.asarray(right, dtype=np.int64)]),
        "probability": pa.array(score, pa.float64()),
    })  # fmt: skip
    if this.mode == "best":
        this.notes.append("clusters at the cut that it chooses itself")
    this.notes.append("only pairs that it links are handed on")
    this.write(pa.table({"record_id": ids, "cluster": cluster}), pairs, config=config.model_dump(mode="json"))


if __name__ == "__main__":
    main()
