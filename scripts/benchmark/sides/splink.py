"""Splink on DuckDB. `same`: the shared rules and comparisons. `tf`: these with term-frequency adjustments on names, which on
data with households join relatives. `best`: the levels of its library's comparisons of full name, date of birth and postcode,
without term frequencies and address, which of seven such settings was the most accurate on 300,000 made-up records.
"""

from __future__ import annotations

from typing import Any

from benchmark.sides import FLOOR, INITIAL, NAMES_ALIKE, RULES, SHARED, THRESHOLD, YEAR, run

SQL = {INITIAL: "substr(forename, 1, 1)", YEAR: "year(dob)"}
SURE = (("forename", "surname", "dob"), ("surname", "dob", "postcode"), ("forename", "dob", "postcode"))
SURE_RECALL = 0.6  # of all matching pairs, those that a rule of SURE finds: what a user would guess of such data
SMALL = 20_000  # records: rules of two columns leave too few pairs to learn from, one column does not yet cost much


def comparisons(mode: str, sexes: bool) -> list[Any]:
    """Splink's comparison creators; `sexes`: the data has any."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    def custom(column: str, *levels: tuple[str, str]) -> Any:
        return cl.CustomComparison(
            output_column_name=column,
            comparison_levels=[
                cll.NullLevel(column), cll.ExactMatchLevel(column),
                *(cll.CustomLevel(condition, label) for label, condition in levels), cll.ElseLevel(),
            ],
        )  # fmt: skip

    sex = [cl.ExactMatch("sex")] if sexes else []
    if mode == "best":
        full_name = cl.CustomComparison(
            output_column_name="full_name",
            comparison_levels=[
                cll.And(cll.NullLevel("forename"), cll.NullLevel("surname")),
                cll.And(*(cll.ExactMatchLevel(name) for name in SHARED[:2])),
                cll.ColumnsReversedLevel("forename", "surname", symmetrical=True),
                *(cll.And(*(cll.JaroWinklerLevel(name, least) for name in SHARED[:2])) for least in (0.92, 0.88)),
                cll.ExactMatchLevel("surname"), cll.ExactMatchLevel("forename"), cll.ElseLevel(),
            ],
        )  # fmt: skip
        dob = cl.DateOfBirthComparison("dob", input_is_string=False)
        return [full_name, dob, cl.PostcodeComparison("postcode"), *sex]
    dob = custom(
        "dob",
        (
            "day and month swapped",
            "year(dob_l) = year(dob_r) and month(dob_l) = day(dob_r) and day(dob_l) = month(dob_r)",
        ),
        ("one edit", "damerau_levenshtein(strftime(dob_l, '%Y%m%d'), strftime(dob_r, '%Y%m%d')) <= 1"),
        ("year within 1", "abs(year(dob_l) - year(dob_r)) <= 1"),
    )
    postcode = custom(
        "postcode",
        ("one edit", "damerau_levenshtein(postcode_l, postcode_r) <= 1"),
        ("same district", "split_part(postcode_l, ' ', 1) = split_part(postcode_r, ' ', 1)"),
    )
    alike = list(NAMES_ALIKE)
    names = [
        cl.JaroWinklerAtThresholds(name, alike).configure(term_frequency_adjustments=mode == "tf")
        for name in SHARED[:2]
    ]
    return [*names, dob, postcode, *sex]


def training_rules(mode: str, records: int) -> tuple[tuple[str, ...], ...]:
    """Rules to train on, such that every comparison is left free by one; on tables of this size the more accurate ones."""
    if records < SMALL:
        return ("forename", "surname"), ("dob",)
    return ("forename", "surname"), ("surname", "dob"), ("postcode", "dob" if mode == "best" else "forename")


def main() -> None:
    import pyarrow.parquet as pq
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.blocking_analysis import count_comparisons_from_blocking_rules

    this = run()
    rules = [block_on(*(SQL.get(key, key) for key in rule)) for rule in RULES]
    with this.stage("read"):
        table = pq.read_table(this.data / "records.parquet")
        table = table.select(["record_id", *SHARED])
        api = DuckDBAPI()
        registered = api.register(table)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            blocking_rules_to_generate_predictions=rules,
            comparisons=comparisons(this.mode, table["sex"].null_count < table.num_rows),
            retain_matching_columns=False,
        )
        linker = Linker(registered, settings, log_level="ERROR")
    with this.stage("train"):
        sure = [block_on(*rule) for rule in SURE]
        linker.training.estimate_probability_two_random_records_match(sure, recall=SURE_RECALL)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for rule in training_rules(this.mode, table.num_rows):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    with this.stage("block, compare and score"):
        predicted = linker.inference.predict(threshold_match_probability=FLOOR)
    with this.stage("cluster"):
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
        found = clusters.as_pyarrow_table().select(["record_id", "cluster_id"])
    this.finish()
    pairs = predicted.as_pyarrow_table().select(["record_id_l", "record_id_r", "match_probability"])
    counted = count_comparisons_from_blocking_rules(
        registered, blocking_rules=rules, link_type="dedupe_only", unique_id_column_name="record_id",
        record_sample_proportion=1.0,
    )  # fmt: skip
    this.candidates = counted[-1]["cumulative_comparison_count"]
    this.write(
        found.rename_columns(["record_id", "cluster"]), pairs.rename_columns(["left", "right", "probability"]),
        model=linker.misc.save_model_to_json(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
