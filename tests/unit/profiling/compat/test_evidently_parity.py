"""Evidently's published drift numbers, and its own tests', each found again from the raw data.

All of the folder is here except:

=============================  ====================================================================
number                         why
=============================  ====================================================================
bike_published.json, week 1:   SciPy of 2022 gave 2.109e-14 where that of today gives 1.954e-14
K-S p of atemp
bike_published.json, week 1:   SciPy of 2022 gave nothing below 2.2e-16
K-S p of hum and mnth
bike_published.json,           errors of a model, not drift
regression
=============================  ====================================================================
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mooring.profiling.compat import Kind, evidently

Windows = Callable[[str], pl.DataFrame]

METHODS = {
    "ks_pvalue": "ks",
    "wasserstein_norm": "wasserstein",
    "chisquare_pvalue": "chisquare",
    "psi": "psi",
    "jensenshannon": "jensenshannon",
    "hellinger": "hellinger",
}
OWN_TESTS = {
    "chisquare_p": "chisquare",
    "hellinger": "hellinger",
    "z_p": "z",
    "anderson_p": "anderson",
    "g_p": "g_test",
    "cramer_von_mises_p": "cramer_von_mises",
    "fisher_exact_p": "fisher_exact",
    "mann_whitney_p": "mannw",
    "tvd_permutation_p(seed 0, 100 it)": "TVD",
    "energy_distance": "ed",
    "epps_singleton_p": "es",
    "t_p": "t_test",
    "empirical_mmd_p": "empirical_mmd",
    "psi": "psi",
}
KINDS: dict[str, Kind] = {"num": "numeric", "cat": "categorical"}
SCORES = {"bike_sharing": 1456, "elec2": 1216, "nycflights13": 462, "us_census_ma": 99}


@pytest.mark.parametrize("name", SCORES)
def test_the_scores_of_a_public_data_set_are_found_again(
    name: str, parity: Path, shared_data: Path
) -> None:
    reference, window = DATA[name](shared_data)
    checked = 0
    with (parity / "evidently" / "golden_public.csv").open(encoding="utf-8", newline="") as lines:
        told = [row for row in csv.DictReader(lines) if row["dataset"].split()[0] == name]
    for block, rows in groupby(told, key=lambda row: row["block"]):
        current = window(block)
        for row in rows:
            column, kind = row["column"], KINDS[row["type"]]
            score = evidently.METHODS[METHODS[row["method"]]].score
            found = score(reference[column], current[column], kind)
            expected = float(row["score"] or "nan")  # a test of a single category has no value
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-15, nan_ok=True), row
            checked += 1
    assert checked == SCORES[name]


def bike(shared: Path) -> tuple[pl.DataFrame, Windows]:
    frame = pl.read_parquet(shared / "bike_sharing" / "bike_sharing.parquet")

    def window(block: str) -> pl.DataFrame:
        if ".." not in block:
            return frame.filter(pl.col("event_time").dt.strftime("%Y-%m") == block)
        first, last = (datetime.fromisoformat(day) for day in block.split(".."))
        end = last + timedelta(days=1)
        return frame.filter(pl.col("event_time").is_between(first, end, closed="left"))

    return frame.filter(pl.col("event_time") < pl.datetime(2011, 1, 29)), window


def elec2(shared: Path) -> tuple[pl.DataFrame, Windows]:
    frame = pl.read_parquet(shared / "elec2" / "elec2.parquet")
    return frame[:2688], lambda block: frame[1344 * int(block) : 1344 * (int(block) + 1)]


def flights(shared: Path) -> tuple[pl.DataFrame, Windows]:
    frame = pl.read_parquet(shared / "nycflights13" / "nycflights13.parquet")
    month = pl.col("event_time").dt.strftime("%Y-%m")
    return frame.filter(month == "2013-01"), lambda block: frame.filter(month == block)


def census(shared: Path) -> tuple[pl.DataFrame, Windows]:
    folder = shared / "us_census_ma_employment"
    frame = pl.read_parquet(folder / "us_census_ma_employment.parquet")
    year = pl.col("year")
    return frame.filter(year == 2015), lambda block: frame.filter(year == int(block))


DATA = {"bike_sharing": bike, "elec2": elec2, "nycflights13": flights, "us_census_ma": census}


def test_the_bike_story_of_2022_has_the_same_tests(parity: Path, shared_data: Path) -> None:
    story = json.loads((parity / "evidently" / "bike_published.json").read_text())
    reference, window = bike(shared_data)
    first = story["ks_pvalues_week1_2011_01_29__02_07"]
    columns = ["temp", "atemp", "hum", "windspeed", "mnth", "hr", "weekday"]
    week = window("2011-01-29..2011-02-07")
    judged = [
        evidently.evidently_column(name, reference[name], week[name], "numeric", "ks")
        for name in columns
    ]
    for column in judged:
        if column.name in {"atemp", "hum", "mnth"}:
            assert column.score < first[column.name]
        else:
            told = first[column.name]
            assert column.score == pytest.approx(told, rel=1e-9, abs=1e-15), column
    drifted = sum(column.drifted is True for column in judged)
    assert (drifted, len(judged)) == (first["n_drifted"], first["n_features"])
    assert drifted / len(judged) == pytest.approx(first["share"])


@pytest.mark.parametrize(("method", "told"), [("ks", "ks_p_rounded"), ("anderson", "anderson_p")])
def test_the_bike_storys_third_week_has_the_same_tests(
    method: str, told: str, parity: Path, shared_data: Path
) -> None:
    story = json.loads((parity / "evidently" / "bike_published.json").read_text())
    week3 = story["drift_2011_02_14__02_21_vs_reference"]
    reference, window = bike(shared_data)
    week = window("2011-02-14..2011-02-21")
    judged = [
        evidently.evidently_column(name, reference[name], week[name], "numeric", method)
        for name in week3[told]
    ]
    assert {column.name: round(column.score, 6) for column in judged} == week3[told]
    assert (
        f"{sum(column.drifted is True for column in judged)} of {len(judged)}" == week3["n_drifted"]
    )


def test_evidentlys_own_tests_hold(parity: Path) -> None:
    checked = 0
    cases = json.loads((parity / "evidently" / "stattests_cases.json").read_text())["cases"]
    for case in cases:
        method = evidently.METHODS[OWN_TESTS[case["test"]]]
        kind = KINDS[case["type"]]
        sides = [
            evidently.as_called(side) for side in columns_of(case["reference"], case["current"])
        ]
        found = method.score(sides[0], sides[1], kind)
        assert found == pytest.approx(case["expected"], abs=case["abs_tol"]), case["test"]
        assert method.drifts(found, case["threshold"]) == case["drift"], case["test"]
        checked += 1
    assert checked == 36


def columns_of(*sides: object) -> Iterator[pl.Series]:
    """The columns of a case: values, or the draws of SciPy that it names."""
    for seed, side in enumerate(sides):
        if isinstance(side, list):
            yield pl.Series(side, strict=False)
        else:
            yield pl.Series(np.random.RandomState(seed).standard_normal(100))
