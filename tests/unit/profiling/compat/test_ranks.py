"""The Mann-Whitney U test, against SciPy's."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling.compat.ranks import mann_whitney

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker
sample = st.lists(st.integers(-20, 20).map(float), min_size=2, max_size=25)


@given(sample, sample, st.booleans())
def test_u_and_its_p_value_are_those_of_scipy(
    x: list[float], y: list[float], two_sided: bool
) -> None:
    if len({*x, *y}) < 2:
        return  # no order to test: SciPy gives NaN
    found = mann_whitney(np.array(x), np.array(y), two_sided=two_sided)
    told = stats.mannwhitneyu(x, y, alternative="two-sided" if two_sided else "less")
    assert found.statistic == told.statistic
    assert found.p_value == pytest.approx(told.pvalue, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("n", "m"), [(1, 4), (3, 5), (8, 8), (8, 30), (9, 9)])
def test_small_samples_without_ties_are_tested_exactly_as_scipy_does(n: int, m: int) -> None:
    draw = np.random.default_rng(n * m)
    x, y = draw.normal(size=n), draw.normal(0.5, size=m)
    told = stats.mannwhitneyu(x, y, alternative="less")
    assert mann_whitney(x, y, two_sided=False).p_value == pytest.approx(told.pvalue, rel=1e-9)
