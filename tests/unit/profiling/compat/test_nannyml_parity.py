"""NannyML's published univariate drift numbers, each found again from the raw data.

Of the same folders, not here:

=======================================  ==========================================================
file                                     why
=======================================  ==========================================================
Tutorial_Drift_Multivariate__*,          PCA reconstruction and a LightGBM domain classifier, of
Tutorial_Drift_Multivariate_Domain_*,    many columns at once
drift__test_multiv_pca.json
Tutorial_Ranking__05.csv                 correlates these scores with CBPE's estimate of ROC AUC
drift__test_drift.json, 2 of 3 tests     of names of columns and methods: no number in them
Tutorial_Thresholds__*, _Stats_*,        performance, statistics and data quality
_Missing_Values__*, _Unseen_Values__*
=======================================  ==========================================================
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.metrics import recall_score, roc_auc_score

from mooring.profiling.compat import nannyml
from tests.unit.profiling.compat.nannyml_runs import (
    Options,
    Source,
    car_loan,
    census,
    cut,
    facts,
    holds,
    load,
    printed,
    table,
)

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker

Frame: TypeAlias = Mapping[str, list[str] | list[float]]
DIGITS = 6

TUTORIALS = {  # the scores, thresholds and alerts in each
    "Tutorial_Drift_Univariate__02": 80,
    "Tutorial_Drift_Univariate__03": 80,
    "Tutorial_Drift_Univariate__04": 80,
    "Tutorial_Storing_and_Loading_Calculators_Univariate__01": 1440,
    "Tutorial_Working_with_results__01": 1600,
    "Tutorial_Working_with_results__02": 40,
    "Tutorial_Working_with_results__03": 40,
    "Tutorial_Ranking__01": 80,
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorials_scores_thresholds_and_alerts_are_found_again(
    name: str, parity: Path, shared_data: Path
) -> None:
    options = {"chunk_size": 5000}  # the same as the default: a tenth of the reference
    found = found_again(parity / "nannyml" / f"{name}.csv", car_loan(shared_data), options, DIGITS)
    assert found == TUTORIALS[name]


def test_the_census_scores_thresholds_and_alerts_are_found_again(
    parity: Path, shared_data: Path
) -> None:
    file = parity / "nannyml_golden" / "us_census_ma_univariate_default_chunk5000.csv"
    assert found_again(file, census(shared_data), {"chunk_size": 5000}, 11) == 42 * 16 * 4


def found_again(file: Path, source: Source, options: Options, digits: int) -> int:
    """How many cells of a printed table were found again: all."""
    cells = sorted(facts(file, source, options))
    for (column, method), told in groupby(cells, key=lambda fact: (fact.column, fact.method)):
        found = source.scores(column, method, options)
        assert [fact for fact in told if not holds(fact, found, digits)] == []
    return len(cells)


def test_the_quickstart_counts_the_same_alerts(parity: Path, shared_data: Path) -> None:
    features = table(parity / "nannyml_golden" / "us_census_ma_univariate_default_chunk5000.csv")
    columns = {match[1] for key in features[0] if (match := re.match(r"(.+)_jensen", key))}
    counted = alert_counts(census(shared_data), columns, "jensen_shannon", {"chunk_size": 5000})
    told = {
        row["column_name"]: int(row["number_of_alerts"])
        for row in table(parity / "nannyml" / "Quickstart__03.csv")
    }
    assert {column: counted[column] for column in told} == told
    assert sorted(counted.values(), reverse=True)[: len(told)] == list(told.values())


@pytest.mark.parametrize(
    ("name", "method", "options"),
    [
        ("Tutorial_Ranking__02", "jensen_shannon", {"chunk_size": 5000}),
        ("Examples_California_Housing__03", "kolmogorov_smirnov", {"chunk_period": "M"}),
    ],
)
def test_a_ranking_counts_the_same_alerts(
    name: str, method: str, options: Options, parity: Path, shared_data: Path
) -> None:
    california = "California" in name
    source = load(shared_data, "california_housing") if california else car_loan(shared_data)
    told = {
        row["column_name"]: int(row["number_of_alerts"])
        for row in table(parity / "nannyml" / f"{name}.csv")
    }
    assert alert_counts(source, set(told), method, options) == told


def alert_counts(
    source: Source, columns: set[str], method: str, options: Options
) -> dict[str, int]:
    return {column: sum(source.scores(column, method, options).alerts) for column in columns}


def test_the_california_example_has_the_same_mean_statistics(
    parity: Path, shared_data: Path
) -> None:
    source = load(shared_data, "california_housing")
    cells = [
        list(row.values())
        for row in table(parity / "nannyml" / "Examples_California_Housing__04.csv")
    ]
    assert len(cells) == 9
    for name, text in cells:
        column = name.split("'")[1]
        found = source.scores(column, "kolmogorov_smirnov", {"chunk_period": "M"}).current
        assert printed(float(np.mean(found)), text, DIGITS), column


@pytest.mark.parametrize(
    ("name", "metric"),
    [("How_it_Works_Ranking__01", "roc_auc"), ("Tutorial_Ranking__06", "recall")],
)
def test_scores_correlate_with_realised_performance_as_a_ranking_says(
    name: str, metric: str, parity: Path, shared_data: Path
) -> None:
    source, options = car_loan(shared_data), {"chunk_size": 5000}
    before = [performance(chunk, metric) for _, chunk in cut(source.reference, options)]
    after = [performance(chunk, metric) for _, chunk in cut(source.analysis, options)]
    everything = name.startswith("How")  # the tutorial ranks by the analysis only
    change = np.abs(np.array([*before, *after] if everything else after) - np.mean(before))
    for row in table(parity / "nannyml" / f"{name}.csv"):
        scores = source.scores(row["column_name"], "jensen_shannon", options)
        values = scores.current if everything else scores.current[len(before) :]
        alerts = scores.alerts if everything else scores.alerts[len(before) :]
        tested = stats.pearsonr(values, change)
        assert printed(tested.statistic, row["pearsonr_correlation"], DIGITS), row
        assert printed(tested.pvalue, row["pearsonr_pvalue"], DIGITS), row
        assert str(any(alerts)) == row["has_drifted"], row


def performance(chunk: pl.DataFrame, metric: str) -> float:
    if metric == "recall":
        return float(recall_score(chunk["repaid"], chunk["y_pred"]))
    return float(roc_auc_score(chunk["repaid"], chunk["y_pred_proba"]))


@pytest.mark.parametrize(
    ("name", "side", "options"),
    [
        ("Tutorial_Chunking__02", "reference", {"chunk_size": 3500}),
        ("Tutorial_Chunking__03", "analysis", {"chunk_size": 3500}),
        ("Tutorial_Chunking__04", "reference", {"chunk_number": 9}),
    ],
)
def test_chunks_begin_and_end_where_nannyml_cuts(
    name: str, side: str, options: Options, parity: Path, shared_data: Path
) -> None:
    frame = (
        car_loan(shared_data).reference if side == "reference" else car_loan(shared_data).analysis
    )
    chunks = list(cut(frame, options))
    for row in table(parity / "nannyml" / f"{name}.csv"):
        key, chunk = chunks[int(row["chunk.chunk_index"])]
        assert key == row["chunk.key"]
        stamps = chunk["timestamp"].str.to_datetime()
        assert str(stamps[0]) == row["chunk.start_date"]
        assert str(stamps[-1]) == row["chunk.end_date"]


# --- NannyML's own tests ---------------------------------------------------------------------

SOURCES = {
    "regression": ("regression_synthetic", "analysis_targets", frozenset[str]()),
    "binary": ("synthetic_sample", "analysis_gt", frozenset({"y_pred", "work_home_actual"})),
    "multiclass": ("mc", "analysis_gt", frozenset[str]()),
}
COLUMNS = {
    "y_pred_js": "y_pred",
    "y_pred_proba_js": "y_pred_proba",
    "y_pred_proba_upmarket_card_js": "y_pred_proba_upmarket_card",
}


@pytest.mark.parametrize("task", SOURCES)
@pytest.mark.parametrize("about", ["output_drift", "target_distribution"])
def test_the_drift_of_predictions_and_targets_is_found_again(
    about: str, task: str, parity: Path, shared_data: Path
) -> None:
    name, targets, declared = SOURCES[task]
    source = load(shared_data, name, "" if task == "multiclass" else targets, declared)
    if task == "multiclass":  # NannyML's test joins it by position
        known = pl.read_parquet(shared_data / "nannyml_synthetic" / f"{name}_{targets}.parquet")
        source = Source(source.reference, source.analysis.with_columns(known["y_true"]), declared)
    columns = {**COLUMNS, "statistical_target_drift": target_of(task)}
    checked = 0
    for options, frame in own_tests(parity, about, task):
        keys = [key for key, _ in cut(source.analysis, options)]
        assert frame["key"] == keys
        for told, column in columns.items():
            if told in frame:
                found = source.scores(column, "jensen_shannon", options)
                assert list(found.current[-len(keys) :]) == pytest.approx(frame[told], rel=1e-9)
                checked += len(keys)
    assert checked > 0


def target_of(task: str) -> str:
    return "work_home_actual" if task == "binary" else "y_true"


def own_tests(parity: Path, about: str, task: str) -> list[tuple[Options, Frame]]:
    """The options of each case of a test, and the frame that it expects."""
    file = parity / "nannyml_tests" / f"drift__test_{about}.json"
    for test in json.loads(file.read_text())["cases"]:
        if f"for_{task}" in test["test"]:
            return [(options, frame["__frame__"]) for options, frame in test["cases"]]
    raise AssertionError(f"no case of {about} is about {task}")


def test_a_reference_of_over_10000_rows_is_binned_as_nannyml_bins_it(parity: Path) -> None:
    file = parity / "nannyml_tests" / "drift__test_drift.json"
    source = drifting()
    checked = 0
    for test in json.loads(file.read_text())["cases"]:
        for options, told in test["cases"] if "chunker" in test["test"] else ():
            found = source.scores("f1", "kolmogorov_smirnov", options).current[-len(told) :]
            assert np.round(found, 6).tolist() == told
            checked += 1
    assert checked == 7


@cache
def drifting() -> Source:
    """The frame of NannyML's test: 20 weeks of ten minutes, shifted by 0.6 in the last five."""
    start = datetime(2020, 1, 6)  # noqa: DTZ001 (as NannyML has it)
    stamps = [start + timedelta(minutes=10 * row) for row in range(20 * 1008)]
    week = np.array([stamp.isocalendar().week - 1 for stamp in stamps])
    f1 = np.random.RandomState(167).randn(len(stamps))
    frame = pl.DataFrame({"timestamp": stamps, "f1": np.where(week >= 16, f1 + 0.6, f1)})
    return Source(frame.filter(week < 11), frame)


def test_thresholds_are_those_of_nannymls_tests(parity: Path) -> None:
    file = parity / "nannyml_tests" / "test_thresholds.json"
    offset, multiplier = json.loads(file.read_text())["cases"]
    functions: dict[str, Callable[[NDArray[np.float64]], np.float64]] = {
        "min": np.min,
        "max": np.max,
        "median": np.median,
        "mean": np.mean,
    }
    for function, told in offset["cases"]:
        name = function.split()[1]
        found = nannyml.deviation_threshold(
            [-1, -0.5, 0, 0.5, 1], deviations=0, offset=functions[name]
        )
        assert found == told
    for deviations, told in multiplier["cases"]:
        found = nannyml.deviation_threshold([-1, 1, 1, 1], deviations=-deviations, offset=np.min)
        assert found == pytest.approx(told, rel=1e-12)
