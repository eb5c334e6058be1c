"""Permutation importance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mooring.pipeline.importance import permutation_importance

_DRAWN = np.random.default_rng(3).normal(size=(500, 3))
FEATURES = pl.DataFrame(_DRAWN, schema=["noise", "weak", "strong"])
TRUTH = 3 * _DRAWN[:, 2] + 0.5 * _DRAWN[:, 1]


def loss(features: pl.DataFrame) -> float:
    """The mean absolute error of a model that knows the truth and never looks at the noise."""
    said = 3 * features["strong"].to_numpy() + 0.5 * features["weak"].to_numpy()
    return float(np.abs(said - TRUTH).mean())


def test_a_feature_that_is_used_beats_one_that_is_not() -> None:
    found = permutation_importance(FEATURES, loss, greater_is_better=False, seed=0)
    assert [name for name, _ in found] == ["strong", "weak", "noise"]
    importance = dict(found)
    assert importance["noise"] == 0
    assert importance["strong"] > 3 * importance["weak"] > 0


def test_greater_is_better_turns_the_sign() -> None:
    def score(features: pl.DataFrame) -> float:
        return -loss(features)

    assert permutation_importance(
        FEATURES, score, greater_is_better=True, seed=0
    ) == permutation_importance(FEATURES, loss, greater_is_better=False, seed=0)


def test_fd_29_the_same_seed_gives_the_same_importance() -> None:
    found = [
        permutation_importance(FEATURES, loss, greater_is_better=False, seed=s) for s in (7, 7, 8)
    ]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_fd_30_a_score_that_is_no_number_ranks_nothing(bad: float) -> None:
    found = permutation_importance(FEATURES, lambda _: bad, greater_is_better=True, seed=0)
    assert found == (("noise", 0.0), ("strong", 0.0), ("weak", 0.0))
