"""Frouros's two-sample numbers, from its own tests and by hand.

Of ``cases.json``, not here:

=======================  ==========================================================================
case                     why
=======================  ==========================================================================
elec2, welch_t           -287.9203 comes of arithmetic in half precision by SciPy of its day; in
                         double precision it is -287.8966, which is tested
CUSUM, Page-Hinkley,     watch a stream value by value; they compare no two columns
GMA, BOCD
=======================  ==========================================================================
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from mooring.profiling.compat import frouros


def normal(*parameters: tuple[float, float, int]) -> list[NDArray[np.float64]]:
    """Draws one after the other from the seed of Frouros's ``conftest.py``."""
    draw = np.random.RandomState(31)
    return [draw.normal(mean, deviation, size) for mean, deviation, size in parameters]


def different() -> list[NDArray[np.float64]]:
    """Two samples that are each drawn from the seed anew."""
    return [*normal((1, 1, 100)), *normal((5, 2, 100))]


# IFCA-Advanced-Computing/frouros@c69d139, tests/integration/test_data_drift.py
DIFFERENT = {
    "wasserstein": 3.85346006,
    "energy_distance": 2.11059982,
    "jensenshannon": 0.67010107,
    "histogram_complement": 0.78,
    "psi": 461.20379435,
    "hellinger": 0.74509099,
    "bhattacharyya": 0.810041883,
    "kullback_leibler": np.inf,
}
SAME = {"psi": 0.01840072, "hellinger": 0.04792538, "bhattacharyya": 0.00229948}


@pytest.mark.parametrize("name", DIFFERENT)
def test_two_different_samples_are_as_far_apart_as_in_its_tests(name: str) -> None:
    reference, current = different()
    found = getattr(frouros, name)(reference, current)
    assert found == pytest.approx(DIFFERENT[name], rel=2e-8)


@pytest.mark.parametrize("name", SAME)
def test_two_samples_of_one_distribution_are_as_far_apart_as_in_its_tests(name: str) -> None:
    reference, current = normal((1, 1, 500), (1, 1, 500))
    assert getattr(frouros, name)(reference, current) == pytest.approx(SAME[name], abs=1e-8)


def test_the_chi_square_test_is_that_of_its_tests() -> None:
    found = frouros.chisquare(np.array(list("aabaab")), np.array(list("bacccc")))
    assert found == pytest.approx((6.13333333, 0.04657615), abs=1e-8)


def test_the_arrays_of_the_cases_are_drawn_as_here(parity: Path) -> None:
    told = np.load(parity / "frouros" / "arrays.npz")
    for names, drawn in (
        (("ref", "test"), different()),
        (("ref_same", "test_same"), normal((1, 1, 500), (1, 1, 500))),
    ):
        for name, values in zip(names, drawn, strict=True):
            np.testing.assert_array_equal(told[name], values)


def test_the_dates_of_elec2_drift_as_in_its_tests(parity: Path, shared_data: Path) -> None:
    stored = json.loads((parity / "frouros" / "cases.json").read_text())
    told = {case["method"]: case for case in stored["cases"] if "elec2" in str(case["input"])}
    dates = pl.read_parquet(shared_data / "elec2" / "elec2.parquet")["date"].to_numpy()
    half = dates.astype(np.float16)  # as its fixture holds them
    before, after = half[: half.size // 2], half[half.size // 2 :]
    found = {
        "ks": frouros.ks(before, after),
        "cvm": frouros.cramer_von_mises(before, after),
        "mannwhitney_u": frouros.mann_whitney(before, after),
        "anderson_darling": frouros.anderson_darling(before, after),
    }
    for name, tested in found.items():
        assert tested.statistic == pytest.approx(told[name]["value"], abs=1e-8, rel=1e-12), name
        assert tested.p_value == pytest.approx(told[name]["p"], abs=1e-14), name
    assert found["ks"].statistic == pytest.approx(told["kuiper"]["value"], abs=1e-8)
    welch = frouros.welch(before, after)
    assert welch.statistic == pytest.approx(stored["recomputed_by_us"]["elec_welch"], rel=1e-12)
    assert welch.p_value == told["welch_t"]["p"]


def test_a_stray_row_in_an_empty_bin_costs_700_times_its_share() -> None:
    reference = np.linspace(0, 0.4, 99)
    current = np.append(reference, 1.0)
    stray, least = 0.01, np.finfo(np.float64).tiny
    by_hand = stray * np.log(stray / least) - stray * np.log(1 - stray)
    assert frouros.psi(reference, current, bins=2) == pytest.approx(by_hand, rel=1e-9)
    assert by_hand == pytest.approx(700 * stray, rel=0.01)
