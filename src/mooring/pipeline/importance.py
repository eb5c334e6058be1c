"""Permutation importance: how much worse a metric gets when one feature is shuffled.

Breiman (2001), Random Forests, section 10; the model-agnostic form of Fisher, Rudin and Dominici
(2019). Shuffling is seeded, so that the same candidate has the same watched features.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

Score = Callable[[pl.DataFrame], float]


def permutation_importance(
    features: pl.DataFrame, score: Score, *, greater_is_better: bool, seed: int, repeats: int = 3
) -> tuple[tuple[str, float], ...]:
    """Features with the loss their shuffling causes, the most important first.

    A score that is not a number says nothing of a feature, which then counts as 0.

    Parameters
    ----------
    features : polars.DataFrame
        The features of validation rows, never of holdout rows.
    score : Callable
        The metric of the model on such features.
    greater_is_better : bool
        Whether a larger score is better; importance is positive when shuffling hurts.
    seed : int
        Of the shuffles.
    repeats : int
        How many shuffles of each feature are averaged.
    """
    generator = np.random.default_rng(seed)
    sign = 1.0 if greater_is_better else -1.0
    intact = score(features)
    found: list[tuple[str, float]] = []
    for name in features.columns:
        losses = [
            sign * (intact - score(features.with_columns(features[name][order])))
            for order in (generator.permutation(features.height) for _ in range(repeats))
        ]
        mean = float(np.mean(losses))
        found.append((name, mean if np.isfinite(mean) else 0.0))
    return tuple(sorted(found, key=lambda item: (-item[1], item[0])))
